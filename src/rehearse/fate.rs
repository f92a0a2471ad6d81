//! What faults decide for one attempt at a step. Counts how often each has come; draws chances from the seed.

use std::time::Duration;

use crate::base::{Chance, Id as _};
use crate::event::fault::{Twist, VerbFault};
use crate::runbook::NodeId;

use super::fault::{Fault, StepTwist};
use super::scene::Told;

/// What goes wrong with an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Fate {
    /// It fails at its end: the code, and whether trying again may help.
    pub(super) fail: Option<(String, bool)>,
    /// It does not end.
    pub(super) hang: bool,
    /// A check does not pass.
    pub(super) never: bool,
    /// It takes so much longer.
    pub(super) late: Duration,
    /// Nobody answers in time.
    pub(super) too_late: bool,
    /// The answer is no.
    pub(super) reject: bool,
    /// The answer to its request is lost.
    pub(super) lost: bool,
    /// It never arrives either.
    pub(super) dropped: bool,
    /// The estate cannot tell what became of it.
    pub(super) forgotten: bool,
    /// It is said to be done and is not.
    pub(super) lie: bool,
    pub(super) no_heartbeat: bool,
    pub(super) no_agent: bool,
    pub(super) no_tools: bool,
}

/// How often each fault has come.
#[derive(Clone, Debug)]
pub(super) struct Counts(Vec<u32>);

impl Counts {
    pub(super) fn of(told: &Told) -> Self {
        Self(vec![0; told.faults.len()])
    }

    /// The fate of an attempt, and one more for each fault that comes.
    pub(super) fn draw(&mut self, told: &Told, node: NodeId, chance: Chance) -> Fate {
        let mut fate = Fate::default();
        for index in told.by_node.get(&node).into_iter().flatten() {
            let (Some(fault), Some(used)) = (told.faults.get(*index), self.0.get_mut(*index)) else {
                continue;
            };
            let times = match fault {
                Fault::Verb(fault) => fault.times,
                Fault::Step(fault) => fault.times,
                Fault::Cut { .. } | Fault::Dies(_) => continue,
            };
            let of_hundred = || {
                let drawn = chance.word("fault").number(u64::try_from(*index).unwrap_or(u64::MAX));
                drawn.number(u64::try_from(node.index()).unwrap_or(u64::MAX)).below(100)
            };
            if times.comes(*used, of_hundred) {
                *used = used.saturating_add(1);
                match fault {
                    Fault::Verb(fault) => of_verb(&mut fate, fault),
                    Fault::Step(fault) => of_step(&mut fate, fault.twist),
                    Fault::Cut { .. } | Fault::Dies(_) => {}
                }
            }
        }
        fate
    }
}

fn of_verb(fate: &mut Fate, fault: &VerbFault) {
    let cleans_up = fault.verb == "clean_up";
    match &fault.twist {
        Twist::Fail { retry, code } => fate.fail = Some((code.clone(), *retry)),
        Twist::Hang => fate.hang = true,
        Twist::Lose => fate.lost = true,
        Twist::Forget => (fate.lost, fate.forgotten) = (true, true),
        Twist::Drop => (fate.lost, fate.dropped) = (true, true),
        // The driver looks before it believes a cleanup, so that what was left is left until it is gone.
        Twist::Lie | Twist::Leak if cleans_up => fate.fail = Some(("left_behind".to_owned(), true)),
        Twist::Lie => fate.lie = true,
        // What a failover leaves that came to nothing costs no time by itself.
        Twist::Leak => {}
        Twist::Late(by) => fate.late = fate.late.saturating_add(*by),
        Twist::NoTools => fate.no_tools = true,
        Twist::NoAgent => fate.no_agent = true,
        Twist::NoHeartbeat => fate.no_heartbeat = true,
    }
}

fn of_step(fate: &mut Fate, twist: StepTwist) {
    match twist {
        StepTwist::Fail => fate.fail = Some(("exit_status".to_owned(), false)),
        StepTwist::Hang => fate.hang = true,
        StepTwist::Never => fate.never = true,
        StepTwist::Late(by) => fate.late = fate.late.saturating_add(by),
        StepTwist::TooLate => fate.too_late = true,
        StepTwist::Reject => fate.reject = true,
    }
}
