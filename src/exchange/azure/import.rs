//! From JSON of the service to a plan: which recovery plan is meant, what its groups and actions become,
//! in which order. The text itself is made by `write`.

use std::collections::{HashMap, HashSet};

use crate::base::words::{count, list as names_of};
use crate::schema::provider;
use crate::source::Diagnostic;
use crate::source::codes::exchange as codes;

use super::actions::{Becomes, becomes, described};
use super::faults::{Faults, shown};
use super::items::{Item, Items};
use super::json::{last_segment, same};
use super::names::Names;
use super::plan::{Action, PlanGroup, RecoveryPlan, Stage, read};
use super::sketch::{Approval, Block, Machine, Sketch, Station};
use super::template::{RawPlan, plans};

/// What the caller knows beyond the document.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// What people call the document.
    pub file: String,
    /// Which of several recovery plans is meant.
    pub plan: Option<String>,
    /// The name of the plan that is written; the recovery plan's own if absent.
    pub name: Option<String>,
    /// What the service says of the machines.
    pub items: Items,
}

/// A plan made of a recovery plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// The plan's text, in canonical form.
    pub plan_text: String,
    /// What was dropped, changed or assumed, each a sentence. The text says the same in its comments.
    pub notes: Vec<String>,
}

/// Makes a plan of a recovery plan: as the service returns it, alone or in a list, or in a template.
///
/// # Errors
/// Everything that is wrong with the document, each without a place and naming it.
pub fn import(json: &str, options: &ImportOptions) -> Result<Imported, Vec<Diagnostic>> {
    let mut faults = Faults::new(&options.file);
    let sketched = sketched(json, options, &mut faults);
    match sketched {
        Some((sketch, notes)) if !faults.any() => {
            Ok(Imported { plan_text: super::write::text(&sketch), notes })
        }
        Some(_) | None => Err(faults.into_found()),
    }
}

fn sketched(json: &str, options: &ImportOptions, faults: &mut Faults) -> Option<(Sketch, Vec<String>)> {
    let root = super::json::read(json, faults)?;
    let mut found = plans(&root, options.plan.as_deref(), faults);
    if faults.any() {
        // What could not be worked out would be said again as missing.
        return None;
    }
    let raw = chosen(&found.plans, options, faults)?;
    let plan = read(raw, faults)?;
    let mut drawing = Drawing::new(&plan, options, std::mem::take(&mut found.notes));
    drawing.plan(faults);
    let (sketch, notes) = drawing.done(options);
    Some((sketch, notes))
}

/// The recovery plan that is meant.
fn chosen<'p>(plans: &'p [RawPlan], options: &ImportOptions, faults: &mut Faults) -> Option<&'p RawPlan> {
    let names: Vec<String> = plans.iter().map(|plan| shown(&plan.name)).collect();
    match (&options.plan, plans) {
        (_, []) => {
            // A template whose only plan could not be worked out has said so.
            if !faults.any() {
                let help =
                    "save what the service returns for `replicationRecoveryPlans`, or a template of one";
                faults.push(codes::NO_PLAN, "holds no recovery plan", help);
            }
            None
        }
        (None, [one]) => Some(one),
        (None, [..]) => {
            let says = format!("holds {}: {}", count(plans.len(), "recovery plan"), names_of(&names, 8));
            faults.push(codes::WHICH_PLAN, &says, "say which one with `--plan NAME`");
            None
        }
        (Some(wanted), [..]) => {
            let found = plans.iter().find(|plan| same(&plan.name, wanted));
            if found.is_none() {
                let says =
                    format!("holds no recovery plan `{}`; it holds {}", shown(wanted), names_of(&names, 8));
                faults.push(codes::WHICH_PLAN, &says, "name one of those with `--plan NAME`");
            }
            found
        }
    }
}

/// A plan while it is drawn.
struct Drawing<'p> {
    plan: &'p RecoveryPlan,
    items: &'p Items,
    names: Names,
    notes: Vec<String>,
    sketch: Sketch,
    /// Where each machine stands already, by its id without case.
    seen: HashMap<String, usize>,
    /// Where each replication group stands: its boot group and its block.
    groups: HashMap<String, usize>,
    nameless: usize,
}

impl<'p> Drawing<'p> {
    fn new(plan: &'p RecoveryPlan, options: &'p ImportOptions, notes: Vec<String>) -> Self {
        Self {
            plan,
            items: &options.items,
            names: Names::new(),
            notes,
            sketch: Sketch::default(),
            seen: HashMap::new(),
            groups: HashMap::new(),
            nameless: 0,
        }
    }

    fn plan(&mut self, faults: &mut Faults) {
        if !self.fits(faults) {
            return;
        }
        for field in &self.plan.unknown {
            let says = format!("the recovery plan's field `{}` is not known here", shown(field));
            self.sketch.remarks.push(says.clone());
            self.notes.push(says);
        }
        let of = |stage: &Stage| match stage {
            Stage::Shutdown => 0,
            Stage::Failover => 1,
            Stage::Boot | Stage::Other(_) => 2,
        };
        let mut boots = 0;
        for stage in 0..3 {
            for group in self.plan.groups.iter().filter(|group| of(&group.stage) == stage) {
                self.group(group, &mut boots, faults);
            }
        }
        if self.sketch.blocks.is_empty() && !faults.any() {
            let help = "add machines to the recovery plan first, or export another one";
            faults.push(codes::NO_PLAN, "holds a recovery plan without machines", help);
        }
    }

    /// More than the service itself takes is refused: it cannot be what the service runs.
    fn fits(&self, faults: &mut Faults) -> bool {
        let Some(limits) = provider::find(super::PROVIDER).map(|provider| provider.limits) else {
            return true;
        };
        let boots = || self.plan.groups.iter().filter(|group| group.stage == Stage::Boot);
        let machines: HashSet<String> =
            boots().flat_map(|group| &group.items).map(|id| id.to_ascii_lowercase()).collect();
        let waves = boots().filter(|group| !group.items.is_empty()).count();
        let mut fits = true;
        for (has, most, what) in
            [(machines.len(), limits.machines_per_plan, "machine"), (waves, limits.waves, "boot group")]
        {
            if let Some(most) = most.filter(|most| has > *most as usize) {
                let says =
                    format!("has {} in one recovery plan, and the service takes {most}", count(has, what));
                faults.push(codes::TOO_MANY, &says, "split it into several recovery plans and import each");
                fits = false;
            }
        }
        fits
    }

    fn group(&mut self, group: &PlanGroup, boots: &mut usize, faults: &mut Faults) {
        match &group.stage {
            Stage::Shutdown => {
                self.actions(&group.before, None);
                self.no_machines(group, "the group of shutdowns");
                self.actions(&group.after, Some("after the shutdown"));
            }
            Stage::Failover => {
                self.actions(&group.before, Some("between the shutdown and the failover"));
                self.no_machines(group, "the group of failovers");
                self.actions(&group.after, Some("between the failover and the first start"));
            }
            Stage::Boot => {
                *boots += 1;
                let is_first = !self.sketch.order.iter().any(|station| matches!(station, Station::Wave(_)));
                let asks = |action: &Action| matches!(becomes(action), Becomes::Approve { .. });
                if is_first && group.before.iter().any(asks) {
                    self.remark(
                        "what Azure does between the failover and the first start is asked here before the \
                         sources are shut down, for the failover of this provider shuts down and starts by itself",
                    );
                }
                self.actions(&group.before, None);
                self.machines(group, *boots, faults);
                self.actions(&group.after, None);
            }
            Stage::Other(word) => {
                let machines = count(group.items.len(), "machine");
                self.remark(&format!(
                    "a group of the kind `{}` with {machines} is not known here and was left out",
                    shown(word)
                ));
                let lost = Some("in a group that is not known here");
                self.actions(&group.before, lost);
                self.actions(&group.after, lost);
            }
        }
        for field in &group.unknown {
            self.remark(&format!("a group's field `{}` is not known here", shown(field)));
        }
    }

    /// Machines where the service has none.
    fn no_machines(&mut self, group: &PlanGroup, name: &str) {
        if !group.items.is_empty() {
            self.remark(&format!(
                "{name} lists {}, and starts none: they are left out unless a boot group has them",
                count(group.items.len(), "machine")
            ));
        }
    }

    /// The actions at one place; `nowhere` says which moment it is, where a plan has no such moment.
    fn actions(&mut self, actions: &[Action], nowhere: Option<&str>) {
        for action in actions {
            match (becomes(action), nowhere) {
                (Becomes::Approve { prompt, when, lost }, None) => {
                    for one in lost {
                        self.remark(&format!("of the action `{}`: {one}", shown(&action.name)));
                    }
                    let name = self.names.word(&action.name, "manual-action");
                    self.sketch.order.push(Station::Step(name.clone()));
                    self.sketch.approvals.push(Approval { name, prompt, when });
                }
                (Becomes::Approve { .. }, Some(moment)) => {
                    let what = described(action);
                    self.remark(&format!(
                        "{what}: it runs {moment}, and the failover of this provider leaves no such moment"
                    ));
                }
                (Becomes::Comment(said), _) => self.remark(&said),
            }
        }
    }

    /// Something that is said at this place of the order, and in the notes.
    fn remark(&mut self, says: &str) {
        self.sketch.order.push(Station::Comment(says.to_owned()));
        self.notes.push(says.to_owned());
    }

    /// The machines of a boot group: one tier, and a group for each replication group among them.
    fn machines(&mut self, group: &PlanGroup, boot: usize, faults: &mut Faults) {
        let tier = self.names.word(&format!("boot{boot}"), "boot");
        let mut blocks = vec![Block { name: tier, is_group: false, estate_name: None, machines: Vec::new() }];
        let mut of_group: HashMap<String, usize> = HashMap::new();
        for id in &group.items {
            let item = self.items.find(id).cloned().unwrap_or_default();
            if self.seen.insert(id.to_ascii_lowercase(), boot).is_some() {
                let says = format!("lists the machine `{}` twice", shown(last_segment(id)));
                faults.push(codes::MACHINE_TWICE, &says, "keep it in one boot group");
                continue;
            }
            let shared = item.group.clone().filter(|name| self.items.members(name) > 1);
            let at = match shared {
                None => 0,
                Some(name) => {
                    let key = name.to_ascii_lowercase();
                    let other = *self.groups.entry(key.clone()).or_insert(boot);
                    if other != boot {
                        let says = format!(
                            "has the replication group `{}` in the boot groups {other} and {boot}",
                            shown(&name)
                        );
                        faults.push(codes::GROUP_SPLIT, &says, "keep a replication group in one boot group");
                    }
                    *of_group.entry(key).or_insert_with(|| {
                        blocks.push(self.group_block(&name));
                        blocks.len() - 1
                    })
                }
            };
            let machine = self.machine(id, &item);
            if let Some(block) = blocks.get_mut(at) {
                block.machines.push(machine);
            }
        }
        blocks.retain(|block| !block.machines.is_empty());
        for block in blocks.iter().filter(|block| block.is_group) {
            let estate_name = block.estate_name.as_deref().unwrap_or(&block.name);
            let all = self.items.members(estate_name);
            if all != block.machines.len() {
                self.notes.push(format!(
                    "the replication group `{}` has {}, and the recovery plan holds {} of them",
                    shown(estate_name),
                    count(all, "machine"),
                    block.machines.len()
                ));
            }
        }
        if blocks.is_empty() {
            return self.sketch.order.push(Station::Comment(format!("boot group {boot} holds no machine")));
        }
        self.sketch.order.push(Station::Wave(blocks.iter().map(|block| block.name.clone()).collect()));
        self.sketch.blocks.extend(blocks);
    }

    fn group_block(&mut self, name: &str) -> Block {
        let word = self.names.word(name, "group");
        let estate_name = (word != name).then(|| name.to_owned());
        Block { name: word, is_group: true, estate_name, machines: Vec::new() }
    }

    /// A machine by the name that people call it, else by the last part of its id.
    fn machine(&mut self, id: &str, item: &Item) -> Machine {
        let named = item.name.clone().filter(|name| self.items.meant(name).len() == 1);
        if named.is_none() {
            self.nameless += 1;
        }
        let name = named.unwrap_or_else(|| last_segment(id).to_owned());
        let word = self.names.word(&name, "vm");
        let estate_name = (word != name).then_some(name);
        Machine { name: word, estate_name, os: item.os.clone() }
    }

    /// The sketch with its head, and the notes.
    fn done(mut self, options: &ImportOptions) -> (Sketch, Vec<String>) {
        super::sketch::head(&mut self.sketch, self.plan, &mut self.names, options, &mut self.notes);
        if self.nameless > 0 {
            let says = format!(
                "{} named by the last part of an id, for no list of machines tells {} name: give it with `--items FILE`",
                if self.nameless == 1 {
                    "1 machine is".to_owned()
                } else {
                    format!("{} machines are", self.nameless)
                },
                if self.nameless == 1 { "its" } else { "their" },
            );
            self.sketch.remarks.push(says.clone());
            self.notes.push(says);
        }
        (self.sketch, self.notes)
    }
}
