//! Properties: any recovery plan becomes a plan that compiles and keeps the order; any plan becomes a
//! recovery plan that keeps it; and what went round comes back the same.

use std::collections::BTreeMap;

use musterpoint::base::Id as _;
use musterpoint::exchange::azure::{self, Item, Items};
use musterpoint::model::{Endpoint, Plan};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use crate::lab::{COURSES, exported, imported, judged, options, run, sound};

/// Texts as people and attackers write them.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "go",
            "SQL 01",
            "boot1",
            "commit",
            "${x}",
            "a\"b",
            "\\",
            "#",
            "}",
            "büro",
            "8f-1",
            "order",
            "true",
            "run",
            "-",
            "a\nb",
            "\u{202e}x",
            "\"\"\"",
            "->",
            "vm",
            "test",
            "$",
            "名前",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,8}",
        "\\PC{1,20}",
        any::<String>(),
    ]
    .prop_filter("the service has no empty names", |text| !text.trim().is_empty())
}

fn subset(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(of, 0..=of.len())
}

fn action() -> impl Strategy<Value = Value> {
    let types = subset(&["TestFailover", "PlannedFailover", "UnplannedFailover", "Commit"]);
    let directions = subset(&["PrimaryToRecovery", "RecoveryToPrimary"]);
    let details = prop_oneof![
        4 => prop::option::of(words())
            .prop_map(|says| json!({ "instanceType": "ManualActionDetails", "description": says })),
        1 => words().prop_map(|path| {
            json!({ "instanceType": "ScriptActionDetails", "path": path, "timeout": "PT1M", "fabricLocation": "Primary" })
        }),
        1 => words().prop_map(|id| json!({ "instanceType": "AutomationRunbookActionDetails", "runbookId": id })),
        1 => words().prop_map(|kind| json!({ "instanceType": kind, "strange": 1 })),
    ];
    (words(), types, directions, details).prop_map(|(name, types, directions, details)| {
        json!({ "actionName": name, "failoverTypes": types, "failoverDirections": directions, "customDetails": details })
    })
}

fn actions() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(action(), 0..3)
}

const CONTAINER: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v1/\
                         replicationFabrics/f1/replicationProtectionContainers/c1/replicationProtectedItems/";

/// A recovery plan: groups for shutdown and failover, and up to seven boot groups.
fn recovery_plan() -> impl Strategy<Value = Value> {
    let boot = (0_usize..4, actions(), actions());
    (words(), (actions(), actions()), (actions(), actions()), prop::collection::vec(boot, 1..7)).prop_map(
        |(name, shutdown, failover, boots)| {
            let group = |kind: &str, items: Vec<Value>, (before, after): (Vec<Value>, Vec<Value>)| {
                json!({ "groupType": kind, "replicationProtectedItems": items, "startGroupActions": before,
                        "endGroupActions": after })
            };
            let mut groups = vec![group("Shutdown", vec![], shutdown), group("Failover", vec![], failover)];
            for (boot, (count, before, after)) in boots.into_iter().enumerate() {
                // The first group has a machine in any case: a plan without any is refused.
                let count = if boot == 0 { count.max(1) } else { count };
                let items = (0..count).map(|at| json!({ "id": format!("{CONTAINER}item-{boot}-{at}") })).collect();
                groups.push(group("Boot", items, (before, after)));
            }
            let id = format!("{}/replicationRecoveryPlans/p", CONTAINER.split("/replicationFabrics").next().unwrap());
            json!({ "id": id, "name": name, "properties": { "primaryFabricFriendlyName": name,
                    "recoveryFabricId": "Microsoft Azure", "replicationProviders": ["InMageRcm"], "groups": groups } })
        },
    )
}

/// The vault's list: names of anyone's, systems, and replication groups within boot groups.
fn machines(names: &[String], grouped: bool, plan: &Value) -> Items {
    let mut items = Items::none();
    let ids = plan["properties"]["groups"].as_array().unwrap().iter().flat_map(|group| {
        group["replicationProtectedItems"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap())
    });
    for (at, id) in ids.enumerate() {
        let boot = id.rsplit('-').nth(1).unwrap();
        items.add(Item {
            id: id.to_ascii_uppercase(),
            name: names.get(at).cloned(),
            os: (at % 2 == 0).then(|| "linux".to_owned()),
            group: (grouped && at % 3 > 0).then(|| format!("Group {boot}")),
            virtual_machine: None,
        });
    }
    items
}

/// Actions that a plan of ours has a moment for: before the shutdown, and around the boot groups.
fn has_moment(group: usize, field: &str) -> bool {
    match group {
        0 => field == "startGroupActions",
        1 => false,
        _ => true,
    }
}

fn lower(happens: Vec<String>) -> Vec<String> {
    happens.into_iter().map(|one| one.to_lowercase()).collect()
}

/// Any recovery plan becomes a plan that compiles, and its export comes to the same in every run.
fn keeps_a_recovery_plan(plan: &Value, items: &Items) -> Result<(), TestCaseError> {
    let made = imported(&plan.to_string(), &options(items.clone()));
    let ours = sound(&made.plan_text);
    let back = exported(&ours, items);
    for course in COURSES {
        let wanted = run(&plan["properties"], course, has_moment);
        let found = run(&back.body["properties"], course, |_, _| true);
        prop_assert_eq!(lower(found), lower(wanted), "{:?}\n{}", course, made.plan_text);
    }
    // Whatever was left out is told, and stands in the text.
    let actions = plan["properties"]["groups"].as_array().unwrap().iter().flat_map(|group| {
        let of = |field: &str| group[field].as_array().unwrap().iter();
        of("startGroupActions").chain(of("endGroupActions"))
    });
    let programs =
        actions.filter(|action| action["customDetails"]["instanceType"] != "ManualActionDetails").count();
    let told = made
        .notes
        .iter()
        .filter(|note| note.contains("write a `script` here") || note.contains("is no kind of action"));
    prop_assert_eq!(told.count(), programs);
    prop_assert_eq!(azure_again(&back.body, items), back.body);
    Ok(())
}

/// A recovery plan imported and exported again.
fn azure_again(body: &Value, items: &Items) -> Value {
    let made = imported(&body.to_string(), &options(items.clone()));
    exported(&sound(&made.plan_text), items).body
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_recovery_plan_becomes_a_plan_that_keeps_its_order(
        plan in recovery_plan(),
        names in prop::collection::vec(words(), 0..20),
        grouped in any::<bool>(),
    ) {
        keeps_a_recovery_plan(&plan, &machines(&names, grouped, &plan))?;
    }

    #[test]
    fn any_plan_becomes_a_recovery_plan_that_keeps_its_order(plan in plan_text()) {
        keeps_a_plan(&plan)?;
    }

    #[test]
    fn nothing_that_is_read_ever_panics(text in "[\\[\\]{}\":,a-z0-9 ']{0,60}", body in any_json()) {
        drop(azure::import(&text, &options(Items::none())));
        drop(Items::read("items.json", &text));
        let template = json!({ "resources": [body] });
        for one in [body, template] {
            drop(azure::import(&one.to_string(), &options(Items::none())));
            drop(Items::read("items.json", &one.to_string()));
        }
    }
}

/// JSON that looks like a recovery plan here and there.
fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "id",
        "name",
        "type",
        "properties",
        "groups",
        "groupType",
        "replicationProtectedItems",
        "actionName",
        "startGroupActions",
        "customDetails",
        "instanceType",
        "value",
        "resources",
        "failoverTypes",
        "parameters",
        "template",
        "copy",
        "condition",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec![
            "Microsoft.RecoveryServices/vaults/replicationRecoveryPlans",
            "Microsoft.Resources/deployments",
            "Boot",
            "[concat('a', variables('b'))]",
            "[parameters('x')]",
            "[",
            "]",
            "[[",
            "/a/b",
            "ManualActionDetails",
        ])
        .prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((keys.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// A plan as text: machines alone, in tiers and in groups, approvals, and arrows that lead forward.
fn plan_text() -> impl Strategy<Value = String> {
    let nodes = prop::collection::vec(0_u8..4, 2..12);
    let arrows = prop::collection::vec((0_usize..12, 0_usize..12), 0..16);
    let whens = prop::collection::vec((0_usize..6, 0_usize..4), 12);
    (nodes, arrows, whens).prop_map(|(nodes, arrows, whens)| {
        let mut text = String::from(
            "estate e { sites = [home, away], provider = sim { inventory = \"e.json\" } }\n\
             role boss { members = anyone }\nplan p {\n  estate = e\n  point = latest_processed\n",
        );
        for (at, kind) in nodes.iter().enumerate() {
            let (operations, modes) = whens[at];
            let operations = [
                "",
                ", operations = [test]",
                ", operations = [failover]",
                ", operations = [failback]",
                ", operations = [failover, failback]",
                ", operations = [test, failback]",
            ][operations];
            let modes =
                ["", ", modes = [planned]", ", modes = [unplanned, forced]", ", modes = [unplanned]"][modes];
            text += &match kind {
                0 => format!("  vm n{at} {{ }}\n"),
                1 => format!("  tier n{at} {{ vm [n{at}a, n{at}b] {{ }} }}\n"),
                2 => format!("  group n{at} {{ point = common, vm [n{at}a, n{at}b] {{ }} }}\n"),
                _ => format!(
                    "  approve n{at} {{ prompt = \"ask {at}\", by = boss, within = 1h{operations}{modes} }}\n"
                ),
            };
        }
        text += "  order {\n";
        let mut written = std::collections::BTreeSet::new();
        for (one, other) in arrows {
            let (from, to) = (one.min(other) % nodes.len(), one.max(other) % nodes.len());
            if from < to && written.insert((from, to)) {
                text += &format!("    n{from} -> n{to}\n");
            }
        }
        text + "  }\n}\n"
    })
}

/// The wave of each machine and the number of waves above each approval, by plain looking: again and again
/// over all arrows until nothing changes.
fn plain_waves(plan: &Plan) -> (BTreeMap<String, u32>, BTreeMap<String, u32>) {
    let starts = |end: Endpoint| match end {
        Endpoint::Vm(vm) => vec![vm.index()],
        Endpoint::Group(group) => plan.groups.at(group).members.iter().map(|vm| vm.index()).collect(),
        _ => Vec::new(),
    };
    let mut vms = vec![1_u32; plan.vms.len()];
    let mut steps = vec![0_u32; plan.steps.len()];
    for _ in 0..plan.vms.len() + plan.steps.len() + 1 {
        for pair in plan.order.iter().flat_map(|chain| chain.links.windows(2)) {
            for (from, to) in pair[0].iter().flat_map(|from| pair[1].iter().map(move |to| (from.to, to.to))) {
                let above = match from {
                    Endpoint::Step(step) => steps[step.index()],
                    end => starts(end).into_iter().map(|vm| vms[vm]).max().unwrap(),
                };
                match to {
                    Endpoint::Step(step) => steps[step.index()] = steps[step.index()].max(above),
                    end => starts(end).into_iter().for_each(|vm| vms[vm] = vms[vm].max(above + 1)),
                }
            }
        }
    }
    let vms = plan.vms.iter().map(|vm| vm.name.clone()).zip(vms).collect();
    (vms, plan.steps.iter().map(|step| step.name.clone()).zip(steps).collect())
}

fn keeps_a_plan(text: &str) -> Result<(), TestCaseError> {
    let (plan, found) = judged(text);
    // A step in no chain is an error of the plan; machines may be missing altogether.
    let Some(plan) = plan.filter(|plan| !plan.vms.is_empty() && !found.iter().any(|found| found.is_error()))
    else {
        return Ok(());
    };
    let (vms, steps) = plain_waves(&plan);
    if vms.values().any(|wave| *wave > 7) {
        let refused = azure::export(&plan, &azure::ExportOptions::default());
        prop_assert!(refused.is_err_and(|found| found.iter().any(|found| found.code.as_str() == "MP1209")));
        return Ok(());
    }
    let out = exported(&plan, &Items::none());
    let groups = out.body["properties"]["groups"].as_array().unwrap();
    let mut now = 0_u32;
    let mut asked = BTreeMap::new();
    for group in groups {
        let actions = |field: &str| group[field].as_array().unwrap().clone();
        for action in actions("startGroupActions") {
            asked.insert(action["actionName"].as_str().unwrap().to_owned(), now);
        }
        if group["groupType"] == "Boot" {
            now += 1;
        }
        for item in group["replicationProtectedItems"].as_array().unwrap() {
            let name = item["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            prop_assert_eq!(vms.get(&name), Some(&now), "{} in\n{}", name, text);
        }
        for action in actions("endGroupActions") {
            asked.insert(action["actionName"].as_str().unwrap().to_owned(), now);
        }
    }
    for (name, above) in &asked {
        let step = name.trim_end_matches("-failback");
        prop_assert_eq!(steps.get(step), Some(above), "{} in\n{}", name, text);
    }
    for (name, _) in &steps {
        prop_assert!(
            asked.keys().any(|asked| asked.trim_end_matches("-failback") == name),
            "{} in\n{}",
            name,
            text
        );
    }
    // Approvals before approvals: their order within a moment keeps the arrows.
    let order: Vec<&str> = groups
        .iter()
        .flat_map(|group| {
            ["startGroupActions", "endGroupActions"].map(|field| group[field].as_array().unwrap())
        })
        .flatten()
        .map(|action| action["actionName"].as_str().unwrap().trim_end_matches("-failback"))
        .collect();
    let place = |name: &str| order.iter().position(|one| *one == name).unwrap();
    for pair in plan.order.iter().flat_map(|chain| chain.links.windows(2)) {
        if let (Endpoint::Step(from), Endpoint::Step(to)) = (pair[0][0].to, pair[1][0].to) {
            prop_assert!(place(&plan.steps.at(from).name) < place(&plan.steps.at(to).name), "{}", text);
        }
    }
    // What the provider never reaches stays a comment when it comes back; all else is the same again.
    let again = azure_again(&out.body, &Items::none());
    for course in COURSES {
        let of = |body: &Value| run(&body["properties"], course, |_, _| true);
        prop_assert_eq!(of(&again), of(&out.body), "{:?}\n{}", course, text);
    }
    Ok(())
}
