//! Tokens: got when they are first needed, shown to nobody. The ways of signing in that need more than a token in
//! hand are Microsoft's own, behind the feature `azure-identity`.

use crate::source::Diagnostic;

use super::settings::{AzureOptions, Hidden, SignIn};
use super::trouble::Trouble;

/// A connection to the network, and one that goes through no proxy.
pub(super) type Ways<'a> = (&'a reqwest::Client, &'a reqwest::Client);

/// Gets tokens.
pub(super) enum Tokens {
    /// The one that somebody else got.
    Fixed(Hidden),
    /// Those that one signs in for.
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
        match &options.sign_in {
            SignIn::Token(token) => Ok(Self::Fixed(token.clone())),
            _ => Self::with_identity(options, ways),
        }
    }

    #[cfg(feature = "azure-identity")]
    fn with_identity(options: &AzureOptions, ways: Ways<'_>) -> Result<Self, Diagnostic> {
        super::identity::Identity::new(options, ways).map(|identity| Self::Identity(Box::new(identity)))
    }

    #[cfg(not(feature = "azure-identity"))]
    fn with_identity(_: &AzureOptions, _: Ways<'_>) -> Result<Self, Diagnostic> {
        let message = "this build of the program signs in to Azure with `sign_in = token` alone";
        Err(Diagnostic::placeless(crate::source::codes::vault::SETTINGS, message)
            .help("build it with the feature `azure-identity`, or give it a token"))
    }

    /// A token; where one signs in, a fresh one if the last was not taken.
    ///
    /// # Errors
    /// Nobody is signed in. Nothing was sent to the service.
    #[cfg_attr(not(feature = "azure-identity"), expect(clippy::unused_async, reason = "as with the feature"))]
    pub(super) async fn get(&self, fresh: bool) -> Result<Hidden, Trouble> {
        match (self, fresh) {
            (Self::Fixed(token), _) => Ok(token.clone()),
            #[cfg(feature = "azure-identity")]
            (Self::Identity(identity), fresh) => identity.token(fresh).await,
        }
    }
}
