//! What goes wrong in a rehearsal: a fault of a verb in the simulator's words, trouble of a step by its name,
//! or the death of the engine. From text to a fault checked against the runbook, and back.

use std::time::Duration;

use crate::base::time::{format_duration, parse_duration};
use crate::base::words::did_you_mean;
use crate::event::fault::{self, FaultTrouble, Times, Twist, VERBS, VerbFault, When};
use crate::model::{ScriptWhere, VmId};
use crate::runbook::{Act, NodeId, Runbook, RunbookMachine};
use crate::source::Diagnostic;
use crate::source::codes::rehearse as codes;

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// With a verb.
    Verb(VerbFault),
    /// With a step.
    Step(StepFault),
    /// A site cannot be reached.
    Cut {
        /// Which.
        side: Side,
        /// Its name, as written.
        site: String,
        /// When, counted from the start of the run.
        when: When,
    },
    /// The engine dies once its so-manieth write is durable, and before it acts on it.
    Dies(u64),
}

/// One of the two sites of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// Where the machines come from.
    Source,
    /// Where they come up.
    Target,
}

/// What goes wrong with a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepFault {
    /// Which.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// What.
    pub twist: StepTwist,
    /// How often.
    pub times: Times,
}

/// What can go wrong with a step that is no verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepTwist {
    /// A script exits with another status than 0.
    Fail,
    /// A script does not end in its time.
    Hang,
    /// A check never passes.
    Never,
    /// It takes so much longer.
    Late(Duration),
    /// An approval is answered only once its time is up.
    TooLate,
    /// An approval is answered with no.
    Reject,
}

/// The first words of faults of steps and of the engine that no verb has.
const FIRST_WORDS: [&str; 4] = ["never", "reject", "cut", "die"];

/// The verb that a node asks for.
pub(super) fn verb_of(act: &Act) -> Option<&'static str> {
    match act {
        Act::Script(script) => match script.place {
            ScriptWhere::Guest(_) => Some("guest_script"),
            ScriptWhere::Runner => None,
        },
        act => VERBS.into_iter().find(|verb| *verb == act.word()),
    }
}

/// Whether a machine has this name, in the plan or in its estate.
pub(super) fn is_called(machine: &RunbookMachine, name: &str) -> bool {
    machine.name == name || machine.estate_name == name
}

/// The machines that a node's verb is asked for.
pub(super) fn machines_of(runbook: &Runbook, act: &Act) -> Vec<VmId> {
    match act {
        Act::ProcessPending { vms } => vms.clone(),
        Act::TakeFinal { subject } => {
            runbook.subjects.get(*subject).map(|subject| subject.members.clone()).unwrap_or_default()
        }
        Act::Script(script) => match script.place {
            ScriptWhere::Guest(vm) => vec![vm],
            ScriptWhere::Runner => Vec::new(),
        },
        act => act.vm().into_iter().collect(),
    }
}

impl Fault {
    /// Reads `fail fail_over app02 once`, `never sql_up`, `late accept`, `die at 17`; see the guide.
    ///
    /// # Errors
    /// The text is no fault of a rehearsal, or names what the runbook does not have.
    pub fn read(text: &str, runbook: &Runbook) -> Result<Self, Diagnostic> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let reader = Reader { text, runbook };
        let Some((first, rest)) = words.split_first() else {
            return Err(
                reader.shape("is empty", "write what goes wrong, such as `fail fail_over app02 once`")
            );
        };
        match (*first, rest) {
            ("die", rest) => return reader.death(rest),
            ("cut", ["site", site, tail @ ..]) => return reader.cut(site, tail),
            ("cut", _) => return Err(reader.shape("names no site", "write `cut site SITE at +10m for 30m`")),
            _ => {}
        }
        let of_verb = fault::FIRST_WORDS.contains(first);
        if !of_verb && !FIRST_WORDS.contains(first) {
            return Err(reader.unknown_first(first));
        }
        if let Some(fault) = reader.step(first, rest)? {
            return Ok(fault);
        }
        match if of_verb { VerbFault::read(&words) } else { Ok(None) } {
            Ok(Some(fault)) => reader.verb(fault),
            Ok(None) => Err(reader.no_step(first, rest)),
            Err(trouble) => Err(reader.trouble(trouble)),
        }
    }
}

impl std::fmt::Display for Fault {
    /// The text that reads as this fault.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Verb(fault) => write!(f, "{fault}"),
            Self::Cut { site, when, .. } => write!(f, "cut site {site}{when}"),
            Self::Dies(write) => write!(f, "die at {write}"),
            Self::Step(StepFault { name, twist, times, .. }) => match twist {
                StepTwist::Fail => write!(f, "fail {name}{times}"),
                StepTwist::Hang => write!(f, "hang {name}{times}"),
                StepTwist::Never => write!(f, "never {name}{times}"),
                StepTwist::Late(by) => write!(f, "late {name} {}{times}", format_duration(*by)),
                StepTwist::TooLate => write!(f, "late {name}{times}"),
                StepTwist::Reject => write!(f, "reject {name}{times}"),
            },
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    runbook: &'t Runbook,
}

impl Reader<'_> {
    fn death(&self, rest: &[&str]) -> Result<Fault, Diagnostic> {
        match rest {
            ["at", write] => write.parse().ok().filter(|write| *write > 0).map(Fault::Dies),
            _ => None,
        }
        .ok_or_else(|| {
            self.shape("does not say when the engine dies", "write `die at 17`: after its 17th write")
        })
    }

    fn cut(&self, name: &str, tail: &[&str]) -> Result<Fault, Diagnostic> {
        let when = When::read(tail).map_err(|trouble| self.trouble(trouble))?;
        let sites = [(Side::Source, &self.runbook.source), (Side::Target, &self.runbook.target)];
        let found = sites.iter().find(|(_, site)| site.name == name || site.estate_name == name);
        if let Some((side, _)) = found {
            return Ok(Fault::Cut { side: *side, site: name.to_owned(), when });
        }
        let message = format!("fault `{}` names site `{name}`, which this runbook does not have", self.text);
        let names = sites.iter().map(|(_, site)| site.name.as_str());
        Err(Diagnostic::placeless(codes::FAULT_NAME, message)
            .help(format!("it has `{}` and `{}`", self.runbook.source.name, self.runbook.target.name))
            .help_if(did_you_mean(name, names)))
    }

    /// A step's fault, where the words behind the first are a step's name with what follows it.
    fn step(&self, first: &str, rest: &[&str]) -> Result<Option<Fault>, Diagnostic> {
        // A name may have several words, and what follows it at most three.
        for tail in 0..=rest.len().min(3) {
            let (name, tail) = rest.split_at(rest.len() - tail);
            let name = name.join(" ");
            let mut nodes = self.runbook.nodes.iter_enumerated();
            let Some((id, node)) = nodes.find(|(_, node)| node.name == name && node.act != Act::Join) else {
                continue;
            };
            if let Some((verb, machine)) = self.as_verb(id) {
                let words: Vec<&str> =
                    [first, verb, machine].into_iter().chain(tail.iter().copied()).collect();
                let read = VerbFault::read(&words).map_err(|trouble| self.trouble(trouble))?;
                let fault = read.ok_or_else(|| self.unfit(&node.act))?;
                return self.verb(fault).map(Some);
            }
            let (late, tail) = match (first, tail) {
                ("late", [by, tail @ ..]) if parse_duration(by).is_ok() => (parse_duration(by).ok(), tail),
                (_, tail) => (None, tail),
            };
            let times = Times::read(tail).map_err(|trouble| self.trouble(trouble))?;
            let twist = self.twist(first, &node.act, late)?;
            return Ok(Some(Fault::Step(StepFault { node: id, name, twist, times })));
        }
        Ok(None)
    }

    fn twist(&self, first: &str, act: &Act, late: Option<Duration>) -> Result<StepTwist, Diagnostic> {
        match (first, act, late) {
            ("late", Act::Approve(_), None) => Ok(StepTwist::TooLate),
            ("late", Act::Wait { .. } | Act::Bind(_) | Act::ConfirmStopped { .. }, _) => Err(self.unfit(act)),
            ("late", _, Some(by)) => Ok(StepTwist::Late(by)),
            ("late", _, None) => {
                Err(self.shape("does not say how late", "say how long, such as `late STEP 5m`"))
            }
            ("never", Act::Check(_), _) => Ok(StepTwist::Never),
            ("reject", Act::Approve(_), _) => Ok(StepTwist::Reject),
            ("fail", Act::Script(_) | Act::Fence { .. }, _) => Ok(StepTwist::Fail),
            ("hang", Act::Script(_) | Act::Fence { .. }, _) => Ok(StepTwist::Hang),
            _ => Err(self.unfit(act)),
        }
    }

    fn unfit(&self, act: &Act) -> Diagnostic {
        let what = format!("does not fit a step of the kind `{}`", act.word());
        self.shape(&what, fitting(act))
    }

    /// The verb that a step asks for, and a machine that it is asked for.
    fn as_verb(&self, id: NodeId) -> Option<(&'static str, &str)> {
        let act = &self.runbook.nodes.get(id)?.act;
        let machine = machines_of(self.runbook, act).first().copied()?;
        Some((verb_of(act)?, self.runbook.machines.get(machine)?.estate_name.as_str()))
    }

    fn verb(&self, fault: VerbFault) -> Result<Fault, Diagnostic> {
        if let Some(name) = &fault.machine {
            let machines = || self.runbook.machines.iter();
            if !machines().any(|machine| is_called(machine, name)) {
                let names =
                    machines().flat_map(|machine| [machine.name.as_str(), machine.estate_name.as_str()]);
                let message = format!(
                    "fault `{}` names machine `{name}`, which this runbook does not touch",
                    self.text
                );
                return Err(Diagnostic::placeless(codes::FAULT_NAME, message)
                    .help("name a machine as `muster preview` lists it")
                    .help_if(did_you_mean(name, names)));
            }
        }
        if fault.twist == Twist::Lie && fault.verb != "start" {
            return Err(self.shape(
                "tells a lie whose consequences a rehearsal does not know",
                "say it of `start`, or to the simulated estate in the plan's `faults`",
            ));
        }
        let is_hit = |vm: &VmId| {
            let machine = self.runbook.machines.get(*vm);
            let is_named = |name: &String| machine.is_some_and(|machine| is_called(machine, name));
            fault.machine.as_ref().is_none_or(is_named)
        };
        let mut acts = self.runbook.nodes.iter().map(|node| &node.act);
        if acts
            .any(|act| verb_of(act) == Some(fault.verb) && machines_of(self.runbook, act).iter().any(is_hit))
        {
            return Ok(Fault::Verb(fault));
        }
        let on = fault.machine.as_ref().map_or_else(String::new, |name| format!(" on `{name}`"));
        let message = format!("fault `{}` can never come: no step does `{}`{on}", self.text, fault.verb);
        Err(Diagnostic::placeless(codes::FAULT_NAME, message)
            .help("name a step or verb of the runbook; `muster preview` lists them"))
    }

    fn no_step(&self, first: &str, rest: &[&str]) -> Diagnostic {
        let name = match rest {
            [head @ .., "once" | "twice" | "always"] if !head.is_empty() => head.join(" "),
            rest => rest.join(" "),
        };
        if name.is_empty() {
            return self.shape("ends too early", "name a verb and a machine, or a step");
        }
        let nodes = self.runbook.nodes.iter().filter(|node| match first {
            "never" => matches!(node.act, Act::Check(_)),
            "reject" => matches!(node.act, Act::Approve(_)),
            _ => node.act != Act::Join,
        });
        let message = format!("fault `{}` names step `{name}`, which this runbook does not have", self.text);
        Diagnostic::placeless(codes::FAULT_NAME, message)
            .help("name a step as `muster preview` lists it")
            .help_if(did_you_mean(&name, nodes.map(|node| node.name.as_str())))
    }

    fn unknown_first(&self, word: &str) -> Diagnostic {
        if ["vanish", "spoil", "down"].contains(&word) {
            return self.shape(
                "is one of the estate's, which a rehearsal does not have",
                "tell it to the simulated estate in the plan's `faults`, and start a run there",
            );
        }
        let known: Vec<&'static str> = fault::FIRST_WORDS.into_iter().chain(FIRST_WORDS).collect();
        self.trouble(FaultTrouble::word(word, &known))
    }

    fn trouble(&self, trouble: FaultTrouble) -> Diagnostic {
        match trouble {
            FaultTrouble::Shape { what, help } => self.shape(&what, &help),
            FaultTrouble::Word { wrong, known } => {
                let message = format!("fault `{}` says `{wrong}`, which no fault knows", self.text);
                let steps = self.runbook.nodes.iter().map(|node| node.name.as_str());
                let all = format!("say one of {}", crate::base::words::list(&known, known.len()));
                let near = did_you_mean(&wrong, known.iter().copied().chain(steps));
                Diagnostic::placeless(codes::FAULT, message).help(near.unwrap_or(all))
            }
        }
    }

    fn shape(&self, what: &str, help: &str) -> Diagnostic {
        Diagnostic::placeless(codes::FAULT, format!("fault `{}` {what}", self.text)).help(help)
    }
}

/// The words that fit a step.
fn fitting(act: &Act) -> &'static str {
    match act {
        _ if verb_of(act).is_some() => "say `fail`, `hang`, `lose`, `forget`, `drop` or `late`",
        Act::Check(_) => "say `never STEP` or `late STEP 5m`",
        Act::Approve(_) => "say `late STEP` or `reject STEP`",
        Act::CommitGate(_) | Act::AskPoints { .. } => "say `late STEP 5m`",
        Act::Script(_) | Act::Fence { .. } => "say `fail STEP`, `hang STEP` or `late STEP 5m`",
        _ => "say one that fits, or name another step",
    }
}
