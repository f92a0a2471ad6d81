//! What the rules ask about programs, and the answer of this machine's disk. The rules themselves see
//! only the trait.

use std::path::Path;

/// Why a program could not be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScriptTrouble {
    /// There is none.
    Missing,
    /// It may not be executed.
    NotExecutable,
    /// It is a folder.
    Folder,
    /// A relative path that leads out of the plan's folder, by `..` or by a link.
    Outside,
}

/// Says whether programs can be run. The world behind it is the caller's.
pub trait ScriptLookup {
    /// What is wrong with `program` of a plan in `folder`; nothing if it can be run. A program with a
    /// `/` in it is a path, relative to the folder unless it is absolute; one without is found on `PATH`.
    fn trouble(&self, folder: &Path, program: &str) -> Option<ScriptTrouble>;
}

/// The programs of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskScripts;

impl ScriptLookup for DiskScripts {
    fn trouble(&self, folder: &Path, program: &str) -> Option<ScriptTrouble> {
        if program.starts_with('/') {
            return of_file(Path::new(program));
        }
        if program.contains('/') {
            let path = folder.join(program);
            if program.split('/').any(|part| part == "..") {
                return Some(ScriptTrouble::Outside);
            }
            let home = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            return match (home.canonicalize(), path.canonicalize()) {
                (Ok(home), Ok(real)) if !real.starts_with(&home) => Some(ScriptTrouble::Outside),
                (Ok(_), Ok(real)) => of_file(&real),
                (Err(_), _) | (_, Err(_)) => Some(ScriptTrouble::Missing),
            };
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut best = ScriptTrouble::Missing;
        for folder in std::env::split_paths(&path) {
            match of_file(&folder.join(program)) {
                None => return None,
                Some(ScriptTrouble::NotExecutable) => best = ScriptTrouble::NotExecutable,
                Some(ScriptTrouble::Missing | ScriptTrouble::Folder | ScriptTrouble::Outside) => {}
            }
        }
        Some(best)
    }
}

fn of_file(path: &Path) -> Option<ScriptTrouble> {
    let Ok(facts) = path.metadata() else { return Some(ScriptTrouble::Missing) };
    if facts.is_dir() {
        return Some(ScriptTrouble::Folder);
    }
    (!may_execute(&facts)).then_some(ScriptTrouble::NotExecutable)
}

#[cfg(unix)]
fn may_execute(facts: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    facts.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn may_execute(_facts: &std::fs::Metadata) -> bool {
    true
}
