//! Pages of text: paragraphs, tables and colour within a width. What comes from outside is freed of
//! control characters here, so that no message of an estate or script can move a terminal's cursor.

use std::time::Duration;

use crate::base::Timestamp;
pub(super) use crate::base::words::{clean, clip, quoted};
use crate::event::Person;

/// Whether colours are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// As ANSI sequences.
    On,
    /// Not at all.
    Off,
}

/// How text is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Columns; kept between 40 and 100, for nobody reads longer lines.
    pub width: usize,
    /// Colours.
    pub colour: Colour,
}

impl Look {
    /// Without colour, 100 columns.
    pub const PLAIN: Self = Self { width: 100, colour: Colour::Off };
}

/// The colours in use, by what they mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Paint {
    Heading,
    Good,
    Bad,
    Attention,
    Dim,
}

/// The text, in a colour if colours are on.
pub(super) fn paint(colour: Colour, paint: Paint, text: &str) -> String {
    let code = match paint {
        Paint::Heading => "1",
        Paint::Good => "32",
        Paint::Bad => "31",
        Paint::Attention => "33",
        Paint::Dim => "2",
    };
    match colour {
        Colour::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Colour::Off => text.to_owned(),
    }
}

/// The colour of a state's word.
pub(super) fn paint_of_state(word: &str) -> Paint {
    match word {
        "completed" | "succeeded" => Paint::Good,
        "failed" | "halted" | "interrupted" | "timed-out" => Paint::Bad,
        "waiting" | "paused" | "completed-with-exceptions" | "rolled-back" | "unknown" => Paint::Attention,
        _ => Paint::Heading,
    }
}

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

/// The text with spaces up to `width`.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(chars(text))))
}

/// The words of a text in lines of at most `width`; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in clean(text).split_whitespace() {
        let long = chars(word);
        if used > 0 && used + 1 + long > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += long;
    }
    if used > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Text that grows line by line.
#[derive(Debug)]
pub(super) struct Page {
    out: String,
    look: Look,
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Self { out: String::new(), look: Look { width: look.width.clamp(40, 100), ..look } }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// A line as it is: a command to type is never broken.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        let line = format!("{}{}", " ".repeat(indent), clean(text));
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A heading, after an empty line.
    pub(super) fn heading(&mut self, text: &str) {
        let text = paint(self.look.colour, Paint::Heading, &clean(text));
        self.out.push('\n');
        self.out.push_str(&text);
        self.out.push('\n');
    }

    /// A paragraph; later lines stand two columns further in.
    pub(super) fn text(&mut self, indent: usize, text: &str) {
        self.after("", indent, text);
    }

    /// A paragraph that begins with a painted word.
    pub(super) fn state(&mut self, word: &str, rest: &str) {
        let text = if rest.is_empty() { word.to_owned() } else { format!("{word}: {rest}") };
        let lines = wrap(&text, self.look.width.saturating_sub(2));
        for (index, line) in lines.iter().enumerate() {
            let line = match line.strip_prefix(word) {
                Some(rest) if index == 0 => {
                    format!("{}{rest}", paint(self.look.colour, paint_of_state(word), word))
                }
                Some(_) | None => format!("  {line}"),
            };
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }

    /// A paragraph that hangs behind a label.
    pub(super) fn after(&mut self, label: &str, indent: usize, text: &str) {
        let label = clean(label);
        let hang = if label.is_empty() { indent + 2 } else { indent + chars(&label) + 1 };
        let room = self.look.width.saturating_sub(hang).max(20);
        for (index, line) in wrap(text, room).iter().enumerate() {
            if index > 0 {
                self.line(hang, line);
            } else if label.is_empty() {
                self.line(indent, line);
            } else {
                self.line(indent, &format!("{label} {line}"));
            }
        }
    }

    /// Rows in aligned columns, two spaces apart; the last column hangs. Empty columns are left out.
    pub(super) fn table(&mut self, indent: usize, head: &[&str], rows: &[Vec<String>]) {
        let used: Vec<usize> = (0..head.len())
            .filter(|column| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let Some((last, rest)) = used.split_last() else { return };
        let cell = |row: &Vec<String>, column: usize| row.get(column).map_or_else(String::new, |c| clean(c));
        let titles: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
        let titled = head.iter().any(|title| !title.is_empty());
        let all: Vec<&Vec<String>> = titled.then_some(&titles).into_iter().chain(rows).collect();
        let widths: Vec<usize> = rest
            .iter()
            .map(|column| all.iter().map(|row| chars(&cell(row, *column))).max().unwrap_or(0).min(40))
            .collect();
        let hang = indent + widths.iter().map(|width| width + 2).sum::<usize>();
        let room = self.look.width.saturating_sub(hang).max(20);
        for row in all {
            let mut text = String::new();
            for (column, width) in rest.iter().zip(&widths) {
                text.push_str(&pad(&clip(&cell(row, *column), *width), *width));
                text.push_str("  ");
            }
            for (index, line) in wrap(&cell(row, *last), room).iter().enumerate() {
                if index == 0 {
                    self.line(indent, &format!("{text}{line}"));
                } else {
                    self.line(hang, line);
                }
            }
        }
    }
}

/// An instant for people: to the second, in UTC.
pub(super) fn instant(at: Timestamp) -> String {
    Timestamp::from_seconds(at.as_nanos().div_euclid(1_000_000_000)).to_string()
}

/// The day of an instant.
pub(super) fn day(at: Timestamp) -> String {
    instant(at).chars().take(10).collect()
}

/// The time of day, and the day where it is not that of `near`.
pub(super) fn time_near(at: Timestamp, near: Timestamp) -> String {
    if day(at) == day(near) { format!("{}Z", at.time_of_day()) } else { instant(at) }
}

/// A duration as a JSON number of seconds, whole where it is.
pub(super) fn seconds(duration: Duration) -> serde_json::Number {
    if duration.subsec_nanos() == 0 {
        return duration.as_secs().into();
    }
    let millis = duration.as_secs_f64();
    serde_json::Number::from_f64((millis * 1000.0).round() / 1000.0)
        .unwrap_or_else(|| duration.as_secs().into())
}

/// A person: the name, and how much it is worth.
pub(super) fn person(by: &Person) -> String {
    if by.verified {
        format!("`{}`", by.name)
    } else {
        format!("`{}` (claimed by OS user `{}`)", by.name, by.os_user)
    }
}
