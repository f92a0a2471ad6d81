//! The provider contract and its providers. A provider never decides order or points: it reports,
//! acts once per key, and says what became of a key.

pub mod any;
pub mod azure;
pub mod command;
pub mod conformance;
mod durable;
mod real_probe;
mod secret;
pub mod sim;

pub use real_probe::real_probe;
pub mod qemu;
mod trouble;

use std::sync::Arc;

use crate::base::{Clock, Timestamp};
use crate::event::{
    Artifact, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request, Submitted,
};
use crate::inventory::Inventory;

/// A replication system. Every call returns within `limits::ESTATE_CALL_MAX` or is given up by the
/// driver; longer work is accepted and polled.
pub trait Estate: Send + Sync {
    /// The clock that the estate's instants and a run's events come from. A simulated one may be
    /// moved forward by the driver while nothing real is going on.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Everything the estate reports now, with every recovery point.
    ///
    /// # Errors
    /// The estate cannot be asked, or its answer cannot be read.
    fn inventory(&self) -> impl Future<Output = Result<Inventory, EstateError>> + Send;

    /// What an act of a test (`Request::makes_for_a_test`) will make under this key, thing by thing, as it
    /// would be left if nobody removed it: with names that follow from the key wherever the estate lets
    /// them be chosen. Said before the act is asked for, and the same whenever it is asked. Makes nothing;
    /// empty for any other request.
    ///
    /// # Errors
    /// The estate cannot be asked. The act is not asked for then.
    fn will_create(
        &self,
        key: &Key,
        request: &Request,
    ) -> impl Future<Output = Result<Vec<Artifact>, EstateError>> + Send;

    /// Everything of tests of these machines that is there now, whoever made it: a look at the world
    /// itself, not at what was recorded of it. Half-made things count.
    ///
    /// # Errors
    /// Any part of the world that could hold such things cannot be looked at: what is not known is not
    /// clean.
    fn remains(&self, machines: &[String])
    -> impl Future<Output = Result<Vec<Artifact>, EstateError>> + Send;

    /// Asks for an act. The same key again never acts twice: it answers for the first.
    ///
    /// # Errors
    /// `Retry` and `Refused` promise that nothing came about; anything else is `Unknown`.
    fn submit(
        &self,
        key: &Key,
        request: &Request,
    ) -> impl Future<Output = Result<Submitted, EstateError>> + Send;

    /// How an accepted act stands.
    ///
    /// # Errors
    /// The estate cannot be asked; the act's own failure is `Progress::Failed`.
    fn poll(&self, handle: &Handle) -> impl Future<Output = Result<Progress, EstateError>> + Send;

    /// Asks that an accepted act be given up, where the estate can; its outcome is polled still.
    ///
    /// # Errors
    /// `Refused` where it cannot be cancelled.
    fn cancel(&self, handle: &Handle) -> impl Future<Output = Result<(), EstateError>> + Send;

    /// What became of a key whose answer is missing.
    ///
    /// # Errors
    /// The estate cannot be asked.
    fn find(
        &self,
        key: &Key,
        request: &Request,
        since: Timestamp,
    ) -> impl Future<Output = Result<Found, EstateError>> + Send;

    /// Where a machine is, as seen now.
    ///
    /// # Errors
    /// The estate cannot be asked.
    fn observe(
        &self,
        machine: &str,
        test: bool,
    ) -> impl Future<Output = Result<Observation, EstateError>> + Send;

    /// Looks at a machine or a service. Only reads. The simulator answers for its own machines, and
    /// nothing leaves the process.
    fn probe(&self, probe: &Probe) -> impl Future<Output = ProbeAnswer> + Send;
}
