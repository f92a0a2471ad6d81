//! Moves bytes between the engine and a provider's program: calls out, lines in, standard error into the
//! log. One caller at a time turns it, for all; nothing is read while nobody waits for an answer.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::base::limits;

use super::link::Link;
use super::process::Process;
use super::trouble::{Kind, Trouble};

/// Bytes moved at once.
const CHUNK: usize = 64 * 1024;

/// The process and what was read of it and is no whole line yet.
#[derive(Debug)]
pub(super) struct Pump {
    process: Process,
    line: Vec<u8>,
    error_line: Vec<u8>,
    out: Vec<u8>,
    err: Vec<u8>,
}

/// What a turn brought.
enum Turn {
    Woken,
    Written(std::io::Result<usize>),
    Out(std::io::Result<usize>),
    Err(std::io::Result<usize>),
}

impl Pump {
    /// Around a process.
    pub(super) fn new(process: Process) -> Self {
        let buffer = || vec![0; CHUNK];
        Self { process, line: Vec::new(), error_line: Vec::new(), out: buffer(), err: buffer() }
    }

    /// Whether the process has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.process.child.try_wait(), Ok(None))
    }

    /// Waits for the end of a process that was asked to end; its standard input is closed.
    pub(super) async fn ends(&mut self, link: &Link) -> bool {
        self.process.stdin = None;
        let ended = tokio::time::timeout(limits::PROVIDER_END_MAX, self.process.child.wait()).await;
        if ended.is_ok() {
            self.take_last_words(link).await;
        }
        ended.is_ok()
    }

    /// Waits until some bytes were moved, and tells the link of whole lines. May be dropped at any
    /// moment: nothing is lost.
    ///
    /// # Errors
    /// The program ended, or said what it must not say.
    pub(super) async fn turn(&mut self, link: &Link) -> Result<(), Trouble> {
        let chunk = link.to_be_sent(CHUNK);
        let Process { stdin, stdout, stderr, .. } = &mut self.process;
        let (writes, reads_errors) = (stdin.is_some() && !chunk.is_empty(), stderr.is_some());
        let turn = tokio::select! {
            () = link.more_to_send() => Turn::Woken,
            written = async { match stdin { Some(stdin) => stdin.write(&chunk).await, None => Ok(0) } },
                if writes => Turn::Written(written),
            read = stdout.read(&mut self.out) => Turn::Out(read),
            read = async { match stderr { Some(stderr) => stderr.read(&mut self.err).await, None => Ok(0) } },
                if reads_errors => Turn::Err(read),
        };
        match turn {
            Turn::Woken => Ok(()),
            Turn::Written(Ok(written)) => {
                link.was_sent(written);
                Ok(())
            }
            Turn::Written(Err(_)) => {
                // It reads no more; what it still says, or its end, is read below.
                self.process.stdin = None;
                Ok(())
            }
            Turn::Out(Ok(read @ 1..)) => self.take_in(read, link),
            Turn::Out(_) => Err(self.ended(link).await),
            Turn::Err(Ok(read @ 1..)) => {
                let said = self.err.get(..read).unwrap_or_default().to_vec();
                self.take_errors(&said, link);
                Ok(())
            }
            Turn::Err(_) => {
                self.process.stderr = None;
                Ok(())
            }
        }
    }

    fn take_in(&mut self, read: usize, link: &Link) -> Result<(), Trouble> {
        let mut rest = self.out.get(..read).unwrap_or_default();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            self.line.extend_from_slice(line);
            link.take_line(&self.line)?;
            self.line.clear();
            self.line.shrink_to(CHUNK);
            rest = after.get(1..).unwrap_or_default();
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > limits::PROVIDER_LINE_BYTES_MAX {
            let most = limits::PROVIDER_LINE_BYTES_MAX / (1024 * 1024);
            let message = format!("`{}` wrote a line longer than {most} MiB", link.label());
            return Err(Trouble::new(Kind::Flood, message));
        }
        Ok(())
    }

    /// Lines of standard error, each up to its bound; the rest of a longer one is left out.
    fn take_errors(&mut self, said: &[u8], link: &Link) {
        for piece in said.split_inclusive(|byte| *byte == b'\n') {
            let room = limits::PROVIDER_LOG_LINE_BYTES_MAX.saturating_sub(self.error_line.len());
            self.error_line.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                link.take_error_line(&self.error_line, piece.len() > room);
                self.error_line.clear();
            }
        }
    }

    async fn take_last_words(&mut self, link: &Link) {
        let mut rest = self.process.last_words().await;
        rest.push(b'\n');
        self.take_errors(&rest, link);
    }

    /// Why nothing comes any more.
    async fn ended(&mut self, link: &Link) -> Trouble {
        let how = self.process.how_it_ended().await;
        self.take_last_words(link).await;
        let said = link.last_words();
        let said = if said.is_empty() { said } else { format!(", saying: {said}") };
        Trouble::new(Kind::Died, format!("`{}` {how}{said}", link.label()))
    }
}
