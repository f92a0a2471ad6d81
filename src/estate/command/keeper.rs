//! Keeps a provider's program running: starts it when it is needed, greets it, and starts it again after
//! it ended, at growing intervals. Knows no act.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::base::limits;
use crate::base::words as english;

use super::link::Link;
use super::log::Log;
use super::message::{Call, Hello, PROTOCOL, Purpose, VERBS, Version};
use super::process::Program;
use super::raw;
use super::trouble::{Kind, Sent, Trouble};
use super::words::Secrets;

/// The pause before the second start after one that was of no use; doubled by each.
const PAUSE: Duration = Duration::from_millis(100);

/// What the program is told of the estate.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) estate: String,
    pub(super) purpose: Purpose,
    pub(super) folder: PathBuf,
}

/// A process that was greeted.
#[derive(Clone, Debug)]
pub(super) struct Greeted {
    pub(super) link: Arc<Link>,
    pub(super) hello: Arc<Hello>,
}

/// Keeps the program.
#[derive(Debug)]
pub(super) struct Keeper {
    program: Program,
    secrets: Secrets,
    log: Option<PathBuf>,
    about: About,
    kept: tokio::sync::Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    greeted: Option<Greeted>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Kept {
    /// Notes that a process was of no use, or is no more.
    fn failed(&mut self, was_of_use: bool) {
        self.failures = if was_of_use { 0 } else { self.failures.saturating_add(1) };
        let doubled = PAUSE.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        let pause = if self.failures == 0 { Duration::ZERO } else { doubled };
        self.not_before = Some(Instant::now() + pause.min(limits::PROVIDER_PAUSE_MAX));
    }
}

impl Keeper {
    /// For a program that is not started yet.
    pub(super) fn new(program: Program, secrets: Secrets, log: Option<PathBuf>, about: About) -> Self {
        Self { program, secrets, log, about, kept: tokio::sync::Mutex::default() }
    }

    /// The secrets that nobody is to see.
    pub(super) const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What the program is called.
    pub(super) fn label(&self) -> String {
        self.program.label()
    }

    /// The process to ask, started if there is none. Takes until `send_by` at most.
    ///
    /// # Errors
    /// It does not start, or is not who it should be. The call was not sent.
    pub(super) async fn greeted(&self, send_by: Instant) -> Result<Greeted, Trouble> {
        let busy = |why: &str| Trouble::before(Kind::Busy, format!("`{}` {why}", self.label()));
        let Ok(mut kept) = timeout_at(send_by, self.kept.lock()).await else {
            return Err(busy("is being started still"));
        };
        if let Some(greeted) = kept.greeted.take() {
            match greeted.link.trouble() {
                None => {
                    kept.greeted = Some(greeted.clone());
                    return Ok(greeted);
                }
                Some(trouble) if trouble.kind == Kind::Closed => kept.failed(true),
                Some(_) => kept.failed(greeted.link.is_proved()),
            }
        }
        let mut last = busy("ends again and again, and is started again within a minute");
        for _ in 0..limits::PROVIDER_STARTS_MAX {
            let begin = kept.not_before.map_or_else(Instant::now, |until| until.max(Instant::now()));
            if begin + limits::PROVIDER_START_MAX > send_by {
                return Err(last);
            }
            sleep_until(begin).await;
            match self.start().await {
                Ok(greeted) => {
                    kept.greeted = Some(greeted.clone());
                    return Ok(greeted);
                }
                Err(trouble) => {
                    kept.failed(false);
                    last = Trouble { sent: Sent::Never, ..trouble };
                    if last.kind != Kind::NotStarted {
                        return Err(last);
                    }
                }
            }
        }
        Err(last)
    }

    async fn start(&self) -> Result<Greeted, Trouble> {
        let log = Log::new(self.log.clone());
        let link = Arc::new(Link::start(&self.program, self.secrets.clone(), log)?);
        let call = Call::Hello {
            protocol: PROTOCOL,
            engine: concat!("muster ", env!("CARGO_PKG_VERSION")),
            estate: &self.about.estate,
            purpose: self.about.purpose,
            folder: &self.about.folder.to_string_lossy(),
        };
        let soon = Instant::now() + limits::PROVIDER_START_MAX;
        let answer = link.call(&call, limits::PROVIDER_START_MAX, soon).await;
        let hello = answer.map_err(|trouble| match trouble.kind {
            Kind::Died => Trouble { kind: Kind::NotStarted, ..trouble },
            _ => trouble,
        })?;
        let hello = hello
            .map_err(|wrong| {
                let why = super::judge::message(&wrong);
                let message = format!("`{}` declined: {}", self.label(), self.secrets.sentence(why));
                Trouble::new(Kind::NotStarted, message)
            })
            .and_then(|text| self.judge(&text));
        match hello {
            Ok(hello) => {
                link.allow(hello.at_once as usize);
                Ok(Greeted { link, hello: Arc::new(hello) })
            }
            Err(trouble) => {
                link.end(&trouble);
                Err(trouble)
            }
        }
    }

    /// Whether whoever answered can be worked with.
    fn judge(&self, text: &str) -> Result<Hello, Trouble> {
        let label = self.label();
        let garbage =
            |why: String| Trouble::new(Kind::Garbage, format!("the first answer of `{label}` {why}"));
        let version: Version = raw::typed(text).map_err(garbage)?;
        if version.protocol != PROTOCOL {
            let theirs = version.protocol;
            let message =
                format!("`{label}` speaks version {theirs} of the protocol, the engine speaks {PROTOCOL}");
            return Err(Trouble::new(Kind::Version, message));
        }
        let mut hello: Hello = raw::typed(text).map_err(garbage)?;
        let lacks: Vec<&str> =
            VERBS.into_iter().filter(|verb| !hello.verbs.iter().any(|known| known == verb)).collect();
        if !lacks.is_empty() {
            let message = format!("`{label}` does not know {}", english::list(&lacks, 10));
            return Err(Trouble::new(Kind::Lacks, message));
        }
        if !(1..=limits::PROVIDER_AT_ONCE_MAX).contains(&(hello.at_once as usize)) {
            let most = limits::PROVIDER_AT_ONCE_MAX;
            return Err(garbage(format!(
                "takes {} calls at once, from 1 to {most} are possible",
                hello.at_once
            )));
        }
        hello.name = self.secrets.sentence(&hello.name);
        hello.version = self.secrets.sentence(&hello.version);
        Ok(hello)
    }

    /// Asks the program to end, if it runs, and says whether it ended by itself. The next call starts it
    /// again.
    pub(super) async fn close(&self) -> bool {
        let greeted = self.kept.lock().await.greeted.take();
        match greeted {
            Some(greeted) => greeted.link.close().await,
            None => true,
        }
    }
}
