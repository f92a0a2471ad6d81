//! From text to a plan: reads the files, collects the names, looks all of them up, types all values.
//! All that is wrong is reported in one go; with any error there is no plan. Knows no inventory.

mod build;
mod calls;
mod context;
mod cycles;
mod declare;
mod estate;
mod fields;
mod files;
mod order;
mod people;
mod policy;
mod program;
mod scope;
mod settings;
mod shape;
mod steps;
mod world;

use std::path::Path;

use crate::base::Id as _;
use crate::source::{Diagnostic, FileId, Sources};

use super::{Ladder, Plan};
use context::Context;

pub use files::{DiskFiles, Files};

/// What became of a plan's text.
#[derive(Debug)]
pub struct Resolved {
    /// The plan; nothing if any diagnostic is an error.
    pub plan: Option<Plan>,
    /// Everything found in all files, syntax included, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the plan of the file `root` with all that it uses through `files`, and adds every file read
/// to `sources`. All plans of these files are checked; the one of `root` is returned.
pub fn resolve(root: &Path, files: &mut dyn Files, sources: &mut Sources) -> Resolved {
    let texts = files::Texts::new();
    let first = FileId::from_index(sources.iter().count());
    let mut context = Context::default();
    let plan = {
        let library = files::load(&mut context, &texts, files, (root, first));
        let world = world::World::collect(&mut context, &library, root);
        calls::build_all(&mut context, &world, root.parent().unwrap_or(Path::new("")))
    };
    texts.hand_over(sources);
    Resolved { plan, diagnostics: context.finish() }
}

/// Reads what `--point` says, `common(max_age = 1h)` or a list of policies. `file` is the source that
/// the caller made of `text`, for places.
///
/// # Errors
/// Everything wrong with it, in order.
pub fn parse_ladder(file: FileId, text: &str) -> Result<Ladder, Vec<Diagnostic>> {
    let value = crate::syntax::parse_value(file, text).map_err(|diagnostic| vec![diagnostic])?;
    let mut context = Context::default();
    let ladder = policy::ladder(&mut context, &value, policy::IdUse::Allowed);
    ladder.filter(|_| !context.has_errors()).ok_or_else(|| context.finish())
}
