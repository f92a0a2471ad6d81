//! The one way to a runbook. Comes in: a plan, an inventory, what the command line said. Goes out:
//! the frozen document, or everything that keeps the plan from being run, before anything is touched.

mod direction;
mod facts;
mod fill;
mod left_out;
mod machines;
mod nodes;
mod points;
mod policy;
mod reprotect;
mod via;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use indexmap::IndexMap;

use crate::base::{Digest, IdVec, Timestamp};
use crate::graph::{Abilities, Expand, Graph, SubjectId, UnitId, Units, cycles_of, expand_units, has_commit};
use crate::inventory::Inventory;
use crate::model::{Ladder, Mode, Operation, Plan, StepId, VmId};
use crate::schema::provider;
use crate::source::codes::run as codes;
use crate::source::{Diagnostic, Sources};

use super::{EstateSpec, LeftOut, RUNBOOK_FORMAT, Runbook, RunbookMachine, Site, Subject, Unit};

pub use points::forecast_of;
pub use reprotect::reprotect;
pub use via::missing_servers;

/// Reads the digest of a file, or says nothing where there is none.
pub type ReadDigest<'a> = &'a dyn Fn(&Path) -> Option<Digest>;

/// What the command line said, and what the compiler may ask.
#[derive(Clone)]
pub struct CompileOptions<'a> {
    /// What is to be done.
    pub operation: Operation,
    /// How the source is treated. None in a test; a failback is planned where the provider can.
    pub mode: Option<Mode>,
    /// `--to`: the site to come up at, by the plan's or the estate's word.
    pub to: Option<String>,
    /// `--lost-at`
    pub lost_at: Option<Timestamp>,
    /// `--as-of`: no point newer than this, whatever the plan says.
    pub as_of: Option<Timestamp>,
    /// `--point`: for one group or machine, or for all.
    pub points: Vec<(Option<String>, Ladder)>,
    /// `--without`
    pub without: Vec<String>,
    /// `--param`
    pub params: Vec<(String, String)>,
    /// `--approve`: the steps answered beforehand.
    pub approved: Vec<String>,
    /// `--unfenced`, with its reason.
    pub unfenced: Option<String>,
    /// The plan's texts, for places.
    pub sources: &'a Sources,
    /// Digests of scripts; without it scripts are not looked at.
    pub scripts: Option<ReadDigest<'a>>,
}

impl<'a> CompileOptions<'a> {
    /// An operation and mode, and nothing else said.
    #[must_use]
    pub const fn new(operation: Operation, mode: Option<Mode>, sources: &'a Sources) -> Self {
        Self {
            operation,
            mode,
            to: None,
            lost_at: None,
            as_of: None,
            points: Vec::new(),
            without: Vec::new(),
            params: Vec::new(),
            approved: Vec::new(),
            unfenced: None,
            sources,
            scripts: None,
        }
    }
}

impl std::fmt::Debug for CompileOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompileOptions")
            .field("operation", &self.operation)
            .field("mode", &self.mode)
            .field("to", &self.to)
            .field("lost_at", &self.lost_at)
            .field("points", &self.points)
            .field("without", &self.without)
            .finish_non_exhaustive()
    }
}

/// Compiles a plan for one operation and mode against what the estate reports now.
///
/// # Errors
/// Everything that keeps it from being run: nothing was touched.
pub fn compile(
    plan: &Plan,
    inventory: &Inventory,
    options: &CompileOptions<'_>,
) -> Result<Runbook, Vec<Diagnostic>> {
    let mut compiler = Compiler::new(plan, inventory, options);
    compiler.read_params();
    compiler.check_mode();
    compiler.leave_out_as_said();
    compiler.find_direction();
    compiler.check_groups();
    compiler.choose_points();
    compiler.leave_out_steps();
    compiler.stop_if_wrong()?;
    let graph = compiler.graph();
    compiler.check_graph(&graph);
    compiler.stop_if_wrong()?;
    compiler.finish(&graph)
}

/// A compilation on its way.
pub(super) struct Compiler<'c, 'p> {
    plan: &'p Plan,
    inventory: &'c Inventory,
    options: &'c CompileOptions<'c>,
    mode: Option<Mode>,
    units: Units<'p>,
    provider: Option<&'static provider::Provider>,
    /// Parameters in force, unit by unit; what the command line says is said for all.
    params: IdVec<UnitId, IndexMap<String, String>>,
    source: Site,
    target: Site,
    home: Site,
    /// Machines left out, with the reason.
    left_out: BTreeMap<VmId, String>,
    /// Those of them that run at the target already.
    there: BTreeSet<VmId>,
    left_out_steps: BTreeSet<(UnitId, StepId)>,
    /// Machines that are refused for their replication: that they have no points follows from it.
    unreplicated: BTreeSet<VmId>,
    ladders: BTreeMap<SubjectId, (Ladder, bool)>,
    forecast: BTreeMap<SubjectId, crate::point::Outcome>,
    problems: Vec<Diagnostic>,
    warnings: Vec<String>,
}

impl<'c, 'p> Compiler<'c, 'p> {
    fn new(plan: &'p Plan, inventory: &'c Inventory, options: &'c CompileOptions<'c>) -> Self {
        let provider = provider::of(&plan.estate.provider, &plan.estate.provider_args);
        let mode = match (options.operation, options.mode) {
            (Operation::Test, _) => None,
            (Operation::Failback, None) if provider.is_none_or(|it| it.capabilities.planned.failback) => {
                Some(Mode::Planned)
            }
            (Operation::Failover | Operation::Failback, mode) => mode,
        };
        let site = |index: usize| {
            let named = plan.estate.sites.get_index(index);
            let (name, estate_name) = named.map(|(a, b)| (a.clone(), b.clone())).unwrap_or_default();
            Site { name, estate_name }
        };
        let (home, away) = (site(0), site(1));
        let (source, target) = match options.operation {
            Operation::Test | Operation::Failover => (home.clone(), away),
            Operation::Failback => (away, home.clone()),
        };
        Self {
            plan,
            inventory,
            options,
            mode,
            units: Units::of(plan, options.operation, mode),
            provider,
            params: IdVec::new(),
            source,
            target,
            home,
            left_out: BTreeMap::new(),
            there: BTreeSet::new(),
            left_out_steps: BTreeSet::new(),
            unreplicated: BTreeSet::new(),
            ladders: BTreeMap::new(),
            forecast: BTreeMap::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn is_test(&self) -> bool {
        self.options.operation == Operation::Test
    }

    fn forced(&self) -> bool {
        self.mode == Some(Mode::Forced)
    }

    /// Machines that are not left out, in order.
    fn live(&self) -> Vec<VmId> {
        self.units.machines.ids().filter(|vm| !self.left_out.contains_key(vm)).collect()
    }

    /// A fact of the provider that differs by direction.
    fn by_direction(&self, fact: provider::ByDirection) -> bool {
        match self.options.operation {
            Operation::Failover => fact.failover,
            Operation::Failback => fact.failback,
            Operation::Test => false,
        }
    }

    fn abilities(&self) -> Abilities {
        let Some(provider) = self.provider else { return Abilities::FULL };
        let can = provider.capabilities;
        Abilities {
            failover_includes_shutdown: can.failover_includes_shutdown,
            failover_includes_start: can.failover_includes_start,
            final_points: self.by_direction(can.final_points),
            rollback: can.rollback,
        }
    }

    fn deletes_sources(&self) -> bool {
        self.provider.is_some_and(|it| self.by_direction(it.capabilities.commit_deletes_sources))
    }

    /// A test's copies keep their points in any case.
    fn fixed_points(&self) -> bool {
        self.options.operation != Operation::Test
            && self.provider.is_some_and(|it| !self.by_direction(it.capabilities.change_point))
    }

    fn stop_if_wrong(&mut self) -> Result<(), Vec<Diagnostic>> {
        if self.problems.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.problems)) }
    }

    fn graph(&self) -> Graph<'p> {
        let mut expand = Expand::new(self.options.operation, self.mode);
        expand.without = self.left_out.keys().copied().collect();
        expand.without_steps = self.left_out_steps.clone();
        expand.ask = self.asked().into_iter().collect();
        let pending = |(id, (ladder, _)): (&SubjectId, &(Ladder, bool))| {
            crate::graph::wants_pending(ladder).then_some(*id)
        };
        expand.pending = Some(self.ladders.iter().filter_map(pending).collect());
        expand.unfenced = self.options.unfenced.is_some();
        expand.abilities = self.abilities();
        expand_units(self.units.clone(), &expand)
    }

    fn check_graph(&mut self, graph: &Graph<'_>) {
        for cycle in cycles_of(graph) {
            let mut problem =
                Diagnostic::placeless(codes::WAITS_FOR_ITSELF, "these steps wait for each other")
                    .help("remove one of the arrows");
            for (span, edge) in cycle.spans() {
                problem = problem.at(span, format!("`{}` waits for `{}`", edge.to, edge.from));
            }
            if problem.labels.is_empty() {
                problem.message = format!(
                    "these steps wait for each other: {}",
                    crate::base::words::list(&cycle.names(), 12)
                );
            }
            self.problems.push(problem);
        }
        self.check_approved(graph);
    }

    fn finish(mut self, graph: &Graph<'p>) -> Result<Runbook, Vec<Diagnostic>> {
        let live = self.live();
        let ids: BTreeMap<VmId, VmId> = live.iter().copied().zip(id_sequence()).collect();
        let subjects: Vec<SubjectId> = self.live_subjects();
        let subject_ids: BTreeMap<SubjectId, SubjectId> =
            subjects.iter().copied().zip(id_sequence()).collect();
        let machines: IdVec<VmId, RunbookMachine> =
            live.iter().map(|vm| self.machine(*vm, &subject_ids)).collect();
        let table: IdVec<SubjectId, Subject> = subjects.iter().map(|id| self.subject(*id, &ids)).collect();
        let aligns = self.align_specs(&subject_ids);
        let (nodes, until) = self.nodes(graph, &ids, &subject_ids);
        self.warn(&table);
        let mut runbook = self.document(machines, table, aligns, nodes, until)?;
        warnings::about_time(&mut runbook);
        Ok(runbook)
    }

    /// The document around what was compiled, unless something is wrong.
    fn document(
        mut self,
        machines: IdVec<VmId, RunbookMachine>,
        subjects: IdVec<super::SubjectId, Subject>,
        aligns: Vec<super::AlignSpec>,
        nodes: IdVec<super::NodeId, super::Node>,
        until: Option<super::NodeId>,
    ) -> Result<Runbook, Vec<Diagnostic>> {
        let facts = self.facts(&self.live());
        let left_out: Vec<LeftOut> = self.left_out_list();
        self.stop_if_wrong()?;
        Ok(Runbook {
            format: RUNBOOK_FORMAT.to_owned(),
            plan: self.plan.name.clone(),
            doc: self.plan.doc.clone(),
            operation: self.options.operation,
            mode: self.mode,
            compiled_at: self.inventory.now,
            lost_at: self.options.lost_at,
            source: self.source.clone(),
            target: self.target.clone(),
            home: self.home.clone(),
            estate: EstateSpec {
                name: self.plan.estate.name.clone(),
                provider: self.plan.estate.provider.clone(),
                args: self.plan.estate.provider_args.clone(),
                folder: self.plan.folder.clone(),
                identity: self.plan.estate.identity,
            },
            params: self.params.iter().next().cloned().unwrap_or_default(),
            objective: self.objective(until),
            limits: self.limits(),
            roles: self.roles(),
            notify: self.plan.notify.clone(),
            units: self.unit_table(),
            machines,
            subjects,
            aligns,
            nodes,
            left_out,
            unfenced: self.options.unfenced.clone().filter(|_| self.forced()),
            fixed_points: self.fixed_points(),
            warnings: std::mem::take(&mut self.warnings),
            facts,
        })
    }

    fn unit_table(&self) -> IdVec<UnitId, Unit> {
        let deletes = self.deletes_sources();
        let unit = |unit: &crate::graph::PlanUnit<'_>| Unit {
            prefix: unit.prefix.clone(),
            plan: unit.plan.name.clone(),
            commit_deletes: deletes,
            has_commit: has_commit(unit.plan),
        };
        self.units.units.iter().map(unit).collect()
    }
}

/// Ids from the first on.
fn id_sequence<I: crate::base::Id>() -> impl Iterator<Item = I> {
    (0..).map(I::from_index)
}
