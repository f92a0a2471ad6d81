//! Every rule over its folder in `tests/bad`, every shipped plan, and the claims of single rules.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails there, and its texts are small"
)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use musterpoint::estate::sim::{Sim, SimOptions};
use musterpoint::inventory;
use musterpoint::model::resolve::{DiskFiles, resolve};
use musterpoint::model::{GroupKind, Plan};
use musterpoint::rules::{self, DiskScripts, ScriptLookup, ScriptTrouble};
use musterpoint::source::{Diagnostic, Sources, codes};

/// Everything that the resolver and the rules say of a plan on disk.
fn judge(path: &Path) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let resolved = resolve(path, &mut DiskFiles, &mut sources);
    let mut found = resolved.diagnostics;
    if let Some(plan) = &resolved.plan {
        found.extend(rules::check(plan, &DiskScripts));
    }
    (found, sources)
}

/// A program that can always be run.
struct AnyScript;

impl ScriptLookup for AnyScript {
    fn trouble(&self, _folder: &Path, _program: &str) -> Option<ScriptTrouble> {
        None
    }
}

/// The findings of one text whose programs all exist.
fn judge_text(text: &str) -> (Vec<Diagnostic>, Sources) {
    struct One(Vec<u8>);
    impl musterpoint::model::resolve::Files for One {
        fn read(&mut self, _path: &Path) -> std::io::Result<Vec<u8>> {
            Ok(std::mem::take(&mut self.0))
        }
        fn canonical(&mut self, path: &Path) -> std::io::Result<PathBuf> {
            Ok(path.to_path_buf())
        }
    }
    let mut sources = Sources::default();
    let resolved = resolve(Path::new("erp.muster"), &mut One(text.as_bytes().to_vec()), &mut sources);
    let mut found = resolved.diagnostics;
    let plan = resolved.plan.unwrap_or_else(|| panic!("resolves: {found:#?}"));
    found.extend(rules::check(&plan, &AnyScript));
    (found, sources)
}

fn shown(found: &[Diagnostic], sources: &Sources) -> String {
    let line = |diagnostic: &Diagnostic| {
        let place = diagnostic.labels.first().map_or_else(String::new, |label| {
            let source = sources.get(label.span.file);
            let (line, column) = source.line_column(label.span.start);
            format!("{}:{line}:{column} ", source.name())
        });
        format!("{place}{} {}", diagnostic.code, diagnostic.message)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn codes_of(found: &[Diagnostic]) -> BTreeSet<&'static str> {
    found.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

fn folders() -> Vec<(String, PathBuf)> {
    let mut folders: Vec<(String, PathBuf)> = std::fs::read_dir("tests/bad")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| name.starts_with("MP03"))
        .collect();
    folders.sort();
    folders
}

#[test]
fn every_bad_plan_gives_its_code_and_no_other_and_its_good_twin_gives_none() {
    let mut wrong = Vec::new();
    for (name, folder) in folders() {
        let code = &name[..6];
        let text = std::fs::read_to_string(folder.join("bad.muster")).unwrap();
        let also: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("# also: ")).collect();
        let (found, sources) = judge(&folder.join("bad.muster"));
        let codes = codes_of(&found);
        if !codes.contains(code) || codes.iter().any(|other| *other != code && !also.contains(other)) {
            wrong.push(format!("{name}/bad.muster gives {}", shown(&found, &sources)));
        }
        let (found, sources) = judge(&folder.join("good.muster"));
        if !found.is_empty() {
            wrong.push(format!("{name}/good.muster gives {}", shown(&found, &sources)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_a_rule_has_a_folder_and_a_page() {
    let names: Vec<String> = folders().into_iter().map(|(name, _)| name).collect();
    for info in codes::rules::TABLE {
        let code = info.code.as_str();
        assert_eq!(names.iter().filter(|name| name.starts_with(code)).count(), 1, "{code} has one folder");
        assert!(info.page.lines().count() > 3, "{code} has a page");
    }
    assert_eq!(names.len(), codes::rules::TABLE.len());
}

#[test]
fn every_message_keeps_to_the_style() {
    for (name, folder) in folders() {
        for diagnostic in judge(&folder.join("bad.muster")).0 {
            let message = &diagnostic.message;
            let first = message.chars().next().unwrap();
            assert!(first == '`' || first.is_lowercase() || first.is_numeric(), "{name}: {message}");
            assert!(!message.ends_with('.') && !message.contains('\n'), "{name}: {message}");
            let help = diagnostic.help.unwrap_or_else(|| panic!("{name} has no help"));
            assert!(!help.ends_with('.') && !help.contains('\n'), "{name}: {help}");
            assert!(!diagnostic.labels.is_empty(), "{name} points at a place");
        }
    }
}

#[test]
fn every_shipped_plan_checks_without_errors() {
    let mut checked = 0;
    for entry in std::fs::read_dir("plans").unwrap() {
        let path = entry.unwrap().path();
        let is_plan = path.extension().is_some_and(|extension| extension == "muster")
            && std::fs::read_to_string(&path).unwrap().lines().any(|line| line.starts_with("plan "));
        if !is_plan {
            continue;
        }
        let (found, sources) = judge(&path);
        let errors: Vec<Diagnostic> = found.into_iter().filter(Diagnostic::is_error).collect();
        assert!(errors.is_empty(), "{}: {}", path.display(), shown(&errors, &sources));
        checked += 1;
    }
    assert!(checked >= 13, "only {checked} plans were found");
}

#[test]
fn the_seeds_plan_is_free_of_warnings() {
    let (found, sources) = judge(Path::new("plans/erp.muster"));
    assert!(found.is_empty(), "{}", shown(&found, &sources));
}

/// The head of a plan, machines with points, and the rest.
fn erp(body: &str) -> String {
    format!(
        "estate lab {{ sites = [avs, azure], provider = sim {{ inventory = \"lab.json\" }} }}\n\
         role lead {{ members = anyone }}\n\
         plan erp {{\n  estate = lab\n  point = latest_processed\n\
         fence {{ run = [\"scripts/isolate.sh\"], timeout = 5m }}\n{body}\n}}\n"
    )
}

#[test]
fn a_cycle_is_labelled_at_every_arrow_and_nowhere_else() {
    let text = erp("vm [a, b, c, d, e] { }\norder { a -> b -> c -> d\n c -> a\n d -> e }");
    let (found, sources) = judge_text(&text);
    let [cycle] = found.as_slice() else { panic!("{}", shown(&found, &sources)) };
    let labels: Vec<&str> = cycle.labels.iter().map(|label| sources.slice(label.span)).collect();
    assert_eq!(labels, ["a -> b", "b -> c", "c -> a"]);
    assert_eq!(cycle.labels[0].text, "`b` waits for `a`");
}

#[test]
fn a_cycle_through_lists_and_groups_is_found_and_two_cycles_are_two_findings() {
    let text =
        erp("tier t { vm [a, b] { } }\nvm [c, d, e, f, g] { }\norder { [c, d, e] -> [t, f, g]\n b -> d }");
    let (found, sources) = judge_text(&text);
    let [cycle] = found.as_slice() else { panic!("{}", shown(&found, &sources)) };
    let labels: Vec<&str> = cycle.labels.iter().map(|label| sources.slice(label.span)).collect();
    assert_eq!(labels, ["d, e] -> [t", "b -> d"]);

    let (found, _) = judge_text(&erp("vm [a, b, c, d] { }\norder { a -> b -> a\n c -> d -> c }"));
    assert_eq!(found.len(), 2);
}

#[test]
fn a_gate_that_leaves_the_deleting_operation_out_is_no_gate() {
    let body = |operations: &str| {
        erp(&format!(
            "vm a {{ }}\napprove yes {{ prompt = \"Good?\", by = lead, within = 1h{operations} }}\norder {{ a -> yes -> commit }}"
        ))
    };
    assert!(judge_text(&body("")).0.is_empty());
    assert!(judge_text(&body(", operations = [failback]")).0.is_empty());
    for out in [", operations = [failover]", ", operations = [test, failover]", ", modes = [planned]"] {
        assert_eq!(
            codes_of(&judge_text(&body(out)).0).into_iter().collect::<Vec<_>>(),
            [codes::rules::COMMIT_UNGATED.as_str()],
            "{out}"
        );
    }
}

#[test]
fn an_approval_before_the_machines_start_does_not_guard_the_commit() {
    let text =
        erp("vm a { }\napprove go { prompt = \"Go?\", by = lead, within = 1h }\norder { go -> a -> commit }");
    assert_eq!(
        codes_of(&judge_text(&text).0).into_iter().collect::<Vec<_>>(),
        [codes::rules::COMMIT_UNGATED.as_str()]
    );
}

#[test]
fn an_address_may_be_used_after_a_start_however_far_away_it_is() {
    let mut body = String::from("vm a { }\n");
    let mut chain = String::from("order { a");
    for index in 0..500 {
        body.push_str(&format!("vm m{index} {{ }}\n"));
        chain.push_str(&format!(" -> m{index}"));
    }
    let far = format!("{body}check up {{ tcp = \"${{a.address}}:1\", within = 1m }}\n{chain} -> up }}");
    assert!(judge_text(&erp(&far)).0.is_empty());
    let beside =
        format!("{body}vm z {{ }}\ncheck up {{ tcp = \"${{z.address}}:1\", within = 1m }}\n{chain} -> up }}");
    assert_eq!(
        codes_of(&judge_text(&erp(&beside)).0).into_iter().collect::<Vec<_>>(),
        [codes::rules::ADDRESS_EARLY.as_str()]
    );
}

/// What the service tells its scripts before a machine has started is empty.
#[test]
fn an_address_before_the_start_is_refused_where_the_failover_starts_by_itself() {
    let azure = |body: &str| {
        erp(body).replace(
            "sim { inventory = \"lab.json\" }",
            "azure { subscription = \"s\", resource_group = \"rg\", vault = \"v\" }",
        )
    };
    for body in [
        "vm a { }\nscript before { operations = [failover], run = [\"true\", \"${a.address}\"], timeout = 1m }\n\
         order { before -> a }",
        "vm a { }\nvm b { }\ncheck between { tcp = \"${b.address}:1\", within = 1m }\n\
         order { a -> between -> b }",
        "tier t {\n vm a { }\n approve quiet { at = before_shutdown, prompt = \"${a.address}\", by = lead, \
         within = 1m }\n}",
    ] {
        let (found, sources) = judge_text(&azure(body));
        assert!(
            codes_of(&found).contains(codes::rules::ADDRESS_EARLY.as_str()),
            "{}",
            shown(&found, &sources)
        );
    }
    let after = "vm a { }\ncheck up { tcp = \"${a.address}:1\", within = 1m }\norder { a -> up }";
    let (found, sources) = judge_text(&azure(after));
    assert!(found.is_empty(), "{}", shown(&found, &sources));
}

/// Whether the way home is meant decides whether what cannot be told on it is an error.
#[test]
fn what_cannot_be_told_on_the_way_home_is_an_error_where_the_plan_goes_there() {
    let lab = |appliance: &str, body: &str| {
        erp(body).replace(
            "sim { inventory = \"lab.json\" }",
            &format!("azure {{ subscription = \"s\", resource_group = \"rg\", vault = \"v\"{appliance} }}"),
        )
    };
    let untold = |text: &str| {
        let (found, _) = judge_text(text);
        let of_it = found.iter().filter(|found| found.code == codes::rules::POINT_UNTOLD);
        of_it.map(|found| (found.is_error(), found.message.clone())).collect::<Vec<_>>()
    };
    let group = "group g { point = common, vm [a, b] { } }\n";
    let home = "commit { policy = manual }\nreprotect { via { avs = \"x\", azure = \"y\" } }\n";
    let classic = ", appliance = classic";
    let says = "`azure` cannot be told `common` for the group `g` on the way home".to_owned();
    assert_eq!(untold(&lab(classic, group)), [(false, says.clone())]);
    assert_eq!(untold(&lab(classic, &format!("{group}{home}"))), [(true, says)]);
    assert_eq!(untold(&lab("", &format!("{group}{home}"))), []);
    let one = "vm a { point = id(\"p7\") }\n";
    let says = "`azure` cannot be told `id` for the machine `a` on the way home".to_owned();
    assert_eq!(untold(&lab("", one)), [(false, says)], "the newer appliance is the default");
    assert_eq!(untold(&lab(classic, one)), []);
}

#[test]
fn a_check_inside_a_machine_or_its_group_may_use_its_address() {
    let text = erp("tier t {\n vm a { check up { tcp = \"${a.address}:1\", within = 1m } }\n vm b { }\n\
         check both { tcp = \"${b.address}:1\", within = 1m }\n}");
    let (found, sources) = judge_text(&text);
    assert!(found.is_empty(), "{}", shown(&found, &sources));
}

#[test]
fn a_plan_called_twice_shares_its_machines_with_itself() {
    let text = format!(
        "{}\nplan wave {{ estate = lab, point = latest, fence {{ run = [\"f\"], timeout = 1m }}\n vm w {{ }} }}\n",
        "estate lab { sites = [avs, azure], provider = sim { inventory = \"lab.json\" } }\n"
    );
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("wave.muster"), text).unwrap();
    std::fs::write(
        dir.path().join("all.muster"),
        "use \"wave.muster\"\nplan all { estate = lab\n call one { plan = wave }\n call two { plan = wave }\n order { one -> two } }\n",
    )
    .unwrap();
    let mut sources = Sources::default();
    let resolved = resolve(&dir.path().join("all.muster"), &mut DiskFiles, &mut sources);
    let found = rules::check(&resolved.plan.unwrap(), &AnyScript);
    assert_eq!(
        codes_of(&found).into_iter().collect::<Vec<_>>(),
        [codes::rules::MACHINE_TWICE.as_str()],
        "{}",
        shown(&found, &sources)
    );
}

#[test]
fn programs_outside_the_folder_without_the_bit_or_missing_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("plans");
    std::fs::create_dir_all(home.join("scripts")).unwrap();
    std::fs::write(home.join("scripts/plain.sh"), "#!/bin/sh\n").unwrap();
    std::fs::write(dir.path().join("out.sh"), "#!/bin/sh\n").unwrap();
    std::os::unix::fs::symlink("../../out.sh", home.join("scripts/link.sh")).unwrap();
    let trouble = |program: &str| DiskScripts.trouble(&home, program);
    assert_eq!(trouble("scripts/plain.sh"), Some(ScriptTrouble::NotExecutable));
    assert_eq!(trouble("scripts/gone.sh"), Some(ScriptTrouble::Missing));
    assert_eq!(trouble("scripts/link.sh"), Some(ScriptTrouble::Outside));
    assert_eq!(trouble("../out.sh"), Some(ScriptTrouble::Outside));
    assert_eq!(trouble("./scripts"), Some(ScriptTrouble::Folder));
    assert_eq!(trouble("/bin/sh"), None);
    assert_eq!(trouble("sh"), None);
    assert_eq!(trouble("no-such-program-anywhere"), Some(ScriptTrouble::Missing));
}

#[test]
fn a_plan_of_thousands_of_machines_and_checks_gives_no_false_finding() {
    let plan = |machines: usize| {
        let mut body = String::new();
        let mut chain = String::from("order { ");
        for index in 0..machines {
            body.push_str(&format!(
                "vm m{index} {{ check up{index} {{ tcp = \"${{m{index}.address}}:1\", within = 1m }} }}\n"
            ));
            if index % 100 == 0 {
                chain.push_str(&format!("{}m{index}", if index == 0 { "" } else { " -> " }));
            }
        }
        erp(&format!("{body}{chain} }}"))
    };
    let (found, sources) = judge_text(&plan(5000));
    assert!(found.is_empty(), "{}", shown(&found, &sources));
}

/// The shipped plans that are run against the simulator, with their names.
fn shipped() -> Vec<(String, Plan)> {
    let mut plans = Vec::new();
    for entry in std::fs::read_dir("plans").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "muster") {
            let resolved = resolve(&path, &mut DiskFiles, &mut Sources::default());
            plans.extend(resolved.plan.map(|plan| (path.display().to_string(), plan)));
        }
    }
    plans.retain(|(_, plan)| plan.estate.provider == "sim");
    plans
}

#[test]
fn every_shipped_plan_has_an_estate_with_its_machines_in_its_groups() {
    for (name, plan) in shipped() {
        let path = plan.folder.join(plan.estate.provider_args["inventory"].as_str().unwrap());
        let inventory =
            inventory::read_file(&name, &path).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"));
        for vm in &plan.vms {
            let machine = inventory.vms.get(&vm.estate_name).unwrap_or_else(|| panic!("{name}: {}", vm.name));
            let group = vm.group.map(|group| plan.groups.at(group));
            let wanted =
                group.filter(|group| group.kind == GroupKind::Replication).map(|group| &group.estate_name);
            assert_eq!(machine.group.as_ref(), wanted, "{name}: {}", vm.name);
        }
        for group in plan.groups.iter().filter(|group| group.kind == GroupKind::Replication) {
            assert_eq!(
                inventory.members(&group.estate_name).count(),
                group.members.len(),
                "{name}: {}",
                group.name
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let mut options = SimOptions::new(folder.path().join("estate.db"), inventory);
        let faults = plan.estate.provider_args.get("faults").and_then(|faults| faults.as_array());
        options.faults =
            faults.into_iter().flatten().map(|fault| fault.as_str().unwrap().to_owned()).collect();
        if let Err(wrong) = Sim::open(options) {
            panic!("{name}: {wrong:?}");
        }
    }
}

#[test]
fn every_shipped_script_runs_twice_alike_and_leaves_nothing() {
    for script in std::fs::read_dir("plans/scripts").unwrap() {
        let path = script.unwrap().path().canonicalize().unwrap();
        // These act on the disks of a real estate; the tests of disks run them there.
        let on_disks = ["cut-site.sh", "write-record.sh"];
        if on_disks.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let run = || {
            let mut child = std::process::Command::new(&path)
                .args(["on", "avs"])
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .env("MUSTER_OPERATION", "test")
                .current_dir(folder.path())
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(b"{\"run\": \"r1\"}").unwrap();
            child.wait_with_output().unwrap()
        };
        let (first, again) = (run(), run());
        assert!(first.status.success() && !first.stdout.is_empty(), "{}: {first:?}", path.display());
        assert_eq!(first.stdout, again.stdout, "{}", path.display());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{}", path.display());
    }
}
