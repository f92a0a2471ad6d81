//! Stops all writing in the guests of a point, so that what their applications have said is written is on their
//! disks when these are cut, and lets it go on. Who is frozen is durable before anybody is: an engine that ends
//! in between is followed by one that thaws before it does anything else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

use super::agent::AgentTrouble;
use super::files;
use super::hands::Hands;
use crate::estate::trouble::Trouble;

/// One that could not be thawed is tried again after this long, and not by every look at the estate.
const AGAIN: Duration = Duration::from_secs(5);

/// Guests that may be frozen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Frozen {
    /// `muster.frozen/1`
    format: String,
    guests: Vec<OfGuest>,
    /// When thawing was tried last and did not come about for all.
    #[serde(default)]
    tried: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct OfGuest {
    machine: String,
    site: String,
}

impl Frozen {
    fn read(hands: &Hands<'_>) -> Result<Self, Trouble> {
        let known = files::read_json(&hands.estate.layout.frozen())?;
        Ok(known.unwrap_or(Self { format: "muster.frozen/1".to_owned(), guests: Vec::new(), tried: None }))
    }

    fn keep(&self, hands: &Hands<'_>) -> Result<(), Trouble> {
        let path = hands.estate.layout.frozen();
        if self.guests.is_empty() { files::remove(&path) } else { files::write_json(&path, self) }
    }
}

/// Freezes the guests of these machines, or none of them.
pub(super) async fn freeze(hands: &Hands<'_>, site: &str, machines: &[String]) -> Result<(), Trouble> {
    for machine in machines {
        if let Err(why) = freeze_one(hands, site, machine).await? {
            // What does not thaw stays on record, and is thawed by a later call.
            let _tried = thaw(hands).await;
            let message =
                format!("`{machine}` was not quiesced, so no application-consistent point was taken: {why}");
            return Err(Trouble::Retry("not_quiesced", message));
        }
    }
    Ok(())
}

async fn freeze_one(hands: &Hands<'_>, site: &str, machine: &str) -> Result<Result<(), String>, Trouble> {
    let Some((guest, spec)) = hands.guest(machine, hands.side(site)?, false) else {
        return Ok(Err("it is a machine of disks only, and has no guest".to_owned()));
    };
    if !spec.agent {
        return Ok(Err("its guest has no agent".to_owned()));
    }
    let mut agent = match guest.agent(hands).await {
        Ok(agent) => agent,
        Err(trouble) => return Ok(Err(trouble.to_string())),
    };
    // On record just before it may be frozen: one that nobody could ask needs no thawing.
    let mut record = Frozen::read(hands)?;
    record.guests.push(OfGuest { machine: machine.to_owned(), site: site.to_owned() });
    record.keep(hands)?;
    Ok(match agent.freeze().await {
        Ok(0) => Err("its guest has no file system that can be frozen".to_owned()),
        Ok(_) => Ok(()),
        Err(trouble) => Err(trouble.to_string()),
    })
}

/// Lets writing go on wherever an engine that ended may have stopped it, unless that was tried just now.
pub(super) async fn thaw_left(hands: &Hands<'_>) -> Result<(), Trouble> {
    let tried = Frozen::read(hands)?.tried;
    if tried.is_some_and(|tried| hands.now().apart(tried) < AGAIN) {
        return Ok(());
    }
    thaw(hands).await
}

/// Lets writing go on wherever it may be stopped. A guest that is gone writes nothing more.
pub(super) async fn thaw(hands: &Hands<'_>) -> Result<(), Trouble> {
    let mut record = Frozen::read(hands)?;
    if record.guests.is_empty() {
        return Ok(());
    }
    let mut still = Vec::new();
    for of in std::mem::take(&mut record.guests) {
        let Some((guest, spec)) = hands.guest(&of.machine, hands.side(&of.site)?, false) else { continue };
        if !spec.agent || !guest.lives(hands)? {
            continue;
        }
        let thawed = async { guest.agent(hands).await?.thaw().await };
        match thawed.await {
            // An agent that is asked and refuses has nothing frozen: of a frozen guest this is what it does take.
            Ok(()) | Err(AgentTrouble::Refused(_)) => {}
            Err(AgentTrouble::Silent(_)) => still.push(of),
        }
    }
    record.tried = Some(hands.now());
    record.guests = still;
    record.keep(hands)?;
    if record.guests.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = record.guests.iter().map(|of| of.machine.as_str()).collect();
    let message =
        format!("the writing of `{}` may be stopped still, and is let go on later", names.join("`, `"));
    Err(Trouble::Later(message))
}
