//! What a driver acts on: the store that it records in, the estate, and the runner of scripts. Each is real, or
//! simulated, by itself; the driver is the same.

use std::sync::Arc;

use crate::estate::Estate;
use crate::store::RunStore;

use super::runner::Runner;

/// What a driver acts on, as types: the store that it records in, the estate, and the runner of scripts.
pub trait World {
    /// Where the run is recorded.
    type Store: RunStore;
    /// What is acted on.
    type Estate: Estate + 'static;
    /// Where scripts run.
    type Runner: Runner;
}

/// What a driver acts on.
#[derive(Clone, Debug)]
pub struct Surroundings<'a, S, E, R> {
    /// Where the run is recorded.
    pub store: &'a S,
    /// What is acted on.
    pub estate: Arc<E>,
    /// Where scripts run.
    pub runner: R,
}

impl<S: RunStore, E: Estate + 'static, R: Runner> World for Surroundings<'_, S, E, R> {
    type Store = S;
    type Estate = E;
    type Runner = R;
}
