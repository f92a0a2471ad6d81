//! The simulated estate's own database: its tables, and rows in and out. Knows no rule of the estate.
//! It survives the death of the process; it is not made to survive the loss of power.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::event::{Detail, EstateError, Handle, Key, Request};
use crate::inventory::ProcessServer;

use super::artifact;
use super::machine::SimMachine;
use super::trouble::Trouble;

/// The version of the tables below.
pub(super) const SCHEMA_VERSION: i64 = 2;
/// How long a transaction of another process is waited for.
const BUSY_MAX: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    create table clock (one integer primary key check (one = 1), now integer not null) strict;
    create table estate (one integer primary key check (one = 1), facts text not null) strict;
    create table machine (ordinal integer primary key, name text not null unique, addresses text not null,
        state text not null) strict;
    create table op (
        seq integer primary key, key text not null unique, request text not null, sites text not null,
        fate text not null, accepted_at integer not null, ends_at integer, outcome text) strict;
    create index op_open on op (ends_at, seq) where outcome is null;
    create table busy (machine text not null, lane integer not null, seq integer not null,
        primary key (machine, lane)) strict, without rowid;
    create table effect (machine text not null, verb text not null, key text not null, at integer not null,
        count integer not null, primary key (machine, verb, key)) strict;
    create table fault (id integer primary key, text text not null, since integer not null,
        until integer, used integer not null) strict;
";

/// What does not change after the estate was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    /// The digest of the inventory it was made from.
    pub(super) inventory: String,
    pub(super) seed: u64,
    pub(super) sites: Vec<String>,
    pub(super) process_servers: Vec<ProcessServer>,
    /// The inventory's `sim` object.
    pub(super) sim: Option<serde_json::Value>,
}

/// What chance and faults have decided for an act.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Fate {
    pub(super) hang: bool,
    pub(super) lie: bool,
    /// Of a cleanup: it leaves a disk. Of a failover of a test: if it comes to nothing, what it made stays.
    pub(super) leak: bool,
    pub(super) fail: Option<EstateError>,
    /// Nobody can say afterwards what became of it.
    pub(super) forget: bool,
    pub(super) late_s: u64,
    pub(super) no_tools: bool,
    pub(super) no_agent: bool,
    pub(super) no_heartbeat: bool,
}

/// How an act ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Done(Detail),
    Failed(EstateError),
}

/// An act that was taken on.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) seq: i64,
    pub(super) key: Key,
    pub(super) request: Request,
    /// The sites that have to be reached to ask about it.
    pub(super) sites: Vec<String>,
    pub(super) fate: Fate,
    pub(super) accepted_at: Timestamp,
    /// None: it hangs.
    pub(super) ends_at: Option<Timestamp>,
    pub(super) outcome: Option<Outcome>,
}

impl Op {
    /// The handle by which it is polled.
    pub(super) fn handle(&self) -> Handle {
        Handle(format!("sim-{}", self.seq))
    }
}

/// How often a verb acted on a machine under one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effect {
    /// The machine.
    pub machine: String,
    /// The verb, as `Request::verb` says it.
    pub verb: String,
    /// The key.
    pub key: Key,
    /// When it first did.
    pub at: Timestamp,
    /// How often; more than 1 would break the contract.
    pub count: u32,
}

/// Opens the file, or makes it, without any table.
pub(super) fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "off")?;
    Ok(connection)
}

/// The version of the tables; 0 if there are none yet.
pub(super) fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Makes the tables and fills them. Prereq: there are none, and a transaction is open.
pub(super) fn create(
    tx: &Connection,
    now: Timestamp,
    facts: &Facts,
    machines: &[SimMachine],
) -> Result<(), Trouble> {
    tx.execute_batch(SCHEMA)?;
    tx.execute_batch(artifact::SCHEMA)?;
    tx.execute("insert into clock (one, now) values (1, ?1)", [now.as_nanos()])?;
    tx.execute("insert into estate (one, facts) values (1, ?1)", [serde_json::to_string(facts)?])?;
    let mut insert =
        tx.prepare("insert into machine (ordinal, name, addresses, state) values (?1, ?2, ?3, ?4)")?;
    for machine in machines {
        let state = serde_json::to_string(machine)?;
        insert.execute(params![machine.ordinal, machine.name, machine.addresses(), state])?;
    }
    drop(insert);
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(())
}

/// Brings the tables of version 1 to this version. Prereq: a transaction is open.
pub(super) fn upgrade(tx: &Connection) -> Result<(), Trouble> {
    tx.execute_batch(artifact::SCHEMA)?;
    tx.execute_batch(artifact::ADOPT)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(())
}

pub(super) fn facts(tx: &Connection) -> Result<Facts, Trouble> {
    let text: String = tx.query_row("select facts from estate", [], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}

pub(super) fn now(tx: &Connection) -> Result<Timestamp, rusqlite::Error> {
    tx.query_row("select now from clock", [], |row| row.get(0)).map(Timestamp::from_nanos)
}

/// Moves the durable instant forward; never back.
pub(super) fn raise_now(tx: &Connection, to: Timestamp) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("update clock set now = ?1 where now < ?1")?.execute([to.as_nanos()]).map(drop)
}

pub(super) fn machine(tx: &Connection, name: &str) -> Result<Option<SimMachine>, Trouble> {
    let mut select = tx.prepare_cached("select state from machine where name = ?1")?;
    let text: Option<String> = select.query_row([name], |row| row.get(0)).optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

pub(super) fn machines(tx: &Connection) -> Result<Vec<SimMachine>, Trouble> {
    let mut select = tx.prepare_cached("select state from machine order by ordinal")?;
    let mut rows = select.query([])?;
    let mut machines = Vec::new();
    while let Some(row) = rows.next()? {
        machines.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(machines)
}

/// The machines of which a copy has, or had, an address.
pub(super) fn machines_at(tx: &Connection, address: &str) -> Result<Vec<SimMachine>, Trouble> {
    let mut select =
        tx.prepare_cached("select state from machine where instr(addresses, ?1) > 0 order by ordinal")?;
    let mut rows = select.query([format!("\n{address}\n")])?;
    let mut machines = Vec::new();
    while let Some(row) = rows.next()? {
        machines.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(machines)
}

pub(super) fn save(tx: &Connection, machine: &SimMachine) -> Result<(), Trouble> {
    let state = serde_json::to_string(machine)?;
    tx.prepare_cached("update machine set state = ?2, addresses = ?3 where name = ?1")?.execute([
        &machine.name,
        &state,
        &machine.addresses(),
    ])?;
    Ok(())
}

const OP: &str = "select seq, key, request, sites, fate, accepted_at, ends_at, outcome from op";

fn ops(tx: &Connection, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Op>, Trouble> {
    let mut select = tx.prepare_cached(&format!("{OP} {condition}"))?;
    let mut rows = select.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get::<_, String>(column);
        found.push(Op {
            seq: row.get(0)?,
            key: Key::from_text(text(1)?),
            request: serde_json::from_str(&text(2)?)?,
            sites: serde_json::from_str(&text(3)?)?,
            fate: serde_json::from_str(&text(4)?)?,
            accepted_at: Timestamp::from_nanos(row.get(5)?),
            ends_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_nanos),
            outcome: row
                .get::<_, Option<String>>(7)?
                .map(|outcome| serde_json::from_str(&outcome))
                .transpose()?,
        });
    }
    Ok(found)
}

pub(super) fn op_by_key(tx: &Connection, key: &Key) -> Result<Option<Op>, Trouble> {
    Ok(ops(tx, "where key = ?1", [key.as_str()])?.pop())
}

pub(super) fn op_by_handle(tx: &Connection, handle: &Handle) -> Result<Option<Op>, Trouble> {
    let Some(seq) = handle.0.strip_prefix("sim-").and_then(|seq| seq.parse::<i64>().ok()) else {
        return Ok(None);
    };
    Ok(ops(tx, "where seq = ?1", [seq])?.pop())
}

/// Acts whose end has come and is not yet drawn, in the order in which they end.
pub(super) fn ops_due(tx: &Connection, now: Timestamp) -> Result<Vec<Op>, Trouble> {
    ops(tx, "where outcome is null and ends_at <= ?1 order by ends_at, seq", [now.as_nanos()])
}

/// Stores a new act, whose `seq` is not yet known, and gives it one.
pub(super) fn insert_op(tx: &Connection, op: Op) -> Result<Op, Trouble> {
    let outcome = op.outcome.as_ref().map(serde_json::to_string).transpose()?;
    tx.prepare_cached(
        "insert into op (key, request, sites, fate, accepted_at, ends_at, outcome)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        op.key.as_str(),
        serde_json::to_string(&op.request)?,
        serde_json::to_string(&op.sites)?,
        serde_json::to_string(&op.fate)?,
        op.accepted_at.as_nanos(),
        op.ends_at.map(Timestamp::as_nanos),
        outcome,
    ])?;
    Ok(Op { seq: tx.last_insert_rowid(), ..op })
}

/// Stores how an act ended and frees its machines.
pub(super) fn end_op(tx: &Connection, seq: i64, outcome: &Outcome) -> Result<(), Trouble> {
    let outcome = serde_json::to_string(outcome)?;
    tx.prepare_cached("update op set outcome = ?2 where seq = ?1")?.execute(params![seq, outcome])?;
    tx.prepare_cached("delete from busy where seq = ?1")?.execute([seq])?;
    Ok(())
}

/// The verb that holds a machine, if one does. A test has a lane of its own.
pub(super) fn busy_with(tx: &Connection, machine: &str, test: bool) -> Result<Option<Request>, Trouble> {
    let mut select = tx.prepare_cached(
        "select op.request from busy join op on op.seq = busy.seq where busy.machine = ?1 and busy.lane = ?2",
    )?;
    let text: Option<String> = select.query_row(params![machine, test], |row| row.get(0)).optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

pub(super) fn hold(tx: &Connection, machine: &str, test: bool, seq: i64) -> Result<(), Trouble> {
    tx.prepare_cached("insert into busy (machine, lane, seq) values (?1, ?2, ?3)")?
        .execute(params![machine, test, seq])?;
    Ok(())
}

pub(super) fn count_effect(
    tx: &Connection,
    machine: &str,
    verb: &str,
    key: &Key,
    at: Timestamp,
) -> Result<(), Trouble> {
    tx.prepare_cached(
        "insert into effect (machine, verb, key, at, count) values (?1, ?2, ?3, ?4, 1)
         on conflict (machine, verb, key) do update set count = count + 1",
    )?
    .execute(params![machine, verb, key.as_str(), at.as_nanos()])?;
    Ok(())
}

pub(super) fn effects(tx: &Connection) -> Result<Vec<Effect>, Trouble> {
    let mut select = tx.prepare_cached("select machine, verb, key, at, count from effect order by rowid")?;
    let rows = select.query_map([], |row| {
        Ok(Effect {
            machine: row.get(0)?,
            verb: row.get(1)?,
            key: Key::from_text(row.get::<_, String>(2)?),
            at: Timestamp::from_nanos(row.get(3)?),
            count: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A fault as stored: since when the estate knows it, until when it was told of it.
#[derive(Clone, Debug)]
pub(super) struct FaultRow {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
}

pub(super) fn faults(tx: &Connection) -> Result<Vec<FaultRow>, Trouble> {
    let mut select = tx.prepare("select id, text, since, until from fault order by id")?;
    let rows = select.query_map([], |row| {
        Ok(FaultRow {
            id: row.get(0)?,
            text: row.get(1)?,
            since: Timestamp::from_nanos(row.get(2)?),
            until: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_nanos),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes the live faults equal to the wanted ones: what stays keeps its beginning and its count.
pub(super) fn want_faults(tx: &Connection, wanted: &[&str], now: Timestamp) -> Result<(), Trouble> {
    let mut wanted: Vec<&str> = wanted.to_vec();
    for row in faults(tx)?.iter().filter(|row| row.until.is_none()) {
        match wanted.iter().position(|text| *text == row.text) {
            Some(at) => drop(wanted.remove(at)),
            None => {
                tx.execute("update fault set until = ?2 where id = ?1", params![row.id, now.as_nanos()])?;
            }
        }
    }
    for text in wanted {
        tx.execute(
            "insert into fault (text, since, used) values (?1, ?2, 0)",
            params![text, now.as_nanos()],
        )?;
    }
    Ok(())
}

pub(super) fn fault_used(tx: &Connection, id: i64) -> Result<u32, Trouble> {
    Ok(tx.prepare_cached("select used from fault where id = ?1")?.query_row([id], |row| row.get(0))?)
}

pub(super) fn use_fault(tx: &Connection, id: i64) -> Result<(), Trouble> {
    tx.prepare_cached("update fault set used = used + 1 where id = ?1")?.execute([id])?;
    Ok(())
}
