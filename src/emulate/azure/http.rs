//! The HTTP side: requests in, answers out, with what goes wrong on the way. One request at a time is answered.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::base::limits::STAND_IN_BODY_BYTES_MAX;
use crate::base::words::system;
use crate::source::Diagnostic;
use crate::source::codes::emulate as codes;

use super::answer::{Answer, Refusal, wrong};
use super::ask::Ask;
use super::fault::{self, Fate};
use super::names::guid;
use super::options::{Options, Token};
use super::query::Target;
use super::record::Recorder;
use super::service::Service;
use super::time::http_date;

/// The page that a proxy answers with instead of the service.
const HTML: &str = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>";
/// Reads that a subscription has left, as an answer tells; it never runs out here.
const READS_LEFT: &str = "11999";

/// A stand-in that listens.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    desk: Arc<Mutex<Desk>>,
    url: String,
    warnings: Vec<Diagnostic>,
}

/// What answers requests.
#[derive(Debug)]
struct Desk {
    service: Service,
    recorder: Recorder,
    /// How many requests of the management API came.
    seen: u64,
    /// How many of them ended so.
    calls: BTreeMap<String, u64>,
}

/// Opens the estate and begins to listen; nothing is answered yet.
///
/// # Errors
/// Where it may not or cannot listen, or what its options name cannot be used.
pub async fn serve(options: Options) -> Result<Listening, Vec<Diagnostic>> {
    let refused =
        |message: String, help: &str| vec![Diagnostic::placeless(codes::STAND_IN_LISTEN, message).help(help)];
    let listen = options.listen;
    if !listen.ip().is_loopback() && options.token == Token::Any {
        let message = format!("`{listen}` can be reached from other hosts, and no token is demanded");
        return Err(refused(message, "listen on 127.0.0.1, or name a variable with `--token-from`"));
    }
    let known = |machine: &str| options.inventory.vms.contains_key(machine);
    if let Some(machine) = options.faults.iter().filter_map(fault::Fault::machine).find(|name| !known(name)) {
        let message = format!("a fault names `{machine}`, which is no machine of the estate");
        return Err(vec![
            Diagnostic::placeless(codes::STAND_IN_FAULT, message).help("name one that it lists"),
        ]);
    }
    let recorder = Recorder::open(options.record.as_deref())
        .map_err(|why| refused(format!("the record cannot be written: {why}"), "name another file"))?;
    let service = Service::open(options)?;
    let listener = TcpListener::bind(listen).await;
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|error| {
        refused(
            format!("`{listen}` cannot be listened on: {}", system(&error)),
            "name another port, or 0 for any",
        )
    })?;
    let url = format!("http://{address}{}", service.vault.id());
    let warnings = service.sim.warnings().to_vec();
    let desk = Desk { service, recorder, seen: 0, calls: BTreeMap::new() };
    Ok(Listening { listener, desk: Arc::new(Mutex::new(desk)), url, warnings })
}

impl Listening {
    /// The vault's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is to be said about an estate that was continued: another inventory, another seed.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Answers requests until it is dropped.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn run(self) -> std::io::Result<()> {
        let router = Router::new().fallback(answer).with_state(self.desk);
        axum::serve(self.listener, router).await
    }
}

async fn answer(State(desk): State<Arc<Mutex<Desk>>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, STAND_IN_BODY_BYTES_MAX).await else {
        let message = "The request content is too large, or it broke off.".to_owned();
        let refusal = Refusal { status: 413, code: "RequestContentTooLarge", message };
        return sent(&refusal.into(), None);
    };
    let mut desk = desk.lock().await;
    let slow = fault::slow_ms(&desk.service.faults);
    if slow > 0 {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    let path = parts.uri.path().to_owned();
    let target = Target::of(&path, parts.uri.query());
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if let Some(answer) = desk.sign_in(parts.method.as_str(), &target, &parts.headers, &bytes) {
        return sent(&answer, None);
    }
    let fate = desk.fate(&target);
    match fate {
        Some(Fate::Dropped) => return broken(None),
        Some(Fate::Html) => return html(),
        Some(_) | None => {}
    }
    let body = if bytes.is_empty() { Ok(None) } else { serde_json::from_slice::<Value>(&bytes).map(Some) };
    let ask = Ask {
        method: parts.method.as_str().to_owned(),
        path,
        target,
        host: header("host").unwrap_or_default(),
        client_request_id: header("x-ms-client-request-id"),
        body: body.as_ref().ok().cloned().flatten(),
    };
    let authorization = header("authorization");
    let answered = match (fate.and_then(instead), body) {
        (Some(answer), _) => answer,
        (None, Ok(_)) => desk.answered(&ask, authorization.as_deref()).await.unwrap_or_else(Answer::from),
        (None, Err(_)) => wrong("InvalidRequestContent", "The request content is not JSON.").into(),
    };
    let answer = desk.dressed(answered, ask.method == "GET");
    let whole = parts.uri.path_and_query().map_or(ask.path.as_str(), |whole| whole.as_str());
    desk.recorder.write(&ask.method, whole, ask.body.as_ref(), &answer);
    sent(&answer, fate)
}

impl Desk {
    /// Answers at the sign-in endpoints; none where the request is another one.
    fn sign_in(
        &mut self,
        method: &str,
        target: &Target,
        headers: &HeaderMap,
        bytes: &Bytes,
    ) -> Option<Answer> {
        let path: Vec<String> = target.path.iter().map(|part| part.to_lowercase()).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let now = self.service.time.now();
        match (method, path.as_slice()) {
            ("POST", [_, "oauth2", "v2.0", "token"]) => {
                let form = Target::of("", Some(&String::from_utf8_lossy(bytes))).query;
                Some(self.service.sign_in.token(&form, now))
            }
            ("GET", ["metadata", "identity", "oauth2", "token"]) => {
                let metadata = headers.get("metadata").is_some_and(|value| value.as_bytes() == b"true");
                let answer = self.service.sign_in.identity(metadata, target.value("resource"), now);
                Some(answer.unwrap_or_else(Answer::from))
            }
            _ => None,
        }
    }

    /// Counts a request, and says what becomes of it.
    fn fate(&mut self, target: &Target) -> Option<Fate> {
        let last = target.path.last().map(|last| last.to_lowercase()).unwrap_or_default();
        self.seen += 1;
        let nth = self.calls.entry(last.clone()).or_insert(0);
        *nth += 1;
        fault::fate(&self.service.faults, self.seen, &last, *nth)
    }

    async fn answered(&mut self, ask: &Ask, authorization: Option<&str>) -> Result<Answer, Refusal> {
        self.service.sign_in.check(authorization)?;
        self.service.catch_up().await?;
        self.service.management(ask).await
    }

    /// With the headers that every answer has.
    fn dressed(&self, answer: Answer, is_read: bool) -> Answer {
        let id = guid(&["answer", &self.service.vault.id(), &self.seen.to_string()]);
        let answer = answer
            .with("date", http_date(self.service.time.now()))
            .with("x-ms-request-id", id.clone())
            .with("x-ms-correlation-request-id", id);
        if is_read { answer.with("x-ms-ratelimit-remaining-subscription-reads", READS_LEFT) } else { answer }
    }
}

/// What is answered instead of asking the service.
fn instead(fate: Fate) -> Option<Answer> {
    let refusal =
        |status, code, message: &str| Answer::from(Refusal { status, code, message: message.to_owned() });
    match fate {
        Fate::Throttled => {
            Some(refusal(429, "TooManyRequests", "The request is being throttled.").with("retry-after", "1"))
        }
        Fate::Unavailable => Some(refusal(503, "ServiceUnavailable", "The service is unavailable.")),
        Fate::Forbidden => {
            let message = "The client does not have authorization to perform the action.";
            Some(refusal(403, "AuthorizationFailed", message))
        }
        Fate::Redirected => {
            let nowhere = Answer { status: 307, headers: Vec::new(), body: None };
            Some(nowhere.with("location", "http://127.0.0.1:9/"))
        }
        Fate::Dropped | Fate::Html | Fate::Lost | Fate::Truncated => None,
    }
}

/// What a proxy answers instead of the service.
fn html() -> Response<Body> {
    let page = Response::builder().status(StatusCode::BAD_GATEWAY).header("content-type", "text/html");
    page.body(Body::from(HTML)).unwrap_or_default()
}

/// An answer as HTTP, whole or not.
fn sent(answer: &Answer, fate: Option<Fate>) -> Response<Body> {
    let text = answer.body.as_ref().map(Value::to_string);
    if fate == Some(Fate::Lost) {
        return broken(None);
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value.as_str());
    }
    if text.is_some() {
        response = response.header("content-type", "application/json; charset=utf-8");
    }
    let text = text.unwrap_or_default();
    if fate == Some(Fate::Truncated) {
        let half = text.as_bytes().get(..text.len() / 2).unwrap_or_default();
        let body =
            Broken { length: text.len() as u64, left: Some(Bytes::copy_from_slice(half)), told: false };
        return response.body(Body::new(body)).unwrap_or_default();
    }
    response.body(Body::from(text)).unwrap_or_default()
}

/// An answer whose connection is closed before it is whole.
fn broken(left: Option<Bytes>) -> Response<Body> {
    Response::new(Body::new(Broken { length: 1, left, told: true }))
}

/// A body that ends before its length.
#[derive(Debug)]
struct Broken {
    length: u64,
    left: Option<Bytes>,
    /// What was given had its time to leave.
    told: bool,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        if let Some(left) = self.left.take() {
            return Poll::Ready(Some(Ok(http_body::Frame::data(left))));
        }
        if !self.told {
            self.told = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.length)
    }
}
