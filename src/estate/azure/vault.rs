//! What the vault holds: fabrics, items, recovery plans, points. Reads page by page and decides nothing.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;

use crate::base::limits;

use super::call::Service;
use super::id::ArmId;
use super::kind::Kind;
use super::trouble::{Trouble, said};
use super::wire::{Fabric, Item, Page, Plan, Point, Policy, Resource};

/// Points as they are listed.
pub(super) type Points = Vec<Resource<Point>>;

/// The vault of a plan.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) service: Service,
    /// Its path below the endpoint.
    pub(super) path: String,
}

/// An item as the inventory calls it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) id: ArmId,
    pub(super) kind: Kind,
    pub(super) item: Item,
}

impl Named {
    /// Its replication group, where it has one.
    pub(super) fn group(&self) -> Option<&str> {
        let name = self.item.provider_specific_details.multi_vm_group_name.as_deref();
        name.map(str::trim).filter(|name| !name.is_empty())
    }

    /// Its fabric: the site at home.
    pub(super) fn fabric(&self) -> &str {
        self.id.after("replicationFabrics").unwrap_or_default()
    }

    /// The path of an operation on it, or of something below it.
    pub(super) fn path(&self, end: &str) -> String {
        format!("{}/{end}", self.id.as_str().trim_end_matches('/'))
    }
}

impl Vault {
    /// All pages of a list.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Trouble> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        for _ in 0..limits::AZURE_PAGES_MAX {
            let Some(path) = next else { return Ok(all) };
            let page: Page<T> = self.service.get(&path).await?.read(&format!("`{}`", said(end_of(&path))))?;
            all.extend(page.value);
            next = page.next_link.filter(|link| !link.is_empty());
        }
        Err(Trouble::refused(
            "too_long",
            format!("`{}` has more than {} pages", said(end_of(path)), limits::AZURE_PAGES_MAX),
        ))
    }

    /// One resource, by its id.
    pub(super) async fn read<T: DeserializeOwned>(&self, id: &ArmId) -> Result<Resource<T>, Trouble> {
        if !id.is_plain() {
            return Err(Trouble::refused(
                "elsewhere",
                format!("`{}` is no id of a resource", said(id.as_str())),
            ));
        }
        self.service.get(id.as_str()).await?.read(&format!("`{}`", said(id.name())))
    }

    /// Every fabric.
    pub(super) async fn fabrics(&self) -> Result<Vec<Resource<Fabric>>, Trouble> {
        self.list(&format!("{}/replicationFabrics", self.path)).await
    }

    /// Every policy.
    pub(super) async fn policies(&self) -> Result<Vec<Resource<Policy>>, Trouble> {
        self.list(&format!("{}/replicationPolicies", self.path)).await
    }

    /// Every recovery plan.
    pub(super) async fn plans(&self) -> Result<Vec<Resource<Plan>>, Trouble> {
        self.list(&format!("{}/replicationRecoveryPlans", self.path)).await
    }

    /// Every item by its name. Of two with one name neither can be told from the other, so both carry the last
    /// part of their id as well.
    pub(super) async fn items(&self) -> Result<IndexMap<String, Named>, Trouble> {
        let all: Vec<Resource<Item>> = self.list(&format!("{}/replicationProtectedItems", self.path)).await?;
        let mut count: IndexMap<String, usize> = IndexMap::new();
        for resource in &all {
            *count.entry(friendly(resource)).or_default() += 1;
        }
        let mut named = IndexMap::new();
        for resource in all {
            if !resource.id.is_plain() {
                return Err(Trouble::refused(
                    "elsewhere",
                    format!("`{}` is no id of an item", said(resource.id.as_str())),
                ));
            }
            let mut name = friendly(&resource);
            if count.get(&name).is_some_and(|count| *count > 1) {
                name = format!("{name} ({})", resource.id.name());
            }
            let kind = Kind::of(&resource.properties);
            let one = Named { name: name.clone(), id: resource.id, kind, item: resource.properties };
            named.insert(name, one);
        }
        Ok(named)
    }

    /// An item anew.
    pub(super) async fn item(&self, known: &Named) -> Result<Named, Trouble> {
        let resource: Resource<Item> = self.read(&known.id).await?;
        let kind = Kind::of(&resource.properties);
        Ok(Named { name: known.name.clone(), id: known.id.clone(), kind, item: resource.properties })
    }

    /// The points of an item, newest first as far as they have a time.
    pub(super) async fn points(&self, item: &Named) -> Result<Points, Trouble> {
        let mut points: Points = self.list(&item.path("recoveryPoints")).await?;
        points.retain(|point| point.properties.recovery_point_time.is_some());
        points.sort_by_key(|point| std::cmp::Reverse(point.properties.recovery_point_time));
        Ok(points)
    }

    /// The points of some items by their names, a bounded number of calls at once.
    pub(super) async fn points_of(&self, items: Vec<&Named>) -> Result<IndexMap<String, Points>, Trouble> {
        let mut calls = stream::FuturesOrdered::new();
        let mut all = IndexMap::new();
        for item in items {
            if calls.len() >= limits::AZURE_AT_ONCE
                && let Some(read) = calls.next().await
            {
                let (name, points): (String, Points) = read?;
                all.insert(name, points);
            }
            calls.push_back(self.named_points(item));
        }
        while let Some((name, points)) = calls.try_next().await? {
            all.insert(name, points);
        }
        Ok(all)
    }

    /// A machine whose points are not given has none; it is no reason not to recover the others.
    async fn named_points(&self, item: &Named) -> Result<(String, Points), Trouble> {
        match self.points(item).await {
            Err(trouble) if !trouble.again && matches!(trouble.status, Some(403 | 404)) => {
                Ok((item.name.clone(), Points::new()))
            }
            other => other.map(|points| (item.name.clone(), points)),
        }
    }
}

fn friendly(resource: &Resource<Item>) -> String {
    let name = resource.properties.friendly_name.as_deref().map(said).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| resource.name().to_owned())
}

fn end_of(path: &str) -> &str {
    path.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default()
}
