//! Which facts that a runbook relies on have changed. Comes in: the runbook, the inventory now, a
//! reader of digests. Goes out: a sentence for each. New recovery points are no drift.

use std::path::Path;

use indexmap::IndexMap;

use crate::base::words::list;
use crate::inventory::{Inventory, Protection};
use crate::source::Diagnostic;
use crate::source::codes::run as codes;

use super::{MachineFact, ReadDigest, Runbook};

/// A fact that has changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drift {
    /// What it is about: a machine's name in the estate, or a path.
    pub about: String,
    /// What has changed, both sides said.
    pub sentence: String,
}

/// Everything that has changed since the runbook was compiled. Without `digests` files and scripts
/// are not looked at.
#[must_use]
pub fn drift(runbook: &Runbook, now: &Inventory, digests: Option<ReadDigest<'_>>) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut say = |about: &str, sentence: String| found.push(Drift { about: about.to_owned(), sentence });
    for (name, fact) in &runbook.facts.machines {
        match now.vms.get(name) {
            None => say(name, format!("`{name}` is not in the estate any more")),
            Some(machine) => {
                let is = MachineFact {
                    site: machine.site.clone(),
                    protection: machine.protection,
                    group: machine.group.clone(),
                };
                changes(name, fact, &is, &mut say);
            }
        }
    }
    for (group, was) in &runbook.facts.groups {
        for machine in now.members(group).filter(|machine| !was.contains(&machine.name)) {
            // A machine of the runbook that changed its group is said above.
            if !runbook.facts.machines.contains_key(&machine.name) {
                say(&machine.name, format!("`{}` has joined group `{group}`", machine.name));
            }
        }
    }
    for (name, id) in &runbook.facts.points {
        let Some(machine) = now.vms.get(name) else { continue };
        let point = now.symbols.find(id).and_then(|id| machine.points.iter().find(|point| point.id == id));
        match point {
            None => say(name, format!("point `{id}` of `{name}` is gone, which the forecast chose")),
            Some(point) if !point.usable => {
                say(name, format!("point `{id}` of `{name}` cannot be recovered any more"));
            }
            Some(_) => {}
        }
    }
    if let Some(read) = digests {
        let files = runbook.facts.files.iter().map(|file| (file.path.as_str(), &file.digest));
        let scripts = runbook.facts.scripts.iter().map(|(path, digest)| (path.as_str(), digest));
        for (path, digest) in files.chain(scripts) {
            let full = Path::new(&runbook.estate.folder).join(path);
            match read(&full) {
                None => say(path, format!("`{path}` is not there any more")),
                Some(is) if is != *digest => {
                    say(
                        path,
                        format!(
                            "`{path}` was edited: its digest was {}, it is {}",
                            digest.short(),
                            is.short()
                        ),
                    );
                }
                Some(_) => {}
            }
        }
    }
    found
}

fn changes(name: &str, was: &MachineFact, is: &MachineFact, say: &mut impl FnMut(&str, String)) {
    if was.site != is.site {
        say(name, format!("`{name}` runs at `{}`, not at `{}`", is.site, was.site));
    }
    if was.protection != is.protection {
        let (is, was) = (protection(is.protection), protection(was.protection));
        say(name, format!("the protection of `{name}` is `{is}`, it was `{was}`"));
    }
    if was.group != is.group {
        let group = |group: &Option<String>| match group {
            Some(group) => format!("in group `{group}`"),
            None => "in no group".to_owned(),
        };
        say(name, format!("`{name}` replicates {}, it was {}", group(&is.group), group(&was.group)));
    }
}

/// The inventory's word.
const fn protection(protection: Protection) -> &'static str {
    match protection {
        Protection::Protected => "protected",
        Protection::Unprotected => "unprotected",
        Protection::FailedOver => "failed_over",
        Protection::Resyncing => "resyncing",
        Protection::Reprotecting => "reprotecting",
    }
}

/// The refusal that drift means; nothing where there is none.
#[must_use]
pub fn drift_diagnostics(drifts: &[Drift]) -> Vec<Diagnostic> {
    let mut by_subject: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for drift in drifts {
        by_subject.entry(&drift.about).or_default().push(&drift.sentence);
    }
    let one = |(about, sentences): (&str, Vec<&str>)| {
        Diagnostic::placeless(codes::DRIFTED, sentences.join(", and "))
            .help(format!("compile again: what was approved relied on {}", list(&[about], 1)))
    };
    by_subject.into_iter().map(one).collect()
}
