//! A line of a provider's program, taken apart: bounded in depth, valid JSON, every member of the object
//! once. Keeps the text of an answer as it was written, for its reader to judge. Knows no call.

use serde::Deserialize as _;
use serde::de::IgnoredAny;

use crate::base::limits;

use super::message::{Level, Wrong};

/// A line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Line<'a> {
    /// For the log.
    Log(Level, String),
    /// The answer to the call of this number: the text of `ok`, or what is wrong.
    Answer(u64, Result<&'a str, Wrong>),
}

/// Takes a line apart.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn read(line: &[u8]) -> Result<Line<'_>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())?;
    let members = members(text.trim())?;
    let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let only = |allowed: &[&str]| {
        let strange = members.iter().find(|(name, _)| !allowed.contains(&name.as_str()));
        strange.map_or(Ok(()), |(name, _)| Err(format!("has an unknown field `{name}`")))
    };
    if let Some(said) = member("log") {
        only(&["log", "level"])?;
        let level = member("level").map_or(Ok(Level::Info), typed)?;
        return Ok(Line::Log(level, typed(said)?));
    }
    only(&["id", "ok", "error"])?;
    let id = typed(member("id").ok_or("has neither `id` nor `log`")?)?;
    match (member("ok"), member("error")) {
        (Some(ok), None) => Ok(Line::Answer(id, Ok(ok))),
        (None, Some(error)) => Ok(Line::Answer(id, Err(typed(error)?))),
        (Some(_), Some(_)) => Err("has both `ok` and `error`".to_owned()),
        (None, None) => Err("has neither `ok` nor `error`".to_owned()),
    }
}

/// A text as a value of a type of the protocol.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn typed<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        let why = error.to_string();
        format!("is no answer of the protocol: {}", why.split(" at line ").next().unwrap_or(&why))
    })
}

/// The members of the object that `text` is, each with the text of its value.
fn members(text: &str) -> Result<Vec<(String, &str)>, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    if IgnoredAny::deserialize(&mut json).and_then(|_| json.end()).is_err() {
        return Err("is not JSON".to_owned());
    }
    if !text.starts_with('{') {
        return Err("is no JSON object".to_owned());
    }
    // Approach: the text is valid JSON from here on, so brackets and quotes alone tell where a member ends.
    let mut found: Vec<(String, &str)> = Vec::new();
    let (mut depth, mut begin, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    let mut name: Option<String> = None;
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            (quoted, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        let piece = text.get(begin..at).unwrap_or_default().trim();
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limits::DEPTH_MAX {
                    return Err(format!("is nested deeper than {}", limits::DEPTH_MAX));
                }
                begin = if depth == 1 { at + 1 } else { begin };
            }
            b':' if depth == 1 => (name, begin) = (serde_json::from_str(piece).ok(), at + 1),
            b',' | b'}' if depth == 1 => {
                if let Some(name) = name.take() {
                    if found.iter().any(|(known, _)| *known == name) {
                        return Err(format!("has the field `{name}` twice"));
                    }
                    found.push((name, piece));
                }
                begin = at + 1;
                depth -= usize::from(byte == b'}');
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_the_text_of_its_value() {
        let line = br#" { "id" : 7 , "ok" : {"a":[1,{"b":"x\"}\\"}],"c":null} } "#;
        assert_eq!(read(line), Ok(Line::Answer(7, Ok(r#"{"a":[1,{"b":"x\"}\\"}],"c":null}"#))));
        assert_eq!(
            read(br#"{"log":"hello","level":"warning"}"#),
            Ok(Line::Log(Level::Warning, "hello".to_owned()))
        );
        let refused = br#"{"id":1,"error":{"kind":"refused","code":"no","message":"never"}}"#;
        assert!(matches!(read(refused), Ok(Line::Answer(1, Err(Wrong::Refused { .. })))));
    }

    #[test]
    fn what_is_no_message_is_said() {
        let deep = format!("{{\"id\":1,\"ok\":{}{}}}", "[".repeat(100), "]".repeat(100));
        for (line, says) in [
            ("", "is not JSON"),
            ("connecting", "is not JSON"),
            ("{\"id\":1,\"ok\":{}", "is not JSON"),
            ("{\"id\":1} {\"id\":2}", "is not JSON"),
            ("[1]", "is no JSON object"),
            ("{}", "has neither `id` nor `log`"),
            ("{\"id\":1}", "has neither `ok` nor `error`"),
            ("{\"id\":-1,\"ok\":{}}", "is no answer of the protocol"),
            ("{\"id\":1,\"ok\":{},\"error\":{}}", "has both"),
            ("{\"id\":1,\"id\":2,\"ok\":{}}", "has the field `id` twice"),
            ("{\"id\":1,\"okay\":{}}", "has an unknown field `okay`"),
            ("{\"id\":1,\"error\":{\"kind\":\"bad\"}}", "unknown variant `bad`"),
            ("{\"log\":\"a\",\"id\":3}", "has an unknown field `id`"),
            (&deep as &str, "is nested deeper than 64"),
        ] {
            let found = read(line.as_bytes()).unwrap_err();
            assert!(found.contains(says), "{line}: {found}");
        }
        assert_eq!(read(b"{\"log\":\"\xff\"}"), Err("is not UTF-8".to_owned()));
    }
}
