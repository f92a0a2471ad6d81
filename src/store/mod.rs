//! The state folder: run logs with their seals, leases, machine locks and operator requests in one SQLite
//! file, and the signing key beside it.
//! Events come in as lines and are durable before the call returns; readers get them back with
//! their chain checked. Knows neither what an event means nor who drives.

mod ahead;
mod append;
mod chain;
mod connect;
mod error;
mod folder;
mod handle;
mod id;
mod keys;
mod lease;
mod mark;
mod memory;
mod mount;
mod owner;
mod request;
mod room;
mod rows;
mod run_store;
mod schema;
mod seal;
mod start;
mod state;
mod sums;
mod writer;

pub use chain::EventReader;
pub use connect::OpenFor;
pub use error::StoreError;
pub use handle::{Store, Subfolder};
pub use id::RunId;
pub use keys::{KEY_FILE, KeyError, PUBLIC_KEY_FILE, own_key, own_public_key, read_key, read_public_key};
pub use memory::MemoryStore;
pub use owner::Owner;
pub use request::{Answer, OperatorRequest, RequestId};
pub use rows::{LeaseInfo, RunInfo};
pub use run_store::RunStore;
pub use start::{LockKind, LockRule, MachineLock, NewRun};
pub use state::{RunState, RunSummary};
