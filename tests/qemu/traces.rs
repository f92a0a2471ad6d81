//! What tests leave at an estate of disks is seen by its own name, whoever left it, and is removed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use musterpoint::estate::Estate;
use musterpoint::event::{Artifact, ArtifactKind, Request};
use serde_json::{Value, json};

use super::lab::*;

/// A file that nobody can remove: something is mounted on it.
struct Held(PathBuf);

impl Held {
    fn new(path: PathBuf) -> Self {
        let held = Command::new("mount").arg("--bind").args([&path, &path]).status();
        assert!(held.is_ok_and(|held| held.success()), "this test mounts a file on itself: run it as root");
        Self(path)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _status = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Tells a daemon something past the provider.
fn tell(lab: &Lab, host: &str, command: &str, arguments: &Value) {
    let mut socket = UnixStream::connect(lab.path(&format!("{host}/qsd.qmp"))).unwrap();
    let mut answers = BufReader::new(socket.try_clone().unwrap()).lines();
    for (command, arguments) in [("qmp_capabilities", &json!({})), (command, arguments)] {
        writeln!(socket, "{}", json!({ "execute": command, "arguments": arguments })).unwrap();
        let answers = answers.by_ref().map(Result::unwrap);
        let answer = { answers }.find(|line| line.contains("\"return\"") || line.contains("\"error\""));
        let answer = answer.unwrap();
        assert!(answer.contains("\"return\""), "{command}: {answer}");
    }
}

async fn left(lab: &Lab, machine: &str) -> Vec<Artifact> {
    lab.engine().remains(&[machine.to_owned()]).await.unwrap()
}

fn ids(artifacts: &[Artifact]) -> Vec<(ArtifactKind, &str)> {
    artifacts.iter().map(|one| (one.kind, one.id.as_str())).collect()
}

fn cleanup(machine: &str) -> Request {
    Request::CleanUp { machine: machine.to_owned() }
}

/// An overlay as a test has them, made by somebody else.
fn overlay(path: &Path) {
    let made = Command::new("qemu-img").args(["create", "-q", "-f", "qcow2"]).arg(path).arg("1M").status();
    assert!(made.unwrap().success());
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_is_named_and_goes_once_it_can() {
    let lab = Lab::new(one_machine());
    lab.set_up().await;
    let before = lab.files();
    let point = lab.newest("orders").await;
    lab.act(fail_over("orders", &point, "south", None)).await.unwrap();
    lab.act(start("orders", true)).await.unwrap();
    let all = left(&lab, "orders").await;
    assert_eq!(all.len(), 2 + 1 + 2 + 2 + 1, "disks, record, open disks, exports, daemon: {all:?}");
    let disk = all.iter().find(|one| one.id.ends_with("-log.qcow2")).unwrap().clone();
    let held = Held::new(lab.path(&disk.id));
    let error = lab.act(cleanup("orders")).await.unwrap_err();
    assert!(error.to_string().contains(&disk.id), "{error}");
    let rest = left(&lab, "orders").await;
    assert!(rest.contains(&disk), "{rest:?}");
    assert!(
        !rest.iter().any(|one| matches!(one.kind, ArtifactKind::Node | ArtifactKind::Export)),
        "{rest:?}"
    );
    drop(held);
    lab.act(cleanup("orders")).await.unwrap();
    assert_eq!((left(&lab, "orders").await, lab.files()), (Vec::new(), before));
}

#[tokio::test]
async fn what_no_record_knows_of_is_seen_and_removed_too() {
    let lab = Lab::new(two_machines());
    lab.set_up().await;
    let before = lab.files();
    let point = lab.newest("stock").await;
    lab.act(fail_over("stock", &point, "south", None)).await.unwrap();
    lab.act(start("stock", true)).await.unwrap();
    assert_eq!(left(&lab, "orders").await, [], "what belongs to others is not of this machine");
    // As after a failover that came to nothing, and whose traces could not be removed then.
    let stray = lab.path("south/vms/orders/test-stray-data.qcow2");
    std::fs::create_dir_all(stray.parent().unwrap()).unwrap();
    overlay(&stray);
    let file = json!({ "driver": "file", "filename": stray.display().to_string() });
    tell(
        &lab,
        "south/test",
        "blockdev-add",
        &json!({ "driver": "qcow2", "node-name": "astray", "file": file }),
    );
    let above = json!({ "driver": "raw", "node-name": "zabove", "file": "astray" });
    tell(&lab, "south/test", "blockdev-add", &above);
    let export = json!({ "type": "nbd", "id": "estray", "node-name": "zabove", "name": "stray" });
    tell(&lab, "south/test", "block-export-add", &export);
    let seen = left(&lab, "orders").await;
    assert_eq!(
        ids(&seen),
        [
            (ArtifactKind::Disk, "south/vms/orders/test-stray-data.qcow2"),
            (ArtifactKind::Node, "south/test/astray"),
            (ArtifactKind::Node, "south/test/zabove"),
            (ArtifactKind::Export, "south/test/estray"),
        ]
    );
    // Its file is gone, and it is still open.
    std::fs::remove_file(&stray).unwrap();
    assert_eq!(left(&lab, "orders").await.len(), 3);
    overlay(&stray);
    lab.act(cleanup("orders")).await.unwrap();
    assert_eq!(left(&lab, "orders").await, []);
    assert_eq!(lab.engine().observe("stock", true).await.unwrap().target_running, Some(true));
    lab.act(cleanup("stock")).await.unwrap();
    assert_eq!((left(&lab, "stock").await, lab.files()), (Vec::new(), before));
}

#[tokio::test]
async fn a_daemon_that_has_nothing_open_any_more_is_left_over() {
    let lab = Lab::new(one_machine());
    lab.set_up().await;
    let point = lab.newest("orders").await;
    lab.act(fail_over("orders", &point, "south", None)).await.unwrap();
    lab.act(start("orders", true)).await.unwrap();
    for one in left(&lab, "orders").await {
        let name = one.id.rsplit('/').next().unwrap();
        match one.kind {
            ArtifactKind::Export => {
                tell(&lab, "south/test", "block-export-del", &json!({ "id": name, "mode": "hard" }));
            }
            ArtifactKind::Disk | ArtifactKind::File => std::fs::remove_file(lab.path(&one.id)).unwrap(),
            _ => {}
        }
    }
    for one in left(&lab, "orders").await.iter().filter(|one| one.kind == ArtifactKind::Node) {
        let name = one.id.rsplit('/').next().unwrap();
        tell(&lab, "south/test", "blockdev-del", &json!({ "node-name": name }));
    }
    assert_eq!(ids(&left(&lab, "orders").await), [(ArtifactKind::Process, "south/test")]);
    lab.act(cleanup("orders")).await.unwrap();
    assert_eq!(left(&lab, "orders").await, []);
}

#[tokio::test]
async fn a_failover_of_a_test_that_stops_half_way_is_seen_and_what_it_makes_was_announced() {
    let mut lab = Lab::new(one_machine());
    lab.set_up().await;
    let point = lab.newest("orders").await;
    let (key, request) = (lab.key(), fail_over("orders", &point, "south", None));
    let announced = lab.engine().will_create(&key, &request).await.unwrap();
    assert_eq!(left(&lab, "orders").await, [], "it is only said");
    // A folder stands where the second disk's file would be.
    let second = lab.path(&announced.iter().find(|one| one.id.contains("-log.")).unwrap().id);
    std::fs::create_dir_all(second.join("in the way")).unwrap();
    lab.steps_per_call = Some(1);
    lab.engine().submit(&key, &request).await.unwrap();
    let seen = left(&lab, "orders").await;
    assert!(seen.len() == 2 && seen.iter().all(|one| announced.contains(one)), "{seen:?}");
    std::fs::remove_dir_all(&second).unwrap();
    lab.act_by(&key, request).await.unwrap_err();
    assert_eq!(left(&lab, "orders").await, [], "it removes what it had made");
}
