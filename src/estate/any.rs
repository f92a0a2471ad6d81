//! The estate that a plan names: one of the built-in providers behind the common contract. Reads the
//! provider's keys as a runbook holds them; decides nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::{Clock, Timestamp, words};
use crate::event::{
    Artifact, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request, Stated,
    Submitted,
};
use crate::inventory::{self, Inventory};
use crate::schema::provider;
use crate::source::Diagnostic;
use crate::source::codes::{command as command_codes, estate as codes};

use super::Estate;
use super::azure::{Azure, AzureOptions};
use super::command::{self, Command, CommandOptions};
use super::qemu::{Qemu, QemuOptions};
use super::sim::{Sim, SimOptions, Speed};

/// A description of disks in bytes.
const DISKS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// An estate of any provider of this build.
#[derive(Debug)]
pub enum AnyEstate {
    /// A simulated one.
    Sim(Box<Sim>),
    /// Disks on this host.
    Qemu(Box<Qemu>),
    /// Behind a program.
    Command(Box<Command>),
    /// A vault of Azure.
    Azure(Box<Azure>),
}

/// What an estate is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To be acted on: what it remembers is kept in the state folder.
    Act,
    /// To be looked at: nothing is made that was not there.
    Look,
}

/// How an estate is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Its name in the plan.
    pub name: &'a str,
    /// `sim`, `qemu`, …
    pub provider: &'a str,
    /// The provider's own keys.
    pub args: &'a serde_json::Value,
    /// The plan's folder, where relative paths of the keys start.
    pub folder: &'a Path,
    /// The state folder, below which it keeps what it remembers.
    pub state: &'a Path,
    /// For what.
    pub purpose: Purpose,
}

/// Opens the estate that a plan or runbook names.
///
/// # Errors
/// The provider is not part of this build, one of its keys cannot be used, or it does not open.
pub fn open(how: Opening<'_>) -> Result<AnyEstate, Vec<Diagnostic>> {
    match how.provider {
        "sim" => sim(how).map(|sim| AnyEstate::Sim(Box::new(sim))),
        "qemu" => qemu(how).map(|qemu| AnyEstate::Qemu(Box::new(qemu))),
        "command" => command(how).map(|command| AnyEstate::Command(Box::new(command))),
        "azure" => azure(how).map(|azure| AnyEstate::Azure(Box::new(azure))),
        other => {
            let message = format!("this build of the program cannot drive the provider `{other}`");
            Err(vec![
                Diagnostic::placeless(command_codes::PROVIDER_NOT_BUILT, message)
                    .help("run it with the program that compiled it"),
            ])
        }
    }
}

/// Whether what the estate of a provider holds is not real.
#[must_use]
pub fn is_simulated(word: &str) -> bool {
    provider::find(word).is_some_and(|provider| provider.simulated)
}

fn sim(how: Opening<'_>) -> Result<Sim, Vec<Diagnostic>> {
    let said = how.args.get("inventory").and_then(serde_json::Value::as_str).unwrap_or_default();
    let inventory = inventory::read_file(said, &how.folder.join(said))?;
    let kept = how.state.join("estates").join(format!("{}.db", how.name));
    let path = match how.purpose {
        Purpose::Look if !kept.exists() => PathBuf::from(":memory:"),
        Purpose::Look | Purpose::Act => kept,
    };
    let mut options = SimOptions::new(path, inventory);
    if let Some(seed) = how.args.get("seed").and_then(serde_json::Value::as_u64) {
        options.seed = seed;
    }
    options.speed = match how.args.get("speed") {
        Some(serde_json::Value::Number(factor)) => {
            Speed::Factor(factor.as_u64().and_then(|factor| u32::try_from(factor).ok()).unwrap_or(1))
        }
        Some(serde_json::Value::String(word)) if word == "real" => Speed::Factor(1),
        Some(_) | None => Speed::Max,
    };
    let faults = how.args.get("faults").and_then(serde_json::Value::as_array);
    options.faults =
        faults.into_iter().flatten().filter_map(|fault| fault.as_str().map(str::to_owned)).collect();
    Sim::open(options)
}

fn qemu(how: Opening<'_>) -> Result<Qemu, Vec<Diagnostic>> {
    use std::io::Read as _;
    let said = how.args.get("disks").and_then(serde_json::Value::as_str).unwrap_or_default();
    let path = how.folder.join(said);
    let folder = how.state.join("estates").join(how.name);
    let mut text = String::new();
    let read =
        std::fs::File::open(&path).and_then(|file| file.take(DISKS_BYTES_MAX + 1).read_to_string(&mut text));
    if let Err(error) = read {
        let message =
            format!("the estate file `{}` cannot be read: {}", path.display(), words::system(&error));
        return Err(vec![
            Diagnostic::placeless(codes::DISKS_UNREADABLE, message)
                .help("describe the estate's sites, machines and disks in that file"),
        ]);
    }
    let about_file = [codes::DISKS_UNREADABLE, codes::DISKS_WRONG, codes::DISKS_CHANGED];
    Qemu::open(QemuOptions::new(folder, text, how.folder.to_owned())).map_err(|mut diagnostic| {
        if about_file.contains(&diagnostic.code) {
            diagnostic.message = format!("in `{said}`, {}", diagnostic.message);
        }
        vec![diagnostic]
    })
}

fn command(how: Opening<'_>) -> Result<Command, Vec<Diagnostic>> {
    let purpose = match how.purpose {
        Purpose::Act => command::Purpose::Act,
        Purpose::Look => command::Purpose::Look,
    };
    CommandOptions::of_plan(how.name, how.args, (how.folder, &how.state.join("estates")), purpose)
        .map(Command::open)
        .map_err(|diagnostic| vec![diagnostic])
}

fn azure(how: Opening<'_>) -> Result<Azure, Vec<Diagnostic>> {
    let own = how.state.join("estates").join(how.name);
    let options = AzureOptions::of_plan(how.args, how.folder, &own)?;
    Azure::open(options).map_err(|diagnostic| vec![diagnostic])
}

impl AnyEstate {
    /// What is to be said about it besides: it was continued from another inventory or seed.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        match self {
            Self::Sim(sim) => sim.warnings(),
            Self::Qemu(_) | Self::Command(_) | Self::Azure(_) => &[],
        }
    }

    /// What is to be said of the machines that it listed last.
    #[must_use]
    pub fn remarks(&self) -> Vec<Diagnostic> {
        match self {
            Self::Sim(_) | Self::Qemu(_) | Self::Command(_) => Vec::new(),
            Self::Azure(azure) => azure.remarks(),
        }
    }

    /// What it says beforehand about its own times and faults; nothing where only acting shows them.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn stated(&self) -> Result<Stated, EstateError> {
        match self {
            Self::Sim(sim) => sim.stated(),
            Self::Qemu(_) | Self::Command(_) | Self::Azure(_) => Ok(Stated::default()),
        }
    }

    /// The estate of disks that it is, for what an operator does to one outside any run.
    ///
    /// # Errors
    /// Why it has nothing for an operator to do, as a sentence.
    pub const fn disks(&self) -> Result<&Qemu, &'static str> {
        match self {
            Self::Sim(_) => Err("a simulated estate is set up from its inventory and takes points by itself"),
            Self::Qemu(qemu) => Ok(qemu),
            Self::Command(_) => Err("an estate behind a program is set up by what that program belongs to"),
            Self::Azure(_) => Err("a vault is set up in its portal"),
        }
    }

    /// Lets go of what was started for it: a provider's program is asked to end.
    pub async fn close(&self) {
        match self {
            Self::Sim(_) | Self::Qemu(_) | Self::Azure(_) => {}
            Self::Command(command) => drop(command.close().await),
        }
    }
}

/// Asks whichever estate it is.
macro_rules! each {
    ($self:ident, $estate:ident => $ask:expr) => {
        match $self {
            AnyEstate::Sim($estate) => $ask,
            AnyEstate::Qemu($estate) => $ask,
            AnyEstate::Command($estate) => $ask,
            AnyEstate::Azure($estate) => $ask,
        }
    };
}

impl Estate for AnyEstate {
    fn clock(&self) -> Arc<dyn Clock> {
        each!(self, estate => estate.clock())
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        each!(self, estate => estate.inventory().await)
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        each!(self, estate => estate.will_create(key, request).await)
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        each!(self, estate => estate.remains(machines).await)
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        each!(self, estate => estate.submit(key, request).await)
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        each!(self, estate => estate.poll(handle).await)
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        each!(self, estate => estate.cancel(handle).await)
    }

    async fn find(&self, key: &Key, request: &Request, since: Timestamp) -> Result<Found, EstateError> {
        each!(self, estate => estate.find(key, request, since).await)
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        each!(self, estate => estate.observe(machine, test).await)
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        each!(self, estate => estate.probe(probe).await)
    }
}
