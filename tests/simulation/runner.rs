//! A runner whose scripts take virtual time, outlive simulated engines, and end as a seed says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use musterpoint::drive::Runner;
use musterpoint::drive::program::{Ending, Program, ProgramEnd};
use musterpoint::drive::script::{NotStarted, ScriptFound};
use tokio::time::Instant;

use super::fate::Fate;
use super::schedule::Dice;

/// What became of a script's attempt.
#[derive(Clone, Debug)]
enum Script {
    /// Its host went away before it began.
    NeverBegan,
    /// It runs until then, and ends so; none: its host goes away without an end.
    Begun { ends: Instant, ending: Option<Ending> },
}

/// The simulated runner.
#[derive(Clone, Debug)]
pub struct SimRunner {
    scripts: Arc<Mutex<BTreeMap<PathBuf, Script>>>,
    fate: Arc<Fate>,
    seed: u64,
    fails: bool,
}

impl SimRunner {
    pub fn new(fate: Arc<Fate>, seed: u64, fails: bool) -> Self {
        Self { scripts: Arc::default(), fate, seed, fails }
    }

    /// Whether the script of an attempt began, and is not known to have failed: the truth for a person.
    pub fn happened(&self, key: &str) -> bool {
        let scripts = self.scripts();
        let of_key = scripts.iter().find(|(folder, _)| folder.ends_with(key));
        matches!(of_key, Some((_, Script::Begun { .. })))
    }

    fn scripts(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dice(&self, folder: &Path) -> Dice {
        let words = folder.to_string_lossy();
        let mut dice =
            Dice(words.bytes().fold(self.seed, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte)));
        dice.next();
        dice
    }
}

fn end(ending: Ending) -> ProgramEnd {
    ProgramEnd { ending, stdout: Vec::new(), stderr: Vec::new(), dropped: 0, last_line: "done".to_owned() }
}

impl Runner for SimRunner {
    type Hosted = ();

    fn start(&self, folder: &Path, _: &Program) -> Result<(), NotStarted> {
        let mut dice = self.dice(folder);
        let mut scripts = self.scripts();
        if let Some(Script::Begun { .. }) = scripts.get(folder) {
            self.fate.broken(format!("the script of `{}` was started twice", folder.display()));
        }
        let again = scripts.contains_key(folder);
        let ends = Instant::now() + Duration::from_millis(100 + dice.next() % 2000);
        let script = match dice.below(10) {
            0 if self.fails => Script::Begun { ends, ending: Some(Ending::Exited(3)) },
            1 if self.fails => Script::Begun { ends, ending: None },
            2 if self.fails && !again => Script::NeverBegan,
            _ => Script::Begun { ends, ending: Some(Ending::Exited(0)) },
        };
        scripts.insert(folder.to_owned(), script);
        Ok(())
    }

    async fn ended(&self, (): (), folder: PathBuf) -> ScriptFound {
        self.watch(folder).await
    }

    async fn watch(&self, folder: PathBuf) -> ScriptFound {
        let script = self.scripts().get(&folder).cloned();
        match script {
            None | Some(Script::NeverBegan) => ScriptFound::NeverBegan,
            Some(Script::Begun { ends, ending }) => {
                tokio::time::sleep_until(ends).await;
                ending.map_or(ScriptFound::Vanished, |ending| ScriptFound::Ended(end(ending)))
            }
        }
    }

    fn waits_for_space(&self, _: &Path) -> bool {
        false
    }

    async fn run(&self, _: Program) -> ProgramEnd {
        end(Ending::Exited(0))
    }
}
