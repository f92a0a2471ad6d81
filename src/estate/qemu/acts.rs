//! Acts: durable before their first effect, driven step by step by `submit` and `poll`, found again
//! by key. What an act does is told in the other files; here is only how it goes on, ends and fails.

use std::pin::Pin;
use std::time::Duration;

use crate::base::{Clock, Digest, Timestamp};
use crate::event::{Detail, EstateError, Found, Handle, Key, Progress, Request, Submitted};
use crate::inventory::PointKind;

use super::files;
use super::hands::Hands;
use super::record::{ActRecord, ActState, Stage, TakeWork, Work};
use super::{after, confirm, switch, take, traces};
use crate::estate::trouble::Trouble;

/// How long the same trouble may stop an act before it is given up: twice what a daemon may take to
/// start and to answer, with room.
const STUCK_MAX: Duration = Duration::from_secs(60);
/// When an act that waits is to be asked about again.
const SOON: Duration = Duration::from_millis(20);

/// How long one call goes on: others wait 20 s for the estate, and the engine 60 s for an answer.
const CALL_MAX: Duration = Duration::from_secs(10);

/// How a step ended.
#[derive(Debug)]
pub(super) enum Next {
    /// There is more to do at once.
    Again,
    /// There is nothing to do before then.
    Wait(Duration),
    /// The act is done.
    Done(Detail),
}

impl Next {
    /// A job or a writer is waited for.
    pub(super) const fn soon() -> Self {
        Self::Wait(SOON)
    }
}

/// The file name of a key; a key of other form than the engine's is digested.
pub(super) fn slug_of(key: &Key) -> String {
    let text = key.as_str();
    if !text.is_empty()
        && text.len() <= 24
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    {
        return text.to_owned();
    }
    Digest::of(&[text.as_bytes()]).as_str().chars().take(24).collect()
}

/// How a point is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// As if the power had been cut.
    Crash,
    /// With the guests' applications quiesced.
    App,
    /// Of machines that are down.
    Last,
}

/// A point of these machines, not begun.
pub(super) fn new_take(
    hands: &Hands<'_>,
    slug: &str,
    machines: &[String],
    how: How,
) -> Result<TakeWork, Trouble> {
    let Some(first) = machines.first() else {
        return Err(Trouble::Refused("no_machine", "a point of no machine was asked for".to_owned()));
    };
    let from = hands.source(first)?.side;
    let group = hands.estate.description.machines.get(first).and_then(|machine| machine.group.as_ref());
    let whole = group.is_some_and(|group| {
        let members = hands.estate.description.members(group);
        members.len() == machines.len() && members.iter().all(|member| machines.contains(member))
    });
    Ok(TakeWork {
        compared: None,
        machines: machines.to_vec(),
        from: hands.site(from).to_owned(),
        to: hands.site(from.other()).to_owned(),
        last: how == How::Last,
        app: how == How::App,
        kind: PointKind::Crash,
        set: (whole || machines.len() > 1).then(|| format!("set-{slug}")),
        point: format!("p{slug}"),
        at: None,
        cut_nanos: 0,
        stage: Stage::Begin,
        daemon: None,
        members: Vec::new(),
        seeds: indexmap::IndexMap::new(),
        then_set: false,
        note: String::new(),
    })
}

pub(super) fn read(hands: &Hands<'_>, slug: &str) -> Result<Option<ActRecord>, Trouble> {
    // A handle comes back from a run log: it is only ever a name that this file gave.
    if slug.is_empty() || !slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
        return Ok(None);
    }
    files::read_json(&hands.estate.layout.act(slug))
}

fn keep(hands: &Hands<'_>, act: &ActRecord) -> Result<(), Trouble> {
    files::write_json(&hands.estate.layout.act(&act.slug), act)
}

/// Forgets an act that nobody will ask about again.
pub(super) fn forget(hands: &Hands<'_>, slug: &str) -> Result<(), Trouble> {
    files::remove(&hands.estate.layout.act(slug))
}

/// Begins an act: its record is durable before anything is done.
pub(super) fn begin(
    hands: &Hands<'_>,
    slug: &str,
    request: Option<&Request>,
    work: Work,
) -> Result<ActRecord, Trouble> {
    let act = ActRecord {
        format: "muster.act/1".to_owned(),
        slug: slug.to_owned(),
        began: hands.now(),
        stuck_since: None,
        request: request.cloned(),
        work,
        state: ActState::Running,
    };
    keep(hands, &act)?;
    Ok(act)
}

/// Takes an act as far as it goes in this call. Returns when to ask again, if it goes on.
pub(super) async fn advance(hands: &mut Hands<'_>, act: &mut ActRecord) -> Result<Duration, Trouble> {
    let began = hands.now();
    for _ in 0..hands.estate.steps_per_call {
        if hands.now().since(began) > CALL_MAX {
            return Ok(SOON);
        }
        let outcome = match act.state.clone() {
            ActState::Done(_) | ActState::Failed(_) => return Ok(Duration::ZERO),
            ActState::Running => rehearsed_step(hands, act).await,
            ActState::Undoing(error) => undo(hands, act).await.map(|()| {
                act.state = ActState::Failed(error);
                Next::Again
            }),
        };
        let now = hands.now();
        match outcome {
            Ok(Next::Again) => act.stuck_since = None,
            Ok(Next::Wait(pause)) => {
                act.stuck_since = None;
                keep(hands, act)?;
                return Ok(pause);
            }
            Ok(Next::Done(detail)) => act.state = ActState::Done(detail),
            Err(Trouble::Later(why)) => {
                let since = *act.stuck_since.get_or_insert(now);
                if now.since(since) > STUCK_MAX {
                    give_up(act, &why);
                }
                keep(hands, act)?;
                return Ok(SOON);
            }
            Err(trouble) if matches!(act.state, ActState::Undoing(_)) => {
                let since = *act.stuck_since.get_or_insert(now);
                if let (ActState::Undoing(error), true) = (&act.state, now.since(since) > STUCK_MAX) {
                    act.state = ActState::Failed(EstateError::Unknown {
                        message: format!(
                            "{error}; what it left could not be removed: {:?}",
                            trouble.into_error()
                        ),
                    });
                }
                keep(hands, act)?;
                return Ok(SOON);
            }
            Err(trouble) => act.state = ActState::Undoing(trouble.into_error()),
        }
        keep(hands, act)?;
    }
    Ok(Duration::ZERO)
}

/// One step; in a rehearsal of crashes twice, as after an end between effect and record.
async fn rehearsed_step(hands: &mut Hands<'_>, act: &mut ActRecord) -> Result<Next, Trouble> {
    if hands.estate.every_step_twice {
        let mut lost = act.clone();
        let first = step(hands, &mut lost).await;
        if !matches!(first, Ok(Next::Again | Next::Done(_))) {
            *act = lost;
            return first;
        }
    }
    step(hands, act).await
}

fn give_up(act: &mut ActRecord, why: &str) {
    let message = format!("it did not go on for {}s: {why}", STUCK_MAX.as_secs());
    act.stuck_since = None;
    act.state = match &act.state {
        ActState::Undoing(error) => ActState::Failed(EstateError::Unknown {
            message: format!("{error}; what it left could not be removed: {why}"),
        }),
        ActState::Running | ActState::Done(_) | ActState::Failed(_) => {
            ActState::Undoing(EstateError::Retry { code: "estate_busy".to_owned(), message })
        }
    };
}

async fn step(hands: &mut Hands<'_>, act: &mut ActRecord) -> Result<Next, Trouble> {
    let (slug, began) = (act.slug.clone(), act.began);
    let request = match &mut act.work {
        Work::Take(work) => return take::step(hands, &slug, work).await,
        Work::Request(request) => request.clone(),
    };
    match &request {
        Request::ProcessPending { machines } => {
            if settle(hands, machines, &slug).await? {
                Ok(Next::Done(Detail::default()))
            } else {
                Ok(Next::soon())
            }
        }
        Request::TakeFinal { machines } => {
            act.work = Work::Take(new_take(hands, &slug, machines, How::Last)?);
            Ok(Next::Again)
        }
        Request::Reprotect { machine, to, .. } => {
            match after::reprotect(hands, &slug, began, machine, to).await? {
                after::Reprotect::Not(next) => Ok(next),
                after::Reprotect::By(work) => {
                    act.work = Work::Take(*work);
                    Ok(Next::Again)
                }
            }
        }
        Request::ShutDown { machine, spec } => switch::shut_down(hands, &slug, began, machine, *spec).await,
        Request::FailOver { machine, point, mode, to, .. } => {
            switch::fail_over(hands, &slug, machine, point, *mode, to).await
        }
        Request::Start { machine, test } => switch::start(hands, machine, *test).await,
        Request::ChangePoint { machine, point } => switch::change_point(hands, &slug, machine, point).await,
        Request::RollBack { machine, start_source } => switch::roll_back(hands, machine, *start_source).await,
        Request::Commit { machine } => after::commit(hands, &slug, began, machine).await,
        Request::CleanUp { machine } => traces::clean_up(hands, machine).await,
        Request::GuestScript(script) => Err(Trouble::Refused(
            "no_guest",
            format!("`{}` is a machine of disks only: no program can run in it", script.machine),
        )),
    }
}

async fn undo(hands: &mut Hands<'_>, act: &ActRecord) -> Result<(), Trouble> {
    match &act.work {
        Work::Take(work) => confirm::undo(hands, &act.slug, work).await,
        Work::Request(Request::FailOver { machine, to, .. }) => {
            switch::undo_fail_over(hands, &act.slug, machine, to)
        }
        // Each of the others makes a state true; asked again, it goes on from what is there.
        Work::Request(_) => Ok(()),
    }
}

/// Takes what other acts have begun of these machines' points to its end. Says whether all have.
pub(super) fn settle<'f>(
    hands: &'f mut Hands<'_>,
    machines: &'f [String],
    except: &'f str,
) -> Pin<Box<dyn Future<Output = Result<bool, Trouble>> + Send + 'f>> {
    Box::pin(async move {
        for vm in machines {
            let Some(mut place) = hands.locate(vm)?.source else { continue };
            let Some(other) = place.record.taking.clone().filter(|other| other != except) else { continue };
            if let Some(mut act) = read(hands, &other)? {
                advance(hands, &mut act).await?;
                if matches!(act.state, ActState::Running | ActState::Undoing(_)) {
                    return Ok(false);
                }
            }
            if let Some(record) = hands.vm(place.side, vm)? {
                place.record = record;
            }
            if place.record.taking.as_deref() == Some(other.as_str()) {
                place.record.taking = None;
                hands.keep(place.side, &place.record)?;
            }
        }
        Ok(true)
    })
}

fn handle(act: &ActRecord) -> Handle {
    Handle(act.slug.clone())
}

/// What `submit` says.
pub(super) fn submitted(act: ActRecord, next: Timestamp) -> Result<Submitted, EstateError> {
    let handle = handle(&act);
    match act.state {
        ActState::Done(detail) => Ok(Submitted::Done(detail)),
        ActState::Failed(error) => Err(error),
        ActState::Running | ActState::Undoing(_) => Ok(Submitted::Accepted(handle, next)),
    }
}

/// What `poll` says.
pub(super) fn progress(act: ActRecord, next: Timestamp) -> Progress {
    match act.state {
        ActState::Done(detail) => Progress::Done(detail),
        ActState::Failed(error) => Progress::Failed(error),
        ActState::Running | ActState::Undoing(_) => Progress::Running(next),
    }
}

/// What `find` says.
pub(super) fn found(act: Option<ActRecord>) -> Found {
    let Some(act) = act else { return Found::NeverArrived };
    let handle = handle(&act);
    match act.state {
        ActState::Done(detail) => Found::Done(detail),
        ActState::Failed(error) => Found::Failed(error),
        ActState::Running | ActState::Undoing(_) => Found::Running(handle),
    }
}

/// When to ask again.
pub(super) fn next(hands: &Hands<'_>, pause: Duration) -> Timestamp {
    hands.estate.clock.now().plus(pause)
}
