//! The shipped plan of disks through the program itself: real disks move there and back, and what was
//! written is looked at as bytes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "qemu/bytes.rs"]
mod bytes;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::{kill_daemon, rows_of, write_to};

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/disks.muster");
/// What the plan's own scripts write once a machine is up.
const BY_PLAN: u8 = 7;
/// Exit codes.
const DONE: i32 = 0;
const RUN_FAILED: i32 = 3;
const REFUSED: i32 = 4;
const WAITING: i32 = 6;

/// A state folder of its own, with a short path for the sockets in it. No daemon outlives it.
struct Lab {
    state: tempfile::TempDir,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in ["north", "south", "north/test", "south/test"] {
            kill_daemon(&self.estate(), host);
        }
    }
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Lab {
    /// The shipped estate, set up.
    fn new() -> Self {
        let lab = Self { state: tempfile::Builder::new().prefix("mp").tempdir_in("/tmp").unwrap() };
        lab.muster(&["estate", PLAN, "set-up"], DONE);
        lab
    }

    fn estate(&self) -> PathBuf {
        self.state.path().join("estates/lab")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(args).env("MUSTER_STATE", self.state.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    fn try_muster(&self, args: &[&str]) -> Ended {
        let (out, err) = (self.state.path().join("out"), self.state.path().join("err"));
        let mut child = self
            .command(args)
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_secs(120) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("muster {args:?} does not end: {}", fs::read_to_string(&err).unwrap());
            }
            std::thread::yield_now();
        };
        let read = |path| fs::read_to_string(path).unwrap();
        Ended { code: status.code().unwrap_or(-1), out: read(&out), err: read(&err) }
    }

    fn muster(&self, args: &[&str], code: i32) -> Ended {
        let ended = self.try_muster(args);
        assert_eq!(ended.code, code, "muster {args:?}\n{}{}", ended.out, ended.err);
        ended
    }

    /// Where the disk of a machine is served now; of a test's copy, if said.
    fn uri(&self, machine: &str, test: bool) -> Option<String> {
        let mut args = vec!["estate", PLAN, "address", machine];
        if test {
            args.push("--test");
        }
        let ended = self.try_muster(&args);
        if ended.code == REFUSED {
            assert!(ended.err.contains("not_running"), "{}", ended.err);
            return None;
        }
        ended.out.trim().strip_prefix("data ").map(str::to_owned)
    }

    fn write(&self, machine: &str, n: u8) {
        write_to(&self.uri(machine, false).unwrap(), n);
    }

    /// As the plan writes: by its script, at the machine's address.
    fn write_by_script(&self, machine: &str, n: u8) {
        let uri = self.uri(machine, false).unwrap();
        let (address, export) = uri.strip_prefix("nbd://").unwrap().split_once('/').unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/scripts/write-record.sh");
        let written = Command::new(script).args([address, export, &n.to_string()]).output().unwrap();
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    }

    fn rows(&self, machine: &str) -> BTreeSet<u8> {
        rows_of(&self.uri(machine, false).unwrap(), "raw")
    }

    /// What production has on both disks, which have to agree.
    fn agreed(&self) -> BTreeSet<u8> {
        let orders = self.rows("orders");
        assert_eq!(orders, self.rows("stock"), "orders and stock");
        orders
    }

    fn inventory(&self) -> serde_json::Value {
        serde_json::from_str(&self.muster(&["inventory", PLAN, "--format", "json"], DONE).out).unwrap()
    }

    fn site(&self) -> String {
        self.inventory()["vms"]["orders"]["site"].as_str().unwrap().to_owned()
    }

    /// When the newest point of a machine was taken.
    fn newest_at(&self, machine: &str) -> String {
        self.inventory()["vms"][machine]["points"][0]["at"].as_str().unwrap().to_owned()
    }

    fn take_point(&self, name: &str) {
        self.muster(&["estate", PLAN, "take-point", name], DONE);
    }

    /// Starts an operation, which waits in the commit window.
    fn begin(&self, args: &[&str]) -> Ended {
        let args: Vec<&str> = [&[args[0], PLAN, "--yes"], &args[1..]].concat();
        self.muster(&args, WAITING)
    }

    /// Says that the disks agree, and lets the last run go to its end.
    fn accept(&self) -> Ended {
        self.muster(&["approve", "last", "accept"], DONE);
        self.muster(&["resume", "last"], DONE)
    }

    fn daemon_lives(&self, site: &str) -> bool {
        let Ok(pid) = fs::read_to_string(self.estate().join(site).join("qsd.pid")) else { return false };
        fs::read(format!("/proc/{}/cmdline", pid.trim())).is_ok_and(|line| !line.is_empty())
    }
}

fn set(rows: &[u8]) -> BTreeSet<u8> {
    rows.iter().copied().collect()
}

#[test]
fn a_planned_move_there_and_back_loses_nothing_and_copies_only_changes_on_the_way() {
    let lab = Lab::new();
    for machine in ["orders", "stock"] {
        lab.write_by_script(machine, 1);
    }
    lab.take_point("shop");
    for machine in ["orders", "stock"] {
        lab.write_by_script(machine, 2);
    }
    let before = lab.uri("orders", false);
    lab.begin(&["failover", "--planned"]);
    assert_ne!(lab.uri("orders", false), before);
    // What was written after the last point moved too: a final one was taken.
    assert_eq!(lab.agreed(), set(&[1, 2, BY_PLAN]));
    for machine in ["orders", "stock"] {
        lab.write(machine, 3);
    }
    let committed = lab.accept().err;
    assert!(
        committed.contains("kept, stopped for good") && committed.contains("changes only"),
        "{committed}"
    );
    assert!(!committed.contains("a full copy"), "{committed}");
    assert_eq!(lab.site(), "south");

    lab.begin(&["failback", "--planned"]);
    assert_eq!(lab.agreed(), set(&[1, 2, 3, BY_PLAN]));
    let home = lab.accept().err;
    assert!(home.contains("is removed") && !home.contains("a full copy"), "{home}");
    assert_eq!(lab.site(), "north");
    assert_eq!(lab.agreed(), set(&[1, 2, 3, BY_PLAN]));
    assert_eq!(lab.inventory()["vms"]["stock"]["replicates_to"], "south");
}

/// Three sales: each is written to `orders` first. Points of single machines are taken in between, so
/// that the newest ones of both do not fit together.
fn points_that_do_not_fit(lab: &Lab) {
    lab.write("orders", 1);
    lab.write("stock", 1);
    lab.take_point("shop");
    lab.write("orders", 2);
    lab.take_point("orders");
    lab.write("stock", 2);
    lab.write("orders", 3);
    lab.write("stock", 3);
    lab.take_point("stock");
}

#[test]
fn each_machines_newest_point_sells_what_was_never_ordered_and_the_common_point_does_not() {
    let lab = Lab::new();
    points_that_do_not_fit(&lab);
    lab.begin(&["failover", "--unplanned", "--point", "shop=latest_processed"]);
    assert_eq!(lab.rows("orders"), set(&[1, 2, BY_PLAN]));
    assert_eq!(lab.rows("stock"), set(&[1, 2, 3, BY_PLAN]), "sale 3 has no order");

    // Another point of the same run, before commit: the targets are made again.
    lab.muster(&["change-point", "last", "shop=common"], WAITING);
    assert_eq!(lab.agreed().into_iter().filter(|n| *n != BY_PLAN).collect::<BTreeSet<u8>>(), set(&[1]));

    lab.muster(&["rollback", "last", "--reason", "the source is well"], RUN_FAILED);
    assert_eq!((lab.site().as_str(), lab.agreed()), ("north", set(&[1, 2, 3])));

    // As the plan says it, without a word on the command line.
    lab.begin(&["failover", "--unplanned"]);
    assert_eq!(lab.agreed(), set(&[1, BY_PLAN]));
}

#[test]
fn an_older_common_point_is_gone_to_when_the_site_is_lost_and_the_way_home_is_a_full_copy() {
    let lab = Lab::new();
    let both = |n| ["orders", "stock"].map(|machine| lab.write(machine, n));
    both(1);
    lab.take_point("shop");
    let older = lab.newest_at("orders");
    both(2);
    lab.take_point("shop");
    both(3);
    kill_daemon(&lab.estate(), "north");
    let point = format!("shop=common(as_of = {older})");
    let preview = lab.muster(&["preview", "failover", PLAN, "--unplanned", "--point", &point], DONE).out;
    assert!(preview.contains(&older[..19]), "{preview}");
    lab.begin(&["failover", "--unplanned", "--point", &point]);
    assert_eq!(lab.agreed(), set(&[1, BY_PLAN]));
    let end = lab.accept().err;
    assert!(end.contains("a full copy"), "{end}");

    lab.begin(&["failback", "--planned"]);
    assert_eq!(lab.agreed(), set(&[1, BY_PLAN]));
    lab.accept();
    assert_eq!((lab.site().as_str(), lab.agreed()), ("north", set(&[1, BY_PLAN])));
}

#[test]
fn a_test_beside_production_is_in_nobodys_way_and_its_cleanup_leaves_nothing() {
    let lab = Lab::new();
    for machine in ["orders", "stock"] {
        lab.write(machine, 1);
    }
    lab.take_point("shop");
    lab.begin(&["test"]);
    for machine in ["orders", "stock"] {
        let copy = lab.uri(machine, true).unwrap();
        assert_ne!(Some(&copy), lab.uri(machine, false).as_ref());
        write_to(&copy, 9);
        lab.write(machine, 2);
        assert_eq!(rows_of(&copy, "raw"), set(&[1, BY_PLAN, 9]));
    }
    assert_eq!(lab.agreed(), set(&[1, 2]));
    let test = lab.muster(&["runs", "--format", "json"], DONE).out;
    let test: serde_json::Value = serde_json::from_str(&test).unwrap();
    let test = test["runs"][0]["id"].as_str().unwrap().to_owned();

    // The real thing while the test is up, at the same site.
    lab.begin(&["failover", "--unplanned"]);
    assert_eq!(lab.agreed(), set(&[1, BY_PLAN]));
    assert_eq!(rows_of(&lab.uri("stock", true).unwrap(), "raw"), set(&[1, BY_PLAN, 9]));
    lab.muster(&["rollback", "last"], RUN_FAILED);
    assert_eq!(lab.agreed(), set(&[1, 2]));

    // Nobody accepted the test, so it did not reach its goal; cleaned up it is all the same.
    lab.muster(&["cleanup", &test], RUN_FAILED);
    assert_eq!((lab.uri("orders", true), lab.uri("stock", true)), (None, None));
    assert!(!lab.daemon_lives("south/test"));
    let left = |machine: &str| fs::read_dir(lab.estate().join("south/vms").join(machine)).unwrap().count();
    assert_eq!((left("orders"), left("stock")), (0, 0));
    assert_eq!(lab.agreed(), set(&[1, 2]));

    // Accepted, a test cleans up by itself: its plan says so.
    lab.begin(&["test"]);
    lab.accept();
    assert_eq!((lab.uri("orders", true), left("orders"), left("stock")), (None, 0, 0));
}

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

#[test]
fn a_test_whose_disk_cannot_be_removed_says_which_and_is_over_once_it_is_gone() {
    let lab = Lab::new();
    lab.take_point("shop");
    lab.begin(&["test"]);
    let artifacts = || {
        let status = lab.muster(&["status", "last", "--format", "json"], DONE).out;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        status["artifacts"].as_array().unwrap().clone()
    };
    let all = artifacts();
    assert!(all.iter().all(|one| one["state"] == "made" && one["known"] == "announced"), "{all:#?}");
    let disk = all.iter().find(|one| one["kind"] == "disk" && one["machine"] == "orders").unwrap();
    let id = disk["id"].as_str().unwrap();
    let held = Held::new(lab.estate().join(id));
    // It is tried again for minutes; an operator who has seen enough pauses it.
    let mut cleanup = lab.command(&["cleanup", "last", "--quiet"]).stdout(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !artifacts().iter().any(|one| one["state"] == "left-behind") {
        assert!(began.elapsed() < Duration::from_secs(60), "{:#?}", artifacts());
    }
    lab.muster(&["pause", "last"], DONE);
    assert_eq!(cleanup.wait().unwrap().code(), Some(WAITING));
    let said = lab.muster(&["status", "last"], DONE).out;
    let joined = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains(&format!("LEFT BEHIND by the test: disk `{id}` of `orders`")), "{said}");
    assert!(lab.estate().join(id).exists() && said.contains("muster cleanup"), "{said}");
    drop(held);
    lab.muster(&["cleanup", "last"], RUN_FAILED);
    assert!(artifacts().iter().all(|one| one["state"] == "gone"), "{:#?}", artifacts());
    assert!(!lab.estate().join(id).exists() && !lab.daemon_lives("south/test"));
    let again = lab.muster(&["cleanup", "last"], REFUSED).err;
    assert!(again.contains("nothing of its test is left"), "{again}");
}

#[test]
fn a_forced_failover_cuts_the_source_off_by_the_plans_fence_and_says_unprotected() {
    let lab = Lab::new();
    for machine in ["orders", "stock"] {
        lab.write(machine, 1);
    }
    lab.take_point("shop");
    let lost = lab.newest_at("stock");
    assert!(lab.daemon_lives("north"));
    lab.begin(&["failover", "--forced", "--to", "south", "--lost-at", &lost]);
    assert!(!lab.daemon_lives("north"), "the fence has ended it");
    assert_eq!(lab.agreed(), set(&[1, BY_PLAN]));
    let end = lab.accept().err;
    assert!(end.contains("UNPROTECTED"), "{end}");
    assert_eq!(lab.inventory()["vms"]["orders"]["protection"], "unprotected");
}

#[test]
fn an_operator_is_told_what_an_estate_cannot_do_and_looking_makes_nothing() {
    let lab = Lab { state: tempfile::Builder::new().prefix("mp").tempdir_in("/tmp").unwrap() };
    lab.muster(&["inventory", PLAN], DONE);
    assert_eq!(lab.uri("orders", false), None);
    assert!(!lab.estate().exists());
    let erp = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/erp.muster");
    let sim = lab.muster(&["estate", erp, "set-up"], REFUSED).err;
    assert!(
        sim.contains("MP0546") && sim.contains("a simulated estate is set up from its inventory"),
        "{sim}"
    );
    let early = lab.muster(&["estate", PLAN, "take-point", "shop"], REFUSED).err;
    assert!(early.contains("MP0547") && early.contains("not_set_up"), "{early}");
    lab.muster(&["estate", PLAN, "set-up"], DONE);
    let nobody = lab.muster(&["estate", PLAN, "start", "nobody"], REFUSED).err;
    assert!(nobody.contains("the estate has no machine `nobody`"), "{nobody}");

    lab.write("orders", 1);
    lab.muster(&["estate", PLAN, "stop"], DONE);
    assert!(!lab.daemon_lives("north") && !lab.daemon_lives("south"));
    assert_eq!(lab.uri("orders", false), None);
    lab.muster(&["estate", PLAN, "start", "stock"], DONE);
    lab.muster(&["estate", PLAN, "set-up"], DONE);
    assert_eq!(lab.rows("orders"), set(&[1]));
}

#[test]
fn points_are_proved_and_a_flipped_byte_is_named_and_not_offered() {
    let lab = Lab::new();
    lab.write("orders", 1);
    lab.muster(&["estate", PLAN, "take-point", "shop"], DONE);
    let sound = lab.muster(&["points", PLAN, "--verify"], DONE).out;
    let lines: Vec<&str> = sound.lines().collect();
    assert_eq!(lines.len(), 4, "{sound}");
    assert!(lines.iter().all(|line| line.ends_with(" sound")), "{sound}");

    let point = lines[0].strip_prefix("orders ").and_then(|line| line.strip_suffix(" sound")).unwrap();
    let path = lab.estate().join(format!("south/points/orders/{point}-data.qcow2"));
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let found = lab.muster(&["points", PLAN, "--verify"], REFUSED).out;
    assert!(found.starts_with(&format!("orders {point} damaged: disk `data`: ")), "{found}");
    assert_eq!(found.matches(" sound\n").count(), 3, "{found}");
    let json = lab.muster(&["points", PLAN, "--verify", "--format", "json"], REFUSED).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["sound"], &json["points"][0]["point"]), (&false.into(), &point.into()));
    assert_eq!(json["points"][1]["proved"], "bytes");
    assert_eq!(lab.inventory()["vms"]["orders"]["points"][0]["usable"], false);
    // The set has a member that cannot be gone to: the one before it is chosen.
    let chosen = lab.muster(&["points", PLAN], DONE).out;
    assert!(chosen.contains("not usable on `orders`"), "{chosen}");
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    lab.muster(&["points", PLAN, "--verify"], DONE);
    assert_eq!(lab.inventory()["vms"]["orders"]["points"][0]["usable"], true);
}
