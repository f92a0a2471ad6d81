//! Why a command did not do what it was asked: diagnostics with their texts, and the exit code.
//! The only place where errors of the floors below become exit codes.

use crate::drive::DriveError;
use crate::source::codes::command as codes;
use crate::source::{Code, Diagnostic, Sources};
use crate::store::StoreError;

use super::exit::Exit;

/// The end of a command that did not succeed.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) exit: Exit,
    /// What is said.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub(super) sources: Sources,
}

impl Failure {
    /// Findings in texts.
    pub(super) fn new(exit: Exit, diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        Self { exit, diagnostics, sources }
    }

    /// Findings without a place.
    pub(super) fn placeless(exit: Exit, diagnostics: Vec<Diagnostic>) -> Self {
        Self::new(exit, diagnostics, Sources::default())
    }

    /// One sentence with one action.
    pub(super) fn said(exit: Exit, code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        let message = one_line(&message.into());
        Self::placeless(exit, vec![Diagnostic::placeless(code, message).help(help)])
    }

    /// A run that does not take a request; the reason says what is possible instead.
    pub(super) fn refused(reason: &str) -> Self {
        let diagnostic = Diagnostic::placeless(codes::REQUEST_REFUSED, one_line(reason));
        Self::placeless(Exit::Refused, vec![diagnostic])
    }

    /// The engine cannot work.
    pub(super) fn engine(what: &str, error: &dyn std::fmt::Display) -> Self {
        let message = format!("{what}: {error}");
        Self::said(Exit::EngineFailed, codes::ENGINE_FAILED, message, "look at the host, then try again")
    }

    /// What the store says while a run is driven: now the engine has failed, not its input.
    pub(super) fn of_drive(error: &DriveError) -> Self {
        match error {
            DriveError::Store(error) => {
                let exit = match exit_of(error) {
                    Exit::InputWrong => Exit::EngineFailed,
                    Exit::Refused if !is_about_the_run(error) => Exit::EngineFailed,
                    other => other,
                };
                Self::placeless(exit, vec![error.diagnostic()])
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::placeless(exit_of(&error), vec![error.diagnostic()])
    }
}

/// Another program's words as part of a sentence of ours.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

const fn exit_of(error: &StoreError) -> Exit {
    match error {
        StoreError::NoStore { .. } | StoreError::NoSuchRun { .. } | StoreError::AmbiguousRun { .. } => {
            Exit::InputWrong
        }
        StoreError::Folder { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::NotOurs { .. }
        | StoreError::Version { .. }
        | StoreError::Network { .. }
        | StoreError::LeaseHeld { .. }
        | StoreError::MachineHeld { .. }
        | StoreError::RunOver { .. }
        | StoreError::TooManyRequests { .. }
        | StoreError::NoSuchRequest { .. } => Exit::Refused,
        StoreError::NoSpace { .. }
        | StoreError::InUse { .. }
        | StoreError::Damaged { .. }
        | StoreError::Lost { .. }
        | StoreError::LostRequests { .. }
        | StoreError::Failed { .. }
        | StoreError::LeaseLost { .. }
        | StoreError::RunExists { .. }
        | StoreError::OutOfOrder { .. } => Exit::EngineFailed,
    }
}

const fn is_about_the_run(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::LeaseHeld { .. } | StoreError::MachineHeld { .. } | StoreError::RunOver { .. }
    )
}
