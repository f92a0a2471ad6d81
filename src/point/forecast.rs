//! All choices of a plan at once: what is forecast when a runbook is compiled, and bound in the run.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::align::{AlignRequest, align, failed_rungs};
use super::choice::{NoAlign, NoChoice, Outcome};
use super::ladder::{choose, no_choice};
use super::subject::{Subject, timeline};
use crate::base::Timestamp;
use crate::base::words::{count, list};
use crate::inventory::Inventory;
use crate::model::{LadderEnd, VmId};
use crate::source::Diagnostic;
use crate::source::codes::points;

/// Machines shown in one message; the rest is counted.
const SHOWN: usize = 12;

/// Why a machine has no usable point at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointlessWhy {
    /// The inventory does not know it.
    NotInInventory,
    /// It has no points.
    NoPoints,
    /// None of its points is usable.
    NoneUsable,
}

/// A machine without any usable point: it cannot be recovered, whatever the policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pointless {
    /// The machine.
    pub vm: VmId,
    /// Its name in the plan.
    pub name: String,
    /// Why.
    pub why: PointlessWhy,
}

/// What would be chosen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// Age and loss count from here.
    pub reference: Timestamp,
    /// One for each subject, in their order.
    pub outcomes: Vec<Outcome>,
    /// Every machine without any usable point, in plan order.
    pub pointless: Vec<Pointless>,
}

/// Chooses for every subject; those that `aligns` names are chosen together. A group stands in at most one
/// alignment; in a second one it is refused.
#[must_use]
pub fn forecast(
    subjects: &[Subject],
    aligns: &[AlignRequest],
    inventory: &Inventory,
    reference: Timestamp,
) -> Forecast {
    let mut together: HashMap<String, Outcome> = HashMap::new();
    for request in aligns {
        let twice = request.groups.iter().find(|name| together.contains_key(*name));
        let result = match twice {
            Some(name) => Err(Box::new(NoAlign {
                groups: request.groups.clone(),
                within: request.within,
                removal: Vec::new(),
                exact: false,
                why: format!("`{name}` stands in two alignments"),
            })),
            None => align(request, subjects, inventory, reference),
        };
        match result {
            Ok(choices) => together.extend(
                choices.into_iter().map(|choice| (choice.subject.clone(), Outcome::Chosen(Box::new(choice)))),
            ),
            Err(refused) => {
                for subject in subjects.iter().filter(|subject| request.groups.contains(&subject.name)) {
                    let outcome = unaligned(subject, &refused, inventory, reference);
                    together.insert(subject.name.clone(), Outcome::NotChosen(Box::new(outcome)));
                }
            }
        }
    }
    let outcomes = subjects
        .iter()
        .map(|subject| {
            let known = together.get(&subject.name).filter(|_| subject.group).cloned();
            known.unwrap_or_else(|| choose(subject, inventory, reference))
        })
        .collect();
    Forecast { reference, outcomes, pointless: pointless(subjects, inventory) }
}

fn unaligned(subject: &Subject, refused: &NoAlign, inventory: &Inventory, reference: Timestamp) -> NoChoice {
    let rungs = subject.ladder.rungs.len();
    let failed = failed_rungs(subject, rungs, &refused.groups, inventory, reference);
    NoChoice { align: Some(refused.clone()), ..no_choice(subject, inventory, reference, failed) }
}

/// Every machine without any usable point, in the order of the subjects.
#[must_use]
pub fn pointless(subjects: &[Subject], inventory: &Inventory) -> Vec<Pointless> {
    let mut found = Vec::new();
    for member in subjects.iter().flat_map(|subject| &subject.members) {
        let points = timeline(member, inventory);
        if points.iter().any(|point| point.usable) {
            continue;
        }
        let why = if !inventory.vms.contains_key(&member.estate_name) {
            PointlessWhy::NotInInventory
        } else if points.is_empty() {
            PointlessWhy::NoPoints
        } else {
            PointlessWhy::NoneUsable
        };
        found.push(Pointless { vm: member.vm, name: member.name.clone(), why });
    }
    found
}

impl Forecast {
    /// Why the run must be refused before anything is touched: machines without any usable point, ladders
    /// that end in `fail`, alignments that fail. Ladders that end in `ask` are questions, not errors.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = self.pointless_diagnostic().into_iter().collect();
        let mut aligns: Vec<&NoAlign> = Vec::new();
        for no_choice in self.outcomes.iter().filter_map(Outcome::no_choice) {
            if no_choice.end == LadderEnd::Ask {
                continue;
            }
            match &no_choice.align {
                Some(align) if aligns.contains(&align) => {}
                Some(align) => {
                    aligns.push(align);
                    found.push(align.diagnostic());
                }
                None => found.push(no_choice.diagnostic()),
            }
        }
        found
    }

    fn pointless_diagnostic(&self) -> Option<Diagnostic> {
        let names: Vec<&str> = self.pointless.iter().map(|machine| machine.name.as_str()).collect();
        let verb = match names.len() {
            0 => return None,
            1 => "has",
            _ => "have",
        };
        let message = format!(
            "{} {verb} no usable recovery point: {}",
            count(names.len(), "machine"),
            list(&names, SHOWN)
        );
        let without: Vec<String> = names.iter().take(SHOWN).map(|name| format!("--without {name}")).collect();
        let help = format!("wait for a first point, or leave out with `{}`", without.join(" "));
        Some(Diagnostic::placeless(points::NO_USABLE_POINT, message).help(help))
    }
}

impl NoChoice {
    /// Why the run is refused, in a sentence.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let what = if self.group { "group" } else { "machine" };
        let wanted: Vec<String> = self.failed.iter().map(|rung| rung.policy.to_string()).collect();
        let mut message =
            format!("no recovery point of {what} `{}` satisfies {}", self.subject, list(&wanted, 4));
        if let Some(closest) = self.failed.last().and_then(|rung| rung.closest.first()) {
            message.push_str("; closest is ");
            message.push_str(&super::text::refused_line(
                closest,
                self.failed.last().map(|rung| &rung.policy),
                self.reference,
            ));
        }
        let choose = format!("choose with `--point {}=POLICY`, or add a rung to its `point`", self.subject);
        // Leaving one machine out helps only where it alone is in the way.
        let help = match self.blamed.as_slice() {
            [name] if self.group => format!("leave out with `--without {name}`, or {choose}"),
            _ => choose,
        };
        Diagnostic::placeless(points::NO_POINT_FITS, message).help(help)
    }
}

impl NoAlign {
    /// Why the run is refused, in a sentence.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::placeless(points::NOT_ALIGNED, self.why.clone());
        match self.removal.as_slice() {
            [] => diagnostic.help("widen `within`, or align fewer groups"),
            names => {
                let without: Vec<String> =
                    names.iter().take(SHOWN).map(|name| format!("--without {name}")).collect();
                diagnostic.help(format!("leave out with `{}`, or widen `within`", without.join(" ")))
            }
        }
    }
}
