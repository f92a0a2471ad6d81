//! Points on a schedule: whose turn it is, how its point is taken, and how old the newest one is.

use std::time::Duration;

use crate::base::Timestamp;
use crate::event::EstateError;
use crate::inventory::PointKind;

use super::chain;
use super::hands::Hands;
use super::operate::Taken;
use super::record::PointState;
use super::{Clock, Qemu};
use crate::estate::trouble::Trouble;

/// The least time between two points: each is a round of files, syncs and looks.
const EVERY_MIN: Duration = Duration::from_secs(1);
/// Longer ones are a slip of the unit.
const EVERY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// How often points are taken, and how many are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// Crash-consistent ones.
    pub every: Duration,
    /// Those for which applications are quiesced; none where nobody asked for them.
    pub app_every: Option<Duration>,
    /// Files of a chain before the oldest two are merged.
    pub keep: usize,
}

impl Schedule {
    /// Points every minute.
    pub(super) const DEFAULT: Self =
        Self { every: Duration::from_secs(60), app_every: None, keep: super::POINTS_KEPT };

    /// Whether a time between points can be kept.
    pub(super) fn fits(every: Duration) -> bool {
        (EVERY_MIN..=EVERY_MAX).contains(&every)
    }
}

/// A group or a lone machine, and what there is to say of its replication.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replicated {
    /// Its name.
    pub name: String,
    /// Why no point of it is taken now.
    pub rests: Option<String>,
    /// Its newest point, or set.
    pub newest: Option<Timestamp>,
    /// Its newest point for which applications were quiesced.
    pub newest_app: Option<Timestamp>,
}

/// What became of a turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// The point.
    pub taken: Taken,
    /// How it was taken.
    pub kind: PointKind,
    /// Why it is not the kind that was due.
    pub instead: Option<String>,
    /// From begin to durable.
    pub took: Duration,
}

impl Qemu {
    /// How often the estate file wants points.
    #[must_use]
    pub const fn schedule(&self) -> Schedule {
        self.description.schedule
    }

    /// Every group and lone machine with its newest points.
    ///
    /// # Errors
    /// A record cannot be read, or another process holds the estate.
    pub async fn replicated(&self) -> Result<Vec<Replicated>, EstateError> {
        let hands = self.look().await?;
        let mut targets: Vec<&str> = Vec::new();
        for (name, machine) in &self.description.machines {
            let target = machine.group.as_deref().unwrap_or(name);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets.into_iter().map(|target| one(&hands, target).map_err(Trouble::into_error)).collect()
    }

    /// Takes the point whose turn it is. One for which applications cannot be quiesced is taken without.
    ///
    /// # Errors
    /// As `take_point`.
    pub async fn take_turn(&self, of: &Replicated) -> Result<Turn, EstateError> {
        let began = self.clock.now();
        let app_due = self
            .schedule()
            .app_every
            .is_some_and(|every| of.newest_app.is_none_or(|newest| began.since(newest) >= every));
        let mut instead = None;
        if app_due {
            match self.take_app_point(&of.name).await {
                Ok(taken) => {
                    let took = self.clock.now().since(began);
                    return Ok(Turn { taken, kind: PointKind::App, instead, took });
                }
                Err(EstateError::Retry { code, message }) if code == "not_quiesced" => {
                    instead = Some(message)
                }
                Err(error) => return Err(error),
            }
        }
        let taken = self.take_point(&of.name).await?;
        Ok(Turn { taken, kind: PointKind::Crash, instead, took: self.clock.now().since(began) })
    }
}

fn one(hands: &Hands<'_>, target: &str) -> Result<Replicated, Trouble> {
    let members = hands.estate.description.members(target);
    let mut found = Replicated { name: target.to_owned(), rests: None, newest: None, newest_app: None };
    let Some(first) = members.first() else { return Ok(found) };
    for vm in &members {
        let located = hands.locate(vm)?;
        let why = match (&located.source, &located.target) {
            (_, Some(_)) => "is failed over, and neither committed nor rolled back",
            (None, None) => "is not set up",
            (Some(source), None) if source.record.replicates_to.is_none() => "does not replicate",
            // What was shut down does not change any more.
            (Some(source), None) if source.record.clean.is_some() => "is shut down",
            (Some(_), None) => continue,
        };
        found.rests = Some(format!("`{vm}` {why}"));
        return Ok(found);
    }
    let side = hands.source(first)?.side.other();
    for point in chain::points(hands, side, first)? {
        // Of a group only sets are points of all its machines.
        if point.state != PointState::Complete || (members.len() > 1 && point.set.is_none()) {
            continue;
        }
        found.newest = found.newest.max(Some(point.at));
        if point.kind == PointKind::App {
            found.newest_app = found.newest_app.max(Some(point.at));
        }
    }
    Ok(found)
}
