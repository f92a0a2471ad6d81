//! The document of `muster rehearse --format json`: `muster.rehearsal/1`. Durations are seconds.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Number, Value};

use crate::model::Mode;
use crate::rehearse::lengths::tally;
use crate::rehearse::singles::{Counts, Single};
use crate::rehearse::study::{Holder, Spread};
use crate::rehearse::{Fault, Known, Length, Outcome};
use crate::report::facts::PathStep;
use crate::report::words::seconds;
use crate::runbook::NodeId;

use super::{Rehearsal, source_word, timeline};

/// The format's name.
pub(super) const FORMAT: &str = "muster.rehearsal/1";

/// Steps that hold the objective most.
pub(super) const HOLDERS: usize = 5;

#[derive(Serialize)]
struct Document {
    format: &'static str,
    plan: String,
    operation: &'static str,
    mode: Option<&'static str>,
    source: String,
    target: String,
    digest: Option<String>,
    runs: u32,
    seed: u64,
    faults: Vec<String>,
    estate_faults: Vec<String>,
    estate_faults_left_out: Vec<String>,
    durations: Durations,
    objective: Objective,
    rto: Rto,
    whole: Option<SpreadJson>,
    ends: IndexMap<&'static str, u32>,
    survived: u32,
    critical_path: Option<PathJson>,
    holders: Vec<HolderJson>,
    not_survived: Vec<LostJson>,
    single_faults: Option<SinglesJson>,
    timeline: Option<Vec<Value>>,
}

#[derive(Serialize)]
struct Durations {
    past_runs: usize,
    sources: IndexMap<&'static str, usize>,
    steps: Vec<StepJson>,
}

#[derive(Serialize)]
struct StepJson {
    step: String,
    source: &'static str,
    from_s: Option<Number>,
    to_s: Option<Number>,
    samples: Option<usize>,
}

#[derive(Serialize)]
struct Objective {
    rto_s: Option<Number>,
    until: Option<String>,
}

#[derive(Serialize)]
struct SpreadJson {
    p50_s: Number,
    p95_s: Number,
    min_s: Number,
    max_s: Number,
}

#[derive(Serialize)]
struct Rto {
    reached: u32,
    #[serde(flatten)]
    spread: Option<SpreadJson>,
    met: Option<u32>,
    met_share: Option<f64>,
}

#[derive(Serialize)]
struct PathJson {
    seed: u64,
    steps: Vec<PathStep>,
}

#[derive(Serialize)]
struct HolderJson {
    step: String,
    share: f64,
    mean_s: Number,
    mean_waited_s: Number,
}

#[derive(Serialize)]
struct LostJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    seed: u64,
    ended: &'static str,
    step: Option<String>,
    why: Option<String>,
    replay: String,
}

#[derive(Serialize)]
struct CountsJson {
    tried: usize,
    survived: usize,
    needs_person: usize,
    rolled_back: usize,
    failed: usize,
}

#[derive(Serialize)]
struct SortJson {
    kind: &'static str,
    what: &'static str,
    #[serde(flatten)]
    counts: CountsJson,
}

#[derive(Serialize)]
struct SlowJson {
    fault: String,
    rto_s: Option<Number>,
    replay: String,
}

#[derive(Serialize)]
struct SinglesJson {
    seed: u64,
    possible: usize,
    #[serde(flatten)]
    counts: CountsJson,
    survived_share: f64,
    survived_and_missed_rto: Option<usize>,
    slowest_survived: Option<SlowJson>,
    sorts: Vec<SortJson>,
    not_survived: Vec<LostJson>,
}

/// The rehearsal for programs: one JSON document.
#[must_use]
pub fn json(rehearsal: &Rehearsal<'_>) -> String {
    match serde_json::to_string_pretty(&document(rehearsal)) {
        Ok(text) => format!("{text}\n"),
        Err(error) => crate::bug!("a rehearsal does not serialize: {error}"),
    }
}

fn document(rehearsal: &Rehearsal<'_>) -> Document {
    let (runbook, study) = (rehearsal.scene.runbook(), rehearsal.study);
    let name = |node: NodeId| runbook.nodes.at(node).name.clone();
    let texts = |faults: &[Fault]| faults.iter().map(ToString::to_string).collect();
    let path = |path: &crate::rehearse::study::Path| PathJson {
        seed: path.seed,
        steps: path.steps.iter().map(|held| PathStep::of(held, runbook)).collect(),
    };
    let holder = |holder: &Holder| HolderJson {
        step: name(holder.node),
        share: share(holder.runs as usize, study.reached as usize),
        mean_s: seconds(holder.mean_held()),
        mean_waited_s: seconds(holder.mean_waited()),
    };
    Document {
        format: FORMAT,
        plan: runbook.plan.clone(),
        operation: runbook.operation.word(),
        mode: runbook.mode.map(Mode::word),
        source: runbook.source.name.clone(),
        target: runbook.target.name.clone(),
        digest: rehearsal.digest.map(str::to_owned),
        runs: study.runs,
        seed: study.seed,
        faults: texts(rehearsal.faults),
        estate_faults: texts(rehearsal.estate_faults),
        estate_faults_left_out: rehearsal.left_out.to_vec(),
        durations: durations(rehearsal),
        objective: Objective {
            rto_s: runbook.objective.rto.map(seconds),
            until: runbook.objective.until.map(name),
        },
        rto: Rto {
            reached: study.reached,
            spread: study.rto.map(spread),
            met: study.met,
            met_share: study.met.map(|met| share(met as usize, study.runs as usize)),
        },
        whole: study.whole.map(spread),
        ends: study.ends.iter().map(|(ended, count)| (ended.word(), *count)).collect(),
        survived: study.survived(),
        critical_path: study.path.as_ref().map(path),
        holders: study.holders.iter().take(HOLDERS).map(holder).collect(),
        not_survived: study.lost.iter().map(|outcome| lost(rehearsal, outcome, None)).collect(),
        single_faults: rehearsal.singles.map(|singles| SinglesJson {
            seed: singles.seed,
            possible: singles.possible,
            counts: counts(&singles.counts),
            survived_share: share(singles.counts.survived, singles.counts.tried),
            survived_and_missed_rto: singles.missed,
            slowest_survived: singles.slowest.as_ref().map(|single| SlowJson {
                fault: single.fault.to_string(),
                rto_s: single.outcome.reached.map(seconds),
                replay: rehearsal.replay(single.outcome.seed, Some(&single.fault)),
            }),
            sorts: singles
                .by_sort
                .iter()
                .map(|(sort, of)| SortJson { kind: sort.kind, what: sort.what, counts: counts(of) })
                .collect(),
            not_survived: singles.lost.iter().map(|single| lost_single(rehearsal, single)).collect(),
        }),
        timeline: rehearsal.played.map(|played| timeline::events(rehearsal.scene, played)),
    }
}

fn durations(rehearsal: &Rehearsal<'_>) -> Durations {
    let (runbook, lengths) = (rehearsal.scene.runbook(), rehearsal.scene.lengths());
    let by_source = tally(runbook, lengths);
    let mut nodes: Vec<NodeId> = by_source.values().flatten().copied().collect();
    nodes.sort_unstable();
    let step = |node: NodeId| {
        let Known { length, source, samples } = lengths.at(node);
        let bounds = match length {
            Length::Drawn(lasts) => Some(lasts.bounds()),
            Length::Boot | Length::Service(..) => None,
        };
        StepJson {
            step: runbook.nodes.at(node).name.clone(),
            source: source_word(*source),
            from_s: bounds.map(|(least, _)| seconds(least)),
            to_s: bounds.map(|(_, most)| seconds(most)),
            samples: (*samples > 0).then_some(*samples),
        }
    };
    Durations {
        past_runs: rehearsal.past_runs,
        sources: by_source.iter().map(|(source, nodes)| (source_word(*source), nodes.len())).collect(),
        steps: nodes.into_iter().map(step).collect(),
    }
}

fn spread(spread: Spread) -> SpreadJson {
    SpreadJson {
        p50_s: seconds(spread.p50),
        p95_s: seconds(spread.p95),
        min_s: seconds(spread.min),
        max_s: seconds(spread.max),
    }
}

const fn counts(of: &Counts) -> CountsJson {
    CountsJson {
        tried: of.tried,
        survived: of.survived,
        needs_person: of.needs_person,
        rolled_back: of.rolled_back,
        failed: of.failed,
    }
}

fn lost(rehearsal: &Rehearsal<'_>, outcome: &Outcome, fault: Option<&Fault>) -> LostJson {
    LostJson {
        fault: fault.map(ToString::to_string),
        seed: outcome.seed,
        ended: outcome.ended.word(),
        step: outcome.step.map(|node| rehearsal.scene.runbook().nodes.at(node).name.clone()),
        why: outcome.why.clone(),
        replay: rehearsal.replay(outcome.seed, fault),
    }
}

fn lost_single(rehearsal: &Rehearsal<'_>, single: &Single) -> LostJson {
    lost(rehearsal, &single.outcome, Some(&single.fault))
}

/// A share to four digits.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 1e4).round() / 1e4 }
}
