//! Readers of events: golden texts of hand-built runs, and what holds for every reader of any log.

#[cfg(test)]
#[path = "report/common.rs"]
mod common;
#[cfg(test)]
#[path = "report/golden.rs"]
mod golden;
#[cfg(test)]
#[path = "report/progress.rs"]
mod progress;
#[cfg(test)]
#[path = "report/properties.rs"]
mod properties;
#[cfg(test)]
#[path = "report/unclear.rs"]
mod unclear;
