//! What a plan says of a vault, as what the provider is opened with. Reads the secrets that it names; their
//! values are in no message.

use std::path::{Path, PathBuf};

use reqwest::Url;
use serde_json::Value;

use crate::base::words;
use crate::estate::secret;
use crate::source::Diagnostic;
use crate::source::codes::vault as codes;

/// A secret that nobody sees.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one call that needs it.
    pub(super) fn show(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Which components replicate on premises; they speak in other words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appliance {
    /// The replication appliance: InMageRcm to Azure, InMageRcmFailback home.
    Modernized,
    /// The configuration server: InMageAzureV2 to Azure, InMage home.
    Classic,
}

/// An application that signs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// Its directory.
    pub tenant: String,
    /// Its id.
    pub client: String,
}

/// How one signs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignIn {
    /// The identity of the machine, by its client id where there are several.
    ManagedIdentity(Option<String>),
    /// An application with a secret.
    Secret(Application, Hidden),
    /// An application with a certificate and its key, as PEM.
    Certificate(Application, Hidden),
    /// Whoever signed in to the command line; the directory where it is said.
    AzureCli(Option<String>),
    /// A token that somebody else got.
    Token(Hidden),
}

/// What a reprotect asks for that the vault may have several of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// The datastore at home.
    pub datastore: Option<String>,
    /// The storage account, by its id.
    pub log_storage: Option<String>,
    /// The policy to Azure, by name.
    pub policy: Option<String>,
    /// The policy home, by name.
    pub failback_policy: Option<String>,
    /// The classic master target, by name.
    pub master_target: Option<String>,
    /// Its retention drive.
    pub retention_drive: Option<String>,
    /// The account that pushes agents, by name.
    pub account: Option<String>,
}

/// What the provider is opened with.
#[derive(Clone, Debug)]
pub struct AzureOptions {
    /// The subscription's id.
    pub subscription: String,
    /// The vault's resource group.
    pub resource_group: String,
    /// The vault.
    pub vault: String,
    /// What replicates on premises.
    pub appliance: Appliance,
    /// How one signs in.
    pub sign_in: SignIn,
    /// Where the service answers.
    pub endpoint: Url,
    /// Where one signs in.
    pub authority: Url,
    /// Where the managed identity is asked for.
    pub identity_endpoint: Url,
    /// What a reprotect asks for.
    pub wishes: Wishes,
    /// Where it keeps which job belongs to which key.
    pub folder: PathBuf,
}

impl AzureOptions {
    /// The options of a plan: the provider's keys, the plan's folder, the estate's own folder.
    ///
    /// # Errors
    /// All keys that cannot be used, and secrets that cannot be read.
    pub fn of_plan(args: &Value, folder: &Path, own: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut keys = Keys { args, folder, wrong: Vec::new() };
        let names = ["subscription", "resource_group", "vault"].map(|key| keys.segment(key));
        let [subscription, resource_group, vault] = names;
        let places = ["endpoint", "authority", "identity_endpoint"].map(|key| keys.place(key));
        let [endpoint, authority, identity_endpoint] = places;
        let sign_in = keys.sign_in();
        let appliance = match keys.text("appliance").as_deref() {
            Some("classic") => Appliance::Classic,
            Some(_) | None => Appliance::Modernized,
        };
        let wishes = Wishes {
            datastore: keys.text("datastore"),
            log_storage: keys.text("log_storage"),
            policy: keys.text("policy"),
            failback_policy: keys.text("failback_policy"),
            master_target: keys.text("master_target"),
            retention_drive: keys.text("retention_drive"),
            account: keys.text("account"),
        };
        match (sign_in, endpoint, authority, identity_endpoint) {
            (Some(sign_in), Some(endpoint), Some(authority), Some(identity_endpoint))
                if keys.wrong.is_empty() =>
            {
                Ok(Self {
                    subscription,
                    resource_group,
                    vault,
                    appliance,
                    sign_in,
                    endpoint,
                    authority,
                    identity_endpoint,
                    wishes,
                    folder: own.to_owned(),
                })
            }
            _ => Err(keys.wrong),
        }
    }

    /// The path of the vault below the service's endpoint.
    pub(super) fn vault_path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.RecoveryServices/vaults/{}",
            self.subscription, self.resource_group, self.vault
        )
    }
}

/// The provider's keys while they are read, and what is wrong with them.
struct Keys<'a> {
    args: &'a Value,
    folder: &'a Path,
    wrong: Vec<Diagnostic>,
}

impl Keys<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.args.get(key).and_then(Value::as_str).map(str::to_owned)
    }

    /// A name that becomes one segment of a path, and nothing else.
    fn segment(&mut self, key: &str) -> String {
        let text = self.text(key).unwrap_or_default();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
        if text.is_empty() || text.chars().count() > 90 || !text.chars().all(fits) || text.starts_with('.') {
            let message = format!("`{key} = {text:?}` of the provider is no name of Azure");
            self.wrong.push(
                Diagnostic::placeless(codes::SETTINGS, message)
                    .help("write the name alone, as the vault's overview page shows it"),
            );
        }
        text
    }

    /// An address of a service: HTTPS, or HTTP to this host, or the link-local address of managed identities.
    fn place(&mut self, key: &str) -> Option<Url> {
        let text = self.text(key).unwrap_or_default();
        let wrong = match Url::parse(&text) {
            Ok(url) if url.cannot_be_a_base() || url.query().is_some() || url.path() != "/" => {
                "is more than scheme, host and port"
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds a name or a password",
            Ok(url) if url.scheme() == "https" => return Some(url),
            Ok(url) if url.scheme() == "http" && may_be_plain(&url) => return Some(url),
            Ok(_) => "is neither HTTPS nor on this host: a token would go over the network in the open",
            Err(_) => "is no address",
        };
        let message = format!("`{key} = {text:?}` of the provider {wrong}");
        self.wrong.push(
            Diagnostic::placeless(codes::SETTINGS, message)
                .help("write an address such as `https://management.azure.com`"),
        );
        None
    }

    fn sign_in(&mut self) -> Option<SignIn> {
        let way = self.text("sign_in").unwrap_or_default();
        match way.as_str() {
            "client_secret" => self.application("client_secret").map(|(who, it)| SignIn::Secret(who, it)),
            "client_certificate" => {
                self.application("client_certificate").map(|(who, it)| SignIn::Certificate(who, it))
            }
            "azure_cli" => Some(SignIn::AzureCli(self.text("tenant"))),
            "token" => self.secret("token", "token").map(SignIn::Token),
            _ => Some(SignIn::ManagedIdentity(self.text("client_id"))),
        }
    }

    fn application(&mut self, key: &str) -> Option<(Application, Hidden)> {
        let missing: Vec<&str> =
            ["tenant", "client_id"].into_iter().filter(|key| self.args.get(key).is_none()).collect();
        if !missing.is_empty() {
            self.needs(key, &missing);
        }
        let secret = self.secret(key, key);
        let application = Application { tenant: self.text("tenant")?, client: self.text("client_id")? };
        Some((application, secret?))
    }

    fn secret(&mut self, way: &str, key: &str) -> Option<Hidden> {
        let Some(reference) = self.args.get(key) else {
            self.needs(way, &[key]);
            return None;
        };
        match secret::read(key, reference, self.folder) {
            Ok(value) => Some(Hidden::new(value)),
            Err(problem) => {
                self.wrong.push(problem);
                None
            }
        }
    }

    fn needs(&mut self, way: &str, missing: &[&str]) {
        let message = format!("`sign_in = {way}` of the provider needs {}", words::list(missing, 2));
        let help = "add it, a secret as `env(\"NAME\")` or `file(\"path\")`";
        self.wrong.push(Diagnostic::placeless(codes::SETTINGS, message).help(help));
    }
}

/// Whether a token may go there without encryption: this host, and the address of managed identities.
fn may_be_plain(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost"
        || address.is_ok_and(|it| it.is_loopback() || it == std::net::Ipv4Addr::new(169, 254, 169, 254))
}
