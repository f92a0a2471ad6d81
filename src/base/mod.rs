//! What every floor may use: ids, time, limits, digests and words. Knows nothing of plans.

pub mod axis;
mod bug;
pub mod chance;
pub mod clock;
pub mod digest;
pub mod hide;
pub mod idvec;
pub mod limits;
pub mod time;
pub mod words;

pub use bug::bug;
pub use chance::Chance;
pub use clock::{Clock, ManualClock, SystemClock};
pub use digest::Digest;
pub use idvec::{Id, IdVec};
pub use time::Timestamp;
