//! A run that was signed: its log, its key, and its reports.

use std::sync::OnceLock;

use musterpoint::event::PublicKey;
use musterpoint::report::verify::{self, Verdict};

use crate::bench::Bench;

/// What is left of a run once everything else is gone.
pub(crate) struct Signed {
    pub(crate) key: PublicKey,
    pub(crate) log: Vec<u8>,
    pub(crate) report: String,
    pub(crate) page: String,
}

/// A drill of one machine, run and cleaned up once for all tests.
pub(crate) fn signed() -> &'static Signed {
    static SIGNED: OnceLock<Signed> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let bench = Bench::new();
        bench.run(&["test", "one.muster", "--yes"]).exits(0);
        bench.run(&["log", "last", "--format", "jsonl", "--output", "run.jsonl"]).exits(0);
        bench.run(&["report", "last", "--format", "html", "-o", "run.html"]).exits(0);
        Signed {
            key: key(&bench),
            log: std::fs::read(bench.path("run.jsonl")).unwrap(),
            report: bench.run(&["report", "last", "--format", "json"]).exits(0).out,
            page: bench.read("run.html"),
        }
    })
}

/// The public key of a bench.
pub(crate) fn key(bench: &Bench) -> PublicKey {
    PublicKey::parse(&bench.run(&["key"]).exits(0).out).unwrap()
}

/// The lines of a log with their newlines.
pub(crate) fn lines(log: &[u8]) -> Vec<Vec<u8>> {
    log.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// What is wrong, first: its code and its record. Nothing where it holds.
pub(crate) fn first_fault(bytes: &[u8], key: &PublicKey) -> Option<(String, Option<u64>)> {
    let fault = match verify::file(bytes, key) {
        Ok(Verdict { faults, .. }) => faults.into_iter().next()?,
        Err(fault) => fault,
    };
    Some((fault.code.to_string(), fault.record))
}
