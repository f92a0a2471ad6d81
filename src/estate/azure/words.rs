//! Recovery points in the service's words. Some points can be told to it by their ids; others only by a word,
//! after which it chooses itself. A word that may be chosen stands in the inventory as a point whose id it is:
//!
//! - a machine outside any group, to Azure: every listed point by its id, and `Latest`;
//! - a group, to Azure: the points that all members share (told as "the newest that all share"), and for each
//!   member by itself `LatestProcessed`, `LatestApplicationConsistent` and `Latest`;
//! - modernized, home: the job makes the point after it began, so there are words alone, for a group once for
//!   each member by itself and once for all;
//! - classic, home: `LatestTime` for each by itself, `LatestTag` (of a group: common to all), and for a machine
//!   outside any group every listed point by its id.
//!
//! Sources: the failover and failback overviews, the reference of the API, the commands of Az.RecoveryServices.

use std::time::Duration;

use crate::base::Timestamp;
use crate::inventory::PointKind;

/// Between app-consistent points of the automatic failback policy.
pub(super) const APP_HOME_EVERY: Duration = Duration::from_secs(3600);

/// How a point is told to the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// To Azure: everything received is processed first, then each its own.
    Latest,
    /// To Azure: each its own newest.
    LatestProcessed,
    /// To Azure: each its own newest app-consistent one.
    LatestApp,
    /// Modernized, home: made by the job, of each by itself.
    Crash,
    /// Modernized, home: the same, app-consistent.
    App,
    /// Modernized, home: made by the job, of all members of the group together.
    CommonCrash,
    /// Modernized, home: the same, app-consistent.
    CommonApp,
    /// Classic, home: each its own newest.
    LatestTime,
    /// Classic, home: the newest app-consistent one; of a group common to all.
    LatestTag,
}

impl Word {
    const ALL: [Self; 9] = [
        Self::Latest,
        Self::LatestProcessed,
        Self::LatestApp,
        Self::Crash,
        Self::App,
        Self::CommonCrash,
        Self::CommonApp,
        Self::LatestTime,
        Self::LatestTag,
    ];

    /// The id of the point that stands for it.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::CommonCrash => "CrashConsistent, multi-VM",
            Self::CommonApp => "ApplicationConsistent, multi-VM",
            other => other.value(),
        }
    }

    /// What the service calls it: `recoveryPointType`.
    pub(super) const fn value(self) -> &'static str {
        match self {
            Self::Latest => "Latest",
            Self::LatestProcessed => "LatestProcessed",
            Self::LatestApp => "LatestApplicationConsistent",
            Self::Crash | Self::CommonCrash => "CrashConsistent",
            Self::App | Self::CommonApp => "ApplicationConsistent",
            Self::LatestTime => "LatestTime",
            Self::LatestTag => "LatestTag",
        }
    }

    /// The word whose id this is.
    pub(super) fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.id() == id)
    }

    /// What a point that stands for it is.
    pub(super) const fn kind(self) -> PointKind {
        match self {
            Self::Latest | Self::LatestProcessed | Self::Crash | Self::CommonCrash | Self::LatestTime => {
                PointKind::Crash
            }
            Self::LatestApp | Self::App | Self::CommonApp | Self::LatestTag => PointKind::App,
        }
    }
}

/// A point before it is part of an inventory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Offer {
    pub(super) at: Timestamp,
    pub(super) id: String,
    pub(super) set: Option<String>,
    pub(super) kind: PointKind,
    pub(super) processed: bool,
}

impl Offer {
    /// A word that may be told now; no older than `at` when it is used.
    pub(super) fn word(word: Word, at: Timestamp, kind: PointKind, set: Option<String>) -> Self {
        Self { at, id: word.id().to_owned(), set, kind, processed: word != Word::Latest }
    }
}

/// How a group's failover is told to the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Told {
    /// `recoveryPointType`
    pub(super) value: &'static str,
    /// `useMultiVmSyncPoint`; none where the kind knows no such switch.
    pub(super) common: Option<bool>,
}
