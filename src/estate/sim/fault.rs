//! What goes wrong in a simulated estate: from one line of text to a checked fault. Pure.

use std::time::Duration;

use crate::base::Timestamp;
use crate::base::time::parse_duration;
use crate::base::words::did_you_mean;
use crate::inventory::Inventory;
use crate::source::Diagnostic;
use crate::source::codes::estate::{SIM_FAULT, SIM_NAME};

/// Verbs that a fault may name.
pub(super) const VERBS: [&str; 11] = [
    "process_pending",
    "shut_down",
    "take_final",
    "fail_over",
    "start",
    "change_point",
    "roll_back",
    "commit",
    "reprotect",
    "clean_up",
    "guest_script",
];

const FIRST_WORDS: [&str; 13] =
    ["fail", "hang", "lose", "forget", "drop", "lie", "leak", "late", "no", "vanish", "spoil", "cut", "down"];

/// Verbs that can leave something of a test behind.
const LEAKS: [&str; 2] = ["clean_up", "fail_over"];

/// How often a fault comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Times {
    /// Each time.
    Always,
    /// The first so many times.
    First(u32),
    /// In so many of a hundred cases, drawn from the seed.
    Percent(u64),
}

/// What goes wrong with a verb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Twist {
    /// It is accepted and then fails; nothing came about.
    Fail {
        /// Whether trying again may help.
        retry: bool,
        /// The code of the error.
        code: String,
    },
    /// It never ends until it is cancelled.
    Hang,
    /// It is accepted and the answer is lost.
    Lose,
    /// The answer is lost, and the estate cannot tell afterwards what became of it.
    Forget,
    /// It never arrives, and no answer comes.
    Drop,
    /// It is said to be done and is not.
    Lie,
    /// A cleanup is said to be done and leaves a disk; a failover of a test that comes to nothing leaves
    /// what it had made.
    Leak,
    /// It takes so much longer (a start: the guest answers so much later).
    Late(Duration),
    /// VMware Tools stay off.
    NoTools,
    /// The agent never registers.
    NoAgent,
    /// The guest never answers.
    NoHeartbeat,
}

/// From when, for how long. Both are counted from when the estate first heard of the fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct When {
    /// An instant, or a time after the first hearing.
    pub(super) from: From,
    /// For ever if none.
    pub(super) lasts: Option<Duration>,
}

/// When something begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    /// So long after the estate first heard of it.
    After(Duration),
    /// Then.
    At(Timestamp),
}

impl When {
    /// The first instant, if the estate first heard of it at `since`.
    pub(super) fn begin(self, since: Timestamp) -> Timestamp {
        match self.from {
            From::After(delay) => since.plus(delay),
            From::At(at) => at,
        }
    }

    /// The instant after the last.
    pub(super) fn end(self, since: Timestamp) -> Timestamp {
        self.lasts.map_or(Timestamp::from_nanos(i64::MAX), |lasts| self.begin(since).plus(lasts))
    }
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// With a verb.
    Verb {
        /// What.
        twist: Twist,
        /// The verb.
        verb: &'static str,
        /// The machine; any if none.
        machine: Option<String>,
        /// How often.
        times: Times,
    },
    /// Points of a machine or of a group's members are lost.
    Point {
        /// The machine or group.
        subject: String,
        /// The id of the point or of its set.
        id: String,
        /// Whether they are still listed, but unusable.
        listed: bool,
        /// From when.
        when: When,
    },
    /// A site cannot be reached.
    Cut {
        /// The site.
        site: String,
        /// When.
        when: When,
    },
    /// A process server is not healthy.
    Down {
        /// Its name.
        server: String,
        /// When.
        when: When,
    },
}

impl Fault {
    /// Whether it concerns a verb on one of these machines.
    pub(super) fn concerns(&self, on: &str, machines: &[String]) -> bool {
        match self {
            Self::Verb { verb, machine, .. } => {
                *verb == on && machine.as_ref().is_none_or(|machine| machines.contains(machine))
            }
            Self::Point { .. } | Self::Cut { .. } | Self::Down { .. } => false,
        }
    }

    /// Reads `fail fail_over app02 once`, `cut site azure at +10m for 30m`; see `docs/simulator.md`.
    ///
    /// # Errors
    /// The text is no fault, or names what the inventory does not have.
    pub(super) fn read(text: &str, inventory: &Inventory) -> Result<Self, Diagnostic> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let names = Names { text, inventory };
        let Some((first, rest)) = words.split_first() else {
            return Err(names.shape("is empty", "write what goes wrong, such as `fail fail_over app02 once`"));
        };
        match (*first, rest) {
            ("fail" | "hang" | "lose" | "forget" | "drop" | "lie", [verb, machine, tail @ ..]) => {
                names.verb_fault(first, verb, machine, tail)
            }
            ("leak", [verb, machine, tail @ ..]) => {
                if !LEAKS.contains(verb) {
                    return Err(names.word(verb, &LEAKS));
                }
                names.with_times(Twist::Leak, verb, machine, tail)
            }
            ("late", [verb, machine, by, tail @ ..]) => {
                let by = names.duration(by)?;
                names.with_times(Twist::Late(by), verb, machine, tail)
            }
            ("no", [what, machine, tail @ ..]) => {
                let twist = match *what {
                    "tools" => Twist::NoTools,
                    "agent" => Twist::NoAgent,
                    "heartbeat" => Twist::NoHeartbeat,
                    other => return Err(names.word(other, &["tools", "agent", "heartbeat"])),
                };
                names.with_times(twist, "start", machine, tail)
            }
            ("vanish" | "spoil", ["point", subject, id, tail @ ..]) => Ok(Self::Point {
                subject: names.subject(subject)?,
                id: (*id).to_owned(),
                listed: *first == "spoil",
                when: names.when(tail)?,
            }),
            ("cut", ["site", site, tail @ ..]) => {
                Ok(Self::Cut { site: names.site(site)?, when: names.when(tail)? })
            }
            ("down", ["server", server, tail @ ..]) => {
                Ok(Self::Down { server: names.server(server)?, when: names.when(tail)? })
            }
            (word, _) if FIRST_WORDS.contains(&word) => {
                Err(names.shape("ends too early", "complete it as `muster explain MP0521` shows"))
            }
            (word, _) => Err(names.word(word, &FIRST_WORDS)),
        }
    }
}

/// What one text is read against.
struct Names<'a> {
    text: &'a str,
    inventory: &'a Inventory,
}

impl Names<'_> {
    fn verb_fault(&self, first: &str, verb: &str, machine: &str, tail: &[&str]) -> Result<Fault, Diagnostic> {
        let (tail, code) = match tail {
            [head @ .., "as", code] => (head, Some((*code).to_owned())),
            _ => (tail, None),
        };
        let (tail, retry) = match tail {
            [head @ .., "retry"] => (head, true),
            [head @ .., "refused"] => (head, false),
            _ => (tail, false),
        };
        let twist = match first {
            "hang" => Twist::Hang,
            "lose" => Twist::Lose,
            "forget" => Twist::Forget,
            "drop" => Twist::Drop,
            "lie" => Twist::Lie,
            _ => Twist::Fail { retry, code: code.clone().unwrap_or_else(|| "injected_fault".to_owned()) },
        };
        if first != "fail" && (code.is_some() || retry) {
            return Err(self.shape("says `as`, `retry` or `refused`", "say that only of `fail`"));
        }
        self.with_times(twist, verb, machine, tail)
    }

    fn with_times(
        &self,
        twist: Twist,
        verb: &str,
        machine: &str,
        tail: &[&str],
    ) -> Result<Fault, Diagnostic> {
        let known = VERBS.iter().find(|known| **known == verb);
        let Some(verb) = known else { return Err(self.word(verb, &VERBS)) };
        let machine = match machine {
            "*" => None,
            name if self.inventory.vms.contains_key(name) => Some(name.to_owned()),
            name => {
                return Err(self.unknown("machine", name, self.inventory.vms.keys().map(String::as_str)));
            }
        };
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
        let times = match tail {
            [] | ["always"] => Some(Times::Always),
            ["once"] => Some(Times::First(1)),
            ["twice"] => Some(Times::First(2)),
            [count, "times"] => number(count).map(Times::First),
            [percent] => percent
                .strip_suffix('%')
                .and_then(number)
                .filter(|percent| *percent <= 100)
                .map(|percent| Times::Percent(u64::from(percent))),
            _ => None,
        };
        let times = times.ok_or_else(|| {
            let what = format!("ends in `{}`, which is not how often", tail.join(" "));
            self.shape(&what, "end it with `once`, `twice`, `3 times`, `10%` or nothing")
        })?;
        Ok(Fault::Verb { twist, verb, machine, times })
    }

    fn when(&self, tail: &[&str]) -> Result<When, Diagnostic> {
        let (from, lasts) = match tail {
            [] => (None, None),
            ["at", from] => (Some(from), None),
            ["for", lasts] => (None, Some(lasts)),
            ["at", from, "for", lasts] => (Some(from), Some(lasts)),
            _ => {
                let what = format!("ends in `{}`, which is not a time", tail.join(" "));
                return Err(
                    self.shape(&what, "end it with `at +10m`, `for 30m`, both in this order, or nothing")
                );
            }
        };
        let from = match from {
            None => From::After(Duration::ZERO),
            Some(text) => match text.strip_prefix('+') {
                Some(delay) => From::After(self.duration(delay)?),
                None => From::At(text.parse().map_err(|what: String| {
                    self.shape(&format!("says {what}"), "say `at +10m`, or an instant in full")
                })?),
            },
        };
        let lasts = lasts.map(|lasts| self.duration(lasts)).transpose()?;
        Ok(When { from, lasts })
    }

    fn duration(&self, text: &str) -> Result<Duration, Diagnostic> {
        parse_duration(text)
            .map_err(|what| self.shape(&format!("says {what}"), "say how long, such as `5m` or `1h30m`"))
    }

    fn subject(&self, name: &str) -> Result<String, Diagnostic> {
        let vms = &self.inventory.vms;
        let groups = || vms.values().filter_map(|vm| vm.group.as_deref());
        if vms.contains_key(name) || groups().any(|group| group == name) {
            return Ok(name.to_owned());
        }
        Err(self.unknown("machine or group", name, vms.keys().map(String::as_str).chain(groups())))
    }

    fn site(&self, name: &str) -> Result<String, Diagnostic> {
        let sites = &self.inventory.sites;
        if sites.iter().any(|site| site == name) {
            return Ok(name.to_owned());
        }
        Err(self.unknown("site", name, sites.iter().map(String::as_str)))
    }

    fn server(&self, name: &str) -> Result<String, Diagnostic> {
        let servers = &self.inventory.process_servers;
        if servers.iter().any(|server| server.name == name) {
            return Ok(name.to_owned());
        }
        Err(self.unknown("process server", name, servers.iter().map(|server| server.name.as_str())))
    }

    fn shape(&self, what: &str, help: &str) -> Diagnostic {
        Diagnostic::placeless(SIM_FAULT, format!("fault `{}` {what}", self.text)).help(help)
    }

    fn word(&self, wrong: &str, known: &[&str]) -> Diagnostic {
        let message = format!("fault `{}` says `{wrong}`, which no fault knows", self.text);
        let all = format!("say one of {}", crate::base::words::list(known, known.len()));
        let help = did_you_mean(wrong, known.iter().copied()).unwrap_or(all);
        Diagnostic::placeless(SIM_FAULT, message).help(help)
    }

    fn unknown<'n>(&self, kind: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Diagnostic {
        let message =
            format!("fault `{}` names {kind} `{name}`, which the inventory does not have", self.text);
        Diagnostic::placeless(SIM_NAME, message).help_if(did_you_mean(name, known))
    }
}
