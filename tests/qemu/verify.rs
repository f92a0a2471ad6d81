//! Points are proved by reading them: whatever is done to a file of a chain is found and named, what was
//! merged meanwhile stays proved, and nothing damaged is offered, merged or built on.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

use musterpoint::estate::qemu::Proof;

use super::lab::*;
use super::set;

/// The file of a disk of a point, as its record says.
fn file_of(lab: &Lab, machine: &str, point: &str, disk: &str) -> PathBuf {
    let record = fs::read_to_string(lab.path(&format!("south/points/{machine}/{point}.json"))).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    lab.path("south").join(record["disks"][disk]["file"].as_str().unwrap())
}

fn flip(path: &PathBuf, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

/// Machine, point and proof of every point, newest first.
async fn proofs(lab: &Lab) -> Vec<(String, String, Proof)> {
    let engine = lab.engine();
    let mut verifier = engine.verifier();
    let mut found = Vec::new();
    for offered in verifier.offered().await.unwrap() {
        if let Some(proof) = verifier.verify(&offered).await.unwrap() {
            found.push((offered.machine, offered.point, proof));
        }
    }
    found
}

async fn assert_sound(lab: &Lab, points: usize) {
    let found = proofs(lab).await;
    assert_eq!(found.len(), points, "{found:?}");
    assert!(found.iter().all(|(_, _, proof)| *proof == Proof::Bytes), "{found:?}");
    assert!(usable(lab).await.iter().all(|(_, usable)| *usable));
}

async fn usable(lab: &Lab) -> Vec<(String, bool)> {
    let inventory = lab.inventory().await;
    let points = &inventory.vms["orders"].points;
    points.iter().map(|point| (inventory.text(point.id).to_owned(), point.usable)).collect()
}

/// A machine with a full copy and two points of changes, oldest first.
async fn three_points() -> (Lab, Vec<String>) {
    let lab = Lab::new(one_machine());
    let engine = lab.set_up().await;
    let mut points = vec![lab.newest("orders").await];
    for n in [1, 2] {
        lab.write("orders", n).await;
        points.push(engine.take_point("orders").await.unwrap().point);
    }
    (lab, points)
}

#[tokio::test]
async fn points_are_proved_also_after_merges_and_where_each_step_is_done_twice() {
    for (twice, steps) in [(false, None), (true, Some(1))] {
        let mut lab = Lab::new(two_machines());
        (lab.points_kept, lab.every_step_twice, lab.steps_per_call) = (2, twice, steps);
        let engine = lab.set_up().await;
        assert_sound(&lab, 2).await;
        for n in 1..=3 {
            lab.write("orders", n).await;
            lab.write("stock", n).await;
            let taken = engine.take_point("shop").await.unwrap();
            assert!(!taken.note.contains("not yet merged"), "{}", taken.note);
            assert_sound(&lab, 4).await;
        }
        let newest = lab.newest("orders").await;
        assert_eq!(lab.rows_at("south", "orders", &newest), set(&[1, 2, 3]));
        // A merged file is as well guarded as a shipped one.
        let (_, oldest, _) = proofs(&lab).await.remove(1);
        flip(&file_of(&lab, "orders", &oldest, "data"), 0x5_0000);
        assert!(matches!(&proofs(&lab).await[0].2, Proof::Damaged(why) if why.contains(&oldest)));
    }
}

#[tokio::test]
async fn a_merge_between_listing_and_proving_leaves_a_proof_or_a_point_that_is_gone() {
    let mut lab = Lab::new(one_machine());
    lab.points_kept = 2;
    let engine = lab.set_up().await;
    lab.write("orders", 1).await;
    engine.take_point("orders").await.unwrap();
    let mut verifier = engine.verifier();
    let offered = verifier.offered().await.unwrap();
    assert_eq!(verifier.verify(&offered[0]).await.unwrap(), Some(Proof::Bytes));
    lab.write("orders", 2).await;
    engine.take_point("orders").await.unwrap();
    assert_eq!(verifier.verify(&offered[0]).await.unwrap(), Some(Proof::Bytes), "its file was merged away");
    assert_eq!(verifier.verify(&offered[1]).await.unwrap(), None);
}

#[tokio::test]
async fn acts_go_on_while_points_are_proved() {
    let mut lab = Lab::new(one_machine());
    lab.points_kept = 2;
    lab.set_up().await;
    let uri = lab.uri("orders", "data", false).await;
    let (taking, proving) = (lab.engine(), lab.engine());
    let take = async {
        for n in 1..=6 {
            write_to(&uri, n);
            taking.take_point("orders").await.unwrap();
        }
    };
    let prove = async {
        let mut proved = 0;
        while proved < 12 {
            let mut verifier = proving.verifier();
            for offered in verifier.offered().await.unwrap() {
                let proof = verifier.verify(&offered).await.unwrap();
                assert!(matches!(proof, Some(Proof::Bytes | Proof::Structure(_)) | None), "{proof:?}");
                proved += 1;
            }
        }
    };
    tokio::join!(take, prove);
    assert_sound(&lab, 2).await;
}

#[tokio::test]
async fn a_flipped_byte_anywhere_in_a_file_is_found_and_named_and_what_stands_on_it_is_not_offered() {
    let (lab, points) = three_points().await;
    let path = file_of(&lab, "orders", &points[1], "data");
    let length = path.metadata().unwrap().len();
    for at in (0..length).step_by(usize::try_from(length / 24).unwrap()).chain([length - 1]) {
        flip(&path, at);
        let found = proofs(&lab).await;
        let damaged: Vec<(&str, &str)> = found
            .iter()
            .filter_map(|(_, point, proof)| match proof {
                Proof::Damaged(why) => Some((point.as_str(), why.as_str())),
                Proof::Bytes | Proof::Structure(_) => None,
            })
            .collect();
        let ids: Vec<&str> = damaged.iter().map(|(point, _)| *point).collect();
        assert_eq!(ids, [&points[2], &points[1]], "byte {at}");
        let (above, own) = (damaged[0].1, damaged[1].1);
        assert!(above.starts_with(&format!("it stands on `{}`: disk `data`: ", points[1])), "{above}");
        assert!(own.starts_with("disk `data`: ") && own.contains("are not those that it had"), "{own}");
        let offered: Vec<bool> = usable(&lab).await.into_iter().map(|(_, usable)| usable).collect();
        assert_eq!(offered, [false, false, true]);
        flip(&path, at);
    }
    assert_sound(&lab, 3).await;
}

#[tokio::test]
async fn a_truncated_file_a_missing_one_and_one_that_leads_elsewhere_are_found() {
    let (lab, points) = three_points().await;
    let path = file_of(&lab, "orders", &points[0], "log");
    let whole = fs::read(&path).unwrap();
    let named = format!("it stands on `{}`: disk `log`: ", points[0]);
    let of_newest = async |says: &str| {
        let (machine, point, proof) = proofs(&lab).await.remove(0);
        assert_eq!((machine.as_str(), &point), ("orders", &points[2]));
        let Proof::Damaged(why) = proof else { panic!("{proof:?}") };
        assert!(why.starts_with(&named) && why.contains(says), "{why}");
    };
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    of_newest("bytes, and had").await;
    fs::remove_file(&path).unwrap();
    of_newest("is missing").await;
    std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
    of_newest("is no plain file").await;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &whole).unwrap();
    assert_sound(&lab, 3).await;

    // Where nothing says what its bytes were, its header still has to lead to the file that it stands on.
    without_sums(&lab, &points[0]);
    let outside = lab.path("outside.qcow2");
    fs::write(&outside, &whole).unwrap();
    let args = ["rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", outside.to_str().unwrap()];
    assert!(Command::new("qemu-img").args(args).arg(&path).status().unwrap().success());
    of_newest("says that it stands on").await;
}

/// As an earlier version kept it.
fn without_sums(lab: &Lab, point: &str) {
    let path = lab.path(&format!("south/points/orders/{point}.json"));
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for disk in record["disks"].as_object_mut().unwrap().values_mut() {
        assert!(disk.as_object_mut().unwrap().remove("lies").is_some());
    }
    fs::write(&path, record.to_string()).unwrap();
}

#[tokio::test]
async fn a_point_of_an_earlier_version_is_proved_in_structure_only_also_after_it_was_merged() {
    let (mut lab, points) = three_points().await;
    without_sums(&lab, &points[0]);
    assert!(proofs(&lab).await.iter().all(|(_, _, proof)| matches!(proof, Proof::Structure(_))));
    lab.points_kept = 2;
    lab.engine().take_point("orders").await.unwrap();
    let found = proofs(&lab).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(_, _, proof)| matches!(proof, Proof::Structure(_))), "{found:?}");
}

#[tokio::test]
async fn a_damaged_point_is_neither_gone_to_nor_merged_nor_built_on() {
    let (mut lab, points) = three_points().await;
    flip(&file_of(&lab, "orders", &points[0], "data"), 0x3_0000);
    // Nobody proved anything yet: the merge finds it, and leaves the files as they are.
    lab.points_kept = 2;
    lab.write("orders", 3).await;
    let taken = lab.engine().take_point("orders").await.unwrap();
    let says = format!("old points are not yet merged: the point `{}` of `orders` is damaged", points[0]);
    assert!(taken.note.contains(&says), "{}", taken.note);
    assert_eq!(lab.point_count("orders").await, 4);
    assert!(usable(&lab).await.iter().all(|(_, usable)| !usable));
    let refused = lab.act(fail_over("orders", &points[2], "south", None)).await.unwrap_err();
    assert_eq!(code(&refused), "point_unusable");
    // The next one does not stand on what is damaged.
    lab.write("orders", 4).await;
    let healed = lab.engine().take_point("orders").await.unwrap();
    assert!(
        healed.note.contains("a full copy: the point") && healed.note.contains("is damaged"),
        "{}",
        healed.note
    );
    assert_eq!(lab.rows_at("south", "orders", &healed.point), set(&[1, 2, 3, 4]));
    let proofs = proofs(&lab).await;
    assert_eq!((&proofs[0].1, &proofs[0].2), (&healed.point, &Proof::Bytes));
    assert!(proofs[1..].iter().all(|(_, _, proof)| matches!(proof, Proof::Damaged(_))));
    assert_eq!(usable(&lab).await[0], (healed.point.clone(), true));
    lab.act(fail_over("orders", &healed.point, "south", None)).await.unwrap();
}
