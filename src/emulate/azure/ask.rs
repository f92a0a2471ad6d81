//! A request as the service reads it.

use serde_json::Value;

use super::query::Target;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// `GET`, `POST`, …
    pub(super) method: String,
    /// The path as it was written.
    pub(super) path: String,
    pub(super) target: Target,
    /// The header `Host`, from which links are made.
    pub(super) host: String,
    /// `x-ms-client-request-id`, where the client names its request.
    pub(super) client_request_id: Option<String>,
    pub(super) body: Option<Value>,
}

impl Ask {
    /// Its own URL without the query.
    pub(super) fn url(&self) -> String {
        self.link(&self.path)
    }

    /// A path as a link.
    pub(super) fn link(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }
}
