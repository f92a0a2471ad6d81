//! `points`: the forecast for each group and machine with its certificate. Only reads.

use crate::base::words::{count, did_you_mean};
use crate::cli::args::{PointsArgs, PointsFormat, WantedArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline::{self, Sound};
use crate::cli::verbs::prove;
use crate::estate::any::Purpose;
use crate::graph::Units;
use crate::inventory::{Inventory, read_file};
use crate::model::Ladder;
use crate::point::{AlignRequest, Member, Pending, Subject, forecast, json, picture, text};
use crate::source::codes::command as codes;

/// Prints what would be chosen now.
pub(in crate::cli) fn run(context: &Context, args: &PointsArgs) -> Result<Exit, Failure> {
    let Sound { plan, sources, warnings } = pipeline::sound(&args.plan)?;
    context.console.show(&sources, &warnings);
    if args.verify && args.format == PointsFormat::Svg {
        let (message, help) =
            ("of what `--verify` finds there is no picture", "say `--format text` or `json`");
        return Err(Failure::said(Exit::Usage, codes::OPTION_UNREADABLE, message, help));
    }
    if args.verify {
        let estate = pipeline::open(context, &pipeline::estate_spec(&plan), Purpose::Look)?;
        return context.runtime()?.block_on(prove::prove(context, pipeline::disks(&estate)?, args.format));
    }
    let inventory = match &args.inventory {
        Some(path) => read_file(&path.display().to_string(), path)
            .map_err(|diagnostics| Failure::placeless(Exit::InputWrong, diagnostics))?,
        None => {
            let estate = pipeline::open(context, &pipeline::estate_spec(&plan), Purpose::Look)?;
            pipeline::inventory(context, &plan.estate.name, &estate)?
        }
    };
    let (ladders, _sources) = pipeline::ladders(&args.wanted, sources)?;
    let units = Units::whole(&plan);
    let subjects = subjects(&units, &ladders, &args.wanted, &inventory)?;
    let aligns = aligns(&units);
    let reference = args.wanted.lost_at.unwrap_or(inventory.now);
    let forecast = forecast(&subjects, &aligns, &inventory, reference);
    match args.format {
        PointsFormat::Json => Console::print_json(&json::document(&subjects, &forecast, inventory.now))?,
        PointsFormat::Text => Console::print_clean(&text::render(&forecast))?,
        PointsFormat::Svg => Console::print(&picture::svg(&subjects, &forecast, &inventory))?,
    }
    Ok(Exit::Done)
}

/// Every group and lone machine with the ladder in force.
fn subjects(
    units: &Units<'_>,
    said: &[(Option<String>, Ladder)],
    wanted: &WantedArgs,
    inventory: &Inventory,
) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for (id, subject) in units.subjects.iter_enumerated() {
        let of_this =
            |(name, _): &&(Option<String>, Ladder)| name.as_deref().is_none_or(|name| name == subject.name);
        let replaced = said.iter().rev().find(of_this).map(|(_, ladder)| ladder);
        let Some(mut ladder) = replaced.or_else(|| units.ladder(id)).cloned() else { continue };
        if let Some(as_of) = wanted.as_of {
            for rung in &mut ladder.rungs {
                rung.as_of = Some(rung.as_of.map_or(as_of, |own| own.min(as_of)));
            }
        }
        let members = subject.members.iter().map(|vm| Member {
            vm: *vm,
            name: units.vm_name(*vm),
            estate_name: units.vm(*vm).estate_name.clone(),
        });
        subjects.push(Subject {
            name: subject.name.clone(),
            members: members.collect(),
            group: subject.group.is_some(),
            ladder,
            pending: Pending::ToCome,
        });
    }
    let known: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    if let Some(unknown) =
        said.iter().filter_map(|(name, _)| name.as_deref()).find(|name| !known.contains(name))
    {
        let message = format!("`--point` names `{unknown}`, which is no group and no machine outside any");
        let help = did_you_mean(unknown, known)
            .unwrap_or_else(|| format!("the estate reports {}", count(inventory.vms.len(), "machine")));
        return Err(Failure::said(Exit::Usage, codes::OPTION_UNREADABLE, message, help));
    }
    Ok(subjects)
}

fn aligns(units: &Units<'_>) -> Vec<AlignRequest> {
    let mut requests = Vec::new();
    for unit in &units.units {
        for align in &unit.plan.aligns {
            let name = |id| format!("{}{}", unit.prefix, unit.plan.groups.at(id).name);
            let groups = align.groups.iter().map(|id| name(*id)).collect();
            requests.push(AlignRequest { groups, within: align.within });
        }
    }
    requests
}
