//! The points that a run bound, by group and machine, with their certificates.

use indexmap::IndexMap;

use crate::run::Run;
use crate::runbook::{BoundPoint, Forecast, SubjectId};

use super::facts::{PointFact, PointsFact};
use super::words::seconds;

/// By group or lone machine, in plan order; none where nothing is bound yet.
pub(super) fn facts(run: &Run) -> IndexMap<String, Option<PointsFact>> {
    let subjects = run.runbook().subjects.iter_enumerated();
    subjects
        .map(|(id, subject)| (subject.name.clone(), run.bound(id).map(|choice| fact(run, id, choice))))
        .collect()
}

fn fact(run: &Run, id: SubjectId, choice: &Forecast) -> PointsFact {
    let points = &choice.points;
    let vms = points.iter().filter_map(|point| {
        let name = run.runbook().machines.get(point.vm)?.name.clone();
        let (at, kind) = (point.at, point.kind);
        Some((name, PointFact { point: point.point.clone(), at, kind, loss_s: seconds(point.loss) }))
    });
    let overridden = run.runbook().subjects.get(id).is_some_and(|subject| subject.overridden);
    PointsFact {
        policy: choice.policy.clone(),
        rung: choice.rung,
        chosen_by_person: overridden || run.was_chosen(id),
        set: choice.set.clone(),
        spread_s: spread(points).map(seconds),
        independent: independent(choice),
        loss_s: seconds(points.iter().map(|point| point.loss).max().unwrap_or_default()),
        vms: vms.collect(),
        certificate: choice.certificate.clone(),
    }
}

/// From the oldest to the newest, of two or more.
pub(super) fn spread(points: &[BoundPoint]) -> Option<std::time::Duration> {
    let (oldest, newest) =
        (points.iter().map(|point| point.at).min()?, points.iter().map(|point| point.at).max()?);
    (points.len() > 1).then(|| newest.since(oldest))
}

/// Several machines with no set in common: each has its own point.
fn independent(choice: &Forecast) -> bool {
    let by_instant = choice.certificate.get("matched").and_then(serde_json::Value::as_str) == Some("instant");
    choice.points.len() > 1 && choice.set.is_none() && !by_instant
}
