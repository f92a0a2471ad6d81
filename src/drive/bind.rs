//! Points at run time: the driver looks at the inventory, `point` chooses, the result is an event.

use crate::event::{AskedPoints, BoundSubject, EventKind};
use crate::inventory::Inventory;
use crate::model::{Ladder, LadderEnd, Mode};
use crate::point::{self, AlignRequest, Choice, Member, NoChoice, Outcome};
use crate::run::Run;
use crate::runbook::{Act, BoundPoint, Forecast, NodeId, SubjectId, forecast_of};

fn subject(run: &Run, id: SubjectId, ladder: &Ladder) -> point::Subject {
    let subject = run.runbook().subjects.at(id);
    let member = |vm: &crate::model::VmId| {
        let machine = run.runbook().machines.at(*vm);
        Member { vm: *vm, name: machine.name.clone(), estate_name: machine.estate_name.clone() }
    };
    point::Subject {
        name: subject.name.clone(),
        members: subject.members.iter().map(member).collect(),
        group: subject.group.is_some(),
        ladder: ladder.clone(),
        // Nodes before this one had pending data processed; a source that runs on sends more of it.
        pending: point::Pending::Done,
    }
}

/// What a ladder comes to now, for one subject.
///
/// # Errors
/// Why nothing is chosen, one sentence.
pub(super) fn choose_one(
    run: &Run,
    id: SubjectId,
    ladder: &Ladder,
    inventory: &Inventory,
) -> Result<Forecast, String> {
    let reference = run.runbook().lost_at.unwrap_or(inventory.now);
    match point::choose(&subject(run, id, ladder), inventory, reference) {
        Outcome::Chosen(choice) => Ok(forecast_of(&choice)),
        Outcome::NotChosen(why) => Err(why.diagnostic().message),
    }
}

/// What follows from the inventory for a node that binds or asks.
pub(super) fn look(run: &Run, node: NodeId, inventory: &Inventory) -> EventKind {
    let runbook = run.runbook();
    let (subjects, within, binds) = match &runbook.nodes.at(node).act {
        Act::Bind(bind) => (bind.subjects.clone(), bind.within, true),
        Act::AskPoints { subjects } => (subjects.clone(), None, false),
        _ => crate::bug!("`{}` does not look at points", runbook.nodes.at(node).name),
    };
    let wanted: Vec<point::Subject> =
        subjects.iter().filter_map(|id| run.ladder(*id).map(|ladder| subject(run, *id, ladder))).collect();
    let groups = wanted.iter().map(|subject| subject.name.clone()).collect();
    let aligns: Vec<AlignRequest> = within
        .filter(|_| wanted.len() > 1)
        .map(|within| AlignRequest { groups, within })
        .into_iter()
        .collect();
    // Points are dated by the estate's clock, which may not be the run's.
    let reference = runbook.lost_at.unwrap_or(inventory.now);
    let outcomes = point::forecast(&wanted, &aligns, inventory, reference).outcomes;

    let mut bound = Vec::new();
    let mut questions = Vec::new();
    let mut refused = Vec::new();
    for (id, outcome) in subjects.iter().zip(outcomes) {
        match outcome {
            Outcome::Chosen(choice) => {
                let exception = worse(run, *id, &choice);
                let planned = runbook.mode == Some(Mode::Planned);
                if let (Some(because), true, false) = (&exception, planned, run.was_chosen(*id)) {
                    let alternatives = vec![forecast_of(&choice)];
                    questions.push(AskedPoints { subject: *id, because: because.clone(), alternatives });
                }
                bound.push(BoundSubject { subject: *id, choice: forecast_of(&choice), exception });
            }
            Outcome::NotChosen(why) if why.end == LadderEnd::Ask => questions.push(asked(*id, &why)),
            Outcome::NotChosen(why) => refused.push(why.diagnostic().message),
        }
    }
    if !refused.is_empty() {
        let message = refused.join("; ");
        return EventKind::StepFailed {
            node,
            code: "no_point".to_owned(),
            message,
            retryable: false,
            timed_out: false,
            output: None,
        };
    }
    if !questions.is_empty() {
        return EventKind::PointsAsked { node, questions };
    }
    if binds {
        EventKind::PointsBound { node, bound }
    } else {
        EventKind::StepSucceeded { node, detail: crate::event::Detail::default(), found: false }
    }
}

/// How a binding is worse than its forecast, in words for the list of exceptions.
fn worse(run: &Run, id: SubjectId, choice: &Choice) -> Option<String> {
    let forecast = run.runbook().subjects.at(id).forecast.as_ref()?;
    let forecast: Choice = serde_json::from_value(forecast.certificate.clone()).ok()?;
    let worse = point::worse_than(choice, &forecast);
    (!worse.is_empty()).then(|| worse.join("; "))
}

fn asked(subject: SubjectId, why: &NoChoice) -> AskedPoints {
    let alternatives = why
        .alternatives
        .iter()
        .filter(|alternative| !alternative.picks.is_empty())
        .map(|alternative| Forecast {
            rung: 0,
            policy: alternative.policy.to_string(),
            set: alternative.set.clone(),
            points: alternative
                .picks
                .iter()
                .map(|pick| BoundPoint {
                    vm: pick.vm,
                    point: pick.point.clone(),
                    at: pick.at,
                    kind: pick.kind,
                    loss: pick.loss,
                })
                .collect(),
            certificate: serde_json::Value::Null,
        })
        .collect();
    AskedPoints { subject, because: why.diagnostic().message, alternatives }
}
