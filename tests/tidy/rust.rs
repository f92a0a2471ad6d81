//! Rust text with its comments and literals blanked, so that a rule sees code and nothing else. Every
//! line keeps its number. Not a parser: it knows comments, texts, raw texts and characters.

/// The code of `text`: what stands in comments, texts and characters is blank.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<char> = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        if end == at {
            at += 1;
            continue;
        }
        for blank in out.iter_mut().take(end).skip(at).filter(|char| **char != '\n') {
            *blank = ' ';
        }
        at = end;
    }
    out.into_iter().collect()
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none does.
fn token_end(chars: &[char], at: usize) -> usize {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or(' ');
    match (next(0), next(1)) {
        ('/', '/') => find(chars, at, |rest| rest.starts_with(&['\n'])),
        ('/', '*') => block_end(chars, at),
        ('"', _) => text_end(chars, at + 1),
        ('r', '"' | '#') if !word_before(chars, at) => raw_end(chars, at),
        ('\'', '\\') => find(chars, at + 3, |rest| rest.starts_with(&['\''])) + 1,
        ('\'', _) if next(2) == '\'' => at + 3,
        _ => at,
    }
}

fn word_before(chars: &[char], at: usize) -> bool {
    // `br"…"` is a raw text too.
    at.checked_sub(1)
        .and_then(|before| chars.get(before))
        .is_some_and(|c| (c.is_alphanumeric() || *c == '_') && *c != 'b')
}

fn find(chars: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| chars.get(*at..).is_some_and(&is_end)).unwrap_or(chars.len())
}

fn block_end(chars: &[char], at: usize) -> usize {
    find(chars, at + 2, |rest| rest.starts_with(&['*', '/'])) + 2
}

fn text_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while let Some(char) = chars.get(at).filter(|char| **char != '"') {
        at += if *char == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars.iter().skip(at + 1).take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at; // A raw word such as `r#type`.
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    (find(chars, at + 2 + hashes, |rest| rest.starts_with(&end)) + end.len()).min(chars.len())
}

/// A function: its name, its first line (from 1) and how many lines it has.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// Every function with a body in blanked code.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        if code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String =
            code[start + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(end) = body_end(code, start).filter(|_| !name.is_empty()) else { continue };
        let line = code[..start].matches('\n').count() + 1;
        found.push(Function { name, line, lines: code[start..end].matches('\n').count() + 1 });
    }
    found
}

/// Where the body of what begins at `start` ends; `None` for a declaration without one.
fn body_end(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut inside = 0_usize;
    for (at, char) in code[start..].char_indices() {
        match char {
            '(' | '[' => inside += 1,
            ')' | ']' => inside = inside.checked_sub(1)?,
            ';' if depth == 0 && inside == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && inside == 0 {
                    return Some(start + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Every word that stands right after `prefix` in blanked code; of `prefix{a, b::c}` each first word.
pub(crate) fn words_after(code: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices(prefix) {
        if code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[start + prefix.len()..];
        match rest.strip_prefix('{') {
            None => found.push(first_word(rest)),
            Some(group) => found.extend(group_heads(group)),
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut heads = vec![first_word(group)];
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(first_word(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let text = "let a = \"x // \\\" y\"; // z\nlet b = 'q'; /* r\n*/ let c: &'static str = r#\"s\"t\"#; b\"u\" '\\''";
    let kept: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(kept.join(" "), "let a = ; let b = ; let c: &'static str = ; b");
    assert_eq!(code(text).matches('\n').count(), text.matches('\n').count());
}

#[test]
fn functions_are_found_with_their_lines() {
    let code = "trait T { fn none(&self) -> [u8; 2]; }\nfn one() {\n  if a { b }\n}\n";
    let found: Vec<(String, usize, usize)> =
        functions(code).into_iter().map(|it| (it.name, it.line, it.lines)).collect();
    assert_eq!(found, [("one".to_owned(), 2, 3)]);
}

#[test]
fn grouped_imports_show_every_head() {
    let found =
        words_after("use crate::{base::{Id, Span}, model}; crate::point::choose; mycrate::no", "crate::");
    assert_eq!(found, ["base", "model", "point"]);
}
