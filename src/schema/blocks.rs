//! The kinds that stand in a file and in a plan, steps excepted.

use super::types::{Choice, Key, Kind, Labels, Need, Open, OpenNames, Type};

const COUNT: Type = Type::Int(1, u32::MAX as u64);
const SETTINGS: &[&str] = &["plan", "group", "tier", "vm"];

/// What `point` says, wherever it may stand.
const POINT: Key = Key::new(
    "point",
    Type::Ladder,
    Need::Optional("the enclosing block's; there is no default policy"),
    "which recovery point: a policy or a ladder of them",
);
const NETWORK: Key = Key::new(
    "network",
    Type::Name("network"),
    Need::Optional("the enclosing block's"),
    "what its machines are attached to",
);
const OPTIONAL: Key = Key::new(
    "optional",
    Type::Bool,
    Need::Default("false"),
    "its failure is tolerated, counts as done and is listed",
);

/// Kinds that stand in a file.
pub const FILE: &[Kind] = &[
    Kind {
        word: "estate",
        labels: Labels::Name,
        places: &["file"],
        doc: "Two sites and the machinery that replicates between them.",
        example: "estate contoso {\n  sites    = [avs, azure]\n  provider = sim { inventory = \"estates/contoso.json\" }\n}",
        keys: &[
            Key::new("sites", Type::Many(&Type::Name("site")), Need::Required, "its two sites, home first"),
            Key::new("provider", Type::Provider, Need::Required, "the adapter with its own keys"),
            Key::new(
                "identity",
                Type::Word(&[
                    Choice::new("os", "the effective user of the process"),
                    Choice::new("claimed", "what `--as` says, recorded as not verified"),
                ]),
                Need::Optional("`claimed` for `sim`, else `os`"),
                "whose word a run believes",
            ),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "role",
        labels: Labels::Name,
        places: &["file", "plan"],
        doc: "Who may answer an approval.",
        example: "role dr_lead { members = [\"dana\", \"lee\"] }",
        keys: &[Key::new(
            "members",
            Type::Either(&[
                Type::Word(&[Choice::new("anyone", "whoever can reach the run")]),
                Type::Many(&Type::Given),
            ]),
            Need::Required,
            "the people, or `anyone`",
        )],
        ..Kind::EMPTY
    },
    Kind {
        word: "notify",
        labels: Labels::Name,
        places: &["file", "plan"],
        doc: "A program that is told what happens; its failure never stops a run.",
        example: "notify ops { run = [\"scripts/page.sh\"], on = [waiting, halted, ended], remind = 15m }",
        keys: &[
            super::steps::RUN,
            super::steps::SHELL,
            Key::new(
                "on",
                Type::Many(&Type::Word(&[
                    Choice::new("started", "the run began"),
                    Choice::new("waiting", "a person is waited for"),
                    Choice::new("halted", "the run halted"),
                    Choice::new("ended", "the run reached a final state"),
                ])),
                Need::Default("[waiting, halted, ended]"),
                "on what occasions",
            ),
            Key::new(
                "remind",
                Type::Time,
                Need::Optional("it is said once"),
                "said again this often while a person is waited for",
            ),
            Key::new("timeout", Type::Time, Need::Default("30s"), "how long the program may take"),
        ],
        one_of: super::steps::ONE_PROGRAM,
        ..Kind::EMPTY
    },
    Kind {
        word: "network",
        labels: Labels::Name,
        places: &["file", "plan"],
        doc: "What machines are attached to at each site, and in a test.",
        example: "network lan { avs = \"VLAN10\", azure = \"vnet-erp/app\", test = \"vnet-bubble/app\" }",
        open: Some(Open {
            names: OpenNames::SitesAndTest,
            ty: Type::Given,
            doc: "the estate's network at that site, or the isolated one of a test",
        }),
        ..Kind::EMPTY
    },
    Kind {
        word: "plan",
        labels: Labels::Name,
        places: &["file"],
        doc: "What is recovered, in what order, to which point in time, and who decides.",
        example: "plan erp { estate = contoso … }",
        keys: &[
            Key::new("estate", Type::Name("estate"), Need::Required, "where its machines are"),
            POINT,
            NETWORK,
        ],
        ..Kind::EMPTY
    },
];

/// Kinds that stand in a plan, or in a group, tier or machine of it.
pub const PLAN: &[Kind] = &[
    Kind {
        word: "param",
        labels: Labels::Name,
        places: &["plan"],
        doc: "A value that the command line gives with `--param`; read as `${name}`.",
        example: "param ticket { type = text, default = \"\" }",
        keys: &[
            Key::new(
                "type",
                Type::Word(&[
                    Choice::new("text", "any text"),
                    Choice::new("int", "a whole number"),
                    Choice::new("duration", "such as `90s`"),
                    Choice::new("bool", "`true` or `false`"),
                ]),
                Need::Default("text"),
                "what its value is",
            ),
            Key::new("default", Type::Param, Need::Optional("it has to be given"), "its value unless given"),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "objective",
        places: &["plan"],
        doc: "What the business was promised.",
        example: "objective { rpo = 1h, rto = 2h, until = erp_up }",
        keys: &[
            Key::new("rpo", Type::Duration, Need::Optional("no promise"), "the greatest loss accepted"),
            Key::new("rto", Type::Time, Need::Optional("no promise"), "the longest time to be back"),
            Key::new(
                "until",
                Type::Name("node"),
                Need::Optional("the last start"),
                "the node whose end stops the clock of the `rto`",
            ),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "limits",
        places: &["plan"],
        doc: "How many at once; the lower of plan and provider holds.",
        example: "limits { power_on = 20 }",
        keys: &[
            Key::new(
                "power_on",
                COUNT,
                Need::Optional("the provider's"),
                "machines between power-on and ready",
            ),
            Key::new("shut_down", COUNT, Need::Optional("the provider's"), "shutdowns"),
            Key::new("fail_over", COUNT, Need::Optional("the provider's"), "failovers"),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "group",
        labels: Labels::Name,
        places: &["plan"],
        doc: "A replication group: its machines' points are taken together; exactly the estate's group of that name.",
        example: "group db {\n  point = [common_app(max_age = 1h), ask]\n  vm [sql01, sql02] { os = windows }\n}",
        keys: &[
            Key::new("name", Type::Given, Need::Optional("its label"), "its name in the estate"),
            POINT,
            NETWORK,
            OPTIONAL,
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "tier",
        labels: Labels::Name,
        places: &["plan"],
        doc: "Machines bundled for order and settings only; no consistency is promised.",
        example: "tier app {\n  point = latest_processed\n  vm [app01, app02] { os = linux }\n}",
        keys: &[POINT, NETWORK, OPTIONAL],
        ..Kind::EMPTY
    },
    Kind {
        word: "vm",
        labels: Labels::Names,
        places: &["plan", "group", "tier"],
        doc: "A machine, or several with the same settings.",
        example: "vm sql01 { name = \"SQL 01.contoso.com\", os = windows }",
        keys: &[
            Key::new("name", Type::Given, Need::Optional("its label"), "its name in the estate"),
            Key::new(
                "os",
                Type::Label,
                Need::Optional("what the estate says"),
                "`windows`, `linux` or what the estate calls it",
            ),
            POINT,
            NETWORK,
            Key::new(
                "optional",
                Type::Bool,
                Need::Optional("its group's"),
                "its failure is tolerated, counts as done and is listed",
            ),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "address",
        places: &["vm"],
        doc: "The machine's address at each site, and in a test.",
        example: "address { azure = \"10.8.0.21\", test = dhcp }",
        open: Some(Open {
            names: OpenNames::SitesAndTest,
            ty: Type::Either(&[Type::Word(&[Choice::new("dhcp", "only the estate knows")]), Type::Given]),
            doc: "its address there",
        }),
        ..Kind::EMPTY
    },
    Kind {
        word: "shutdown",
        places: SETTINGS,
        doc: "How a source is shut down.",
        example: "shutdown { guest = 5m, then = halt }",
        keys: &[
            Key::new("guest", Type::Duration, Need::Default("5m"), "how long the guest may take by itself"),
            Key::new(
                "then",
                Type::Word(&[
                    Choice::new("power_off", "its power is cut; its final point is then crash-consistent"),
                    Choice::new("halt", "the step fails"),
                ]),
                Need::Default("power_off"),
                "what happens to a guest that did not",
            ),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "start",
        places: SETTINGS,
        doc: "How a target is started, and when it counts as started.",
        example: "start { ready = heartbeat, within = 10m }",
        keys: &[
            Key::new("delay", Type::Duration, Need::Default("0s"), "pause before power-on"),
            Key::new(
                "ready",
                Type::Word(&[
                    Choice::new("heartbeat", "its guest answers"),
                    Choice::new("none", "it is powered on"),
                ]),
                Need::Default("heartbeat"),
                "when it counts as started",
            ),
            Key::new("within", Type::Time, Need::Default("10m"), "how long it may take to be ready"),
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "order",
        places: &["plan", "group", "tier"],
        repeats: true,
        doc: "Arrows: the right one starts when the left one is done; a list is joined before the next arrow goes on.",
        example: "order { db -> [app01, app02] -> web }",
        ..Kind::EMPTY
    },
    Kind {
        word: "align",
        labels: Labels::Groups,
        places: &["plan"],
        repeats: true,
        doc: "Asks for common points of several groups that lie near one another in time.",
        example: "align [orders, stock] { within = 30s }",
        keys: &[Key::new("within", Type::Duration, Need::Required, "the greatest distance of their points")],
        ..Kind::EMPTY
    },
];
