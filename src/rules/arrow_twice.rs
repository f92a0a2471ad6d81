//! MP0330: the same arrow written twice.

use std::collections::HashMap;

use crate::model::Endpoint;
use crate::source::codes::rules as codes;
use crate::source::{Diagnostic, Span};

use super::context::Context;

/// Arrows between two lists that are looked at one by one; lists are hardly ever repeated whole.
const PAIRS_MAX: usize = 64;

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut known: HashMap<(Endpoint, Endpoint), Span> = HashMap::new();
    for chain in &context.plan.order {
        for (before, after) in chain.links.iter().zip(chain.links.iter().skip(1)) {
            if before.len().saturating_mul(after.len()) > PAIRS_MAX {
                continue;
            }
            for (from, to) in before.iter().flat_map(|from| after.iter().map(move |to| (from, to))) {
                let Some(first) = known.insert((from.to, to.to), to.span) else { continue };
                let message = format!(
                    "the arrow `{} -> {}` is written twice",
                    context.name(from.to),
                    context.name(to.to)
                );
                found.push(
                    Diagnostic::warning(codes::ARROW_TWICE, message, to.span)
                        .labelled("again here")
                        .at(first, "first here")
                        .help("remove one of them"),
                );
            }
        }
    }
}
