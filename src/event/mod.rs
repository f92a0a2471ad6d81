//! Lines of the run log, in the past tense, and the words in which an estate is asked and answers.
//! Versioned serde data with chained digests, and the seal over them. Knows neither store nor estate.

pub mod artifact;
pub mod fault;
pub mod key;
pub mod kind;
pub mod lasts;
mod read;
pub mod record;
pub mod seal;
pub mod seen;
pub mod verb;

pub use artifact::{Artifact, ArtifactKind, artifact_list};
pub use key::{PublicKey, SecretKey};
pub use kind::{AskedPoints, BoundSubject, EventKind, FinalState, Person, RunOptions};
pub use lasts::{Lasts, Stated};
pub use record::{EVENT_VERSION, Event, EventLine};
pub use seal::{Claim, Evidence, SEAL_FORMAT, Seal, SealError};
pub use seen::{Listed, Outcome, Sighting};
pub use verb::{
    Detail, EstateError, Found, GuestScript, Handle, Key, Network, Observation, Probe, ProbeAnswer, Progress,
    Request, Submitted,
};
