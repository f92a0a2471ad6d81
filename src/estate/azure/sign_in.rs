//! Tokens: got when they are first needed, kept until shortly before they end, shown to nobody. The ways of
//! signing in that need more than a token in hand are Microsoft's own, behind the feature `azure-identity`.

use std::time::Duration;

use reqwest::Url;
use tokio::sync::Mutex;

use crate::base::{Clock, SystemClock, Timestamp};
use crate::source::Diagnostic;

use super::settings::{AzureOptions, Hidden, SignIn};
use super::trouble::Trouble;

/// A token is got anew this long before it ends.
const EARLY: Duration = Duration::from_secs(300);

/// A token and when it ends.
pub(super) struct Got {
    pub(super) token: Hidden,
    pub(super) until: Timestamp,
}

/// Where one signs in, and for what.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "azure-identity"), expect(dead_code, reason = "only a token in hand is left"))]
pub(super) struct Places {
    pub(super) authority: Url,
    pub(super) identity: Url,
    /// `https://management.azure.com/.default`
    pub(super) scope: String,
}

/// A connection to the network, and one that goes through no proxy.
pub(super) type Ways<'a> = (&'a reqwest::Client, &'a reqwest::Client);

/// Gets tokens.
pub(super) struct Tokens {
    source: Source,
    kept: Mutex<Option<Got>>,
}

enum Source {
    Fixed(Hidden),
    #[cfg(feature = "azure-identity")]
    Identity(Box<super::identity::Identity>),
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tokens")
    }
}

impl Tokens {
    /// What the options say. Signs in to nothing yet.
    ///
    /// # Errors
    /// A certificate that cannot be used, or a way that this build does not have.
    pub(super) fn new(options: &AzureOptions, ways: Ways<'_>) -> Result<Self, Diagnostic> {
        let places = Places {
            authority: options.authority.clone(),
            identity: options.identity_endpoint.clone(),
            scope: format!("{}/.default", options.endpoint.as_str().trim_end_matches('/')),
        };
        let source = match &options.sign_in {
            SignIn::Token(token) => Source::Fixed(token.clone()),
            other => Self::with_identity(other, places, ways)?,
        };
        Ok(Self { source, kept: Mutex::new(None) })
    }

    #[cfg(feature = "azure-identity")]
    fn with_identity(sign_in: &SignIn, places: Places, ways: Ways<'_>) -> Result<Source, Diagnostic> {
        super::identity::Identity::new(sign_in, places, ways)
            .map(|identity| Source::Identity(Box::new(identity)))
    }

    #[cfg(not(feature = "azure-identity"))]
    fn with_identity(_: &SignIn, _: Places, _: Ways<'_>) -> Result<Source, Diagnostic> {
        let message = "this build of the program signs in to Azure with `sign_in = token` alone";
        Err(Diagnostic::placeless(crate::source::codes::vault::SETTINGS, message)
            .help("build it with the feature `azure-identity`, or give it a token"))
    }

    /// A token; a fresh one where the last was not taken.
    ///
    /// # Errors
    /// Nobody is signed in. Nothing was sent to the service.
    pub(super) async fn get(&self, fresh: bool) -> Result<Hidden, Trouble> {
        match &self.source {
            Source::Fixed(token) => Ok(token.clone()),
            #[cfg(feature = "azure-identity")]
            Source::Identity(identity) => {
                let mut kept = self.kept.lock().await;
                let lasts = |got: &&Got| !fresh && SystemClock.now().plus(EARLY) < got.until;
                if let Some(got) = kept.as_ref().filter(lasts) {
                    return Ok(got.token.clone());
                }
                let got = identity.get().await?;
                let token = got.token.clone();
                *kept = Some(got);
                Ok(token)
            }
        }
    }
}
