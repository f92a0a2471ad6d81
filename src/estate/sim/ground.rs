//! What holds for a simulated estate as long as it is open: facts, settings, faults with their times.
//! Answers questions; changes nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::base::{Chance, Timestamp};
use crate::event::fault::{Times, Twist, VerbFault};
use crate::event::{Key, Request};
use crate::inventory::{Inventory, ProcessServer};
use crate::source::Diagnostic;

use super::db::{Facts, Fate, FaultRow};
use super::fault::Fault;
use super::machine::{KeptPoint, SimMachine};
use super::settings::Settings;
use super::stream::{Cut, Rules};
use super::trouble::{refused, retry};

/// A fault with the time in which it holds.
#[derive(Debug)]
pub(super) struct LiveFault {
    pub(super) id: i64,
    since: Timestamp,
    /// Nobody told the estate of it from then on.
    until: Option<Timestamp>,
    text: String,
    fault: Fault,
}

/// What holds as long as the estate is open.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) facts: Facts,
    pub(super) home: String,
    pub(super) rules: Rules,
    faults: Vec<LiveFault>,
    /// How often each site was asked for something.
    contacts: Mutex<BTreeMap<String, u64>>,
}

impl Ground {
    /// The ground of an estate; `known` is what its faults may name.
    ///
    /// # Errors
    /// Every fault that does not read.
    pub(super) fn new(
        facts: Facts,
        settings: Settings,
        rows: Vec<FaultRow>,
        known: &Inventory,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let mut wrong = Vec::new();
        for FaultRow { id, text, since, until } in rows {
            match Fault::read(&text, known) {
                Ok(fault) => faults.push(LiveFault { id, since, until, text, fault }),
                Err(diagnostic) => wrong.push(diagnostic),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let cuts = faults.iter().filter_map(LiveFault::cut).collect();
        let home = settings.home.clone().or_else(|| facts.sites.first().cloned()).unwrap_or_default();
        let rules = Rules { seed: facts.seed, settings, cuts };
        Ok(Self { facts, home, rules, faults, contacts: Mutex::default() })
    }

    /// Asks a site for something, if it can be reached. What an inventory lists is known without.
    pub(super) fn contact(&self, site: &str, at: Timestamp) -> bool {
        let mut contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        *contacts.entry(site.to_owned()).or_insert(0) += 1;
        self.reaches(site, at)
    }

    /// How often each site was asked.
    pub(super) fn contacts(&self) -> BTreeMap<String, u64> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a site can be reached.
    pub(super) fn reaches(&self, site: &str, at: Timestamp) -> bool {
        !self.rules.cuts.iter().any(|cut| cut.holds(site, at))
    }

    /// The process server of a name.
    pub(super) fn server(&self, name: &str) -> Option<&ProcessServer> {
        self.facts.process_servers.iter().find(|server| server.name == name)
    }

    /// Whether a process server works.
    pub(super) fn healthy(&self, server: &ProcessServer, at: Timestamp) -> bool {
        server.healthy
            && !self.faults.iter().any(|live| match &live.fault {
                Fault::Down { server: name, when } => {
                    *name == server.name && live.holds(when.begin(live.since), when.end(live.since), at)
                }
                Fault::Verb(_) | Fault::Point { .. } | Fault::Cut { .. } => false,
            })
    }

    /// Whether a point of a machine is still listed, and whether it is usable.
    pub(super) fn point_stands(
        &self,
        machine: &SimMachine,
        point: &KeptPoint,
        at: Timestamp,
    ) -> (bool, bool) {
        let mut stands = (true, point.usable);
        for live in &self.faults {
            let Fault::Point { subject, id, listed, when } = &live.fault else { continue };
            let hit = (*subject == machine.name || machine.group.as_ref() == Some(subject))
                && (point.id == *id || point.set.as_ref() == Some(id));
            // What is lost does not come back when the fault is no longer told of.
            if hit
                && when.begin(live.since) <= at
                && live.until.is_none_or(|until| when.begin(live.since) < until)
            {
                stands = (stands.0 && *listed, false);
            }
        }
        stands
    }

    /// Live faults that concern an act, in the order in which they were told.
    pub(super) fn concerning<'a>(
        &'a self,
        request: &'a Request,
    ) -> impl Iterator<Item = (&'a LiveFault, &'a Twist, Times)> {
        let live = self.faults.iter().filter(|live| live.until.is_none());
        live.filter(|live| live.fault.concerns(request.verb(), request.machines())).filter_map(|live| {
            match &live.fault {
                Fault::Verb(fault) => Some((live, &fault.twist, fault.times)),
                Fault::Point { .. } | Fault::Cut { .. } | Fault::Down { .. } => None,
            }
        })
    }

    /// The faults that are still to come, as texts; `used` says how often one came already.
    ///
    /// # Errors
    /// Those of `used`.
    pub(super) fn to_come<E>(
        &self,
        now: Timestamp,
        used: impl Fn(i64) -> Result<u32, E>,
    ) -> Result<Vec<String>, E> {
        let mut texts = Vec::new();
        for live in self.faults.iter().filter(|live| live.until.is_none()) {
            let fault = match &live.fault {
                Fault::Verb(fault) => fault,
                Fault::Cut { site, when } => {
                    let when = when.told_at(live.since, now);
                    texts.extend(when.map(|when| format!("cut site {site}{when}")));
                    continue;
                }
                Fault::Point { .. } | Fault::Down { .. } => {
                    texts.push(live.text.clone());
                    continue;
                }
            };
            let times = match fault.times {
                Times::First(count) => Times::First(count.saturating_sub(used(live.id)?)),
                Times::Always | Times::Percent(_) => fault.times,
            };
            if times != Times::First(0) {
                texts.push(VerbFault { times, ..fault.clone() }.to_string());
            }
        }
        Ok(texts)
    }

    /// Whether a fault comes this time, having come `used` times before.
    pub(super) fn comes(&self, live: &LiveFault, times: Times, used: u32, key: &Key) -> bool {
        times.comes(used, || {
            Chance::of(self.facts.seed, &["fault", &live.id.to_string(), key.as_str()]).below(100)
        })
    }
}

impl LiveFault {
    fn holds(&self, from: Timestamp, to: Timestamp, at: Timestamp) -> bool {
        from <= at && at < to && self.until.is_none_or(|until| at < until)
    }

    fn cut(&self) -> Option<Cut> {
        match &self.fault {
            Fault::Cut { site, when } => {
                let end = when.end(self.since);
                let to = self.until.map_or(end, |until| end.min(until));
                Some(Cut { site: site.clone(), from: when.begin(self.since), to })
            }
            Fault::Verb(_) | Fault::Point { .. } | Fault::Down { .. } => None,
        }
    }
}

/// What a fault does to the fate of an act, or to its answer.
pub(super) fn twist(fate: &mut Fate, answer: &mut Answer, twist: &Twist, request: &Request) {
    match twist {
        Twist::Fail { retry: again, code } => {
            let message = format!("{} of {} failed at the estate", request.verb(), whom(request));
            fate.fail = Some(if *again { retry(code, message) } else { refused(code, message) });
        }
        Twist::Hang => fate.hang = true,
        Twist::Lie => fate.lie = true,
        Twist::Leak => fate.leak = true,
        Twist::Late(by) => fate.late_s = fate.late_s.saturating_add(by.as_secs()),
        Twist::NoTools => fate.no_tools = true,
        Twist::NoAgent => fate.no_agent = true,
        Twist::NoHeartbeat => fate.no_heartbeat = true,
        Twist::Lose => *answer = (*answer).max(Answer::Lost),
        Twist::Forget => {
            fate.forget = true;
            *answer = (*answer).max(Answer::Lost);
        }
        Twist::Drop => *answer = Answer::NeverArrives,
    }
}

/// What becomes of the answer to an act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Answer {
    /// It is given.
    Given,
    /// The act is taken on and the answer is lost.
    Lost,
    /// Neither the act nor an answer arrives.
    NeverArrives,
}

/// The machines of an act, for people.
pub(super) fn whom(request: &Request) -> String {
    crate::base::words::list(request.machines(), 3)
}
