//! Whether one point of one machine is admissible under a policy; the inner loop of every choice.

use std::time::Duration;

use super::choice::{Because, Pick, Reason};
use super::subject::{Member, Pending};
use crate::base::Timestamp;
use crate::inventory::{Inventory, Point, PointKind, Symbol};
use crate::model::{Policy, PolicyKind};

/// What is wrong with a point, one bit a reason; zero is admissible.
pub(super) type Faults = u8;

const NOT_USABLE: Faults = 1;
const NOT_PROCESSED: Faults = 1 << 1;
const NOT_APP: Faults = 1 << 2;
/// Too old; alone, it makes a point the next best.
pub(super) const TOO_OLD: Faults = 1 << 3;
const AFTER_AS_OF: Faults = 1 << 4;
const WITHOUT_TAG: Faults = 1 << 5;
/// Not the point that was named.
pub(super) const OTHER_ID: Faults = 1 << 6;

const TABLE: [(Faults, Reason); 7] = [
    (NOT_USABLE, Reason::NotUsable),
    (NOT_PROCESSED, Reason::NotProcessed),
    (NOT_APP, Reason::NotAppConsistent),
    (TOO_OLD, Reason::TooOld),
    (AFTER_AS_OF, Reason::AfterAsOf),
    (WITHOUT_TAG, Reason::WithoutTag),
    (OTHER_ID, Reason::OtherId),
];

/// A text that points are compared with; `Unknown` is one that no point carries.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Any,
    Known(Symbol),
    Unknown,
}

impl Wanted {
    fn of(text: Option<&str>, inventory: &Inventory) -> Self {
        text.map_or(Self::Any, |text| inventory.symbols.find(text).map_or(Self::Unknown, Self::Known))
    }
}

/// A policy made ready for an inventory and a reference instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) reference: Timestamp,
    oldest: Timestamp,
    newest: Timestamp,
    processed: bool,
    app: bool,
    /// Whether a tag or an id is wanted.
    named: bool,
    tag: Wanted,
    id: Wanted,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        policy: &Policy,
        pending: Pending,
        inventory: &'a Inventory,
        reference: Timestamp,
    ) -> Self {
        let id = if let PolicyKind::Id(id) = &policy.kind { Some(id.as_str()) } else { None };
        Self {
            inventory,
            reference,
            oldest: policy.max_age.map_or(Timestamp::from_nanos(i64::MIN), |age| reference.minus(age)),
            newest: policy.as_of.unwrap_or(Timestamp::from_nanos(i64::MAX)),
            // `latest` alone has pending data processed before it fails over.
            processed: policy.kind != PolicyKind::Latest || pending == Pending::Done,
            app: policy.kind.needs_app(),
            named: id.is_some() || policy.tag.is_some(),
            tag: Wanted::of(policy.tag.as_deref(), inventory),
            id: Wanted::of(id, inventory),
        }
    }

    /// What is wrong with a point. A final point counts as app-consistent; the arguments of the policy
    /// (`max_age`, `as_of`, `tag`, the id) hold for it as for any other.
    #[inline]
    pub(super) fn faults(&self, point: &Point) -> Faults {
        // Without branches: this runs for every point of a large estate.
        let faults = (Faults::from(!point.usable) * NOT_USABLE)
            | (Faults::from(self.processed & !point.processed) * NOT_PROCESSED)
            | (Faults::from(self.app & (point.kind == PointKind::Crash)) * NOT_APP)
            | (Faults::from(point.at < self.oldest) * TOO_OLD)
            | (Faults::from(point.at > self.newest) * AFTER_AS_OF);
        if self.named { faults | self.named_faults(point) } else { faults }
    }

    /// What is wrong with the tag and the id of a point.
    fn named_faults(&self, point: &Point) -> Faults {
        let tag = match self.tag {
            Wanted::Any => true,
            Wanted::Known(tag) => self.inventory.has_tag(point, tag),
            Wanted::Unknown => false,
        };
        let id = match self.id {
            Wanted::Any => true,
            Wanted::Known(id) => point.id == id,
            Wanted::Unknown => false,
        };
        (Faults::from(!tag) * WITHOUT_TAG) | (Faults::from(!id) * OTHER_ID)
    }

    /// The pick of a point.
    pub(super) fn pick(&self, member: &Member, point: &Point) -> Pick {
        Pick {
            vm: member.vm,
            name: member.name.clone(),
            point: self.inventory.text(point.id).to_owned(),
            at: point.at,
            kind: point.kind,
            processed: point.processed,
            loss: loss(point.at, self.reference),
        }
    }
}

/// From a point to the reference instant, rounded up to milliseconds, so that a loss is never understated.
fn loss(at: Timestamp, reference: Timestamp) -> Duration {
    let exact = reference.since(at);
    let whole = Duration::from_millis(u64::try_from(exact.as_millis()).unwrap_or(u64::MAX));
    if whole < exact { whole.saturating_add(Duration::from_millis(1)) } else { whole }
}

/// The reasons of a machine.
pub(super) fn because(member: &Member, faults: Faults) -> Because {
    let reasons = TABLE.iter().filter(|(bit, _)| faults & bit != 0).map(|(_, reason)| *reason).collect();
    Because { vm: member.name.clone(), reasons }
}

/// A single reason of a machine or group.
pub(super) fn because_one(who: &str, reason: Reason) -> Because {
    Because { vm: who.to_owned(), reasons: vec![reason] }
}
