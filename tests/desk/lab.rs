//! One plan with every kind of step, compiled for an operation and a mode, and a scripted world that answers
//! the pure core.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::Timestamp;
use musterpoint::event::{AskedPoints, BoundSubject, Detail, Event, EventKind, Person, RunOptions};
use musterpoint::model::resolve::{DiskFiles, resolve};
use musterpoint::model::{Mode, Operation};
use musterpoint::run::{Command, Decision, OperatorRequest, Refusal, Run};
use musterpoint::runbook::{Act, BoundPoint, CompileOptions, Forecast, NodeId, Runbook, SubjectId, compile};
use musterpoint::source::Sources;

/// The plan: `desk.muster` beside this file.
const PLAN: &str = include_str!("desk.muster");

/// Where the machines of the plan run, and which points they have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum At {
    Home,
    /// At home, and without an app-consistent point: the ladder of `db` ends in a question.
    HomeWithoutApp,
    Cloud,
}

fn inventory(at: At) -> String {
    let (site, other) = if at == At::Cloud { ("cloud", "home") } else { ("home", "cloud") };
    let kind = if at == At::HomeWithoutApp { "crash" } else { "app" };
    let vm = |name: &str, group: &str, set: &str, kind: &str| {
        format!(
            r#""{name}": {{ "group": {group}, "site": "{site}", "power": "on", "protection": "protected",
                "replicates_to": "{other}", "address": {{ "home": "10.0.0.1", "cloud": "10.8.0.1" }},
                "points": [ {{ "id": "{name}-1", "at": "2026-11-23T05:55:00Z", "kind": "{kind}", "set": {set},
                               "processed": true, "usable": true }} ] }}"#
        )
    };
    let vms = [
        vm("sql01", r#""db""#, r#""s1""#, kind),
        vm("sql02", r#""db""#, r#""s1""#, kind),
        vm("jump01", "null", "null", "crash"),
    ];
    format!(
        r#"{{ "format": "muster.inventory/1", "now": "2026-11-23T06:00:00Z", "sites": ["home", "cloud"],
             "vms": {{ {} }}, "process_servers": [ {{ "name": "ps", "site": "home", "healthy": true }} ] }}"#,
        vms.join(", ")
    )
}

/// How the plan is compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind<'a> {
    pub(crate) operation: Operation,
    pub(crate) mode: Option<Mode>,
    pub(crate) at: At,
    /// Texts of the plan that are replaced.
    pub(crate) edits: &'a [(&'a str, &'a str)],
}

pub(crate) const PLANNED: Kind<'static> =
    Kind { operation: Operation::Failover, mode: Some(Mode::Planned), at: At::Home, edits: &[] };
pub(crate) const UNPLANNED: Kind<'static> = Kind { mode: Some(Mode::Unplanned), ..PLANNED };
pub(crate) const FORCED: Kind<'static> = Kind { mode: Some(Mode::Forced), ..PLANNED };
pub(crate) const TEST: Kind<'static> = Kind { operation: Operation::Test, mode: None, ..PLANNED };

/// The plan compiled.
pub(crate) fn runbook(kind: Kind<'_>) -> Runbook {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = PLAN.to_owned();
    for (from, to) in kind.edits {
        assert!(plan.contains(from), "no `{from}` in the plan");
        plan = plan.replace(from, to);
    }
    let file = folder.path().join("desk.muster");
    std::fs::write(&file, plan).unwrap();
    let mut sources = Sources::default();
    let resolved = resolve(&file, &mut DiskFiles, &mut sources);
    let Some(plan) = resolved.plan else { panic!("{:#?}", resolved.diagnostics) };
    let text = inventory(kind.at);
    let inventory = musterpoint::inventory::read("lab.json", text.as_bytes()).unwrap();
    let mut options = CompileOptions::new(kind.operation, kind.mode, &sources);
    if kind.mode == Some(Mode::Forced) {
        options.to = Some("cloud".to_owned());
        options.lost_at = Some("2026-11-23T05:58:00Z".parse().unwrap());
    }
    match compile(&plan, &inventory, &options) {
        Ok(runbook) => runbook,
        Err(errors) => panic!("{errors:#?}"),
    }
}

pub(crate) fn person(name: &str) -> Person {
    Person { name: name.to_owned(), os_user: name.to_owned(), verified: true }
}

/// What the world does with an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    /// It goes on.
    Lasts,
    Fails,
    /// It fails, and trying again may help.
    FailsForNow,
    /// Its answer is lost, and the estate is still being asked.
    LosesAnswer,
    /// Its answer is lost, and the estate cannot tell.
    IsUnclear,
    /// Points have to be chosen.
    Asks,
}

/// A run in a scripted world. A clone goes its own way.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) run: Run,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Timestamp,
    does: BTreeMap<String, Vec<Does>>,
    /// Steps whose attempt under way lasts.
    lasting: BTreeSet<NodeId>,
}

impl World {
    pub(crate) fn new(kind: Kind<'_>) -> Self {
        Self::of(runbook(kind))
    }

    /// A run of a runbook.
    pub(crate) fn of(runbook: Runbook) -> Self {
        let runbook = Arc::new(runbook);
        let now = runbook.compiled_at;
        let run = Run::new("r", Arc::clone(&runbook));
        let mut world =
            Self { run, events: Vec::new(), now, does: BTreeMap::new(), lasting: BTreeSet::new() };
        let digest = runbook.digest();
        let (by, options) = (person("dana"), RunOptions::default());
        world.happens(EventKind::RunStarted { run: "r".to_owned(), runbook: digest, by, options });
        world.driver_comes();
        world
    }

    pub(crate) fn driver_comes(&mut self) {
        self.happens(EventKind::DriverStarted { epoch: 1, version: "test".to_owned() });
    }

    /// What the next attempts at a step come to; after those it succeeds.
    pub(crate) fn when(mut self, step: &str, does: &[Does]) -> Self {
        self.does.insert(step.to_owned(), does.to_vec());
        self
    }

    pub(crate) fn happens(&mut self, kind: EventKind) {
        let event = Event { seq: self.run.seq() + 1, at: self.now, kind };
        self.run.apply(&event);
        self.events.push(event);
    }

    pub(crate) fn node(&self, name: &str) -> NodeId {
        let found = self.run.runbook().nodes.iter_enumerated().find(|(_, node)| node.name == name);
        found.unwrap_or_else(|| panic!("no step `{name}`")).0
    }

    pub(crate) fn name(&self, node: NodeId) -> &str {
        &self.run.runbook().nodes.at(node).name
    }

    /// Goes on until only time or a person can. What may begin at once begins at once.
    pub(crate) fn goes_on(mut self) -> Self {
        loop {
            let commands = self.run.next(self.now).into_iter();
            let lasts = |command: &Command| matches!(command, Command::Resolve { node, .. } if self.lasting.contains(node));
            let commands: Vec<Command> = commands.filter(|command| !lasts(command)).collect();
            if commands.is_empty() {
                return self;
            }
            let mut begun = Vec::new();
            for command in commands {
                match command {
                    Command::Record(kind) => self.happens(kind),
                    Command::Begin { node, attempt, key } => {
                        self.happens(EventKind::StepStarted { node, attempt, key });
                        begun.push(node);
                    }
                    Command::Resolve { node, .. } => {
                        let (evidence, seen) = ("it keeps no record".to_owned(), Vec::new());
                        self.happens(EventKind::StepUnclear { node, evidence, seen });
                    }
                }
            }
            for node in begun {
                self.ends(node);
            }
        }
    }

    fn ends(&mut self, node: NodeId) {
        let compiled = self.run.runbook().nodes.at(node).clone();
        if matches!(compiled.act, Act::Approve(_) | Act::CommitGate(_) | Act::Wait { .. }) {
            return;
        }
        let script = self.does.entry(compiled.name.clone()).or_default();
        let does = (!script.is_empty()).then(|| script.remove(0));
        let lost = EventKind::AnswerLost { node, message: "no answer".to_owned() };
        match (does, &compiled.act) {
            (Some(Does::Lasts), _) => {
                self.lasting.insert(node);
            }
            (Some(Does::Fails), _) => self.happens(failure(node, false)),
            (Some(Does::FailsForNow), _) => self.happens(failure(node, true)),
            (Some(Does::LosesAnswer), _) => {
                self.lasting.insert(node);
                self.happens(lost);
            }
            (Some(Does::IsUnclear), _) => self.happens(lost),
            (Some(Does::Asks), _) => {
                let subject = subject_of(&compiled.act);
                let alternatives = vec![self.choice(subject)];
                let because = "no common point is app-consistent".to_owned();
                let questions = vec![AskedPoints { subject, because, alternatives }];
                self.happens(EventKind::PointsAsked { node, questions });
            }
            (None, Act::Bind(bind)) => {
                let bound = bind.subjects.iter().map(|subject| BoundSubject {
                    subject: *subject,
                    choice: self.choice(*subject),
                    exception: None,
                });
                let bound = bound.collect();
                self.happens(EventKind::PointsBound { node, bound });
            }
            (None, _) => {
                self.happens(EventKind::StepSucceeded { node, detail: Detail::default(), found: false });
            }
        }
    }

    /// What lasts fails.
    pub(crate) fn failed(mut self, step: &str) -> Self {
        let node = self.node(step);
        self.lasting.remove(&node);
        self.happens(failure(node, false));
        self.goes_on()
    }

    pub(crate) fn choice(&self, subject: SubjectId) -> Forecast {
        let members = &self.run.runbook().subjects.at(subject).members;
        let points = members.iter().map(|vm| BoundPoint {
            vm: *vm,
            point: "p1".to_owned(),
            at: self.now,
            kind: musterpoint::inventory::PointKind::App,
            loss: Duration::ZERO,
        });
        let (points, certificate) = (points.collect(), serde_json::Value::Null);
        Forecast { rung: 0, policy: "common".to_owned(), set: None, points, certificate }
    }

    /// The request for another point of a subject.
    pub(crate) fn change_point(&self, subject: &str) -> OperatorRequest {
        let mut subjects = self.run.runbook().subjects.iter();
        let ladder = subjects.find(|known| known.name == subject).expect("a subject").ladder.clone();
        OperatorRequest::ChangePoint { subject: subject.to_owned(), ladder }
    }

    /// Time passes.
    pub(crate) fn after(mut self, minutes: u64) -> Self {
        self.now = self.now.plus(Duration::from_secs(minutes * 60));
        self.goes_on()
    }

    /// Asks, and applies what is allowed; nothing goes on yet. Says which event it was.
    pub(crate) fn asked(&mut self, request: &OperatorRequest, by: &str) -> Result<String, Refusal> {
        let by = person(by);
        let kind = match self.run.weigh(request, &by)? {
            Decision::Record(kind) => *kind,
            Decision::LookAtPoints { subject, .. } => {
                EventKind::PointChanged { subject, choice: self.choice(subject), by }
            }
            Decision::LookAtMachines { node, outcome, reason } => {
                let (detail, seen) = (Detail::default(), Vec::new());
                EventKind::OutcomeStated { node, outcome, by, reason, detail, seen }
            }
        };
        let word = event_word(&kind);
        self.happens(kind);
        Ok(word)
    }

    /// Asks what has to be allowed, and goes on.
    pub(crate) fn does_as(mut self, by: &str, request: &OperatorRequest) -> Self {
        if let Err(refusal) = self.asked(request, by) {
            panic!("{refusal}");
        }
        self.goes_on()
    }

    pub(crate) fn dana(self, request: &OperatorRequest) -> Self {
        self.does_as("dana", request)
    }

    /// Both of the people that `go` takes say yes, and the pause after it passes.
    pub(crate) fn has_begun(self) -> Self {
        let go = approve("go");
        let world = self.goes_on().does_as("dana", &go).does_as("lee", &go);
        if world.run.node(world.node("settle")).is_active() { world.after(5) } else { world }
    }

    /// The delay before the optional machine's start has passed too.
    pub(crate) fn brought_up(self) -> Self {
        self.has_begun().after(2)
    }
}

/// The word of an event, as the run log writes it.
pub(crate) fn event_word(kind: &EventKind) -> String {
    serde_json::to_value(kind).unwrap()["event"].as_str().unwrap().to_owned()
}

fn failure(node: NodeId, retryable: bool) -> EventKind {
    let (code, message) = ("broken".to_owned(), "it does not work".to_owned());
    EventKind::StepFailed { node, code, message, retryable, timed_out: false, output: None }
}

fn subject_of(act: &Act) -> SubjectId {
    match act {
        Act::Bind(bind) => bind.subjects[0],
        Act::AskPoints { subjects } => subjects[0],
        other => panic!("{other:?} asks for no points"),
    }
}

pub(crate) fn approve(step: &str) -> OperatorRequest {
    OperatorRequest::Approve { step: Some(step.to_owned()), comment: String::new() }
}

pub(crate) fn reject(step: &str) -> OperatorRequest {
    OperatorRequest::Reject { step: Some(step.to_owned()), comment: String::new() }
}

pub(crate) fn skip(step: &str) -> OperatorRequest {
    OperatorRequest::Skip { step: step.to_owned(), reason: "because".to_owned() }
}

pub(crate) fn retry(step: &str) -> OperatorRequest {
    OperatorRequest::Retry { step: Some(step.to_owned()) }
}

pub(crate) fn halt() -> OperatorRequest {
    OperatorRequest::Halt { reason: "because".to_owned() }
}

pub(crate) fn rollback() -> OperatorRequest {
    OperatorRequest::Rollback { reason: "because".to_owned() }
}

pub(crate) fn commit() -> OperatorRequest {
    OperatorRequest::Commit { delete_sources: None }
}
