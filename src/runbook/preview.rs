//! A runbook for people, at 3 a.m. and on paper: what it does, to which points, who is asked, what is
//! lost, what cannot be taken back. At most 100 columns.

mod steps;

use std::fmt::Write as _;

use crate::base::time::{format_duration, format_duration_short, format_loss};
use crate::base::words::count;
use crate::inventory::PointKind;
use crate::model::{CommitPolicy, Mode, Operation, RoleMembers};

use super::{Act, Lane, Runbook, Subject, longest};

/// Columns of a line.
const WIDTH: usize = 100;

/// The text of a runbook.
#[must_use]
pub fn preview(runbook: &Runbook) -> String {
    let mut page = Page::default();
    head(&mut page, runbook);
    warnings(&mut page, runbook);
    points(&mut page, runbook);
    approvals(&mut page, runbook);
    steps::write(&mut page, runbook);
    commit(&mut page, runbook);
    left_out(&mut page, runbook);
    page.text
}

/// A text that grows by lines of at most `WIDTH` columns.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// One line; what is too long goes on below, indented by `indent` more than the line itself.
    pub(super) fn line(&mut self, line: &str, indent: usize) {
        let own = line.len() - line.trim_start_matches(' ').len();
        let mut out = String::new();
        let mut columns = 0;
        for (index, word) in line.trim_start_matches(' ').split(' ').enumerate() {
            let wide = word.chars().count();
            if index == 0 {
                out.push_str(&" ".repeat(own));
                columns = own;
            } else if columns + 1 + wide > WIDTH {
                out.push('\n');
                out.push_str(&" ".repeat(own + indent));
                columns = own + indent;
            } else {
                out.push(' ');
                columns += 1;
            }
            out.push_str(word);
            columns += wide;
        }
        self.text.push_str(out.trim_end());
        self.text.push('\n');
    }

    /// A heading with an empty line before it.
    pub(super) fn heading(&mut self, words: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(words, 0);
    }

    /// Rows in columns as wide as their widest cell, the last one free.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let inner = rows.iter().filter(|row| column + 1 < row.len()).filter_map(|row| row.get(column));
            inner.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            let mut line = String::from("  ");
            for (column, cell) in row.iter().enumerate() {
                let pad = if column + 1 == row.len() { 0 } else { widths.get(column).copied().unwrap_or(0) };
                let fill = pad.saturating_sub(cell.chars().count());
                let gap = if column + 1 == row.len() { "" } else { "  " };
                // Writing to a text cannot fail.
                write!(line, "{cell}{}{gap}", " ".repeat(fill)).unwrap_or_default();
            }
            self.line(line.trim_end(), 4);
        }
    }
}

fn head(page: &mut Page, runbook: &Runbook) {
    let what = capital(&runbook.what());
    let (source, target) = (site(&runbook.source), site(&runbook.target));
    let way = match runbook.operation {
        Operation::Test => format!("copies come up at {target}; the machines at {source} go on running"),
        Operation::Failover | Operation::Failback => format!("from {source} to {target}"),
    };
    page.line(&format!("{what} of {}: {way}", runbook.plan), 2);
    if !runbook.doc.is_empty() {
        page.line(&runbook.doc.replace('\n', " "), 0);
    }
    let source_side = match runbook.mode {
        Some(Mode::Planned) => {
            "both sites up: sources are shut down first, and the first error stops the run"
        }
        Some(Mode::Unplanned) => {
            "sources are shut down where they can be reached; errors there do not stop the run"
        }
        Some(Mode::Forced) => "the source is never contacted",
        None => "production is not touched",
    };
    let mut rows = vec![
        vec!["estate".to_owned(), format!("{} ({})", runbook.estate.name, runbook.estate.provider)],
        vec!["source".to_owned(), source_side.to_owned()],
        vec!["machines".to_owned(), count(runbook.machines.len(), "machine")],
        vec!["compiled at".to_owned(), runbook.compiled_at.whole_second().to_string()],
    ];
    if let Some(lost) = runbook.lost_at {
        rows.push(vec!["lost at".to_owned(), format!("{lost}: age and loss count from here")]);
    }
    let limits: Vec<String> = [
        ("power on", runbook.limits.power_on),
        ("shut down", runbook.limits.shut_down),
        ("fail over", runbook.limits.fail_over),
    ]
    .into_iter()
    .filter_map(|(what, limit)| limit.map(|limit| format!("{what} {limit} at once")))
    .collect();
    if !limits.is_empty() {
        rows.push(vec!["limits".to_owned(), limits.join(", ")]);
    }
    for (name, value) in &runbook.params {
        rows.push(vec![format!("param {name}"), value.clone()]);
    }
    objectives(&mut rows, runbook);
    rows.push(vec!["digest".to_owned(), runbook.digest().to_string()]);
    page.table(&rows);
}

fn objectives(rows: &mut Vec<Vec<String>>, runbook: &Runbook) {
    if let Some(rpo) = runbook.objective.rpo {
        let worst = runbook.subjects.iter().filter_map(worst_loss).max();
        let worst = worst.map_or_else(String::new, |loss| format!(", forecast {}", format_loss(loss)));
        rows.push(vec!["RPO".to_owned(), format!("{}{worst}", format_duration(rpo))]);
    }
    let (bound, path) = longest(runbook);
    let names: Vec<&str> = path.iter().map(|id| runbook.nodes.at(*id).name.as_str()).collect();
    let shown = match names.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        [first, .., last] => format!(": {first} … {last}"),
    };
    let bound = format!("{} if every step takes its limit{shown}", format_duration_short(bound));
    match runbook.objective.rto {
        Some(rto) => rows.push(vec!["RTO".to_owned(), format!("{}, at most {bound}", format_duration(rto))]),
        None => rows.push(vec!["longest".to_owned(), bound]),
    }
}

fn worst_loss(subject: &Subject) -> Option<std::time::Duration> {
    subject.forecast.iter().flat_map(|forecast| &forecast.points).map(|point| point.loss).max()
}

fn warnings(page: &mut Page, runbook: &Runbook) {
    if runbook.warnings.is_empty() {
        return;
    }
    page.heading("BEFORE YOU APPROVE");
    for warning in &runbook.warnings {
        page.line(&format!("  ! {warning}"), 2);
    }
}

fn points(page: &mut Page, runbook: &Runbook) {
    let when = match runbook.mode {
        Some(Mode::Planned) => "RECOVERY POINTS, as of now; a final point is taken after the shutdown",
        Some(Mode::Unplanned | Mode::Forced) | None => "RECOVERY POINTS, as of now; bound in the run",
    };
    page.heading(when);
    let mut rows = Vec::new();
    for subject in &runbook.subjects {
        let said = if subject.overridden { " (said on the command line)" } else { "" };
        let Some(forecast) = &subject.forecast else {
            rows.push(vec![
                subject.name.clone(),
                format!("{}{said}: a person is asked in prepare", subject.ladder),
            ]);
            continue;
        };
        let set = forecast.set.as_ref().map_or_else(String::new, |set| format!(", set {set}"));
        let rung = if forecast.rung == 0 { String::new() } else { format!(", rung {}", forecast.rung + 1) };
        if subject.group.is_some() {
            rows.push(vec![subject.name.clone(), format!("{}{said}{rung}{set}", forecast.policy)]);
        }
        for point in &forecast.points {
            let name = &runbook.machines.at(point.vm).name;
            let indent = if subject.group.is_some() { "  " } else { "" };
            let policy = if subject.group.is_some() {
                String::new()
            } else {
                format!("{}{said}{rung}", forecast.policy)
            };
            let kind = match point.kind {
                PointKind::Crash => "crash",
                PointKind::App => "app",
                PointKind::Final => "final",
            };
            let mut row =
                vec![format!("{indent}{name}"), point.point.clone(), kind.to_owned(), point.at.to_string()];
            row.push(format!("loses {}", format_loss(point.loss)));
            row.push(policy);
            rows.push(row);
        }
    }
    page.table(&rows);
    for align in &runbook.aligns {
        let names: Vec<&str> =
            align.subjects.iter().map(|id| runbook.subjects.at(*id).name.as_str()).collect();
        let within = format_duration(align.within);
        page.line(
            &format!(
                "  {} lie within {within} of each other: near in time, not write-order consistent",
                names.join(", ")
            ),
            2,
        );
    }
}

fn approvals(page: &mut Page, runbook: &Runbook) {
    let mut rows = Vec::new();
    for node in &runbook.nodes {
        let Act::Approve(approve) = &node.act else { continue };
        let who = match runbook.roles.get(&approve.by).map(|role| &role.members) {
            Some(RoleMembers::People(people)) => format!("{} ({})", approve.by, people.join(", ")),
            Some(RoleMembers::Anyone) => format!("{} (anyone)", approve.by),
            None => approve.by.clone(),
        };
        let quorum = if approve.quorum > 1 { format!("{} of ", approve.quorum) } else { String::new() };
        let within = format!("within {}", format_duration(approve.within));
        rows.push(vec![node.name.clone(), node.phase.word().to_owned(), format!("{quorum}{who}"), within]);
    }
    if !rows.is_empty() {
        page.heading("WHO IS ASKED");
        page.table(&rows);
    }
}

fn commit(page: &mut Page, runbook: &Runbook) {
    let gates = runbook.nodes.iter().filter(|node| node.lane == Lane::Forward);
    let gates: Vec<_> = gates
        .filter_map(|node| if let Act::CommitGate(gate) = &node.act { Some((node, gate)) } else { None })
        .collect();
    if gates.is_empty() {
        return;
    }
    page.heading("NO WAY BACK");
    for (node, gate) in gates {
        let how = match (&gate.policy, gate.gated) {
            (CommitPolicy::Gated, true) => "goes on when its gates have passed".to_owned(),
            (CommitPolicy::Gated, false) | (CommitPolicy::Manual, _) => {
                "waits for `muster commit`".to_owned()
            }
            (CommitPolicy::Auto(after), _) => {
                format!("goes on by itself {} after the window opened", format_duration(*after))
            }
            (CommitPolicy::Rollback(after), _) => {
                format!("is rolled back by itself {} after the window opened", format_duration(*after))
            }
        };
        page.line(&format!("  `{}` {how}; every other recovery point is dropped then", node.name), 2);
        let names: Vec<&str> = gate.vms.iter().map(|vm| runbook.machines.at(*vm).name.as_str()).collect();
        if gate.deletes_sources {
            let what = count(names.len(), "machine");
            let at = site(&runbook.source);
            page.line(&format!("  DELETES {what} left behind at {at}: {}", names.join(", ")), 2);
        }
    }
}

fn left_out(page: &mut Page, runbook: &Runbook) {
    if runbook.left_out.is_empty() {
        return;
    }
    page.heading("LEFT OUT");
    for left in &runbook.left_out {
        let after = if left.dependants.is_empty() {
            String::new()
        } else {
            format!("; after it by arrows: {}", left.dependants.join(", "))
        };
        page.line(&format!("  {}: {}{after}", left.vm, left.reason), 2);
    }
}

/// `azure`, or `azure (westeurope)` where the estate has another name.
fn site(site: &super::Site) -> String {
    if site.name == site.estate_name {
        site.name.clone()
    } else {
        format!("{} ({})", site.name, site.estate_name)
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
