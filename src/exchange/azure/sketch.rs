//! A plan of ours before it is text: its head, blocks, approvals and order. Knows neither JSON nor syntax.

use crate::base::words::list;

use super::actions::When;
use super::faults::shown;
use super::functions::{RESOURCE_GROUP, SUBSCRIPTION};
use super::import::ImportOptions;
use super::json::{same, segment};
use super::names::Names;
use super::plan::RecoveryPlan;

/// A plan to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    pub(super) head: Head,
    /// Said at the top.
    pub(super) remarks: Vec<String>,
    /// Tiers and groups in order.
    pub(super) blocks: Vec<Block>,
    /// Approvals in order.
    pub(super) approvals: Vec<Approval>,
    /// What comes after what.
    pub(super) order: Vec<Station>,
}

/// Names and places.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The recovery plan as the service calls it.
    pub(super) from: String,
    /// Its id, where it is known.
    pub(super) id: Option<String>,
    pub(super) plan: String,
    pub(super) estate: String,
    /// Home first: the word, and the estate's name where it is another.
    pub(super) sites: [(String, Option<String>); 2],
    pub(super) subscription: String,
    pub(super) resource_group: String,
    pub(super) vault: String,
    /// Replicated by the older appliance.
    pub(super) is_classic: bool,
}

/// A tier or a group.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) is_group: bool,
    /// Where the estate calls it otherwise.
    pub(super) estate_name: Option<String>,
    pub(super) machines: Vec<Machine>,
}

/// A machine.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) name: String,
    /// Where the estate calls it otherwise.
    pub(super) estate_name: Option<String>,
    pub(super) os: Option<String>,
}

/// An approval.
#[derive(Clone, Debug)]
pub(super) struct Approval {
    pub(super) name: String,
    pub(super) prompt: String,
    pub(super) when: When,
}

/// Something in the order.
#[derive(Clone, Debug)]
pub(super) enum Station {
    /// Tiers and groups that start together.
    Wave(Vec<String>),
    /// An approval.
    Step(String),
    /// Something that is only said.
    Comment(String),
}

/// What replicates between VMware and Azure; the older appliance first, then the newer one.
const VMWARE: [&str; 4] = ["InMageAzureV2", "InMage", "InMageRcm", "InMageRcmFailback"];

/// Fills in the head from what the plan and its machines' ids say.
pub(super) fn head(
    sketch: &mut Sketch,
    plan: &RecoveryPlan,
    names: &mut Names,
    options: &ImportOptions,
    notes: &mut Vec<String>,
) {
    let mut say = |sketch: &mut Sketch, says: String| {
        sketch.remarks.push(says.clone());
        notes.push(says);
    };
    let ids = || plan.id.iter().chain(plan.groups.iter().flat_map(|group| &group.items)).map(String::as_str);
    let part = |kind: &str, placeholder: &str| {
        ids().find_map(|id| segment(id, kind)).filter(|part| *part != placeholder).map(str::to_owned)
    };
    let mut missing = Vec::new();
    let mut or = |found: Option<String>, placeholder: &'static str, what: &'static str| {
        found.unwrap_or_else(|| {
            missing.push(what);
            placeholder.to_owned()
        })
    };
    let subscription = or(part("subscriptions", SUBSCRIPTION), SUBSCRIPTION, "subscription");
    let resource_group = or(part("resourceGroups", RESOURCE_GROUP), RESOURCE_GROUP, "resource_group");
    let vault = or(part("vaults", VAULT).or_else(|| plan.vault.clone()), VAULT, "vault");
    if !missing.is_empty() {
        let says =
            format!("the document does not say {}: write it into the `estate` block", list(&missing, 3));
        say(sketch, says);
    }
    let is_of = |words: &[&str]| plan.providers.iter().any(|one| words.iter().any(|word| same(one, word)));
    let is_classic = is_of(&VMWARE[..2]) && !is_of(&VMWARE[2..]);
    let others: Vec<&String> =
        plan.providers.iter().filter(|one| !VMWARE.iter().any(|word| same(one, word))).collect();
    if !others.is_empty() {
        let others: Vec<String> = others.into_iter().map(|one| shown(one)).collect();
        say(
            sketch,
            format!("the machines replicate by {}, and this provider knows VMware only", list(&others, 4)),
        );
    }
    let mut sites = Names::new();
    let mut site = |name: Option<&String>, or: &str| {
        let name = name.filter(|name| !same(name, CLOUD)).map_or(or, String::as_str);
        let word = sites.word(name, or);
        let estate_name = (word != name).then(|| name.to_owned());
        (word, estate_name)
    };
    let sites = [site(plan.primary.as_ref(), "home"), site(plan.recovery.as_ref(), "azure")];
    sketch.head = Head {
        from: shown(&plan.name),
        id: plan.id.as_deref().map(shown),
        plan: names.word(options.name.as_deref().unwrap_or(&plan.name), "recovery-plan"),
        estate: Names::new().word(&vault, "vault"),
        sites,
        subscription,
        resource_group,
        vault,
        is_classic,
    };
}

/// A vault that nobody names.
const VAULT: &str = "VAULT";
/// What the service calls itself as a site.
const CLOUD: &str = "Microsoft Azure";
