//! What an action of a recovery plan becomes: an approval where a person acts, else a comment with the
//! reason. Knows when each would run, in the words of the language.

use crate::base::words;
use crate::model::{Mode, Operation};
use crate::schema::provider::{self, ByDirection};

use super::faults::shown;
use super::json::same;
use super::plan::{Action, Details};

/// When something runs, in the words of the language. Modes hold for failover and failback only.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct When {
    pub(super) operations: Vec<Operation>,
    /// Empty for all.
    pub(super) modes: Vec<Mode>,
}

/// An action in the language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Becomes {
    /// A person is asked; with what of it could not be kept.
    Approve { prompt: String, when: When, lost: Vec<String> },
    /// Nothing that is known to do the same: what it was, and why.
    Comment(String),
}

/// What an action becomes.
pub(super) fn becomes(action: &Action) -> Becomes {
    let (when, mut lost) = when(action);
    for field in &action.unknown {
        lost.push(format!("its field `{}` is not known here", shown(field)));
    }
    let why = match &action.details {
        Details::Manual { .. } if when.operations.is_empty() => "it never runs".to_owned(),
        Details::Manual { .. } if !is_reached(&when) => {
            "the provider has no planned failover away from home, and it runs in no other".to_owned()
        }
        Details::Manual { description } => {
            let prompt = description.clone().unwrap_or_else(|| action.name.clone());
            return Becomes::Approve { prompt, when, lost };
        }
        Details::Program { kind, .. } => {
            format!("no step is known to do what this {kind} does; write a `script` here")
        }
        Details::Other(word) => format!("`{}` is no kind of action that is known here", shown(word)),
    };
    let mut said = format!("{}: {why}", described(action));
    for one in lost {
        said.push_str("; ");
        said.push_str(&one);
    }
    Becomes::Comment(said)
}

/// The action in one line: its kind, name, facts, types and directions.
pub(super) fn described(action: &Action) -> String {
    let (kind, facts) = match &action.details {
        Details::Manual { description } => {
            ("manual action", description.iter().map(|text| format!("says `{}`", shown(text))).collect())
        }
        Details::Program { kind, facts } => {
            (*kind, facts.iter().map(|(name, value)| format!("{name} `{}`", shown(value))).collect())
        }
        Details::Other(_) => ("action", Vec::new()),
    };
    let mut parts: Vec<String> = facts;
    parts.push(format!("in {}", all_or_none(&action.types)));
    parts.push(all_or_none(&action.directions));
    format!("{kind} `{}` ({})", shown(&action.name), parts.join(", "))
}

fn all_or_none(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
    if names.is_empty() { "nothing".to_owned() } else { words::list(&names, 14) }
}

/// When an action runs, and what of it the language cannot say.
fn when(action: &Action) -> (When, Vec<String>) {
    let has = |list: &[String], word: &str| list.iter().any(|one| same(one, word));
    let (out, home) =
        (has(&action.directions, "PrimaryToRecovery"), has(&action.directions, "RecoveryToPrimary"));
    let (test, planned, unplanned, back) = (
        has(&action.types, "TestFailover"),
        has(&action.types, "PlannedFailover"),
        has(&action.types, "UnplannedFailover"),
        has(&action.types, "Failback"),
    );
    let real = planned || unplanned;
    let mut lost = Vec::new();
    for (list, known) in [
        (&action.types, &["TestFailover", "PlannedFailover", "UnplannedFailover", "Failback"][..]),
        (&action.directions, &["PrimaryToRecovery", "RecoveryToPrimary"][..]),
    ] {
        for one in list.iter().filter(|one| !known.iter().any(|known| same(known, one))) {
            lost.push(format!("a plan has no place for what it does in `{}`", shown(one)));
        }
    }
    if test && !out && home {
        lost.push("a test brings copies up away from home only".to_owned());
    }
    let runs = [
        (Operation::Test, test && out),
        (Operation::Failover, real && out),
        (Operation::Failback, home && (real || back)),
    ];
    let operations: Vec<Operation> = runs.into_iter().filter(|(_, runs)| *runs).map(|(it, _)| it).collect();
    let modes = match (planned, unplanned) {
        (true, false) => vec![Mode::Planned],
        (false, true) => vec![Mode::Unplanned, Mode::Forced],
        (true, true) | (false, false) => Vec::new(),
    };
    if back && !modes.is_empty() && operations.contains(&Operation::Failback) {
        lost.push("it also runs in a failback of any other mode".to_owned());
    }
    (When { operations, modes }, lost)
}

/// Whether a run that the provider knows ever comes to it.
fn is_reached(when: &When) -> bool {
    let Some(can) = provider::find(super::PROVIDER).map(|provider| provider.capabilities) else {
        return true;
    };
    let in_direction = |by: ByDirection, operation: Operation| match operation {
        Operation::Test => true,
        Operation::Failover => by.failover,
        Operation::Failback => by.failback,
    };
    when.operations.iter().any(|operation| {
        let knows = |mode: &Mode| match mode {
            Mode::Planned => in_direction(can.planned, *operation),
            Mode::Unplanned | Mode::Forced => in_direction(can.unplanned, *operation),
        };
        *operation == Operation::Test || when.modes.is_empty() || when.modes.iter().any(knows)
    })
}
