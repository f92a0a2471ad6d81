//! The runner: the machine that the engine is on, as far as plans have programs run there. A trait, so that a
//! simulation has a runner whose scripts take virtual time and may outlive a simulated engine.

use std::path::{Path, PathBuf};

use super::program::{self, Program, ProgramEnd};
use super::script::{self, NotStarted, ScriptFound};

/// Where scripts and commands run. A script has a folder, named by its attempt's key: it runs once for one
/// folder, and its end can be asked for by the folder after the engine's death.
pub trait Runner: Clone + Send + Sync + 'static {
    /// What is waited for after a start.
    type Hosted: Send + 'static;

    /// Starts a script that outlives this engine. Prereq: nothing has run in this folder; an attempt that was
    /// given up before it began may have left its files there.
    ///
    /// # Errors
    /// Nothing has run.
    fn start(&self, folder: &Path, program: &Program) -> Result<Self::Hosted, NotStarted>;

    /// How a script ended that this engine started.
    fn ended(&self, hosted: Self::Hosted, folder: PathBuf) -> impl Future<Output = ScriptFound> + Send;

    /// What became of a script of an earlier engine; one under way is waited for.
    fn watch(&self, folder: PathBuf) -> impl Future<Output = ScriptFound> + Send;

    /// Whether a script has ended and cannot write that down for want of space.
    fn waits_for_space(&self, folder: &Path) -> bool;

    /// Runs a short program to its end: a check's, a notification's.
    fn run(&self, program: Program) -> impl Future<Output = ProgramEnd> + Send;
}

/// This machine.
#[derive(Clone, Debug)]
pub(super) struct ThisMachine {
    /// The program that hosts scripts: this one.
    pub(super) host: PathBuf,
}

impl Runner for ThisMachine {
    type Hosted = tokio::process::Child;

    fn start(&self, folder: &Path, program: &Program) -> Result<Self::Hosted, NotStarted> {
        script::start(&self.host, folder, program)
    }

    async fn ended(&self, mut hosted: Self::Hosted, folder: PathBuf) -> ScriptFound {
        let _status = hosted.wait().await;
        script::watch(folder).await
    }

    async fn watch(&self, folder: PathBuf) -> ScriptFound {
        script::watch(folder).await
    }

    fn waits_for_space(&self, folder: &Path) -> bool {
        script::waits_for_space(folder)
    }

    async fn run(&self, program: Program) -> ProgramEnd {
        program::run(&program).await
    }
}
