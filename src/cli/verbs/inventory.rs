//! `inventory`: what the estate reports now.

use crate::base::Timestamp;
use crate::base::time::format_loss;
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
    let mut rows =
        vec![["machine", "group", "site", "protection", "points", "newest", "age"].map(str::to_owned)];
    rows.extend(inventory.vms.values().map(|machine| row(machine, inventory.now)));
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..7).map(width).collect();
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

/// The age of the newest point is what would be lost now: the RPO as it is.
fn row(machine: &Machine, now: Timestamp) -> [String; 7] {
    let protection = match machine.protection {
        Protection::Protected => "protected",
        Protection::Unprotected => "unprotected",
        Protection::FailedOver => "failed over",
        Protection::Resyncing => "resyncing",
        Protection::Reprotecting => "reprotecting",
    };
    let newest = machine.points.first();
    let or_none = |said: Option<String>| said.unwrap_or_else(|| "-".to_owned());
    [
        machine.name.clone(),
        machine.group.clone().unwrap_or_else(|| "-".to_owned()),
        machine.site.clone(),
        protection.to_owned(),
        machine.points.len().to_string(),
        or_none(newest.map(|point| point.at.to_string())),
        or_none(newest.map(|point| format_loss(now.since(point.at)))),
    ]
}
