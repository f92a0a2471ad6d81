//! `inventory`: what the estate reports now.

use crate::base::words::count;
use crate::cli::args::{Format, InventoryArgs};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::estate::any::Purpose;
use crate::inventory::{Inventory, Machine, Protection, to_text};

/// Asks the estate and prints its answer.
pub(in crate::cli) fn run(context: &Context, args: &InventoryArgs) -> Result<Exit, Failure> {
    let plan = pipeline::sound(&args.plan)?;
    let estate = pipeline::open(context, &pipeline::estate_spec(&plan.plan), Purpose::Look)?;
    let inventory = pipeline::inventory(context, &plan.plan.estate.name, &estate)?;
    match args.output.format {
        Format::Json => Console::print(&to_text(&inventory))?,
        Format::Text => Console::print_clean(&text(&inventory))?,
    }
    Ok(Exit::Done)
}

fn text(inventory: &Inventory) -> String {
    let mut rows = vec![["machine", "group", "site", "protection", "points", "newest"].map(str::to_owned)];
    rows.extend(inventory.vms.values().map(row));
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = format!(
        "{} at {}, {}\n",
        count(inventory.vms.len(), "machine"),
        inventory.now,
        inventory.sites.join(" and "),
    );
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(machine: &Machine) -> [String; 6] {
    let protection = match machine.protection {
        Protection::Protected => "protected",
        Protection::Unprotected => "unprotected",
        Protection::FailedOver => "failed over",
        Protection::Resyncing => "resyncing",
        Protection::Reprotecting => "reprotecting",
    };
    let newest = machine.points.first().map_or_else(|| "-".to_owned(), |point| point.at.to_string());
    [
        machine.name.clone(),
        machine.group.clone().unwrap_or_else(|| "-".to_owned()),
        machine.site.clone(),
        protection.to_owned(),
        machine.points.len().to_string(),
        newest,
    ]
}
