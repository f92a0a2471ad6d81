//! What jobs are made of: the stages of each operation, in the order of the documents. First all machines are shut
//! down, then points are made and bound and all disks prepared, then groups boot one after the other.

use serde_json::Value;

use crate::inventory::{Power, Protection};
use crate::model::Mode;

use super::job::{Act, Operation, Pick, PickKind, PickScope, Stage, Subject, Task, TaskState, Way};
use super::plan::{Action, Group, Plan};
use super::vault::Vault;
use super::view::View;

/// A failover that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Failover {
    pub(super) operation: Operation,
    pub(super) way: Way,
    pub(super) shuts_down: bool,
    pub(super) pick: Pick,
    /// Points of a replication group are taken together.
    pub(super) together: bool,
}

/// The stages of a failover of one machine.
pub(super) fn of_item(vault: &Vault, wanted: &Failover, machine: &str) -> Vec<Stage> {
    let one = [machine.to_owned()];
    let mut stages = shutdown(wanted, &one, None);
    stages.extend(points(wanted, vec![one.to_vec()], &one));
    stages.push(prepared(vault, wanted, &one, &[]));
    stages.push(Stage::new("Starting the machine", None, started(wanted, &one)));
    stages
}

/// The stages of a failover of a plan.
pub(super) fn of_plan(vault: &Vault, view: &View, wanted: &Failover, plan: &Plan) -> Vec<Stage> {
    let target = if wanted.way == Way::Forward { &vault.away } else { &vault.home };
    let (up, down): (Vec<String>, Vec<String>) = plan.machines().map(str::to_owned).partition(|name| {
        wanted.operation != Operation::TestFailover
            && view.machine(name).is_some_and(|machine| machine.site == *target)
    });
    let mut stages = Vec::new();
    let of_kind = |kind: &'static str| plan.groups.iter().filter(move |group| group.kind == kind);
    for group in of_kind("Shutdown") {
        stages.extend(around(wanted, group, shutdown(wanted, &down, Some("Shutdown"))));
    }
    for group in of_kind("Failover") {
        let mut inner = points(wanted, together(view, wanted, &down), &down);
        inner.push(prepared(vault, wanted, &down, &up));
        stages.extend(around(wanted, group, inner));
    }
    for (number, group) in of_kind("Boot").enumerate() {
        // Whoever was failed over by a job that then stopped is up nowhere.
        let off = |name: &str| {
            view.machine(name).is_some_and(|machine| {
                machine.protection == Protection::FailedOver && machine.power == Some(Power::Off)
            })
        };
        let boots = |name: &&String| down.contains(name) || up.contains(name) && off(name);
        let machines: Vec<String> = group.machines.iter().filter(boots).cloned().collect();
        let name = format!("Group {}: starting machines", number + 1);
        let boots = Stage::new(name, Some("Boot"), started(wanted, &machines));
        stages.extend(around(wanted, group, vec![boots]));
    }
    stages
}

/// One act on each of some machines of a plan; the others are skipped with a reason.
pub(super) fn on_each(
    name: &str,
    plan: &Plan,
    act: &Act,
    skip: impl Fn(&str) -> Option<String>,
) -> Vec<Stage> {
    let tasks = plan.machines().map(|machine| {
        let mut task = Task::of_machine(name, machine, vec![act.clone()]);
        if let Some(reason) = skip(machine) {
            task.state = TaskState::Skipped(reason);
        }
        task
    });
    vec![Stage::new(name, None, tasks.collect())]
}

/// One act on one machine.
pub(super) fn single(name: &str, machine: &str, acts: Vec<Act>) -> Vec<Stage> {
    vec![Stage::new(name, None, vec![Task::of_machine(name, machine, acts)])]
}

/// Work of the service that no machine sees; it takes some seconds. (i)
pub(super) fn of_service(name: &str) -> Vec<Stage> {
    vec![Stage::new(name, None, vec![Task::new(name, Subject::Service, vec![Act::Wait(5)])])]
}

/// Takes back what an appliance's failback has begun: each target goes, each source starts again.
pub(super) fn taking_back(view: &View, machines: &[&str], failed: &[String]) -> Stage {
    let begun = machines.iter().filter(|name| {
        let over = view.machine(name).is_some_and(|machine| machine.protection == Protection::FailedOver);
        !over || failed.iter().any(|other| other == *name)
    });
    let name = "Restoring the source machine";
    let tasks = begun.map(|machine| Task::of_machine(name, machine, vec![Act::RollBack])).collect();
    Stage::new(name, None, tasks)
}

fn shutdown(wanted: &Failover, machines: &[String], group: Option<&str>) -> Vec<Stage> {
    if !wanted.shuts_down || wanted.operation == Operation::TestFailover {
        return Vec::new();
    }
    let name = "Shutting down the source machine";
    let tasks = machines.iter().map(|machine| {
        let mut task = Task::of_machine(name, machine, vec![Act::ShutDown]);
        // An unplanned failover goes on although its source cannot be shut down.
        task.tolerated = wanted.operation == Operation::UnplannedFailover;
        task
    });
    vec![Stage::new(name, group, tasks.collect())]
}

/// The points that the failover itself makes.
fn points(wanted: &Failover, sets: Vec<Vec<String>>, machines: &[String]) -> Vec<Stage> {
    let group = Some("Failover");
    match &wanted.pick {
        Pick::Taken { .. } => {
            let name = "Making the latest recovery point";
            let tasks = sets
                .into_iter()
                .map(|set| Task::new(name, Subject::Machines(set), vec![Act::TakeFinal]))
                .collect();
            vec![Stage::new(name, group, tasks)]
        }
        Pick::Newest { kind: PickKind::Latest, .. } => {
            let name = "Processing the data received";
            let tasks =
                machines.iter().map(|machine| Task::of_machine(name, machine, vec![Act::ProcessPending]));
            vec![Stage::new(name, group, tasks.collect())]
        }
        Pick::Newest { .. } | Pick::Named(_) => Vec::new(),
    }
}

/// Machines whose points are taken together.
fn together(view: &View, wanted: &Failover, machines: &[String]) -> Vec<Vec<String>> {
    let mut sets: Vec<(Option<&str>, Vec<String>)> = Vec::new();
    for name in machines {
        let group = view.machine(name).and_then(|machine| machine.group.as_deref());
        let group = group.filter(|_| wanted.together);
        match sets.iter_mut().find(|(other, _)| group.is_some() && *other == group) {
            Some((_, set)) => set.push(name.clone()),
            None => sets.push((group, vec![name.clone()])),
        }
    }
    sets.into_iter().map(|(_, set)| set).collect()
}

/// All targets are made, at points that are bound when the stage begins. Machines that are up are skipped.
fn prepared(vault: &Vault, wanted: &Failover, machines: &[String], up: &[String]) -> Stage {
    let to = if wanted.way == Way::Forward { &vault.away } else { &vault.home };
    let mode = match wanted.operation {
        Operation::TestFailover => None,
        Operation::PlannedFailover => Some(Mode::Planned),
        _ => Some(Mode::Unplanned),
    };
    let name = "Preparing the target machine";
    let task =
        |machine: &String| Task::of_machine(name, machine, vec![Act::FailOver { mode, to: to.clone() }]);
    let skipped = up.iter().map(|machine| {
        let mut task = task(machine);
        task.state = TaskState::Skipped("The machine has been failed over already.".to_owned());
        task
    });
    let tasks = machines.iter().map(task).chain(skipped).collect();
    Stage::new(name, Some("Failover"), tasks).binding(wanted.pick.clone())
}

fn started(wanted: &Failover, machines: &[String]) -> Vec<Task> {
    let act = Act::Start { test: wanted.operation == Operation::TestFailover };
    let task = |machine: &String| Task::of_machine("Starting the machine", machine, vec![act.clone()]);
    machines.iter().map(task).collect()
}

/// The stages of a group between its actions, of which each is a stage of its own.
fn around(wanted: &Failover, group: &Group, inner: Vec<Stage>) -> Vec<Stage> {
    let mine = |actions: &[Action]| -> Vec<Stage> {
        let those = actions.iter().filter(|action| action.concerns(wanted.operation, wanted.way));
        those.map(|action| stage(action, &group.kind)).collect()
    };
    let mut stages = mine(&group.before);
    stages.extend(inner);
    stages.extend(mine(&group.after));
    stages
}

fn stage(action: &Action, group: &str) -> Stage {
    let name = action.name.clone();
    let manual = action.details.get("instanceType").and_then(Value::as_str) == Some("ManualActionDetails");
    let (subject, acts) = if manual {
        let text = action.details.get("description").and_then(Value::as_str).unwrap_or_default();
        (Subject::Manual { name: name.clone(), instructions: text.to_owned() }, Vec::new())
    } else {
        // (i) Nothing is run: a script of a plan belongs to the service, and here it always succeeds.
        (Subject::Script { name: name.clone(), details: action.details.clone() }, vec![Act::Wait(10)])
    };
    Stage::new(name.clone(), Some(group), vec![Task::new(name, subject, acts)])
}

/// Which points an option of the API means.
pub(super) const fn newest(kind: PickKind, scope: PickScope) -> Pick {
    Pick::Newest { kind, scope }
}
