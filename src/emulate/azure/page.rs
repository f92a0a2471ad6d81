//! Lists in pages, with a link to the next one.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, wrong};
use super::ask::Ask;
use super::query::encoded;

/// One page of a list of entries that are made when they are shown.
///
/// # Errors
/// The request's token is none that a page was linked with.
pub(super) fn page<T>(
    ask: &Ask,
    size: usize,
    entries: &[T],
    show: impl FnMut(&T) -> Value,
) -> Result<Answer, Refusal> {
    let from = match ask.target.value("skipToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => place(token)?,
    };
    let shown: Vec<Value> = entries.iter().skip(from).take(size).map(show).collect();
    let next = from.saturating_add(size);
    let link = (next < entries.len()).then(|| link(ask, next));
    Ok(Answer::ok(json!({ "value": shown, "nextLink": link })))
}

fn place(token: &str) -> Result<usize, Refusal> {
    let place = token.strip_prefix("from:").and_then(|digits| digits.parse().ok());
    place.ok_or_else(|| wrong("InvalidSkipToken", format!("The skip token '{token}' is not valid.")))
}

fn link(ask: &Ask, next: usize) -> String {
    let others = ask.target.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("skipToken"));
    let pairs = others.map(|(name, value)| format!("{}={}&", encoded(name), encoded(value)));
    format!("{}?{}skipToken={}", ask.url(), pairs.collect::<String>(), encoded(&format!("from:{next}")))
}
