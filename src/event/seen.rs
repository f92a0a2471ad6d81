//! What an estate shows of a machine, kept beside an act whose outcome it cannot tell: so that a person
//! decides about the world, and not about a call that was lost.

use serde::{Deserialize, Serialize};

use crate::inventory::{Machine, Power, Protection};

use super::Observation;

/// What became of an act, as a person says who looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened.
    Happened,
    /// It did not, and nothing of it is under way any more.
    DidNotHappen,
}

impl Outcome {
    /// The option of the command line that says it.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Happened => "--happened",
            Self::DidNotHappen => "--did-not-happen",
        }
    }

    /// `to have happened`, as people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Happened => "to have happened",
            Self::DidNotHappen => "not to have happened",
        }
    }
}

/// A machine as seen at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sighting {
    /// Its name in the estate.
    pub machine: String,
    /// Source and target as observed; none where the estate was not asked, or did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observation>,
    /// How the inventory lists it; none where that could not be read, or lists it not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// What could not be seen, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

/// A machine in the inventory, as far as it tells of an act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Listed {
    /// Where it runs, by the estate's name.
    pub site: String,
    /// Whether it runs there.
    pub power: Option<Power>,
    /// What its replication does.
    pub protection: Protection,
    /// Where it replicates to.
    pub replicates_to: Option<String>,
    /// The site of a copy that was left behind.
    pub left_behind: Option<String>,
    /// How many points are usable.
    pub points: usize,
}

impl Listed {
    /// Of a machine as an inventory reports it.
    #[must_use]
    pub fn of(machine: &Machine) -> Self {
        Self {
            site: machine.site.clone(),
            power: machine.power,
            protection: machine.protection,
            replicates_to: machine.replicates_to.clone(),
            left_behind: machine.left_behind.as_ref().map(|copy| copy.site.clone()),
            points: machine.points.iter().filter(|point| point.usable).count(),
        }
    }

    fn words(&self) -> String {
        let power = match self.power {
            Some(Power::On) => "on",
            Some(Power::Off) => "off",
            None => "power not known",
        };
        let protection = match self.protection {
            Protection::Protected => "protected",
            Protection::Unprotected => "unprotected",
            Protection::FailedOver => "failed over, not committed",
            Protection::Resyncing => "resyncing",
            Protection::Reprotecting => "reprotecting",
        };
        let to = self.replicates_to.as_ref().map_or_else(String::new, |site| format!(" to `{site}`"));
        let left = self.left_behind.as_ref().map_or_else(String::new, |site| format!(", a copy at `{site}`"));
        let points = crate::base::words::count(self.points, "usable point");
        format!("listed at `{}`, {power}, {protection}{to}{left}, {points}", self.site)
    }
}

impl Sighting {
    /// The target's address, as far as it was seen.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.observed.as_ref().and_then(|observed| observed.address.as_deref())
    }

    /// ``` `sql01`: source down; target runs at 10.8.0.11; listed at `azure`, … ```
    #[must_use]
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        if let Some(Observation { source_running, target_running, address, fenced }) = &self.observed {
            let runs = |of: &str, running: &Option<bool>| match running {
                Some(true) => format!("{of} runs"),
                Some(false) => format!("{of} does not run"),
                None => format!("{of} cannot be seen"),
            };
            parts.push(runs("source", source_running));
            let at = address.as_ref().map_or_else(String::new, |address| format!(" (address {address})"));
            parts.push(format!("{}{at}", runs("target", target_running)));
            match fenced {
                // That a source which is down cannot write is no news.
                Some(true) if *source_running != Some(false) => parts.push("source fenced".to_owned()),
                Some(false) if *source_running != Some(true) => parts.push("source not fenced".to_owned()),
                Some(_) | None => {}
            }
        }
        parts.extend(self.listed.as_ref().map(Listed::words));
        parts.extend(self.unseen.iter().cloned());
        format!("`{}`: {}", self.machine, parts.join("; "))
    }
}
