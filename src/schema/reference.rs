//! The language reference as Markdown, from the tables alone.

use super::holes;
use super::policies::{ARGUMENTS, ENDS, POLICIES};
use super::provider::{ByDirection, Limits, PROVIDERS, Provider, Whose};
use super::types::{Choice, Key, Kind, Labels, Need, OneOf, Type};

/// The reference of every kind of block, policy, hole and provider.
#[must_use]
pub fn reference() -> String {
    let mut text = Page(String::from("# Reference of the plan language\n\nGenerated from the schema.\n"));
    text.line("\n## Blocks");
    for kind in super::kinds() {
        text.kind(kind);
    }
    text.policies();
    text.holes();
    text.line("\n## Providers");
    for provider in PROVIDERS {
        text.kind(&provider.kind);
        text.provider(provider);
    }
    text.0
}

struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn kind(&mut self, kind: &Kind) {
        let label = match kind.labels {
            Labels::None => "",
            Labels::Name => " NAME",
            Labels::Names => " NAME` or `[NAME, …]",
            Labels::Groups => " [GROUP, GROUP, …]",
        };
        self.line(&format!("\n### `{}{label}`\n\n{}", kind.word, kind.doc));
        if !kind.places.is_empty() {
            let places: Vec<String> = kind.places.iter().map(|place| format!("`{place}`")).collect();
            let once = if kind.labels == Labels::None && !kind.repeats { ", at most once" } else { "" };
            self.line(&format!("Stands in: {}{once}.", places.join(", ")));
        }
        self.line(&format!("\n```muster\n{}\n```", kind.example));
        if !kind.keys.is_empty() || kind.open.is_some() {
            self.line("\n| key | value | if unsaid | meaning |\n|---|---|---|---|");
        }
        for key in kind.keys {
            self.key(key);
        }
        if let Some(open) = &kind.open {
            let names = match open.names {
                super::types::OpenNames::Sites => "*a site*",
                super::types::OpenNames::SitesAndTest => "*a site*, `test`",
                super::types::OpenNames::Words => "*any word*",
            };
            self.line(&format!("| {names} | {} | | {} |", open.ty.wanted(), open.doc));
        }
        match kind.one_of {
            Some(OneOf::Exactly(words)) => self.line(&format!("\nExactly one of {}.", quoted(words))),
            Some(OneOf::AtLeast(words)) => self.line(&format!("\nAt least one of {}.", quoted(words))),
            None => {}
        }
        let inner: Vec<&str> = super::words_in(kind.word).collect();
        if !inner.is_empty() {
            self.line(&format!("\nBlocks inside: {}.", quoted(&inner)));
        }
    }

    fn key(&mut self, key: &Key) {
        let unsaid = match key.need {
            Need::Required => "required".to_owned(),
            Need::Default(text) => format!("`{text}`"),
            Need::Optional(text) => text.to_owned(),
        };
        self.line(&format!("| `{}` | {} | {unsaid} | {} |", key.word, key.ty.wanted(), key.doc));
        for choice in choices(&key.ty) {
            self.line(&format!("| | `{}` | | {} |", choice.word, choice.doc));
        }
    }

    fn policies(&mut self) {
        self.line("\n## Recovery points\n\n| policy | a group's members | a machine outside any group |\n|---|---|---|");
        for policy in POLICIES {
            self.line(&format!("| `{}` | {} | {} |", policy.word, policy.group, policy.vm));
        }
        self.line("\nArguments of every policy:\n\n| key | value | if unsaid | meaning |\n|---|---|---|---|");
        for key in ARGUMENTS {
            self.key(key);
        }
        self.line("\nThe last rung of a ladder may be:\n\n| word | meaning |\n|---|---|");
        for end in ENDS {
            self.line(&format!("| `{}` | {} |", end.word, end.doc));
        }
    }

    fn holes(&mut self) {
        self.line("\n## Holes of texts\n\n| hole | meaning |\n|---|---|");
        for hole in holes::VM {
            self.line(&format!("| `${{VM.{}}}` | {} |", hole.word, hole.doc));
        }
        for hole in holes::RUN {
            self.line(&format!("| `${{run.{}}}` | {} |", hole.word, hole.doc));
        }
        self.line("| `${PARAM}` | the value of a `param` |");
    }

    fn provider(&mut self, provider: &Provider) {
        self.abilities(provider);
        if let Some(other) = provider.variant {
            self.line(&format!("\nWith `{} = {}`:", other.key, other.word));
            self.abilities(&other.provider);
        }
    }

    fn abilities(&mut self, provider: &Provider) {
        let can = &provider.capabilities;
        self.line("\n| it can | |\n|---|---|");
        for (what, fact) in [
            ("failover shuts the source down itself", yes(can.failover_includes_shutdown)),
            ("failover starts the target itself", yes(can.failover_includes_start)),
            ("planned operations", directions(can.planned)),
            ("unplanned operations", directions(can.unplanned)),
            ("final points", directions(can.final_points)),
            ("cancel a failover under way", yes(can.cancel)),
            ("take a point by id", yes(can.chosen_ids)),
            ("fail several machines over by one call", yes(can.batches)),
            ("fail a replication group over by one call only", directions(can.one_call_per_group)),
            ("run scripts in guests", yes(can.guest_scripts)),
            ("isolated networks for tests", yes(can.test_networks)),
            ("fence", yes(can.fencing)),
            ("roll back before commit", yes(can.rollback)),
            ("change the point before commit", directions(can.change_point)),
            ("commit deletes the machines left behind", directions(can.commit_deletes_sources)),
            ("take new points when asked", yes(can.takes_points)),
            ("needs process servers named in `via`", yes(can.process_servers)),
        ] {
            self.line(&format!("| {what} | {fact} |"));
        }
        if !can.untold.is_empty() {
            self.line("\n| it cannot be told | of | in |\n|---|---|---|");
        }
        for untold in can.untold {
            let whose = match untold.whose {
                Whose::Groups => "groups",
                Whose::Machines => "machines outside groups",
            };
            let direction = directions(untold.direction);
            self.line(&format!("| `{}` | {whose} | {direction} |", untold.word));
        }
        let limits = limits(&provider.limits);
        if !limits.is_empty() {
            self.line(&format!("\nLimits: {}.", limits.join(", ")));
        }
    }
}

fn limits(limits: &Limits) -> Vec<String> {
    let counted = [
        (limits.machines_per_plan, "machines in a plan"),
        (limits.group_size, "machines in a replication group"),
        (limits.waves, "waves of starts"),
        (limits.power_on, "machines between power-on and ready at once"),
        (limits.shut_down, "shutdowns at once"),
        (limits.fail_over, "failovers at once"),
    ];
    let mut lines: Vec<String> =
        counted.into_iter().filter_map(|(most, what)| most.map(|most| format!("{most} {what}"))).collect();
    if limits.one_os_per_group_on_failback {
        lines.push("one OS in a group on failback".to_owned());
    }
    lines
}

fn choices(ty: &Type) -> &'static [Choice] {
    match ty {
        Type::Word(choices) => choices,
        Type::Many(one) | Type::List(one) => choices(one),
        Type::Either(types) => types.iter().map(choices).find(|found| !found.is_empty()).unwrap_or(&[]),
        Type::Text
        | Type::Template
        | Type::Given
        | Type::Path
        | Type::Int(..)
        | Type::Duration
        | Type::Time
        | Type::TimeUpTo(_)
        | Type::Size
        | Type::Instant
        | Type::Bool
        | Type::Label
        | Type::Name(_)
        | Type::Ladder
        | Type::Commit
        | Type::Guest
        | Type::Secret
        | Type::Provider
        | Type::Param => &[],
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn yes(fact: bool) -> &'static str {
    if fact { "yes" } else { "no" }
}

fn directions(fact: ByDirection) -> &'static str {
    match (fact.failover, fact.failback) {
        (true, true) => "failover and failback",
        (true, false) => "failover only",
        (false, true) => "failback only",
        (false, false) => "no",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_key_and_provider_is_in_the_reference() {
        let text = reference();
        for kind in crate::schema::kinds().chain(PROVIDERS.iter().map(|provider| &provider.kind)) {
            assert!(text.contains(&format!("### `{}", kind.word)), "{}", kind.word);
            for key in kind.keys {
                assert!(text.contains(&format!("| `{}` |", key.word)), "{}.{}", kind.word, key.word);
            }
        }
    }

    #[test]
    fn places_name_kinds_and_words_are_unique() {
        let words: Vec<&str> = crate::schema::kinds().map(|kind| kind.word).collect();
        let is_provider = |word: &str| PROVIDERS.iter().any(|provider| provider.kind.word == word);
        for kind in crate::schema::kinds() {
            assert_eq!(words.iter().filter(|word| **word == kind.word).count(), 1, "{}", kind.word);
            for place in kind.places {
                let known = *place == "file" || words.contains(place) || is_provider(place);
                assert!(known, "{place}");
            }
            for (index, key) in kind.keys.iter().enumerate() {
                assert!(kind.keys.iter().skip(index + 1).all(|other| other.word != key.word), "{}", key.word);
                assert!(!key.doc.is_empty() && !key.doc.ends_with('.'), "{}.{}", kind.word, key.word);
            }
        }
    }
}
