//! What a stand-in is started with.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::inventory::Inventory;

use super::fault::Fault;

/// Which of its two products the service is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Generation {
    /// With an appliance: providers `InMageRcm` and `InMageRcmFailback`.
    Modernized,
    /// With a configuration server: providers `InMageAzureV2` and `InMage`.
    Classic,
}

/// Who may ask.
#[derive(Clone, PartialEq, Eq)]
pub enum Token {
    /// Whoever brings any token but `expired`; only on loopback.
    Any,
    /// Whoever brings this one, or one that it was changed for.
    Demanded(String),
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Any => "Any",
            Self::Demanded(_) => "Demanded",
        })
    }
}

/// What a stand-in is started with.
#[derive(Debug)]
pub struct Options {
    /// What the estate starts from.
    pub inventory: Inventory,
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// Which product.
    pub generation: Generation,
    /// Seconds of the estate in a real one, at least 1.
    pub speed: u32,
    /// Where the estate's chances come from.
    pub seed: u64,
    /// Where estate and jobs are kept; none: in memory.
    pub state: Option<PathBuf>,
    /// Entries of a page, at least 1.
    pub page_size: usize,
    /// What goes wrong besides.
    pub faults: Vec<Fault>,
    /// Where each request is written down.
    pub record: Option<PathBuf>,
    /// Who may ask.
    pub token: Token,
    /// The subscription's id.
    pub subscription: String,
    /// The resource group's name.
    pub resource_group: String,
    /// The vault's name.
    pub vault: String,
}
