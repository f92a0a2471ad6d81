//! A schedule: what goes wrong in one simulated run, as data. It follows from a seed, can be written down, read
//! back, and made smaller.

use musterpoint::model::{Ladder, LadderEnd, Policy, PolicyKind};
use musterpoint::run::OperatorRequest;
use serde::{Deserialize, Serialize};

use super::scenario::Scenario;

/// What happens at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Strike {
    /// The engine dies, and nothing of this moment came about.
    DiesBefore,
    /// The engine dies right after this moment came about.
    DiesAfter,
    /// The disk is full, for so many tries.
    Full { times: u32 },
    /// The engine stands still past its lease, another one takes over, and then it goes on.
    Overtaken,
    /// The estate's answer takes so many seconds; the act itself does not.
    AnswersLate { seconds: u32 },
    /// The act reaches the estate so many seconds late.
    ArrivesLate { seconds: u32 },
}

/// A moment, and what happens at it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Blow {
    /// The so manyth durable write of the schedule, from 1.
    Write { at: u32, strike: Strike },
    /// The so manyth call of the estate, from 1.
    Call { at: u32, strike: Strike },
}

/// Something an operator asks just before a write.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ask {
    pub write: u32,
    pub by: String,
    pub request: OperatorRequest,
}

/// One simulated run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Schedule {
    pub scenario: String,
    /// From it follow durations, chances of the estate, how scripts end, and what the operator is like.
    pub seed: u64,
    /// Faults of the estate, in the simulator's words.
    pub faults: Vec<String>,
    pub blows: Vec<Blow>,
    pub asks: Vec<Ask>,
    /// Whether scripts may fail.
    pub scripts_fail: bool,
}

/// Seeded choices (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        b ^ (b >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

impl Schedule {
    /// Nothing goes wrong.
    pub fn calm(scenario: &Scenario) -> Self {
        Self {
            scenario: scenario.name.to_owned(),
            seed: 1,
            faults: Vec::new(),
            blows: Vec::new(),
            asks: Vec::new(),
            scripts_fail: false,
        }
    }

    /// What follows from a seed. `writes` and `calls` are those of the calm run.
    pub fn of_seed(scenario: &Scenario, seed: u64, writes: u32, calls: u32) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x51ED_270B);
        let mut schedule = Self { seed, scripts_fail: dice.one_in(3), ..Self::calm(scenario) };
        let moment =
            |dice: &mut Dice, of: u32| 1 + u32::try_from(dice.below(of as usize * 5 / 4 + 1)).unwrap();
        for _ in 0..[0, 0, 1, 1, 2, 4][dice.below(6)] {
            schedule.faults.push(fault(&mut dice, scenario));
        }
        for _ in 0..[0, 1, 1, 2, 3, 6][dice.below(6)] {
            let strike = *dice.of(&[
                Strike::DiesBefore,
                Strike::DiesAfter,
                Strike::DiesBefore,
                Strike::DiesAfter,
                Strike::Overtaken,
                Strike::Full { times: 3 },
            ]);
            schedule.blows.push(Blow::Write { at: moment(&mut dice, writes), strike });
        }
        for _ in 0..[0, 0, 1, 2][dice.below(4)] {
            let seconds = *dice.of(&[1, 20, 59, 61, 300]);
            let strike = *dice.of(&[
                Strike::DiesBefore,
                Strike::DiesAfter,
                Strike::AnswersLate { seconds },
                Strike::ArrivesLate { seconds },
            ]);
            schedule.blows.push(Blow::Call { at: moment(&mut dice, calls), strike });
        }
        for _ in 0..[0, 0, 1, 2, 5][dice.below(5)] {
            let write = moment(&mut dice, writes);
            let by = (*dice.of(&["dana", "lee", "kim"])).to_owned();
            schedule.asks.push(Ask { write, by, request: request(&mut dice, scenario) });
        }
        schedule
    }

    /// Schedules that are smaller by one thing each.
    pub fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..self.faults.len() {
            let mut less = self.clone();
            less.faults.remove(at);
            all.push(less);
        }
        for at in 0..self.blows.len() {
            let mut less = self.clone();
            less.blows.remove(at);
            all.push(less);
        }
        for at in 0..self.asks.len() {
            let mut less = self.clone();
            less.asks.remove(at);
            all.push(less);
        }
        if self.scripts_fail {
            all.push(Self { scripts_fail: false, ..self.clone() });
        }
        all
    }
}

fn fault(dice: &mut Dice, scenario: &Scenario) -> String {
    const VERBS: [&str; 10] = [
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
    ];
    let machine = dice.of(&scenario.machines).clone();
    let site = dice.of(&scenario.sites).clone();
    let verb = *dice.of(&VERBS);
    let times = *dice.of(&["once", "once", "twice", "always", "50%"]);
    match dice.below(14) {
        0 => format!("fail {verb} {machine} {times} retry"),
        1 => format!("fail {verb} {machine} {times} refused"),
        2 => format!("hang {verb} {machine} {times}"),
        3 | 4 => format!("lose {verb} {machine} {times}"),
        5 | 6 => format!("drop {verb} {machine} {times}"),
        7 => format!("lie {verb} {machine} {times}"),
        8 => format!("late {verb} {machine} {}s {times}", [30, 600, 7200][dice.below(3)]),
        9 => format!("no {} {machine} {times}", dice.of(&["tools", "agent", "heartbeat"])),
        10 => format!("leak clean_up {machine} {times}"),
        11 => format!("leak fail_over {machine}"),
        _ => format!("cut site {site} at +{}m for {}m", dice.below(20), 1 + dice.below(30)),
    }
}

fn request(dice: &mut Dice, scenario: &Scenario) -> OperatorRequest {
    let step = dice.of(&scenario.steps).clone();
    let subject = dice.of(&scenario.subjects).clone();
    let ladder = Ladder { rungs: vec![Policy::plain(PolicyKind::Latest)], end: LadderEnd::Fail };
    let reason = "because".to_owned();
    match dice.below(13) {
        0 => OperatorRequest::Approve { step: Some(step), comment: String::new() },
        1 => OperatorRequest::Reject { step: dice.one_in(2).then_some(step), comment: String::new() },
        2 => OperatorRequest::Choose { subject, ladder },
        3 => OperatorRequest::Pause,
        4 => OperatorRequest::Resume,
        5 => OperatorRequest::Retry { step: dice.one_in(2).then_some(step) },
        6 | 7 => OperatorRequest::Skip { step, reason },
        8 => OperatorRequest::Halt { reason },
        9 => OperatorRequest::ChangePoint { subject, ladder },
        10 => OperatorRequest::Rollback { reason },
        11 => OperatorRequest::Commit { delete_sources: Some(u32::try_from(dice.below(6)).unwrap()) },
        _ => OperatorRequest::CleanUp,
    }
}
