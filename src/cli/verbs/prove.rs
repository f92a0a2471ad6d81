//! `points --verify`: each point of an estate of disks, proved by reading it. Changes nothing but what the
//! estate says of a point that turns out damaged.

use serde::Serialize;

use crate::base::Timestamp;
use crate::cli::args::PointsFormat;
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::estate::qemu::{Offered, Proof, Qemu};

use super::estate::failure;

/// The format of the document.
const FORMAT: &str = "muster.points-verified/1";

#[derive(Debug, Serialize)]
struct Document {
    format: &'static str,
    /// Whether none is damaged.
    sound: bool,
    points: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    machine: String,
    point: String,
    at: Timestamp,
    sound: bool,
    /// `bytes` or `structure`; absent of a damaged one.
    #[serde(skip_serializing_if = "Option::is_none")]
    proved: Option<&'static str>,
    /// What is wrong, or what could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Proves every point that is offered, a line for each as soon as it is known.
pub(super) async fn prove(context: &Context, disks: &Qemu, format: PointsFormat) -> Result<Exit, Failure> {
    let mut verifier = disks.verifier();
    let mut points = Vec::new();
    for offered in verifier.offered().await.map_err(|error| failure(&error))? {
        let Some(proof) = verifier.verify(&offered).await.map_err(|error| failure(&error))? else { continue };
        if format != PointsFormat::Json {
            Console::print_line(&line(&offered, &proof))?;
        }
        points.push(entry(offered, proof));
    }
    let sound = points.iter().all(|point| point.sound);
    if format == PointsFormat::Json {
        Console::print_json(&Document { format: FORMAT, sound, points })?;
    } else if points.is_empty() {
        context.console.note("the estate offers no recovery points");
    }
    Ok(if sound { Exit::Done } else { Exit::Refused })
}

fn line(offered: &Offered, proof: &Proof) -> String {
    let Offered { machine, point, .. } = offered;
    match proof {
        Proof::Bytes => format!("{machine} {point} sound"),
        Proof::Structure(file) => {
            format!("{machine} {point} sound in structure only: there are no sums of `{file}`")
        }
        Proof::Damaged(why) => format!("{machine} {point} damaged: {why}"),
    }
}

fn entry(offered: Offered, proof: Proof) -> Entry {
    let Offered { machine, point, at, .. } = offered;
    let (sound, proved, why) = match proof {
        Proof::Bytes => (true, Some("bytes"), None),
        Proof::Structure(file) => (true, Some("structure"), Some(format!("there are no sums of `{file}`"))),
        Proof::Damaged(why) => (false, None, Some(why)),
    };
    Entry { machine, point, at, sound, proved, why }
}
