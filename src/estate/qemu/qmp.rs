//! A client of QEMU's machine protocol: JSON lines over a unix socket. One reader; replies are told
//! apart by id, events are queued. Every wait has a limit. Knows no command's meaning.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout_at};

use crate::estate::trouble::Trouble;

/// A socket serves one client: a second one connects and is not greeted.
const GREETING_MAX: Duration = Duration::from_secs(3);
/// From a command to its reply.
const REPLY_MAX: Duration = Duration::from_secs(10);
/// A reply in bytes: the nodes of a thousand machines with long chains.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Events kept; the oldest are dropped, for what they say is asked for again by queries.
const EVENTS_MAX: usize = 1024;

/// Why a command has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum QmpTrouble {
    /// The connection is gone, or nobody answered in time.
    Gone(String),
    /// QEMU said no: class and description.
    Refused(String, String),
}

impl QmpTrouble {
    /// As a step's trouble: a lost connection is tried again, a refusal is an outcome.
    pub(super) fn at(self, doing: &str) -> Trouble {
        match self {
            Self::Gone(why) => Trouble::Later(format!("cannot {doing}: {why}")),
            Self::Refused(_, why) => {
                let code = if why.contains("No space left") { "no_space" } else { "qemu_refused" };
                Trouble::Retry(code, format!("cannot {doing}: {}", why.trim_end_matches('.')))
            }
        }
    }
}

/// A connection on which commands are understood.
#[derive(Debug)]
pub(super) struct Qmp {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    next: u64,
    events: VecDeque<Value>,
    alive: bool,
}

impl Qmp {
    /// Connects, reads the greeting and asks for commands.
    pub(super) async fn connect(socket: &Path) -> Result<Self, QmpTrouble> {
        let deadline = Instant::now() + GREETING_MAX;
        let stream = timeout_at(deadline, UnixStream::connect(socket))
            .await
            .map_err(|_| QmpTrouble::Gone("its socket did not take the connection within 3s".to_owned()))?
            .map_err(|error| QmpTrouble::Gone(format!("its socket does not answer: {error}")))?;
        let (reader, writer) = stream.into_split();
        let mut qmp =
            Self { reader: BufReader::new(reader), writer, next: 1, events: VecDeque::new(), alive: true };
        let greeting = timeout_at(deadline, qmp.line()).await.map_err(|_| {
            QmpTrouble::Gone("it did not greet within 3s, so somebody else holds its socket".to_owned())
        })??;
        if greeting.get("QMP").is_none() {
            return Err(QmpTrouble::Gone(format!("it greeted with `{greeting}`")));
        }
        qmp.call("qmp_capabilities", json!({})).await?;
        Ok(qmp)
    }

    /// Whether the connection can be used still.
    pub(super) const fn is_alive(&self) -> bool {
        self.alive
    }

    /// Events that arrived, oldest first.
    pub(super) fn take_events(&mut self) -> Vec<Value> {
        self.events.drain(..).collect()
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn call(&mut self, command: &str, arguments: Value) -> Result<Value, QmpTrouble> {
        if !self.alive {
            return Err(QmpTrouble::Gone("the connection is lost".to_owned()));
        }
        // Whatever ends this early leaves the line out of step: only a whole reply revives it.
        self.alive = false;
        let id = self.next;
        self.next += 1;
        let mut text = json!({ "execute": command, "arguments": arguments, "id": id }).to_string();
        text.push('\n');
        let deadline = Instant::now() + REPLY_MAX;
        let late = || QmpTrouble::Gone(format!("`{command}` was not answered within 10s"));
        timeout_at(deadline, self.writer.write_all(text.as_bytes()))
            .await
            .map_err(|_| late())?
            .map_err(|error| QmpTrouble::Gone(error.to_string()))?;
        let reply = timeout_at(deadline, self.reply(id)).await.map_err(|_| late())??;
        self.alive = true;
        match (reply.get("return"), reply.get("error")) {
            (Some(result), _) => Ok(result.clone()),
            (None, error) => {
                let part = |key| error.and_then(|error| error.get(key)).and_then(Value::as_str);
                Err(QmpTrouble::Refused(
                    part("class").unwrap_or("GenericError").to_owned(),
                    part("desc").unwrap_or("no reason given").to_owned(),
                ))
            }
        }
    }

    async fn reply(&mut self, id: u64) -> Result<Value, QmpTrouble> {
        loop {
            let line = self.line().await?;
            if line.get("event").is_some() {
                if self.events.len() == EVENTS_MAX {
                    self.events.pop_front();
                }
                self.events.push_back(line);
            } else if line.get("id").and_then(Value::as_u64) == Some(id) {
                return Ok(line);
            }
        }
    }

    async fn line(&mut self) -> Result<Value, QmpTrouble> {
        let mut text = Vec::new();
        let read = (&mut self.reader)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut text)
            .await
            .map_err(|error| QmpTrouble::Gone(error.to_string()))?;
        if read == 0 {
            return Err(QmpTrouble::Gone("it closed the connection".to_owned()));
        }
        serde_json::from_slice(&text).map_err(|error| QmpTrouble::Gone(format!("its answer is cut: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    fn serve(answers: &'static [&'static str]) -> (tempfile::TempDir, impl Future<Output = ()>) {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let server = async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let (greeting, rest) = answers.split_first().unwrap();
            writer.write_all(format!("{greeting}\n").as_bytes()).await.unwrap();
            for answer in rest {
                if lines.next_line().await.unwrap().is_none() {
                    return;
                }
                writer.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
            }
        };
        (folder, server)
    }

    #[tokio::test]
    async fn events_before_a_reply_are_queued_and_replies_go_by_id() {
        let (folder, server) = serve(&[
            r#"{"QMP":{}}"#,
            r#"{"return":{},"id":1}"#,
            "{\"event\":\"A\"}\n{\"return\":7,\"id\":99}\n{\"return\":8,\"id\":2}",
            r#"{"error":{"class":"GenericError","desc":"No space left on device"},"id":3}"#,
        ]);
        let client = async {
            let mut qmp = Qmp::connect(&folder.path().join("s")).await.unwrap();
            assert_eq!(qmp.call("x", json!({})).await.unwrap(), json!(8));
            assert_eq!(qmp.take_events(), [json!({"event":"A"})]);
            let refused = qmp.call("y", json!({})).await.unwrap_err();
            assert!(matches!(refused.clone().at("do it"), Trouble::Retry("no_space", _)), "{refused:?}");
            assert!(qmp.is_alive());
            assert!(matches!(qmp.call("z", json!({})).await, Err(QmpTrouble::Gone(_))));
            assert!(!qmp.is_alive());
        };
        tokio::join!(client, server);
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_does_not_greet_is_given_up_after_three_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let _listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let trouble = Qmp::connect(&folder.path().join("s")).await.unwrap_err();
        assert!(matches!(trouble, QmpTrouble::Gone(why) if why.contains("did not greet within 3s")));
    }
}
