//! Which recovery point each machine goes to. Pure. Commonality is per replication group, never across groups.
//! (i) How the service picks a common point, and what it does where there is none, is not documented: here the
//! newest set that every machine of the group in the job has, and an error of the task otherwise.

use crate::base::Timestamp;
use crate::inventory::{Machine, Point, PointKind, Symbol};

use super::job::{JobError, Pick, PickKind, PickScope};
use super::view::View;

/// What is bound for a machine: the point by its id in the estate, and the instant that it shows.
pub(super) type Bound = Result<(String, Timestamp), Box<JobError>>;

/// Binds a point for each of the machines of a job.
pub(super) fn bind(view: &View, machines: &[String], pick: &Pick) -> Vec<(String, Bound)> {
    let all: Vec<&Machine> = machines.iter().filter_map(|name| view.machine(name)).collect();
    all.iter().map(|machine| (machine.name.clone(), one(view, machine, &all, pick))).collect()
}

fn one(view: &View, machine: &Machine, all: &[&Machine], pick: &Pick) -> Bound {
    let found = match pick {
        Pick::Named(id) => machine.points.iter().find(|point| view.id(point) == id),
        Pick::Taken { app } => {
            let kind = if *app { PickKind::App } else { PickKind::Processed };
            view.usable(machine).next().filter(|point| fits(kind, point))
        }
        Pick::Newest { kind, scope: PickScope::Own } => view.usable(machine).find(|point| fits(*kind, point)),
        Pick::Newest { kind, scope: PickScope::Common } => match machine.group.as_deref() {
            None => view.usable(machine).find(|point| fits(*kind, point)),
            Some(group) => {
                let members: Vec<&Machine> =
                    all.iter().copied().filter(|other| other.group.as_deref() == Some(group)).collect();
                let common = newest_common(view, &members, *kind);
                let Some(set) = common else { return Err(no_common(&machine.name, group)) };
                view.usable(machine).find(|point| point.set == Some(set))
            }
        },
    };
    found
        .map(|point| (view.id(point).to_owned(), view.shown_at(machine, point)))
        .ok_or_else(|| no_point(&machine.name))
}

/// The newest set of which every member has a point that fits.
fn newest_common(view: &View, members: &[&Machine], kind: PickKind) -> Option<Symbol> {
    let of = |machine: &Machine| -> Vec<Symbol> {
        view.usable(machine).filter(|point| fits(kind, point)).filter_map(|point| point.set).collect()
    };
    let (first, others) = members.split_first()?;
    let others: Vec<Vec<Symbol>> = others.iter().map(|member| of(member)).collect();
    of(first).into_iter().find(|set| others.iter().all(|sets| sets.contains(set)))
}

const fn fits(kind: PickKind, point: &Point) -> bool {
    match kind {
        PickKind::Latest | PickKind::Processed => true,
        PickKind::Crash => matches!(point.kind, PointKind::Crash),
        // A point of a machine that was shut down cleanly has its applications at rest.
        PickKind::App => matches!(point.kind, PointKind::App | PointKind::Final),
    }
}

fn no_common(machine: &str, group: &str) -> Box<JobError> {
    Box::new(JobError {
        code: "NoCommonRecoveryPoint".to_owned(),
        message: format!("The machines of replication group '{group}' have no common recovery point."),
        causes: format!("'{machine}' and the other machines have no point that was taken together."),
        action: "Wait for the next multi-VM consistent point, or choose a point without it.".to_owned(),
        provider: None,
    })
}

fn no_point(machine: &str) -> Box<JobError> {
    Box::new(JobError {
        code: "RecoveryPointNotAvailable".to_owned(),
        message: format!("'{machine}' has no recovery point of the kind that was asked for."),
        causes: "No such point was taken yet, or the retention has removed it.".to_owned(),
        action: "Choose another kind of recovery point.".to_owned(),
        provider: None,
    })
}
