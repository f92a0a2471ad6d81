//! What the compiler proves of a plan: one file and one code a rule. Comes in: a resolved plan and what
//! the world says of its scripts. Goes out: findings in source order. Knows no inventory and no run.

mod address_early;
mod after_end;
mod align_common;
mod arrow_twice;
pub(crate) mod arrows;
mod at_merged;
mod bounds;
mod commit_timer;
mod commit_ungated;
mod context;
mod cycle;
mod fence_missing;
mod gate_timer;
mod group_in_own_chain;
mod group_size;
mod group_split;
mod guest_scripts;
mod independent_points;
mod ladder_rpo;
mod machine_twice;
mod network_missing;
mod one_os;
mod optional_needed;
mod plan_size;
mod point_missing;
mod point_untold;
mod points_differ;
mod reprotect_alone;
mod retry_fit;
mod rollback_missing;
mod rto;
mod script_file;
mod scripts;
mod step_never;
mod step_unplaced;
mod test_network;
mod undo_never;
mod until_never;
mod via_missing;
mod wait;
mod waves;

use std::collections::BTreeSet;

use crate::base::limits;
use crate::model::{Plan, StepKind};
use crate::source::{Diagnostic, Span};

use context::Context;
pub use scripts::{DiskScripts, ScriptLookup, ScriptTrouble};

/// A rule: looks at one plan and says what is wrong with it.
type Rule = fn(&Context<'_>, &mut Vec<Diagnostic>);

/// Every rule, by code.
const RULES: &[Rule] = &[
    cycle::check,
    step_unplaced::check,
    point_missing::check,
    independent_points::check,
    points_differ::check,
    align_common::check,
    commit_ungated::check,
    commit_timer::check,
    gate_timer::check,
    reprotect_alone::check,
    after_end::check,
    via_missing::check,
    retry_fit::check,
    script_file::check,
    step_never::check,
    address_early::check,
    rto::check,
    ladder_rpo::check,
    network_missing::check,
    test_network::check,
    fence_missing::check,
    wait::check,
    guest_scripts::check,
    plan_size::check,
    group_size::check,
    waves::check,
    one_os::check,
    at_merged::check,
    group_in_own_chain::check,
    arrow_twice::check,
    optional_needed::check,
    until_never::check,
    undo_never::check,
    rollback_missing::check,
    group_split::check,
    point_untold::check,
];

/// Everything the rules find in a plan and in the plans it calls: errors and warnings in source order,
/// at most `limits::DIAGNOSTICS_MAX`. Linear in the size of the plan.
#[must_use]
pub fn check(plan: &Plan, scripts: &dyn ScriptLookup) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    let mut open = vec![plan];
    while let Some(plan) = open.pop() {
        // A plan called twice is judged once.
        if !seen.insert(plan.span) {
            continue;
        }
        let context = Context::new(plan, scripts);
        for rule in RULES {
            rule(&context, &mut found);
        }
        open.extend(plan.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Call { plan } => Some(plan.as_ref()),
            StepKind::Approve(_) | StepKind::Script(_) | StepKind::Check(_) | StepKind::Wait { .. } => None,
        }));
    }
    machine_twice::check(plan, &mut found);
    let place = |diagnostic: &Diagnostic| diagnostic.labels.first().map(|label| label.span);
    found.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.code.cmp(&b.code)));
    found.dedup();
    found.truncate(limits::DIAGNOSTICS_MAX);
    found
}
