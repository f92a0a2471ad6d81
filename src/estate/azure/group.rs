//! Failovers of a replication group: one call for all members, through a recovery plan of the vault that holds
//! them and nothing else, for only a plan's call knows common points. The first member to come asks; those that
//! come after it wait for the same job.

use std::time::Duration;

use indexmap::IndexMap;

use crate::base::{Clock, Digest, SystemClock};
use crate::event::{Key, Progress, Submitted};
use crate::inventory::PointKind;

use super::Azure;
use super::acts::{Call, allowed, handle, job_of};
use super::ask::{Act, Body, Details};
use super::failover::Way;
use super::id::ArmId;
use super::journal::{Entry, Shared, Waits};
use super::kind::{Kind, Operation};
use super::offers;
use super::trouble::Trouble;
use super::vault::Named;
use super::wire::{Plan, Resource};
use super::words::{Told, Word};

/// A call for a group is one run's: no run has members that come so much later.
const SHARED_FOR: Duration = Duration::from_secs(12 * 3600);
/// A common point that is this much older than the newest was chosen for its age, and cannot be told; one that
/// is less so was the newest when it was chosen, and others started first.
pub(super) const NEWER_MAX: Duration = Duration::from_secs(3 * 3600);

impl Azure {
    pub(super) async fn fail_over_group(
        &self,
        key: &Key,
        item: &Named,
        group: &str,
        point: &str,
        way: &Way,
    ) -> Result<Submitted, Trouble> {
        // One at a time, so that two members do not both ask.
        let _turn = self.turn.lock().await;
        let told = self.told(item, point).await?;
        let words = format!(
            "{} {:?} {} {:?} {:?}",
            told.value,
            told.common,
            way.operation.path(),
            way.source,
            way.network.as_ref().and_then(|network| network.network_id.as_deref())
        );
        if self.is_under_way(key, item, group, (point, &words)).await? {
            return Ok(Submitted::Accepted(handle(key), SystemClock.now()));
        }
        allowed(item, way.operation)?;
        let plan = self.plan_of(item, group).await?;
        let shared = Shared {
            format: "muster.azure-group/1".to_owned(),
            target: plan.id().clone(),
            operation: way.operation.path().to_owned(),
            told: words,
            first: key.clone(),
            members: IndexMap::from([(item.name.clone(), key.clone())]),
        };
        self.journal.write_shared(group, &shared)?;
        let details = Details::Plan {
            instance_type: item.kind.word().to_owned(),
            recovery_point_type: told.value,
            use_multi_vm_sync_point: told.common.map(Into::into),
        };
        let properties = Act {
            failover_direction: way.direction,
            source_site_operations: way.source,
            network: way.network.clone(),
            provider_specific_details: [details],
        };
        let body = Body { properties };
        match plan {
            PlanOf::There(plan) => {
                let call = Call {
                    target: &plan.id,
                    before: job_of(&plan.properties.current_scenario),
                    operation: way.operation,
                    body: Some(body),
                    point: Some(point),
                };
                self.ask(key, item, call).await
            }
            PlanOf::ToMake(target, waits) => {
                let now = self.vault.service.now();
                let entry = Entry {
                    target,
                    point: Some(point.to_owned()),
                    waits: Some(waits),
                    body: serde_json::to_value(&body).ok(),
                    ..Entry::new(key, &item.name, &item.id, way.operation.path(), now)
                };
                self.journal.write(&entry)?;
                Ok(Submitted::Accepted(handle(key), SystemClock.now()))
            }
        }
    }

    /// Whether another member made the call for the group already: told in the same words, not claimed by this
    /// member for another act, and under way or of visible effect. Then this one waits for it.
    async fn is_under_way(
        &self,
        key: &Key,
        item: &Named,
        group: &str,
        (point, words): (&str, &str),
    ) -> Result<bool, Trouble> {
        let Some(mut shared) = self.journal.shared(group)? else { return Ok(false) };
        let other = |known: &Key| known != key;
        if shared.told != words || shared.members.get(&item.name).is_some_and(other) {
            return Ok(false);
        }
        let Some(first) = self.journal.read(&shared.first)? else { return Ok(false) };
        if self.vault.service.now().since(first.at) > SHARED_FOR {
            return Ok(false);
        }
        // Where it is not clear yet what became of the first call, this one waits for it all the same.
        let (first, clear) = match self.look_up(first.clone()).await {
            Ok(Some(first)) => (first, true),
            Ok(None) => return Ok(false),
            Err(trouble) if trouble.again => (first, false),
            Err(trouble) => return Err(trouble.perhaps()),
        };
        let done = match shared.operation.as_str() {
            "testFailover" => item.item.is_in_test(),
            _ => item.item.allows(Operation::Commit),
        };
        if !done && clear && !self.goes_on(&first).await? {
            return Ok(false);
        }
        shared.members.insert(item.name.clone(), key.clone());
        self.journal.write_shared(group, &shared)?;
        let entry = Entry {
            key: key.clone(),
            machine: item.name.clone(),
            item: item.id.clone(),
            through: Some(first.key.clone()),
            waits: None,
            body: None,
            ended: None,
            refused: None,
            point: Some(point.to_owned()),
            ..first
        };
        self.journal.write(&entry)?;
        Ok(true)
    }

    /// Whether a call waits for its recovery plan, or its job is under way.
    async fn goes_on(&self, entry: &Entry) -> Result<bool, Trouble> {
        if entry.waits.is_some() {
            return Ok(true);
        }
        match self.standing(&entry.key).await {
            Ok(progress) => Ok(matches!(progress, Progress::Running(_))),
            // Its job is forgotten.
            Err(trouble) if trouble.status == Some(404) => Ok(false),
            Err(trouble) => Err(trouble.perhaps()),
        }
    }

    /// How a group's point is told: by the word that it stands for, or, of a set that all members share, as the
    /// newest that all share. That the service then takes a newer one, if there is one by then, is seen and said
    /// when it is done.
    async fn told(&self, item: &Named, point: &str) -> Result<Told, Trouble> {
        let common = |flag: bool| (!matches!(item.kind, Kind::ClassicBack)).then_some(flag);
        if let Some(word) = Word::of_id(point) {
            let all = matches!(word, Word::CommonCrash | Word::CommonApp);
            return Ok(Told { value: word.value(), common: common(all) });
        }
        let points = self.vault.points(item).await?;
        let mut shared = points.iter().filter(|it| offers::is_common(it));
        let found = shared.clone().find(|it| it.name().eq_ignore_ascii_case(point));
        let Some(found) = found else {
            let message = format!("`{point}` is no point that all of the group of `{}` share", item.name);
            return Err(Trouble::refused("no_point", message));
        };
        let kind = offers::kind_of(found);
        // Newer ones that the same words would mean, and that were there when this one was chosen.
        let newer = shared.find(|it| kind == PointKind::Crash || offers::kind_of(it) == PointKind::App);
        let age =
            newer.and_then(|it| it.properties.recovery_point_time).zip(found.properties.recovery_point_time);
        let chosen_older = match self.was_newest(item, found.name()) {
            Some(newest) => !newest,
            None => age.is_some_and(|(newest, bound)| newest.since(bound) > NEWER_MAX),
        };
        if chosen_older {
            let message = format!(
                "the service takes a group to its newest common point and to no older one, and `{point}` of `{}` is older",
                item.name
            );
            return Err(Trouble::refused("point_cannot_be_told", message));
        }
        let word = if kind == PointKind::App { Word::LatestApp } else { Word::LatestProcessed };
        Ok(Told { value: word.value(), common: common(true) })
    }

    /// Whether a point was what a word stood for at a look of late; none where this process never looked.
    fn was_newest(&self, item: &Named, point: &str) -> Option<bool> {
        let group = item.group()?.to_ascii_lowercase();
        let commons = self.commons.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        commons.get(&group).map(|ids| ids.contains_key(&point.to_ascii_lowercase()))
    }

    /// The recovery plan that holds the members of a group and nothing else; to be made where there is none.
    async fn plan_of(&self, item: &Named, group: &str) -> Result<PlanOf, Trouble> {
        let items = self.vault.items().await?;
        let same = |it: &&Named| {
            it.group().is_some_and(|name| name.eq_ignore_ascii_case(group))
                && it.fabric().eq_ignore_ascii_case(item.fabric())
        };
        let members: Vec<&Named> = items.values().filter(same).collect();
        let other = members.iter().find(|member| member.kind != item.kind);
        if let Some(other) = other {
            let message = format!(
                "of the group `{group}`, `{}` is replicated by {} and `{}` by {}: bring all to one direction first",
                item.name,
                item.kind.word(),
                other.name,
                other.kind.word()
            );
            return Err(Trouble::refused("group_divided", message));
        }
        let ids: Vec<&ArmId> = members.iter().map(|member| &member.id).collect();
        let plans = self.vault.plans().await?;
        if let Some(plan) = plans.into_iter().find(|plan| holds_just(&plan.properties, &ids)) {
            return Ok(PlanOf::There(Box::new(plan)));
        }
        let slug: String = group.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
        let parts: Vec<&[u8]> = ids.iter().map(|id| id.as_str().as_bytes()).collect();
        let name = format!("muster-{slug}-{}", Digest::of(&parts).as_str().get(..8).unwrap_or_default());
        let target = ArmId::new(format!("{}/replicationRecoveryPlans/{name}", self.vault.path));
        let fabric = format!("{}/replicationFabrics/{}", self.vault.path, item.fabric());
        let items = ids.into_iter().cloned().collect();
        Ok(PlanOf::ToMake(target, Waits { fabric, items, asked: false, job: None }))
    }
}

/// The recovery plan of a group.
enum PlanOf {
    There(Box<Resource<Plan>>),
    ToMake(ArmId, Waits),
}

impl PlanOf {
    const fn id(&self) -> &ArmId {
        match self {
            Self::There(plan) => &plan.id,
            Self::ToMake(id, _) => id,
        }
    }
}

/// Whether a plan has these items, all of them in one boot group, and no action that would wait or run.
fn holds_just(plan: &Plan, ids: &[&ArmId]) -> bool {
    let full: Vec<_> = plan.groups.iter().filter(|it| !it.replication_protected_items.is_empty()).collect();
    let quiet =
        plan.groups.iter().all(|it| it.start_group_actions.is_empty() && it.end_group_actions.is_empty());
    let [group] = full.as_slice() else { return false };
    let items = &group.replication_protected_items;
    quiet
        && items.len() == ids.len()
        && ids.iter().all(|id| items.iter().any(|item| item.id.as_ref() == Some(*id)))
}
