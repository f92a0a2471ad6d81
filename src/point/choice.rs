//! What was chosen and why: the certificate. Plain data, stored in events and runbooks, complete without
//! the inventory it came from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::base::time::duration_text;
use crate::inventory::PointKind;
use crate::model::{LadderEnd, Policy, VmId};

/// Why a point was refused on one machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The machine has no point of this set, or none at this instant.
    Missing,
    /// The estate says it cannot be recovered.
    NotUsable,
    /// Not received and applied yet.
    NotProcessed,
    /// Crash-consistent, where app-consistent is wanted.
    NotAppConsistent,
    /// Older than `max_age` allows.
    TooOld,
    /// Newer than `as_of` allows.
    AfterAsOf,
    /// Without the wanted tag.
    WithoutTag,
    /// Another point was named by its id.
    OtherId,
    /// The machine's point of this set is older than the oldest of what was chosen.
    Older,
    /// As good as what was chosen; the other came first by instants in plan order, then by id.
    Tie,
    /// No set of the other group (named in place of a machine) lies near enough.
    Unaligned,
}

/// A machine and what is wrong with its point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Because {
    /// The machine; for `Unaligned` the other group.
    pub vm: String,
    /// At least one, in the order of `Reason`.
    pub reasons: Vec<Reason>,
}

/// A candidate that was not taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The set, where sets have ids.
    pub set: Option<String>,
    /// The point, where each machine goes to its own.
    pub point: Option<String>,
    /// Its newest instant.
    pub at: Timestamp,
    /// The machines that refuse it, in plan order. At least one.
    pub because: Vec<Because>,
}

/// Where one machine goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pick {
    /// The machine.
    pub vm: VmId,
    /// Its name in the plan.
    pub name: String,
    /// The point's id.
    pub point: String,
    /// When it was taken.
    pub at: Timestamp,
    /// How it was made.
    pub kind: PointKind,
    /// Whether it is processed; `latest` may take one that is not yet.
    pub processed: bool,
    /// From `at` to the reference instant, rounded up to milliseconds; zero if `at` is later.
    #[serde(with = "duration_text")]
    pub loss: Duration,
}

/// What makes the picks of a choice belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    /// Nothing: each machine its own.
    Own,
    /// One set id.
    Set,
    /// One instant, where no member reports any set id.
    Instant,
}

/// Several groups near one another in time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Aligned {
    /// The groups in plan order.
    pub groups: Vec<String>,
    /// The greatest distance allowed.
    #[serde(with = "duration_text")]
    pub within: Duration,
    /// The oldest instant among the points of all groups: what was maximised.
    pub oldest: Timestamp,
    /// The newest.
    pub newest: Timestamp,
    /// What it does not promise.
    pub note: String,
}

/// Why a rung did not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungFault {
    /// No set, or no point of some machine, is admissible.
    NothingFits,
    /// `id` on a replication group.
    IdOnGroup,
    /// It holds for the group alone, but not near these other groups.
    Unaligned(Vec<String>),
}

/// A rung that did not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RungFailed {
    /// What was wanted.
    pub policy: Policy,
    /// Why not.
    pub fault: RungFault,
    /// The machines to blame, in plan order: without a fitting point, or refusing what came closest.
    pub blamed: Vec<String>,
    /// What came closest: one set, or one point for each blamed machine (bounded).
    pub closest: Vec<Refused>,
    /// The newest candidates (bounded).
    pub refused: Vec<Refused>,
    /// How many more candidates were refused.
    pub refused_more: u64,
    /// Points that belong to no set and so could not be considered.
    pub without_set: u64,
}

/// A choice with its certificate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// The group or machine.
    pub subject: String,
    /// Whether it is a replication group.
    pub group: bool,
    /// Age and loss count from here.
    pub reference: Timestamp,
    /// The rung that holds, from 0.
    pub rung: u32,
    /// Its policy.
    pub policy: Policy,
    /// What the picks have in common.
    pub matched: Matched,
    /// The set's id, if `matched` is `Set`.
    pub set: Option<String>,
    /// Where each member goes, in plan order.
    pub picks: Vec<Pick>,
    /// The member that keeps a newer candidate out alone, or first among several.
    pub limiting: Option<String>,
    /// Newer candidates, newest first (bounded).
    pub refused: Vec<Refused>,
    /// How many more newer candidates were refused.
    pub refused_more: u64,
    /// Newer points that belong to no set and so could not be considered.
    pub without_set: u64,
    /// The rungs above, which did not hold.
    pub failed: Vec<RungFailed>,
    /// The rungs below, which were not needed.
    pub not_reached: Vec<Policy>,
    /// The groups it was chosen together with.
    pub aligned: Option<Aligned>,
}

impl Choice {
    /// The oldest instant among the picks.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.picks.iter().map(|pick| pick.at).min()
    }

    /// The greatest loss among the picks.
    #[must_use]
    pub fn loss(&self) -> Duration {
        self.picks.iter().map(|pick| pick.loss).max().unwrap_or_default()
    }
}

/// What another policy would give; for the question that `ask` puts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alternative {
    /// The policy.
    pub policy: Policy,
    /// The set's id, if it would be one.
    pub set: Option<String>,
    /// Where each member would go; empty if the policy gives nothing.
    pub picks: Vec<Pick>,
    /// The machines to blame if it gives nothing.
    pub blamed: Vec<String>,
}

/// Groups that cannot be brought near one another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoAlign {
    /// The groups in plan order.
    pub groups: Vec<String>,
    /// The greatest distance allowed.
    #[serde(with = "duration_text")]
    pub within: Duration,
    /// The fewest machines without which it would work, in plan order; empty if none was found.
    pub removal: Vec<String>,
    /// Whether `removal` is proved first among equals; its size always is.
    pub exact: bool,
    /// Why, in one sentence.
    pub why: String,
}

/// No rung holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoChoice {
    /// The group or machine.
    pub subject: String,
    /// Whether it is a replication group.
    pub group: bool,
    /// Age and loss count from here.
    pub reference: Timestamp,
    /// What happens now: a person is asked, or the run is refused.
    pub end: LadderEnd,
    /// Every rung with why it failed.
    pub failed: Vec<RungFailed>,
    /// The machines to blame over all rungs, in plan order.
    pub blamed: Vec<String>,
    /// What every policy would give, if a person is asked.
    pub alternatives: Vec<Alternative>,
    /// The alignment that failed, if that is the cause.
    pub align: Option<NoAlign>,
}

/// What a ladder comes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A rung holds.
    Chosen(Box<Choice>),
    /// None does.
    NotChosen(Box<NoChoice>),
}

impl Outcome {
    /// The choice, if there is one.
    #[must_use]
    pub fn choice(&self) -> Option<&Choice> {
        match self {
            Self::Chosen(choice) => Some(choice),
            Self::NotChosen(_) => None,
        }
    }

    /// Why there is none, if there is none.
    #[must_use]
    pub fn no_choice(&self) -> Option<&NoChoice> {
        match self {
            Self::Chosen(_) => None,
            Self::NotChosen(no_choice) => Some(no_choice),
        }
    }
}
