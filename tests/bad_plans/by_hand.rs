//! Refusals that no plan, estate and command line of a folder bring about: files too large to keep,
//! what a disk, a second process or a changed world does to a run log, and what the compiler says
//! where the rules in front of it were not asked.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use expect_test::expect;
use musterpoint::base::{Timestamp, limits};
use musterpoint::inventory::{Inventory, read_file};
use musterpoint::model::{Mode, Operation};
use musterpoint::runbook::{CompileOptions, compile};
use musterpoint::source::{Diagnostic, Sources};
use musterpoint::store::{Owner, RunId, StoreError};

use super::plans;
use super::program::Workshop;

/// Code, message and help of each.
fn words(found: &[Diagnostic], sources: &Sources) -> String {
    let one = |found: &Diagnostic| {
        let labels: String = found
            .labels
            .iter()
            .filter_map(|label| Some((label, sources.find(label.span.file)?)))
            .map(|(label, source)| {
                let (line, column) = source.line_column(label.span.start);
                format!("  --> {line}:{column}: {}\n", label.text)
            })
            .collect();
        let help = found.help.as_deref().map_or_else(String::new, |help| format!("  help: {help}\n"));
        format!("{} {}\n{labels}{help}", found.code, found.message)
    };
    found.iter().map(one).collect()
}

/// What a wrong plan text is refused with by the compiler alone.
fn compiled(text: &str, operation: Operation, mode: Option<Mode>) -> String {
    let (plan, sources) = plans::text(text);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad/MP0622-drifted");
    let inventory = read_file("lab.json", &folder.join("lab.json")).unwrap();
    let mut options = CompileOptions::new(operation, mode, &sources);
    options.scripts = Some(&|_| None);
    words(&compile(&plan, &inventory, &options).unwrap_err(), &sources)
}

const LAB: &str = "estate lab { sites = [avs, azure], provider = sim { inventory = \"lab.json\" } }\n";

#[test]
fn files_too_large_to_be_read_are_refused_by_their_size() {
    let workshop = Workshop::empty();
    let sized = |name: &str, bytes: u64| {
        File::create(workshop.path().join(name)).unwrap().set_len(bytes).unwrap();
    };
    sized("plan.muster", limits::PLAN_BYTES_MAX as u64 + 1);
    sized("lab.json", limits::INVENTORY_BYTES_MAX + 1);
    let plan = format!("{LAB}plan erp {{\n estate = lab\n point = latest\n vm sql01 {{ }}\n}}\n");
    std::fs::write(workshop.path().join("small.muster"), plan).unwrap();
    let said = workshop.run(&["check", "plan.muster"]);
    assert_eq!(said.code, 1);
    expect![[r#"
        error[MP0101]: `plan.muster` has 41943041 bytes, a plan file may have 41943040
          help: check that this is the plan you mean; split it with `use`
    "#]]
    .assert_eq(&said.stderr);
    let said = workshop.run(&["check", "small.muster"]);
    assert_eq!(said.code, 1);
    expect![[r#"
        error[MP0503]: inventory `lab.json` is larger than 2048 MiB, the most that is read
          help: export fewer machines, or fewer points of each
        warning[MP0321]: plan `erp` has no `fence`, so it is forced without one or not at all
          --> small.muster:2:6
          help: add `fence { run = ["…", "${run.source}"], timeout = 5m }`
        1 error, 1 warning
    "#]]
    .assert_eq(&said.stderr);
}

#[test]
fn output_that_goes_nowhere_is_the_engines_failure() {
    let output = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["explain", "MP0101"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    expect![[r#"
        error[MP0712]: standard output cannot be written: no space left on device
          help: look at the host, then try again
    "#]]
    .assert_eq(&String::from_utf8(output.stderr).unwrap());
}

#[test]
fn the_compiler_refuses_by_itself_what_the_rules_refuse_before_it() {
    let script = format!(
        "{LAB}plan erp {{\n estate = lab\n point = latest_processed\n vm app01 {{ }}\n \
         script mask {{ run = [\"scripts/mask.sh\"], operations = [test], timeout = 5m }}\n \
         order {{ app01 -> mask }}\n}}\n"
    );
    expect![[r#"
        MP0615 program `scripts/mask.sh` of `mask` is not there
          help: put it at `/plans/scripts/mask.sh`
    "#]]
    .assert_eq(&compiled(&script, Operation::Test, None));
    let circle = format!(
        "{LAB}plan erp {{\n estate = lab\n point = latest_processed\n vm app01 {{ }}\n \
         check up {{ heartbeat = app01, within = 5m }}\n order {{ app01 -> up -> app01 }}\n}}\n"
    );
    expect![[r#"
        MP0616 these steps wait for each other
          --> 7:19: `up` waits for `ready app01`
          --> 7:25: `start app01` waits for `up`
          help: remove one of the arrows
    "#]]
    .assert_eq(&compiled(&circle, Operation::Failover, Some(Mode::Planned)));
    let pointless = format!("{LAB}plan erp {{\n estate = lab\n vm app01 {{ }}\n}}\n");
    expect![[r#"
        MP0621 no recovery point policy holds for `app01`
          help: write `point` on the plan, the group or the machine
    "#]]
    .assert_eq(&compiled(&pointless, Operation::Failover, Some(Mode::Planned)));
}

#[test]
fn the_run_log_refuses_in_these_words() {
    let path = PathBuf::from("/srv/dr/muster.db");
    let run = RunId::from_text("erp-20261123-0600-1a2b");
    let owner = Owner { host: "dr-runner-1".to_owned(), pid: 4711, started: 0, space: String::new() };
    let until: Timestamp = "2026-11-23T06:00:30Z".parse().unwrap();
    let all = [
        StoreError::ReadOnly { path: path.clone() },
        StoreError::NoSpace { path: path.clone() },
        StoreError::Version { path: path.clone(), found: 9, ours: 1 },
        StoreError::Version { path: path.clone(), found: 1, ours: 9 },
        StoreError::InUse { path: path.clone() },
        StoreError::Network { path: path.clone(), kind: "nfs4".to_owned() },
        StoreError::Damaged { what: format!("event 17 of run `{run}` is not what was written") },
        StoreError::Failed { path, why: "disk I/O error".to_owned() },
        StoreError::LeaseHeld { run: run.clone(), owner: Box::new(owner), until },
        StoreError::LeaseLost { run: run.clone(), epoch: 3 },
        StoreError::TooManyRequests { run: run.clone(), count: 1000 },
        StoreError::RunExists { run: run.clone() },
        StoreError::OutOfOrder { run, seq: 19, last: 17 },
    ];
    let said: Vec<Diagnostic> = all.iter().map(StoreError::diagnostic).collect();
    expect![[r#"
        MP0652 `/srv/dr/muster.db` can only be read
          help: name a folder that can be written with `--state`
        MP0653 there is no space left for `/srv/dr/muster.db`
          help: free space on that file system
        MP0655 `/srv/dr/muster.db` has version 9, this program reads and writes version 1
          help: use the newer program that wrote it
        MP0655 `/srv/dr/muster.db` has version 1, this program reads and writes version 9
          help: run any command that writes once, which brings it up to date
        MP0656 `/srv/dr/muster.db` is held by another process
          help: end the program that holds it, such as a backup or `sqlite3`
        MP0657 `/srv/dr/muster.db` lies on a network file system (`nfs4`)
          help: name a folder on a local disk with `--state`
        MP0658 event 17 of run `erp-20261123-0600-1a2b` is not what was written
          help: restore the state folder from a backup, and keep this one as evidence
        MP0659 `/srv/dr/muster.db` failed: disk I/O error
          help: look at the disk and the system's log, then `muster resume` the run
        MP0660 run `erp-20261123-0600-1a2b` is driven by process 4711 on `dr-runner-1` until 2026-11-23T06:00:30Z
          help: watch it with `muster status erp-20261123-0600-1a2b`
        MP0661 run `erp-20261123-0600-1a2b` was taken over by another process: this one (epoch 3) drives it no more
          help: watch the other driver with `muster status erp-20261123-0600-1a2b`
        MP0666 run `erp-20261123-0600-1a2b` has 1000 unanswered requests, the limit
          help: have somebody drive it with `muster resume erp-20261123-0600-1a2b`
        MP0668 there is a run `erp-20261123-0600-1a2b` already
          help: start it again
        MP0669 event 19 does not continue the log of run `erp-20261123-0600-1a2b`, which ends at event 17
          help: read the log again with `muster resume erp-20261123-0600-1a2b`
    "#]].assert_eq(&words(&said, &Sources::default()));
}

/// A reprotect that the estate would refuse after the commit is refused before anything is touched.
#[test]
fn a_reprotect_without_its_process_server_is_refused_in_every_mode_that_reprotects() {
    let text = format!(
        "{LAB}plan erp {{\n estate = lab\n point = latest_processed\n vm app01 {{ }}\n \
         check up {{ heartbeat = app01, within = 5m }}\n order {{ app01 -> up -> commit -> reprotect }}\n}}\n"
    );
    let (plan, sources) = plans::text(&text);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad/MP0618-no-via");
    let mut inventory = read_file("lab.json", &folder.join("lab.json")).unwrap();
    inventory.vms.retain(|name, _| name == "app01");
    let said = |inventory: &Inventory, mode: Mode| {
        let mut options = CompileOptions::new(Operation::Failover, Some(mode), &sources);
        options.to = Some("azure".to_owned());
        options.lost_at = Some(inventory.now);
        options.unfenced = Some("flooded".to_owned());
        let found = compile(&plan, inventory, &options).err().unwrap_or_default();
        found.iter().map(|found| found.code.to_string()).collect::<Vec<_>>()
    };
    for (mode, codes) in
        [(Mode::Planned, &["MP0618"][..]), (Mode::Unplanned, &["MP0618"]), (Mode::Forced, &[])]
    {
        assert_eq!(said(&inventory, mode), codes, "{mode:?}");
    }
    // Without servers at the site that is replicated to there is none to name.
    inventory.process_servers.retain(|server| server.site == "azure");
    assert_eq!(said(&inventory, Mode::Planned), [""; 0]);
}
