//! What waits for people: who is asked what until when, and the very command that answers it.

use serde::Serialize;
use serde_json::Number;

use crate::base::Timestamp;
use crate::base::time::{format_duration, format_duration_short};
use crate::base::words::{count, list};
use crate::event::AskedPoints;
use crate::model::{CommitPolicy, RoleMembers, Template, TemplatePart};
use crate::run::{NodeState, Question, Run};
use crate::runbook::{Act, CommitGate, Lane, Node, NodeId};

use super::tell::choice_words;
use super::words::{person, quoted, seconds, time_near};

/// Something that only a person can answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Ask {
    /// The step.
    pub step: String,
    /// `approval`, `commit`, `cleanup`, `points`, `failed`, `unclear`.
    pub kind: &'static str,
    /// What is asked.
    pub what: String,
    /// The role that may answer; null where anyone who may run `muster` can.
    pub role: Option<String>,
    /// The people of that role; null for anyone.
    pub people: Option<Vec<String>>,
    /// Since when.
    pub since: Timestamp,
    /// Until when; null where it waits for ever.
    pub deadline: Option<Timestamp>,
    /// What happens then, or that it has happened.
    pub then: Option<String>,
    /// For an unknown outcome: what was asked, under which key and handle, what came back, what was seen.
    pub evidence: Vec<Proof>,
    /// For points: each alternative.
    pub alternatives: Vec<AskAlternative>,
    /// What to type, any one of them.
    pub commands: Vec<String>,
}

/// One thing that is known of an act whose outcome is not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Proof {
    /// `asked`, `key`, `handle`, `answer`, `then`, `seen`.
    pub about: &'static str,
    /// What is known.
    pub what: String,
}

/// A way to answer a question about points.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AskAlternative {
    /// The group or machine.
    pub subject: String,
    /// The policy in the language's words.
    pub policy: String,
    /// The set it comes to.
    pub set: Option<String>,
    /// What it comes to, in words.
    pub what: String,
    /// What it loses at worst.
    pub loss_s: Number,
    /// The command that chooses it.
    pub command: String,
}

/// Every question of a run, in the order of the runbook.
pub(super) fn asks(run: &Run) -> Vec<Ask> {
    run.waiting_for_people().filter_map(|node| ask(run, node)).collect()
}

/// The question of a node, if it waits for a person.
pub(super) fn ask(run: &Run, id: NodeId) -> Option<Ask> {
    let node = run.runbook().nodes.get(id)?;
    let NodeState::Waiting { since, question, .. } = run.node(id) else { return None };
    let plain = Ask {
        step: node.name.clone(),
        kind: "failed",
        what: String::new(),
        role: None,
        people: None,
        since: *since,
        deadline: None,
        then: None,
        evidence: Vec::new(),
        alternatives: Vec::new(),
        commands: Vec::new(),
    };
    Some(match &**question {
        Question::Approval { given, late } => approval(run, node, plain, given, *late),
        Question::Commit { overdue } => commit(run, id, node, plain, *overdue),
        Question::Points(questions) => points(run, plain, questions),
        Question::Failed(failure) => failed(run, node, plain, &failure.message),
        Question::Unclear { .. } => unclear(run, id, plain),
    })
}

/// `muster retry erp-… 'start sql01'`.
pub(super) fn command(run: &Run, verb: &str, argument: Option<&str>) -> String {
    let argument = argument.map_or_else(String::new, |argument| format!(" {}", quoted(argument)));
    format!("muster {verb} {}{argument}", quoted(run.id()))
}

fn approval(run: &Run, node: &Node, plain: Ask, given: &[crate::event::Person], late: bool) -> Ask {
    let Act::Approve(approve) = &node.act else { return plain };
    let said: Vec<String> = given.iter().map(person).collect();
    let so_far = if approve.quorum > 1 {
        let names = if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) };
        format!(
            " ({} of {} so far{names})",
            given.len(),
            count(approve.quorum as usize, "yes").replace("yess", "yes")
        )
    } else {
        String::new()
    };
    let deadline = plain.since.plus(approve.within);
    let then = if late {
        format!("nobody had answered within {}; it goes on waiting", format_duration(approve.within))
    } else {
        match approve.if_late {
            crate::model::IfLate::Halt => "then the run halts".to_owned(),
            crate::model::IfLate::KeepWaiting => "then it goes on waiting, and says so".to_owned(),
            crate::model::IfLate::Go => "then it counts as given".to_owned(),
        }
    };
    let (role, people) = holders(run, &approve.by);
    Ask {
        kind: "approval",
        what: format!("{}{so_far}", fill(run, &approve.prompt)),
        role,
        people,
        deadline: Some(deadline),
        then: Some(then),
        commands: vec![command(run, "approve", Some(&node.name)), command(run, "reject", Some(&node.name))],
        ..plain
    }
}

fn holders(run: &Run, role: &str) -> (Option<String>, Option<Vec<String>>) {
    let people = match run.runbook().roles.get(role).map(|role| &role.members) {
        Some(RoleMembers::People(people)) => Some(people.clone()),
        Some(RoleMembers::Anyone) | None => None,
    };
    (Some(role.to_owned()), people)
}

/// How many sources a commit of the gate deletes now.
pub(super) fn deleted_by(run: &Run, gate: &CommitGate) -> usize {
    if gate.deletes_sources { gate.vms.iter().filter(|vm| run.target_is_done(**vm)).count() } else { 0 }
}

/// The command that closes every window that waits.
pub(super) fn commit_command(run: &Run) -> String {
    let deleted: usize = run
        .waiting_for_people()
        .filter_map(|node| match &run.runbook().nodes.get(node)?.act {
            Act::CommitGate(gate) => Some(deleted_by(run, gate)),
            _ => None,
        })
        .sum();
    let deletes = if deleted > 0 { format!(" --delete-sources {deleted}") } else { String::new() };
    format!("{}{deletes}", command(run, "commit", None))
}

fn commit(run: &Run, id: NodeId, node: &Node, plain: Ask, overdue: bool) -> Ask {
    let Act::CommitGate(gate) = &node.act else { return plain };
    if node.lane == Lane::Cleanup {
        let what = "remove all that the test made? Its copies stay up until then".to_owned();
        return Ask { kind: "cleanup", what, commands: vec![command(run, "cleanup", None)], ..plain };
    }
    let deleted = deleted_by(run, gate);
    let what = if deleted > 0 {
        format!(
            "commit, and so delete {} for good? There is no way back after it",
            count(deleted, "source machine")
        )
    } else {
        "commit? There is no way back after it".to_owned()
    };
    let then = match gate.policy {
        CommitPolicy::Rollback(_) if overdue => {
            Some("its rollback timer ran out while nobody drove the run".to_owned())
        }
        CommitPolicy::Rollback(_) => Some("then the run is rolled back".to_owned()),
        CommitPolicy::Auto(_) => Some("then it commits by itself".to_owned()),
        CommitPolicy::Gated | CommitPolicy::Manual => None,
    };
    let mut commands = vec![commit_command(run)];
    if run.can_roll_back().is_ok() {
        commands.push(command(run, "rollback", None));
    }
    Ask { kind: "commit", what, deadline: run.window_closes(id), then, commands, ..plain }
}

fn points(run: &Run, plain: Ask, questions: &[AskedPoints]) -> Ask {
    let name = |asked: &AskedPoints| {
        run.runbook().subjects.get(asked.subject).map_or_else(String::new, |subject| subject.name.clone())
    };
    let open = questions.iter().filter(|asked| !run.was_chosen(asked.subject));
    let mut alternatives = Vec::new();
    let mut becauses = Vec::new();
    let mut commands = Vec::new();
    for asked in open {
        let subject = name(asked);
        becauses.push(format!("`{subject}`: {}", asked.because));
        for choice in &asked.alternatives {
            let loss = choice.points.iter().map(|point| point.loss).max().unwrap_or_default();
            let command = command(run, "choose", Some(&format!("{subject}={}", choice.policy)));
            alternatives.push(AskAlternative {
                subject: subject.clone(),
                policy: choice.policy.clone(),
                set: choice.set.clone(),
                what: choice_words(choice),
                loss_s: seconds(loss),
                command,
            });
        }
        // Where nothing can be chosen now, the operator has to see that there is a way at all.
        if asked.alternatives.is_empty() {
            commands.push(command(run, "choose", Some(&format!("{subject}=POLICY"))));
        }
    }
    Ask { kind: "points", what: becauses.join("; "), alternatives, commands, ..plain }
}

/// The estate cannot tell, so a person says what became of it: with everything that is known.
fn unclear(run: &Run, id: NodeId, plain: Ask) -> Ask {
    let rows = run.evidence(id).unwrap_or_default();
    let evidence: Vec<Proof> = rows.into_iter().map(|(about, what)| Proof { about, what }).collect();
    let then = evidence.iter().find(|proof| proof.about == "then").map_or("", |proof| proof.what.as_str());
    let seen = evidence.iter().find(|proof| proof.about == "seen");
    let seen = seen.map_or_else(String::new, |seen| format!("; seen: {}", seen.what));
    let what = format!("did it happen? What became of it is not known: {then}{seen}");
    let mut commands: Vec<String> =
        run.answers_of(id).iter().map(|answer| answer.command(run.id())).collect();
    commands.push(command(run, "halt", None));
    let then = Some(
        "`--happened` goes on from there, `--did-not-happen` begins it again, `retry` asks the estate once \
         more and repeats nothing, `skip` goes on without it"
            .to_owned(),
    );
    let (role, people) = run.role_of(id).map_or((None, None), |role| holders(run, role));
    Ask { kind: "unclear", what, role, people, then, evidence, commands, ..plain }
}

fn failed(run: &Run, node: &Node, plain: Ask, message: &str) -> Ask {
    let mut commands = vec![
        command(run, "retry", Some(&node.name)),
        format!("{} --reason TEXT", command(run, "skip", Some(&node.name))),
    ];
    if let Act::Bind(_) = node.act {
        commands.truncate(1);
    }
    match &node.act {
        Act::Fence { or_approve: Some(role), .. } => {
            commands.insert(0, command(run, "approve", Some(&node.name)));
            let (role, people) = holders(run, role);
            let what = format!("the fence failed: {message}. Is the source site fenced by other means?");
            Ask { what, role, people, commands, ..plain }
        }
        Act::Join
        | Act::Approve(_)
        | Act::Script(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::ShutDown { .. }
        | Act::ConfirmStopped { .. }
        | Act::Fence { or_approve: None, .. }
        | Act::ProcessPending { .. }
        | Act::TakeFinal { .. }
        | Act::Bind(_)
        | Act::FailOver { .. }
        | Act::Start { .. }
        | Act::CommitGate(_)
        | Act::Commit { .. }
        | Act::Reprotect { .. }
        | Act::CleanUp { .. }
        | Act::RollBack { .. } => Ask { what: format!("it failed: {message}"), commands, ..plain },
    }
}

/// The role and its people in words: ``a `dr_lead` may answer: `dana` or `lee` ``.
pub(super) fn who_may(ask: &Ask) -> Option<String> {
    let role = ask.role.as_ref()?;
    Some(match &ask.people {
        Some(people) if people.is_empty() => format!("nobody holds the role `{role}`"),
        Some(people) => format!("role `{role}`: {}", list(people, 8)),
        None => format!("role `{role}`: anyone"),
    })
}

/// Until when, and what happens then.
pub(super) fn until(ask: &Ask, now: Timestamp) -> Option<String> {
    let then = ask.then.as_deref().unwrap_or_default();
    match ask.deadline {
        Some(at) if at > now => Some(format!(
            "until {} ({} left), {then}",
            time_near(at, now),
            format_duration_short(at.since(now))
        )),
        Some(_) | None if then.is_empty() => None,
        Some(_) | None => Some(then.to_owned()),
    }
}

/// A text of the plan with its holes filled as far as they are known.
pub(super) fn fill(run: &Run, template: &Template) -> String {
    let runbook = run.runbook();
    let name = |vm| runbook.machines.get(vm).map(|machine| machine.estate_name.clone());
    let filled = template.render::<std::convert::Infallible>(|part| {
        Ok(match part {
            TemplatePart::Plain(text) => text.clone(),
            TemplatePart::Address(vm) => run
                .address(*vm)
                .map_or_else(|| format!("(address of {})", name(*vm).unwrap_or_default()), ToOwned::to_owned),
            TemplatePart::VmName(vm) => name(*vm).unwrap_or_default(),
            TemplatePart::Param(param) => runbook.params.get(param).cloned().unwrap_or_default(),
            TemplatePart::RunId => run.id().to_owned(),
            TemplatePart::RunPlan => runbook.plan.clone(),
            TemplatePart::RunOperation => runbook.operation.word().to_owned(),
            TemplatePart::RunMode => runbook.mode.map_or("", crate::model::Mode::word).to_owned(),
            TemplatePart::RunSource => runbook.source.name.clone(),
            TemplatePart::RunTarget => runbook.target.name.clone(),
        })
    });
    match filled {
        Ok(text) => text,
        Err(never) => match never {},
    }
}
