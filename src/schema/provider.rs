//! The built-in providers: their keys, what they can do, and their limits, known when compiling.

use crate::base::limits;

use super::types::{Choice, Key, Kind, Need, Type};

/// A provider.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its keys: a `Kind` whose word is the provider's.
    pub kind: Kind,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How much of it.
    pub limits: Limits,
    /// What its estate holds is not real: whose word counts defaults to `claimed`, and an approval
    /// downstream of a machine may be answered beforehand.
    pub simulated: bool,
    /// What one of its keys makes another provider of it, in what it can do.
    pub variant: Option<&'static Variant>,
}

/// A provider with a key of its own that changes what it can do.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The key.
    pub key: &'static str,
    /// Its word.
    pub word: &'static str,
    /// The provider with that word.
    pub provider: Provider,
}

/// A fact that may differ by direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ByDirection {
    /// Away from home.
    pub failover: bool,
    /// The way home.
    pub failback: bool,
}

impl ByDirection {
    /// In both directions.
    pub const BOTH: Self = Self { failover: true, failback: true };
    /// In neither.
    pub const NONE: Self = Self { failover: false, failback: false };
    /// On the way home only.
    pub const FAILBACK: Self = Self { failover: false, failback: true };
    /// Away from home only.
    pub const FAILOVER: Self = Self { failover: true, failback: false };
}

/// What a provider can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// Its failover shuts the source down by itself.
    pub failover_includes_shutdown: bool,
    /// Its failover starts the target by itself.
    pub failover_includes_start: bool,
    /// It knows a planned operation.
    pub planned: ByDirection,
    /// It knows an unplanned operation.
    pub unplanned: ByDirection,
    /// It takes a final set after the sources are shut down.
    pub final_points: ByDirection,
    /// A failover that is under way can be cancelled.
    pub cancel: bool,
    /// A point may be chosen by its id.
    pub chosen_ids: bool,
    /// Several machines fail over by one call.
    pub batches: bool,
    /// A replication group fails over by one call, so its members cannot start one after another.
    pub one_call_per_group: ByDirection,
    /// What of a point policy the service behind it cannot be told.
    pub untold: &'static [Untold],
    /// It runs scripts in guests.
    pub guest_scripts: bool,
    /// Tests come up on isolated networks.
    pub test_networks: bool,
    /// It can say that an old copy cannot write.
    pub fencing: bool,
    /// The target can be dropped again before commit.
    pub rollback: bool,
    /// The point can be changed before commit.
    pub change_point: ByDirection,
    /// Commit deletes the machines left behind: no way back.
    pub commit_deletes_sources: ByDirection,
    /// It takes new points when asked.
    pub takes_points: bool,
    /// Replication goes through process servers, which `reprotect { via { … } }` has to name.
    pub process_servers: bool,
}

/// Something of a point policy that a service cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Untold {
    /// A policy, or an argument of any: `common`, `as_of`.
    pub word: &'static str,
    /// Of whose points.
    pub whose: Whose,
    /// In which direction.
    pub direction: ByDirection,
    /// The policy to write instead; nothing where it is left out.
    pub instead: Option<&'static str>,
}

/// Whose points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Of replication groups.
    Groups,
    /// Of machines outside any.
    Machines,
}

/// How much a provider takes. Nothing where it knows no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Machines of one plan.
    pub machines_per_plan: Option<u32>,
    /// Machines of one replication group.
    pub group_size: Option<u32>,
    /// Levels of machines that start after one another.
    pub waves: Option<u32>,
    /// Members of a group have one OS on failback.
    pub one_os_per_group_on_failback: bool,
    /// Machines between power-on and ready at once.
    pub power_on: Option<u32>,
    /// Shutdowns at once.
    pub shut_down: Option<u32>,
    /// Failovers at once.
    pub fail_over: Option<u32>,
}

const NO_LIMITS: Limits = Limits {
    machines_per_plan: None,
    group_size: None,
    waves: None,
    one_os_per_group_on_failback: false,
    power_on: None,
    shut_down: None,
    fail_over: None,
};

/// All providers, in the order of the reference.
pub const PROVIDERS: &[Provider] = &[SIM, QEMU, COMMAND, AZURE];

/// The provider of a word.
#[must_use]
pub fn find(word: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.kind.word == word)
}

/// The provider of a word with these keys.
#[must_use]
pub fn of(word: &str, args: &serde_json::Value) -> Option<&'static Provider> {
    let found = find(word)?;
    let other = found.variant.filter(|it| args.get(it.key).and_then(|value| value.as_str()) == Some(it.word));
    Some(other.map_or(found, |variant| &variant.provider))
}

const SIM: Provider = Provider {
    kind: Kind {
        word: "sim",
        doc: "An estate that exists only in the simulator; nothing leaves the process.",
        example: "sim { inventory = \"estates/contoso.json\", seed = 7 }",
        keys: &[
            Key::new(
                "inventory",
                Type::Path,
                Need::Required,
                "the estate it starts from, `muster.inventory/1`",
            ),
            Key::new("seed", Type::Int(0, u64::MAX), Need::Default("1"), "what its chances come from"),
            Key::new(
                "speed",
                Type::Either(&[
                    Type::Word(&[
                        Choice::new("max", "time jumps from one happening to the next"),
                        Choice::new("real", "as slow as the world"),
                    ]),
                    Type::Int(1, 1_000_000),
                ]),
                Need::Default("max"),
                "how fast its time goes; `60` makes a minute of a second",
            ),
            Key::new(
                "faults",
                Type::List(&Type::Text),
                Need::Optional("none"),
                "what goes wrong, each `verb machine fault`",
            ),
        ],
        ..Kind::EMPTY
    },
    capabilities: Capabilities {
        failover_includes_shutdown: false,
        failover_includes_start: false,
        planned: ByDirection::BOTH,
        unplanned: ByDirection::BOTH,
        final_points: ByDirection::BOTH,
        cancel: true,
        chosen_ids: true,
        batches: true,
        one_call_per_group: ByDirection::NONE,
        untold: &[],
        guest_scripts: true,
        test_networks: true,
        fencing: true,
        rollback: true,
        change_point: ByDirection::BOTH,
        commit_deletes_sources: ByDirection::FAILBACK,
        takes_points: true,
        process_servers: false,
    },
    limits: NO_LIMITS,
    simulated: true,
    variant: None,
};

const QEMU: Provider = Provider {
    kind: Kind {
        word: "qemu",
        doc: "Machines of QEMU on two sites of this host, or disks alone, replicated from one to the other.",
        example: "qemu { disks = \"estates/disks.json\" }",
        keys: &[Key::new(
            "disks",
            Type::Path,
            Need::Required,
            "its sites, machines and their disks, `muster.disks/1`",
        )],
        ..Kind::EMPTY
    },
    capabilities: Capabilities {
        failover_includes_shutdown: false,
        failover_includes_start: false,
        planned: ByDirection::BOTH,
        unplanned: ByDirection::BOTH,
        final_points: ByDirection::BOTH,
        cancel: false,
        chosen_ids: true,
        batches: false,
        one_call_per_group: ByDirection::NONE,
        untold: &[],
        guest_scripts: false,
        test_networks: true,
        fencing: true,
        rollback: true,
        change_point: ByDirection::BOTH,
        commit_deletes_sources: ByDirection::FAILBACK,
        takes_points: true,
        process_servers: false,
    },
    limits: NO_LIMITS,
    simulated: false,
    variant: None,
};

const COMMAND: Provider = Provider {
    kind: Kind {
        word: "command",
        doc: "An estate behind a program of your own, in any language; `docs/providers.md` says how they talk.",
        example: "command { run = [\"bin/our-estate\"], timeout = 20s, env { TOKEN = env(\"ESTATE_TOKEN\") } }",
        keys: &[
            Key::new("run", Type::List(&Type::Text), Need::Required, "the program and its arguments"),
            Key::new(
                "timeout",
                Type::TimeUpTo(limits::PROVIDER_CALL_MAX),
                Need::Default("30s"),
                "how long it may take to answer; longer work is answered with a handle",
            ),
        ],
        ..Kind::EMPTY
    },
    capabilities: Capabilities {
        failover_includes_shutdown: false,
        failover_includes_start: false,
        planned: ByDirection::BOTH,
        unplanned: ByDirection::BOTH,
        final_points: ByDirection::BOTH,
        cancel: false,
        chosen_ids: true,
        batches: false,
        one_call_per_group: ByDirection::NONE,
        untold: &[],
        guest_scripts: false,
        test_networks: true,
        fencing: false,
        rollback: true,
        change_point: ByDirection::BOTH,
        commit_deletes_sources: ByDirection::BOTH,
        takes_points: false,
        process_servers: false,
    },
    limits: NO_LIMITS,
    simulated: false,
    variant: None,
};

/// A group is given a word, and the service chooses the points itself; on the way home through an appliance the
/// point is made after the failback has begun.
const AZURE_UNTOLD: &[Untold] = &[
    Untold::of_groups("as_of", ByDirection::BOTH, None),
    Untold::of_groups("tag", ByDirection::BOTH, None),
    Untold::of_machines("id", ByDirection::FAILBACK, Some("latest")),
    Untold::of_machines("as_of", ByDirection::FAILBACK, None),
    Untold::of_machines("tag", ByDirection::FAILBACK, None),
];
/// The configuration server has two words on the way home, and one of them means a common app-consistent point
/// for a group.
const CLASSIC_UNTOLD: &[Untold] = &[
    Untold::of_groups("as_of", ByDirection::BOTH, None),
    Untold::of_groups("tag", ByDirection::BOTH, None),
    Untold::of_groups("common", ByDirection::FAILBACK, Some("common_app")),
    Untold::of_groups("latest_app", ByDirection::FAILBACK, Some("common_app")),
];

impl Untold {
    const fn of_groups(word: &'static str, direction: ByDirection, instead: Option<&'static str>) -> Self {
        Self { word, whose: Whose::Groups, direction, instead }
    }

    const fn of_machines(word: &'static str, direction: ByDirection, instead: Option<&'static str>) -> Self {
        Self { whose: Whose::Machines, ..Self::of_groups(word, direction, instead) }
    }
}

/// Azure Site Recovery between VMware and Azure: 100 machines and 7 boot groups a plan, 16 machines a
/// replication group; the failover shuts down and starts by itself; with the replication appliance it is planned
/// on the way home and unplanned to Azure.
const AZURE: Provider = Provider {
    kind: AZURE_KIND,
    capabilities: AZURE_CAN,
    limits: AZURE_LIMITS,
    simulated: false,
    variant: Some(&AZURE_CLASSIC),
};

/// With the configuration server: every failover is unplanned, and one master target takes one OS.
const AZURE_CLASSIC: Variant = Variant {
    key: "appliance",
    word: "classic",
    provider: Provider {
        kind: AZURE_KIND,
        capabilities: Capabilities {
            planned: ByDirection::NONE,
            unplanned: ByDirection::BOTH,
            final_points: ByDirection::NONE,
            untold: CLASSIC_UNTOLD,
            ..AZURE_CAN
        },
        limits: Limits { one_os_per_group_on_failback: true, ..AZURE_LIMITS },
        simulated: false,
        variant: None,
    },
};

const AZURE_KIND: Kind = Kind {
    word: "azure",
    doc: "Azure Site Recovery.",
    example: "azure { subscription = \"0000…\", resource_group = \"rg-dr\", vault = \"vault-dr\" }",
    keys: &[
        Key::new("subscription", Type::Text, Need::Required, "the subscription's id"),
        Key::new("resource_group", Type::Text, Need::Required, "the vault's resource group"),
        Key::new("vault", Type::Text, Need::Required, "the recovery services vault"),
        Key::new(
            "appliance",
            Type::Word(&[
                Choice::new("modernized", "the replication appliance; failback is planned"),
                Choice::new("classic", "the configuration server; failback is unplanned"),
            ]),
            Need::Default("modernized"),
            "what replicates on premises",
        ),
        Key::new(
            "sign_in",
            Type::Word(&[
                Choice::new("managed_identity", "the identity of the machine that `muster` runs on"),
                Choice::new("client_secret", "an application with `client_id` and `client_secret`"),
                Choice::new("client_certificate", "an application with `client_id` and `client_certificate`"),
                Choice::new("azure_cli", "whoever signed in with `az login`"),
                Choice::new("token", "a token that somebody else got, in `token`"),
            ]),
            Need::Default("managed_identity"),
            "who signs in",
        ),
        Key::new("tenant", Type::Text, Need::Optional("none"), "the directory of an application"),
        Key::new(
            "client_id",
            Type::Text,
            Need::Optional("none"),
            "an application, or the managed identity where a machine has several",
        ),
        Key::new("client_secret", Type::Secret, Need::Optional("none"), "an application's secret"),
        Key::new(
            "client_certificate",
            Type::Secret,
            Need::Optional("none"),
            "an application's certificate and its RSA key, as PEM",
        ),
        Key::new("token", Type::Secret, Need::Optional("none"), "a bearer token, as long as it lasts"),
        Key::new(
            "endpoint",
            Type::Text,
            Need::Default("\"https://management.azure.com\""),
            "where the service answers",
        ),
        Key::new(
            "authority",
            Type::Text,
            Need::Default("\"https://login.microsoftonline.com\""),
            "where one signs in",
        ),
        Key::new(
            "identity_endpoint",
            Type::Text,
            Need::Default("\"http://169.254.169.254\""),
            "where the managed identity is asked for",
        ),
        Key::new(
            "datastore",
            Type::Text,
            Need::Optional("the only one that the reprotect agent or master target reaches"),
            "where machines that go home get their disks",
        ),
        Key::new(
            "log_storage",
            Type::Text,
            Need::Optional("the account that replication to Azure used"),
            "the storage account of replication, by its id",
        ),
        Key::new(
            "policy",
            Type::Text,
            Need::Optional("the one that replication to Azure used last"),
            "the replication policy to Azure, by name",
        ),
        Key::new(
            "failback_policy",
            Type::Text,
            Need::Optional("the service's own"),
            "the replication policy home, by name; classic needs one",
        ),
        Key::new(
            "master_target",
            Type::Text,
            Need::Optional("the only one"),
            "the master target that classic failback goes through",
        ),
        Key::new(
            "retention_drive",
            Type::Text,
            Need::Optional("the master target's only one"),
            "where a classic master target keeps what changed",
        ),
        Key::new(
            "account",
            Type::Text,
            Need::Optional("none"),
            "the account that pushes agents, by its name in the vault",
        ),
    ],
    ..Kind::EMPTY
};

const AZURE_CAN: Capabilities = Capabilities {
    failover_includes_shutdown: true,
    failover_includes_start: true,
    planned: ByDirection::FAILBACK,
    unplanned: ByDirection::FAILOVER,
    final_points: ByDirection::FAILBACK,
    cancel: false,
    chosen_ids: true,
    batches: true,
    one_call_per_group: ByDirection::BOTH,
    untold: AZURE_UNTOLD,
    guest_scripts: false,
    test_networks: true,
    fencing: false,
    rollback: false,
    change_point: ByDirection::FAILOVER,
    commit_deletes_sources: ByDirection::FAILBACK,
    takes_points: false,
    process_servers: true,
};

const AZURE_LIMITS: Limits =
    Limits { machines_per_plan: Some(100), group_size: Some(16), waves: Some(7), ..NO_LIMITS };
