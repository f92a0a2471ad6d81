//! One driver a run: a lease with an epoch that every write of the driver is tested against.
//! The time is passed in.

use rusqlite::{Connection, params};

use crate::base::{Timestamp, limits};

use super::append::check_epoch;
use super::writer::Stop;
use super::{LeaseInfo, Owner, RunId, StoreError, rows, sums};

/// Takes a lease that nobody holds any more, and returns the next epoch.
pub(super) fn take(connection: &Connection, run: &RunId, owner: &Owner, now: Timestamp) -> Result<u64, Stop> {
    let lease = rows::run(connection, run)?.lease;
    if let (Some(holder), Some(until)) = (&lease.owner, lease.until)
        && lease.holds(now)
    {
        let owner = Box::new(holder.clone());
        return Err(StoreError::LeaseHeld { run: run.clone(), owner, until }.into());
    }
    let epoch = lease.epoch.saturating_add(1);
    let until = Some(now.plus(limits::LEASE));
    put(connection, run, &LeaseInfo { owner: Some(owner.clone()), epoch, until })?;
    Ok(epoch)
}

/// Holds the lease for longer.
pub(super) fn renew(connection: &Connection, run: &RunId, epoch: u64, now: Timestamp) -> Result<(), Stop> {
    check_epoch(connection, run, epoch)?;
    let lease = rows::run(connection, run)?.lease;
    put(connection, run, &LeaseInfo { until: Some(now.plus(limits::LEASE)), ..lease })?;
    Ok(())
}

/// Gives the lease back; nothing is written under its epoch any more.
pub(super) fn release(connection: &Connection, run: &RunId, epoch: u64) -> Result<(), Stop> {
    check_epoch(connection, run, epoch)?;
    put(connection, run, &LeaseInfo { owner: None, epoch, until: None })?;
    Ok(())
}

/// Writes who drives a run.
pub(super) fn put(connection: &Connection, run: &RunId, lease: &LeaseInfo) -> Result<(), rusqlite::Error> {
    let owner = lease.owner.as_ref().map(Owner::to_text);
    let until = lease.until.map(|until| until.to_string());
    let epoch = rows::to_sql(lease.epoch);
    let sum = sum(run, epoch, owner.as_deref(), until.as_deref());
    connection
        .prepare_cached(
            "INSERT INTO lease (run, owner, epoch, until, sum) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (run) DO UPDATE SET owner = ?2, epoch = ?3, until = ?4, sum = ?5",
        )?
        .execute(params![run.as_str(), owner, epoch, until, sum])?;
    Ok(())
}

/// The sum of a lease's row.
pub(super) fn sum(run: &RunId, epoch: i64, owner: Option<&str>, until: Option<&str>) -> String {
    sums::of(&[run.as_str(), owner.unwrap_or_default(), &epoch.to_string(), until.unwrap_or_default()])
}
