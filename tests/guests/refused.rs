//! What is refused, and in which words.

use std::net::TcpListener;

use super::lab::{DONE, Lab, REFUSED};

#[test]
fn what_a_guest_needs_and_is_not_there_is_said_before_anything_is_made() {
    let lab = Lab::bare();
    lab.edit(
        "estates/guests.json",
        "\"agent\": true\n",
        "\"agent\": true, \"program\": \"qemu-system-none\"\n",
    );
    let ended = lab.try_muster(&["estate", "guests.muster", "set-up"]);
    assert!(
        ended.err.contains("MP0540")
            && ended.err.contains("apt-get install -y --no-install-recommends qemu-system-x86"),
        "{ended:?}"
    );
    assert!(!lab.estate("north").exists(), "nothing is made");
}

#[test]
fn a_missing_kernel_a_taken_port_and_a_disk_in_use_are_said() {
    let lab = Lab::bare();
    lab.edit("estates/guests.json", "guests/image/vmlinuz", "guests/image/none");
    let ended = lab.muster(&["estate", "guests.muster", "set-up"], REFUSED);
    assert!(ended.err.contains("boots `guests/image/none`, and there is no such file"), "{}", ended.err);
    lab.edit("estates/guests.json", "guests/image/none", "guests/image/vmlinuz");

    let taken = TcpListener::bind((lab.address("db", "north").as_str(), 8080)).unwrap();
    let ended = lab.muster(&["estate", "guests.muster", "set-up"], REFUSED);
    assert!(
        ended.err.contains("is in use by another program") && ended.err.contains("8080"),
        "{}",
        ended.err
    );
    drop(taken);
    lab.muster(&["estate", "guests.muster", "set-up"], DONE);
    lab.muster(&["estate", "guests.muster", "take-point", "nowhere"], REFUSED);
    let ended =
        lab.try_muster(&["failover", "guests.muster", "--planned", "--yes", "--point", "db=pnowhere"]);
    assert_ne!(ended.code, DONE, "{ended:?}");
}
