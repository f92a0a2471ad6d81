//! What a provider's program says for people, kept beside its estate: `estates/NAME.log`, two files of
//! a bounded size. Never fails: a log that cannot be written is no reason to stop a recovery.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use crate::base::{Clock as _, SystemClock, limits};

/// Lines written between two answers; more are counted.
const LINES_AT_ONCE: u32 = 200;

/// The log, or none where nothing may be made.
#[derive(Debug)]
pub(super) struct Log {
    path: Option<PathBuf>,
    file: Option<File>,
    size: u64,
    since_answer: u32,
}

impl Log {
    /// A log at `path`; made by the first line.
    pub(super) const fn new(path: Option<PathBuf>) -> Self {
        Self { path, file: None, size: 0, since_answer: 0 }
    }

    /// Writes a line, already fit to be read, with who said it.
    pub(super) fn write(&mut self, who: &str, line: &str) {
        self.since_answer += 1;
        if self.since_answer <= LINES_AT_ONCE {
            self.put(who, line);
        }
    }

    /// An answer came: whoever was cut short may speak again.
    pub(super) fn answered(&mut self) {
        let dropped = self.since_answer.saturating_sub(LINES_AT_ONCE);
        self.since_answer = 0;
        if dropped > 0 {
            self.put("muster", &format!("{dropped} more lines are not kept"));
        }
    }

    fn put(&mut self, who: &str, line: &str) {
        let Some(path) = &self.path else { return };
        if self.size > limits::PROVIDER_LOG_BYTES_MAX {
            self.file = None;
            let _stays = fs::rename(path, path.with_extension("log.1"));
        }
        if self.file.is_none() {
            if let Some(folder) = path.parent() {
                let _there = fs::create_dir_all(folder);
            }
            self.file = OpenOptions::new().create(true).append(true).open(path).ok();
            self.size = self.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |meta| meta.len());
        }
        let text = format!("{} {who}: {line}\n", SystemClock.now());
        if let Some(file) = &mut self.file {
            let _lost = file.write_all(text.as_bytes());
            self.size += text.len() as u64;
        }
    }
}
