//! Who drives a run: a process, named so that another process can tell whether it still lives.
//! Only says "gone" where that is certain; a process elsewhere is never judged.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Owner {
    /// The host's name.
    pub host: String,
    /// The process id.
    pub pid: u32,
    /// When it started, in the kernel's ticks since boot; 0 where that cannot be read.
    pub started: u64,
    /// The boot and the process namespace that `pid` counts in; empty where they cannot be read.
    pub space: String,
}

impl Owner {
    /// The process that asks.
    #[must_use]
    pub fn this_process() -> Self {
        let pid = std::process::id();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let started = process_stat(pid).map_or(0, |stat| stat.started);
        Self { host: host.trim().to_owned(), pid, started, space: here().unwrap_or_default() }
    }

    /// A process by its host, id and start; nobody can tell whether it lives.
    #[must_use]
    pub fn of(host: &str, pid: u32, started: u64) -> Self {
        Self { host: host.to_owned(), pid, started, space: String::new() }
    }

    /// Whether it is certain that the process has ended: it counted its id where this process does,
    /// and that id is free, belongs to a later process, or waits for its parent.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        // Two containers share a host name and a state folder but not their process ids.
        if self.space.is_empty() || self.started == 0 || here().is_none_or(|space| space != self.space) {
            return false;
        }
        match process_stat(self.pid) {
            Some(stat) => stat.ended || stat.started != self.started,
            None => !std::path::Path::new("/proc").join(self.pid.to_string()).exists(),
        }
    }

    /// Whether it is certain that the process lives.
    #[must_use]
    pub fn lives(&self) -> bool {
        let known = !self.space.is_empty() && self.started != 0;
        known && here().is_some_and(|space| space == self.space) && !self.is_gone()
    }

    pub(super) fn to_text(&self) -> String {
        match serde_json::to_string(self) {
            Ok(text) => text,
            Err(error) => crate::bug!("an owner does not serialize: {error}"),
        }
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on `{}`", self.pid, self.host)
    }
}

/// The boot and the process namespace of this process.
fn here() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.display()))
}

struct ProcessStat {
    started: u64,
    ended: bool,
}

/// State (field 3) and start (field 22) of a process.
fn process_stat(pid: u32) -> Option<ProcessStat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command in field 2 may hold blanks and brackets; the last bracket ends it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    let started = fields.nth(18)?.parse().ok()?;
    Some(ProcessStat { started, ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_its_predecessor_does_not() {
        let me = Owner::this_process();
        assert!(!me.is_gone() && me.lives());
        assert!(Owner { started: me.started + 1, ..me.clone() }.is_gone(), "the id was given out again");
        assert!(Owner { pid: 4_194_305, ..me.clone() }.is_gone(), "past the largest process id of Linux");
        let text = me.to_text();
        assert_eq!(Owner::from_text(&text), Some(me));
    }

    #[test]
    fn a_process_elsewhere_is_never_called_gone() {
        let me = Owner::this_process();
        let elsewhere = Owner::of("elsewhere", 4_194_305, 1);
        assert!(!elsewhere.is_gone() && !elsewhere.lives(), "nobody can tell");
        assert!(!Owner { space: "another boot".to_owned(), pid: 4_194_305, ..me }.is_gone());
    }
}
