//! English for messages: plurals, lists, the nearest known name, and text that is safe on a terminal or in a
//! shell.

/// `1 machine`, `2 machines`. The plural adds an `s`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `a`, `a` and `b`, `a`, `b` and `c`: each in backticks; past `most` names, `and 3 more`.
#[must_use]
pub fn list<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let quoted: Vec<String> = names.iter().take(most).map(|name| format!("`{}`", name.as_ref())).collect();
    let more = names.len().saturating_sub(most);
    match (quoted.split_last(), more) {
        (None, _) => String::new(),
        (Some(_), 1..) => format!("{} and {more} more", quoted.join(", ")),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
    }
}

/// As `list`, with `or`.
#[must_use]
pub fn either<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let quoted: Vec<String> = names.iter().take(most).map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// `a role`, `an estate`.
#[must_use]
pub fn a(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// What the system says of a failure, without its number and without a capital.
#[must_use]
pub fn system(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What is wrong with a JSON text, with its place: the parser's words without those of our types.
#[must_use]
pub fn json(error: &serde_json::Error) -> String {
    let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(place.as_str()).unwrap_or(&text).trim_end_matches('.');
    let what = match text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: ")) {
        Some(rest) => rest.replacen(", expected ", " stands in the place of ", 1),
        None => {
            text.replacen(", expected one of ", "; known are ", 1).replacen(", expected ", "; known is ", 1)
        }
    };
    let ours = [
        (" map", " object"),
        (" sequence", " list"),
        (" string", " text"),
        (" u16", " a whole number"),
        (" u32", " a whole number"),
        (" u64", " a whole number"),
        (" f64", " a number"),
    ];
    let what = ours.iter().fold(what, |what, (theirs, ours)| what.replace(theirs, ours));
    if error.line() == 0 { what } else { format!("line {}, column {}: {what}", error.line(), error.column()) }
}

/// The known names nearest to `wrong` within a small edit distance: none, one, or two if tied.
#[must_use]
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let most = (wrong.chars().count() / 3).clamp(1, 3);
    let mut best = most + 1;
    let mut found: Vec<&str> = Vec::new();
    for name in known {
        if name.len().abs_diff(wrong.len()) > most * 4 {
            continue;
        }
        let distance = strsim::osa_distance(wrong, name);
        if distance < best {
            best = distance;
            found.clear();
        }
        if distance == best && distance <= most && !found.contains(&name) {
            found.push(name);
        }
    }
    if found.len() > 2 { Vec::new() } else { found }
}

/// The help for a misspelt name: ``did you mean `max_age`?``.
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    match nearest(wrong, known).as_slice() {
        [] => None,
        [one] => Some(format!("did you mean `{one}`?")),
        [one, two, ..] => Some(format!("did you mean `{one}` or `{two}`?")),
    }
}

/// A text on one line, without control characters.
#[must_use]
pub fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    spaced.trim_end().to_owned()
}

/// Controls, and the marks that turn the direction of what follows.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text as it may stand in an element or in a quoted attribute of HTML or XML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in clean(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// The text cut to `width`, with a mark that it was.
#[must_use]
pub fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// An argument as a shell takes it.
#[must_use]
pub fn quoted(argument: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '=' | ':' | '@' | '+' | ',');
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", clean(argument).replace('\'', "'\\''"))
    }
}

/// One line of at most `most` characters, without characters that nobody sees or that move others.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let seen = |c: char| if is_unseen(c) { ' ' } else { c };
    let clean: String = text.chars().map(seen).collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    let mut line: String = words.join(" ");
    if let Some((cut, _)) = line.char_indices().nth(most) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

/// Whether a character shows nothing, or moves others.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
