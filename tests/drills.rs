//! Drills leave nothing: whatever a test makes is in the run log before it is there, and a run that ends
//! clean has left nothing, whatever goes wrong at the estate, with its operators or with the engine.

#[path = "support/estates.rs"]
#[expect(dead_code, reason = "shared with the tests of shipped plans")]
mod estates;

#[path = "drills/by_hand.rs"]
mod by_hand;
#[path = "drills/core.rs"]
mod core;
#[path = "support/runbooks.rs"]
#[expect(dead_code, reason = "shared with the tests of the core")]
mod runbooks;

#[path = "drills/chaos.rs"]
mod chaos;
#[path = "drills/spy.rs"]
mod spy;
