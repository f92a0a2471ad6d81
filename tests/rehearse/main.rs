//! Rehearsals: small runbooks reckoned by hand, the same fault on the real driver, and the command.

#[path = "../cli/bench.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod bench;
mod by_hand;
mod command;
#[path = "../support/estates.rs"]
#[expect(dead_code, reason = "shared with the tests of shipped plans")]
mod estates;
mod honest;
mod people;
#[path = "../support/runbooks.rs"]
#[expect(dead_code, reason = "shared with the tests of the core")]
mod runbooks;
mod singles;
mod stage;
