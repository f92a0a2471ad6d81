//! Plans and inventories for tests: the shipped ones, and texts written in place.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    missing_docs,
    reason = "shared by tests, each of which uses its own part"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use musterpoint::inventory::{self, Inventory};
use musterpoint::model::Plan;
use musterpoint::model::resolve::{DiskFiles, Files, resolve};
use musterpoint::source::Sources;

/// Files that exist only in the test.
#[derive(Debug, Default)]
pub struct Texts(BTreeMap<PathBuf, String>);

impl Files for Texts {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.clone().into_bytes())
    }

    fn canonical(&mut self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

/// A plan of `plans/`.
pub fn shipped(name: &str) -> (Plan, Sources) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans").join(format!("{name}.muster"));
    resolved(&path, &mut DiskFiles)
}

/// The plan of a text.
pub fn text(text: &str) -> (Plan, Sources) {
    let mut files = Texts::default();
    files.0.insert("/plans/test.muster".into(), text.to_owned());
    resolved(Path::new("/plans/test.muster"), &mut files)
}

fn resolved(path: &Path, files: &mut dyn Files) -> (Plan, Sources) {
    let mut sources = Sources::default();
    let resolved = resolve(path, files, &mut sources);
    let plan = resolved.plan.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), resolved.diagnostics));
    (plan, sources)
}

/// An inventory of `plans/estates/`.
pub fn inventory(name: &str) -> Inventory {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/estates").join(format!("{name}.json"));
    inventory::read_file(name, &path).unwrap()
}

/// What most texts begin with.
pub const ESTATE: &str = "estate lab {\n  sites = [north, south]\n  provider = sim { inventory = \"lab.json\" }\n}\nrole boss { members = anyone }\n";
