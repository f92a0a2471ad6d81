//! A vault of Azure that is named on the command line: what is read of it before there is any plan.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::estate::azure::{Azure, AzureOptions};
use crate::schema::provider;
use crate::schema::types::Need;
use crate::source::codes::command as codes;

/// Where the vault is and who signs in to it.
#[derive(Debug, Args)]
pub(super) struct VaultArgs {
    /// Ask this vault for its recovery plans, instead of reading a file
    #[arg(long, value_name = "NAME", requires = "subscription", requires = "resource_group")]
    pub(super) vault: Option<String>,
    /// The subscription's id
    #[arg(long, value_name = "ID", requires = "vault")]
    subscription: Option<String>,
    /// The vault's resource group
    #[arg(long, value_name = "NAME", requires = "vault")]
    resource_group: Option<String>,
    /// Who signs in
    #[arg(long, value_enum, value_name = "WAY", default_value = "azure-cli", requires = "vault")]
    sign_in: Way,
    /// The directory of an application
    #[arg(long, value_name = "NAME", requires = "vault")]
    tenant: Option<String>,
    /// An application, or one of several managed identities
    #[arg(long, value_name = "ID", requires = "vault")]
    client_id: Option<String>,
    /// The variable of the environment that holds the secret or token
    #[arg(long, value_name = "VARIABLE", requires = "vault")]
    secret_from: Option<String>,
    /// Where the service answers
    #[arg(long, value_name = "URL", requires = "vault")]
    endpoint: Option<String>,
}

/// A way of signing in that needs no file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Way {
    /// Whoever signed in with `az login`
    AzureCli,
    /// The identity of this machine
    ManagedIdentity,
    /// An application with its secret
    ClientSecret,
    /// A token that somebody else got
    Token,
}

impl Way {
    const fn word(self) -> &'static str {
        match self {
            Self::AzureCli => "azure_cli",
            Self::ManagedIdentity => "managed_identity",
            Self::ClientSecret => "client_secret",
            Self::Token => "token",
        }
    }
}

/// What a vault holds, as the service told it.
pub(super) struct Held {
    /// Its recovery plans.
    pub(super) plans: String,
    /// Its protected items.
    pub(super) items: String,
    /// How it was reached, as a plan's provider says it.
    pub(super) reached: Vec<String>,
}

/// Reads a vault.
///
/// # Errors
/// It cannot be reached, or nobody is signed in.
pub(super) fn read(context: &Context, args: &VaultArgs) -> Result<Held, Failure> {
    let way = args.sign_in.word();
    let mut keys = Map::new();
    let mut reached = vec![format!("sign_in = {way}")];
    keys.insert("sign_in".to_owned(), way.into());
    let texts = [
        ("subscription", &args.subscription),
        ("resource_group", &args.resource_group),
        ("vault", &args.vault),
        ("tenant", &args.tenant),
        ("client_id", &args.client_id),
        ("endpoint", &args.endpoint),
    ];
    for (key, said) in texts {
        let Some(said) = said else { continue };
        keys.insert(key.to_owned(), said.as_str().into());
        if !["subscription", "resource_group", "vault"].contains(&key) {
            reached.push(format!("{key} = {}", Value::from(said.as_str())));
        }
    }
    if let Some(variable) = &args.secret_from {
        let key = if args.sign_in == Way::Token { "token" } else { "client_secret" };
        keys.insert(key.to_owned(), json!({ "env": variable }));
        reached.push(format!("{key} = env({})", Value::from(variable.as_str())));
    }
    for key in provider::find("azure").map_or(&[][..], |provider| provider.kind.keys) {
        if let Need::Default(text) = key.need {
            keys.entry(key.word).or_insert_with(|| text.trim_matches('"').into());
        }
    }
    let wrong = |diagnostics| Failure::placeless(Exit::InputWrong, diagnostics);
    // Nothing is kept of what only reads.
    let options =
        AzureOptions::of_plan(&Value::Object(keys), Path::new("."), &context.state).map_err(wrong)?;
    let azure = Azure::open(options).map_err(|diagnostic| wrong(vec![diagnostic]))?;
    let read = context.runtime()?.block_on(azure.recovery_plans());
    let (plans, items) = read.map_err(|error| {
        let message = format!("the recovery plans of the vault were not given: {error}");
        Failure::said(
            Exit::Refused,
            codes::ESTATE_SILENT,
            message,
            "mend what the message names, then try again",
        )
    })?;
    Ok(Held { plans, items, reached })
}
