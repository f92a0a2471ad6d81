//! Paths and queries as they come in a request line. Pure.

use super::answer::{Refusal, wrong};

/// A request's target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target {
    /// The path's segments as they were written, decoded.
    pub(super) path: Vec<String>,
    /// The query's pairs, decoded.
    pub(super) query: Vec<(String, String)>,
}

impl Target {
    /// Of a request line's target.
    pub(super) fn of(path: &str, query: Option<&str>) -> Self {
        let path = path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(part, false)).collect();
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(name, true), decoded(value, true))
            })
            .collect();
        Self { path, query }
    }

    /// A value of the query; names compare without case.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The version asked for.
    ///
    /// # Errors
    /// None is named.
    pub(super) fn api_version(&self) -> Result<&str, Refusal> {
        self.value("api-version").filter(|version| !version.is_empty()).ok_or_else(|| {
            let message = "The api-version query parameter (?api-version=) is required for all requests.";
            wrong("MissingApiVersionParameter", message)
        })
    }
}

/// Comparisons of a `$filter`: `a eq 'b' and c eq 'd'`. What is no such comparison is left out. (i) Which
/// names the service knows is not in the description.
pub(super) fn comparisons(filter: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = filter;
    while let Some((left, right)) = rest.split_once(" eq ") {
        let name = left.split(|c: char| c.is_whitespace() || c == '(').next_back().unwrap_or_default();
        let right = right.trim_start();
        let Some(quoted) = right.strip_prefix('\'') else {
            rest = right;
            continue;
        };
        let Some((value, after)) = quoted.split_once('\'') else { break };
        found.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    found
}

/// A text as the query of an URL holds it.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

fn decoded(text: &str, in_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) if in_query => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_decoded_and_its_names_compare_without_case() {
        let target = Target::of("/a%20b/c", Some("api-version=2024-04-01&%24filter=x%20eq+'y'"));
        assert_eq!(target.path, ["a b", "c"]);
        assert_eq!(target.value("$FILTER"), Some("x eq 'y'"));
        assert_eq!(target.api_version(), Ok("2024-04-01"));
        assert_eq!(decoded(&encoded("x eq 'ü'"), true), "x eq 'ü'");
    }

    #[test]
    fn comparisons_are_found_among_others() {
        let found = comparisons("StartTime gt 5 and (JobStatus eq 'Failed') and RecoveryPlanName eq 'night'");
        let expected = [("JobStatus", "Failed"), ("RecoveryPlanName", "night")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
