//! What may stand in `${…}`.

use super::types::Choice;

/// The facts of a run: `${run.id}`.
pub const RUN: &[Choice] = &[
    Choice::new("id", "the run's id"),
    Choice::new("plan", "the plan's name"),
    Choice::new("operation", "`test`, `failover` or `failback`"),
    Choice::new("mode", "`planned`, `unplanned` or `forced`; empty in a test"),
    Choice::new("source", "the site the machines leave"),
    Choice::new("target", "the site the machines come up at"),
];

/// The facts of a machine: `${sql01.address}`.
pub const VM: &[Choice] = &[
    Choice::new("address", "where it is reached at the target site; the copy's in a test"),
    Choice::new("name", "its name in the estate"),
];
