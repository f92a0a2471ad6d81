//! The kinds of step, the nodes that close a run, and the blocks inside them.

use super::types::{Choice, Key, Kind, Labels, Need, OneOf, Open, OpenNames, Type};

/// Where a step may stand.
const IN: &[&str] = &["plan", "group", "tier", "vm"];
const STEP_WORDS: &[&str] = &["approve", "script", "check", "wait", "call"];
const ANY: Type = Type::Int(1, u32::MAX as u64);

/// A program.
pub const RUN: Key = Key::new(
    "run",
    Type::List(&Type::Template),
    Need::Optional("`shell` is said instead"),
    "program and arguments, never a shell text",
);
/// A shell text.
pub const SHELL: Key = Key::new(
    "shell",
    Type::Template,
    Need::Optional("`run` is said instead"),
    "a text handed to `/bin/sh -c`",
);
/// Program or shell text.
pub const ONE_PROGRAM: Option<OneOf> = Some(OneOf::Exactly(&["run", "shell"]));

const TIMEOUT_REQUIRED: Key =
    Key::new("timeout", Type::Time, Need::Required, "how long one attempt may take");
const TIMEOUT: Key =
    Key::new("timeout", Type::Time, Need::Optional("no limit of its own"), "how long one attempt may take");
const OPERATION: Type = Type::Many(&Type::Word(&[
    Choice::new("test", "copies come up in isolation"),
    Choice::new("failover", "away from home"),
    Choice::new("failback", "the way home"),
]));
const OPERATIONS: Key =
    Key::new("operations", OPERATION, Need::Optional("every operation"), "the operations it applies to");
const OPERATIONS_REQUIRED: Key =
    Key::new("operations", OPERATION, Need::Required, "the operations it applies to");
const MODES: Key = Key::new(
    "modes",
    Type::Many(&Type::Word(&[
        Choice::new("planned", "both sites up"),
        Choice::new("unplanned", "the source is lost or failing"),
        Choice::new("forced", "the source is never contacted"),
    ])),
    Need::Optional("every mode"),
    "the modes it applies to; tests ignore them",
);
const AT: Key = Key::new(
    "at",
    Type::Word(&[
        Choice::new("before_shutdown", "before the source is shut down"),
        Choice::new("after_shutdown", "after the source is shut down"),
        Choice::new("before_start", "after failover, before the target starts"),
        Choice::new("after_start", "after the target started"),
    ]),
    Need::Default("after_start"),
    "when it runs; only inside a `vm`, `group` or `tier`",
);
const ON_FAILURE: Key = Key::new(
    "on_failure",
    Type::Word(&[
        Choice::new("halt", "nothing new starts"),
        Choice::new("block", "what depends on it does not start, all else goes on"),
        Choice::new("continue", "it counts as done and is listed"),
        Choice::new("ask", "a person decides: retry, skip or halt"),
        Choice::new("rollback", "the run is rolled back"),
    ]),
    Need::Optional("`halt` when planned, `block` on the target side when unplanned or forced"),
    "what its failure does",
);
const OPTIONAL: Key =
    Key::new("optional", Type::Bool, Need::Default("false"), "its failure counts as done and is listed");

/// The kinds of step.
pub const STEPS: &[Kind] = &[
    Kind {
        word: "approve",
        labels: Labels::Name,
        places: IN,
        doc: "Waits for people.",
        example: "approve go { prompt = \"Fail the ERP over?\", by = dr_lead, within = 30m }",
        keys: &[
            Key::new("prompt", Type::Template, Need::Required, "what is asked"),
            Key::new("by", Type::Name("role"), Need::Required, "who may answer"),
            Key::new("quorum", ANY, Need::Default("1"), "how many different people have to say yes"),
            Key::new("within", Type::Time, Need::Required, "how long it waits"),
            Key::new(
                "if_late",
                Type::Word(&[
                    Choice::new("halt", "the run halts"),
                    Choice::new("keep_waiting", "it goes on waiting, and says so"),
                    Choice::new("go", "it counts as given, and is an exception"),
                ]),
                Need::Default("halt"),
                "what happens when nobody answered in time",
            ),
            Key::new(
                "if_rejected",
                Type::Word(&[
                    Choice::new("halt", "the run halts"),
                    Choice::new("rollback", "the run is rolled back"),
                ]),
                Need::Default("halt"),
                "what a no does",
            ),
            AT,
            OPERATIONS,
            MODES,
            TIMEOUT,
            ON_FAILURE,
            OPTIONAL,
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "script",
        labels: Labels::Name,
        places: IN,
        doc: "Runs a program; the run's context is on its standard input as JSON and in `MUSTER_*`.",
        example: "script freeze { operations = [failover, failback], run = [\"scripts/freeze.sh\", \"${run.source}\"], timeout = 5m }",
        keys: &[
            OPERATIONS_REQUIRED,
            MODES,
            AT,
            RUN,
            SHELL,
            Key::new(
                "where",
                Type::Either(&[
                    Type::Word(&[Choice::new("runner", "on the machine that drives the run")]),
                    Type::Guest,
                ]),
                Need::Default("runner"),
                "where it runs; in a guest only where the estate can",
            ),
            TIMEOUT_REQUIRED,
            ON_FAILURE,
            OPTIONAL,
        ],
        one_of: ONE_PROGRAM,
        ..Kind::EMPTY
    },
    Kind {
        word: "check",
        labels: Labels::Name,
        places: IN,
        doc: "Looks again and again until something holds.",
        example: "check sql_up { tcp = \"${sql01.address}:1433\", every = 5s, within = 5m }",
        keys: &[
            Key::new(
                "tcp",
                Type::Template,
                Need::Optional("another look is said"),
                "a connection to `host:port` is accepted",
            ),
            Key::new(
                "http",
                Type::Template,
                Need::Optional("another look is said"),
                "an HTTP GET of this URL answers",
            ),
            Key::new("status", Type::Int(100, 599), Need::Default("200"), "the status that `http` wants"),
            Key::new(
                "body",
                Type::Text,
                Need::Optional("any body"),
                "a text that the answer of `http` has to contain",
            ),
            Key::new(
                "command",
                Type::List(&Type::Template),
                Need::Optional("another look is said"),
                "a program that exits with 0",
            ),
            Key::new(
                "heartbeat",
                Type::Name("machine"),
                Need::Optional("another look is said"),
                "the guest of this machine answers its estate",
            ),
            Key::new("every", Type::Time, Need::Default("5s"), "how long between two looks"),
            Key::new("in_a_row", ANY, Need::Default("1"), "how many looks in a row have to succeed"),
            Key::new("within", Type::Time, Need::Required, "how long until it counts as timed out"),
            Key::new(
                "real",
                Type::Bool,
                Need::Default("false"),
                "sent from the runner even where the estate answers checks itself",
            ),
            Key::new(
                "timeout",
                Type::Time,
                Need::Optional("`30s` for a `command`"),
                "how long one look may take",
            ),
            AT,
            OPERATIONS,
            MODES,
            ON_FAILURE,
            OPTIONAL,
        ],
        one_of: Some(OneOf::Exactly(&["tcp", "http", "command", "heartbeat"])),
        ..Kind::EMPTY
    },
    Kind {
        word: "wait",
        labels: Labels::Name,
        places: IN,
        doc: "A fixed pause; a check is better.",
        example: "wait settle { duration = 30s, because = \"the cluster elects a leader\" }",
        keys: &[
            Key::new("duration", Type::Time, Need::Required, "how long"),
            Key::new("because", Type::Text, Need::Required, "why a check cannot do it"),
            AT,
            OPERATIONS,
            MODES,
            TIMEOUT,
            ON_FAILURE,
            OPTIONAL,
        ],
        ..Kind::EMPTY
    },
    Kind {
        word: "call",
        labels: Labels::Name,
        places: &["plan"],
        doc: "Another plan's whole life as one node.",
        example: "call wave1 { plan = wave1 }",
        keys: &[
            Key::new(
                "plan",
                Type::Name("plan"),
                Need::Optional("the plan of its own name"),
                "a plan of a used file, on the same estate",
            ),
            OPERATIONS,
            MODES,
            TIMEOUT,
            ON_FAILURE,
            OPTIONAL,
        ],
        ..Kind::EMPTY
    },
];

/// The nodes that close a run, and the blocks inside steps and estates.
pub const PARTS: &[Kind] = &[
    Kind {
        word: "fence",
        places: &["plan"],
        doc: "What makes sure that the old copy cannot write.",
        example: "fence { run = [\"scripts/isolate.sh\", \"${run.source}\"], timeout = 5m, or_approve = dr_lead }",
        keys: &[
            RUN,
            SHELL,
            TIMEOUT_REQUIRED,
            Key::new(
                "or_approve",
                Type::Name("role"),
                Need::Optional("nobody"),
                "who may say it is fenced when the program cannot",
            ),
        ],
        one_of: ONE_PROGRAM,
        ..Kind::EMPTY
    },
    Kind {
        word: "commit",
        places: &["plan"],
        doc: "Closes the commit window: no way back.",
        example: "commit { policy = rollback(60m) }",
        keys: &[Key::new(
            "policy",
            Type::Commit,
            Need::Optional("when the arrows into it are done; without one an operator says so"),
            "when the window closes",
        )],
        ..Kind::EMPTY
    },
    Kind {
        word: "reprotect",
        places: &["plan"],
        doc: "Replicates in the other direction.",
        example: "reprotect {\n  via { avs = \"ps-avs-01\", azure = \"ps-westeurope-01\" }\n  retry { on = agent_not_registered, every = 60s, for = 15m }\n}",
        keys: &[Key::new(
            "operations",
            Type::Many(&Type::Word(&[
                Choice::new("failover", "away from home"),
                Choice::new("failback", "the way home"),
            ])),
            Need::Optional("`[failover, failback]`"),
            "the operations after which it is done",
        )],
        ..Kind::EMPTY
    },
    Kind {
        word: "via",
        places: &["reprotect"],
        doc: "The process server by the site that is replicated to.",
        example: "via { avs = \"ps-avs-01\", azure = \"ps-westeurope-01\" }",
        open: Some(Open {
            names: OpenNames::Sites,
            ty: Type::Template,
            doc: "the process server when that site is replicated to",
        }),
        ..Kind::EMPTY
    },
    Kind {
        word: "retry",
        places: &["approve", "script", "check", "wait", "call", "reprotect"],
        doc: "How often it is tried again.",
        example: "retry { times = 3, every = 30s }",
        keys: &[
            Key::new(
                "on",
                Type::Many(&Type::Label),
                Need::Optional("any failure"),
                "only these reason codes are tried again",
            ),
            Key::new(
                "times",
                Type::Int(1, crate::base::limits::ATTEMPTS_MAX as u64),
                Need::Optional("as often as `for` allows"),
                "attempts after the first",
            ),
            Key::new("every", Type::Time, Need::Default("10s"), "pause before the second attempt"),
            Key::new(
                "backoff",
                Type::Int(1, 100),
                Need::Default("1"),
                "each further pause is this many times the last",
            ),
            Key::new(
                "for",
                Type::Time,
                Need::Optional("as long as `times` allows"),
                "no attempt starts later than this after the first",
            ),
        ],
        one_of: Some(OneOf::AtLeast(&["times", "for"])),
        ..Kind::EMPTY
    },
    Kind {
        word: "undo",
        places: STEP_WORDS,
        doc: "A program that is run on rollback if the step had succeeded.",
        example: "undo { run = [\"scripts/thaw.sh\"], timeout = 5m }",
        keys: &[RUN, SHELL, TIMEOUT_REQUIRED],
        one_of: ONE_PROGRAM,
        ..Kind::EMPTY
    },
    Kind {
        word: "env",
        places: &["script", "check", "undo", "fence", "notify", "command"],
        doc: "The program's environment besides `MUSTER_*`; the program of a provider gets texts without holes.",
        example: "env { LANG = \"C\", TOKEN = env(\"PAGER_TOKEN\") }",
        open: Some(Open {
            names: OpenNames::Words,
            ty: Type::Either(&[Type::Template, Type::Secret]),
            doc: "a text, or a secret by reference",
        }),
        ..Kind::EMPTY
    },
    Kind {
        word: "site",
        labels: Labels::Name,
        places: &["estate"],
        doc: "The name of a site in the estate, where it is no word.",
        example: "site avs { name = \"AVS Frankfurt\" }",
        keys: &[Key::new("name", Type::Given, Need::Required, "its name in the estate")],
        ..Kind::EMPTY
    },
];
