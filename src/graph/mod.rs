//! From a plan to the graph of one operation and mode: phases, acts, edges with their reasons; and
//! what can be read off a graph: cycles, order, longest way, why a step waits, pictures.
//! Pure; knows plans, and neither inventory nor points.

mod arrows;
mod barriers;
mod build;
mod cycle;
pub mod draw;
mod expand;
mod explain;
pub mod order;
mod phase;
mod phases;
mod rollback;
mod sources;
mod types;
mod units;
mod why;

pub use cycle::{Cycle, CycleEdge, cycles, cycles_of};
pub use expand::{Abilities, Expand, expand, expand_units, has_commit};
pub use explain::{Explanation, Waits, explain, names};
pub use phase::{Lane, Phase, SubjectId, UnitId};
pub use types::{Graph, GraphNode, Work, dense};
pub use units::{PlanUnit, UnitSubject, UnitVm, Units, applies, wants_pending};
pub use why::{Along, Cause, Causes, Ends, Need, Why, place};
