//! Microsoft's own ways to sign in, over the provider's own connection: so that where one signs in is a setting,
//! nothing is redirected, and every wait has an end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::{
    AsyncRawResponse, Body, ClientMethodOptions, ClientOptions, HttpClient, Request, RetryOptions, Transport,
    headers::Headers,
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use reqwest::Url;
use tokio::sync::Mutex;

use crate::base::{Clock, SystemClock, Timestamp, limits};
use crate::source::Diagnostic;
use crate::source::codes::vault as codes;

use super::assertion::Certificate;
use super::settings::{AzureOptions, Hidden, SignIn};
use super::sign_in::Ways;
use super::trouble::{Trouble, said};

/// An answer to a sign-in in bytes: a token has some thousand.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A token is got anew this long before it ends.
const EARLY: Duration = Duration::from_secs(300);

/// A token and when it ends.
struct Got {
    token: Hidden,
    until: Timestamp,
}

/// Where one signs in, and for what.
#[derive(Clone, Debug)]
struct Places {
    authority: Url,
    identity: Url,
    /// `https://management.azure.com/.default`
    scope: String,
}

/// One way of signing in.
pub(super) struct Identity {
    sign_in: SignIn,
    certificate: Option<Certificate>,
    places: Places,
    http: reqwest::Client,
    /// To managed identities, through no proxy.
    near: reqwest::Client,
    kept: Mutex<Option<Got>>,
}

impl Identity {
    /// # Errors
    /// A certificate or key that cannot be used.
    pub(super) fn new(options: &AzureOptions, (http, near): Ways<'_>) -> Result<Self, Diagnostic> {
        let sign_in = &options.sign_in;
        let places = Places {
            authority: options.authority.clone(),
            identity: options.identity_endpoint.clone(),
            scope: format!("{}/.default", options.endpoint.as_str().trim_end_matches('/')),
        };
        let certificate = match sign_in {
            SignIn::Certificate(application, pem) => {
                let audience = places.authority.join(&format!("{}/oauth2/v2.0/token", application.tenant));
                let audience = audience.map(String::from).unwrap_or_default();
                let read = Certificate::read(pem, &application.client, audience);
                Some(read.map_err(|why| {
                    Diagnostic::placeless(
                        codes::SETTINGS,
                        format!("`client_certificate` of the provider {why}"),
                    )
                    .help("give it as PEM: the certificate, and the RSA key that belongs to it, unencrypted")
                })?)
            }
            SignIn::ManagedIdentity(_) | SignIn::Secret(..) | SignIn::AzureCli(_) | SignIn::Token(_) => None,
        };
        Ok(Self {
            sign_in: sign_in.clone(),
            certificate,
            places,
            http: http.clone(),
            near: near.clone(),
            kept: Mutex::new(None),
        })
    }

    /// A token, kept until shortly before it ends; a fresh one where the last was not taken.
    pub(super) async fn token(&self, fresh: bool) -> Result<Hidden, Trouble> {
        let mut kept = self.kept.lock().await;
        let lasts = |got: &&Got| !fresh && SystemClock.now().plus(EARLY) < got.until;
        if let Some(got) = kept.as_ref().filter(lasts) {
            return Ok(got.token.clone());
        }
        let got = self.get().await?;
        let token = got.token.clone();
        *kept = Some(got);
        Ok(token)
    }

    /// Signs in.
    async fn get(&self) -> Result<Got, Trouble> {
        let asked = async { self.credential()?.get_token(&[&self.places.scope], None).await };
        let token = tokio::time::timeout(limits::AZURE_TRY_MAX, asked).await;
        let failed = |why: String, again: bool| {
            let message = format!("signing in with `{}` failed: {why}", self.word());
            if again { Trouble::retry("sign_in", message) } else { Trouble::refused("sign_in", message) }
        };
        match token {
            Err(_) => Err(failed("no answer in time".to_owned(), true)),
            Ok(Err(error)) => {
                let again = is_passing(&error);
                Err(failed(words_of(&error), again))
            }
            Ok(Ok(got)) => Ok(Got {
                token: Hidden::new(got.token.secret().to_owned()),
                until: Timestamp::from_seconds(got.expires_on.unix_timestamp()),
            }),
        }
    }

    const fn word(&self) -> &'static str {
        match self.sign_in {
            SignIn::ManagedIdentity(_) => "managed_identity",
            SignIn::Secret(..) => "client_secret",
            SignIn::Certificate(..) => "client_certificate",
            SignIn::AzureCli(_) => "azure_cli",
            SignIn::Token(_) => "token",
        }
    }

    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match &self.sign_in {
            SignIn::ManagedIdentity(client) => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client.clone().map(UserAssignedId::ClientId),
                    client_options: self.options(),
                }))?
            }
            SignIn::Secret(application, secret) => ClientSecretCredential::new(
                &application.tenant,
                application.client.clone(),
                secret.show().to_owned().into(),
                Some(ClientSecretCredentialOptions { client_options: self.options() }),
            )?,
            SignIn::Certificate(application, _) => ClientAssertionCredential::new(
                application.tenant.clone(),
                application.client.clone(),
                Asserted(self.certificate.clone()),
                Some(ClientAssertionCredentialOptions { client_options: self.options() }),
            )?,
            SignIn::AzureCli(tenant) => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: tenant.clone(),
                ..AzureCliCredentialOptions::default()
            }))?,
            SignIn::Token(_) => crate::bug!("a token in hand is not signed in for"),
        })
    }

    fn options(&self) -> ClientOptions {
        let mut custom = CustomConfiguration::default();
        // What the library wants of an authority; where the call goes is `Way`'s to say.
        custom.authority_host = "https://login.microsoftonline.com".to_owned();
        ClientOptions {
            transport: Some(Transport::new(Arc::new(Way {
                http: self.http.clone(),
                near: self.near.clone(),
                authority: self.places.authority.clone(),
                identity: self.places.identity.clone(),
            }))),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
            ..ClientOptions::default()
        }
    }
}

/// Whether signing in may go better a little later.
fn is_passing(error: &azure_core::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<azure_core::Error>() {
            match error.kind() {
                ErrorKind::Io | ErrorKind::Connection => return true,
                ErrorKind::HttpResponse { status, .. } => {
                    let status = u16::from(*status);
                    return status == 429 || status >= 500;
                }
                _ => {}
            }
        }
        cause = error.source();
    }
    false
}

/// The words of an error and its causes, without the library's links.
fn words_of(error: &azure_core::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        let text = said(text.split("To troubleshoot").next().unwrap_or_default());
        if !text.is_empty() && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ")
}

/// Assertions of a certificate.
#[derive(Debug)]
struct Asserted(Option<Certificate>);

#[async_trait]
impl ClientAssertion for Asserted {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let made = self.0.as_ref().and_then(Certificate::assertion);
        made.ok_or_else(|| azure_core::Error::with_message(ErrorKind::Credential, "the key does not sign"))
    }
}

/// The provider's own connection, for a library that believes to speak with Microsoft's hosts.
#[derive(Debug)]
struct Way {
    http: reqwest::Client,
    near: reqwest::Client,
    authority: Url,
    identity: Url,
}

#[async_trait]
impl HttpClient for Way {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let failed = |error: reqwest::Error| {
            let kind = if error.is_connect() { ErrorKind::Connection } else { ErrorKind::Io };
            azure_core::Error::with_message(kind, said(&error.without_url().to_string()))
        };
        let asked = request.url();
        let (base, http) = if asked.path().starts_with("/metadata/identity/") {
            (&self.identity, &self.near)
        } else if asked.path().ends_with("/oauth2/v2.0/token") {
            (&self.authority, &self.http)
        } else {
            let what = "the environment names another place for identities than `identity_endpoint`";
            return Err(azure_core::Error::with_message(ErrorKind::Credential, what));
        };
        let mut url = base.clone();
        url.set_path(asked.path());
        url.set_query(asked.query());
        let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes());
        let mut sent = http.request(method.unwrap_or_default(), url);
        for (name, value) in request.headers().iter() {
            sent = sent.header(name.as_str(), value.as_str());
        }
        if let Body::Bytes(bytes) = request.body() {
            sent = sent.body(bytes.clone());
        }
        let mut response = sent.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body: Vec<u8> = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(azure_core::Error::with_message(ErrorKind::Other, "the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), Headers::new(), body))
    }
}
