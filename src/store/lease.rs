//! One driver a run: a lease with an epoch that every write of the driver is tested against.
//! The time is passed in.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::base::{Timestamp, limits};

use super::append::check_epoch;
use super::writer::Stop;
use super::{LeaseInfo, Owner, RunId, StoreError, rows};

/// Takes a lease that nobody holds any more, and returns the next epoch.
pub(super) fn take(connection: &Connection, run: &RunId, owner: &Owner, now: Timestamp) -> Result<u64, Stop> {
    let found = connection
        .prepare_cached("SELECT epoch, owner, until FROM lease WHERE run = ?1")?
        .query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((epoch, holder, until)) = found else {
        return Err(StoreError::NoSuchRun { said: run.to_string(), near: None }.into());
    };
    let lease = LeaseInfo::read(run, epoch, holder, until)?;
    if let (Some(holder), Some(until)) = (&lease.owner, lease.until)
        && lease.holds(now)
    {
        let owner = Box::new(holder.clone());
        return Err(StoreError::LeaseHeld { run: run.clone(), owner, until }.into());
    }
    let epoch = lease.epoch.saturating_add(1);
    connection
        .prepare_cached("UPDATE lease SET owner = ?2, epoch = ?3, until = ?4 WHERE run = ?1")?
        .execute(params![
            run.as_str(),
            owner.to_text(),
            rows::to_sql(epoch),
            now.plus(limits::LEASE).to_string()
        ])?;
    Ok(epoch)
}

/// Holds the lease for longer.
pub(super) fn renew(connection: &Connection, run: &RunId, epoch: u64, now: Timestamp) -> Result<(), Stop> {
    check_epoch(connection, run, epoch)?;
    connection
        .prepare_cached("UPDATE lease SET until = ?2 WHERE run = ?1")?
        .execute(params![run.as_str(), now.plus(limits::LEASE).to_string()])?;
    Ok(())
}

/// Gives the lease back; nothing is written under its epoch any more.
pub(super) fn release(connection: &Connection, run: &RunId, epoch: u64) -> Result<(), Stop> {
    check_epoch(connection, run, epoch)?;
    connection
        .prepare_cached("UPDATE lease SET owner = NULL, until = NULL WHERE run = ?1")?
        .execute([run.as_str()])?;
    Ok(())
}
