//! Follows records from one digest to the next. What does not fit is named by its number, and the
//! chain goes on from what stands there, so that one change is one fault.

use crate::base::{Digest, Timestamp, limits};
use crate::event::{Event, EventKind, PublicKey, Seal};
use crate::report::evidence::Record;
use crate::report::tell::Teller;
use crate::report::words::{clean, clip, instant};
use crate::runbook::Runbook;
use crate::source::codes::evidence as codes;

use super::fault::{self, Fault};
use super::{Verdict, What, seal};

/// Characters of what a record says of itself.
const SAID_MAX: usize = 100;

/// The records so far.
#[derive(Debug)]
pub(super) struct Chain {
    run: String,
    /// The number that comes next.
    next: u64,
    /// What the next digest is over, besides the record; unknown after one that could not be read.
    before: Option<Digest>,
    runbook_digest: Option<Digest>,
    runbook: Option<Runbook>,
    teller: Teller,
    between: Option<(Timestamp, Timestamp)>,
    ended: bool,
    faults: Vec<Fault>,
}

impl Chain {
    pub(super) fn new(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            next: 0,
            before: None,
            runbook_digest: None,
            runbook: None,
            teller: Teller::default(),
            between: None,
            ended: false,
            faults: Vec::new(),
        }
    }

    /// Records so far, the runbook not counted.
    pub(super) const fn records(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < limits::EVIDENCE_FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    pub(super) const fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether nothing more would be told.
    pub(super) const fn is_full(&self) -> bool {
        self.faults.len() >= limits::EVIDENCE_FAULTS_MAX
    }

    /// A line where a record belongs that is none.
    pub(super) fn unreadable(&mut self, why: &str) {
        let number = self.next;
        let message = format!("record {number}{} cannot be read: {why}", self.runbook_word(number));
        self.fault(Fault::new(codes::RECORD_CHANGED, Some(number), message));
        self.next += 1;
        self.before = None;
    }

    /// The next record.
    pub(super) fn take(&mut self, record: &Record<'_>) {
        let fits = self.digest(record).is_some_and(|digest| digest == record.digest);
        if record.seq != self.next && fits {
            let message = format!("record {} says that it is record {}", self.next, record.seq);
            self.fault(Fault::new(codes::RECORD_CHANGED, Some(self.next), message));
            return self.go_on(record, self.next);
        }
        if record.seq > self.next {
            self.missing(record.seq);
            return self.go_on(record, record.seq);
        }
        if record.seq < self.next {
            let (after, what) = (self.next - 1, self.says(record));
            let message = format!("record {} stands after record {after}: {what}", record.seq);
            return self.fault(Fault::new(codes::RECORD_MISSING, Some(record.seq), message));
        }
        if !fits && (self.before.is_some() || record.seq == 0) {
            let (number, what) = (record.seq, self.says(record));
            let message =
                format!("record {number}{} is not what was recorded: {what}", self.runbook_word(number));
            self.fault(Fault::new(codes::RECORD_CHANGED, Some(number), message));
        }
        self.go_on(record, record.seq);
    }

    /// The digest that the record ought to have; nothing where the one before could not be read.
    fn digest(&self, record: &Record<'_>) -> Option<Digest> {
        if self.next == 0 {
            return Some(Digest::of(&[record.body.as_bytes()]));
        }
        self.before.as_ref().map(|before| Digest::of(&[before.as_str().as_bytes(), record.body.as_bytes()]))
    }

    fn missing(&mut self, found: u64) {
        let (first, last) = (self.next, found - 1);
        let message = if first == last {
            format!(
                "record {first}{} is missing: record {found} stands in its place",
                self.runbook_word(first)
            )
        } else {
            format!("records {first} to {last} are missing: record {found} stands in their place")
        };
        self.fault(Fault::new(codes::RECORD_MISSING, Some(first), message));
    }

    fn go_on(&mut self, record: &Record<'_>, number: u64) {
        self.next = number + 1;
        self.before = Some(record.digest.clone());
        if number == 0 {
            self.runbook_digest = Some(Digest::of(&[record.body.as_bytes()]));
            self.runbook = serde_json::from_str(&record.body).ok();
            if self.runbook.is_none() && !self.has_faults() {
                let message = "record 0, the runbook, is none that this version knows";
                self.fault(Fault::new(codes::EVIDENCE_VERSION, Some(0), message));
            }
            return;
        }
        match serde_json::from_str::<Event>(&record.body) {
            Ok(event) => self.look_at(&event, number),
            Err(_) if self.faults.iter().any(|fault| fault.record == Some(number)) => {}
            Err(_) => {
                let message = format!("record {number} is an event that this version does not know");
                self.fault(Fault::new(codes::EVIDENCE_VERSION, Some(number), message));
            }
        }
    }

    fn look_at(&mut self, event: &Event, number: u64) {
        let from = self.between.map_or(event.at, |(from, _)| from);
        self.between = Some((from, event.at));
        self.ended = matches!(event.kind, EventKind::RunEnded { .. });
        if let EventKind::RunStarted { run, .. } = &event.kind
            && *run != self.run
        {
            let message = format!(
                "record {number} begins run `{}`, and the log says it is of `{}`",
                clean(run),
                clean(&self.run)
            );
            self.fault(Fault::new(codes::RECORD_CHANGED, Some(number), message));
        }
    }

    /// What a record says of itself: what happened, and when.
    fn says(&mut self, record: &Record<'_>) -> String {
        if record.seq == 0 && self.next == 0 {
            return "its digest is another".to_owned();
        }
        let Ok(event) = serde_json::from_str::<Event>(&record.body) else {
            return "what it says cannot be read any more".to_owned();
        };
        let Some(runbook) = &self.runbook else { return format!("it is of {}", instant(event.at)) };
        let line = self.teller.line(runbook, &event);
        format!("`{}` {}, at {}", clean(&line.step), clip(&clean(&line.what), SAID_MAX), instant(event.at))
    }

    const fn runbook_word(&self, number: u64) -> &'static str {
        if number == 0 { ", the runbook," } else { "" }
    }

    /// The verdict, once everything was taken.
    pub(super) fn finish(mut self, what: What, sealed: Option<&Seal>, key: &PublicKey) -> Verdict {
        let ends = seal::Ends {
            run: &self.run,
            runbook: self.runbook_digest.as_ref(),
            records: self.records(),
            head: self.before.as_ref(),
            ended: self.ended,
            sound: self.faults.is_empty(),
        };
        let signed_at = match seal::check(&ends, sealed, key) {
            Ok(claim) => Some(claim.signed_at),
            Err(fault) => {
                self.fault(fault);
                None
            }
        };
        if self.next == 0 {
            self.faults.insert(0, fault::cut_off(0, 1));
        }
        let subject =
            self.runbook.as_ref().map(|runbook| format!("{} of plan `{}`", runbook.what(), runbook.plan));
        Verdict {
            what,
            records: self.records(),
            run: self.run,
            subject,
            between: self.between,
            runbook: self.runbook_digest,
            head: self.before,
            signed_at,
            key: *key,
            faults: self.faults,
        }
    }
}
