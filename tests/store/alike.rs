//! The store in memory, on which whole engines are simulated, answers as the SQLite file does: to thousands of
//! calls in random order, right and wrong ones.

use std::sync::Arc;

use musterpoint::base::{Digest, Timestamp};
use musterpoint::event::{Event, EventKind, EventLine};
use musterpoint::runbook::Runbook;
use musterpoint::store::{
    Answer, MemoryStore, NewRun, OpenFor, OperatorRequest, Owner, RequestId, RunId, RunStore, RunSummary,
    Store, StoreError,
};

use super::common::{Log, anna, at, completed, failover, runbook, running, wait};

/// Seeded choices (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The same call made of both stores.
struct Both {
    file: Store,
    memory: MemoryStore,
    runs: Vec<RunId>,
    runbooks: [Runbook; 2],
    logs: Vec<Log>,
    posted: Vec<RequestId>,
    refused: u32,
    done: u32,
}

/// An answer without what may differ: the words of an error are the same or the stores are not alike.
fn said<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("refused: {error}"),
    }
}

/// A whole run log, and what its next line follows.
fn log(store: &impl RunStore, id: &RunId) -> Result<(Vec<Event>, Digest), StoreError> {
    let mut events = Vec::new();
    let next = store.log(id, &mut |event| {
        events.push(event);
        Ok(())
    })?;
    Ok((events, next))
}

impl Both {
    fn alike<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        file: &Result<T, StoreError>,
        memory: &Result<T, StoreError>,
    ) {
        assert_eq!(said(file), said(memory), "{what} after {} calls", self.done + self.refused);
        *(if file.is_ok() { &mut self.done } else { &mut self.refused }) += 1;
    }

    fn create(&mut self, dice: &mut Dice, now: Timestamp) {
        let which = usize::try_from(dice.below(2)).unwrap();
        let runbook = self.runbooks[which].clone();
        let id = match dice.below(4) {
            0 if !self.runs.is_empty() => self.runs[0].clone(),
            _ => RunId::from_text(format!("run-{}", self.logs.len())),
        };
        let mut log = Log::of(&runbook);
        let first = vec![log.started(&id, &runbook)];
        let new = NewRun::of(id.clone(), &runbook, "a test", running(now));
        let file = wait(self.file.create_run(new.clone(), first.clone()));
        let memory = self.memory.create_run(&new, Arc::new(runbook), first);
        self.alike("create", &file, &memory);
        if file.is_ok() {
            self.runs.push(id);
            self.logs.push(log);
        }
    }

    /// The lines that follow; sometimes with a gap.
    fn lines(&mut self, run: usize, dice: &mut Dice) -> (Vec<EventLine>, Log) {
        let mut log = self.logs[run].clone();
        if dice.below(8) == 0 {
            log.seq += 1;
        }
        let count = dice.below(3);
        let line =
            |log: &mut Log| log.line(EventKind::DriverStarted { epoch: log.seq, version: "test".to_owned() });
        ((0..count).map(|_| line(&mut log)).collect(), log)
    }

    fn append(&mut self, run: usize, dice: &mut Dice, now: Timestamp) {
        let id = self.runs[run].clone();
        let (lines, log) = self.lines(run, dice);
        let summary: RunSummary = if dice.below(12) == 0 { completed(now) } else { running(now) };
        let answer = |id: &RequestId| Answer { id: *id, at: now, accepted: true, text: "done".to_owned() };
        let answers: Vec<Answer> = if dice.below(3) == 0 {
            self.posted.last().iter().map(|id| answer(id)).collect()
        } else {
            Vec::new()
        };
        let epoch = 1 + dice.below(3);
        let file = wait(self.file.append_answering(&id, epoch, lines.clone(), summary, answers.clone()));
        let memory = wait(self.memory.append_answering(&id, epoch, lines, summary, answers));
        self.alike("append", &file, &memory);
        if file.is_ok() {
            self.logs[run] = log;
        }
    }

    fn call(&mut self, dice: &mut Dice, now: Timestamp) {
        if self.runs.is_empty() || dice.below(12) == 0 {
            return self.create(dice, now);
        }
        let run = usize::try_from(dice.below(self.runs.len() as u64)).unwrap();
        let id = if dice.below(20) == 0 { RunId::from_text("nobody") } else { self.runs[run].clone() };
        let (epoch, owner) = (1 + dice.below(3), Owner::of("elsewhere", 7, 1));
        match dice.below(8) {
            0 | 1 => {
                let file = wait(self.file.take_lease(&id, &owner, now));
                let memory = wait(self.memory.take_lease(&id, &owner, now));
                self.alike("take_lease", &file, &memory);
            }
            2 => {
                let file = wait(self.file.renew_lease(&id, epoch, now));
                let memory = wait(self.memory.renew_lease(&id, epoch, now));
                self.alike("renew_lease", &file, &memory);
            }
            3 => {
                let file = wait(self.file.release_lease(&id, epoch));
                let memory = wait(self.memory.release_lease(&id, epoch));
                self.alike("release_lease", &file, &memory);
            }
            4 => {
                let body = serde_json::json!({ "request": "pause" });
                let file = wait(self.file.post_request(&id, &anna(), &body, now));
                let memory = self.memory.post_request(&id, &anna(), &body, now);
                self.alike("post_request", &file, &memory);
                self.posted.extend(file.ok());
            }
            _ => self.append(run, dice, now),
        }
    }

    /// What can be read of every run is the same.
    fn same_inside(&mut self) {
        for id in self.runs.clone() {
            let open: fn(Result<Vec<OperatorRequest>, StoreError>) -> _ = |open| open;
            let (file, memory) = (open(self.file.open_requests(&id)), open(self.memory.open_requests(&id)));
            self.alike("open_requests", &file, &memory);
            let (file, memory) = (log(&self.file, &id), log(&self.memory, &id));
            self.alike("log", &file, &memory);
            for request in self.memory.requests(&id).unwrap() {
                assert_eq!(self.file.request(request.id).unwrap(), Some(request), "of {id}");
            }
        }
    }
}

#[test]
fn a_store_in_memory_answers_as_the_file_does() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..24 {
        let folder = tempfile::tempdir().unwrap();
        let mut both = Both {
            file: Store::open(folder.path(), OpenFor::Write).unwrap(),
            memory: MemoryStore::default(),
            runs: Vec::new(),
            runbooks: [failover(), runbook("test", None)],
            logs: Vec::new(),
            posted: Vec::new(),
            refused: 0,
            done: 0,
        };
        let mut dice = Dice(seed);
        let mut now = at("2026-11-23T06:00:00Z");
        for _ in 0..120 {
            now = now.plus(std::time::Duration::from_secs(dice.below(8)));
            both.call(&mut dice, now);
        }
        both.same_inside();
        (done, refused) = (done + both.done, refused + both.refused);
    }
    // Calls that are never refused, or always, would prove nothing.
    assert!(done > 500 && refused > 500, "{done} done and {refused} refused");
}
