//! Reads a recovery plan from a request and holds it against the limits of the documents. Pure.

use super::answer::{Refusal, bad_field, wrong};
use super::body::Fields;
use super::job::Way;
use super::names::same;
use super::plan::{Action, Group, Plan};
use super::vault::{AZURE, Vault};
use super::view::View;

/// Protected instances of a plan.
const ITEMS_MAX: usize = 100;
/// Boot groups of a plan.
const GROUPS_MAX: usize = 7;
/// What an action may be for.
const OPERATIONS: &[&str] = &[
    "ReverseReplicate",
    "Commit",
    "PlannedFailover",
    "UnplannedFailover",
    "DisableProtection",
    "TestFailover",
    "TestFailoverCleanup",
    "Failback",
    "FinalizeFailback",
    "CancelFailover",
    "ChangePit",
    "RepairReplication",
    "SwitchProtection",
    "CompleteMigration",
];

/// A new plan.
///
/// # Errors
/// What is missing in it, or beyond a limit.
pub(super) fn created(vault: &Vault, view: &View, name: &str, fields: Fields<'_>) -> Result<Plan, Refusal> {
    let primary = fields.required("primaryFabricId")?;
    if !same(primary, &vault.fabric_id()) {
        return Err(wrong("FabricNotFound", format!("The primary fabric '{primary}' is not in the vault.")));
    }
    let recovery = fields.required("recoveryFabricId")?;
    if !recovery.eq_ignore_ascii_case(AZURE) {
        let message = format!("The recovery fabric '{recovery}' is not '{AZURE}'.");
        return Err(wrong("FabricNotFound", message));
    }
    let models = ["NotApplicable", "Classic", "ResourceManager"];
    let model = fields.word("failoverDeploymentModel", &models)?.unwrap_or("ResourceManager").to_owned();
    if !fields.has("groups") {
        return Err(bad_field("'properties.groups' is required."));
    }
    let groups = groups(vault, view, fields)?;
    Ok(Plan { name: name.to_owned(), model, groups, scenario: None, last: [None; 3] })
}

/// The groups of a plan: empty Shutdown and Failover groups stand before the others where none are said.
///
/// # Errors
/// What is wrong with them.
pub(super) fn groups(vault: &Vault, view: &View, fields: Fields<'_>) -> Result<Vec<Group>, Refusal> {
    let said: Vec<Group> =
        fields.objects("groups")?.into_iter().map(|entry| group(vault, entry)).collect::<Result<_, _>>()?;
    check(view, &said)?;
    let mut all = Vec::new();
    for kind in ["Shutdown", "Failover"] {
        let own = said.iter().find(|group| group.kind == kind).cloned();
        all.push(own.unwrap_or_else(|| Group {
            kind: kind.to_owned(),
            machines: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
        }));
    }
    all.extend(said.into_iter().filter(|group| group.kind == "Boot"));
    Ok(all)
}

fn group(vault: &Vault, fields: Fields<'_>) -> Result<Group, Refusal> {
    let kind = fields.required_word("groupType", &["Shutdown", "Boot", "Failover"])?;
    let mut machines = Vec::new();
    for entry in fields.objects("replicationProtectedItems")? {
        let id = entry.required("id")?;
        let unknown =
            || wrong("ProtectedItemNotFound", format!("The protected item '{id}' is not in the vault."));
        machines.push(vault.machine_of_id(id).ok_or_else(unknown)?.to_owned());
    }
    // (i) In the recorded plan only Boot groups have items; what others would mean is not documented.
    if kind != "Boot" && !machines.is_empty() {
        return Err(bad_field(format!("A group of type '{kind}' takes no protected items.")));
    }
    let actions = |name| fields.objects(name)?.into_iter().map(action).collect::<Result<Vec<_>, Refusal>>();
    let (before, after) = (actions("startGroupActions")?, actions("endGroupActions")?);
    Ok(Group { kind: kind.to_owned(), machines, before, after })
}

fn action(fields: Fields<'_>) -> Result<Action, Refusal> {
    let name = fields.required("actionName")?.to_owned();
    let failover_types = fields.texts("failoverTypes")?;
    let directions = fields.texts("failoverDirections")?;
    let ways = [Way::Forward.word(), Way::Back.word()];
    for (word, known) in failover_types
        .iter()
        .map(|word| (word, OPERATIONS))
        .chain(directions.iter().map(|word| (word, ways.as_slice())))
    {
        if !known.contains(&word.as_str()) {
            return Err(bad_field(format!("'{word}' of action '{name}' is none of: {}.", known.join(", "))));
        }
    }
    let missing = || bad_field(format!("'customDetails' of action '{name}' is required."));
    let details = fields.object("customDetails")?.ok_or_else(missing)?;
    let kinds = ["ManualActionDetails", "ScriptActionDetails", "AutomationRunbookActionDetails"];
    let kind = details.required_word("instanceType", &kinds)?;
    if kind == "ScriptActionDetails" {
        details.required("path")?;
    }
    if kind != "ManualActionDetails" {
        details.required_word("fabricLocation", &["Primary", "Recovery"])?;
    }
    let details = details.whole();
    Ok(Action { name, failover_types, directions, details })
}

/// The limits: 100 items, 7 boot groups, an item once, a replication group never over several boot groups.
fn check(view: &View, groups: &[Group]) -> Result<(), Refusal> {
    let boots: Vec<&Group> = groups.iter().filter(|group| group.kind == "Boot").collect();
    if boots.len() > GROUPS_MAX {
        let message = format!("A recovery plan takes {GROUPS_MAX} boot groups, not {}.", boots.len());
        return Err(wrong("TooManyGroups", message));
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut placed: Vec<(&str, usize)> = Vec::new();
    for (number, name) in boots
        .iter()
        .enumerate()
        .flat_map(|(number, group)| group.machines.iter().map(move |name| (number, name.as_str())))
    {
        if seen.contains(&name) {
            return Err(wrong("DuplicateProtectedItem", format!("'{name}' stands in the plan twice.")));
        }
        seen.push(name);
        let Some(group) = view.machine(name).and_then(|machine| machine.group.as_deref()) else { continue };
        match placed.iter().find(|(other, _)| *other == group) {
            Some((_, other)) if *other != number => {
                let message = format!("The machines of replication group '{group}' stand in several groups.");
                return Err(wrong("ReplicationGroupSplit", message));
            }
            Some(_) => {}
            None => placed.push((group, number)),
        }
    }
    if seen.len() > ITEMS_MAX {
        let message = format!("A recovery plan takes {ITEMS_MAX} protected items, not {}.", seen.len());
        return Err(wrong("TooManyProtectedItems", message));
    }
    Ok(())
}
