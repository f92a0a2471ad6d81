//! Actions on one protected item.

use indexmap::IndexMap;

use crate::inventory::Machine;

use super::answer::{Answer, Refusal, bad_field, conflict, not_found, wrong};
use super::ask::Ask;
use super::begin::Work;
use super::body::{Fields, properties, properties_if_any};
use super::item;
use super::job::{About, Act, Job, Operation, Pick, PickKind, PickScope, Way};
use super::names::{last, same};
use super::options::Generation;
use super::program::{self, Failover, newest};
use super::reprotect;
use super::service::Service;
use super::vault::{Vault, point_name};
use super::view::{View, way};

/// Points that a failover of one item can name.
const LATEST: Pick = newest(PickKind::Latest, PickScope::Own);

impl Service {
    /// An action on an item, by the last segment of its path.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn item_call(
        &mut self,
        ask: &Ask,
        machine: &str,
        action: &str,
    ) -> Result<Answer, Refusal> {
        let view = self.view().await?;
        let found = view.machine(machine).ok_or_else(|| not_found("The replication protected item"))?;
        let way = way(&self.vault, found);
        let work = match action {
            "testfailover" => test(&self.vault, &view, found, ask)?,
            "testfailovercleanup" => {
                let said = comments(properties(ask)?)?;
                let stages = program::single("Cleaning up the test machine", machine, vec![Act::CleanUp]);
                Work { said, ..Work::new(Operation::TestFailoverCleanup, stages) }
            }
            "unplannedfailover" => unplanned(&self.vault, &view, found, ask)?,
            "plannedfailover" => planned(&self.vault, found, ask)?,
            "applyrecoverypoint" => change_point(&self.vault, &view, found, ask)?,
            "failovercommit" => {
                let stages = program::single("Committing the failover", machine, vec![Act::Commit]);
                Work::new(Operation::Commit, stages)
            }
            "failovercancel" => {
                let stages = program::single("Restoring the source machine", machine, vec![Act::RollBack]);
                Work::new(Operation::Cancel, stages)
            }
            "reprotect" => {
                properties(ask)?.way()?;
                let act = reprotect::act(&self.vault, way, properties(ask)?)?;
                Work::new(Operation::Reprotect, program::single("Enabling replication", machine, vec![act]))
            }
            "repairreplication" => {
                let message = format!("'{machine}' needs no resynchronization.");
                return Err(conflict("ResynchronizationNotRequired", message));
            }
            _ => return Err(not_found("The action")),
        };
        self.allows(&view, found, work.operation)?;
        if work.operation == Operation::Cancel {
            self.call_off(machine).await;
        }
        self.begin(ask, About::Item(machine.to_owned()), Work { way: Some(way), ..work }).await
    }

    /// Whether an operation may begin on an item. (i) The codes.
    fn allows(&self, view: &View, machine: &Machine, operation: Operation) -> Result<(), Refusal> {
        let name = &machine.name;
        let moves = matches!(
            operation,
            Operation::TestFailover | Operation::UnplannedFailover | Operation::PlannedFailover
        );
        if let Some(group) = machine.group.as_deref().filter(|_| moves) {
            let message = format!(
                "'{name}' belongs to the replication group '{group}', and a member of one cannot fail over alone. \
                 Use a recovery plan with all its members."
            );
            return Err(conflict("ReplicationGroupMemberCannotFailoverAlone", message));
        }
        let allowed = item::allowed(&self.vault, view, &self.kept, machine);
        let word = operation.allowed().unwrap_or_default();
        if allowed.contains(&word) {
            return Ok(());
        }
        if let Some(job) = self.kept.busy(name) {
            let message = format!("'{word}' is not allowed on '{name}': {}.", item::busy_with(job));
            return Err(conflict("OperationInProgress", message));
        }
        let state = item::protection_state(&self.kept, machine);
        let now = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let message = format!(
            "'{word}' is not allowed on '{name}' in the state '{state}'. Allowed now: {now}. Possible causes: the \
             operation was done already, one that has to precede it was not, or there is no recovery point."
        );
        Err(conflict("OperationNotAllowed", message))
    }

    /// Gives up the failback of a machine that is under way, so that it can be taken back.
    pub(super) async fn call_off(&mut self, machine: &str) {
        let busy = self.kept.busy(machine).map(|job| job.id.clone());
        let now = self.time.now();
        if let Some(job) = busy.and_then(|id| self.kept.job_mut(&id)) {
            super::job_calls::give_up(&self.sim, job, now).await;
            super::job_calls::end_cancelled(job, now);
        }
    }
}

fn comments(fields: Fields<'_>) -> Result<IndexMap<String, String>, Refusal> {
    let comments = fields.text("comments")?.map(|text| ("comments".to_owned(), text.to_owned()));
    Ok(comments.into_iter().collect())
}

/// What a test says of its network. (i) `networkType` is a free text: only the recorded words are told apart.
pub(super) fn network(fields: Fields<'_>) -> Result<IndexMap<String, String>, Refusal> {
    let mut said = IndexMap::new();
    for name in ["networkType", "networkId"] {
        said.extend(fields.text(name)?.map(|text| (name.to_owned(), text.to_owned())));
    }
    let wanted = said.get("networkType").is_some_and(|kind| kind == "VmNetworkAsInput");
    if wanted && !said.contains_key("networkId") {
        return Err(bad_field("'properties.networkId' is required where the network is given as input."));
    }
    Ok(said)
}

fn test(vault: &Vault, view: &View, machine: &Machine, ask: &Ask) -> Result<Work, Refusal> {
    let fields = properties(ask)?;
    let way = along(vault, machine, fields)?;
    let details = fields.provider(item::provider(vault.generation, way))?;
    let mut said = network(fields)?;
    let own = details.text("networkId")?.map(|id| ("networkId".to_owned(), id.to_owned()));
    said.extend(own);
    let pick = point_wanted(vault, view, machine, details.text("recoveryPointId")?)?.unwrap_or(LATEST);
    let operation = Operation::TestFailover;
    let wanted = Failover { operation, way, shuts_down: false, pick, together: false };
    Ok(Work { said, ..Work::new(operation, program::of_item(vault, &wanted, &machine.name)) })
}

fn unplanned(vault: &Vault, view: &View, machine: &Machine, ask: &Ask) -> Result<Work, Refusal> {
    let fields = properties(ask)?;
    let way = along(vault, machine, fields)?;
    let provider = item::provider(vault.generation, way);
    // An appliance's failback is a planned failover: it has no input for this call.
    if provider == "InMageRcmFailback" {
        let message = "An unplanned failover is not supported by the provider 'InMageRcmFailback'.";
        return Err(conflict("OperationNotAllowed", message));
    }
    let details = fields.provider(provider)?;
    let source = fields.word("sourceSiteOperations", &["Required", "NotRequired"])?;
    let shuts_down = match vault.generation {
        Generation::Modernized => {
            details.required("performShutdown")?;
            details.flag("performShutdown")? == Some(true)
        }
        // (i) Left out it is as the cmdlets send it: not required.
        Generation::Classic => source == Some("Required"),
    };
    let named = point_wanted(vault, view, machine, details.text("recoveryPointId")?)?;
    let pick = if provider == "InMage" {
        match (details.required_word("recoveryPointType", &["LatestTime", "LatestTag", "Custom"])?, named) {
            ("LatestTag", None) => newest(PickKind::App, PickScope::Own),
            ("Custom", Some(named)) => named,
            ("Custom", None) => return Err(bad_field("'recoveryPointId' is required with 'Custom'.")),
            (_, None) => LATEST,
            (_, Some(_)) => return Err(bad_field("'recoveryPointId' is only for 'Custom'.")),
        }
    } else {
        named.unwrap_or(LATEST)
    };
    let operation = Operation::UnplannedFailover;
    let wanted = Failover { operation, way, shuts_down, pick, together: false };
    Ok(Work::new(operation, program::of_item(vault, &wanted, &machine.name)))
}

fn planned(vault: &Vault, machine: &Machine, ask: &Ask) -> Result<Work, Refusal> {
    // The description lets all of this body be left out; without a kind of point there is nothing to go to.
    let fields = properties_if_any(ask);
    let way = along(vault, machine, fields)?;
    let provider = item::provider(vault.generation, way);
    if provider != "InMageRcmFailback" {
        let message = format!("A planned failover is not supported by the provider '{provider}'.");
        return Err(conflict("OperationNotAllowed", message));
    }
    let details = fields.provider(provider)?;
    let kind = details.required_word("recoveryPointType", &["CrashConsistent", "ApplicationConsistent"])?;
    let pick = Pick::Taken { app: kind == "ApplicationConsistent" };
    let operation = Operation::PlannedFailover;
    let wanted = Failover { operation, way, shuts_down: true, pick, together: false };
    Ok(Work::new(operation, program::of_item(vault, &wanted, &machine.name)))
}

fn change_point(vault: &Vault, view: &View, machine: &Machine, ask: &Ask) -> Result<Work, Refusal> {
    let fields = properties(ask)?;
    let details = fields.provider(item::provider(vault.generation, way(vault, machine)))?;
    // The modernized provider has the point inside its own object, the classic one beside it.
    let id = match vault.generation {
        Generation::Modernized => details.required("recoveryPointId")?,
        Generation::Classic => fields.required("recoveryPointId")?,
    };
    let pick = point_wanted(vault, view, machine, Some(id))?.unwrap_or(LATEST);
    let acts = vec![Act::ChangePoint, Act::Start { test: false }];
    let stages = program::single("Changing the recovery point", &machine.name, acts);
    let stages = stages.into_iter().map(|stage| stage.binding(pick.clone())).collect();
    Ok(Work::new(Operation::ChangePoint, stages))
}

/// The way that a failover of an item goes: its own. (i) Another one said is refused.
fn along(vault: &Vault, machine: &Machine, fields: Fields<'_>) -> Result<Way, Refusal> {
    let own = way(vault, machine);
    match fields.way()? {
        Some(said) if said != own => {
            let message =
                format!("'{}' does not fail over in the direction '{}'.", machine.name, said.word());
            Err(wrong("InvalidFailoverDirection", message))
        }
        Some(_) | None => Ok(own),
    }
}

/// The point of an id or a name; none where none is said. (i) Not found: refused at once, not by the job.
fn point_wanted(
    vault: &Vault,
    view: &View,
    machine: &Machine,
    id: Option<&str>,
) -> Result<Option<Pick>, Refusal> {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(None) };
    let found = machine.points.iter().map(|point| view.id(point)).find(|point| {
        let name = point_name(&machine.name, point);
        let whole = !id.contains('/') || same(id, &vault.point_id(&machine.name, point));
        whole && last(id).eq_ignore_ascii_case(&name)
    });
    let message = format!("'{}' has no recovery point '{id}'.", machine.name);
    found
        .map(|point| Some(Pick::Named(point.to_owned())))
        .ok_or_else(|| wrong("RecoveryPointNotFound", message))
}

/// A job that is about an item, for whoever follows it by its object.
pub(super) fn target<'a>(vault: &'a Vault, job: &'a Job) -> (&'a str, &'a str, &'static str) {
    match &job.about {
        About::Item(machine) => (vault.item_name(machine), machine, "ProtectionEntity"),
        About::Plan(plan) => (plan, plan, "RecoveryPlan"),
    }
}
