//! Names of the language for names of anyone's: a word where it is one, else the nearest word, and no word twice.

use std::collections::{HashMap, HashSet};

use crate::base::Id as _;
use crate::schema;
use crate::source::FileId;
use crate::syntax::parse;

/// Characters of a word that is made. Longer ones say no more to whoever reads them.
const LONGEST: usize = 60;

/// Words that are given out, each once.
#[derive(Debug)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// The last number that was put to a word, so that a thousand of one name are not counted again each time.
    numbers: HashMap<String, u32>,
}

impl Names {
    /// With the words of the language taken.
    pub(super) fn new() -> Self {
        let words = schema::RESERVED_NODES.iter().chain(schema::RESERVED_SITES);
        Self { taken: words.map(|word| (*word).to_owned()).collect(), numbers: HashMap::new() }
    }

    /// The word nearest to a name; `or` where nothing of the name can stand in one.
    pub(super) fn word(&mut self, name: &str, or: &str) -> String {
        let near = near(name, or);
        let number = self.numbers.entry(near.clone()).or_insert(1);
        let mut word = near.clone();
        while !self.taken.insert(word.clone()) {
            *number += 1;
            word = format!("{near}_{number}");
        }
        word
    }
}

/// The word nearest to a name.
fn near(name: &str, or: &str) -> String {
    let word = joined(name, or, char::is_alphanumeric);
    if is_word(&word) {
        return word;
    }
    let word = joined(name, or, |sign| sign.is_ascii_alphanumeric());
    // `true` is a value and no name.
    if is_word(&word) { word } else { format!("{or}-{word}") }
}

/// Runs of letters, digits and underscores, with one dash between two of them.
fn joined(name: &str, or: &str, takes: impl Fn(char) -> bool) -> String {
    let parts = name.split(|sign: char| sign != '_' && !takes(sign)).filter(|part| !part.is_empty());
    let word: String = parts.collect::<Vec<_>>().join("-").chars().take(LONGEST).collect();
    let word = word.trim_end_matches('-');
    if word.is_empty() {
        or.to_owned()
    } else if word.starts_with(|first: char| first.is_numeric()) {
        format!("{or}-{word}")
    } else {
        word.to_owned()
    }
}

/// Whether the language takes a text as a word.
pub(super) fn is_word(text: &str) -> bool {
    let plain = !text.is_empty() && text.chars().all(|sign| sign.is_alphanumeric() || "_-".contains(sign));
    plain && parse(FileId::from_index(0), &format!("tier {text} {{ }}\n")).diagnostics.is_empty()
}

/// A text literal of the language.
pub(super) fn literal(text: &str) -> String {
    let mut made = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '"' => made.push_str("\\\""),
            '\\' => made.push_str("\\\\"),
            '\n' => made.push_str("\\n"),
            '\t' => made.push_str("\\t"),
            '$' if rest.next_if_eq(&'{').is_some() => made.push_str("\\${"),
            sign if is_unseen(sign) => made.extend(sign.escape_unicode()),
            sign => made.push(sign),
        }
    }
    made.push('"');
    made
}

/// Controls, and marks that turn the direction of what follows: written by their numbers, so that a reader sees them.
fn is_unseen(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words_and_no_word_is_given_twice() {
        let mut names = Names::new();
        let of = |names: &mut Names, name: &str| names.word(name, "vm");
        assert_eq!(of(&mut names, "SQL 01.contoso.com"), "SQL-01-contoso-com");
        assert_eq!(of(&mut names, "sql01"), "sql01");
        assert_eq!(of(&mut names, "sql01"), "sql01_2");
        assert_eq!(of(&mut names, "8f-1"), "vm-8f-1");
        assert_eq!(of(&mut names, "büro"), "büro");
        assert_eq!(of(&mut names, "²"), "vm");
        assert_eq!(of(&mut names, "--"), "vm_2");
        assert_eq!(of(&mut names, "commit"), "commit_2");
        assert_eq!(of(&mut names, "true"), "vm-true");
    }

    #[test]
    fn a_text_of_anything_is_one_literal() {
        assert_eq!(literal("a \"b\" \\ ${c} $d $"), "\"a \\\"b\\\" \\\\ \\${c} $d $\"");
        assert_eq!(literal("a\nb\r\u{202e}"), "\"a\\nb\\u{d}\\u{202e}\"");
    }
}
