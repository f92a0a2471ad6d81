//! The chooser against plain search: every choice is the best there is, every certificate passes the
//! checker, and no changed certificate does.

use std::collections::BTreeSet;
use std::time::Duration;

use musterpoint::base::{Id, Timestamp};
use musterpoint::inventory::{Inventory, Machine, Point, PointKind, Protection, TagSet};
use musterpoint::model::{Ladder, LadderEnd, Policy, PolicyKind, VmId};
use musterpoint::point::{
    AlignRequest, Choice, Matched, Member, Outcome, Reason, Subject, align, choose, forecast, json, text,
    verify, verify_align,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Spec {
    at: i64,
    set: Option<u8>,
    kind: PointKind,
    tagged: bool,
    processed: bool,
    usable: bool,
}

const NOW: i64 = 100;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Machines `v0`, `v1`, … ; points named by machine and place.
fn inventory(machines: &[Vec<Spec>]) -> Inventory {
    let mut inventory = Inventory::empty(at(NOW), vec!["a".into(), "b".into()]);
    let tag = inventory.symbols.intern("blue");
    inventory.tag_sets.push(vec![tag]);
    for (index, specs) in machines.iter().enumerate() {
        let mut points: Vec<Point> = Vec::new();
        for (place, spec) in specs.iter().enumerate() {
            points.push(Point {
                at: at(spec.at),
                id: inventory.symbols.intern(&format!("p{index}-{place}")),
                set: spec.set.map(|set| inventory.symbols.intern(&format!("s{set}"))),
                tags: TagSet(u32::from(spec.tagged)),
                kind: spec.kind,
                processed: spec.processed,
                usable: spec.usable,
            });
        }
        points.sort_by_key(|point| std::cmp::Reverse(point.at));
        let name = format!("v{index}");
        let machine = Machine {
            name: name.clone(),
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
        };
        inventory.vms.insert(name, machine);
    }
    inventory
}

fn subject(name: &str, members: &[usize], rungs: Vec<Policy>, end: LadderEnd) -> Subject {
    let members = members.iter().map(|index| Member {
        vm: VmId::from_index(*index),
        name: format!("m{index}"),
        estate_name: format!("v{index}"),
    });
    Subject { name: name.into(), members: members.collect(), group: true, ladder: Ladder { rungs, end } }
}

// ---- the oracle: nothing but the table of the language, tried on everything ----

fn fits(inventory: &Inventory, policy: &Policy, point: &Point) -> bool {
    let app = matches!(policy.kind, PolicyKind::LatestApp | PolicyKind::CommonApp);
    let age = NOW * 1_000_000_000 - point.at.as_nanos();
    point.usable
        && (policy.kind == PolicyKind::Latest || point.processed)
        && (!app || point.kind != PointKind::Crash)
        && policy.max_age.is_none_or(|most| age <= i64::try_from(most.as_nanos()).unwrap())
        && policy.as_of.is_none_or(|latest| point.at <= latest)
        && policy.tag.as_ref().is_none_or(|tag| {
            inventory.tag_sets[point.tags.0 as usize].iter().any(|known| inventory.text(*known) == tag)
        })
        && match &policy.kind {
            PolicyKind::Id(id) => inventory.text(point.id) == id,
            _ => true,
        }
}

/// A complete set: its name, then the point of each member.
type Whole<'a> = (String, Vec<&'a Point>);

fn wholes<'a>(inventory: &'a Inventory, members: &[usize], policy: &Policy) -> Vec<Whole<'a>> {
    let points = |member: &usize| &inventory.vms[&format!("v{member}")].points;
    let ids: BTreeSet<&str> =
        members.iter().flat_map(|m| points(m)).filter_map(|p| p.set.map(|s| inventory.text(s))).collect();
    let instants: BTreeSet<Timestamp> = members.iter().flat_map(|m| points(m)).map(|p| p.at).collect();
    let mut found = Vec::new();
    let mut add = |name: String, belongs: &dyn Fn(&Point) -> bool| {
        let picks: Option<Vec<&Point>> = members
            .iter()
            .map(|m| points(m).iter().find(|p| belongs(p) && fits(inventory, policy, p)))
            .collect();
        found.extend(picks.filter(|picks| !picks.is_empty()).map(|picks| (name, picks)));
    };
    if ids.is_empty() {
        for instant in instants {
            add(String::new(), &|point| point.at == instant);
        }
    } else {
        for id in ids {
            add(id.to_owned(), &|point| point.set.is_some_and(|set| inventory.text(set) == id));
        }
    }
    found
}

fn best_common<'a>(inventory: &'a Inventory, members: &[usize], policy: &Policy) -> Option<Whole<'a>> {
    wholes(inventory, members, policy).into_iter().max_by_key(|(name, picks)| {
        let instants: Vec<Timestamp> = picks.iter().map(|p| p.at).collect();
        (instants.iter().min().copied(), instants, std::cmp::Reverse(name.clone()))
    })
}

fn best<'a>(inventory: &'a Inventory, members: &[usize], policy: &Policy) -> Option<Vec<&'a Point>> {
    if policy.kind.is_common() {
        return best_common(inventory, members, policy).map(|(_, picks)| picks);
    }
    if matches!(policy.kind, PolicyKind::Id(_)) {
        return None;
    }
    let points = |member: &usize| &inventory.vms[&format!("v{member}")].points;
    members.iter().map(|m| points(m).iter().find(|p| fits(inventory, policy, p))).collect()
}

/// The best alignment: the oldest instant, then each group's, by trying every combination.
fn best_align(
    inventory: &Inventory,
    groups: &[Vec<usize>],
    policies: &[Policy],
    within: i64,
) -> Option<(Timestamp, Vec<Timestamp>)> {
    let mut combinations: Vec<Vec<&Point>> = vec![Vec::new()];
    let mut keys: Vec<Vec<Timestamp>> = vec![Vec::new()];
    for (members, policy) in groups.iter().zip(policies) {
        let (mut next, mut next_keys) = (Vec::new(), Vec::new());
        for (_, picks) in wholes(inventory, members, policy) {
            for (so_far, key) in combinations.iter().zip(&keys) {
                next.push(so_far.iter().chain(&picks).copied().collect());
                let oldest = picks.iter().map(|p| p.at).min().unwrap();
                next_keys.push(key.iter().copied().chain([oldest]).collect());
            }
        }
        (combinations, keys) = (next, next_keys);
    }
    let spread = |points: &[&Point]| {
        let instants = || points.iter().map(|p| p.at.as_nanos());
        instants().max().unwrap_or(0) - instants().min().unwrap_or(0)
    };
    combinations
        .iter()
        .zip(keys)
        .filter(|(points, _)| !points.is_empty() && spread(points) <= within * 1_000_000_000)
        .map(|(_, keys)| (keys.iter().min().copied().unwrap(), keys))
        .max()
}

fn subsets(of: &[usize]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for member in of {
        all.extend(all.clone().into_iter().map(|mut set| {
            set.push(*member);
            set
        }));
    }
    all.sort_by_key(|set| (set.len(), set.clone()));
    all
}

// ---- nasty inventories ----

fn spec(sets: u8) -> impl Strategy<Value = Spec> {
    let kind =
        prop_oneof![4 => Just(PointKind::Crash), 3 => Just(PointKind::App), 1 => Just(PointKind::Final)];
    let set = if sets == 0 { Just(None).boxed() } else { proptest::option::weighted(0.8, 0..sets).boxed() };
    (0i64..10, set, kind, any::<bool>(), prop::bool::weighted(0.75), prop::bool::weighted(0.85)).prop_map(
        |(at, set, kind, tagged, processed, usable)| Spec {
            at: at + NOW - 12,
            set,
            kind,
            tagged,
            processed,
            usable,
        },
    )
}

fn machines(most: usize) -> impl Strategy<Value = Vec<Vec<Spec>>> {
    prop_oneof![Just(0u8), Just(3), Just(6)]
        .prop_flat_map(move |sets| prop::collection::vec(prop::collection::vec(spec(sets), 0..9), 1..=most))
}

/// Groups whose sets are mostly whole, with holes.
fn tidy(members: usize) -> impl Strategy<Value = Vec<Vec<Spec>>> {
    let cell = (prop::bool::weighted(0.97), prop::bool::weighted(0.97), 0i64..2);
    prop::collection::vec(prop::collection::vec(cell, members), 1..30).prop_map(move |sets| {
        let mut machines = vec![Vec::new(); members];
        for (number, cells) in sets.iter().enumerate() {
            for (member, (there, usable, skew)) in cells.iter().enumerate() {
                if *there {
                    machines[member].push(Spec {
                        at: NOW - 3 * i64::try_from(number).unwrap() - skew,
                        set: Some(u8::try_from(number).unwrap()),
                        kind: if number % 3 == 0 { PointKind::App } else { PointKind::Crash },
                        tagged: false,
                        processed: true,
                        usable: *usable,
                    });
                }
            }
        }
        machines
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let kind = prop_oneof![
        1 => Just(PolicyKind::Latest),
        1 => Just(PolicyKind::LatestProcessed),
        1 => Just(PolicyKind::LatestApp),
        3 => Just(PolicyKind::Common),
        3 => Just(PolicyKind::CommonApp),
        1 => Just(PolicyKind::Id("p0-1".into())),
    ];
    let max_age = proptest::option::weighted(0.3, (2u64..14).prop_map(Duration::from_secs));
    let as_of = proptest::option::weighted(0.2, (NOW - 12..NOW).prop_map(at));
    let tag = proptest::option::weighted(0.15, prop_oneof![Just("blue".to_owned()), Just("red".to_owned())]);
    (kind, max_age, as_of, tag).prop_map(|(kind, max_age, as_of, tag)| Policy { kind, max_age, as_of, tag })
}

fn ids(choice: &Choice) -> Vec<&str> {
    choice.picks.iter().map(|pick| pick.point.as_str()).collect()
}

fn check(machines: &[Vec<Spec>], rungs: &[Policy]) -> Result<(), TestCaseError> {
    let inventory = inventory(machines);
    let members: Vec<usize> = (0..machines.len()).collect();
    let subject = subject("db", &members, rungs.to_vec(), LadderEnd::Ask);
    let wanted = rungs.iter().enumerate().find_map(|(rung, p)| Some((rung, best(&inventory, &members, p)?)));
    match (choose(&subject, &inventory, at(NOW)), wanted) {
        (Outcome::Chosen(choice), Some((rung, picks))) => {
            prop_assert_eq!(choice.rung as usize, rung);
            let wanted: Vec<&str> = picks.iter().map(|p| inventory.text(p.id)).collect();
            prop_assert_eq!(ids(&choice), wanted);
            prop_assert_eq!(verify(&choice, &subject, &inventory, at(NOW)), Ok(()));
            let stored = serde_json::to_string(&choice).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Choice>(&stored).unwrap(), &*choice);
            prop_assert!(text::render_choice(&choice).lines().all(|line| !line.is_empty()));
        }
        (Outcome::NotChosen(no_choice), None) => {
            prop_assert_eq!(no_choice.failed.len(), rungs.len());
            prop_assert_eq!(no_choice.alternatives.len(), 5);
            for alternative in &no_choice.alternatives {
                let plain = best(&inventory, &members, &alternative.policy);
                let wanted: Vec<&str> = plain.iter().flatten().map(|p| inventory.text(p.id)).collect();
                let got: Vec<&str> = alternative.picks.iter().map(|pick| pick.point.as_str()).collect();
                prop_assert_eq!(got, wanted);
            }
        }
        (outcome, wanted) => prop_assert!(false, "chose {outcome:?}, the search found {wanted:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_choice_is_what_plain_search_finds(
        machines in machines(4), rungs in prop::collection::vec(policy(), 1..4)
    ) {
        check(&machines, &rungs)?;
    }

    #[test]
    fn machines_alone_go_to_their_own_newest(machines in machines(1), policy in policy()) {
        let inventory = inventory(&machines);
        let subject = Subject { group: false, ..subject("v", &[0], vec![policy.clone()], LadderEnd::Fail) };
        let wanted = inventory.vms["v0"].points.iter().find(|point| fits(&inventory, &policy, point));
        let outcome = choose(&subject, &inventory, at(NOW));
        let got = outcome.choice().map(|choice| choice.picks[0].point.as_str());
        prop_assert_eq!(got, wanted.map(|point| inventory.text(point.id)));
        if let Some(choice) = outcome.choice() {
            prop_assert_eq!(verify(choice, &subject, &inventory, at(NOW)), Ok(()));
        }
    }

    #[test]
    fn a_changed_certificate_fails(machines in machines(3), rungs in prop::collection::vec(policy(), 1..3)) {
        let inventory = inventory(&machines);
        let members: Vec<usize> = (0..machines.len()).collect();
        let subject = subject("db", &members, rungs, LadderEnd::Ask);
        if let Outcome::Chosen(choice) = choose(&subject, &inventory, at(NOW)) {
            for (what, changed) in mutants(&choice, &inventory) {
                let verdict = verify(&changed, &subject, &inventory, at(NOW));
                prop_assert!(verdict.is_err(), "{} passed: {:?}", what, changed);
            }
        }
    }

    #[test]
    fn alignments_are_what_trying_everything_finds(
        machines in machines(5), cut in 1usize..4, within in 0i64..6,
        first in any::<bool>(), second in any::<bool>(), step in any::<bool>()
    ) {
        prop_assume!(cut < machines.len());
        let inventory = inventory(&machines);
        let groups: Vec<Vec<usize>> = vec![(0..cut).collect(), (cut..machines.len()).collect()];
        let kind = |app| Policy::plain(if app { PolicyKind::CommonApp } else { PolicyKind::Common });
        let mut ladders = vec![vec![kind(first)], vec![kind(second)]];
        if step {
            ladders[0].push(kind(false));
        }
        check_align(&inventory, &groups, &ladders, within)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn groups_of_sixteen_choose_as_plain_search_does(
        machines in tidy(16), rungs in prop::collection::vec(policy(), 1..3)
    ) {
        check(&machines, &rungs)?;
    }
}

fn check_align(
    inventory: &Inventory,
    groups: &[Vec<usize>],
    ladders: &[Vec<Policy>],
    within: i64,
) -> Result<(), TestCaseError> {
    let names = ["orders", "stock"];
    let subjects: Vec<Subject> =
        (0..2).map(|at| subject(names[at], &groups[at], ladders[at].clone(), LadderEnd::Fail)).collect();
    let request = AlignRequest {
        groups: names.iter().map(|name| (*name).to_owned()).collect(),
        within: Duration::from_secs(u64::try_from(within).unwrap()),
    };
    let levels = ladders.iter().map(Vec::len).max().unwrap();
    let level = |level: usize| -> Vec<Policy> {
        ladders.iter().map(|ladder| ladder.get(level).or(ladder.last()).unwrap().clone()).collect()
    };
    let wanted = (0..levels).find_map(|at| best_align(inventory, groups, &level(at), within));
    match (align(&request, &subjects, inventory, at(NOW)), wanted) {
        (Ok(choices), Some((oldest, keys))) => {
            let got: Vec<Timestamp> = choices.iter().map(|choice| choice.oldest().unwrap()).collect();
            prop_assert_eq!(&got, &keys);
            prop_assert_eq!(choices[0].aligned.as_ref().unwrap().oldest, oldest);
            prop_assert_eq!(verify_align(&choices, &request, &subjects, inventory, at(NOW)), Ok(()));
            let mut changed = choices.clone();
            changed[1].aligned.as_mut().unwrap().note = "one consistent state".to_owned();
            prop_assert!(verify_align(&changed, &request, &subjects, inventory, at(NOW)).is_err());
        }
        (Err(no_align), None) => {
            let all: Vec<usize> = groups.iter().flatten().copied().collect();
            let works = |without: &[usize], policies: &[Policy]| {
                let kept: Vec<(Vec<usize>, Policy)> = groups
                    .iter()
                    .zip(policies)
                    .map(|(group, policy)| {
                        let stay = group.iter().filter(|vm| !without.contains(vm)).copied().collect();
                        (stay, policy.clone())
                    })
                    .filter(|(group, _): &(Vec<usize>, Policy)| !group.is_empty())
                    .collect();
                let (groups, policies): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
                !groups.is_empty() && best_align(inventory, &groups, &policies, within).is_some()
            };
            let smallest = subsets(&all)
                .iter()
                .map(Vec::len)
                .find(|size| {
                    let sized = |set: &&Vec<usize>| set.len() == *size;
                    (0..levels).any(|at| subsets(&all).iter().filter(sized).any(|set| works(set, &level(at))))
                })
                .unwrap_or(0);
            let wanted = (0..levels).find_map(|at| {
                subsets(&all)
                    .into_iter()
                    .find(|set| set.len() == smallest && smallest > 0 && works(set, &level(at)))
            });
            let wanted: Vec<String> = wanted.unwrap_or_default().iter().map(|vm| format!("m{vm}")).collect();
            prop_assert_eq!(no_align.removal, wanted);
            prop_assert!(no_align.exact);
        }
        (got, wanted) => prop_assert!(false, "aligned {got:?}, trying everything found {wanted:?}"),
    }
    Ok(())
}

/// Certificates that say something else than the true one.
fn mutants(choice: &Choice, inventory: &Inventory) -> Vec<(&'static str, Choice)> {
    let mut all: Vec<(&'static str, Choice)> = Vec::new();
    let mut add = |what, change: &dyn Fn(&mut Choice)| {
        let mut changed = choice.clone();
        change(&mut changed);
        if changed != *choice {
            all.push((what, changed));
        }
    };
    add("subject", &|c| c.subject.push('x'));
    add("group", &|c| c.group = !c.group);
    add("reference", &|c| c.reference = c.reference.plus(Duration::from_secs(1)));
    add("rung", &|c| c.rung += 1);
    add("policy", &|c| c.policy.max_age = Some(Duration::from_secs(9999)));
    add("matched", &|c| c.matched = if c.matched == Matched::Own { Matched::Set } else { Matched::Own });
    add("set", &|c| c.set = Some("other".into()));
    add("no pick", &|c| c.picks.clear());
    add("loss", &|c| c.picks[0].loss += Duration::from_millis(1));
    add("at", &|c| c.picks[0].at = c.picks[0].at.plus(Duration::from_nanos(1)));
    add("kind", &|c| {
        c.picks[0].kind = if c.picks[0].kind == PointKind::App { PointKind::Crash } else { PointKind::App };
    });
    add("processed", &|c| c.picks[0].processed = !c.picks[0].processed);
    add("point", &|c| c.picks[0].point.push('x'));
    add("name", &|c| c.picks[0].name.push('x'));
    for point in &inventory.vms["v0"].points {
        add("another point", &|c| {
            c.picks[0].point = inventory.text(point.id).to_owned();
            c.picks[0].at = point.at;
            c.picks[0].kind = point.kind;
            c.picks[0].processed = point.processed;
            c.picks[0].loss = at(NOW).since(point.at);
        });
    }
    add("limiting", &|c| c.limiting = if c.limiting.is_some() { None } else { Some("m0".into()) });
    add("refused dropped", &|c| drop(c.refused.pop()));
    add("reason", &|c| {
        if let Some(refused) = c.refused.first_mut() {
            refused.because[0].reasons = vec![Reason::Tie, Reason::Missing];
        }
    });
    add("blamed", &|c| {
        if let Some(refused) = c.refused.first_mut() {
            refused.because[0].vm = "nobody".into();
        }
    });
    add("more", &|c| c.refused_more += 1);
    add("without set", &|c| c.without_set += 1);
    add("failed", &|c| drop(c.failed.pop()));
    add("failed blamed", &|c| {
        if let Some(failed) = c.failed.first_mut() {
            failed.blamed.push("nobody".into());
        }
    });
    add("not reached", &|c| drop(c.not_reached.pop()));
    all
}

// ---- by hand ----

fn point(second: i64, set: Option<u8>, kind: PointKind) -> Spec {
    Spec { at: second, set, kind, tagged: false, processed: true, usable: true }
}

#[test]
fn common_ignores_a_newer_set_that_is_missing_on_one_member() {
    let machines = [
        vec![
            point(99, Some(9), PointKind::App),
            point(95, Some(8), PointKind::App),
            point(90, Some(7), PointKind::App),
        ],
        vec![point(95, Some(8), PointKind::Crash), point(90, Some(7), PointKind::App)],
    ];
    let inventory = inventory(&machines);
    let db = subject("db", &[0, 1], vec![Policy::plain(PolicyKind::CommonApp)], LadderEnd::Fail);
    let outcome = choose(&db, &inventory, at(NOW));
    let choice = outcome.choice().unwrap();
    assert_eq!(choice.set.as_deref(), Some("s7"));
    assert_eq!(choice.limiting.as_deref(), Some("m1"));
    let said = text::render_choice(choice);
    assert_eq!(
        said,
        "db: set s7 by common_app, loses 10s\n\
        \x20 m0  p0-2  1970-01-01T00:01:30Z  app-consistent, loses 10s\n\
        \x20 m1  p1-1  1970-01-01T00:01:30Z  app-consistent, loses 10s\n\
        \x20 newer, and why not:\n\
        \x20   `s9` of 1970-01-01T00:01:39Z (1s old): missing on `m1`\n\
        \x20   `s8` of 1970-01-01T00:01:35Z (5s old): not app-consistent on `m1`\n\
        \x20 held back by m1"
    );
    let subjects = [db];
    let forecast = forecast(&subjects, &[], &inventory, at(NOW));
    let document = serde_json::to_value(json::document(&subjects, &forecast, at(NOW))).unwrap();
    assert_eq!(document["groups"]["db"]["policy"], "common_app");
    assert_eq!(document["groups"]["db"]["missing"], serde_json::json!(["m1"]));
    assert_eq!(
        document["groups"]["db"]["refused"][0]["because"],
        serde_json::json!([{ "vm": "m1", "reason": "missing" }])
    );
    assert_eq!(document["vms"]["m0"]["point"], "p0-2");
    assert_eq!(document["vms"]["m0"]["loss_s"], 10);
    assert_eq!(document["vms"]["m0"]["limited_by"], "m1");
}

#[test]
fn a_final_point_satisfies_app_policies_but_not_as_of() {
    let machines = [vec![point(99, Some(9), PointKind::Final), point(90, Some(7), PointKind::App)]];
    let inventory = inventory(&machines);
    for (as_of, wanted) in [(None, "p0-0"), (Some(at(95)), "p0-1")] {
        for kind in [PolicyKind::CommonApp, PolicyKind::LatestApp] {
            let policy = Policy { as_of, ..Policy::plain(kind) };
            let db = subject("db", &[0], vec![policy], LadderEnd::Fail);
            assert_eq!(ids(choose(&db, &inventory, at(NOW)).choice().unwrap()), [wanted]);
        }
    }
}

#[test]
fn equal_instants_make_no_set_where_one_member_reports_a_set_id() {
    let mut machines = [vec![point(90, None, PointKind::Crash)], vec![point(90, None, PointKind::Crash)]];
    let db = subject("db", &[0, 1], vec![Policy::plain(PolicyKind::Common)], LadderEnd::Fail);
    let outcome = choose(&db, &inventory(&machines), at(NOW));
    assert_eq!(outcome.choice().map(|choice| choice.matched), Some(Matched::Instant));
    machines[0].push(point(10, Some(1), PointKind::Crash));
    let outcome = choose(&db, &inventory(&machines), at(NOW));
    assert_eq!(outcome.no_choice().map(|none| none.blamed.clone()), Some(vec!["m1".to_owned()]));
}

#[test]
fn machines_without_any_usable_point_are_named_together() {
    let unusable = Spec { usable: false, ..point(90, None, PointKind::Crash) };
    let machines = [vec![], vec![point(90, None, PointKind::Crash)], vec![unusable]];
    let inventory = inventory(&machines);
    let policy = || vec![Policy::plain(PolicyKind::Latest)];
    let subjects = [
        subject("db", &[0, 1], policy(), LadderEnd::Fail),
        subject("app", &[2, 7], policy(), LadderEnd::Ask),
    ];
    let forecast = forecast(&subjects, &[], &inventory, at(NOW));
    let names: Vec<&str> = forecast.pointless.iter().map(|machine| machine.name.as_str()).collect();
    assert_eq!(names, ["m0", "m2", "m7"]);
    let diagnostics = forecast.diagnostics();
    assert_eq!(diagnostics[0].message, "3 machines have no usable recovery point: `m0`, `m2` and `m7`");
    assert_eq!(diagnostics.len(), 2);
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.ends_with('.') && !diagnostic.message.contains('\n'));
    }
    assert!(text::render(&forecast).contains("m7 cannot be recovered: it is not in the inventory"));
}

#[test]
fn certificates_keep_sixteen_candidates_and_count_the_rest() {
    let mut specs: Vec<Spec> = (0..60).map(|second| point(second, None, PointKind::Crash)).collect();
    specs.push(point(0, None, PointKind::App));
    let inventory = inventory(&[specs]);
    let vm = Subject {
        group: false,
        ..subject("v", &[0], vec![Policy::plain(PolicyKind::LatestApp)], LadderEnd::Fail)
    };
    let outcome = choose(&vm, &inventory, at(NOW));
    let choice = outcome.choice().unwrap();
    assert_eq!((choice.refused.len(), choice.refused_more), (16, 44));
    assert_eq!(verify(choice, &vm, &inventory, at(NOW)), Ok(()));
}

#[test]
fn what_is_too_old_is_said_with_both_sides() {
    let inventory =
        inventory(&[vec![point(10, Some(1), PointKind::Crash)], vec![point(10, Some(1), PointKind::Crash)]]);
    let policy = Policy { max_age: Some(Duration::from_secs(60)), ..Policy::plain(PolicyKind::Common) };
    let db = subject("db", &[0, 1], vec![policy], LadderEnd::Fail);
    let outcome = choose(&db, &inventory, at(NOW));
    assert_eq!(
        outcome.no_choice().unwrap().diagnostic().message,
        "no recovery point of group `db` satisfies `common(max_age = 1m)`; closest is `s1` of \
         1970-01-01T00:00:10Z (1m30s old, `max_age` is 1m): too old on `m0` and `m1`"
    );
}
