//! Chooses for a large estate and compares with reading the same points once: `points [POINTS]`, 10^7 unless
//! said, a thousand to a machine. Three estates: groups whose newest set is missing on one member, machines
//! on their own, and the worst case, groups of which only the oldest set is complete.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints, over tables of its own making"
)]

use std::hint::black_box;
use std::time::Instant;

use musterpoint::base::{Id, Timestamp};
use musterpoint::inventory::{Inventory, Machine, Point, PointKind, Protection, TagSet, read, to_text};
use musterpoint::model::{Ladder, LadderEnd, Policy, PolicyKind, VmId};
use musterpoint::point::{Forecast, Member, Pending, Subject, forecast};

const EACH: usize = 1000;
const GROUP: usize = 16;

/// How the points of the estate lie.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// The two newest sets have a hole; machines are in groups.
    Groups,
    /// Machines are on their own.
    Alone,
    /// Every set but the oldest has a hole; machines are in groups.
    WorstGroups,
    /// Only the oldest point is processed; machines are on their own.
    WorstAlone,
}

fn main() {
    let total = std::env::args().filter_map(|arg| arg.parse::<usize>().ok()).next().unwrap_or(10_000_000);
    let machines = (total / EACH).max(GROUP);
    for shape in [Shape::Groups, Shape::Alone, Shape::WorstGroups, Shape::WorstAlone] {
        let (inventory, subjects) = estate(machines, shape);
        measure(&inventory, &subjects, shape);
    }
    let (inventory, _) = estate((total / 10 / EACH).max(GROUP), Shape::Groups);
    let document = to_text(&inventory);
    let (micros, again) = timed(|| read("bench.json", document.as_bytes()).is_ok());
    assert!(again, "what was written is read");
    println!("Load: {} machines, {} bytes of JSON in {micros} us", inventory.vms.len(), document.len());
}

fn measure(inventory: &Inventory, subjects: &[Subject], shape: Shape) {
    let (mut choosing, mut reading) = (u128::MAX, u128::MAX);
    for _ in 0..3 {
        let (micros, sum) = timed(|| look(inventory));
        black_box(sum);
        reading = reading.min(micros);
        let (micros, forecast) = timed(|| forecast(subjects, &[], inventory, inventory.now));
        check(&forecast, subjects.len());
        choosing = choosing.min(micros);
    }
    let points: usize = inventory.vms.values().map(|vm| vm.points.len()).sum();
    let ratio = choosing as f64 / reading.max(1) as f64;
    println!(
        "{shape:?}: {} machines, {points} points: chosen in {choosing} us, read once in {reading} us, ratio {ratio:.2}",
        inventory.vms.len(),
    );
}

fn check(forecast: &Forecast, subjects: usize) {
    let chosen = forecast.outcomes.iter().filter(|outcome| outcome.choice().is_some()).count();
    assert_eq!(chosen, subjects, "every group and machine of this estate has a choice");
}

#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn timed<T>(work: impl FnOnce() -> T) -> (u128, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_micros(), result)
}

/// Every point is looked at once.
fn look(inventory: &Inventory) -> i64 {
    let points = inventory.vms.values().flat_map(|vm| &vm.points);
    points.fold(0, |sum, point| sum ^ point.at.as_nanos() ^ i64::from(point.usable))
}

fn estate(machines: usize, shape: Shape) -> (Inventory, Vec<Subject>) {
    let now = Timestamp::from_seconds(1_800_000_000);
    let mut inventory = Inventory::empty(now, vec!["a".into(), "b".into()]);
    let ids: Vec<_> = (0..EACH).map(|place| inventory.symbols.intern(&format!("p{place}"))).collect();
    let sets: Vec<_> = (0..EACH).map(|place| inventory.symbols.intern(&format!("s{place}"))).collect();
    let grouped = matches!(shape, Shape::Groups | Shape::WorstGroups);
    for machine in 0..machines {
        let mut points = Vec::with_capacity(EACH);
        for place in 0..EACH {
            let last = place + 1 == EACH;
            let hole = match shape {
                Shape::Groups => place < 2 && machine % GROUP == place,
                Shape::WorstGroups => !last && machine % GROUP == place % GROUP,
                Shape::Alone | Shape::WorstAlone => false,
            };
            if !hole {
                points.push(Point {
                    at: Timestamp::from_seconds(1_800_000_000 - 300 * place as i64),
                    id: ids[place],
                    set: grouped.then_some(sets[place]),
                    tags: TagSet::default(),
                    kind: if place % 12 == 0 || last { PointKind::App } else { PointKind::Crash },
                    processed: last || !matches!(shape, Shape::WorstAlone),
                    usable: true,
                });
            }
        }
        let name = format!("vm{machine}");
        inventory.vms.insert(name.clone(), a_machine(name, points));
    }
    (inventory, subjects(machines, grouped))
}

fn a_machine(name: String, points: Vec<Point>) -> Machine {
    Machine {
        name,
        group: None,
        site: "a".into(),
        power: None,
        protection: Protection::Protected,
        replicates_to: None,
        os: None,
        address: indexmap::IndexMap::new(),
        agent_registered: None,
        left_behind: None,
        pending_bytes: None,
        points,
    }
}

fn subjects(machines: usize, grouped: bool) -> Vec<Subject> {
    let kind = if grouped { PolicyKind::Common } else { PolicyKind::LatestProcessed };
    let all: Vec<usize> = (0..machines).collect();
    all.chunks(if grouped { GROUP } else { 1 })
        .map(|members| Subject {
            name: format!("of{}", members[0]),
            members: members
                .iter()
                .map(|at| Member {
                    vm: VmId::from_index(*at),
                    name: format!("vm{at}"),
                    estate_name: format!("vm{at}"),
                })
                .collect(),
            group: grouped,
            ladder: Ladder { rungs: vec![Policy::plain(kind.clone())], end: LadderEnd::Fail },
            pending: Pending::ToCome,
        })
        .collect()
}
