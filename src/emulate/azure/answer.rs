//! What a request is answered with, and the shapes of refusals. (i) The description declares no error body for the
//! calls of our cycle: the envelope is ARM's, the codes are the stand-in's own wherever ARM has none.

use serde_json::{Value, json};

/// An answer, before it becomes HTTP.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

/// A request that is answered with an error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Answer {
    /// Done, with a body.
    pub(super) const fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// One more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let body = json!({ "error": { "code": refusal.code, "message": refusal.message } });
        Self { status: refusal.status, headers: Vec::new(), body: Some(body) }
    }
}

/// The request is wrong in itself.
pub(super) fn wrong(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status: 400, code, message: message.into() }
}

/// A field that the description requires is not there, or is none of its words.
pub(super) fn bad_field(message: impl Into<String>) -> Refusal {
    wrong("InvalidParameter", message)
}

/// What is named is not there.
pub(super) fn not_found(what: &str) -> Refusal {
    Refusal { status: 404, code: "ResourceNotFound", message: format!("{what} was not found.") }
}

/// It cannot be done as things stand.
pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status: 409, code, message: message.into() }
}
