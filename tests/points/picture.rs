//! The picture of recovery points: a small plan's as it is, and for any estate one that is well-formed,
//! stays small, and holds no text as markup.

use std::path::Path;

use musterpoint::inventory::{Inventory, read_file};
use musterpoint::point::picture::svg;
use musterpoint::point::{Outcome, Pending, Subject, choose, forecast};
use proptest::prelude::*;

use super::*;

/// Tags are closed in order, attributes are quoted, and entities are known: what an SVG needs to be drawn.
fn well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        entities(&rest[..start])?;
        let end = rest[start..].find('>').ok_or("a tag is not closed")? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("`{name}` ends and was not open"));
            }
            continue;
        }
        if tag.contains('<') || tag.matches('"').count() % 2 == 1 {
            return Err(format!("`{tag}` is torn"));
        }
        entities(tag)?;
        if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    if open.is_empty() && rest.trim().is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
}

fn entities(text: &str) -> Result<(), String> {
    if let Some(control) = text.chars().find(|letter| letter.is_control() && *letter != '\n') {
        return Err(format!("holds {control:?}"));
    }
    let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
    match text.split('&').skip(1).find(|after| !known.iter().any(|name| after.starts_with(name))) {
        Some(after) => Err(format!("`&{after}` is no entity")),
        None => Ok(()),
    }
}

fn picture(inventory: &Inventory, subjects: &[Subject]) -> String {
    let drawn = svg(subjects, &forecast(subjects, &[], inventory, inventory.now), inventory);
    assert_eq!(well_formed(&drawn), Ok(()), "{drawn}");
    for never in ["<script", "href", "http://www.w3.org/1999", "url(", "onload=\"", "<image"] {
        assert!(!drawn.contains(never), "{never}");
    }
    drawn
}

fn alone(number: usize, policy: Policy) -> Subject {
    let subject = subject(&format!("m{number}"), &[number], vec![policy], LadderEnd::Fail);
    Subject { group: false, pending: Pending::ToCome, ..subject }
}

fn plain(kind: PolicyKind) -> Policy {
    Policy::plain(kind)
}

#[test]
fn the_picture_of_a_small_estate() {
    let estate = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/estates/contoso.json");
    let inventory = read_file("contoso.json", Path::new(estate)).unwrap();
    let named = |number: usize, names: &[&str], policy, group| {
        let mut made = subject(
            names[0],
            &(number..number + names.len()).collect::<Vec<_>>(),
            vec![policy],
            LadderEnd::Ask,
        );
        for (member, name) in made.members.iter_mut().zip(names) {
            (member.name, member.estate_name) = ((*name).to_owned(), (*name).to_owned());
        }
        Subject { group, ..made }
    };
    let mut db = named(0, &["sql01", "sql02"], plain(PolicyKind::CommonApp), true);
    db.name = "db".to_owned();
    let subjects = [db, named(2, &["app01"], plain(PolicyKind::LatestProcessed), false)];
    let drawn = picture(&inventory, &subjects);
    expect_test::expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/points-erp.svg")]
        .assert_eq(&drawn);
}

#[test]
fn a_picture_of_a_large_estate_says_what_it_leaves_out() {
    let spec = |at: i64| Spec {
        at,
        set: None,
        kind: PointKind::Crash,
        tagged: false,
        processed: true,
        usable: at % 7 != 0,
    };
    let points: Vec<Spec> = (0..100).map(spec).collect();
    let inventory = inventory(&vec![points; 1000]);
    let subjects: Vec<Subject> =
        (0..1000).map(|number| alone(number, plain(PolicyKind::Id(format!("p{number}-3"))))).collect();
    let drawn = picture(&inventory, &subjects);
    assert!(drawn.len() < 1_500_000, "{} bytes", drawn.len());
    assert!(
        drawn.contains("940 machines more and 1140 older points are not drawn"),
        "{}",
        &drawn[drawn.len() - 300..]
    );
    // What was chosen is drawn however old it is.
    assert_eq!(drawn.matches("would be chosen, loses").count(), 60);
}

#[test]
fn hostile_names_are_text() {
    let spec =
        Spec { at: 50, set: Some(0), kind: PointKind::App, tagged: false, processed: true, usable: true };
    let mut inventory = inventory(&[vec![spec.clone()], vec![spec]]);
    let name = "</text><script>alert('x')</script>\u{202e}\u{7}&\"";
    let hostile = inventory.symbols.intern(name);
    for vm in inventory.vms.values_mut() {
        vm.points[0].set = Some(hostile);
        vm.points[0].id = hostile;
    }
    let mut group = subject(name, &[0, 1], vec![plain(PolicyKind::Common)], LadderEnd::Fail);
    for member in &mut group.members {
        name.clone_into(&mut member.name);
    }
    let drawn = picture(&inventory, &[group]);
    assert!(drawn.contains("&lt;/text&gt;&lt;script&gt;"));
    assert!(!drawn.contains('\u{202e}'));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_point_is_drawn_once_and_the_chosen_ones_are_marked(
        machines in machines(4), policy in policy(), grouped in any::<bool>()
    ) {
        let inventory = inventory(&machines);
        let members: Vec<usize> = (0..machines.len()).collect();
        let subjects: Vec<Subject> = if grouped {
            vec![subject("db", &members, vec![policy], LadderEnd::Ask)]
        } else {
            members.iter().map(|number| alone(*number, policy.clone())).collect()
        };
        let drawn = picture(&inventory, &subjects);
        let points: usize = machines.iter().map(Vec::len).sum();
        prop_assert_eq!(drawn.matches("<g><title>").count(), points);
        let unusable = machines.iter().flatten().filter(|spec| !spec.usable).count();
        // One more stands in the legend.
        prop_assert_eq!(drawn.matches("class=\"cross\"").count(), unusable + 1);
        let chosen: usize = subjects
            .iter()
            .map(|subject| match choose(subject, &inventory, inventory.now) {
                Outcome::Chosen(choice) => choice.picks.len(),
                Outcome::NotChosen(_) => 0,
            })
            .sum();
        prop_assert_eq!(drawn.matches("class=\"ring\"").count(), chosen + 1);
    }
}
