//! The calls to one process of a provider's program: numbered, bounded in number and time, each answered
//! once. Whoever waits for an answer moves the bytes of all, so no task has to. After the first thing
//! that must not be, the process is killed and every open call learns why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::base::limits;
use crate::base::time::format_duration;

use super::log::Log;
use super::message::{Call, CallLine, Level, Wrong};
use super::process::{self, Group, Program};
use super::pump::Pump;
use super::raw::{self, Line};
use super::trouble::{Kind, Trouble};
use super::words::Secrets;

/// Calls given up whose late answers are still known for what they are.
const GIVEN_UP_MAX: usize = 1024;

/// The text of an answer, or what the program says is wrong.
pub(super) type Answer = Result<String, Wrong>;

type Waiting = oneshot::Sender<Result<Answer, Trouble>>;

/// A process of the program.
#[derive(Debug)]
pub(super) struct Link {
    label: String,
    secrets: Secrets,
    calls: Mutex<Calls>,
    voice: Mutex<Voice>,
    pump: tokio::sync::Mutex<Pump>,
    wake: Notify,
    slots: Semaphore,
    group: Group,
    proved: AtomicBool,
}

#[derive(Debug, Default)]
struct Calls {
    last: u64,
    open: BTreeMap<u64, Waiting>,
    given_up: BTreeSet<u64>,
    out: Vec<u8>,
    lines: u32,
    dead: Option<Trouble>,
}

/// What it says besides answers.
#[derive(Debug)]
struct Voice {
    log: Log,
    last_words: String,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that is given up unless it is answered.
struct Open<'a> {
    link: &'a Link,
    id: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut calls = locked(&self.link.calls);
        if calls.open.remove(&self.id).is_some() {
            calls.given_up.insert(self.id);
            if calls.given_up.len() > GIVEN_UP_MAX {
                calls.given_up.pop_first();
            }
        }
    }
}

impl Link {
    /// Starts the program. It takes one call at a time until `allow` says more.
    pub(super) fn start(program: &Program, secrets: Secrets, log: Log) -> Result<Self, Trouble> {
        let (process, group) = process::start(program)?;
        Ok(Self {
            label: program.label(),
            secrets,
            calls: Mutex::default(),
            voice: Mutex::new(Voice { log, last_words: String::new() }),
            pump: tokio::sync::Mutex::new(Pump::new(process)),
            wake: Notify::new(),
            slots: Semaphore::new(1),
            group,
            proved: AtomicBool::new(false),
        })
    }

    /// What the program is called.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Allows so many calls at once.
    pub(super) fn allow(&self, at_once: usize) {
        self.slots.add_permits(at_once.min(limits::PROVIDER_AT_ONCE_MAX).saturating_sub(1));
    }

    /// Notes that an answer of it was of use.
    pub(super) fn prove(&self) {
        self.proved.store(true, Ordering::Relaxed);
    }

    /// Whether an answer of it was of use.
    pub(super) fn is_proved(&self) -> bool {
        self.proved.load(Ordering::Relaxed)
    }

    /// Why it takes no calls any more; none while it does.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        if let Some(dead) = &locked(&self.calls).dead {
            return Some(dead.clone());
        }
        // While somebody turns the pump, its end will be seen there.
        let ended = self.pump.try_lock().is_ok_and(|mut pump| pump.has_ended());
        ended.then(|| {
            let trouble = Trouble::before(Kind::Died, format!("`{}` ended by itself", self.label));
            self.end(&trouble);
            trouble
        })
    }

    /// Asks, and waits up to `limit` for the answer. Not sent after `send_by`.
    ///
    /// # Errors
    /// No answer came, or none that may be believed; the process is gone then.
    pub(super) async fn call(
        &self,
        call: &Call<'_>,
        limit: Duration,
        send_by: Instant,
    ) -> Result<Answer, Trouble> {
        let Ok(Ok(_slot)) = timeout_at(send_by, self.slots.acquire()).await else {
            let message = format!("`{}` is busy with other calls", self.label);
            return Err(Trouble::before(Kind::Busy, message));
        };
        let (_open, mut answer) = self.open(call)?;
        if let Ok(answer) = timeout(limit, self.turn_until(&mut answer)).await {
            return answer;
        }
        let (word, within) = (call.word(), format_duration(limit));
        let message = format!("`{}` did not answer `{word}` within {within} and was killed", self.label);
        let trouble = Trouble::new(Kind::Silent, message);
        self.end(&trouble);
        Err(trouble)
    }

    fn open(
        &self,
        call: &Call<'_>,
    ) -> Result<(Open<'_>, oneshot::Receiver<Result<Answer, Trouble>>), Trouble> {
        let mut calls = locked(&self.calls);
        if let Some(dead) = &calls.dead {
            return Err(Trouble::before(dead.kind, dead.message.clone()));
        }
        calls.last += 1;
        let id = calls.last;
        let text = match serde_json::to_string(&CallLine { id, call }) {
            Ok(text) => text,
            Err(error) => crate::bug!("a call does not serialize: {error}"),
        };
        calls.out.extend_from_slice(text.as_bytes());
        calls.out.push(b'\n');
        let (sender, answer) = oneshot::channel();
        calls.open.insert(id, sender);
        drop(calls);
        self.wake.notify_one();
        Ok((Open { link: self, id }, answer))
    }

    /// Waits for an answer, and moves everybody's bytes while nobody else does.
    async fn turn_until(
        &self,
        answer: &mut oneshot::Receiver<Result<Answer, Trouble>>,
    ) -> Result<Answer, Trouble> {
        let gone = || Err(Trouble::new(Kind::Died, format!("`{}` is gone", self.label)));
        let mut pump = tokio::select! {
            biased;
            got = &mut *answer => return got.unwrap_or_else(|_| gone()),
            pump = self.pump.lock() => pump,
        };
        loop {
            tokio::select! {
                biased;
                got = &mut *answer => return got.unwrap_or_else(|_| gone()),
                turned = pump.turn(self) => {
                    if let Err(trouble) = turned {
                        self.end(&trouble);
                    }
                }
            }
        }
    }

    /// Kills the process with all that it started; every open call ends with the trouble.
    pub(super) fn end(&self, trouble: &Trouble) {
        let open = {
            let mut calls = locked(&self.calls);
            calls.dead.get_or_insert_with(|| trouble.clone());
            std::mem::take(&mut calls.open)
        };
        self.group.kill();
        locked(&self.voice).log.write("muster", &trouble.text());
        for waiting in open.into_values() {
            // Whoever gave the call up does not listen.
            let _unheard = waiting.send(Err(Trouble::new(trouble.kind, trouble.message.clone())));
        }
    }

    /// Asks the program to end, and sees to it that it does. Says whether it did so by itself.
    pub(super) async fn close(&self) -> bool {
        let mut ended = false;
        let send_by = Instant::now() + limits::PROVIDER_END_MAX;
        if self.trouble().is_none() {
            let answered = self.call(&Call::Bye {}, limits::PROVIDER_END_MAX, send_by).await;
            if answered.is_ok()
                && let Ok(mut pump) = timeout_at(send_by, self.pump.lock()).await
            {
                ended = pump.ends(self).await;
            }
        }
        self.end(&Trouble::before(Kind::Closed, format!("`{}` was asked to end", self.label)));
        ended
    }

    /// The next bytes for the program.
    pub(super) fn to_be_sent(&self, most: usize) -> Vec<u8> {
        locked(&self.calls).out.iter().take(most).copied().collect()
    }

    /// So many of them are out.
    pub(super) fn was_sent(&self, bytes: usize) {
        let mut calls = locked(&self.calls);
        let sent = bytes.min(calls.out.len());
        calls.out.drain(..sent);
    }

    /// Waits until there may be more to send.
    pub(super) async fn more_to_send(&self) {
        self.wake.notified().await;
    }

    /// Takes a line of standard output.
    pub(super) fn take_line(&self, bytes: &[u8]) -> Result<(), Trouble> {
        if bytes.trim_ascii().is_empty() {
            return self.count_line();
        }
        let line = raw::read(bytes).map_err(|why| {
            let message = format!("`{}` wrote a line that {why}: `{}`", self.label, self.excerpt(bytes));
            Trouble::new(Kind::Garbage, message)
        })?;
        match line {
            Line::Log(level, text) => {
                let said = self.secrets.sentence(&text);
                let who = match level {
                    Level::Info => "info",
                    Level::Warning => "warning",
                    Level::Error => "error",
                };
                locked(&self.voice).log.write(who, &said);
                self.count_line()
            }
            Line::Answer(id, answer) => self.take_answer(id, answer.map(str::to_owned)),
        }
    }

    fn count_line(&self) -> Result<(), Trouble> {
        let mut calls = locked(&self.calls);
        calls.lines += 1;
        if calls.lines > limits::PROVIDER_LINES_MAX {
            let most = limits::PROVIDER_LINES_MAX;
            let message = format!("`{}` wrote more than {most} lines between two answers", self.label);
            return Err(Trouble::new(Kind::Flood, message));
        }
        Ok(())
    }

    fn take_answer(&self, id: u64, answer: Answer) -> Result<(), Trouble> {
        let mut calls = locked(&self.calls);
        if let Some(waiting) = calls.open.remove(&id) {
            calls.lines = 0;
            drop(calls);
            locked(&self.voice).log.answered();
            let _unheard = waiting.send(Ok(answer));
            return Ok(());
        }
        if calls.given_up.remove(&id) {
            drop(calls);
            locked(&self.voice).log.write("muster", "an answer to a call that was given up is left unread");
            return self.count_line();
        }
        let why = if id <= calls.last { "was answered already" } else { "was never made" };
        let message = format!("`{}` answered the call {id}, which {why}", self.label);
        Err(Trouble::new(Kind::NotAsked, message))
    }

    /// Takes a line of standard error; `cut` where it was longer.
    pub(super) fn take_error_line(&self, bytes: &[u8], cut: bool) {
        let said = self.clean(bytes.to_vec(), cut, limits::PROVIDER_TEXT_CHARS_MAX);
        if !said.is_empty() {
            let mut voice = locked(&self.voice);
            voice.log.write("stderr", &said);
            voice.last_words = said;
        }
    }

    /// The last line of standard error.
    pub(super) fn last_words(&self) -> String {
        locked(&self.voice).last_words.clone()
    }

    fn excerpt(&self, bytes: &[u8]) -> String {
        let most = limits::PROVIDER_LOG_LINE_BYTES_MAX;
        let start = bytes.get(..most).unwrap_or(bytes).to_vec();
        self.clean(start, bytes.len() > most, 80).replace('`', "'")
    }

    fn clean(&self, mut bytes: Vec<u8>, cut: bool, most: usize) -> String {
        self.secrets.hide(&mut bytes, cut);
        crate::base::words::one_line(&String::from_utf8_lossy(&bytes), most)
    }
}
