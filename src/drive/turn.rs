//! What the driver notices from one turn of its loop to the next: that it stood still, and that the run has
//! taken another way.

use std::time::Duration;

use crate::base::{Timestamp, limits};
use crate::event::{Event, EventKind};

use super::driver::{DriveError, Driver};
use super::surroundings::World;

/// The run's time and the steady one at the last turn.
pub(super) type LastTurn = (Timestamp, Duration);

impl<W: World> Driver<'_, W> {
    /// Says so where the engine stood still since its last turn: stopped by somebody, asleep with its host, or
    /// waiting for a full disk. Timers that ran out meanwhile are overdue, as those of an engine that was dead.
    pub(super) async fn look_at_turn(&mut self) -> Result<(), DriveError> {
        let Some(steady) = self.clock.steady() else { return Ok(()) };
        let now = self.now();
        let Some((since, before)) = self.last_turn.replace((now, steady)) else { return Ok(()) };
        // For longer than a lease holds anybody could have taken the run over.
        if steady.saturating_sub(before) > limits::LEASE {
            self.record(vec![EventKind::StoodStill { since }]).await?;
        }
        Ok(())
    }

    /// Waits for a look at the estate, and keeps the lease meanwhile.
    pub(super) async fn looking<T>(&mut self, look: impl Future<Output = T>) -> Result<T, DriveError> {
        tokio::pin!(look);
        loop {
            tokio::select! {
                biased;
                seen = &mut look => return Ok(seen),
                () = tokio::time::sleep(limits::LEASE_RENEW) => {}
            }
            self.renew().await?;
        }
    }

    /// What the driver makes of events besides the core. A run that takes another way gives up looks that were
    /// under way for the old one: whatever they come back with is about nothing any more. After a resume the
    /// next interrupt pauses again.
    pub(super) fn turned(&mut self, events: &[Event]) {
        for event in events {
            match event.kind {
                EventKind::RollbackStarted { .. }
                | EventKind::CleanupRequested { .. }
                | EventKind::PointChanged { .. } => {
                    let run = &self.run;
                    self.activities.retain(|node, _| run.node(*node).is_active());
                }
                EventKind::Resumed { .. } => self.interrupts.count = 0,
                _ => {}
            }
        }
    }
}
