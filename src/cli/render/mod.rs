//! Diagnostics for people and for programs. Comes in: `source::Diagnostic` and the texts. Goes out:
//! text. Only this folder knows miette.

mod drawn;
pub(super) mod json;
mod lines;
mod plain;

use crate::base::limits::DIAGNOSTICS_SHOWN_MAX;
use crate::base::words::count;
use crate::source::{Diagnostic, Sources};

/// How diagnostics are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// With the source and arrows, for a terminal.
    Drawn {
        /// In colour.
        color: bool,
    },
    /// In sentences, for a screen reader.
    Narrated,
    /// A line a place, for files and pipes.
    Plain,
}

/// A diagnostic that moves no cursor: what it quotes may come from anywhere.
fn harmless(diagnostic: &Diagnostic) -> Diagnostic {
    let mut diagnostic = diagnostic.clone();
    diagnostic.message = clean(&diagnostic.message);
    diagnostic.help = diagnostic.help.as_deref().map(clean);
    for label in &mut diagnostic.labels {
        label.text = clean(&label.text);
    }
    diagnostic
}

/// A text without control characters and marks that turn the direction of what follows.
pub(in crate::cli) fn clean(text: &str) -> String {
    let harms = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harms(c) { '\u{fffd}' } else { c }).collect()
}

/// The first diagnostics whole, the rest as a count, then how many there are of each kind.
#[must_use]
pub fn text(sources: &Sources, diagnostics: &[&Diagnostic], style: Style, width: usize) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(DIAGNOSTICS_SHOWN_MAX) {
        let diagnostic = &harmless(diagnostic);
        match style {
            Style::Drawn { color } => drawn::drawn(&mut out, sources, diagnostic, color, width),
            Style::Narrated => drawn::narrated(&mut out, sources, diagnostic),
            Style::Plain => plain::plain(&mut out, sources, diagnostic),
        }
    }
    let more = diagnostics.len().saturating_sub(DIAGNOSTICS_SHOWN_MAX);
    if more > 0 {
        out.push_str("and ");
        out.push_str(&more.to_string());
        out.push_str(" more; `muster check --format json` prints all\n");
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    if diagnostics.len() > 1 {
        let counts: Vec<String> = [(errors, "error"), (warnings, "warning")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| count(number, noun))
            .collect();
        out.push_str(&counts.join(", "));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::codes::command::OPTION_UNREADABLE;
    use crate::source::{Source, Span};

    const STYLES: [Style; 4] =
        [Style::Drawn { color: true }, Style::Drawn { color: false }, Style::Narrated, Style::Plain];

    #[test]
    fn places_past_the_end_and_inside_a_character_are_drawn_at_the_nearest_one() {
        let mut sources = Sources::default();
        let long = format!("plan x {{ }}\n{}\nüü", "y".repeat(5000));
        let files =
            ["", "x", "ü\r\nü\n", long.as_str()].map(|text| sources.add(Source::new("a.muster", text)));
        for file in files {
            for (start, end) in [(0, 0), (0, 1), (1, 2), (1, 9000), (5000, 5013), (9000, 9000)] {
                let wrong =
                    Diagnostic::error(OPTION_UNREADABLE, "it is `wrong`", Span::new(file, start, end))
                        .labelled("here")
                        .at(Span::new(file, end, end), "and there")
                        .help("write another");
                for style in STYLES {
                    let text = text(&sources, &[&wrong], style, 100);
                    assert!(text.contains("it is `wrong`") && text.contains("MP0706"), "{text}");
                }
            }
        }
    }

    #[test]
    fn labels_of_other_files_are_shown_with_their_own_source() {
        let mut sources = Sources::default();
        let one = sources.add(Source::new("one.muster", "vm a { }\n"));
        let two = sources.add(Source::new("two.muster", "vm b { }\n"));
        let wrong = Diagnostic::error(OPTION_UNREADABLE, "twice", Span::new(one, 3, 4))
            .at(Span::new(two, 3, 4), "first here");
        for style in STYLES {
            let text = text(&sources, &[&wrong], style, 100);
            assert!(text.contains("one.muster") && text.contains("two.muster"), "{text}");
        }
    }

    #[test]
    fn what_is_past_the_limit_is_counted() {
        let sources = Sources::default();
        let wrong = Diagnostic::placeless(OPTION_UNREADABLE, "it is wrong");
        let all = vec![&wrong; DIAGNOSTICS_SHOWN_MAX + 3];
        let text = text(&sources, &all, Style::Plain, 100);
        assert_eq!(text.matches("it is wrong").count(), DIAGNOSTICS_SHOWN_MAX);
        assert!(text.contains("and 3 more") && text.ends_with("23 errors\n"), "{text}");
    }

    #[test]
    fn columns_count_characters_however_the_places_are_ordered() {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("a.muster", "üü x\nüy z\n"));
        let at = |start, end| Diagnostic::error(OPTION_UNREADABLE, "w", Span::new(file, start, end));
        let found = [at(5, 6), at(0, 2), at(10, 11), at(9, 10)];
        let json = serde_json::to_value(json::list(&sources, &found)).unwrap();
        let place = |index: usize| {
            let label = &json[index]["labels"][0];
            (label["line"].as_u64(), label["column"].as_u64())
        };
        let wanted = [(1, 4), (1, 1), (2, 3), (2, 2)].map(|(line, column)| (Some(line), Some(column)));
        assert_eq!([0, 1, 2, 3].map(place), wanted);
    }
}
