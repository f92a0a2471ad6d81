//! The inventory's `sim` object: durations, replication, answers of checks, faults. From JSON to checked
//! settings, or to what is wrong with them. `docs/simulator.md` describes it for people.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::base::time::parse_duration;
use crate::base::words::{did_you_mean, json};
use crate::inventory::Inventory;
use crate::source::Diagnostic;
use crate::source::codes::estate::{SIM_NAME, SIM_SETTINGS};

/// What `durations` may name: the verbs, and the time in which an agent registers after boot.
pub(super) const TIMED: [&str; 12] = [
    "process_pending",
    "shut_down",
    "take_final",
    "fail_over",
    "start",
    "change_point",
    "roll_back",
    "commit",
    "reprotect",
    "clean_up",
    "guest_script",
    "agent",
];

/// A duration as the language writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lasts(pub(super) Duration);

impl<'de> Deserialize<'de> for Lasts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// How replication makes and keeps points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Replication {
    /// Between crash-consistent points.
    pub(super) crash_every: Lasts,
    /// Between app-consistent points; zero takes none.
    pub(super) app_every: Lasts,
    /// Every point younger than this is kept; of older ones, one an hour.
    pub(super) keep_all: Lasts,
    /// Older points are dropped while new ones come.
    pub(super) retention: Lasts,
}

impl Default for Replication {
    fn default() -> Self {
        let hours = |hours: u64| Lasts(Duration::from_secs(hours * 3600));
        Self {
            crash_every: Lasts(Duration::from_secs(300)),
            app_every: hours(1),
            keep_all: hours(2),
            retention: hours(24),
        }
    }
}

/// What answers at a port.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Service {
    /// It answers this long after the guest does.
    pub(super) after: Lasts,
    /// The HTTP status.
    pub(super) status: u16,
    /// The HTTP body.
    pub(super) body: String,
    /// What single paths answer instead.
    pub(super) paths: IndexMap<String, Page>,
}

impl Default for Service {
    fn default() -> Self {
        Self { after: Lasts(Duration::ZERO), status: 200, body: String::new(), paths: IndexMap::new() }
    }
}

/// What a path answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// The HTTP status.
    pub(super) status: u16,
    /// The HTTP body.
    #[serde(default)]
    pub(super) body: String,
}

/// What a program in the guest does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Program {
    /// Its exit code.
    pub(super) exit: i32,
    /// How long it runs.
    pub(super) takes: Lasts,
    /// What it prints.
    pub(super) output: String,
}

impl Default for Program {
    fn default() -> Self {
        Self { exit: 0, takes: Lasts(Duration::from_secs(2)), output: String::new() }
    }
}

/// What a machine does differently.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VmSettings {
    /// How long its verbs take, by verb.
    pub(super) durations: IndexMap<String, Lasts>,
    /// Whether new points come at all.
    pub(super) replicates: bool,
    /// Bytes that it changes in a second.
    pub(super) change_rate: Option<u64>,
    /// Programs in the guest by their path.
    pub(super) programs: IndexMap<String, Program>,
    /// `off`: VMware Tools of a Windows machine at home are off.
    pub(super) tools: Option<Tools>,
}

impl Default for VmSettings {
    fn default() -> Self {
        Self {
            durations: IndexMap::new(),
            replicates: true,
            change_rate: None,
            programs: IndexMap::new(),
            tools: None,
        }
    }
}

/// Whether VMware Tools of a Windows machine run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tools {
    /// They run.
    On,
    /// They do not.
    Off,
}

/// The `sim` object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// The site that is home; the first one if unsaid.
    pub(super) home: Option<String>,
    /// How long verbs take, by verb, on every machine.
    pub(super) durations: IndexMap<String, Lasts>,
    /// How replication makes and keeps points.
    pub(super) replication: Replication,
    /// Machines by name.
    pub(super) vms: IndexMap<String, VmSettings>,
    /// What answers, by machine and port.
    pub(super) services: IndexMap<String, IndexMap<u16, Service>>,
    /// What goes wrong.
    pub(super) faults: Vec<String>,
}

impl Settings {
    /// Settings from the `sim` object of an inventory.
    ///
    /// # Errors
    /// It is not of the shape above, or names what the inventory does not have.
    pub(super) fn read(inventory: &Inventory) -> Result<Self, Vec<Diagnostic>> {
        let settings = match inventory.sim.as_ref() {
            None | Some(Value::Null) => Self::default(),
            Some(value) => Self::deserialize(value).map_err(|error| vec![misshapen(value, &error)])?,
        };
        let found = settings.check(inventory);
        if found.is_empty() { Ok(settings) } else { Err(found) }
    }

    /// What a machine does differently.
    pub(super) fn vm(&self, name: &str) -> Option<&VmSettings> {
        self.vms.get(name)
    }

    /// How long something takes on a machine, where the settings say.
    pub(super) fn duration(&self, machine: &str, what: &str) -> Option<Duration> {
        let own = self.vm(machine).and_then(|vm| vm.durations.get(what));
        own.or_else(|| self.durations.get(what)).map(|lasts| lasts.0)
    }

    fn check(&self, inventory: &Inventory) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for name in self.vms.keys().chain(self.services.keys()) {
            if !inventory.vms.contains_key(name) {
                found.push(unknown("machine", name, inventory.vms.keys().map(String::as_str)));
            }
        }
        let per_vm = self.vms.values().flat_map(|vm| vm.durations.keys());
        for what in self.durations.keys().chain(per_vm) {
            if !TIMED.contains(&what.as_str()) {
                found.push(unknown("duration", what, TIMED.iter().copied()));
            }
        }
        if let Some(home) = self.home.as_ref().filter(|home| !inventory.sites.contains(home)) {
            found.push(unknown("site", home, inventory.sites.iter().map(String::as_str)));
        }
        if self.replication.crash_every.0 < Duration::from_secs(1) {
            found.push(
                Diagnostic::placeless(
                    SIM_SETTINGS,
                    "`crash_every` in the inventory's `sim` object is below 1s",
                )
                .help("give the time between two points, such as `5m`"),
            );
        }
        found
    }
}

fn misshapen(sim: &Value, error: &serde_json::Error) -> Diagnostic {
    let place = place_of(sim, &error.to_string());
    Diagnostic::placeless(SIM_SETTINGS, format!("`{place}` in the inventory does not read: {}", json(error)))
        .help("change it to the form that `muster explain MP0520` shows")
}

/// Where in the `sim` object the fault lies, as `sim.durations.start`.
/// Approach: the part that by itself gives the same fault is taken, then the part of that part. No
/// setting lies deeper than four keys.
fn place_of(sim: &Value, fault: &str) -> String {
    let mut keys: Vec<&String> = Vec::new();
    let mut at = sim;
    while let (Value::Object(parts), true) = (at, keys.len() < 4) {
        let alone = |key: &String, part: &Value| {
            keys.iter()
                .rev()
                .fold(Value::Object([(key.clone(), part.clone())].into_iter().collect()), |inner, key| {
                    Value::Object([((*key).clone(), inner)].into_iter().collect())
                })
        };
        let same = |(key, part): &(&String, &Value)| {
            Settings::deserialize(alone(key, part)).is_err_and(|error| error.to_string() == fault)
        };
        let Some((key, part)) = parts.iter().find(same) else { break };
        keys.push(key);
        at = part;
    }
    keys.iter().fold("sim".to_owned(), |place, key| format!("{place}.{key}"))
}

fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let message = format!("the inventory's `sim` object names {kind} `{name}`, which does not exist");
    Diagnostic::placeless(SIM_NAME, message).help_if(did_you_mean(name, known))
}
