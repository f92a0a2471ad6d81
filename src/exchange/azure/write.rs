//! The text of a plan that was drawn from a recovery plan, in canonical form.

use crate::format::format;
use crate::model::{Mode, Operation};

use super::names::literal;
use super::sketch::{Approval, Block, Machine, Sketch, Station};

/// Characters of a comment's line.
const LINE: usize = 90;

/// The text of a plan.
pub(super) fn text(sketch: &Sketch) -> String {
    let mut text = String::new();
    head(sketch, &mut text);
    for block in &sketch.blocks {
        self::block(sketch, block, &mut text);
    }
    for approval in &sketch.approvals {
        self::approval(approval, &mut text);
    }
    order(&sketch.order, &mut text);
    comment(
        &mut text,
        "Azure commits when somebody says so, and no recovery plan protects machines again. To do both from \
         here, put `commit` and `reprotect` at the end of the order and name the process servers: \
         `reprotect { via { … } }`.",
    );
    text.push_str("commit { policy = manual }\n}\n");
    match format(&text) {
        Ok(formatted) => formatted,
        // INVARIANT: every name is a word and every text a literal, so that what is written can be read.
        Err(error) => crate::bug!("an imported plan cannot be formatted: {error:?}\n{text}"),
    }
}

fn head(sketch: &Sketch, text: &mut String) {
    let head = &sketch.head;
    comment(text, &format!("Imported from the recovery plan `{}` of Azure Site Recovery.", head.from));
    if let Some(id) = &head.id {
        comment(text, id);
    }
    for remark in &sketch.remarks {
        comment(text, &sentence(remark));
    }
    let [(home, home_name), (away, away_name)] = &head.sites;
    let appliance = if head.is_classic { ", appliance = classic" } else { "" };
    let (subscription, group, vault) =
        (literal(&head.subscription), literal(&head.resource_group), literal(&head.vault));
    text.push('\n');
    line(text, &format!("estate {} {{", head.estate));
    line(text, &format!("sites = [{home}, {away}]"));
    line(
        text,
        &format!(
            "provider = {} {{\nsubscription = {subscription}\nresource_group = {group}\nvault = {vault}{appliance}\n}}",
            super::PROVIDER
        ),
    );
    for (word, name) in [(home, home_name), (away, away_name)] {
        if let Some(name) = name {
            line(text, &format!("site {word} {{ name = {} }}", literal(name)));
        }
    }
    text.push_str("}\n\n");
    if !sketch.approvals.is_empty() {
        comment(text, "Azure lets whoever may resume the job go on. Name here who may answer.");
        text.push_str("role operator { members = anyone }\n\n");
    }
    line(text, &format!("plan {} {{", head.plan));
    line(text, &format!("estate = {}", head.estate));
    comment(text, "A recovery plan names no point; whoever starts it picks one.");
    text.push_str("point = latest_processed\n\n");
}

fn block(sketch: &Sketch, block: &Block, text: &mut String) {
    let kind = if block.is_group { "group" } else { "tier" };
    line(text, &format!("{kind} {} {{", block.name));
    if let Some(name) = &block.estate_name {
        line(text, &format!("name = {}", literal(name)));
    }
    if block.is_group {
        // A classic failback cannot be told another common point.
        let common = if sketch.head.is_classic { "common_app" } else { "common" };
        line(text, &format!("point = {common}"));
    }
    for machine in &block.machines {
        self::machine(machine, text);
    }
    text.push_str("}\n\n");
}

fn machine(machine: &Machine, text: &mut String) {
    let name = machine.estate_name.as_ref().map(|name| format!("name = {}", literal(name)));
    let os = machine.os.as_ref().map(|os| format!("os = {os}"));
    let inside: Vec<String> = name.into_iter().chain(os).collect();
    line(text, &format!("vm {} {{ {} }}", machine.name, inside.join(", ")));
}

fn approval(approval: &Approval, text: &mut String) {
    line(text, &format!("approve {} {{", approval.name));
    line(text, &format!("prompt = {}", literal(&approval.prompt)));
    text.push_str("by = operator\nwithin = 24h\nif_late = keep_waiting\n");
    if approval.when.operations.len() < 3 {
        let words: Vec<&str> = approval.when.operations.iter().map(|it| Operation::word(*it)).collect();
        line(text, &format!("operations = [{}]", words.join(", ")));
    }
    if !approval.when.modes.is_empty() {
        let words: Vec<&str> = approval.when.modes.iter().map(|it| Mode::word(*it)).collect();
        line(text, &format!("modes = [{}]", words.join(", ")));
    }
    text.push_str("}\n\n");
}

/// One chain with what is only said between its stations. One station alone needs no order.
fn order(order: &[Station], text: &mut String) {
    let stations = order.iter().filter(|station| !matches!(station, Station::Comment(_))).count();
    let is_chain = stations > 1;
    if is_chain {
        text.push_str("order {\n");
    }
    let mut is_first = true;
    for station in order {
        let name = match station {
            Station::Comment(says) => {
                comment(text, &sentence(says));
                continue;
            }
            Station::Wave(blocks) => match blocks.as_slice() {
                [one] => one.clone(),
                several => format!("[{}]", several.join(", ")),
            },
            Station::Step(step) => step.clone(),
        };
        if is_chain {
            line(text, &format!("{}{name}", if is_first { "" } else { "-> " }));
        }
        is_first = false;
    }
    if is_chain {
        text.push_str("}\n");
    }
    text.push('\n');
}

fn line(text: &mut String, says: &str) {
    text.push_str(says);
    text.push('\n');
}

/// A remark as a sentence by itself.
fn sentence(says: &str) -> String {
    let mut letters = says.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A comment, broken into lines at spaces.
fn comment(text: &mut String, says: &str) {
    let mut width = 0;
    for word in says.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + length < LINE {
            text.push(' ');
        } else {
            text.push_str(if width > 0 { "\n# " } else { "# " });
            width = 0;
        }
        text.push_str(word);
        width += length + 1;
    }
    text.push('\n');
}
