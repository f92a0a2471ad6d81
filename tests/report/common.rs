//! A runbook of three machines, and a world that answers the pure core from a script.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Digest, Id, IdVec, Timestamp};
use musterpoint::event::{
    AskedPoints, BoundSubject, Detail, Event, EventKind, Handle, Listed, Observation, Person, RunOptions,
    Sighting,
};
use musterpoint::inventory::{PointKind, Power, Protection};
use musterpoint::model::{
    ApproveStep, CheckKind, CheckStep, CommitPolicy, IfLate, IfRejected, Mode, OnFailure, Operation, Retry,
    ScriptSpec, ScriptStep, ShutdownSpec, Template, VmId,
};
use musterpoint::run::{Command, Decision, OperatorRequest, Run};
use musterpoint::runbook::{
    Act, BindAct, BoundPoint, CommitGate, Dependency, Forecast, Lane, Needs, Node, NodeId, NodePolicy, Phase,
    Runbook, Slot, SubjectId, UnitId,
};

pub(crate) const START: &str = "2026-11-23T06:00:00Z";
pub(crate) const RUN: &str = "erp-20261123-0600-3f2a";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn dana() -> Person {
    Person { name: "dana".to_owned(), os_user: "dana".to_owned(), verified: true }
}

pub(crate) fn lee() -> Person {
    Person { name: "lee".to_owned(), os_user: "root".to_owned(), verified: false }
}

pub(crate) fn vm(index: usize) -> VmId {
    VmId::from_index(index)
}

const MACHINES: [&str; 3] = ["sql01", "sql02", "app01"];

/// Nodes in the making.
struct Build {
    nodes: IdVec<NodeId, Node>,
}

impl Build {
    fn add(&mut self, name: &str, phase: Phase, lane: Lane, act: Act, after: &[(NodeId, Needs)]) -> NodeId {
        let why = |needs: Needs| match needs {
            Needs::Done => "`->` in the plan".to_owned(),
            Needs::Settled => "phases follow one another".to_owned(),
        };
        let slot = matches!(act, Act::Start { .. }).then_some(Slot::PowerOn);
        self.nodes.push(Node {
            name: name.to_owned(),
            unit: UnitId::from_index(0),
            phase,
            lane,
            act,
            after: after
                .iter()
                .map(|(on, needs)| Dependency { on: *on, needs: *needs, why: why(*needs) })
                .collect(),
            policy: NodePolicy {
                on_failure: OnFailure::Halt,
                optional: false,
                retry: None,
                timeout: None,
                delay: Duration::ZERO,
                slot,
                slot_until: None,
            },
            undoes: None,
            written: Some("erp.muster:33".to_owned()),
        })
    }
}

fn approve(prompt: &str, by: &str, within: u64, if_late: IfLate) -> Act {
    Act::Approve(ApproveStep {
        prompt: Template::plain(prompt),
        by: by.to_owned(),
        quorum: 1,
        within: Duration::from_secs(within),
        if_late,
        if_rejected: IfRejected::Halt,
    })
}

fn check(kind: CheckKind, within: u64) -> Act {
    let (every, within) = (Duration::from_secs(5), Duration::from_secs(within));
    Act::Check(CheckStep { kind, every, in_a_row: 1, within, real: false })
}

/// The frame of a runbook, without nodes.
fn empty(operation: Operation, mode: Option<Mode>) -> Runbook {
    let machine = |name: &str, subject: u32, group: &str| {
        serde_json::json!({
            "name": name, "estate_name": format!("{name}.contoso.com"), "unit": 0, "subject": subject, "group": group,
            "os": null, "optional": name == "app01", "network": null, "address": null, "source_address": null,
        })
    };
    let subject = |name: &str, group: Option<&str>, members: &[u32]| {
        serde_json::json!({
            "name": name, "group": group, "members": members, "overridden": false, "forecast": null,
            "ladder": { "rungs": [ { "kind": "common_app", "max_age": "1h" }, { "kind": "common" } ], "end": "ask" },
        })
    };
    let site = |name: &str| serde_json::json!({ "name": name, "estate_name": name });
    let people = |names: &[&str]| serde_json::json!({ "members": { "people": names } });
    let text = serde_json::json!({
        "format": "muster.runbook/1", "plan": "erp", "doc": "", "operation": operation, "mode": mode,
        "compiled_at": START, "lost_at": null, "source": site("avs"), "target": site("azure"),
        "home": site("avs"), "params": {},
        "estate": { "name": "contoso", "provider": "sim", "args": {}, "folder": "/plans", "identity": "os" },
        "objective": { "rpo": "1h", "rto": "2h", "until": null },
        "limits": { "power_on": 1, "shut_down": null, "fail_over": null },
        "roles": { "dr_lead": people(&["dana", "lee"]), "app_owner": { "members": "anyone" } },
        "notify": {}, "units": [ { "prefix": "", "plan": "erp", "commit_deletes": false, "has_commit": true } ],
        "machines": [machine("sql01", 0, "db"), machine("sql02", 0, "db"), machine("app01", 1, "app")],
        "subjects": [subject("db", Some("db"), &[0, 1]), subject("app01", None, &[2])],
        "aligns": [], "nodes": [], "left_out": [], "unfenced": null,
        "facts": { "files": [], "scripts": {}, "machines": {}, "points": {} },
    })
    .to_string();
    serde_json::from_str(&text).unwrap()
}

/// A whole runbook: approvals, a script, shutdowns unless forced, bindings, failovers, starts with
/// readiness, a check, the window, commit and reprotect, or cleanup for a test.
pub(crate) fn runbook(operation: Operation, mode: Option<Mode>) -> Runbook {
    use Needs::{Done, Settled};
    let mut runbook = empty(operation, mode);
    let mut build = Build { nodes: IdVec::new() };
    let forward = Lane::Forward;
    let go = approve("Fail the ERP over?", "dr_lead", 1800, IfLate::Halt);
    let go = build.add("go", Phase::Prepare, forward, go, &[]);
    let spec = ScriptSpec {
        run: vec![Template::plain("scripts/freeze.sh")],
        shell: false,
        env: indexmap::IndexMap::new(),
        timeout: Duration::from_secs(300),
    };
    let freeze = Act::Script(ScriptStep { spec, place: musterpoint::model::ScriptWhere::Runner });
    let freeze = build.add("freeze", Phase::Prepare, forward, freeze, &[(go, Done)]);
    let mut gate = build.add("join prepare", Phase::Prepare, forward, Act::Join, &[(freeze, Done)]);
    if matches!(mode, Some(Mode::Planned | Mode::Unplanned)) {
        let mut downs = Vec::new();
        for (index, name) in MACHINES.iter().enumerate() {
            let act = Act::ShutDown { vm: vm(index), spec: ShutdownSpec::default() };
            downs.push((
                build.add(&format!("shut down {name}"), Phase::Shutdown, forward, act, &[(gate, Done)]),
                Done,
            ));
        }
        gate = build.add("join shutdown", Phase::Shutdown, forward, Act::Join, &downs);
    }
    let mut binds = Vec::new();
    for (index, name) in ["db", "app01"].iter().enumerate() {
        let act = Act::Bind(BindAct { subjects: vec![SubjectId::from_index(index)], within: None });
        binds.push((build.add(&format!("bind {name}"), Phase::Bind, forward, act, &[(gate, Done)]), Done));
    }
    let bound = build.add("join bind", Phase::Bind, forward, Act::Join, &binds);
    let mut made = Vec::new();
    for (index, name) in MACHINES.iter().enumerate() {
        let act = Act::FailOver { vm: vm(index) };
        made.push((
            build.add(&format!("fail over {name}"), Phase::Failover, forward, act, &[(bound, Done)]),
            Settled,
        ));
    }
    let all_made = build.add("join failover", Phase::Failover, forward, Act::Join, &made);
    let erp_up = starts(&mut build, all_made, &made);
    runbook.objective.until = Some(erp_up);
    let accept = approve("ERP accepted by the business?", "app_owner", 86_400, IfLate::KeepWaiting);
    let accept = build.add("accept", Phase::CommitWindow, forward, accept, &[(erp_up, Done)]);
    if operation == Operation::Test {
        for (index, name) in MACHINES.iter().enumerate() {
            let act = Act::CleanUp { vm: vm(index) };
            build.add(&format!("clean up {name}"), Phase::Cleanup, Lane::Cleanup, act, &[(accept, Done)]);
        }
    } else {
        ends(&mut build, accept, operation, mode);
    }
    runbook.nodes = build.nodes;
    runbook
}

/// One machine after the other, each with its readiness, and a check of the whole.
fn starts(build: &mut Build, all_made: NodeId, made: &[(NodeId, Needs)]) -> NodeId {
    use Needs::{Done, Settled};
    let forward = Lane::Forward;
    let mut before = None;
    let mut up = Vec::new();
    for (index, name) in MACHINES.iter().enumerate() {
        let after: Vec<_> = [(all_made, Settled), (made[index].0, Done)]
            .into_iter()
            .chain(before.map(|node| (node, Done)))
            .collect();
        let start =
            build.add(&format!("start {name}"), Phase::Start, forward, Act::Start { vm: vm(index) }, &after);
        let ready = check(CheckKind::Heartbeat(vm(index)), 600);
        let ready = build.add(&format!("{name} ready"), Phase::Start, forward, ready, &[(start, Done)]);
        build.nodes.at_mut(start).policy.slot_until = Some(ready);
        build.nodes.at_mut(start).policy.retry = Some(Retry {
            times: Some(2),
            every: Duration::from_secs(30),
            backoff: 1,
            limit: None,
            on: Vec::new(),
        });
        before = (index < 1).then_some(ready);
        up.push((ready, Done));
    }
    let http = CheckKind::Http { url: Template::plain("http://app01/health"), status: 200, body: None };
    let erp_up = build.add("erp_up", Phase::Start, forward, check(http, 600), &up);
    build.nodes.at_mut(erp_up).policy.on_failure = OnFailure::Ask;
    erp_up
}

/// The window, commit and reprotect, and the way back.
fn ends(build: &mut Build, accept: NodeId, operation: Operation, mode: Option<Mode>) {
    use Needs::Done;
    let forward = Lane::Forward;
    let vms = (0..3).map(vm).collect();
    let deletes_sources = operation == Operation::Failback;
    let policy = if deletes_sources { CommitPolicy::Manual } else { CommitPolicy::Gated };
    let gate = Act::CommitGate(CommitGate { policy, gated: !deletes_sources, deletes_sources, vms });
    let gate = build.add("commit", Phase::CommitWindow, forward, gate, &[(accept, Done)]);
    for (index, name) in MACHINES.iter().enumerate() {
        let commit = Act::Commit { vm: vm(index) };
        let commit = build.add(&format!("commit {name}"), Phase::Commit, forward, commit, &[(gate, Done)]);
        if mode != Some(Mode::Forced) {
            let act = Act::Reprotect { vm: vm(index), via: None, retry: None };
            build.add(&format!("reprotect {name}"), Phase::Reprotect, forward, act, &[(commit, Done)]);
        }
    }
    for (index, name) in MACHINES.iter().enumerate() {
        let act = Act::RollBack { vm: vm(index), start_source: true };
        build.add(&format!("roll back {name}"), Phase::Rollback, Lane::Rollback, act, &[]);
    }
}

/// What the world answers to an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Fails(&'static str, &'static str),
    Retryable(&'static str, &'static str),
    TimesOut(&'static str),
    Excepts(&'static str),
    PowerOff,
    Asks(&'static str),
    Lost(&'static str),
}

/// A scripted world over the pure core.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) run: Run,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Timestamp,
    /// By step: outcomes of its attempts, in order; then it succeeds.
    pub(crate) outcomes: BTreeMap<String, Vec<Outcome>>,
    /// Acts under way: when they end.
    under_way: BTreeMap<(Timestamp, NodeId), ()>,
    seen: usize,
}

impl World {
    pub(crate) fn new(runbook: Runbook, options: RunOptions) -> Self {
        let digest = runbook.digest();
        let runbook = Arc::new(runbook);
        let now = at(START);
        let run = Run::new(RUN, Arc::clone(&runbook));
        let (events, outcomes, under_way) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut world = Self { run, events, now, outcomes, under_way, seen: 0 };
        world.happens(EventKind::RunStarted { run: RUN.to_owned(), runbook: digest, by: dana(), options });
        world.happens(EventKind::DriverStarted { epoch: 1, version: "0.1.0".to_owned() });
        world
    }

    pub(crate) fn answers(mut self, step: &str, outcomes: &[Outcome]) -> Self {
        self.outcomes.insert(step.to_owned(), outcomes.to_vec());
        self
    }

    pub(crate) fn happens(&mut self, kind: EventKind) {
        let event = Event { seq: self.run.seq() + 1, at: self.now, kind };
        self.run.apply(&event);
        self.events.push(event);
    }

    /// Goes on until only a person can, or for so many events.
    pub(crate) fn goes_on(&mut self, most: usize) {
        while self.events.len() < most {
            let commands = self.run.next(self.now);
            let mut did = false;
            for command in commands {
                match command {
                    Command::Record(kind) => {
                        self.happens(kind);
                        did = true;
                        break;
                    }
                    Command::Begin { node, attempt, key } => {
                        self.happens(EventKind::StepStarted { node, attempt, key });
                        self.begins(node);
                        did = true;
                        break;
                    }
                    Command::Resolve { node, .. } => {
                        if !self.under_way.keys().any(|(_, other)| *other == node) {
                            self.under_way.insert((self.now.plus(Duration::from_secs(5)), node), ());
                        }
                    }
                }
            }
            if did {
                continue;
            }
            if let Some(((due, node), ())) = self.under_way.pop_first() {
                self.now = self.now.max(due);
                self.ends(node);
                continue;
            }
            match self.run.wake_without_people() {
                Some(wake) if wake > self.now => self.now = wake,
                Some(_) | None => return,
            }
        }
    }

    fn begins(&mut self, node: NodeId) {
        let compiled = self.run.runbook().nodes.at(node);
        if matches!(compiled.act, Act::Approve(_) | Act::CommitGate(_)) {
            return;
        }
        let takes = match compiled.phase {
            Phase::Shutdown | Phase::Reprotect => 90,
            Phase::Failover => 180,
            Phase::Start => 40,
            _ => 4,
        } + node.index() as u64 % 3;
        if matches!(compiled.act, Act::FailOver { .. }) {
            self.happens(EventKind::OperationAccepted {
                node,
                handle: Handle(format!("op-{}", node.index())),
            });
        }
        self.under_way.insert((self.now.plus(Duration::from_secs(takes)), node), ());
    }

    fn ends(&mut self, node: NodeId) {
        let compiled = self.run.runbook().nodes.at(node).clone();
        let outcomes = self.outcomes.entry(compiled.name.clone()).or_default();
        let outcome = (!outcomes.is_empty()).then(|| outcomes.remove(0));
        let failed = |code: &str, message: &str, retryable, timed_out| EventKind::StepFailed {
            node,
            code: code.to_owned(),
            message: message.to_owned(),
            retryable,
            timed_out,
            output: matches!(compiled.act, Act::Script(_)).then(|| format!("output/{RUN}/freeze-1")),
        };
        let detail = Detail {
            address: match &compiled.act {
                Act::Start { vm } => Some(format!("10.8.0.{}", vm.index() + 11)),
                _ => None,
            },
            clean: matches!(compiled.act, Act::ShutDown { .. }).then_some(true),
            ..Detail::default()
        };
        let found = matches!(self.run.node(node), musterpoint::run::NodeState::Unknown { .. });
        let kind = match (outcome, &compiled.act) {
            (Some(Outcome::Fails(code, message)), _) => failed(code, message, false, false),
            (Some(Outcome::Retryable(code, message)), _) => failed(code, message, true, false),
            (Some(Outcome::TimesOut(message)), _) => failed("timeout", message, false, true),
            (Some(Outcome::Excepts(why)), _) => {
                let exception = Some(why.to_owned());
                EventKind::StepSucceeded { node, detail: Detail { exception, ..detail }, found }
            }
            (Some(Outcome::PowerOff), _) => {
                EventKind::StepSucceeded { node, detail: Detail { clean: Some(false), ..detail }, found }
            }
            (Some(Outcome::Lost(message)), _) if !found => {
                EventKind::AnswerLost { node, message: message.to_owned() }
            }
            (Some(Outcome::Lost(message)), _) => {
                let evidence = format!("the estate cannot tell: {message}");
                EventKind::StepUnclear { node, evidence, seen: seen(&self.run, node) }
            }
            (Some(Outcome::Asks(because)), Act::Bind(bind)) => {
                let alternatives = vec![choice(bind.subjects[0].index(), "common", "s4", 95)];
                let subject = bind.subjects[0];
                let questions = vec![AskedPoints { subject, because: because.to_owned(), alternatives }];
                EventKind::PointsAsked { node, questions }
            }
            (None, Act::Bind(bind)) => {
                let subject = bind.subjects[0];
                let choice = choice(subject.index(), "common_app(max_age = 1h)", "s7", 5);
                EventKind::PointsBound {
                    node,
                    bound: vec![BoundSubject { subject, choice, exception: None }],
                }
            }
            (None | Some(Outcome::Asks(_)), _) => EventKind::StepSucceeded { node, detail, found },
        };
        self.happens(kind);
    }

    /// A person asks something, so much later. Says whether it was allowed.
    pub(crate) fn asked(&mut self, after: u64, by: Person, request: impl Into<OperatorRequest>) -> bool {
        self.now = self.now.plus(Duration::from_secs(after));
        let request = request.into();
        match self.run.decide(&request, &by) {
            Ok(Decision::Record(kind)) => {
                self.happens(*kind);
                true
            }
            Ok(Decision::LookAtPoints { subject, .. }) => {
                let choice = choice(subject.index(), "common", "s4", 95);
                self.happens(EventKind::PointChanged { subject, choice, by });
                true
            }
            Ok(Decision::LookAtMachines { node, outcome, reason }) => {
                let (seen, detail) = (seen(&self.run, node), Detail::default());
                self.happens(EventKind::OutcomeStated { node, outcome, by, reason, detail, seen });
                true
            }
            Err(reason) => {
                let request = request.verb().to_owned();
                self.happens(EventKind::RequestRefused { by, request, reason });
                false
            }
        }
    }

    /// What happened since this was asked last.
    pub(crate) fn news(&mut self) -> Vec<Event> {
        let news = self.events[self.seen..].to_vec();
        self.seen = self.events.len();
        news
    }
}

/// A target that is there and does not run, of a source that is down.
fn seen(run: &Run, node: NodeId) -> Vec<Sighting> {
    let Some(vm) = run.runbook().nodes.at(node).act.vm() else { return Vec::new() };
    let observed = Observation {
        source_running: Some(false),
        target_running: Some(false),
        address: None,
        fenced: Some(true),
    };
    let listed = Listed {
        site: "azure".to_owned(),
        power: Some(Power::Off),
        protection: Protection::FailedOver,
        replicates_to: None,
        left_behind: Some("avs".to_owned()),
        points: 7,
    };
    let machine = run.runbook().machines.at(vm).estate_name.clone();
    vec![Sighting { machine, observed: Some(observed), listed: Some(listed), unseen: Vec::new() }]
}

/// A choice for `db` or `app01` that loses so many minutes.
pub(crate) fn choice(subject: usize, policy: &str, set: &str, minutes: u64) -> Forecast {
    let point = |index: usize, extra: u64| BoundPoint {
        vm: vm(index),
        point: format!("p{}", index + 1),
        at: at(START).minus(Duration::from_secs(minutes * 60 - extra)),
        kind: PointKind::App,
        loss: Duration::from_secs(minutes * 60 - extra),
    };
    let points = if subject == 0 { vec![point(0, 0), point(1, 2)] } else { vec![point(2, 30)] };
    Forecast {
        rung: 0,
        policy: if subject == 0 { policy.to_owned() } else { "latest_processed".to_owned() },
        set: (subject == 0).then(|| set.to_owned()),
        points,
        certificate: serde_json::json!({ "subject": subject, "matched": "set", "digest": Digest::of(&[b"x"]) }),
    }
}

pub(crate) fn approved(step: &str, comment: &str) -> OperatorRequest {
    OperatorRequest::Approve { step: Some(step.to_owned()), comment: comment.to_owned() }
}
