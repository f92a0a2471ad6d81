//! State folders as bytes, what stores say of them, and how copies of them are put down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use musterpoint::base::Digest;
use musterpoint::event::{Claim, Event, Seal, SealError, SecretKey};
use musterpoint::store::{Answer, OpenFor, OperatorRequest, RequestId, RunId, RunInfo, Store, StoreError};

use crate::common::{Log, START, anna, at, begin, completed, drive, failover, running, wait};

/// How many events a run gets at once.
const EVENTS: u64 = 30;

/// A state folder at one moment.
pub(crate) struct Folder {
    pub(crate) name: &'static str,
    /// Contents by path below the folder: the database, its log, the marks.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// What is read of it; and what was read before each commit at its end that has no mark.
    pub(crate) said: Vec<Everything>,
    /// The run that holds the machines.
    pub(crate) held: Option<RunId>,
    posted: Vec<RequestId>,
}

/// What a store says that is not damaged.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Everything {
    runs: Vec<RunInfo>,
    logs: Vec<(Digest, Vec<Event>, Option<Seal>)>,
    open: Vec<OperatorRequest>,
    requests: Vec<Option<OperatorRequest>>,
}

/// Where copies are written: in memory where there is such a place, for there are thousands.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Everything that can be read, or what is refused.
pub(crate) fn read(folder: &Path, how: OpenFor, posted: &[RequestId]) -> Result<Everything, StoreError> {
    let store = Store::open(folder, how)?;
    let runs = store.runs()?;
    let (mut logs, mut open) = (Vec::new(), Vec::new());
    for run in &runs {
        assert_eq!(store.run(&run.id)?, *run);
        let events = store.events(&run.id, 1)?.collect::<Result<_, _>>()?;
        logs.push((store.runbook(&run.id)?.digest(), events, store.seal_of(&run.id)?));
        open.extend(store.open_requests(&run.id)?);
    }
    let requests = posted.iter().map(|id| store.request(*id)).collect::<Result<_, _>>()?;
    store.find_run("last")?;
    Ok(Everything { runs, logs, open, requests })
}

/// What a new run on the same machines meets: the run that holds them.
pub(crate) fn holder(folder: &Path) -> Result<Option<RunId>, StoreError> {
    match begin(&Store::open(folder, OpenFor::Write)?, &failover()) {
        Ok(_) => Ok(None),
        Err(StoreError::MachineHeld { run, .. }) => Ok(Some(run)),
        Err(error) => Err(error),
    }
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

impl Folder {
    fn of(name: &'static str, folder: &Path, said: Vec<Everything>, posted: &[RequestId]) -> Self {
        let mut files = BTreeMap::new();
        for name in ["muster.db", "muster.db-wal"].map(PathBuf::from) {
            files.insert(name.clone(), std::fs::read(folder.join(name)).unwrap_or_default());
        }
        for mark in std::fs::read_dir(folder.join("marks")).unwrap().map(Result::unwrap) {
            let name = Path::new("marks").join(mark.file_name());
            files.insert(name, std::fs::read(mark.path()).unwrap());
        }
        let held = said.last().and_then(|all| all.runs.iter().find(|run| !run.state.is_final()));
        let held = held.map(|run| run.id.clone());
        Self { name, files, said, held, posted: posted.to_owned() }
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        &self.files[Path::new(name)]
    }

    /// Writes a copy in which one file is another.
    pub(crate) fn put(&self, copy: &Path, name: &str, changed: &[u8]) {
        std::fs::remove_dir_all(copy).unwrap();
        std::fs::create_dir_all(copy.join("marks")).unwrap();
        for (path, bytes) in &self.files {
            let bytes = if path == Path::new(name) { changed } else { bytes };
            if !bytes.is_empty() {
                std::fs::write(copy.join(path), bytes).unwrap();
            }
        }
    }

    /// What a copy says. A seal that is another has its signature, which whoever reads it checks.
    pub(crate) fn read(&self, copy: &Path, how: OpenFor) -> Result<Everything, StoreError> {
        let all = read(copy, how, &self.posted)?;
        if !self.said.contains(&all) {
            for seal in all.logs.iter().filter_map(|(_, _, seal)| seal.as_ref()) {
                let what = |error: SealError| format!("the seal of run `erp-` is damaged: {error}");
                seal.open(&key().public()).map_err(|error| StoreError::Damaged { what: what(error) })?;
            }
        }
        Ok(all)
    }
}

/// A folder with an ended and sealed run, in which a second one is under way, half of it in the database and
/// half in its log; and the same once that one ended, before and after its process did.
pub(crate) fn folders() -> Vec<Folder> {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::common::open(folder.path());
    let mut posted = Vec::new();
    let mut all = Vec::new();
    let (first, mut log, epoch) = drive(&store, &failover());
    posted.push(post(&store, &first, "pause"));
    posted.push(post(&store, &first, "never answered"));
    let answer = Answer { id: posted[0], at: at(START), accepted: true, text: "paused".to_owned() };
    let paused = vec![log.paused()];
    wait(store.append_answering(&first, epoch, paused, running(at(START)), vec![answer])).unwrap();
    grow(&store, &mut log, (&first, epoch));
    end(&store, &mut log, (&first, epoch), || {});

    let (second, mut log, epoch) = drive(&store, &failover());
    grow(&store, &mut log, (&second, epoch));
    let other = rusqlite::Connection::open(folder.path().join("muster.db")).unwrap();
    other.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
    drop(other);
    posted.push(post(&store, &second, "halt"));
    grow(&store, &mut log, (&second, epoch));
    let said = vec![read(folder.path(), OpenFor::Read, &posted).unwrap()];
    all.push(Folder::of("half done", folder.path(), said, &posted));

    let mut said = Vec::new();
    end(&store, &mut log, (&second, epoch), || {
        said.push(read(folder.path(), OpenFor::Read, &posted).unwrap());
    });
    all.push(Folder::of("finished", folder.path(), said.clone(), &posted));
    drop(store);
    all.push(Folder::of("finished and closed", folder.path(), said, &posted));
    all
}

fn post(store: &Store, run: &RunId, what: &str) -> RequestId {
    wait(store.post_request(run, &anna(), &serde_json::json!(what), at(START))).unwrap()
}

fn grow(store: &Store, log: &mut Log, (run, epoch): (&RunId, u64)) {
    for _ in 0..EVENTS {
        wait(store.append(run, epoch, vec![log.paused()], running(at(START)))).unwrap();
    }
}

/// Ends a run, hands its lease back and seals it, each in a commit of its own.
fn end(store: &Store, log: &mut Log, (run, epoch): (&RunId, u64), mut each: impl FnMut()) {
    wait(store.append(run, epoch, vec![log.ended()], completed(at(START)))).unwrap();
    each();
    wait(store.release_lease(run, epoch)).unwrap();
    each();
    let claim = Claim::new(run.as_str(), &failover().digest(), log.seq, &log.digest, at(START));
    wait(store.keep_seal(run, &claim, &claim.seal(&key()))).unwrap();
    each();
}
