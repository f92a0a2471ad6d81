//! What the resource manager's refusals and other answers mean: its error body, and pages of HTML that stand
//! in its place.

use serde::Deserialize;

use super::trouble::{Came, Trouble, said};

/// The token was not taken.
pub(super) const UNAUTHENTICATED: &str = "not_signed_in";

/// An error as the resource manager writes it.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<Error>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Error {
    code: Option<String>,
    message: Option<String>,
    details: Option<Vec<Detail>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    code: Option<String>,
    message: Option<String>,
    possible_causes: Option<String>,
    recommended_action: Option<String>,
}

/// Something is wrong with an answer to what may have been done.
pub(super) fn maybe(code: &str, message: String, again: bool) -> Trouble {
    let trouble = if again { Trouble::retry(code, message) } else { Trouble::refused(code, message) };
    Trouble { came: Came::Perhaps, ..trouble }
}

/// An answer that should have been JSON of some shape.
pub(super) fn garbled(what: &str, body: &[u8], error: &serde_json::Error) -> Trouble {
    if is_html(body) {
        return maybe("html", html(what), true);
    }
    let why = crate::base::words::json(error);
    let why = if error.is_eof() { "it ends in the middle".to_owned() } else { why };
    maybe("garbled", format!("the answer to {what} cannot be read: {why}"), true)
}

/// A refusal by its status and body: the service's own code and words.
pub(super) fn refusal(what: &str, status: u16, body: &[u8]) -> Trouble {
    let said_so: Body = serde_json::from_slice(body).unwrap_or_default();
    let error = said_so.error.unwrap_or_default();
    let code = error.code.clone().filter(|code| !code.is_empty()).map(|code| said(&code));
    let own = match (&code, text_of(&error)) {
        (Some(code), text) if !text.is_empty() => format!(": {code}, {text}"),
        (Some(code), _) => format!(": {code}"),
        (None, _) if is_html(body) => {
            ", in HTML: a proxy or a sign-in page may answer in its place".to_owned()
        }
        (None, text) => text,
    };
    let message = format!("{what} was answered with {status}{own}");
    let word = |other: &str| code.clone().unwrap_or_else(|| other.to_owned());
    match status {
        401 => Trouble::refused(
            UNAUTHENTICATED,
            format!("{message}; sign in anew, or see `sign_in` of the provider"),
        ),
        403 => Trouble::refused(
            &word("not_permitted"),
            format!("{message}; give the one who signs in that right"),
        ),
        404 => Trouble::refused(&word("not_found"), message),
        // Nothing was done: it was not let in.
        429 => Trouble::retry("throttled", message),
        408 | 500..=599 => maybe(&word("unavailable"), message, true),
        // Nothing was done; what is in the way is mostly another operation, which ends.
        409 => Trouble::retry(&word("conflict"), message),
        _ => Trouble::refused(&word("refused"), message),
    }
}

fn text_of(error: &Error) -> String {
    let mut parts: Vec<String> = error.message.iter().map(|text| said(text)).collect();
    for detail in error.details.iter().flatten().take(3) {
        let code = detail.code.as_deref().unwrap_or_default();
        let words = [&detail.message, &detail.possible_causes, &detail.recommended_action];
        let words: Vec<String> = words.into_iter().flatten().map(|text| said(text)).collect();
        if !words.is_empty() || !code.is_empty() {
            parts.push(format!("{} {}", said(code), words.join(" ")).trim().to_owned());
        }
    }
    parts.join("; ").trim_end_matches('.').to_owned()
}

fn html(what: &str) -> String {
    format!(
        "{what} was answered with a page of HTML: a proxy or a sign-in page answers in the service's place"
    )
}

fn is_html(body: &[u8]) -> bool {
    let start: Vec<u8> = body.iter().copied().skip_while(u8::is_ascii_whitespace).take(9).collect();
    let start = String::from_utf8_lossy(&start).to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<head")
}

#[cfg(test)]
mod tests {
    use super::{garbled, refusal};
    use crate::estate::azure::trouble::Came;

    #[test]
    fn refusals_keep_the_services_code_and_advice_and_tell_what_may_have_come_about() {
        let body = br#"{"error":{"code":"AuthorizationFailed","message":"The client 'x' does not have authorization."}}"#;
        let trouble = refusal("POST `i/failoverCommit`", 403, body);
        assert_eq!(
            (trouble.code.as_str(), trouble.again, trouble.came),
            ("AuthorizationFailed", false, Came::No)
        );
        assert_eq!(
            trouble.message,
            "POST `i/failoverCommit` was answered with 403: AuthorizationFailed, The client 'x' does not have \
             authorization; give the one who signs in that right"
        );
        let trouble = refusal("GET `x`", 503, b"<html><body>Gateway</body></html>");
        assert_eq!(
            (trouble.code.as_str(), trouble.again, trouble.came),
            ("unavailable", true, Came::Perhaps)
        );
        assert!(trouble.message.ends_with("in HTML: a proxy or a sign-in page may answer in its place"));
        let trouble = refusal("GET `x`", 429, b"");
        assert_eq!((trouble.code.as_str(), trouble.again, trouble.came), ("throttled", true, Came::No));
        let error = serde_json::from_slice::<serde_json::Value>(b"{\"value\":[").unwrap_err();
        assert!(garbled("GET `x`", b"{\"value\":[", &error).message.ends_with("it ends in the middle"));
    }
}
