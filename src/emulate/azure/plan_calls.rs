//! Recovery plans: made, changed, deleted, and what is done with them.

use indexmap::IndexMap;

use crate::inventory::Protection;

use super::answer::{Answer, Refusal, bad_field, conflict, not_found, wrong};
use super::ask::Ask;
use super::begin::Work;
use super::body::{Fields, properties};
use super::item;
use super::item_calls::network;
use super::job::{About, Act, Operation, Pick, PickKind, PickScope, Stage, Way};
use super::kept::TestState;
use super::plan::Plan;
use super::plan_check;
use super::program::{self, Failover, newest};
use super::service::Service;
use super::view::View;

impl Service {
    /// `PUT`, `PATCH` or `DELETE` of a plan.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn plan_change(&mut self, ask: &Ask, name: &str) -> Result<Answer, Refusal> {
        let view = self.view().await?;
        let known = self.kept.plan(name).cloned();
        let name = known.as_ref().map_or_else(|| name.to_owned(), |plan| plan.name.clone());
        let name = name.as_str();
        let busy =
            self.kept.jobs.iter().find(|job| !job.is_over() && job.about == About::Plan(name.to_owned()));
        if let Some(job) = busy {
            let message = format!("The recovery plan '{name}' cannot change: {}.", item::busy_with(job));
            return Err(conflict("OperationInProgress", message));
        }
        let (operation, title, plan) = match (ask.method.as_str(), known) {
            ("PUT", known) => {
                let mut plan = plan_check::created(&self.vault, &view, name, properties(ask)?)?;
                // (i) A plan that is there is replaced.
                if let Some(known) = known {
                    plan = Plan { groups: plan.groups, model: plan.model, ..known };
                }
                (Operation::PutPlan, "Creating the recovery plan", Some(plan))
            }
            ("PATCH", Some(mut plan)) => {
                let fields = properties(ask)?;
                // (i) All groups are replaced by those that are said.
                if fields.has("groups") {
                    plan.groups = plan_check::groups(&self.vault, &view, fields)?;
                }
                (Operation::UpdatePlan, "Updating the recovery plan", Some(plan))
            }
            ("DELETE", Some(_)) => (Operation::DeletePlan, "Deleting the recovery plan", None),
            ("DELETE", None) => return Ok(Answer { status: 204, headers: Vec::new(), body: None }),
            _ => return Err(not_found("The recovery plan")),
        };
        let stored = match plan {
            Some(plan) => self.kept.plans.insert(name.to_lowercase(), plan),
            None => self.kept.plans.shift_remove(&name.to_lowercase()),
        };
        drop(stored);
        let work = Work::new(operation, program::of_service(title));
        self.begin(ask, About::Plan(name.to_owned()), work).await
    }

    /// An action on a plan, by the last segment of its path.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn plan_call(&mut self, ask: &Ask, name: &str, action: &str) -> Result<Answer, Refusal> {
        let view = self.view().await?;
        let plan = self.kept.plan(name).cloned().ok_or_else(|| not_found("The recovery plan"))?;
        let work = match action {
            "testfailover" | "unplannedfailover" | "plannedfailover" => {
                self.failover(&view, &plan, action, properties(ask)?)?
            }
            "testfailovercleanup" => {
                let comments = properties(ask)?.text("comments")?;
                let said =
                    comments.map(|text| ("comments".to_owned(), text.to_owned())).into_iter().collect();
                Work { said, ..Work::new(Operation::TestFailoverCleanup, self.cleaned(&plan)) }
            }
            "failovercommit" => Work::new(Operation::Commit, committed(&view, &plan)),
            "failovercancel" => {
                let work = Work::new(Operation::Cancel, self.cancelled(&view, &plan));
                Work { way: Some(Way::Back), ..work }
            }
            "reprotect" => {
                let message =
                    "This api is for deprecated scenarios and no longer works. Reprotect each item.";
                return Err(wrong("OperationNotSupported", message));
            }
            _ => return Err(not_found("The action")),
        };
        self.plan_allows(&view, &plan, work.operation)?;
        if work.operation == Operation::Cancel {
            for machine in plan.machines() {
                self.call_off(machine).await;
            }
        }
        self.begin(ask, About::Plan(plan.name.clone()), work).await
    }

    fn failover(&self, view: &View, plan: &Plan, action: &str, fields: Fields<'_>) -> Result<Work, Refusal> {
        fields.required("failoverDirection")?;
        let way = fields.way()?.unwrap_or(Way::Forward);
        let mut said = IndexMap::new();
        let (operation, shuts_down) = match action {
            "testfailover" => {
                fields.required("networkType")?;
                said = network(fields)?;
                (Operation::TestFailover, false)
            }
            "unplannedfailover" => {
                let words = ["Required", "NotRequired"];
                let source = fields.required_word("sourceSiteOperations", &words)?;
                (Operation::UnplannedFailover, source == "Required")
            }
            _ => (Operation::PlannedFailover, true),
        };
        let provider = item::provider(self.vault.generation, way);
        let (pick, together) = wanted_point(provider, fields)?;
        self.all_have_points(view, plan, way)?;
        let wanted = Failover { operation, way, shuts_down, pick, together };
        Ok(Work {
            operation,
            way: Some(way),
            stages: program::of_plan(&self.vault, view, &wanted, plan),
            said,
        })
    }

    /// A plan cannot be failed back until all its machines have a point.
    fn all_have_points(&self, view: &View, plan: &Plan, way: Way) -> Result<(), Refusal> {
        if way == Way::Forward {
            return Ok(());
        }
        let without = plan.machines().filter_map(|name| view.machine(name)).find(|machine| {
            machine.protection == Protection::Protected
                && super::view::way(&self.vault, machine) == Way::Back
                && machine.points.is_empty()
        });
        without.map_or(Ok(()), |machine| {
            let message =
                format!("'{}' has no recovery point yet, and each machine needs one.", machine.name);
            Err(conflict("RecoveryPointNotAvailable", message))
        })
    }

    /// (i) A plan may do what any of its items may; the others are skipped.
    fn plan_allows(&self, view: &View, plan: &Plan, operation: Operation) -> Result<(), Refusal> {
        let word = operation.allowed().unwrap_or_default();
        let calls_off = operation == Operation::Cancel;
        if let Some(job) = plan.machines().find_map(|name| self.kept.busy(name)).filter(|_| !calls_off) {
            let message = format!(
                "'{word}' is not allowed on the recovery plan '{}': {}.",
                plan.name,
                item::busy_with(job)
            );
            return Err(conflict("OperationInProgress", message));
        }
        let allowed = plan.allowed(&self.vault, view, &self.kept);
        if allowed.contains(&word) {
            return Ok(());
        }
        let now = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let message = format!(
            "'{word}' is not allowed on the recovery plan '{}'. Allowed now: {now}. Possible causes: no machine of \
             the plan is in a state for it, or the provider does not support it in this direction.",
            plan.name
        );
        Err(conflict("OperationNotAllowed", message))
    }

    fn cleaned(&self, plan: &Plan) -> Vec<Stage> {
        program::on_each("Cleaning up the test machine", plan, &Act::CleanUp, |machine| {
            let test = self.kept.items.get(machine).map_or(TestState::None, |item| item.test);
            (test == TestState::None).then(|| "The machine has no test copy.".to_owned())
        })
    }

    fn cancelled(&self, view: &View, plan: &Plan) -> Vec<Stage> {
        program::on_each("Restoring the source machine", plan, &Act::RollBack, |machine| {
            let open = view.machine(machine).is_some_and(|machine| {
                item::allowed(&self.vault, view, &self.kept, machine).contains(&"CancelFailover")
            });
            (!open).then(|| "No failback of the machine is open.".to_owned())
        })
    }
}

fn committed(view: &View, plan: &Plan) -> Vec<Stage> {
    program::on_each("Committing the failover", plan, &Act::Commit, |machine| {
        let open = view.machine(machine).is_some_and(|machine| machine.protection == Protection::FailedOver);
        (!open).then(|| "No failover of the machine is open.".to_owned())
    })
}

/// Which points an element of `providerSpecificDetails` asks for, and whether those of a group are taken together.
/// (i) The array may be left out by the description; without its element there is no kind of point, so that is
/// refused, as is an element of another provider. A multi-VM switch that is left out is off.
fn wanted_point(provider: &'static str, fields: Fields<'_>) -> Result<(Pick, bool), Refusal> {
    let elements = fields.objects("providerSpecificDetails")?;
    let [details] = elements.as_slice() else {
        let message =
            format!("'properties.providerSpecificDetails' needs one element, of type '{provider}'.");
        return Err(bad_field(message));
    };
    details.of_type(provider)?;
    let multi = details.flag("useMultiVmSyncPoint")?.unwrap_or(false);
    let scope = if multi { PickScope::Common } else { PickScope::Own };
    let word = |words: &[&'static str]| details.required_word("recoveryPointType", words);
    Ok(match provider {
        "InMageRcmFailback" => {
            let kind = word(&["CrashConsistent", "ApplicationConsistent"])?;
            (Pick::Taken { app: kind == "ApplicationConsistent" }, multi)
        }
        // Each machine its own newest, or each group its own common application point: no switch says so.
        "InMage" => match word(&["LatestTime", "LatestTag", "Custom"])? {
            "LatestTime" => (newest(PickKind::Latest, PickScope::Own), false),
            "LatestTag" => (newest(PickKind::App, PickScope::Common), false),
            _ => return Err(bad_field("'Custom' is for a single machine, not for a recovery plan.")),
        },
        _ => {
            let words = ["Latest", "LatestProcessed", "LatestCrashConsistent", "LatestApplicationConsistent"];
            let kind = match word(&words)? {
                "Latest" => PickKind::Latest,
                "LatestProcessed" => PickKind::Processed,
                "LatestCrashConsistent" => PickKind::Crash,
                _ => PickKind::App,
            };
            (newest(kind, scope), false)
        }
    })
}
