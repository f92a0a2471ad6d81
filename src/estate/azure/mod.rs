//! Azure Site Recovery between VMware and Azure, of both generations: machines of a vault, driven through its
//! REST API. Nothing here was tried against a real subscription; what rests on inference says so where it
//! stands, and `docs/azure.md` lists it.

mod acts;
mod arm;
mod ask;
#[cfg(feature = "azure-identity")]
mod assertion;
mod call;
mod failover;
mod group;
mod id;
#[cfg(feature = "azure-identity")]
mod identity;
mod job;
mod journal;
mod kind;
mod look;
mod offers;
mod outcome;
mod ready;
mod report;
mod reprotect;
mod settings;
mod sign_in;
mod trouble;
mod vault;
mod wire;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;

use crate::base::{Clock, SystemClock, Timestamp};
use crate::event::{
    Artifact, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request, Submitted,
};
use crate::inventory::Inventory;
use crate::source::codes::vault as codes;
use crate::source::{Diagnostic, Severity};

use super::Estate;
use call::Service;
use journal::Journal;
use report::Read;
use sign_in::Tokens;
use trouble::Trouble;
use vault::{Named, Vault};

pub use settings::{Appliance, Application, AzureOptions, Hidden, SignIn, Wishes};

/// A connection is made within this.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// The provider.
#[derive(Debug)]
pub struct Azure {
    vault: Vault,
    appliance: Appliance,
    wishes: Wishes,
    journal: Journal,
    /// Of each group, the points that its words stood for at some look, and when that was: several subjects are
    /// bound by several looks.
    commons: Mutex<IndexMap<String, IndexMap<String, Timestamp>>>,
    /// Items by name, as they were when they were last listed.
    items: Mutex<IndexMap<String, Named>>,
    /// Held by whoever asks for a group.
    turn: tokio::sync::Mutex<()>,
    /// Held by whoever sends a call that had to wait.
    sending: tokio::sync::Mutex<()>,
    clock: Arc<SystemClock>,
}

impl Azure {
    /// Opens a vault. Signs in and asks for nothing yet.
    ///
    /// # Errors
    /// A key of the provider that cannot be used.
    pub fn open(options: AzureOptions) -> Result<Self, Diagnostic> {
        let http = connection(is_near(&options.endpoint)).map_err(|why| {
            Diagnostic::placeless(codes::SETTINGS, format!("no encrypted connection can be made here: {why}"))
                .help("install the system's certificates, such as the package `ca-certificates`")
        })?;
        let near = connection(true).unwrap_or_else(|_| http.clone());
        let tokens = Tokens::new(&options, (&http, &near))?;
        let path = options.vault_path();
        Ok(Self {
            vault: Vault { service: Service::new(http, options.endpoint, tokens), path },
            appliance: options.appliance,
            wishes: options.wishes,
            journal: Journal::new(options.folder),
            commons: Mutex::new(IndexMap::new()),
            items: Mutex::new(IndexMap::new()),
            turn: tokio::sync::Mutex::new(()),
            sending: tokio::sync::Mutex::new(()),
            clock: Arc::new(SystemClock),
        })
    }

    fn kept(&self) -> MutexGuard<'_, IndexMap<String, Named>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Machines of the vault that are not driven, as they were last listed.
    #[must_use]
    pub fn remarks(&self) -> Vec<Diagnostic> {
        let items = self.kept();
        let others = items.values().filter(|item| item.kind.appliance().is_none());
        others
            .map(|item| {
                let message = format!(
                    "`{}` is replicated by `{}`, which is not driven from here: it counts as unprotected",
                    item.name,
                    item.kind.word()
                );
                let warning = Diagnostic::placeless(codes::NOT_DRIVEN, message)
                    .help("recover it with the vault's own recovery plan");
                Diagnostic { severity: Severity::Warning, ..warning }
            })
            .collect()
    }

    async fn read(&self) -> Result<Inventory, Trouble> {
        let fabrics = self.vault.fabrics().await?;
        let items = self.vault.items().await?;
        let points = {
            let listed: Vec<&Named> = items.values().filter(|item| offers::are_listed(item)).collect();
            self.vault.points_of(listed).await?
        };
        *self.kept() = items.clone();
        self.note_commons(offers::commons(&items, &points));
        let now = self.vault.service.now();
        let latest = self.journal.latest(now)?;
        let read = Read { now, fabrics, items, points, latest };
        Ok(report::inventory(&read, self.appliance))
    }

    /// Keeps what words stand for now, beside what they stood for a while ago.
    fn note_commons(&self, now: IndexMap<String, Vec<String>>) {
        let at = self.vault.service.now();
        let mut commons = self.commons.lock().unwrap_or_else(PoisonError::into_inner);
        for (group, ids) in now {
            let known = commons.entry(group).or_default();
            known.retain(|_, seen| at.since(*seen) < group::NEWER_MAX);
            known.extend(ids.into_iter().map(|id| (id, at)));
        }
    }

    /// The recovery plans and the items of the vault as they stand, as JSON lists, for whoever imports them.
    ///
    /// # Errors
    /// The vault cannot be asked.
    pub async fn recovery_plans(&self) -> Result<(String, String), EstateError> {
        let text = |value: Vec<serde_json::Value>| serde_json::json!({ "value": value }).to_string();
        let list = async |end: &str| self.vault.list(&format!("{}/{end}", self.vault.path)).await.map(text);
        let read =
            async { Ok((list("replicationRecoveryPlans").await?, list("replicationProtectedItems").await?)) };
        read.await.map_err(Trouble::of_look)
    }
}

/// The one connection of the provider: encrypted by the system's certificates, or by those that are built in
/// where the system has none; following no redirect; to this host and to managed identities through no proxy.
fn connection(near: bool) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Somebody may have chosen it before: then it is the same one.
    drop(rustls::crypto::CryptoProvider::install_default(Arc::unwrap_or_clone(provider)));
    let builder = reqwest::Client::builder();
    let builder = if near { builder.no_proxy() } else { builder };
    builder
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_MAX)
        .timeout(crate::base::limits::AZURE_TRY_MAX)
        .user_agent(concat!("musterpoint/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| trouble::said(&error.to_string()))
}

/// Whether an address is on this host.
fn is_near(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The word of the plan.
const fn word_of(appliance: Appliance) -> &'static str {
    match appliance {
        Appliance::Modernized => "modernized",
        Appliance::Classic => "classic",
    }
}

impl Estate for Azure {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::<SystemClock>::clone(&self.clock)
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        self.read().await.map_err(Trouble::of_look)
    }

    async fn will_create(&self, _key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        self.to_make(request).await.map_err(Trouble::of_look)
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        self.of_tests(machines).await.map_err(Trouble::of_look)
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        self.act(key, request).await.map_err(Trouble::of_act)
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        match self.standing(&Key::from_text(&handle.0)).await {
            // The service says when it wants to be asked again.
            Err(Trouble { again: true, after: Some(after), .. }) => {
                Ok(Progress::Running(self.clock.now().plus(after)))
            }
            other => other.map_err(Trouble::of_look),
        }
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        self.give_up(&Key::from_text(&handle.0)).await.map_err(Trouble::of_act)
    }

    async fn find(&self, key: &Key, _request: &Request, _since: Timestamp) -> Result<Found, EstateError> {
        self.found(key).await.map_err(Trouble::of_look)
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        self.seen(machine, test).await.map_err(Trouble::of_look)
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        match probe {
            Probe::Heartbeat { machine, test } => self.heartbeat(machine, *test).await,
            Probe::Tcp { .. } | Probe::Http { .. } => super::real_probe(probe).await,
        }
    }
}
