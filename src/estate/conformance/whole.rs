//! What is asked of an estate whose failover is one act: it shuts the source down, makes the target and starts it.

use crate::event::{Observation, Request};
use crate::inventory::Protection;
use crate::model::Mode;

use super::{Broken, Estate, Suite, check};

impl<E: Estate> Suite<'_, E> {
    /// The source is seen to run. Where failovers are whole, the engine never asks for that, and it may not be seen.
    pub(super) fn source_runs(&self, seen: &Observation, otherwise: &str) -> Result<(), Broken> {
        let unseen = self.subject.whole && seen.source_running.is_none();
        check(unseen || seen.source_running == Some(true), || otherwise.to_owned())
    }

    /// One act that shuts down, makes the target and starts it.
    pub(super) async fn fail_over_to_another_point(&mut self) -> Result<(), Broken> {
        let machine = self.name();
        let before = self.machine().await?;
        let to = before.replicates_to.clone().unwrap_or_default();
        let point = self.usable().await?.swap_remove(0);
        let (mode, network) = (Some(Mode::Unplanned), self.subject.network.clone());
        let (made_at, name) = (to.clone(), machine.clone());
        self.done(&Request::FailOver { machine: name, point, mode, to, network }).await?;
        for _ in 0..2 {
            let made = self.machine().await?;
            check(made.site == made_at && made.protection == Protection::FailedOver, || {
                format!("a machine that failed over to `{made_at}` is reported at `{}`", made.site)
            })?;
            let seen = self.observe(false).await?;
            check(seen.target_running == Some(true), || {
                "a target does not run after its failover".to_owned()
            })?;
            check(seen.source_running != Some(true), || "a source runs after its failover".to_owned())?;
            let older = self.usable().await?.pop().unwrap_or_default();
            self.done(&Request::ChangePoint { machine: machine.clone(), point: older }).await?;
        }
        Ok(())
    }
}
