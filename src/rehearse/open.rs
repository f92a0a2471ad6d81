//! What goes on for a step in the imagined world, and what became of its machine.

use crate::base::Timestamp;

/// What goes on for a step.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Open {
    /// When the engine hears of it; none while nobody asks.
    pub(super) due: Option<Timestamp>,
    /// What it hears then.
    pub(super) hears: Hears,
    /// When and how it ends at the estate, whether the engine lives or not; none if it never got there.
    pub(super) ends: Option<(Timestamp, End)>,
    /// Whether the estate can say afterwards what became of it.
    pub(super) remembered: bool,
}

impl Open {
    /// What ends so, and is heard of at once.
    pub(super) const fn until(at: Timestamp, end: End) -> Self {
        Self { due: Some(at), hears: Hears::End, ends: Some((at, end)), remembered: true }
    }

    /// A person who speaks then.
    pub(super) const fn person(at: Timestamp, word: Word) -> Self {
        Self { due: Some(at), hears: Hears::Person(word), ends: None, remembered: true }
    }
}

/// What the engine hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hears {
    /// How it ended.
    End,
    /// That no answer comes.
    Silence,
    /// Nothing; it asks once more what became of it.
    Nothing,
    /// A person.
    Person(Word),
}

/// What a person says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Yes,
    No,
    /// The commit window is closed, or the test cleaned up.
    Close,
    /// Points are chosen.
    Choose,
}

/// How a step ends.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum End {
    /// It is done; what belongs on the list of exceptions.
    Done(Option<String>),
    /// It failed.
    Failed(Box<Failed>),
    /// Points are bound.
    Bound,
    /// A person is asked for points.
    Asked,
    /// It did not end, and did not let itself be cancelled.
    Unclear(String),
}

/// A failed attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failed {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retryable: bool,
    pub(super) timed_out: bool,
}

impl End {
    /// A failure that trying again helps, or does not.
    pub(super) fn failed(code: &str, message: String, retryable: bool) -> Self {
        let code = code.to_owned();
        Self::Failed(Box::new(Failed { code, message, retryable, timed_out: false }))
    }

    /// A time that was up.
    pub(super) fn timed_out(code: &str, message: String) -> Self {
        let code = code.to_owned();
        Self::Failed(Box::new(Failed { code, message, retryable: false, timed_out: true }))
    }
}

/// When something is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    /// Nobody knows; it is taken to be there where it is asked for.
    Unknown,
    /// From then on.
    From(Timestamp),
    /// It does not come.
    Never,
}

/// What became of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Machine {
    /// Its source does not run.
    pub(super) down: bool,
    /// Its target was powered on.
    pub(super) started: bool,
    /// The guest's first answer.
    pub(super) answers: Sign,
    /// The replication agent's registration.
    pub(super) agent: Sign,
    /// How much later than usual the guest answers.
    pub(super) late: std::time::Duration,
    /// An act that the estate cannot tell about goes on until then.
    pub(super) busy_until: Option<Timestamp>,
}
