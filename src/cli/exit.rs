//! Exit codes: part of the contract with scripts, never reused for another meaning.

use std::process::ExitCode;

/// How the process ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Done; of a run, also completed with exceptions.
    Done = 0,
    /// The plan or another input is wrong.
    InputWrong = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The run halted, failed or was rolled back.
    RunFailed = 3,
    /// Refused before anything was touched.
    Refused = 4,
    /// The engine itself failed.
    EngineFailed = 5,
    /// The run is paused, or waits for a person and nobody is attached.
    Waiting = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
