//! Recovery plans of Azure Site Recovery. Comes in: JSON as the service returns it, or a template of its
//! resource manager. Goes out: a plan; and the other way. Nothing here was tried against the service: it
//! rests on the service's published description.

mod actions;
mod evaluate;
mod export;
mod expression;
mod faults;
mod functions;
mod import;
mod items;
mod json;
mod names;
mod place;
mod plan;
mod said;
mod sketch;
mod template;
mod write;

pub use export::{ExportOptions, Exported, export};
pub use import::{ImportOptions, Imported, import};
pub use items::{Item, Items};

/// The provider that plans of Azure Site Recovery are for.
const PROVIDER: &str = "azure";
