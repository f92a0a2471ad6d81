//! What goes wrong in a simulated estate: from one line of text to a checked fault. Pure.

use crate::base::words::did_you_mean;
use crate::event::fault::{self, FaultTrouble, VerbFault, When};
use crate::inventory::Inventory;
use crate::source::Diagnostic;
use crate::source::codes::estate::{SIM_FAULT, SIM_NAME};

/// The words that a fault of something else than a verb begins with.
const FIRST_WORDS: [&str; 4] = ["vanish", "spoil", "cut", "down"];

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// With a verb.
    Verb(VerbFault),
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
            Self::Verb(fault) => {
                fault.verb == on && fault.machine.as_ref().is_none_or(|machine| machines.contains(machine))
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
        if let Some(fault) = VerbFault::read(&words).map_err(|trouble| names.trouble(trouble))? {
            names.machine(fault.machine.as_deref())?;
            return Ok(Self::Verb(fault));
        }
        let known: Vec<&'static str> = fault::FIRST_WORDS.into_iter().chain(FIRST_WORDS).collect();
        match (*first, rest) {
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
            (word, _) if known.contains(&word) => {
                Err(names.shape("ends too early", "complete it as `muster explain MP0521` shows"))
            }
            (word, _) => Err(names.word(word, &known)),
        }
    }
}

/// What one text is read against.
struct Names<'a> {
    text: &'a str,
    inventory: &'a Inventory,
}

impl Names<'_> {
    fn trouble(&self, trouble: FaultTrouble) -> Diagnostic {
        match trouble {
            FaultTrouble::Shape { what, help } => self.shape(&what, &help),
            FaultTrouble::Word { wrong, known } => self.word(&wrong, &known),
        }
    }

    fn machine(&self, name: Option<&str>) -> Result<(), Diagnostic> {
        match name {
            Some(name) if !self.inventory.vms.contains_key(name) => {
                Err(self.unknown("machine", name, self.inventory.vms.keys().map(String::as_str)))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn when(&self, tail: &[&str]) -> Result<When, Diagnostic> {
        When::read(tail).map_err(|trouble| self.trouble(trouble))
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
