//! What was asked of the service under which key. The API has no word for "this call, once": so before a call
//! its intent is durable here, with the job that its target showed before, and after it the job that it became.
//! An engine that comes back finds its call again by that.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::{Digest, Timestamp};
use crate::estate::durable;
use crate::event::{Detail, Key};

use super::id::ArmId;
use super::trouble::Trouble;

/// From the processing of pending data to the choice of points there are minutes at most.
const LATEST_FOR: Duration = Duration::from_secs(3600);

/// One call for one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// `muster.azure-call/1`
    pub(super) format: String,
    /// The key that it was asked under.
    pub(super) key: Key,
    /// The machine.
    pub(super) machine: String,
    /// Its item.
    pub(super) item: ArmId,
    /// What was asked: an item, or the recovery plan of its group.
    pub(super) target: ArmId,
    /// The last segment of the path, as `failoverCommit`.
    pub(super) operation: String,
    /// The point that was bound, for what has one.
    #[serde(default)]
    pub(super) point: Option<String>,
    /// The call of another member of its group, which this one waits for.
    #[serde(default)]
    pub(super) through: Option<Key>,
    /// What has to be there first, where it was missing.
    #[serde(default)]
    pub(super) waits: Option<Waits>,
    /// What is sent then.
    #[serde(default)]
    pub(super) body: Option<serde_json::Value>,
    /// That it was refused then: code and sentence.
    #[serde(default)]
    pub(super) refused: Option<(String, String)>,
    /// The job that the target showed before.
    #[serde(default)]
    pub(super) before: Option<ArmId>,
    /// When, by the service's clock.
    pub(super) at: Timestamp,
    /// The job that it became.
    #[serde(default)]
    pub(super) job: Option<String>,
    /// In seconds: how often the service wants to be asked for it, where it says so.
    #[serde(default)]
    pub(super) every: Option<u64>,
    /// What came of it, where it was done at once.
    #[serde(default)]
    pub(super) ended: Option<Detail>,
    /// Where its operation is looked at, if it became no job that is known.
    #[serde(default)]
    pub(super) watched: Option<String>,
}

impl Entry {
    /// A call that is about to be made, or that needs not be made.
    pub(super) fn new(key: &Key, machine: &str, item: &ArmId, operation: &str, at: Timestamp) -> Self {
        Self {
            format: "muster.azure-call/1".to_owned(),
            key: key.clone(),
            machine: machine.to_owned(),
            item: item.clone(),
            target: item.clone(),
            operation: operation.to_owned(),
            point: None,
            through: None,
            waits: None,
            body: None,
            refused: None,
            before: None,
            at,
            job: None,
            every: None,
            ended: None,
            watched: None,
        }
    }

    /// Whether the service is known to have taken it.
    pub(super) const fn is_taken(&self) -> bool {
        self.job.is_some() || self.watched.is_some() || self.ended.is_some()
    }

    /// Whether another call or another thing has to come first.
    pub(super) const fn is_held(&self) -> bool {
        self.through.is_some() || self.waits.is_some() || self.refused.is_some()
    }

    /// Whether it went to the recovery plan of a group.
    pub(super) fn is_shared(&self) -> bool {
        self.target != self.item
    }
}

/// A recovery plan that is being made for a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waits {
    /// The fabric of its items.
    pub(super) fabric: String,
    /// Its items.
    pub(super) items: Vec<ArmId>,
    /// Whether it was asked for.
    #[serde(default)]
    pub(super) asked: bool,
    /// The job that makes it.
    #[serde(default)]
    pub(super) job: Option<String>,
}

/// One call for a whole group, and who of its members has come for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shared {
    /// `muster.azure-group/1`
    pub(super) format: String,
    /// The recovery plan.
    pub(super) target: ArmId,
    /// The last segment of the path.
    pub(super) operation: String,
    /// How the point was told.
    pub(super) told: String,
    /// The key of the member that asked.
    pub(super) first: Key,
    /// Each member that came, with its key.
    pub(super) members: IndexMap<String, Key>,
}

/// The folder of it all.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

impl Journal {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, key: &Key) -> PathBuf {
        // A key is hexadecimal; whatever else came in names no file elsewhere.
        let name: String = key.as_str().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        self.folder.join("calls").join(format!("{name}.json"))
    }

    fn shared_path(&self, group: &str) -> PathBuf {
        let name = Digest::of(&[group.to_ascii_lowercase().as_bytes()]);
        self.folder.join("groups").join(format!("{}.json", name.short()))
    }

    pub(super) fn read(&self, key: &Key) -> Result<Option<Entry>, Trouble> {
        Ok(durable::read_json(&self.path(key))?)
    }

    pub(super) fn write(&self, entry: &Entry) -> Result<(), Trouble> {
        Ok(durable::write_json(&self.path(&entry.key), entry)?)
    }

    /// Of a call that certainly was not taken.
    pub(super) fn forget(&self, key: &Key) -> Result<(), Trouble> {
        Ok(durable::remove(&self.path(key))?)
    }

    fn latest_path(&self) -> PathBuf {
        self.folder.join("latest.json")
    }

    /// Machines whose pending data was to be processed, and when. The service does that inside the failover, so
    /// from then on its latest point counts as one that can be chosen.
    pub(super) fn latest(&self, now: Timestamp) -> Result<IndexMap<String, Timestamp>, Trouble> {
        let mut known: IndexMap<String, Timestamp> =
            durable::read_json(&self.latest_path())?.unwrap_or_default();
        known.retain(|_, noted| now.since(*noted) < LATEST_FOR);
        Ok(known)
    }

    /// Notes machines whose pending data is to be processed.
    pub(super) fn note_latest(&self, machines: &[String], at: Timestamp) -> Result<(), Trouble> {
        let mut known = self.latest(at)?;
        known.extend(machines.iter().map(|machine| (machine.clone(), at)));
        Ok(durable::write_json(&self.latest_path(), &known)?)
    }

    pub(super) fn shared(&self, group: &str) -> Result<Option<Shared>, Trouble> {
        Ok(durable::read_json(&self.shared_path(group))?)
    }

    pub(super) fn write_shared(&self, group: &str, shared: &Shared) -> Result<(), Trouble> {
        Ok(durable::write_json(&self.shared_path(group), shared)?)
    }
}

/// The id of a request made under a key: it stands in the activity of the job that the request becomes (seen in
/// recorded answers; nowhere promised).
pub(super) fn request_id(key: &Key) -> String {
    let hex: String = Digest::of(&[b"azure request", key.as_str().as_bytes()]).as_str().to_owned();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
