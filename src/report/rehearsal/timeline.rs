//! The one run of a rehearsal, told as it would be told live.

use std::sync::Arc;

use serde_json::Value;

use crate::drive::Watch as _;
use crate::rehearse::scene::RUN_ID;
use crate::rehearse::{Played, Scene};
use crate::report::log;
use crate::report::plain::Plain;
use crate::report::words::{Colour, Look};
use crate::run::Run;

/// The lines of progress.
pub(super) fn lines(scene: &Scene, played: &Played, look: Look) -> String {
    let mut plain = Plain::new(Vec::new(), Look { colour: Colour::Off, ..look }, 0);
    let mut run = Run::new(RUN_ID, Arc::clone(scene.runbook()));
    for event in &played.log {
        run.apply(event);
        plain.event(event, &run);
    }
    String::from_utf8_lossy(&plain.into_inner()).into_owned()
}

/// The events, as `muster log --format json` names them.
pub(super) fn events(scene: &Scene, played: &Played) -> Vec<Value> {
    let mut out = Vec::new();
    if let Err(error) = log::json(scene.runbook(), &played.log, &mut out) {
        crate::bug!("a log is written to memory: {error}");
    }
    String::from_utf8_lossy(&out).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
