//! A machine of the simulated estate: its copies, its protection and its points as stored.
//! Data and questions about it; what changes it is in `act.rs`, what points come in `stream.rs`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::inventory::{PointKind, Power, Protection};

/// One copy of a machine at a site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Copy {
    /// Where.
    pub(super) site: String,
    /// Whether it runs.
    pub(super) power: Power,
    /// From when its guest answers; none if it is off, or never does.
    pub(super) answers_at: Option<Timestamp>,
}

impl Copy {
    /// A copy that is off.
    pub(super) const fn off(site: String) -> Self {
        Self { site, power: Power::Off, answers_at: None }
    }

    pub(super) fn runs(&self) -> bool {
        self.power == Power::On
    }

    pub(super) fn answers(&self, now: Timestamp) -> bool {
        self.runs() && self.answers_at.is_some_and(|at| at <= now)
    }

    pub(super) fn stop(&mut self) {
        self.power = Power::Off;
        self.answers_at = None;
    }
}

/// The copy that a test brought up, on the isolated network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct TestCopy {
    pub(super) copy: Copy,
    pub(super) address: String,
    pub(super) point: String,
}

/// A point as stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct KeptPoint {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) kind: PointKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    /// From when it is processed; none: only by `process_pending`.
    pub(super) processed_at: Option<Timestamp>,
    pub(super) usable: bool,
}

/// Data received and not yet in a point: so many bytes at an instant, more from there on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) bytes: u64,
    pub(super) since: Timestamp,
}

/// Which copy of a machine is its source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// The one that serves.
    Active,
    /// The one left behind.
    LeftBehind,
}

/// A machine with all that the simulator knows of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct SimMachine {
    pub(super) name: String,
    /// Its place in the inventory; its addresses in test networks follow from it.
    pub(super) ordinal: u32,
    pub(super) group: Option<String>,
    pub(super) os: Option<String>,
    pub(super) address: IndexMap<String, String>,
    pub(super) protection: Protection,
    pub(super) replicates_to: Option<String>,
    /// The copy that serves, or was last to.
    pub(super) active: Copy,
    pub(super) left_behind: Option<Copy>,
    pub(super) test: Option<TestCopy>,
    /// From when the agent of the active copy is registered; none if it never is.
    pub(super) agent_at: Option<Timestamp>,
    /// VMware Tools did not come back at home.
    pub(super) tools_broken: bool,
    /// A failover was committed and the machine is not protected again yet.
    pub(super) committed: bool,
    /// The guest of the source went down by itself when it was last shut down.
    pub(super) clean_stop: bool,
    /// New points come since then; none while nothing is replicated.
    pub(super) streaming_since: Option<Timestamp>,
    /// Where on the grid of instants its points are taken; the same for a group.
    pub(super) phase_s: u64,
    /// Every point taken until then is processed.
    pub(super) processed_through: Option<Timestamp>,
    pub(super) pending: Pending,
    /// How old the oldest point was that the inventory showed: such points stay that long.
    pub(super) shown_age_s: u64,
    /// A resynchronisation under way ends then.
    pub(super) in_sync_at: Option<Timestamp>,
    /// Points that do not follow from the grid.
    pub(super) kept: Vec<KeptPoint>,
}

impl SimMachine {
    /// Which copy is the source of what is done, or was last done, to the machine.
    pub(super) const fn source(&self) -> Source {
        match self.protection {
            Protection::Protected | Protection::Resyncing => Source::Active,
            Protection::FailedOver => Source::LeftBehind,
            Protection::Unprotected | Protection::Reprotecting => {
                if self.committed {
                    Source::LeftBehind
                } else {
                    Source::Active
                }
            }
        }
    }

    /// The source, if it exists.
    pub(super) const fn source_copy(&self) -> Option<&Copy> {
        match self.source() {
            Source::Active => Some(&self.active),
            Source::LeftBehind => self.left_behind.as_ref(),
        }
    }

    /// As `source_copy`, for change.
    pub(super) const fn source_copy_mut(&mut self) -> Option<&mut Copy> {
        match self.source() {
            Source::Active => Some(&mut self.active),
            Source::LeftBehind => self.left_behind.as_mut(),
        }
    }

    /// The copy at the other side that a failover made, if there is one.
    pub(super) fn target_copy(&self) -> Option<&Copy> {
        (self.source() == Source::LeftBehind).then_some(&self.active)
    }

    /// The address of the copy that serves.
    pub(super) fn active_address(&self) -> Option<&str> {
        self.address.get(&self.active.site).map(String::as_str)
    }

    /// All its addresses, each between line ends, by which it is looked for.
    pub(super) fn addresses(&self) -> String {
        let all = self.address.values().chain(self.test.as_ref().map(|test| &test.address));
        all.fold("\n".to_owned(), |text, address| text + address + "\n")
    }

    pub(super) fn is_windows(&self) -> bool {
        self.os.as_deref().is_some_and(|os| os.to_ascii_lowercase().contains("windows"))
    }

    /// Whether VMware Tools run: at home, in a guest that answers. None where it has none.
    pub(super) fn tools(&self, home: &str, now: Timestamp) -> Option<bool> {
        self.is_windows().then(|| self.active.site == home && !self.tools_broken && self.active.answers(now))
    }

    /// What people read of its state: a refusal says it.
    pub(super) fn stands(&self) -> String {
        let place = format!("at `{}`", self.active.site);
        match self.protection {
            Protection::Protected => match &self.replicates_to {
                Some(to) => format!("protected {place} and replicates to `{to}`"),
                None => format!("protected {place}"),
            },
            Protection::Unprotected if self.committed => format!("committed {place} and not protected"),
            Protection::Unprotected => format!("not protected {place}"),
            Protection::FailedOver => format!("failed over {place} and not committed"),
            Protection::Resyncing => format!("resynchronising {place}"),
            Protection::Reprotecting => format!("being reprotected {place}"),
        }
    }
}
