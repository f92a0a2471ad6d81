//! Plans that call plans: every plan is built after those it calls; loops and depth are refused.

use std::path::Path;

use crate::base::limits;
use crate::model::Plan;
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::Name;

use super::build;
use super::context::Context;
use super::cycles;
use super::declare::StepDraft;
use super::world::World;

/// One `call`: the plan that calls, the plan called, and where it is said.
type Edge = (usize, usize, Span);

/// Builds all plans of the files, and returns that of the first file if nothing is wrong anywhere.
pub(super) fn build_all(context: &mut Context, world: &World<'_>, folder: &Path) -> Option<Plan> {
    let edges = edges(context, world);
    for cycle in cycles::cycles(world.plans.len(), &edges) {
        report_loop(context, world, &cycle);
    }
    check_estates(context, world, &edges);
    let mut built: Vec<Option<Plan>> = Vec::new();
    built.resize_with(world.plans.len(), || None);
    for index in called_first(context, world, &edges) {
        let Some((_, draft)) = world.plans.get_index(index) else { continue };
        let called: Vec<Option<&Plan>> = draft
            .steps
            .iter()
            .map(|step| {
                let name = target(step)?;
                built.get(world.plans.get_index_of(name.text)?)?.as_ref()
            })
            .collect();
        // Called plans are copied; with an error anywhere nobody reads the copies.
        let called = if context.has_errors() { vec![None; draft.steps.len()] } else { called };
        let plan = build::plan(context, world, draft, &called, folder);
        if let Some(slot) = built.get_mut(index) {
            *slot = plan;
        }
    }
    if context.has_errors() {
        return None;
    }
    world.root.and_then(|root| built.get_mut(root)).and_then(Option::take)
}

/// The plan that a step calls by name.
fn target<'t>(step: &StepDraft<'t>) -> Option<Name<'t>> {
    if step.named.part.kind.word != "call" {
        return None;
    }
    match step.fields.name("plan") {
        None if step.fields.place("plan").is_none() => Some(step.named.name),
        said => said,
    }
}

fn edges(context: &mut Context, world: &World<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (from, (_, draft)) in world.plans.iter().enumerate() {
        context.forget_complaints();
        for name in draft.steps.iter().filter_map(target) {
            if let Some(to) = world.plans.get_index_of(name.text) {
                edges.push((from, to, name.span));
            } else if !world.lost.excuses(name.text) && context.first_complaint("plan", name.text) {
                let help = context
                    .nearest(name.text, world.plans.keys().copied())
                    .unwrap_or_else(|| "`use` the file that holds it".to_owned());
                let message = format!("unknown plan `{}`", name.text);
                context.report(Diagnostic::error(codes::UNKNOWN_NAME, message, name.span).help(help));
            }
        }
    }
    edges
}

fn report_loop(context: &mut Context, world: &World<'_>, cycle: &[Edge]) {
    let words = |(from, to, _): &Edge| {
        let name = |index: &usize| world.plans.get_index(*index).map_or("", |(name, _)| *name);
        format!("`{}` calls `{}`", name(from), name(to))
    };
    let Some((first, more)) = cycle.split_first() else { return };
    let message = if more.is_empty() { "a plan calls itself" } else { "these plans call each other" };
    let start = Diagnostic::error(codes::CALL_LOOP, message, first.2).labelled(words(first));
    let diagnostic = more.iter().fold(start, |so_far, edge| so_far.at(edge.2, words(edge)));
    context.report(diagnostic.help("remove one of these calls"));
}

/// The plans in an order in which a called one precedes its callers; those in loops come last.
fn called_first(context: &mut Context, world: &World<'_>, edges: &[Edge]) -> Vec<usize> {
    let count = world.plans.len();
    let mut waits = vec![0_usize; count];
    let mut callers: Vec<Vec<(usize, Span)>> = vec![Vec::new(); count];
    for (from, to, span) in edges {
        if let (Some(waits), Some(callers)) = (waits.get_mut(*from), callers.get_mut(*to)) {
            *waits += 1;
            callers.push((*from, *span));
        }
    }
    let mut depth = vec![1_usize; count];
    let mut size = vec![1_usize; count];
    let mut order: Vec<usize> = (0..count).filter(|plan| waits.get(*plan) == Some(&0)).collect();
    let mut next = 0;
    while let Some(plan) = order.get(next).copied() {
        next += 1;
        let (below, held) = (depth.get(plan).copied().unwrap_or(1), size.get(plan).copied().unwrap_or(1));
        for (caller, span) in callers.get(plan).into_iter().flatten() {
            let (Some(depth), Some(size), Some(waits)) =
                (depth.get_mut(*caller), size.get_mut(*caller), waits.get_mut(*caller))
            else {
                continue;
            };
            let was = (*depth, *size);
            *depth = (*depth).max(below.saturating_add(1));
            *size = size.saturating_add(held);
            check_bounds(context, was, (*depth, *size), *span);
            *waits -= 1;
            if *waits == 0 {
                order.push(*caller);
            }
        }
    }
    order.extend((0..count).filter(|plan| waits.get(*plan).is_some_and(|waits| *waits > 0)));
    order
}

/// Reports the call with which a plan goes past a bound.
fn check_bounds(context: &mut Context, was: (usize, usize), is: (usize, usize), span: Span) {
    let passes = |was: usize, is: usize, most: usize| was <= most && is > most;
    // The callers of a plan past a bound are past it too: one report is enough.
    if passes(was.0, is.0, limits::CALL_DEPTH_MAX) && context.first_complaint("depth", "") {
        let message =
            format!("calls are nested {} deep, and at most {} are allowed", is.0, limits::CALL_DEPTH_MAX);
        context.report(
            Diagnostic::error(codes::CALL_BOUND, message, span)
                .help("call the inner plans from the outer one"),
        );
    }
    if passes(was.1, is.1, limits::CALLS_MAX) && context.first_complaint("calls", "") {
        let message = format!(
            "a plan holds {} plans through its calls, and at most {} are allowed",
            is.1,
            limits::CALLS_MAX
        );
        context.report(
            Diagnostic::error(codes::CALL_BOUND, message, span).help("run some of them by themselves"),
        );
    }
}

/// A called plan is on the caller's estate.
fn check_estates(context: &mut Context, world: &World<'_>, edges: &[Edge]) {
    let estate = |plan: usize| world.plans.get_index(plan).and_then(|(_, draft)| draft.fields.name("estate"));
    for (from, to, span) in edges {
        if let (Some(own), Some(other)) = (estate(*from), estate(*to))
            && other.text != own.text
        {
            let name = world.plans.get_index(*to).map_or("", |(name, _)| name);
            let message =
                format!("plan `{name}` is on estate `{}`, and this one is on `{}`", other.text, own.text);
            context.report(
                Diagnostic::error(codes::CALL_ESTATE, message, *span)
                    .at(other.span, "its estate")
                    .at(own.span, "this one's")
                    .help("call a plan on the same estate"),
            );
        }
    }
}
