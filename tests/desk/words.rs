//! Every word that a state may have, by matches that a new variant does not get past: what is
//! listed here has to be seen in the table.

use musterpoint::model::{Mode, Operation};
use musterpoint::run::{HaltCause, NodeState, Question, Run, RunState, SkipReason};
use musterpoint::runbook::NodeId;

/// A function from a value to its word, and the list of all words.
macro_rules! words {
    ($name:ident, $all:ident, $type:ty, { $($pattern:pat => $word:literal),* $(,)? }) => {
        pub(crate) const $all: &[&str] = &[$($word),*];

        fn $name(value: &$type) -> &'static str {
            match value { $($pattern => $word),* }
        }
    };
}

words!(step_word, STEP, NodeState, {
    NodeState::NotStarted => "not started",
    NodeState::Running { .. } => "running",
    NodeState::Waiting { .. } => "waiting",
    NodeState::BackingOff { .. } => "backing off",
    NodeState::Unknown { .. } => "unknown",
    NodeState::Succeeded { .. } => "succeeded",
    NodeState::Failed { tolerated: true, .. } => "failed, tolerated",
    NodeState::Failed { tolerated: false, .. } => "failed",
    NodeState::Skipped { .. } => "skipped",
});

words!(question_word, QUESTION, Question, {
    Question::Approval { late: false, .. } => "for approval",
    Question::Approval { late: true, .. } => "for approval, late",
    Question::Commit { overdue: false } => "for the commit",
    Question::Commit { overdue: true } => "for the commit, overdue",
    Question::Points(_) => "for points",
    Question::Failed(_) => "after a failure",
    Question::Unclear { .. } => "for its outcome",
});

words!(skip_word, SKIP, SkipReason, {
    SkipReason::Operator { .. } => "by an operator",
    SkipReason::Unclear { .. } => "by an operator, outcome not known",
    SkipReason::Blocked { .. } => "blocked",
    SkipReason::TargetNotDone => "target not done",
    SkipReason::RunEnded => "left behind",
    SkipReason::NothingToUndo => "nothing to undo",
});

words!(run_word, RUN, RunState, {
    RunState::Running => "running",
    RunState::Waiting => "waiting",
    RunState::Paused => "paused",
    RunState::Halted => "halted",
    RunState::Ended(_) => "ended",
});

words!(halt_word, HALT, Option<&HaltCause>, {
    Some(HaltCause::Step(_)) => "for a step",
    Some(HaltCause::Operator { .. }) => "by an operator",
    None => "by itself",
});

words!(operation_word, OPERATION, Operation, {
    Operation::Failover => "failover",
    Operation::Failback => "failback",
    Operation::Test => "test",
});

words!(mode_word, MODE, Option<Mode>, {
    Some(Mode::Planned) => "planned",
    Some(Mode::Unplanned) => "unplanned",
    Some(Mode::Forced) => "forced",
    None => "no mode",
});

/// The state of a step in full: `waiting for approval`, `skipped: blocked`.
pub(crate) fn step(run: &Run, node: NodeId) -> String {
    let state = run.node(node);
    let word = step_word(state);
    match state {
        NodeState::Waiting { question, .. } => format!("{word} {}", question_word(question)),
        NodeState::Skipped { because, .. } => format!("{word}: {}", skip_word(because)),
        _ => word.to_owned(),
    }
}

/// The state of a run in a word, a halt with its cause.
pub(crate) fn run(run: &Run) -> String {
    let word = run_word(&run.state());
    if run.state() == RunState::Halted {
        format!("{word} {}", halt_word(&run.halt_cause()))
    } else {
        word.to_owned()
    }
}

/// Which way the run is on.
pub(crate) fn way(run: &Run) -> &'static str {
    if run.is_rolling_back() {
        "going back"
    } else if run.is_cleaning_up() {
        "cleaning up"
    } else {
        "forward"
    }
}

pub(crate) const WAY: &[&str] = &["forward", "going back", "cleaning up"];

/// What is seen of the dimensions in one state: (dimension, word).
pub(crate) fn seen(run: &Run, node: NodeId) -> Vec<(&'static str, &'static str)> {
    let runbook = run.runbook();
    let mut all = vec![
        ("step", step_word(run.node(node))),
        ("run", run_word(&run.state())),
        ("operation", operation_word(&runbook.operation)),
        ("mode", mode_word(&runbook.mode)),
        ("way", way(run)),
        ("window", if run.window_opened().is_some() { "open" } else { "not open" }),
        ("commit", if run.commit_began() { "begun" } else { "not begun" }),
    ];
    match run.node(node) {
        NodeState::Waiting { question, .. } => all.push(("question", question_word(question))),
        NodeState::Skipped { because, .. } => all.push(("skip", skip_word(because))),
        _ => {}
    }
    if run.state() == RunState::Halted {
        all.push(("halt", halt_word(&run.halt_cause())));
    }
    all
}

/// Every word that has to be seen.
pub(crate) fn all() -> Vec<(&'static str, &'static str)> {
    let of = |dimension: &'static str, words: &'static [&'static str]| {
        words.iter().map(move |word| (dimension, *word))
    };
    of("step", STEP)
        .chain(of("question", QUESTION))
        .chain(of("skip", SKIP))
        .chain(of("run", RUN))
        .chain(of("halt", HALT))
        .chain(of("operation", OPERATION))
        .chain(of("mode", MODE))
        .chain(of("way", WAY))
        .chain(of("window", &["open", "not open"]))
        .chain(of("commit", &["begun", "not begun"]))
        .collect()
}
