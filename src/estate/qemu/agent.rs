//! The guest agent of QEMU: JSON lines over the guest's virtio-serial port, as QEMU hands it on by a unix socket.
//! Every exchange begins by agreeing on where the stream stands, and every wait has a limit: a guest that hangs
//! answers nothing. Knows no machine.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout_at};

/// From connecting to being in step with the agent. Where none listens in the guest, nobody answers.
pub(super) const GREETING_MAX: Duration = Duration::from_secs(3);
/// For what a command does: file systems with much unwritten data take seconds to freeze.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// An answer in bytes: those that are asked for here are short.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Ends whatever half a command an earlier client left in the stream, and begins the answer to a sync.
const RESET: u8 = 0xFF;
static SYNCS: AtomicU64 = AtomicU64::new(1);

/// Why an agent did not do what it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AgentTrouble {
    /// It was not reached, or did not answer; what it did is not known.
    #[error("{0}")]
    Silent(String),
    /// It answered with a no.
    #[error("{0}")]
    Refused(String),
}

/// A connection to the agent of one guest.
#[derive(Debug)]
pub(super) struct Agent {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Agent {
    /// Connects and finds the place in the stream from which answers are answers to this client.
    pub(super) async fn connect(socket: &Path, limit: Duration) -> Result<Self, AgentTrouble> {
        let deadline = Instant::now() + limit;
        let silent = || AgentTrouble::Silent("its agent does not answer".to_owned());
        let stream = timeout_at(deadline, UnixStream::connect(socket)).await.map_err(|_| silent())?;
        let stream = stream.map_err(|error| {
            let why = crate::base::words::system(&error);
            AgentTrouble::Silent(format!("its agent cannot be reached: {why}"))
        })?;
        let (reader, writer) = stream.into_split();
        let mut agent = Self { reader: BufReader::new(reader), writer };
        timeout_at(deadline, agent.sync()).await.map_err(|_| silent())??;
        Ok(agent)
    }

    async fn sync(&mut self) -> Result<(), AgentTrouble> {
        // Another one than any client before has used.
        let count = SYNCS.fetch_add(1, Ordering::Relaxed);
        let number = (u64::from(std::process::id()) << 24) | (count & 0x00FF_FFFF);
        let ask = json!({ "execute": "guest-sync-delimited", "arguments": { "id": number } });
        self.writer.write_all(&[RESET]).await.map_err(|error| gone(&error))?;
        self.send(&ask).await?;
        loop {
            // The reset is answered with a complaint, and an earlier client may have left answers.
            let line = self.line().await?;
            let Some(answer) = line.split(|byte| *byte == RESET).next_back() else { continue };
            let answer: Option<Value> = serde_json::from_slice(answer).ok();
            if answer.is_some_and(|answer| answer.get("return").and_then(Value::as_u64) == Some(number)) {
                return Ok(());
            }
        }
    }

    /// Whether it answers.
    pub(super) async fn ping(&mut self) -> Result<(), AgentTrouble> {
        self.ask("guest-ping").await.map(drop)
    }

    /// Stops all writing to the guest's file systems. Says how many were frozen.
    pub(super) async fn freeze(&mut self) -> Result<u64, AgentTrouble> {
        self.ask("guest-fsfreeze-freeze").await.map(|answer| answer.as_u64().unwrap_or_default())
    }

    /// Lets writing go on. Harmless where nothing is frozen.
    pub(super) async fn thaw(&mut self) -> Result<(), AgentTrouble> {
        self.ask("guest-fsfreeze-thaw").await.map(drop)
    }

    /// Asks the guest to power itself off. It does not answer.
    pub(super) async fn power_off(&mut self) -> Result<(), AgentTrouble> {
        let ask = json!({ "execute": "guest-shutdown", "arguments": { "mode": "powerdown" } });
        timeout_at(Instant::now() + ANSWER_MAX, self.send(&ask))
            .await
            .map_err(|_| AgentTrouble::Silent("its agent takes nothing in".to_owned()))?
    }

    async fn ask(&mut self, command: &str) -> Result<Value, AgentTrouble> {
        let exchange = async {
            self.send(&json!({ "execute": command })).await?;
            let line = self.line().await?;
            serde_json::from_slice::<Value>(&line)
                .map_err(|_| AgentTrouble::Silent("its agent's answer is cut".to_owned()))
        };
        let limit = ANSWER_MAX.as_secs();
        let answer = timeout_at(Instant::now() + ANSWER_MAX, exchange).await.map_err(|_| {
            AgentTrouble::Silent(format!("its agent did not answer `{command}` within {limit}s"))
        })??;
        match (answer.get("return"), answer.pointer("/error/desc").and_then(Value::as_str)) {
            (Some(result), _) => Ok(result.clone()),
            (None, why) => {
                let why = why.unwrap_or("no reason given").trim_end_matches('.');
                Err(AgentTrouble::Refused(format!("its agent refused `{command}`: {}", why.escape_debug())))
            }
        }
    }

    async fn send(&mut self, ask: &Value) -> Result<(), AgentTrouble> {
        self.writer.write_all(format!("{ask}\n").as_bytes()).await.map_err(|error| gone(&error))
    }

    async fn line(&mut self) -> Result<Vec<u8>, AgentTrouble> {
        let mut line = Vec::new();
        let read = (&mut self.reader)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .await
            .map_err(|error| gone(&error))?;
        if read == 0 {
            return Err(AgentTrouble::Silent("its agent's line was closed".to_owned()));
        }
        Ok(line)
    }
}

fn gone(error: &std::io::Error) -> AgentTrouble {
    AgentTrouble::Silent(format!("its agent's line broke: {}", crate::base::words::system(error)))
}
