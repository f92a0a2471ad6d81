//! The chooser against plain search: every choice is the best there is, every certificate passes the
//! checker, and no changed certificate does.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking; helpers outside `#[test]` functions are tests as well"
)]

mod by_hand;
mod estate;
mod oracle;
mod picture;

use std::time::Duration;

use musterpoint::base::Timestamp;
use musterpoint::inventory::{Inventory, Point, PointKind};
use musterpoint::model::{LadderEnd, Policy, PolicyKind};
use musterpoint::point::{
    AlignRequest, Choice, Matched, Outcome, Pending, Reason, Subject, align, choose, text, verify,
    verify_align,
};
use proptest::prelude::*;

use crate::estate::*;
use crate::oracle::*;

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
    fn machines_alone_go_to_their_own_newest(
        machines in machines(1), policy in policy(), binds in any::<bool>()
    ) {
        let inventory = inventory(&machines);
        let pending = if binds { Pending::Done } else { Pending::ToCome };
        let alone = subject("v", &[0], vec![policy.clone()], LadderEnd::Fail);
        let subject = Subject { group: false, pending, ..alone };
        let takes = |point: &&Point| fits(&inventory, &policy, point) && (point.processed || !binds);
        let wanted = inventory.vms["v0"].points.iter().find(takes);
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
        machines in machines(5).prop_filter("two groups", |all| all.len() > 1), cut in 1usize..5, within in 0i64..6,
        first in any::<bool>(), second in any::<bool>(), step in any::<bool>()
    ) {
        let cut = 1 + cut % (machines.len() - 1);
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
