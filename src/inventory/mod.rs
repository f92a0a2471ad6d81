//! What an estate reports at one moment: sites, machines, groups, recovery points.
//! Pure data and its format `muster.inventory/1`; who fills it is an estate's business.

mod read;
mod types;
mod write;

pub use read::{FORMAT, read, read_file};
pub use types::{
    Inventory, LeftBehind, Machine, Point, PointKind, Power, ProcessServer, Protection, Symbol, Symbols,
    TagSet,
};
pub use write::{to_text, write};
