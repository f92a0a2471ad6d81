//! From plan and inventory to a runbook, and what refuses one before anything is touched.

mod plans;

use musterpoint::inventory::{Inventory, Protection};
use musterpoint::model::{Mode, Operation, Plan};
use musterpoint::runbook::{CompileOptions, Needs, Runbook, compile};
use musterpoint::source::{Diagnostic, Sources};

fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    expect_test::expect_file![path].assert_eq(text);
}

/// Every node with its act, rules and dependencies.
fn nodes(runbook: &Runbook) -> String {
    let mut text = String::new();
    for (_, node) in runbook.nodes.iter_enumerated() {
        let act = serde_json::to_value(&node.act).unwrap();
        let act = act.as_str().map(str::to_owned).or_else(|| act.as_object()?.keys().next().cloned());
        let policy = &node.policy;
        let mut rules = format!("{:?}", policy.on_failure).to_lowercase();
        if policy.optional {
            rules += ", optional";
        }
        if let Some(timeout) = policy.timeout {
            rules += &format!(", at most {}", musterpoint::base::time::format_duration(timeout));
        }
        if let Some(slot) = policy.slot {
            let until = policy.slot_until.map(|id| format!(" until {}", runbook.nodes.at(id).name));
            rules += &format!(", {slot:?}{}", until.unwrap_or_default());
        }
        let written = node.written.clone().unwrap_or_default();
        text += &format!("{} [{}] {} ({rules}) {written}\n", node.name, node.phase.word(), act.unwrap());
        for it in &node.after {
            let mark = if it.needs == Needs::Done { "<-" } else { "<~" };
            text += &format!("  {mark} {}\n", runbook.nodes.at(it.on).name);
        }
    }
    text
}

fn run(
    plan: &Plan,
    sources: &Sources,
    inventory: &Inventory,
    operation: Operation,
    mode: Option<Mode>,
) -> Result<Runbook, Vec<Diagnostic>> {
    let mut options = CompileOptions::new(operation, mode, sources);
    if mode == Some(Mode::Forced) {
        let home = operation == Operation::Failback;
        options.to = plan.estate.sites.get_index(usize::from(!home)).map(|(name, _)| name.clone());
        options.lost_at = Some("2026-11-23T06:00:00Z".parse().unwrap());
    }
    compile(plan, inventory, &options)
}

fn said(problems: &[Diagnostic]) -> String {
    let line = |it: &Diagnostic| {
        format!("{} {}\n  help: {}\n", it.code, it.message, it.help.clone().unwrap_or_default())
    };
    problems.iter().map(line).collect()
}

/// The same estate with every machine at the other site.
fn turned(mut inventory: Inventory) -> Inventory {
    for vm in inventory.vms.values_mut() {
        let at = vm.site.clone();
        vm.site = vm.replicates_to.replace(at).unwrap();
    }
    inventory
}

#[test]
fn erp_comes_home_in_every_mode() {
    let (plan, sources) = plans::shipped("erp");
    let inventory = plans::inventory("contoso");
    for mode in [Mode::Planned, Mode::Unplanned, Mode::Forced] {
        let runbook = run(&plan, &sources, &inventory, Operation::Failback, Some(mode))
            .unwrap_or_else(|problems| panic!("{}", said(&problems)));
        golden(&format!("runbook-erp-failback-{}", mode.word()), &nodes(&runbook));
    }
    let runbook = run(&plan, &sources, &inventory, Operation::Test, None).unwrap();
    golden("runbook-erp-test", &nodes(&runbook));
    let runbook = run(&plan, &sources, &turned(inventory), Operation::Failover, Some(Mode::Planned)).unwrap();
    golden("runbook-erp-failover-planned", &nodes(&runbook));
}
