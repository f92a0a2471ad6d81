//! Which points of an item can be told to the service, and how. Pure; what each kind takes is told in `words`.

use std::time::Duration;

use indexmap::IndexMap;

use crate::base::Timestamp;
use crate::inventory::PointKind;

use super::kind::{Kind, Operation};
use super::vault::{Named, Points};
use super::wire::{Point, Resource};
use super::words::{APP_HOME_EVERY, Offer, Word};

/// Whether the points of an item are worth a call: those of the modernized way home are made by its job.
pub(super) fn are_listed(item: &Named) -> bool {
    match item.kind {
        Kind::RcmForward | Kind::ClassicForward => {
            can_fail_over(item) || item.item.allows(Operation::ChangePit)
        }
        Kind::ClassicBack => can_fail_over(item),
        Kind::RcmBack | Kind::Other(_) => false,
    }
}

/// Whether the service would fail it over now.
pub(super) fn can_fail_over(item: &Named) -> bool {
    item.item.allows(Operation::UnplannedFailover) || item.item.allows(Operation::PlannedFailover)
}

/// How a listed point was made.
pub(super) fn kind_of(point: &Resource<Point>) -> PointKind {
    let word = point.properties.recovery_point_type.as_deref().unwrap_or_default();
    if word.to_ascii_lowercase().starts_with("app") { PointKind::App } else { PointKind::Crash }
}

/// Whether all members of the group have it. The switch is a text.
pub(super) fn is_common(point: &Resource<Point>) -> bool {
    let word = point.properties.provider_specific_details.is_multi_vm_sync_point.as_deref();
    word.is_some_and(|word| word.eq_ignore_ascii_case("true"))
}

/// The set that a common point belongs to. That its members show one instant is inferred: the description says
/// nothing of what else would tie them together.
pub(super) fn set_of(group: &str, at: Timestamp) -> String {
    format!("{group}@{at}")
}

/// The points of an item that may be told now, newest first; of one instant, each member's own before the set.
pub(super) fn offers(item: &Named, listed: &[Resource<Point>], now: Timestamp) -> Vec<Offer> {
    let mut offers = match item.kind {
        Kind::RcmForward | Kind::ClassicForward => to_azure(item, listed, now),
        Kind::RcmBack if can_fail_over(item) => home_modernized(item, now),
        Kind::ClassicBack if can_fail_over(item) => home_classic(item, listed, now),
        Kind::RcmBack | Kind::ClassicBack | Kind::Other(_) => Vec::new(),
    };
    offers.sort_by_key(|offer| std::cmp::Reverse(offer.at));
    offers
}

/// Of each group, the ids of what its words stand for now: the newest point that all members have and the newest
/// app-consistent one, each by the id that it has on each member.
pub(super) fn commons(
    items: &IndexMap<String, Named>,
    points: &IndexMap<String, Points>,
) -> IndexMap<String, Vec<String>> {
    let mut groups: IndexMap<String, Vec<&Points>> = IndexMap::new();
    for item in items.values() {
        if let (Some(group), Some(listed)) = (item.group(), points.get(&item.name)) {
            groups.entry(group.to_ascii_lowercase()).or_default().push(listed);
        }
    }
    groups.into_iter().map(|(group, members)| (group, newest_of(&members))).collect()
}

fn newest_of(members: &[&Points]) -> Vec<String> {
    let at = |point: &Resource<Point>| point.properties.recovery_point_time;
    let shared = |points: &Points, when: Timestamp, app: bool| {
        let fits = |point: &&Resource<Point>| {
            at(point) == Some(when) && is_common(point) && (!app || kind_of(point) == PointKind::App)
        };
        points.iter().find(fits).map(|point| point.name().to_ascii_lowercase())
    };
    let mut ids = Vec::new();
    for app in [false, true] {
        let instants = members.first().into_iter().flat_map(|points| points.iter()).filter_map(at);
        let mut sets = instants.filter_map(|when| {
            members.iter().map(|points| shared(points, when, app)).collect::<Option<Vec<String>>>()
        });
        ids.extend(sets.next().into_iter().flatten());
    }
    ids
}

fn to_azure(item: &Named, listed: &[Resource<Point>], now: Timestamp) -> Vec<Offer> {
    let mut offers = Vec::new();
    let newest = listed.first().and_then(|point| point.properties.recovery_point_time);
    if can_fail_over(item)
        && let Some(at) = received(item, now).max(newest)
    {
        offers.push(Offer::word(Word::Latest, at, PointKind::Crash, None));
    }
    let Some(group) = item.group() else {
        offers.extend(listed.iter().filter_map(|point| by_id(point, None)));
        return offers;
    };
    if can_fail_over(item) {
        let own = [(Word::LatestProcessed, None), (Word::LatestApp, Some(PointKind::App))];
        for (word, kind) in own {
            let newest = listed.iter().find(|point| kind.is_none_or(|kind| kind_of(point) == kind));
            offers.extend(newest.and_then(|point| {
                Some(Offer::word(word, point.properties.recovery_point_time?, kind_of(point), None))
            }));
        }
    }
    offers
        .extend(listed.iter().filter(|point| is_common(point)).filter_map(|point| by_id(point, Some(group))));
    offers
}

/// What the job makes is no older than its own start.
fn home_modernized(item: &Named, now: Timestamp) -> Vec<Offer> {
    let app_at = now.minus(APP_HOME_EVERY);
    let mut offers = vec![
        Offer::word(Word::Crash, now, PointKind::Crash, None),
        Offer::word(Word::App, app_at, PointKind::App, None),
    ];
    if let Some(group) = item.group() {
        let set = |word: Word| Some(format!("{group}: {}", word.id()));
        offers.push(Offer::word(Word::CommonCrash, now, PointKind::Crash, set(Word::CommonCrash)));
        offers.push(Offer::word(Word::CommonApp, app_at, PointKind::App, set(Word::CommonApp)));
    }
    offers
}

fn home_classic(item: &Named, listed: &[Resource<Point>], now: Timestamp) -> Vec<Offer> {
    let mut offers = Vec::new();
    let newest = listed.first().and_then(|point| point.properties.recovery_point_time);
    if let Some(at) = received(item, now).max(newest) {
        offers.push(Offer::word(Word::LatestTime, at, PointKind::Crash, None));
    }
    let Some(group) = item.group() else {
        offers.extend(listed.iter().filter_map(|point| by_id(point, None)));
        return offers;
    };
    // Which one that is the service alone knows; where it lists none, only its policy says how old it may be.
    let app = listed.iter().find(|point| kind_of(point) == PointKind::App && is_common(point));
    let at = app
        .and_then(|point| point.properties.recovery_point_time)
        .unwrap_or_else(|| now.minus(APP_HOME_EVERY));
    let set = format!("{group}: {}", Word::LatestTag.id());
    offers.push(Offer::word(Word::LatestTag, at, PointKind::App, Some(set)));
    offers
}

/// Up to when data was received; none where nothing says so.
fn received(item: &Named, now: Timestamp) -> Option<Timestamp> {
    let details = &item.item.provider_specific_details;
    let lag = details.last_rpo_in_seconds.or(details.rpo_in_seconds);
    let lag = lag.and_then(|lag| u64::try_from(lag).ok()).map(Duration::from_secs);
    lag.map(|lag| now.minus(lag)).max(details.last_recovery_point_received)
}

fn by_id(point: &Resource<Point>, group: Option<&str>) -> Option<Offer> {
    let at = point.properties.recovery_point_time?;
    let set = group.map(|group| set_of(group, at));
    Some(Offer { at, id: point.name().to_owned(), set, kind: kind_of(point), processed: true })
}

#[cfg(test)]
mod tests {
    use super::{offers, set_of};
    use crate::estate::azure::id::ArmId;
    use crate::estate::azure::kind::Kind;
    use crate::estate::azure::vault::Named;
    use crate::estate::azure::wire::{Item, Point, Resource};

    fn item(properties: &str) -> Named {
        let item: Item = serde_json::from_str(properties).unwrap();
        let id = ArmId::new(
            "/v/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/i",
        );
        Named { name: "sql01".to_owned(), kind: Kind::of(&item), id, item }
    }

    fn points() -> Vec<Resource<Point>> {
        let point = |name: &str, at: &str, kind: &str, common: &str| {
            let text = format!(
                r#"{{"id":"/i/recoveryPoints/{name}","name":null,"properties":{{"recoveryPointTime":"{at}",
                "recoveryPointType":"{kind}","providerSpecificDetails":{{"instanceType":"InMageRcm",
                "isMultiVmSyncPoint":"{common}"}}}}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        vec![
            point("p4", "2026-11-23T06:00:00.1234567Z", "CrashConsistent", "False"),
            point("p3", "2026-11-23T05:55:00Z", "CrashConsistent", "True"),
            point("p2", "2026-11-23T05:50:00Z", "ApplicationConsistent", "true"),
            point("p1", "2026-11-23T05:45:00Z", "ApplicationConsistent", "false"),
        ]
    }

    fn said(item: &Named) -> Vec<String> {
        let now = "2026-11-23T06:00:30Z".parse().unwrap();
        let one = |offer: &super::Offer| {
            let set = offer.set.as_ref().map_or_else(String::new, |set| format!(" of {set}"));
            format!("{} {} {:?}{set}", offer.at.time_of_day(), offer.id, offer.kind)
        };
        offers(item, &points(), now).iter().map(one).collect()
    }

    const FORWARD: &str = r#""protectionState":"Protected","activeLocation":"Primary",
        "allowedOperations":["UnplannedFailover","TestFailover"]"#;

    #[test]
    fn a_machine_alone_goes_to_any_point_by_its_id_and_a_member_to_what_the_group_can_be_told() {
        let alone = item(&format!(
            r#"{{{FORWARD},"providerSpecificDetails":{{"instanceType":"InMageRcm","multiVmGroupName":"","lastRpoInSeconds":10}}}}"#
        ));
        assert_eq!(
            said(&alone),
            [
                "06:00:20 Latest Crash",
                "06:00:00 p4 Crash",
                "05:55:00 p3 Crash",
                "05:50:00 p2 App",
                "05:45:00 p1 App"
            ]
        );
        let member = item(&format!(
            r#"{{{FORWARD},"providerSpecificDetails":{{"instanceType":"InMageAzureV2","multiVmGroupName":"db"}}}}"#
        ));
        assert_eq!(
            said(&member),
            [
                "06:00:00 Latest Crash",
                "06:00:00 LatestProcessed Crash",
                "05:55:00 p3 Crash of db@2026-11-23T05:55:00Z",
                "05:50:00 LatestApplicationConsistent App",
                "05:50:00 p2 App of db@2026-11-23T05:50:00Z",
            ]
        );
        assert_eq!(set_of("db", "2026-11-23T05:55:00Z".parse().unwrap()), "db@2026-11-23T05:55:00Z");
    }

    #[test]
    fn on_the_way_home_there_are_words_of_each_by_itself_and_of_all() {
        let rcm = item(
            r#"{"activeLocation":"Recovery","allowedOperations":["PlannedFailover"],
            "providerSpecificDetails":{"instanceType":"InMageRcmFailback","multiVmGroupName":"db"}}"#,
        );
        assert_eq!(
            said(&rcm),
            [
                "06:00:30 CrashConsistent Crash",
                "06:00:30 CrashConsistent, multi-VM Crash of db: CrashConsistent, multi-VM",
                "05:00:30 ApplicationConsistent App",
                "05:00:30 ApplicationConsistent, multi-VM App of db: ApplicationConsistent, multi-VM",
            ]
        );
        let classic = item(
            r#"{"activeLocation":"Recovery","allowedOperations":["UnplannedFailover"],
            "providerSpecificDetails":{"instanceType":"InMage","multiVmGroupName":"db","rpoInSeconds":30}}"#,
        );
        assert_eq!(said(&classic), ["06:00:00 LatestTime Crash", "05:50:00 LatestTag App of db: LatestTag"]);
        let idle = item(
            r#"{"allowedOperations":null,"providerSpecificDetails":{"instanceType":"InMageRcmFailback"}}"#,
        );
        assert_eq!(said(&idle), [""; 0]);
    }
}
