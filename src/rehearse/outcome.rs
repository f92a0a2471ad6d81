//! What a rehearsed run came to: how it ended or where it stands, why, and when its goal was reached.

use std::time::Duration;

use crate::base::words::list;
use crate::event::FinalState;
use crate::run::{HaltCause, NodeState, Question, Run, RunState};
use crate::runbook::NodeId;

use super::scene::Scene;
use super::world::Played;

/// Steps named in one sentence.
const NAMES: usize = 4;

/// How a rehearsed run ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ended {
    /// Every step that applied succeeded.
    Completed,
    /// Goal reached, with something to say.
    CompletedWithExceptions,
    /// It stands: a person has to decide whom the plan does not ask.
    Waiting,
    /// It stands: something failed, and a person has to mend it.
    Halted,
    /// The targets were dropped, the sources run.
    RolledBack,
    /// Its goal is not reached and nothing is left to do.
    Failed,
    /// It goes round and comes to no end.
    Endless,
}

impl Ended {
    /// The word of `words.md`, and `endless`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CompletedWithExceptions => "completed-with-exceptions",
            Self::Waiting => "waiting",
            Self::Halted => "halted",
            Self::RolledBack => "rolled-back",
            Self::Failed => "failed",
            Self::Endless => "endless",
        }
    }

    /// What it means for whoever counts.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Completed | Self::CompletedWithExceptions => Verdict::Survived,
            Self::Waiting | Self::Halted => Verdict::NeedsPerson,
            Self::RolledBack => Verdict::RolledBack,
            Self::Failed | Self::Endless => Verdict::Failed,
        }
    }
}

/// What an end is counted as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// The goal was reached with no person beyond those whom the plan asks.
    Survived,
    /// It stopped for a person.
    NeedsPerson,
    /// It went back.
    RolledBack,
    /// It failed.
    Failed,
}

/// What a run came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The seed that gives it.
    pub seed: u64,
    /// How it ended.
    pub ended: Ended,
    /// The step that it hangs on, where it did not survive.
    pub step: Option<NodeId>,
    /// Why it did not survive, one sentence.
    pub why: Option<String>,
    /// From the start until the goal was reached.
    pub reached: Option<Duration>,
    /// From the start to the last event.
    pub whole: Duration,
}

impl Outcome {
    /// What a played run came to.
    #[must_use]
    pub fn of(scene: &Scene, played: &Played, seed: u64) -> Self {
        let run = &played.run;
        let start = scene.start;
        let ended = match run.state() {
            _ if played.endless => Ended::Endless,
            RunState::Ended(FinalState::Completed) => Ended::Completed,
            RunState::Ended(FinalState::CompletedWithExceptions) => Ended::CompletedWithExceptions,
            RunState::Ended(FinalState::RolledBack) => Ended::RolledBack,
            RunState::Ended(FinalState::Failed) => Ended::Failed,
            RunState::Waiting => Ended::Waiting,
            RunState::Halted | RunState::Paused | RunState::Running => Ended::Halted,
        };
        let (step, why) = if ended.verdict() == Verdict::Survived { (None, None) } else { cause(run, ended) };
        let reached = run.reached(&scene.goal).map(|(at, _)| at.since(start));
        Self { seed, ended, step, why, reached, whole: run.last_at().since(start) }
    }
}

/// The step that a run hangs on, and what there is to say about it.
fn cause(run: &Run, ended: Ended) -> (Option<NodeId>, Option<String>) {
    let failed = || match run.halt_cause() {
        Some(HaltCause::Step(node)) => Some(*node),
        Some(HaltCause::Operator { .. }) | None => run.failed().next(),
    };
    match ended {
        Ended::Completed | Ended::CompletedWithExceptions => (None, None),
        Ended::Waiting => {
            let asked = run.waiting_for_people().find_map(|node| Some((node, question(run, node)?)));
            asked.map_or((None, None), |(node, what)| (Some(node), Some(what)))
        }
        Ended::RolledBack => {
            let told = run.exceptions().iter().find(|one| one.about == "rollback");
            (None, told.map(|one| one.what.clone()))
        }
        Ended::Halted | Ended::Failed => {
            let node = failed();
            (node, node.and_then(|node| failure(run, node)))
        }
        Ended::Endless => {
            let names: Vec<&str> =
                run.under_way().map(|node| run.runbook().nodes.at(node).name.as_str()).collect();
            (run.under_way().next(), Some(format!("{} is begun again and again", list(&names, NAMES))))
        }
    }
}

fn failure(run: &Run, node: NodeId) -> Option<String> {
    match run.node(node) {
        NodeState::Failed { last, .. } => {
            Some(format!("`{}` failed: {}", run.runbook().nodes.at(node).name, last.message))
        }
        _ => None,
    }
}

/// What a person is asked whom the plan does not ask.
fn question(run: &Run, node: NodeId) -> Option<String> {
    let NodeState::Waiting { question, .. } = run.node(node) else { return None };
    let name = &run.runbook().nodes.at(node).name;
    Some(match &**question {
        Question::Failed(failure) => format!("`{name}` failed, and a person is asked: {}", failure.message),
        Question::Unclear { evidence, .. } => format!("what became of `{name}` is not known: {evidence}"),
        Question::Points(_) => format!("`{name}` asks for points"),
        Question::Approval { .. } => format!("nobody answers `{name}`"),
        Question::Commit { .. } => format!("nobody closes `{name}`"),
    })
}
