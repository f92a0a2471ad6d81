//! The provider of real disks, proved on the bytes: what is written over NBD at one site is what is
//! read at the other, through every end of an engine or a daemon.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "qemu/bytes.rs"]
mod bytes;

#[path = "qemu/lab.rs"]
mod lab;

#[path = "qemu/faults.rs"]
mod faults;

#[path = "qemu/suite.rs"]
mod suite;

#[path = "qemu/traces.rs"]
mod traces;

#[path = "qemu/verify.rs"]
mod verify;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use lab::*;
use musterpoint::estate::Estate;
use musterpoint::event::{EstateError, Found, Probe, Request};
use musterpoint::inventory::{PointKind, Power, Protection};
use musterpoint::model::Mode;

fn set(rows: &[u8]) -> BTreeSet<u8> {
    rows.iter().copied().collect()
}

#[tokio::test]
async fn independent_latest_points_show_an_orphan_and_the_common_set_does_not() {
    let lab = Lab::new(two_machines());
    let engine = lab.set_up().await;
    // A transaction is written to `orders`, flushed, and only then to `stock`.
    lab.write("orders", 1).await;
    lab.write("stock", 1).await;
    let common = engine.take_point("shop").await.unwrap();
    lab.write("orders", 2).await;
    let of_orders = engine.take_point("orders").await.unwrap();
    lab.write("stock", 2).await;
    lab.write("orders", 3).await;
    lab.write("stock", 3).await;
    let of_stock = engine.take_point("stock").await.unwrap();
    assert_eq!((of_orders.set, of_stock.set), (None, None));
    assert_eq!(lab.newest("orders").await, of_orders.point);
    assert_eq!(lab.newest("stock").await, of_stock.point);

    kill(&lab, "north");
    let mode = Some(Mode::Unplanned);
    for machine in ["orders", "stock"] {
        lab.act(shut_down(machine)).await.unwrap();
        let point = lab.newest(machine).await;
        lab.act(fail_over(machine, &point, "south", mode)).await.unwrap();
        lab.act(start(machine, false)).await.unwrap();
    }
    let (orders, stock) = (lab.rows("orders", false).await, lab.rows("stock", false).await);
    assert_eq!(stock.difference(&orders).copied().collect::<Vec<_>>(), [3], "an orphan");

    let (id, points) = lab.common().await;
    assert_eq!(Some(id), common.set);
    for (machine, point) in points {
        lab.act(Request::ChangePoint { machine: machine.clone(), point }).await.unwrap();
        lab.act(start(&machine, false)).await.unwrap();
    }
    assert_eq!(lab.rows("orders", false).await, set(&[1]));
    assert_eq!(lab.rows("stock", false).await, set(&[1]));
}

#[tokio::test]
async fn no_set_taken_while_writing_holds_a_row_in_stock_that_orders_lacks() {
    let lab = Lab::new(two_machines());
    let engine = lab.set_up().await;
    let orders = lab.uri("orders", "data", false).await;
    let stock = lab.uri("stock", "data", false).await;
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let writer_stops = std::sync::Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        for n in (1..=31).take_while(|_| !writer_stops.load(Ordering::SeqCst)) {
            write_to(&orders, n);
            write_to(&stock, n);
        }
    });
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.push(engine.take_point("shop").await.unwrap());
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    let mut between = 0;
    for one in &taken {
        let orders = lab.rows_at("south", "orders", &one.point);
        let stock = lab.rows_at("south", "stock", &one.point);
        assert!(stock.is_subset(&orders), "{stock:?} {orders:?}");
        assert!(orders.len() - stock.len() <= 1);
        between += usize::from(!orders.is_empty());
    }
    assert!(between > 0, "no set was taken while the writer wrote");
}

/// Fails over as planned, with a last point; returns its id.
async fn move_to(lab: &Lab, to: &str) -> String {
    for machine in ["orders", "stock"] {
        let down = lab.act(shut_down(machine)).await.unwrap();
        assert_eq!(down.clean, Some(true));
    }
    lab.act(take_final(&["orders", "stock"])).await.unwrap();
    let (_, points) = lab.common().await;
    for (machine, point) in &points {
        assert_eq!(lab.kind(machine, point).await, PointKind::Final);
        lab.act(fail_over(machine, point, to, Some(Mode::Planned))).await.unwrap();
        let at = lab.inventory().await;
        assert_eq!(at.vms[machine].protection, Protection::FailedOver);
        assert_eq!(at.vms[machine].power, Some(Power::Off));
        let up = lab.act(start(machine, false)).await.unwrap();
        assert!(up.address.unwrap().starts_with("127.0.0.1:"));
        let heartbeat = Probe::Heartbeat { machine: machine.clone(), test: false };
        lab.engine().probe(&heartbeat).await.unwrap();
    }
    points[0].1.clone()
}

async fn there_and_back(lab: &Lab, moves: usize) {
    lab.set_up().await;
    let mut rows = BTreeSet::new();
    let mut n = 0;
    for to in ["south", "north", "south", "north"].into_iter().take(moves) {
        let from = if to == "south" { "north" } else { "south" };
        n += 1;
        lab.write("orders", n).await;
        lab.write("stock", n).await;
        rows.insert(n);
        move_to(lab, to).await;
        n += 1;
        lab.write("orders", n).await;
        lab.write("stock", n).await;
        rows.insert(n);
        for machine in ["orders", "stock"] {
            lab.act(commit(machine)).await.unwrap();
            let at = lab.inventory().await;
            assert_eq!(at.vms[machine].site, to);
            assert_eq!(at.vms[machine].protection, Protection::Unprotected);
            assert!(at.vms[machine].points.is_empty());
        }
        let notes = [
            lab.act(reprotect("orders", from)).await.unwrap().note,
            lab.act(reprotect("stock", from)).await.unwrap().note,
        ];
        assert!(notes.iter().all(|note| note.contains("changes only")), "{notes:?}");
        assert!(notes[1].contains("set"), "{notes:?}");
        for machine in ["orders", "stock"] {
            assert_eq!(lab.rows(machine, false).await, rows);
            let at = lab.inventory().await;
            assert_eq!(at.vms[machine].protection, Protection::Protected);
            assert_eq!(at.vms[machine].replicates_to.as_deref(), Some(from));
            let (_, points) = lab.common().await;
            let point = &points.iter().find(|(name, _)| name == machine).unwrap().1;
            assert_eq!(lab.rows_at(from, machine, point), rows);
        }
    }
}

#[tokio::test]
async fn machines_go_there_and_back_twice_with_only_changes_copied() {
    there_and_back(&Lab::new(two_machines()), 4).await;
}

#[tokio::test]
async fn the_whole_cycle_survives_an_end_between_any_effect_and_its_record() {
    let mut lab = Lab::new(two_machines());
    lab.every_step_twice = true;
    lab.points_kept = 2;
    there_and_back(&lab, 2).await;
}

#[tokio::test]
async fn the_whole_cycle_survives_an_end_of_the_engine_after_every_step() {
    let mut lab = Lab::new(two_machines());
    lab.steps_per_call = Some(1);
    there_and_back(&lab, 2).await;
}

#[tokio::test]
async fn a_rollback_restores_the_source_and_its_next_point_copies_only_changes() {
    let lab = Lab::new(two_machines());
    let engine = lab.set_up().await;
    lab.write("orders", 1).await;
    let before = engine.take_point("shop").await.unwrap().point;
    lab.write("orders", 2).await;
    let last = move_to(&lab, "south").await;
    lab.write("orders", 3).await;
    assert_eq!(lab.rows("orders", false).await, set(&[1, 2, 3]));

    let back = Request::ChangePoint { machine: "orders".to_owned(), point: before };
    lab.act(back).await.unwrap();
    lab.act(start("orders", false)).await.unwrap();
    assert_eq!(lab.rows("orders", false).await, set(&[1]));
    let again = Request::ChangePoint { machine: "orders".to_owned(), point: last };
    lab.act(again).await.unwrap();
    lab.act(start("orders", false)).await.unwrap();
    assert_eq!(lab.rows("orders", false).await, set(&[1, 2]));

    for machine in ["orders", "stock"] {
        let request = Request::RollBack { machine: machine.to_owned(), start_source: true };
        lab.act(request).await.unwrap();
        let seen = lab.engine().observe(machine, false).await.unwrap();
        assert_eq!((seen.source_running, seen.target_running), (Some(true), Some(false)));
    }
    assert!(!lab.files().iter().any(|file| file.contains("/fo-")), "{:?}", lab.files());
    assert_eq!(lab.inventory().await.vms["orders"].site, "north");
    lab.write("orders", 4).await;
    let next = engine.take_point("shop").await.unwrap();
    assert!(next.note.contains("changes only"), "{}", next.note);
    assert_eq!(lab.rows_at("south", "orders", &next.point), set(&[1, 2, 4]));
}

#[tokio::test]
async fn a_test_runs_beside_production_and_its_cleanup_leaves_nothing() {
    let lab = Lab::new(one_machine());
    let engine = lab.set_up().await;
    lab.write("orders", 1).await;
    let point = engine.take_point("orders").await.unwrap().point;
    let before = lab.files();
    lab.act(fail_over("orders", &point, "south", None)).await.unwrap();
    lab.act(start("orders", true)).await.unwrap();
    write_to(&lab.uri("orders", "data", true).await, 9);
    lab.write("orders", 2).await;
    assert_eq!(lab.rows("orders", true).await, set(&[1, 9]));
    assert_eq!(lab.rows("orders", false).await, set(&[1, 2]));
    let seen = lab.engine().observe("orders", true).await.unwrap();
    assert_eq!((seen.source_running, seen.target_running), (Some(true), Some(true)));
    let twice = lab.act(fail_over("orders", &point, "south", None)).await.unwrap_err();
    assert_eq!(code(&twice), "test_exists");
    assert_eq!(code(&lab.act(commit("orders")).await.unwrap_err()), "not_failed_over");
    assert!(lab.files().len() > before.len());

    let cleanup = Request::CleanUp { machine: "orders".to_owned() };
    lab.act(cleanup.clone()).await.unwrap();
    assert_eq!(lab.files(), before);
    lab.act(cleanup).await.unwrap();
    let next = engine.take_point("orders").await.unwrap();
    assert_eq!(lab.rows_at("south", "orders", &next.point), set(&[1, 2]));
    let log = Probe::Heartbeat { machine: "orders".to_owned(), test: true };
    assert!(lab.engine().probe(&log).await.is_err());
}

#[tokio::test]
async fn after_an_unplanned_failover_reprotect_is_a_full_copy_and_says_why() {
    let lab = Lab::new(one_machine());
    let engine = lab.set_up().await;
    lab.write("orders", 1).await;
    let point = engine.take_point("orders").await.unwrap().point;
    lab.write("orders", 2).await;
    lab.act(fail_over("orders", &point, "south", Some(Mode::Unplanned))).await.unwrap();
    lab.act(start("orders", false)).await.unwrap();
    assert_eq!(code(&lab.act(commit("orders")).await.unwrap_err()), "source_running");
    assert_eq!(code(&lab.act(reprotect("orders", "north")).await.unwrap_err()), "not_committed");
    lab.act(shut_down("orders")).await.unwrap();
    let kept = lab.act(commit("orders")).await.unwrap().note;
    assert!(kept.contains("is kept"), "{kept}");
    lab.write("orders", 3).await;
    let note = lab.act(reprotect("orders", "north")).await.unwrap().note;
    assert!(
        note.contains("a full copy") && note.contains("not shut down and taken as a last point"),
        "{note}"
    );
    let newest = lab.newest("orders").await;
    assert_eq!(lab.rows_at("north", "orders", &newest), set(&[1, 3]));
    // What was left behind is gone now that a whole copy has taken its place.
    assert!(!lab.files().iter().any(|file| file.starts_with("north/vms")), "{:?}", lab.files());
    // The failback is unplanned too: the machine left behind is removed by its commit.
    kill(&lab, "south");
    lab.act(fail_over("orders", &newest, "north", Some(Mode::Forced))).await.unwrap();
    lab.act(start("orders", false)).await.unwrap();
    let gone = lab.act(commit("orders")).await.unwrap().note;
    assert!(gone.contains("is removed with its disks"), "{gone}");
    assert!(
        !lab.files().iter().any(|file| file.starts_with("south/vms") || file.starts_with("south/points"))
    );
    assert_eq!(lab.rows("orders", false).await, set(&[1, 3]));
}

#[tokio::test]
async fn zeroes_and_merged_chains_keep_every_byte() {
    let mut lab = Lab::new(one_machine());
    lab.points_kept = 3;
    let engine = lab.set_up().await;
    for n in 1..=5 {
        lab.write("orders", n).await;
        lab.engine().take_point("orders").await.unwrap();
    }
    let uri = lab.uri("orders", "data", false).await;
    let zero = format!("write -q -z {} {BLOCK}", 2 * BLOCK);
    let discard = format!("discard -q {} {BLOCK}", 4 * BLOCK);
    let args = ["-f", "raw", "-c", &zero, "-c", &discard, "-c", "flush", &uri];
    assert!(std::process::Command::new("qemu-io").args(args).status().unwrap().success());
    let last = engine.take_point("orders").await.unwrap().point;
    assert_eq!(lab.rows_at("south", "orders", &last), lab.rows("orders", false).await);
    assert_eq!(lab.rows_at("south", "orders", &last), set(&[1, 3, 5]));
    let inventory = lab.inventory().await;
    let points = &inventory.vms["orders"].points;
    assert_eq!(points.len(), 3);
    assert!(points.iter().all(|point| point.usable));
    let files = lab.files();
    assert_eq!(
        files.iter().filter(|file| file.contains("points/") && file.ends_with(".qcow2")).count(),
        6,
        "{files:?}"
    );
    let second = inventory.text(points[1].id).to_owned();
    assert_eq!(lab.rows_at("south", "orders", &second), set(&[1, 2, 3, 4, 5]));
}

#[tokio::test]
async fn one_key_has_one_effect_and_is_found_again() {
    let lab = Lab::new(one_machine());
    let engine = lab.set_up().await;
    lab.act(shut_down("orders")).await.unwrap();
    let (key, request) = (lab.key(), take_final(&["orders"]));
    let since = Default::default();
    assert_eq!(engine.find(&key, &request, since).await.unwrap(), Found::NeverArrived);
    let first = lab.act_by(&key, request.clone()).await.unwrap();
    let points = lab.point_count("orders").await;
    let second = lab.act_by(&key, request.clone()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(lab.point_count("orders").await, points);
    assert_eq!(engine.find(&key, &request, since).await.unwrap(), Found::Done(first));
    let other = lab.act_by(&key, start("orders", false)).await.unwrap_err();
    assert_eq!(code(&other), "key_reused");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_touches_nothing() {
    let lab = Lab::new(two_machines());
    let engine = lab.engine();
    assert_eq!(code(&lab.act(start("orders", false)).await.unwrap_err()), "nothing_to_start");
    assert_eq!(lab.inventory().await.vms["orders"].protection, Protection::Unprotected);
    engine.set_up().await.unwrap();
    let point = lab.newest("orders").await;
    let before = lab.files();
    let planned = Some(Mode::Planned);
    for (request, says) in [
        (fail_over("orders", "p-none", "south", Some(Mode::Unplanned)), "unknown_point"),
        (fail_over("orders", "../../x", "south", Some(Mode::Unplanned)), "unknown_point"),
        (fail_over("orders", &point, "north", planned), "already_there"),
        (fail_over("orders", &point, "east", planned), "unknown_site"),
        (fail_over("orders", &point, "south", planned), "source_running"),
        (fail_over("nobody", &point, "south", planned), "unknown_machine"),
        (take_final(&["orders", "stock"]), "source_running"),
        (commit("orders"), "not_failed_over"),
        (reprotect("orders", "north"), "already_there"),
        (start("orders", false), "nothing_to_start"),
        (start("orders", true), "nothing_to_start"),
    ] {
        let error = lab.act(request.clone()).await.unwrap_err();
        assert_eq!(code(&error), says, "{request:?} {error}");
        assert!(matches!(error, EstateError::Refused { .. }));
        assert_eq!(lab.files(), before, "{request:?}");
    }
    assert_eq!(code(&engine.start_machine("nobody").await.unwrap_err()), "unknown_machine");
    assert_eq!(code(&engine.take_point("nobody").await.unwrap_err()), "unknown_machine");
}

#[tokio::test]
async fn a_missing_program_a_taken_port_and_a_long_path_are_said_with_what_to_do() {
    let mut lab = Lab::new(two_machines());
    let mut options = lab.options();
    options.tools.daemon = lab.path("no-such-daemon");
    let missing = musterpoint::estate::qemu::Qemu::open(options).unwrap_err();
    assert_eq!(missing.code.as_str(), "MP0540");
    assert_eq!(missing.help.unwrap(), "run `apt-get install -y qemu-utils`");

    let mut options = lab.options();
    options.folder = lab.path(&"long".repeat(30));
    let long = musterpoint::estate::qemu::Qemu::open(options).unwrap_err();
    assert_eq!(long.code.as_str(), "MP0543");
    assert!(long.message.contains("at most 107"), "{}", long.message);

    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let named = format!("\"north\", \"port\": {port}");
    lab.description = lab.description.replace("\"north\"", &named);
    let taken = lab.engine().set_up().await.unwrap_err();
    assert_eq!(code(&taken), "port_in_use");
    assert!(taken.to_string().contains(&port.to_string()));
    drop(holder);
    lab.engine().set_up().await.unwrap();
    assert!(lab.uri("orders", "data", false).await.contains(&port.to_string()));

    lab.description = lab.description.replace("2MiB", "4MiB");
    let changed = musterpoint::estate::qemu::Qemu::open(lab.options()).unwrap_err();
    assert_eq!(changed.code.as_str(), "MP0545");
}

#[tokio::test]
async fn the_plans_script_writes_to_a_machine_at_its_address_and_fails_where_none_answers() {
    let mut lab = Lab::new(include_str!("../plans/estates/disks.json").to_owned());
    lab.points_kept = 2;
    lab.set_up().await;
    let address = lab.inventory().await.vms["orders"].address["north"].clone();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/scripts/write-record.sh");
    let run = |export: &str| {
        std::process::Command::new(script).args([address.as_str(), export, "7"]).output().unwrap()
    };
    let written = run("orders.data");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    assert_eq!(lab.rows("orders", false).await, set(&[7]));
    let refused = run("nothing.data");
    assert!(!refused.status.success());
    assert!(!refused.stderr.is_empty());
}
