//! Which call a request is. Paths compare without case, as ARM does.

use crate::inventory::{Machine, Point};

use super::answer::{Answer, Refusal, not_found};
use super::ask::Ask;
use super::job::{Job, Way};
use super::names::same;
use super::page::page;
use super::query::comparisons;
use super::service::Service;
use super::show_fabric::{self, policy_name};
use super::vault::point_name;
use super::view::View;
use super::{show_item, show_job, show_point};

/// Each has a policy.
const WAYS: [Way; 2] = [Way::Forward, Way::Back];

impl Service {
    /// Answers a request of the management API.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn management(&mut self, ask: &Ask) -> Result<Answer, Refusal> {
        ask.target.api_version()?;
        let known = self.vault.id();
        let own = known.split('/').filter(|part| !part.is_empty()).count();
        let path = &ask.target.path;
        let vault = path.get(..own).map(|parts| parts.join("/")).unwrap_or_default();
        if !same(&vault, &known) {
            let name = path.get(own.saturating_sub(1)).cloned().unwrap_or_default();
            return Err(not_found(&format!("The resource 'Microsoft.RecoveryServices/vaults/{name}'")));
        }
        let rest: Vec<String> = path.iter().skip(own).map(|part| part.to_lowercase()).collect();
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        // Names of plans keep the case in which they came.
        let name = path.get(own + 1).cloned().unwrap_or_default();
        match (ask.method.as_str(), rest.as_slice()) {
            ("GET", _) => self.read(ask, &rest).await,
            ("PUT" | "PATCH" | "DELETE", ["replicationrecoveryplans", _]) => {
                self.plan_change(ask, &name).await
            }
            ("POST", ["replicationrecoveryplans", _, action]) => self.plan_call(ask, &name, action).await,
            ("POST", ["replicationjobs", id, action]) => self.job_call(ask, id, action).await,
            ("POST", [.., "replicationprotecteditems", item, action]) => {
                let machine = self.item_at(&rest, item)?;
                self.item_call(ask, &machine, action).await
            }
            _ => Err(nothing(ask)),
        }
    }

    async fn read(&self, ask: &Ask, rest: &[&str]) -> Result<Answer, Refusal> {
        let size = self.vault.page_size;
        let (vault, kept) = (&self.vault, &self.kept);
        match rest {
            ["replicationoperationstatus", id] => self.status(id),
            ["replicationjobs"] => self.jobs(ask),
            ["replicationjobs", id] => {
                let job = kept.job(id).ok_or_else(|| not_found("The job"))?;
                Ok(Answer::ok(show_job::job(vault, job)))
            }
            ["replicationprotectioncontainers"] => page(ask, size, &[()], |()| show_fabric::container(vault)),
            ["replicationpolicies"] => page(ask, size, &WAYS, |way| show_fabric::policy(vault, *way)),
            ["replicationpolicies", name] => {
                let way = WAYS.into_iter().find(|way| policy_name(*way).eq_ignore_ascii_case(name));
                let way = way.ok_or_else(|| not_found("The policy"))?;
                Ok(Answer::ok(show_fabric::policy(vault, way)))
            }
            _ => self.read_of_estate(ask, rest).await,
        }
    }

    /// What is read of the estate as it is now.
    async fn read_of_estate(&self, ask: &Ask, rest: &[&str]) -> Result<Answer, Refusal> {
        let size = self.vault.page_size;
        let (vault, kept) = (&self.vault, &self.kept);
        let view = self.view().await?;
        match rest {
            ["replicationfabrics"] => page(ask, size, &[()], |()| show_fabric::fabric(vault, &view)),
            ["replicationfabrics", fabric] => {
                self.is_fabric(fabric)?;
                Ok(Answer::ok(show_fabric::fabric(vault, &view)))
            }
            ["replicationfabrics", fabric, "replicationprotectioncontainers"] => {
                self.is_fabric(fabric)?;
                page(ask, size, &[()], |()| show_fabric::container(vault))
            }
            ["replicationfabrics", fabric, "replicationprotectioncontainers", container] => {
                self.is_container(fabric, container)?;
                Ok(Answer::ok(show_fabric::container(vault)))
            }
            ["replicationprotecteditems"] => {
                let items = self.filtered(ask, &view)?;
                page(ask, size, &items, |machine| show_item::item(vault, &view, kept, machine))
            }
            [
                "replicationfabrics",
                fabric,
                "replicationprotectioncontainers",
                container,
                "replicationprotecteditems",
            ] => {
                self.is_container(fabric, container)?;
                let items = self.filtered(ask, &view)?;
                page(ask, size, &items, |machine| show_item::item(vault, &view, kept, machine))
            }
            ["replicationfabrics", .., "replicationprotecteditems", item] => {
                let machine = self.machine(&view, rest, item)?;
                Ok(Answer::ok(show_item::item(vault, &view, kept, machine)))
            }
            ["replicationfabrics", .., "replicationprotecteditems", item, "recoverypoints"] => {
                self.points(ask, &view, self.machine(&view, rest, item)?, None)
            }
            ["replicationfabrics", .., "replicationprotecteditems", item, "recoverypoints", point] => {
                self.points(ask, &view, self.machine(&view, rest, item)?, Some(point))
            }
            ["replicationrecoveryplans"] => {
                let plans: Vec<_> = kept.plans.values().collect();
                page(ask, size, &plans, |plan| plan.shown(vault, &view, kept))
            }
            ["replicationrecoveryplans", name] => {
                let plan = kept.plan(name).ok_or_else(|| not_found("The recovery plan"))?;
                Ok(Answer::ok(plan.shown(vault, &view, kept)))
            }
            _ => Err(nothing(ask)),
        }
    }

    /// The points of an item, or one of them by its name.
    fn points(
        &self,
        ask: &Ask,
        view: &View,
        machine: &Machine,
        name: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let points = show_point::listed(&self.vault, view, machine);
        let show = |point: &&Point| show_point::point(&self.vault, view, machine, point);
        let Some(name) = name else { return page(ask, self.vault.page_size, &points, show) };
        let named = |point: &&Point| point_name(&machine.name, view.id(point)).eq_ignore_ascii_case(name);
        let found = points.into_iter().find(named).ok_or_else(|| not_found("The recovery point"))?;
        Ok(Answer::ok(show(&found)))
    }

    fn status(&self, id: &str) -> Result<Answer, Refusal> {
        let job = self.kept.jobs.iter().find(|job| show_job::operation_of(&job.id).eq_ignore_ascii_case(id));
        let job = job.ok_or_else(|| not_found("The operation"))?;
        let answer = Answer::ok(show_job::status(&self.vault, job));
        Ok(answer.with("retry-after", self.time.retry_after_s().to_string()))
    }

    /// Newest first. What a filter compares besides state and object is let through.
    fn jobs(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let wanted = comparisons(ask.target.value("$filter").unwrap_or_default());
        let matches = |job: &&Job| {
            wanted.iter().all(|(name, value)| match name.to_lowercase().as_str() {
                "jobstatus" | "state" => show_job::state_word(job.state).eq_ignore_ascii_case(value),
                "joboutputtype" | "scenarioname" => job.operation.words().0.eq_ignore_ascii_case(value),
                "affectedobjectid" | "targetobjectname" => {
                    let (id, name, _) = super::item_calls::target(&self.vault, job);
                    id.eq_ignore_ascii_case(value) || name.eq_ignore_ascii_case(value)
                }
                _ => true,
            })
        };
        let jobs: Vec<_> = self.kept.jobs.iter().rev().filter(matches).collect();
        page(ask, self.vault.page_size, &jobs, |job| show_job::job(&self.vault, job))
    }

    /// The items of a list, also of those of a plan only.
    fn filtered<'a>(&self, ask: &Ask, view: &'a View) -> Result<Vec<&'a Machine>, Refusal> {
        let wanted = comparisons(ask.target.value("$filter").unwrap_or_default());
        let plan = wanted.iter().find(|(name, _)| name.eq_ignore_ascii_case("recoveryPlanName"));
        let all = view.inventory.vms.values();
        let Some((_, name)) = plan else { return Ok(all.collect()) };
        let plan = self.kept.plan(name).ok_or_else(|| not_found("The recovery plan"))?;
        Ok(all.filter(|machine| plan.machines().any(|name| name == machine.name)).collect())
    }

    fn is_fabric(&self, fabric: &str) -> Result<(), Refusal> {
        if fabric.eq_ignore_ascii_case(&self.vault.fabric) { Ok(()) } else { Err(not_found("The fabric")) }
    }

    fn is_container(&self, fabric: &str, container: &str) -> Result<(), Refusal> {
        self.is_fabric(fabric)?;
        let own = container.eq_ignore_ascii_case(&self.vault.container());
        if own { Ok(()) } else { Err(not_found("The protection container")) }
    }

    /// The machine of an item in a whole path.
    fn item_at(&self, rest: &[&str], item: &str) -> Result<String, Refusal> {
        let ["replicationfabrics", fabric, "replicationprotectioncontainers", container, ..] = rest else {
            return Err(not_found("The path"));
        };
        self.is_container(fabric, container)?;
        let machine = self.vault.machine(item).map(str::to_owned);
        machine.ok_or_else(|| not_found("The replication protected item"))
    }

    fn machine<'a>(&self, view: &'a View, rest: &[&str], item: &str) -> Result<&'a Machine, Refusal> {
        let name = self.item_at(rest, item)?;
        view.machine(&name).ok_or_else(|| not_found("The replication protected item"))
    }
}

fn nothing(ask: &Ask) -> Refusal {
    let mut refusal = not_found(&format!("'{} {}'", ask.method, ask.path));
    refusal.code = "NotFound";
    refusal
}
