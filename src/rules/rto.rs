//! MP0317: the plan's own upper bounds add up to more than its RTO.

use std::time::Duration;

use crate::base::time::format_duration;
use crate::graph::order::critical_path;
use crate::model::{Mode, Operation};
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::arrows::Spot;
use super::bounds;
use super::context::{COURSES, Context, applies};

/// Stations of the path that are labelled.
const LABELS_MAX: usize = 12;

/// The worst case of one operation and mode.
struct Worst {
    total: Duration,
    what: (Operation, Mode),
    stations: Vec<(Span, String)>,
}

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some((objective, rto)) = context.plan.objective.as_ref().and_then(|o| Some((o, o.rto?))) else {
        return;
    };
    if !context.arrows.order.stuck.is_empty() {
        return;
    }
    let counted = Counted::of(context);
    let mut worst: Option<Worst> = None;
    for (operation, mode) in COURSES.into_iter().filter(|(operation, mode)| context.knows(*operation, *mode))
    {
        let this = counted.worst(context, operation, mode);
        if worst.as_ref().is_none_or(|worst| worst.total < this.total) {
            worst = Some(this);
        }
    }
    let Some(worst) = worst.filter(|worst| worst.total > rto) else { return };
    let message = format!(
        "a {} {} may take {} by its own limits, and the `rto` is {}",
        worst.what.1.word(),
        worst.what.0.word(),
        format_duration(worst.total),
        format_duration(rto)
    );
    let mut diagnostic = Diagnostic::warning(codes::RTO_EXCEEDED, message, objective.span);
    for (span, text) in worst.stations.into_iter().take(LABELS_MAX) {
        diagnostic = diagnostic.at(span, text);
    }
    found.push(diagnostic.help("shorten the longest of these limits, or promise a longer `rto`"));
}

/// Which nodes count, and in which part of a run.
struct Counted {
    /// No machine is upstream: it runs before anything is touched.
    prepare: Vec<bool>,
    /// It is upstream of what stops the clock.
    useful: Vec<bool>,
}

impl Counted {
    fn of(context: &Context<'_>) -> Self {
        let arrows = &context.arrows;
        let mut prepare = vec![true; arrows.len()];
        for node in arrows.order.nodes.iter().copied() {
            let after = !prepare.get(node as usize).copied().unwrap_or(true);
            if after || matches!(arrows.spot(node), Spot::Start(_)) {
                for to in arrows.down.after(node) {
                    if let Some(slot) = prepare.get_mut(*to as usize) {
                        *slot = false;
                    }
                }
            }
        }
        let until = context.plan.objective.as_ref().and_then(|objective| objective.until);
        let useful = match until {
            Some(end) => arrows.reach(&arrows.up, arrows.done(end.to)),
            None => Self::before_starts(context),
        };
        Self { prepare, useful }
    }

    /// The starts and what is upstream of them.
    fn before_starts(context: &Context<'_>) -> Vec<bool> {
        let arrows = &context.arrows;
        let mut useful = vec![false; arrows.len()];
        for node in arrows.order.nodes.iter().rev().copied() {
            let below =
                arrows.down.after(node).iter().any(|to| useful.get(*to as usize).copied().unwrap_or(false));
            if let Some(slot) = useful.get_mut(node as usize) {
                *slot = below || matches!(arrows.spot(node), Spot::Start(_));
            }
        }
        useful
    }

    /// Prepare, then the shutdowns in reverse order, then the starts and what stands between them.
    fn worst(&self, context: &Context<'_>, operation: Operation, mode: Mode) -> Worst {
        let plan = context.plan;
        let cost = |part: Part| -> Vec<Duration> {
            (0_u32..)
                .take(context.arrows.len())
                .map(|node| {
                    let at = node as usize;
                    let prepare = self.prepare.get(at).copied().unwrap_or(false);
                    match (context.arrows.spot(node), part) {
                        (Spot::Step(step), Part::Prepare | Part::Start) => {
                            let step = plan.steps.at(step);
                            let counts = prepare || self.useful.get(at).copied().unwrap_or(false);
                            let here = prepare == (part == Part::Prepare);
                            if counts && here && applies(step, operation, mode) {
                                bounds::step(step)
                            } else {
                                Duration::ZERO
                            }
                        }
                        (Spot::Start(vm), Part::Start) if self.useful.get(at).copied().unwrap_or(false) => {
                            bounds::start(plan.vms.at(vm).settings.start)
                        }
                        (Spot::Start(vm), Part::Shutdown) => {
                            plan.vms.at(vm).settings.shutdown.unwrap_or_default().guest
                        }
                        (Spot::Start(_) | Spot::Step(_) | Spot::Other, _) => Duration::ZERO,
                    }
                })
                .collect()
        };
        let mut worst = Worst { total: Duration::ZERO, what: (operation, mode), stations: Vec::new() };
        for part in [Part::Prepare, Part::Shutdown, Part::Start] {
            if part == Part::Shutdown && mode == Mode::Forced {
                continue;
            }
            let cost = cost(part);
            let path = critical_path(&context.arrows.down, &context.arrows.order, &cost, None);
            worst.total = worst.total.saturating_add(path.total);
            let named = path.nodes.into_iter().filter_map(|node| {
                let own = *cost.get(node as usize)?;
                let text = format!("{} {}", part.word(), format_duration(own));
                (!own.is_zero()).then(|| (span_of(context, node), text))
            });
            worst.stations.extend(named);
        }
        worst
    }
}

/// The parts of a run that take time by the plan's own limits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Prepare,
    Shutdown,
    Start,
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Prepare => "before anything is touched, up to",
            Self::Shutdown => "shutdown up to",
            Self::Start => "up to",
        }
    }
}

fn span_of(context: &Context<'_>, node: u32) -> Span {
    match context.arrows.spot(node) {
        Spot::Start(vm) => context.plan.vms.at(vm).span,
        Spot::Step(step) => context.plan.steps.at(step).span,
        Spot::Other => context.plan.span,
    }
}
