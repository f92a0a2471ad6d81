//! What goes wrong loses no row: daemons killed at any stage, folders in the way, no space, writers
//! that do not leave.

use musterpoint::estate::Estate;
use musterpoint::event::{EstateError, Found, Request};
use musterpoint::inventory::{PointKind, Power, Protection};

use super::lab::*;
use super::set;

/// Begins a last point and stops at the first step after which `until` holds.
async fn final_point_until(
    lab: &mut Lab,
    until: impl Fn(&Lab) -> bool,
) -> (musterpoint::event::Key, Request) {
    lab.steps_per_call = Some(1);
    let (key, request) = (lab.key(), take_final(&["orders"]));
    lab.engine().submit(&key, &request).await.unwrap();
    for _ in 0..500 {
        if until(lab) {
            lab.steps_per_call = None;
            return (key, request);
        }
        let Found::Running(handle) = lab.engine().find(&key, &request, Default::default()).await.unwrap()
        else {
            panic!("it ended before");
        };
        lab.engine().poll(&handle).await.unwrap();
    }
    panic!("it never came so far");
}

fn stage(lab: &Lab) -> String {
    let acts = std::fs::read_dir(lab.path("acts")).unwrap();
    let texts = acts.map(|act| std::fs::read_to_string(act.unwrap().path()).unwrap());
    let running = texts.filter(|text| text.contains("\"state\": \"running\"")).collect::<String>();
    ["begin", "cut", "copy", "close", "ship", "confirm", "trim"]
        .into_iter()
        .find(|stage| running.contains(&format!("\"stage\": \"{stage}\"")))
        .unwrap_or("none")
        .to_owned()
}

#[tokio::test]
async fn a_daemon_killed_at_any_stage_of_a_point_loses_no_row() {
    for (site, at) in
        [("south", "ship"), ("north", "copy"), ("north", "close"), ("north", "ship"), ("north", "confirm")]
    {
        let mut lab = Lab::new(one_machine());
        let engine = lab.set_up().await;
        // The far site has a daemon too, as it would where a test runs.
        let first = lab.newest("orders").await;
        lab.act(fail_over("orders", &first, "south", None)).await.unwrap();
        lab.act(start("orders", true)).await.unwrap();
        lab.write("orders", 1).await;
        engine.take_point("orders").await.unwrap();
        lab.write("orders", 2).await;
        lab.act(shut_down("orders")).await.unwrap();
        let (key, request) = final_point_until(&mut lab, |lab| stage(lab) == at).await;
        kill(&lab, site);
        let points = lab.point_count("orders").await;
        let outcome = lab.act_by(&key, request.clone()).await;
        if let Err(error) = outcome {
            assert_eq!(code(&error), "source_lost", "{site} {at}");
            assert_eq!(lab.point_count("orders").await, points);
            lab.act(request).await.unwrap();
        } else {
            assert!(site == "south" || at == "ship" || at == "confirm", "{site} {at}");
        }
        let last = lab.newest("orders").await;
        assert_eq!(lab.rows_at("south", "orders", &last), set(&[1, 2]), "{site} {at}");
        assert!(!lab.files().iter().any(|file| file.contains("scratch/") || file.ends_with(".part")));
        engine.start_machine("orders").await.unwrap();
        lab.write("orders", 3).await;
        let next = engine.take_point("orders").await.unwrap();
        assert_eq!(lab.rows_at("south", "orders", &next.point), set(&[1, 2, 3]), "{site} {at}");
    }
}

#[tokio::test]
async fn after_an_unclean_end_of_the_source_the_next_point_is_a_full_copy_and_says_why() {
    let lab = Lab::new(one_machine());
    let engine = lab.set_up().await;
    lab.write("orders", 1).await;
    engine.take_point("orders").await.unwrap();
    kill(&lab, "north");
    assert_eq!(lab.inventory().await.vms["orders"].power, Some(Power::Off));
    assert_eq!(lab.act(shut_down("orders")).await.unwrap().clean, Some(false));
    engine.start_machine("orders").await.unwrap();
    assert_eq!(lab.inventory().await.vms["orders"].protection, Protection::Resyncing);
    lab.write("orders", 2).await;
    let full = engine.take_point("orders").await.unwrap();
    assert!(full.note.contains("a full copy: it did not end cleanly"), "{}", full.note);
    assert_eq!(lab.rows_at("south", "orders", &full.point), set(&[1, 2]));
    assert_eq!(lab.inventory().await.vms["orders"].protection, Protection::Protected);
    // Ended cleanly, the record of its writes is kept.
    engine.stop_daemons().await.unwrap();
    engine.set_up().await.unwrap();
    lab.write("orders", 3).await;
    let next = engine.take_point("orders").await.unwrap();
    assert!(next.note.contains("changes only"), "{}", next.note);
    assert_eq!(lab.rows_at("south", "orders", &next.point), set(&[1, 2, 3]));
}

#[tokio::test]
async fn a_point_that_cannot_be_kept_loses_nothing_and_the_next_one_has_it_all() {
    let lab = Lab::new(two_machines());
    let engine = lab.set_up().await;
    lab.write("orders", 1).await;
    lab.write("stock", 1).await;
    // The folder for the points of `stock` cannot be written to: a file stands in its place.
    let (folder, aside) = (lab.path("south/points/stock"), lab.path("south/points/aside"));
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "").unwrap();
    let error = engine.take_point("shop").await.unwrap_err();
    assert!(matches!(error, EstateError::Retry { .. } | EstateError::Unknown { .. }), "{error}");
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&aside, &folder).unwrap();
    lab.write("orders", 2).await;
    lab.write("stock", 2).await;
    let next = engine.take_point("shop").await.unwrap();
    assert!(next.note.contains("changes only"), "{}", next.note);
    assert_eq!(lab.rows_at("south", "orders", &next.point), set(&[1, 2]));
    assert_eq!(lab.rows_at("south", "stock", &next.point), set(&[1, 2]));
    assert_eq!(lab.point_count("orders").await, 2);
}

#[tokio::test]
async fn a_writer_that_stays_is_waited_for_and_then_cut_off_or_left_as_the_plan_says() {
    use musterpoint::model::{ShutdownSpec, ShutdownThen};
    let lab = Lab::new(one_machine());
    lab.set_up().await;
    let mut guest = stay_connected(&lab.uri("orders", "data", false).await);
    let request = |then| Request::ShutDown {
        machine: "orders".to_owned(),
        spec: ShutdownSpec { guest: std::time::Duration::from_millis(100), then },
    };
    let left = lab.act(request(ShutdownThen::Halt)).await.unwrap_err();
    assert_eq!(code(&left), "guest_did_not_stop");
    let cut = lab.act(request(ShutdownThen::PowerOff)).await.unwrap();
    assert_eq!(cut.clean, Some(false));
    lab.act(take_final(&["orders"])).await.unwrap();
    let last = lab.newest("orders").await;
    assert_eq!(lab.kind("orders", &last).await, PointKind::Crash);
    guest.kill().unwrap();
    guest.wait().unwrap();
}

/// A folder on a file system of 1 MiB.
struct Small(std::path::PathBuf);

impl Small {
    fn mount(path: std::path::PathBuf) -> Self {
        std::fs::create_dir_all(&path).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "muster-test"])
            .arg(&path)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a small file system: run it as root"
        );
        Self(path)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a daemon that is killed just after holds a file in it.
        let _status = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn without_space_a_point_fails_at_either_site_and_the_machine_goes_on_writing() {
    for full in ["north/scratch", "south/points"] {
        let lab = Lab::new(one_machine());
        let small = Small::mount(lab.path(full));
        let engine = lab.set_up().await;
        for n in 1..=20 {
            lab.write("orders", n).await;
        }
        let error = engine.take_point("orders").await.unwrap_err();
        assert_eq!(code(&error), "no_space", "{full}: {error}");
        lab.write("orders", 21).await;
        assert_eq!(lab.point_count("orders").await, 1);
        let grown =
            std::process::Command::new("mount").args(["-o", "remount,size=16m"]).arg(&small.0).status();
        assert!(grown.unwrap().success());
        let next = engine.take_point("orders").await.unwrap();
        assert!(next.note.contains("changes only"), "{}", next.note);
        assert_eq!(lab.rows_at("south", "orders", &next.point), (1..=21).collect());
    }
}
