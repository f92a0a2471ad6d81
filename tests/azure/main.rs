//! The provider `azure`, driven against the stand-in of the service: the program of this build on both sides,
//! each with its own idea of the wire. What no stand-in can show is said in `docs/azure.md`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../docs/console.rs"]
#[expect(dead_code, reason = "shared with the tests of the other papers")]
mod console;
mod crash;
mod cycle;
mod inputs;
mod lab;
mod paper;
mod same;
mod sign_in;
mod suite;
