//! Disks that only those can read and write who know the site's key: the same machines, every byte of their disks
//! over encrypted lines, on loopback.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::books::{bad, put, rows, wait_for};
use super::lab::{DONE, Lab, REFUSED, WAITING};

/// Reads a disk over NBD with the keys of a folder, or without any.
fn read(address: &str, keys: Option<&Path>) -> bool {
    let (host, port) = address.rsplit_once(':').unwrap();
    let image = format!("driver=nbd,server.type=inet,server.host={host},server.port={port},export=db.data");
    let mut command = Command::new("qemu-io");
    match keys {
        Some(folder) => {
            let object =
                format!("tls-creds-psk,id=t,endpoint=client,dir={},username=muster", folder.display());
            command.args(["--object", &object, "-r", "--image-opts", &format!("{image},tls-creds=t")]);
        }
        None => drop(command.args(["-r", "--image-opts", &image])),
    }
    let ended = command.args(["-c", "read 0 512"]).output().unwrap();
    ended.status.success() && String::from_utf8_lossy(&ended.stdout).contains("read 512/512")
}

#[test]
fn disks_are_served_to_those_who_know_the_key_and_to_nobody_else() {
    let lab = Lab::bare();
    lab.edit(
        "estates/guests.json",
        "{ \"name\": \"north\" }",
        "{ \"name\": \"north\", \"listen\": \"10.0.0.1\" }",
    );
    let refused = lab.try_muster(&["estate", "guests.muster", "set-up"]);
    assert!(
        refused.code != DONE && refused.err.contains("anybody on the network could write"),
        "{refused:?}"
    );
    lab.edit("estates/guests.json", "\"listen\": \"10.0.0.1\"", "\"tls\": \"required\"");
    lab.edit(
        "estates/guests.json",
        "{ \"name\": \"south\" }",
        "{ \"name\": \"south\", \"tls\": \"required\" }",
    );
    lab.muster(&["estate", "guests.muster", "set-up"], DONE);
    let address = lab.muster(&["estate", "guests.muster", "address", "db"], DONE).out;
    let uri = address.lines().find_map(|line| line.strip_prefix("data ")).unwrap();
    let served = uri.strip_prefix("nbds://muster@").unwrap().split('/').next().unwrap().to_owned();

    let keys = lab.estate("north/tls");
    assert!(!read(&served, None), "a client without a key is refused");
    assert!(read(&served, Some(&keys)), "the owner of the key is not");
    assert!(!read(&served, Some(&lab.estate("south/tls"))) || !lab.estate("south/tls").exists());
    let file = keys.join("keys.psk");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);

    let db = lab.address("db", "north");
    wait_for(&db, 7000);
    assert!(put(&db, 1) && put(&lab.address("app", "north"), 1));
    lab.muster(&["failover", "guests.muster", "--planned", "--yes", "--quiet"], WAITING);
    let db = lab.address("db", "south");
    assert!(rows(&db).contains(&1) && bad(&db) == "0");
    assert!(!read(&served, Some(&lab.estate("south/tls"))), "a key opens the site that it is of");
    lab.accept();

    // The key stands in its own file, and nowhere else.
    let secret = std::fs::read_to_string(file).unwrap().trim().rsplit(':').next().unwrap().to_owned();
    let said = Command::new("grep").args(["-rlF", &secret]).arg(lab.path("state")).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert_eq!(
        said.lines().filter(|path| !path.ends_with("/tls/keys.psk")).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
    lab.muster(&["estate", "guests.muster", "take-point", "nowhere"], REFUSED);
}
