//! How long acts take: what the settings say, else drawn from seed, verb, machine and key. Pure.

use std::time::Duration;

use indexmap::IndexMap;

use crate::base::{Chance, Timestamp};
use crate::event::{Key, Lasts, Request, Stated};

use super::ground::Ground;
use super::machine::SimMachine;
use super::settings::{Service, Settings, TIMED, VmSettings};

/// Power is on that long after it was asked for; the guest takes longer.
const POWER_ON: Duration = Duration::from_secs(5);
/// Cutting the power of a guest that did not shut down.
const POWER_OFF: Duration = Duration::from_secs(5);
/// After boot an agent takes up to a quarter of an hour to register again.
const AGENT_S: (u64, u64) = (120, 900);

/// From least to most, in seconds.
const fn range(verb: &str) -> (u64, u64) {
    match verb.as_bytes() {
        b"process_pending" => (30, 180),
        b"shut_down" => (20, 90),
        b"take_final" => (10, 40),
        b"start" => (40, 120),
        b"change_point" => (60, 240),
        b"roll_back" | b"commit" | b"clean_up" => (20, 60),
        b"reprotect" => (120, 600),
        b"guest_script" => (1, 10),
        _ => (60, 360),
    }
}

/// How long its acts take, as the estate itself knows it: for whoever asks beforehand.
pub(super) fn stated(settings: &Settings) -> Stated {
    let between =
        |(least, most): (u64, u64)| Lasts::Between(Duration::from_secs(least), Duration::from_secs(most));
    let verb = |verb: &'static str| {
        let said = settings.durations.get(verb).map(|lasts| Lasts::Exactly(lasts.0));
        (verb, said.unwrap_or_else(|| between(if verb == "agent" { AGENT_S } else { range(verb) })))
    };
    let own = |(machine, vm): (&String, &VmSettings)| {
        let durations = vm.durations.iter().map(|(verb, lasts)| (verb.clone(), Lasts::Exactly(lasts.0)));
        (machine.clone(), durations.collect())
    };
    let ports = |services: &IndexMap<u16, Service>| {
        services.iter().map(|(port, service)| (*port, service.after.0)).collect()
    };
    Stated {
        verbs: TIMED.into_iter().map(verb).collect(),
        machines: settings.vms.iter().map(own).collect(),
        power_on: POWER_ON,
        services: settings.services.iter().map(|(vm, services)| (vm.clone(), ports(services))).collect(),
        faults: Vec::new(),
    }
}

/// How long a verb takes on a machine.
pub(super) fn drawn(ground: &Ground, key: &Key, verb: &str, machine: &str) -> Duration {
    ground.rules.settings.duration(machine, verb).unwrap_or_else(|| {
        let (least, most) = range(verb);
        Chance::of(ground.facts.seed, &["lasts", verb, machine, key.as_str()]).seconds(least, most)
    })
}

/// How long the agent of a machine takes to register after boot.
pub(super) fn agent(ground: &Ground, key: &Key, machine: &str) -> Duration {
    ground.rules.settings.duration(machine, "agent").unwrap_or_else(|| {
        Chance::of(ground.facts.seed, &["agent", machine, key.as_str()]).seconds(AGENT_S.0, AGENT_S.1)
    })
}

/// How long the guest of a source takes to shut down; none: it does not react.
pub(super) fn guest(ground: &Ground, key: &Key, machine: &SimMachine, from: Timestamp) -> Option<Duration> {
    let answers = machine.source_copy().is_some_and(|copy| copy.answers(from));
    answers.then(|| drawn(ground, key, "shut_down", &machine.name))
}

/// How long an act takes from acceptance to its end.
pub(super) fn lasts(
    ground: &Ground,
    key: &Key,
    request: &Request,
    machines: &[SimMachine],
    from: Timestamp,
) -> Duration {
    let verb = request.verb();
    let longest =
        || machines.iter().map(|machine| drawn(ground, key, verb, &machine.name)).max().unwrap_or_default();
    match request {
        Request::ShutDown { spec, .. } => {
            let guest = machines.first().and_then(|machine| guest(ground, key, machine, from));
            match guest.filter(|guest| *guest <= spec.guest) {
                Some(guest) => guest,
                None => match spec.then {
                    crate::model::ShutdownThen::PowerOff => spec.guest.saturating_add(POWER_OFF),
                    crate::model::ShutdownThen::Halt => spec.guest,
                },
            }
        }
        Request::Start { .. } => POWER_ON,
        Request::GuestScript(script) => {
            let own = ground.rules.settings.vm(&script.machine);
            let program = own.zip(script.argv.first()).and_then(|(vm, path)| vm.programs.get(path));
            program.map_or_else(longest, |program| program.takes.0).min(script.timeout)
        }
        Request::ProcessPending { .. }
        | Request::TakeFinal { .. }
        | Request::FailOver { .. }
        | Request::ChangePoint { .. }
        | Request::RollBack { .. }
        | Request::Commit { .. }
        | Request::Reprotect { .. }
        | Request::CleanUp { .. } => longest(),
    }
}

/// From power-on to the first answer of the guest.
pub(super) fn boot(ground: &Ground, key: &Key, machine: &str) -> Duration {
    drawn(ground, key, "start", machine)
}
