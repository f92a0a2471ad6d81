//! Stops all writing in the guests of a point, so that what their applications have said is written is on their
//! disks when these are cut, and lets it go on. Who is frozen is durable before anybody is: an engine that ends
//! in between is followed by one that thaws before it does anything else.

use serde::{Deserialize, Serialize};

use super::files;
use super::hands::Hands;
use super::trouble::Trouble;

/// Guests that may be frozen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Frozen {
    /// `muster.frozen/1`
    format: String,
    /// Their machines, all at one site.
    machines: Vec<String>,
    site: String,
}

/// Freezes the guests of these machines, or none of them.
pub(super) async fn freeze(hands: &Hands<'_>, site: &str, machines: &[String]) -> Result<(), Trouble> {
    let record =
        Frozen { format: "muster.frozen/1".to_owned(), machines: machines.to_vec(), site: site.to_owned() };
    files::write_json(&hands.estate.layout.frozen(), &record)?;
    for machine in machines {
        if let Err(why) = freeze_one(hands, site, machine).await {
            thaw(hands).await?;
            let message =
                format!("`{machine}` was not quiesced, so no application-consistent point was taken: {why}");
            return Err(Trouble::Retry("not_quiesced", message));
        }
    }
    Ok(())
}

async fn freeze_one(hands: &Hands<'_>, site: &str, machine: &str) -> Result<(), String> {
    let side = hands.side(site).map_err(|trouble| trouble.into_error().to_string())?;
    let Some((guest, spec)) = hands.guest(machine, side, false) else {
        return Err("it is a machine of disks only, and has no guest".to_owned());
    };
    if !spec.agent {
        return Err("its guest has no agent".to_owned());
    }
    match guest.agent(hands).await?.freeze().await? {
        0 => Err("its guest has no file system that can be frozen".to_owned()),
        _ => Ok(()),
    }
}

/// Lets writing go on wherever it may be stopped. A guest that is gone writes nothing more.
pub(super) async fn thaw(hands: &Hands<'_>) -> Result<(), Trouble> {
    let path = hands.estate.layout.frozen();
    let Some(record) = files::read_json::<Frozen>(&path)? else { return Ok(()) };
    let side = hands.side(&record.site)?;
    let mut still = Vec::new();
    for machine in &record.machines {
        let Some((guest, spec)) = hands.guest(machine, side, false) else { continue };
        if !spec.agent || !guest.lives(hands)? {
            continue;
        }
        let thawed = async { guest.agent(hands).await?.thaw().await };
        if let Err(why) = thawed.await {
            still.push(format!("`{machine}` ({why})"));
        }
    }
    if still.is_empty() {
        return files::remove(&path);
    }
    let message = format!(
        "the writing of {} may be stopped still, and is let go on at the next call",
        still.join(", ")
    );
    Err(Trouble::Later(message))
}
