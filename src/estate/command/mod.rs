//! The provider of anyone's program: spoken to in JSON lines over its standard input and output, one
//! process for as long as it lives. `docs/providers.md` is its contract.
//!
//! Nothing that the program says is believed unseen: sizes, depths and times are bounded, each answer
//! has to be about what was asked, and whatever must not be ends in a killed process group, a code, and
//! for an act in an unknown outcome that is looked up by its key.

mod exam;
mod judge;
mod keeper;
mod link;
mod log;
pub mod message;
mod process;
mod pump;
mod raw;
mod settings;
mod trouble;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::{Clock, SystemClock, Timestamp, limits};
use crate::event::{
    Artifact, ArtifactKind, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress,
    Request, Submitted,
};
use crate::inventory::{self, Inventory};
use crate::source::Diagnostic;

use super::Estate;
use judge::{Doubt, Subject};
use keeper::{About, Greeted, Keeper};
use message::{Announced, Call, Cancelled, Hello, Probed, Remaining, Seen, Standing};
use trouble::{Kind, Sent, Trouble};
use words::Secrets;

pub use exam::{Examination, Mark, Told, Wish, examine};
pub use message::Purpose;
pub use process::Program;
pub use settings::{CommandOptions, Hidden, place};

/// How often a call that only reads is asked again where the program ended in the middle of it.
const READ_AGAIN: u32 = 1;
/// How often a call is sent after all, where another one ended the program before it was its turn.
const SENT_AGAIN: u32 = 16;

/// The provider.
#[derive(Debug)]
pub struct Command {
    keeper: Keeper,
    clock: Arc<SystemClock>,
    timeout: Duration,
    kill_after_acts: bool,
}

impl Command {
    /// Opens an estate behind a program. Starts nothing: the first call does.
    #[must_use]
    pub fn open(options: CommandOptions) -> Self {
        let CommandOptions { estate, program, secrets, timeout, purpose, folder, log, kill_after_acts } =
            options;
        let about = About { estate, purpose, folder };
        Self {
            keeper: Keeper::new(program, Secrets::new(secrets.0), log, about),
            clock: Arc::new(SystemClock),
            timeout,
            kill_after_acts,
        }
    }

    /// Who answers: starts the program if it does not run.
    ///
    /// # Errors
    /// It does not start, or cannot be worked with.
    pub async fn hello(&self) -> Result<Hello, Diagnostic> {
        let greeted = self.greeted().await.map_err(|trouble| trouble.diagnostic())?;
        Ok(Hello::clone(&greeted.hello))
    }

    /// Asks the program to end. A later call starts it again.
    /// Says whether it did so by itself.
    pub async fn close(&self) -> bool {
        self.keeper.close().await
    }

    fn send_by(&self) -> Instant {
        Instant::now() + limits::PROVIDER_WHOLE_MAX.saturating_sub(self.timeout)
    }

    async fn greeted(&self) -> Result<Greeted, Trouble> {
        self.keeper.greeted(self.send_by()).await
    }

    /// Asks, and has the answer read. What only reads is asked once more where the program ended.
    async fn ask<T>(
        &self,
        call: Call<'_>,
        read: impl Fn(&str) -> Result<T, Doubt>,
    ) -> Result<Result<T, EstateError>, Trouble> {
        let send_by = self.send_by();
        let (mut read_again, mut sent_again) = (READ_AGAIN, SENT_AGAIN);
        loop {
            let Greeted { link, .. } = self.keeper.greeted(send_by).await?;
            let answer = match link.call(&call, self.timeout, send_by).await {
                Ok(answer) => answer,
                Err(trouble) => {
                    let (harmless, left) = match trouble.sent {
                        Sent::Perhaps => (call.reads() && trouble.kind == Kind::Died, &mut read_again),
                        Sent::Never => (trouble.kind != Kind::Busy, &mut sent_again),
                    };
                    if !harmless || *left == 0 || Instant::now() > send_by {
                        return Err(trouble);
                    }
                    *left -= 1;
                    continue;
                }
            };
            let judged = match answer {
                Ok(text) => read(&text).map(Ok),
                Err(wrong) => judge::error(wrong, self.keeper.secrets()).map(Err),
            };
            return match judged {
                Ok(answer) => {
                    link.prove();
                    if self.kill_after_acts && matches!(call, Call::Submit { .. }) {
                        link.end(&Trouble::before(Kind::Closed, "killed by the test"));
                    }
                    Ok(answer)
                }
                Err((kind, why)) => {
                    let message =
                        format!("the answer of `{}` to `{}` {why}", self.keeper.label(), call.word());
                    let trouble = Trouble::new(kind, message);
                    link.end(&trouble);
                    Err(trouble)
                }
            };
        }
    }
}

/// The copy of a machine's test, of a program that names nothing itself: there is one at most.
fn unnamed_copy(machine: &str) -> Artifact {
    Artifact::new(machine, ArtifactKind::Copy, format!("test copy of {machine}"))
}

/// The answer as one of the types of the protocol.
fn typed<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Doubt> {
    raw::typed(text).map_err(|why| (Kind::Garbage, why))
}

impl Estate for Command {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        let asked = self.ask(Call::Inventory {}, |text| Ok(text.to_owned())).await;
        let text = asked.map_err(Trouble::of_look)??;
        let mut bytes = text.into_bytes();
        self.keeper.secrets().hide(&mut bytes, false);
        let mut inventory = inventory::read(&self.keeper.label(), &bytes).map_err(|found| {
            let more = found.len().saturating_sub(1);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let first = found.first().map(|first| format!("{} [{}]", first.message, first.code));
            EstateError::Refused {
                code: "provider_inventory".to_owned(),
                message: format!("{}{more}", first.unwrap_or_default()),
            }
        })?;
        // What only the simulator reads.
        inventory.sim = None;
        Ok(inventory)
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        if !request.makes_for_a_test() {
            return Ok(Vec::new());
        }
        if !self.greeted().await.map_err(Trouble::of_look)?.hello.artifacts {
            let makes = matches!(request, Request::FailOver { .. });
            let machines = request.machines().iter().filter(|_| makes);
            return Ok(machines.map(|machine| unnamed_copy(machine)).collect());
        }
        let asked = self.ask(Call::WillCreate { key, request }, |text| {
            judge::announced(
                typed::<Announced>(text)?,
                key.as_str(),
                request.machines(),
                self.keeper.secrets(),
            )
        });
        asked.await.map_err(Trouble::of_look)?
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        if self.greeted().await.map_err(Trouble::of_look)?.hello.artifacts {
            let asked = self.ask(Call::Remains { machines }, |text| {
                judge::remaining(typed::<Remaining>(text)?, machines, self.keeper.secrets())
            });
            return asked.await.map_err(Trouble::of_look)?;
        }
        // What it can say is whether there is a copy: one that is there runs, or has an address.
        let mut found = Vec::new();
        for machine in machines {
            let seen = self.observe(machine, true).await?;
            let there = seen.target_running == Some(true) || seen.address.is_some();
            found.extend(there.then(|| unnamed_copy(machine)));
        }
        Ok(found)
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        let greeted = self.greeted().await.map_err(Trouble::of_act)?;
        if !greeted.hello.verbs.iter().any(|known| known == request.verb()) {
            let message = format!("`{}` does not know `{}`", self.keeper.label(), request.verb());
            return Err(EstateError::Refused { code: "not_supported".to_owned(), message });
        }
        let machines = judge::subject_of(request);
        let subject = Subject { key: key.as_str(), machines: &machines };
        let asked = self.ask(Call::Submit { key, request }, |text| {
            judge::submitted(typed::<Standing>(text)?, subject, self.keeper.secrets())
        });
        asked.await.map_err(Trouble::of_act)??
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        let (subject, own) = judge::unpack(handle)?;
        let asked = self.ask(Call::Poll { key: subject.key, handle: own }, |text| {
            judge::progress(typed::<Standing>(text)?, subject, handle, self.keeper.secrets())
        });
        asked.await.map_err(Trouble::of_look)?
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        let (subject, own) = judge::unpack(handle)?;
        if !self.greeted().await.map_err(Trouble::of_look)?.hello.cancel {
            let message = format!("`{}` gives up no act that goes on", self.keeper.label());
            return Err(EstateError::Refused { code: "no_cancel".to_owned(), message });
        }
        let asked = self.ask(Call::Cancel { key: subject.key, handle: own }, |text| {
            let cancelled: Cancelled = typed(text)?;
            if cancelled.key == subject.key {
                return Ok(());
            }
            Err((Kind::Subject, format!("is about another key than `{}`", subject.key)))
        });
        asked.await.map_err(Trouble::of_act)?
    }

    async fn find(&self, key: &Key, request: &Request, since: Timestamp) -> Result<Found, EstateError> {
        let machines = judge::subject_of(request);
        let subject = Subject { key: key.as_str(), machines: &machines };
        let asked = self.ask(Call::Find { key, request, since }, |text| {
            judge::found(typed::<Standing>(text)?, subject, self.keeper.secrets())
        });
        asked.await.map_err(Trouble::of_look)?
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        let asked = self.ask(Call::Observe { machine, test }, |text| {
            judge::observation(typed::<Seen>(text)?, machine, self.keeper.secrets())
        });
        asked.await.map_err(Trouble::of_look)?
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        let machine = match probe {
            Probe::Heartbeat { machine, .. } => Some(machine.as_str()),
            Probe::Tcp { .. } | Probe::Http { .. } => {
                let greeted = self.greeted().await.map_err(|trouble| trouble.text())?;
                if !greeted.hello.probes {
                    return super::real_probe(probe).await;
                }
                None
            }
        };
        let asked = self.ask(Call::Probe { probe }, |text| {
            judge::probed(&typed::<Probed>(text)?, machine, self.keeper.secrets())
        });
        match asked.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(error.to_string()),
            Err(trouble) => Err(trouble.text()),
        }
    }
}
