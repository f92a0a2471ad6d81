//! One call of the service: signed, bounded in size and time, sent to one host only, tried again where nothing
//! can have come of it. Knows no resource.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, Response, StatusCode, Url, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::base::time::format_duration;
use crate::base::{Clock, SystemClock, Timestamp, limits};

use super::arm;
use super::sign_in::Tokens;
use super::trouble::{Came, Trouble, said};

/// The version of the API that every call names: the one that all of this was written for.
const API_VERSION: &str = "2024-04-01";
/// A difference of clocks that makes tokens fail.
const SKEW: Duration = Duration::from_secs(300);

/// Where nobody answers, no try begins after this.
const SOON: Duration = Duration::from_secs(5);
/// Nobody answers.
const UNREACHABLE: &str = "unreachable";

/// An answer whose status says that it went well.
#[derive(Debug)]
pub(super) struct Answer {
    /// 200, 201, 202 or 204.
    pub(super) status: u16,
    /// When to ask again, where it says so.
    pub(super) after: Option<Duration>,
    /// The job of what was accepted.
    pub(super) location: Option<String>,
    /// The operation of what was accepted.
    pub(super) operation: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    /// The body, as what it has to be.
    pub(super) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, Trouble> {
        serde_json::from_slice(&self.body).map_err(|error| arm::garbled(what, &self.body, &error))
    }

    /// The job that what was accepted became, where the answer says so.
    pub(super) fn job(&self) -> Option<String> {
        self.location.as_deref().and_then(super::ready::job_in)
    }

    /// That a call that was done at once is answered with a resource, and not by somebody else with a page.
    pub(super) fn is_of_a_resource(&self, what: &str) -> Result<(), Trouble> {
        if self.status == 204 || self.body.is_empty() {
            return Ok(());
        }
        self.read::<super::wire::Resource<serde::de::IgnoredAny>>(&format!("`{what}`")).map(drop)
    }

    /// Whether there is a body.
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }
}

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    http: reqwest::Client,
    endpoint: Url,
    tokens: Tokens,
    /// How far the service's clock is ahead of this host's, in nanoseconds, as its last answer told.
    ahead: Mutex<i64>,
}

impl Service {
    /// A service at an address; one signs in when it is first called.
    pub(super) const fn new(http: reqwest::Client, endpoint: Url, tokens: Tokens) -> Self {
        Self { http, endpoint, tokens, ahead: Mutex::new(0) }
    }

    /// The service's time, by this host's clock and the difference that its last answer showed.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::from_nanos(SystemClock.now().as_nanos().saturating_add(ahead))
    }

    /// Reads. Tried again for a while where the service is not to be had.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, Trouble> {
        self.tries(&Asked { method: Method::GET, path, body: None, id: None }).await
    }

    /// Asks for something, under a request id by which its job is known. Sent again only where the service says
    /// that it did nothing.
    pub(super) async fn post<B: Serialize>(
        &self,
        path: &str,
        body: Option<&B>,
        id: &str,
    ) -> Result<Answer, Trouble> {
        self.send(Method::POST, path, body, Some(id)).await
    }

    /// Writes a resource. Harmless to repeat.
    pub(super) async fn put<B: Serialize>(&self, path: &str, body: &B) -> Result<Answer, Trouble> {
        self.send(Method::PUT, path, Some(body), None).await
    }

    async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        id: Option<&str>,
    ) -> Result<Answer, Trouble> {
        let body = match body.map(serde_json::to_vec).transpose() {
            Ok(body) => body,
            Err(error) => crate::bug!("a request does not serialize: {error}"),
        };
        self.tries(&Asked { method, path, body, id }).await
    }

    /// Tries a call until it is answered for good or its time is over.
    async fn tries(&self, asked: &Asked<'_>) -> Result<Answer, Trouble> {
        let (soon, until) = (Instant::now() + SOON, Instant::now() + limits::AZURE_TRIES_MAX);
        let (mut pause, mut fresh) = (Duration::from_secs(1), false);
        loop {
            let trouble = match self.one(asked, fresh).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            // A token that the service does not take any more is got anew, once.
            if trouble.code == arm::UNAUTHENTICATED && !fresh {
                fresh = true;
                continue;
            }
            let harmless = trouble.came == Came::No || asked.method != Method::POST;
            let wait = trouble.after.unwrap_or(pause);
            // Nobody there is soon clear, and whoever asked asks again.
            let until = if trouble.code == UNREACHABLE { soon } else { until };
            if !trouble.again || !harmless || Instant::now() + wait > until {
                return Err(trouble);
            }
            tokio::time::sleep(wait).await;
            pause = pause.saturating_mul(2);
        }
    }

    /// One try.
    async fn one(&self, asked: &Asked<'_>, fresh: bool) -> Result<Answer, Trouble> {
        let token = self.tokens.get(fresh).await?;
        let url = self.url(asked.path)?;
        let what = asked.what();
        let mut request =
            self.http.request(asked.method.clone(), url).header(header::ACCEPT, "application/json");
        if let Some(id) = asked.id {
            request = request.header("x-ms-client-request-id", id);
        }
        match &asked.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
            }
            // Azure's front door wants a length of whatever may have a body.
            None if asked.method == Method::POST => {
                request = request.header(header::CONTENT_LENGTH, 0);
            }
            None => {}
        }
        let request = request.bearer_auth(token.show());
        let tried = async {
            let response = request.send().await.map_err(|error| self.unsent(&what, &error))?;
            self.answer(&what, response).await
        };
        let lost = || Trouble {
            came: Came::Perhaps,
            ..Trouble::retry(
                "no_answer",
                format!("no answer to {what} within {}", format_duration(limits::AZURE_TRY_MAX)),
            )
        };
        tokio::time::timeout(limits::AZURE_TRY_MAX, tried).await.unwrap_or_else(|_| Err(lost()))
    }

    /// The answer, or what is wrong with it.
    async fn answer(&self, what: &str, mut response: Response) -> Result<Answer, Trouble> {
        let status = response.status();
        let text = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let after = text("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let after = after.map(|after| after.min(limits::AZURE_AGAIN_MAX));
        let at = text("date").and_then(|date| Timestamp::from_http_date(&date));
        let (location, operation) = (text("location"), text("azure-asyncoperation"));
        self.note_time(at);
        if status.is_redirection() {
            return Err(self.redirected(what, location.as_deref()));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() + chunk.len() <= limits::AZURE_BODY_BYTES_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    return Err(arm::maybe(
                        "too_long",
                        format!("the answer to {what} is longer than 32 MiB"),
                        false,
                    ));
                }
                Err(_) => {
                    return Err(arm::maybe("cut_off", format!("the answer to {what} broke off"), true));
                }
            }
        }
        if status.is_success() {
            return Ok(Answer { status: status.as_u16(), after, location, operation, body });
        }
        let mut trouble = arm::refusal(what, status.as_u16(), &body);
        trouble.after = after;
        trouble.status = Some(status.as_u16());
        if status == StatusCode::UNAUTHORIZED {
            trouble.message.push_str(&self.skew());
        }
        Err(trouble)
    }

    /// A call that was not answered: whether it can have arrived.
    fn unsent(&self, what: &str, error: &reqwest::Error) -> Trouble {
        let host = self.endpoint.host_str().unwrap_or_default();
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let message = format!("{what} of `{host}` got no answer: {}", said(&cause.to_string()));
        let came = if error.is_connect() || error.is_builder() { Came::No } else { Came::Perhaps };
        Trouble { came, ..Trouble::retry(UNREACHABLE, message) }
    }

    fn redirected(&self, what: &str, location: Option<&str>) -> Trouble {
        let host = self.endpoint.host_str().unwrap_or_default();
        let to = location.and_then(|to| self.endpoint.join(to).ok());
        let to = to.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
        Trouble::refused(
            "redirected",
            format!(
                "`{host}` answers {what} with a redirect to `{}`, which is not followed: the token is for `{host}` alone",
                said(to)
            ),
        )
    }

    /// What to say of clocks that differ so much that tokens fail.
    fn skew(&self) -> String {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let apart = Duration::from_nanos(ahead.unsigned_abs());
        if apart < SKEW {
            return String::new();
        }
        let way = if ahead > 0 { "behind" } else { "ahead of" };
        let apart = format_duration(Duration::from_secs(apart.as_secs()));
        format!("; this host's clock is {apart} {way} the service's: set it first")
    }

    fn note_time(&self, at: Option<Timestamp>) {
        if let Some(at) = at {
            let ahead = at.as_nanos().saturating_sub(SystemClock.now().as_nanos());
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
        }
    }

    /// The address of a path of ours, or of a link of the service's: its own host and no other.
    fn url(&self, path: &str) -> Result<Url, Trouble> {
        let elsewhere = |what: &str| {
            let shown = path.split('?').next().unwrap_or_default();
            Trouble::refused("elsewhere", format!("the service names `{}`, {what}", said(shown)))
        };
        let mut url = self.endpoint.join(path).map_err(|_| elsewhere("which is no address"))?;
        let ours = |url: &Url| {
            (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default())
        };
        if ours(&url) != ours(&self.endpoint) {
            return Err(elsewhere("which is on another host than the service; the token is not sent there"));
        }
        if !url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("api-version")) {
            url.query_pairs_mut().append_pair("api-version", API_VERSION);
        }
        Ok(url)
    }
}

/// What is asked.
struct Asked<'a> {
    method: Method,
    path: &'a str,
    body: Option<Vec<u8>>,
    id: Option<&'a str>,
}

impl Asked<'_> {
    /// ``POST `…/vm1/failoverCommit` ``: the end of the path, which tells what it is about.
    fn what(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let mut parts: Vec<&str> = path.rsplit('/').take(2).collect();
        parts.reverse();
        format!("{} `{}`", self.method, said(&parts.join("/")))
    }
}
