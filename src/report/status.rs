//! How a run stands now: what runs, what waits for whom, and how an operator goes on. A run, its log
//! and who drives it in; text or `muster.status/1` out.

use serde::Serialize;
use serde_json::Number;

use crate::base::Timestamp;
use crate::event::{Event, Person};
use crate::run::{NodeState, OperatorRequest, Run, RunState};
use crate::runbook::{Act, Node, NodeId, Phase};
use crate::store::RunInfo;

use super::asks::{self, Ask, command};
use super::facts::Facts;
use super::gather::gather;
use super::words::{Look, seconds};
use super::{status_text, verdict};

/// The format's name.
pub const FORMAT: &str = "muster.status/1";

/// The present, by two clocks that may differ by years where the estate is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The estate's: what the run counts in.
    pub estate: Timestamp,
    /// The wall's: what leases count in.
    pub wall: Timestamp,
}

/// What a reader has before it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The fold of `events`.
    pub run: &'a Run,
    /// The whole log.
    pub events: &'a [Event],
    /// The run as listed, for its lease; none where there is no store.
    pub info: Option<&'a RunInfo>,
    /// The present.
    pub moment: Moment,
}

/// How a run stands.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Status {
    /// `muster.status/1`
    pub format: &'static str,
    /// What `report` says too; `state` may be `interrupted` here.
    #[serde(flatten)]
    pub facts: Facts,
    /// What the state means.
    pub means: String,
    /// The estate's time.
    pub now: Timestamp,
    /// The earliest phase with something to do.
    pub phase: Option<&'static str>,
    /// Steps settled, and all of them.
    pub progress: Progress,
    /// From the start to now, or to the end.
    pub elapsed_s: Option<Number>,
    /// What is under way.
    pub running: Vec<Running>,
    /// What is tried again by itself.
    pub retrying: Vec<Retrying>,
    /// What waits for people.
    pub waiting: Vec<Ask>,
    /// How an operator goes on; empty once the run has ended.
    pub ways_out: Vec<WayOut>,
    /// Who drives it.
    pub driver: Option<Driver>,
    /// What must not be overlooked.
    pub warnings: Vec<String>,
}

/// Counts of steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Progress {
    /// Done ones: succeeded, skipped, or failed where that counts as done.
    pub done: usize,
    /// Under way, backing off or waiting for a person.
    pub begun: usize,
    /// Failed ones that are not tolerated.
    pub failed: usize,
    /// Held up by one that failed.
    pub blocked: usize,
    /// All.
    pub steps: usize,
}

/// A step under way.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Running {
    /// Its name.
    pub step: String,
    /// `running` or `unknown`.
    pub state: &'static str,
    /// From 1.
    pub attempt: u32,
    /// When the attempt began.
    pub since: Timestamp,
    /// From then to now.
    pub elapsed_s: Number,
}

/// A step that is tried again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Retrying {
    /// Its name.
    pub step: String,
    /// When.
    pub at: Timestamp,
    /// The attempt that failed.
    pub attempt: u32,
    /// Why it failed.
    pub because: String,
}

/// A command that an operator may give now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WayOut {
    /// What to type.
    pub command: String,
    /// What it does.
    pub does: &'static str,
}

/// Who drives a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Driver {
    /// The process; null while nobody drives it.
    pub process: Option<String>,
    /// How often the lease was taken.
    pub epoch: u64,
    /// Whether it may be driving now.
    pub alive: bool,
}

/// How a run stands now.
#[must_use]
pub fn status(seen: Seen<'_>) -> Status {
    let Seen { run, events, info, moment } = seen;
    let now = moment.estate.max(run.last_at());
    let mut facts = gather(run, events, now);
    let interrupted = !run.state().is_final() && info.is_some_and(|info| info.is_interrupted(moment.wall));
    if interrupted {
        facts.state = "interrupted";
    }
    let started = run.started().map(|(at, _, _)| *at);
    let to = if run.ended().is_some() { run.last_at() } else { now };
    Status {
        format: FORMAT,
        means: verdict::meaning(run, interrupted),
        now,
        phase: phase(run).map(Phase::word),
        progress: progress(run),
        elapsed_s: started.map(|from| seconds(to.since(from))),
        running: running(run, now),
        retrying: retrying(run),
        waiting: asks::asks(run),
        ways_out: ways_out(run, interrupted),
        driver: info.map(|info| Driver {
            process: info.lease.owner.as_ref().map(ToString::to_string),
            epoch: info.lease.epoch,
            alive: info.lease.holds(moment.wall),
        }),
        warnings: verdict::warnings(run, &facts),
        facts,
    }
}

/// How a run stands, for people.
#[must_use]
pub fn text(seen: Seen<'_>, look: Look) -> String {
    status_text::render(&status(seen), seen.run, look)
}

/// How a run stands, for programs: one line of JSON.
#[must_use]
pub fn json(seen: Seen<'_>) -> String {
    match serde_json::to_string_pretty(&status(seen)) {
        Ok(text) => format!("{text}\n"),
        Err(error) => crate::bug!("a status does not serialize: {error}"),
    }
}

/// The steps of the way that the run is on.
fn steps(run: &Run) -> impl Iterator<Item = (NodeId, &Node)> {
    run.runbook().nodes.iter_enumerated().filter(|(id, node)| node.act != Act::Join && run.is_awake(*id))
}

fn progress(run: &Run) -> Progress {
    let mut counts = Progress { done: 0, begun: 0, failed: 0, blocked: 0, steps: 0 };
    for (id, _) in steps(run) {
        let state = run.node(id);
        counts.steps += 1;
        let count = match state {
            _ if state.is_done() => &mut counts.done,
            NodeState::Failed { .. } => &mut counts.failed,
            NodeState::Skipped { .. } => &mut counts.blocked,
            _ if state.began() => &mut counts.begun,
            _ => continue,
        };
        *count += 1;
    }
    counts
}

/// The earliest phase in which something goes on, else failed, else is left; else the last one.
pub(super) fn phase(run: &Run) -> Option<Phase> {
    let nodes = || steps(run);
    let goes_on =
        nodes().filter(|(id, _)| !run.node(*id).is_settled() && run.node(*id).began()).map(|(_, n)| n.phase);
    goes_on
        .min()
        .or_else(|| run.failed().filter_map(|id| run.runbook().nodes.get(id)).map(|node| node.phase).min())
        .or_else(|| nodes().filter(|(id, _)| !run.node(*id).is_settled()).map(|(_, n)| n.phase).min())
        .or_else(|| nodes().map(|(_, node)| node.phase).max())
}

/// What is under way, longest first.
pub(super) fn running(run: &Run, now: Timestamp) -> Vec<Running> {
    let mut found: Vec<Running> = run.under_way().filter_map(|id| one_running(run, id, now)).collect();
    found.sort_by_key(|one| one.since);
    found
}

fn one_running(run: &Run, id: NodeId, now: Timestamp) -> Option<Running> {
    let step = run.runbook().nodes.get(id)?.name.clone();
    match run.node(id) {
        state @ (NodeState::Running { attempt, since, .. } | NodeState::Unknown { attempt, since, .. }) => {
            let elapsed_s = seconds(now.since(*since));
            Some(Running { step, state: state.word(), attempt: *attempt, since: *since, elapsed_s })
        }
        NodeState::NotStarted
        | NodeState::Waiting { .. }
        | NodeState::BackingOff { .. }
        | NodeState::Succeeded { .. }
        | NodeState::Failed { .. }
        | NodeState::Skipped { .. } => None,
    }
}

/// What is tried again by itself, soonest first.
pub(super) fn retrying(run: &Run) -> Vec<Retrying> {
    run.trying_again()
        .filter_map(|(at, id)| {
            let step = run.runbook().nodes.get(id)?.name.clone();
            let NodeState::BackingOff { attempt, last, .. } = run.node(id) else { return None };
            Some(Retrying { step, at, attempt: *attempt, because: last.message.clone() })
        })
        .collect()
}

/// What an operator may do now, besides answering what is asked. The core itself says what it would
/// refuse, so nothing is offered in vain.
fn ways_out(run: &Run, interrupted: bool) -> Vec<WayOut> {
    let mut ways = Vec::new();
    let nobody = Person { name: String::new(), os_user: String::new(), verified: false };
    let allowed = |request: &OperatorRequest| run.decide(request, &nobody).is_ok();
    let mut offer = |command: String, does: &'static str| ways.push(WayOut { command, does });
    let state = run.state();
    let reason = || "-".to_owned();
    if state.is_final() {
        return ways;
    }
    if interrupted {
        offer(
            command(run, "resume", None),
            "drives it on; the estate is asked what became of what was under way",
        );
        return ways;
    }
    let stands = matches!(state, RunState::Halted | RunState::Paused);
    if stands {
        offer(command(run, "resume", None), "goes on; failed steps are tried again");
        for node in run.failed().take(SHOWN) {
            let name = run.runbook().nodes.get(node).map_or("", |node| node.name.as_str());
            offer(command(run, "retry", Some(name)), "tries that step again");
            if allowed(&OperatorRequest::Skip { step: name.to_owned(), reason: reason() }) {
                let skip = format!("{} --reason TEXT", command(run, "skip", Some(name)));
                offer(skip, "counts it as done, and lists it as an exception");
            }
        }
    }
    if allowed(&OperatorRequest::Pause) && !stands {
        offer(command(run, "pause", None), "starts nothing new; running steps finish");
    }
    if allowed(&OperatorRequest::Halt { reason: reason() }) && state != RunState::Halted {
        offer(command(run, "halt", None), "starts nothing any more");
    }
    if run.window_opened().is_some() && !run.runbook().is_test() && run.can_roll_back().is_ok() {
        offer(command(run, "change-point", Some("GROUP=POLICY")), "makes the targets again at another point");
    }
    let touched = stands || run.window_opened().is_some();
    if touched && run.can_roll_back().is_ok() {
        offer(
            command(run, "rollback", None),
            "drops the targets and starts the sources; what was written there is lost",
        );
    }
    let cleans = (stands || state == RunState::Waiting) && allowed(&OperatorRequest::CleanUp);
    if run.runbook().is_test() && cleans {
        offer(command(run, "cleanup", None), "removes all that the test made");
    }
    ways
}

/// Failed steps for which commands are spelt out.
const SHOWN: usize = 5;
