//! MP0301: steps that wait for each other. Comes in: the arrows. Goes out: each cycle whole, once.

use std::collections::HashMap;

use crate::model::EndpointRef;
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::arrows::Written;
use super::context::Context;

/// Cycles reported in one plan; whoever mends these sees the next.
const CYCLES_MAX: usize = 20;
/// Arrows labelled of one cycle.
const LABELS_MAX: usize = 100;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    if context.arrows.order.stuck.is_empty() || super::group_in_own_chain::any(context) {
        return;
    }
    let written = context.arrows.written_edges();
    let mut left = Left::of(context);
    for _ in 0..CYCLES_MAX {
        let Some(cycle) = left.cycle(context) else { break };
        for node in &cycle {
            left.remove(*node);
        }
        found.extend(describe(context, &cycle, &written));
    }
}

/// The nodes that are still looked at.
struct Left {
    inside: Vec<bool>,
    nodes: Vec<u32>,
}

impl Left {
    fn of(context: &Context<'_>) -> Self {
        let mut left =
            Self { inside: vec![false; context.arrows.len()], nodes: context.arrows.order.stuck.clone() };
        for node in &left.nodes {
            if let Some(slot) = left.inside.get_mut(*node as usize) {
                *slot = true;
            }
        }
        left
    }

    fn holds(&self, node: u32) -> bool {
        self.inside.get(node as usize).copied().unwrap_or(false)
    }

    fn remove(&mut self, node: u32) {
        if let Some(slot) = self.inside.get_mut(node as usize) {
            *slot = false;
        }
    }

    /// A cycle among them, in the direction of the arrows. What does not stand on one is removed.
    fn cycle(&mut self, context: &Context<'_>) -> Option<Vec<u32>> {
        self.peel(context);
        let first = self.nodes.iter().copied().find(|node| self.holds(*node))?;
        // Each node that is left waits for one that is left, so the walk comes back to where it was.
        let mut seen = vec![false; self.inside.len()];
        let mut at = first;
        while let Some(slot) = seen.get_mut(at as usize).filter(|slot| !**slot) {
            *slot = true;
            at = context.arrows.up.after(at).iter().copied().find(|node| self.holds(*node))?;
        }
        self.shortest(context, at)
    }

    /// Removes, again and again, what waits for nothing that is left or is waited for by nothing left.
    fn peel(&mut self, context: &Context<'_>) {
        let mut open: Vec<u32> = self.nodes.iter().copied().filter(|node| self.holds(*node)).collect();
        while let Some(node) = open.pop() {
            if !self.holds(node) {
                continue;
            }
            let (up, down) = (context.arrows.up.after(node), context.arrows.down.after(node));
            if up.iter().any(|other| self.holds(*other)) && down.iter().any(|other| self.holds(*other)) {
                continue;
            }
            self.remove(node);
            open.extend(up.iter().chain(down).copied().filter(|other| self.holds(*other)));
        }
        self.nodes.retain(|node| self.inside.get(*node as usize).copied().unwrap_or(false));
    }

    /// The shortest way from a node back to itself.
    fn shortest(&self, context: &Context<'_>, start: u32) -> Option<Vec<u32>> {
        let mut from: HashMap<u32, u32> = HashMap::new();
        let mut wave = vec![start];
        while !wave.is_empty() && !from.contains_key(&start) {
            let mut next = Vec::new();
            for node in wave {
                for to in context.arrows.down.after(node).iter().copied().filter(|to| self.holds(*to)) {
                    from.entry(to).or_insert_with(|| {
                        next.push(to);
                        node
                    });
                }
            }
            wave = next;
        }
        let mut cycle = vec![start];
        let mut at = *from.get(&start)?;
        while at != start {
            cycle.push(at);
            at = *from.get(&at)?;
        }
        cycle.reverse();
        Some(cycle)
    }
}

fn describe(
    context: &Context<'_>,
    cycle: &[u32],
    written: &HashMap<(u32, u32), Written>,
) -> Option<Diagnostic> {
    let ends = cycle.iter().zip(cycle.iter().cycle().skip(1));
    let mut arrows: Vec<(EndpointRef, EndpointRef)> = Vec::new();
    // The arrow into a joined list, until the one out of it is met; a cycle may begin in between.
    let mut half: Option<EndpointRef> = None;
    let mut first_to: Option<EndpointRef> = None;
    for (from, to) in ends {
        match written.get(&(*from, *to)) {
            None => {}
            Some(Written { from: Some(from), to: Some(to) }) => arrows.push((*from, *to)),
            Some(Written { from, to: None }) => half = *from,
            Some(Written { from: None, to: Some(to) }) => match half.take() {
                Some(from) => arrows.push((from, *to)),
                None => first_to = Some(*to),
            },
        }
    }
    arrows.extend(half.zip(first_to));
    arrows.sort_by_key(|(from, _)| from.span);
    let ((first, last), rest) = arrows.split_first()?;
    let label = |from: &EndpointRef, to: &EndpointRef| {
        (span(from, to), format!("`{}` waits for `{}`", context.name(to.to), context.name(from.to)))
    };
    let (at, text) = label(first, last);
    let message = if rest.is_empty() {
        format!("`{}` waits for itself", context.name(last.to))
    } else {
        "these steps wait for each other".to_owned()
    };
    let mut diagnostic = Diagnostic::error(codes::CYCLE, message, at).labelled(text);
    for (from, to) in rest.iter().take(LABELS_MAX) {
        let (at, text) = label(from, to);
        diagnostic = diagnostic.at(at, text);
    }
    Some(diagnostic.help(if rest.is_empty() { "remove this arrow" } else { "remove one of these arrows" }))
}

fn span(from: &EndpointRef, to: &EndpointRef) -> Span {
    if from.span.file == to.span.file { from.span.to(to.span) } else { to.span }
}
