//! Pure: which recovery point each machine goes to, and why no newer one. Inventory, ladder and a reference
//! instant in; a choice with its certificate out. Knows no clock, no estate and no plan text.

mod align;
mod align_removal;
mod candidates;
pub mod certificate;
mod choice;
mod choose;
mod forecast;
pub mod json;
mod judge;
mod ladder;
mod own;
pub mod picture;
mod sets;
mod subject;
pub mod text;

pub use align::{AlignRequest, align};
pub use certificate::{verify, verify_align};
pub use choice::{
    Aligned, Alternative, Because, Choice, Matched, NoAlign, NoChoice, Outcome, Pick, Reason, Refused,
    RungFailed, RungFault,
};
pub use choose::worse_than;
pub use forecast::{Forecast, Pointless, PointlessWhy, forecast, pointless};
pub use ladder::choose;
pub use subject::{Member, Pending, Subject};
