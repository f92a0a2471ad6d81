//! What a plan says of failures, of the way back and of the commit window, over the pure core: each rule with
//! what it makes of a run, over deaths of the engine, pauses and clocks that somebody sets.

#[path = "../desk/lab.rs"]
#[expect(dead_code, reason = "shared with the operator's desk")]
mod lab;

mod back;
mod failures;
mod tries;
mod window;
