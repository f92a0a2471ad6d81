//! Plans as text become plans as types, or findings that name every mistake.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use musterpoint::base::limits;
use musterpoint::model::resolve::{Files, Resolved, parse_ladder, resolve};
use musterpoint::model::{
    At, CheckKind, CommitPolicy, Endpoint, GroupKind, Identity, IfLate, LadderEnd, Mode, NotifyOn, Operation,
    Owner, Plan, PolicyKind, RoleMembers, ScriptWhere, Secret, StepKind, TemplatePart,
};
use musterpoint::source::{Diagnostic, Source, Sources};
use proptest::prelude::*;

const CONTOSO: &str = include_str!("scenario/contoso.muster");

const ERP: &str = include_str!("scenario/erp.muster");

/// A folder of texts; a path in `links` stands for another one outside.
#[derive(Default)]
struct Folder {
    files: BTreeMap<PathBuf, Vec<u8>>,
    links: BTreeMap<PathBuf, PathBuf>,
    reads: usize,
}

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect();
        Self { files, ..Self::default() }
    }

    fn resolve(&mut self, root: &str) -> (Resolved, Sources) {
        let mut sources = Sources::default();
        let resolved = resolve(Path::new(root), self, &mut sources);
        (resolved, sources)
    }
}

impl Files for Folder {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.reads += 1;
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn canonical(&mut self, path: &Path) -> io::Result<PathBuf> {
        if let Some(target) = self.links.get(path) {
            return Ok(target.clone());
        }
        let known = self.files.keys().any(|file| file.starts_with(path));
        if known { Ok(path.to_path_buf()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

#[expect(clippy::panic, reason = "a helper of tests: it fails the test that calls it")]
fn good(files: &[(&str, &str)], root: &str) -> Plan {
    let (resolved, _) = Folder::of(files).resolve(root);
    assert_eq!(resolved.diagnostics, [], "no findings wanted");
    let Some(plan) = resolved.plan else { panic!("a plan without findings resolves") };
    plan
}

/// A plan on a plain estate with the given body.
fn with_body(body: &str) -> String {
    format!(
        "estate lab {{ sites = [a, b], provider = sim {{ inventory = \"lab.json\" }} }}\n\
         role lead {{ members = [\"dana\", \"lee\"] }}\n\
         plan p {{\n  estate = lab\n{body}\n}}\n"
    )
}

fn plan_of(body: &str) -> Plan {
    good(&[("p/p.muster", &with_body(body))], "p/p.muster")
}

fn findings(text: &str) -> Vec<Diagnostic> {
    let (resolved, _) = Folder::of(&[("p/p.muster", text)]).resolve("p/p.muster");
    assert_eq!(resolved.plan.is_none(), resolved.diagnostics.iter().any(Diagnostic::is_error));
    resolved.diagnostics
}

fn messages(body: &str) -> Vec<String> {
    findings(&with_body(body)).into_iter().map(|found| format!("{} {}", found.code, found.message)).collect()
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[test]
fn the_scenario_resolves_to_its_estate_people_and_settings() {
    let plan = good(&[("plans/contoso.muster", CONTOSO), ("plans/erp.muster", ERP)], "plans/erp.muster");
    assert_eq!((plan.name.as_str(), plan.folder.as_path()), ("erp", Path::new("plans")));
    assert!(plan.doc.starts_with("ERP: recovered in Azure"));
    let files: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["erp.muster", "contoso.muster"]);
    assert_eq!(plan.files[1].digest, musterpoint::base::Digest::of(&[CONTOSO.as_bytes()]));

    let estate = &plan.estate;
    assert_eq!((estate.name.as_str(), estate.home(), estate.provider.as_str()), ("contoso", "avs", "sim"));
    assert_eq!(estate.identity, Identity::Claimed);
    assert_eq!(
        estate.provider_args,
        serde_json::json!({ "inventory": "estates/contoso.json", "seed": 7, "speed": "max" })
    );
    assert_eq!(plan.roles["dr_lead"].members, RoleMembers::People(vec!["dana".into(), "lee".into()]));
    assert_eq!(plan.roles["app_owner"].members, RoleMembers::Anyone);
    let ops = &plan.notify["ops"];
    assert_eq!(ops.on, [NotifyOn::Waiting, NotifyOn::Halted, NotifyOn::Ended]);
    assert_eq!((ops.remind, ops.spec.timeout), (Some(minutes(15)), Duration::from_secs(30)));

    let objective = plan.objective.expect("an objective");
    assert_eq!((objective.rpo, objective.rto), (Some(minutes(60)), Some(minutes(120))));
    let erp_up = plan.steps.iter_enumerated().find(|(_, step)| step.name == "erp_up").expect("a step").0;
    assert_eq!(objective.until.map(|until| until.to), Some(Endpoint::Step(erp_up)));
    assert_eq!((plan.limits.power_on, plan.limits.fail_over), (Some(20), None));
    assert_eq!(plan.networks["lan"].by_site["azure"], "vnet-erp/app");
    assert_eq!(plan.networks["lan"].test.as_deref(), Some("vnet-bubble/app"));
}

#[test]
fn the_scenario_resolves_to_its_machines_steps_and_arrows() {
    let plan = good(&[("plans/contoso.muster", CONTOSO), ("plans/erp.muster", ERP)], "plans/erp.muster");
    let names: Vec<&str> = plan.vms.iter().map(|vm| vm.name.as_str()).collect();
    assert_eq!(names, ["sql01", "sql02", "app01", "app02", "jump01"]);
    let kinds: Vec<GroupKind> = plan.groups.iter().map(|group| group.kind).collect();
    assert_eq!(kinds, [GroupKind::Replication, GroupKind::Tier]);
    let sql01 = plan.vms.iter().next().expect("a machine");
    let (ladder, _) = sql01.settings.point.as_ref().expect("the group's ladder");
    assert_eq!(ladder.to_string(), "[common_app(max_age = 1h), common(max_age = 4h), ask]");
    assert_eq!(ladder.end, LadderEnd::Ask);
    assert_eq!(sql01.os.as_deref(), Some("windows"));
    let jump01 = plan.vms.iter().last().expect("a machine");
    assert!(jump01.optional && jump01.group.is_none());
    assert_eq!(
        jump01.settings.point.as_ref().map(|(ladder, _)| ladder.to_string()).as_deref(),
        Some("latest")
    );

    let step = |name: &str| plan.steps.iter().find(|step| step.name == name).expect("a step");
    let StepKind::Approve(go) = &step("go").kind else { panic!("go is an approval") };
    assert_eq!((go.by.as_str(), go.quorum, go.within, go.if_late), ("dr_lead", 1, minutes(30), IfLate::Halt));
    let freeze = step("freeze");
    assert_eq!(freeze.operations, [Operation::Failover, Operation::Failback]);
    assert_eq!(freeze.modes, [Mode::Planned]);
    let StepKind::Script(script) = &freeze.kind else { panic!("freeze is a script") };
    assert_eq!(script.spec.run[1].parts, [TemplatePart::RunSource]);
    assert_eq!((script.place, freeze.timeout), (ScriptWhere::Runner, Some(minutes(5))));
    let StepKind::Check(sql_up) = &step("sql_up").kind else { panic!("sql_up is a check") };
    let CheckKind::Tcp(to) = &sql_up.kind else { panic!("sql_up looks by tcp") };
    let first = plan.vms.ids().next().expect("a machine");
    assert_eq!(to.parts, [TemplatePart::Address(first), TemplatePart::Plain(":1433".into())]);
    assert_eq!((sql_up.every, sql_up.in_a_row, sql_up.real), (Duration::from_secs(5), 1, false));
    let StepKind::Approve(accept) = &step("accept").kind else { panic!("accept is an approval") };
    assert_eq!(accept.if_late, IfLate::KeepWaiting);

    assert_eq!(plan.order.len(), 4, "three chains of the plan and one of the group");
    assert_eq!(plan.order[0].owner, plan.groups.ids().next());
    assert_eq!(plan.order[1].links.len(), 9);
    assert_eq!(plan.order[1].links[7][0].to, Endpoint::Commit);
    assert_eq!(plan.order[3].links[1][0].to, Endpoint::Cleanup);
    assert_eq!(plan.commit.map(|commit| commit.policy), Some(CommitPolicy::Gated));
    let fence = plan.fence.as_ref().expect("a fence");
    assert_eq!(fence.or_approve.as_deref(), Some("dr_lead"));
    let reprotect = plan.reprotect.as_ref().expect("reprotect");
    assert_eq!(reprotect.via["azure"].as_plain(), Some("ps-westeurope-01"));
    let retry = reprotect.retry.as_ref().expect("retry");
    assert_eq!((retry.times, retry.every, retry.limit), (None, minutes(1), Some(minutes(15))));
    assert_eq!(retry.on, ["agent_not_registered"]);
    assert_eq!(reprotect.operations, [Operation::Failover, Operation::Failback]);
}

#[test]
fn the_innermost_setting_wins() {
    let plan = plan_of(
        "network lan { a = \"l\", b = \"l2\" }\n network dmz { a = \"d\" }\n point = latest, network = lan\n\
         start { within = 7m }\n shutdown { then = halt }\n\
         group g { point = common, network = dmz, start { ready = none }\n vm x { start { delay = 3s } }\n vm y { } }\n vm z { network = dmz }",
    );
    let vm = |name: &str| plan.vms.iter().find(|vm| vm.name == name).expect("a machine");
    let point = |name: &str| vm(name).settings.point.as_ref().map(|(ladder, _)| ladder.rungs[0].kind.clone());
    assert_eq!((point("x"), point("z")), (Some(PolicyKind::Common), Some(PolicyKind::Latest)));
    assert_eq!(vm("x").settings.start.map(|start| start.delay), Some(Duration::from_secs(3)));
    assert_eq!(vm("x").settings.start.map(|start| start.within), Some(minutes(10)));
    assert_eq!(vm("z").settings.start.map(|start| start.within), Some(minutes(7)));
    assert_eq!(vm("y").settings.network.as_deref(), Some("dmz"));
    assert!(vm("y").settings.shutdown.is_some());
    assert!(
        plan.groups.iter().next().expect("a group").settings.shutdown.is_none(),
        "a group keeps its own only"
    );
}

#[test]
fn steps_inside_blocks_know_their_owner_and_time() {
    let plan = plan_of(
        "param ticket { type = int, default = 3 }\n\
         group g {\n vm x { name = \"SQL 01\", check up { heartbeat = x, within = 1m } }\n\
         script s { at = before_start, operations = test, shell = \"echo ${ticket} ${x.name}\", timeout = 1m,\n\
           where = guest(x)\n env { A = \"b\", T = env(\"TOKEN\"), F = file(\"t.txt\") }\n undo { run = \"scripts/u.sh\", timeout = 1s }\n retry { times = 2 } }\n }",
    );
    let (up, s) = (plan.steps.iter().next().expect("up"), plan.steps.iter().nth(1).expect("s"));
    let (x, g) = (plan.vms.ids().next().expect("x"), plan.groups.ids().next().expect("g"));
    assert_eq!((up.owner, up.at), (Some(Owner::Vm(x)), At::AfterStart));
    assert_eq!((s.owner, s.at), (Some(Owner::Group(g)), At::BeforeStart));
    assert_eq!(plan.vms.iter().next().map(|vm| vm.estate_name.as_str()), Some("SQL 01"));
    let StepKind::Script(script) = &s.kind else { panic!("a script") };
    assert_eq!(script.place, ScriptWhere::Guest(x));
    assert!(script.spec.shell && script.spec.run.len() == 1);
    assert_eq!(script.spec.run[0].parts[1], TemplatePart::Param("ticket".into()));
    assert_eq!(script.spec.run[0].parts[3], TemplatePart::VmName(x));
    assert_eq!(script.spec.env["T"], musterpoint::model::EnvValue::Secret(Secret::Env("TOKEN".into())));
    assert!(s.undo.is_some());
    assert_eq!(
        s.retry.as_ref().map(|retry| (retry.times, retry.every)),
        Some((Some(2), Duration::from_secs(10)))
    );
    assert_eq!(plan.params["ticket"].default.as_deref(), Some("3"));
}

#[test]
fn commit_policies_and_default_nodes() {
    let policy = |text: &str| plan_of(text).commit.map(|commit| commit.policy);
    assert_eq!(policy("commit { policy = manual }"), Some(CommitPolicy::Manual));
    assert_eq!(policy("commit { policy = auto(60m) }"), Some(CommitPolicy::Auto(minutes(60))));
    assert_eq!(policy("commit { policy = rollback(1h) }"), Some(CommitPolicy::Rollback(minutes(60))));
    assert_eq!(policy("vm x { }\n order { x -> commit }"), Some(CommitPolicy::Gated));
    assert_eq!(policy("vm x { }"), None);
    assert!(plan_of("vm x { }\n order { x -> commit -> reprotect }").reprotect.is_some());
}

#[test]
fn a_used_file_may_hold_plans_for_calls_and_paths_count_from_their_file() {
    let base = "estate lab { sites = [a, b], provider = sim { inventory = \"lab.json\" } }";
    let waves = "use \"lab.muster\"\n\
        plan wave1 { estate = lab, vm x { }\n script s { operations = test, run = [\"bin/s.sh\", \"bin/t\"], timeout = 1m } }\n\
        plan wave2 { estate = lab, call again { plan = wave1 } }";
    let root = "use \"w/waves.muster\"\nuse \"w/lab.muster\"\nplan all { estate = lab, call wave1 { }, call two { plan = wave2 } }";
    let files = [("p/w/lab.muster", base), ("p/w/waves.muster", waves), ("p/all.muster", root)];
    let mut folder = Folder::of(&files);
    let (resolved, sources) = folder.resolve("p/all.muster");
    assert_eq!(resolved.diagnostics, []);
    assert_eq!((folder.reads, sources.iter().count()), (3, 3), "each file is read once");
    let plan = resolved.plan.expect("a plan");
    assert_eq!(plan.estate.provider_args["inventory"], "w/lab.json");
    let called: Vec<&Plan> = plan
        .steps
        .iter()
        .filter_map(|step| if let StepKind::Call { plan } = &step.kind { Some(&**plan) } else { None })
        .collect();
    assert_eq!(called.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["wave1", "wave2"]);
    let StepKind::Script(script) = &called[0].steps.iter().next().expect("s").kind else {
        panic!("a script")
    };
    let run: Vec<_> = script.spec.run.iter().map(|arg| arg.as_plain()).collect();
    assert_eq!(run, [Some("w/bin/s.sh"), Some("bin/t")]);
    assert_eq!(called[0].folder, Path::new("p"));
    assert_eq!(called[0].files[0].path, "w/waves.muster");
}

#[test]
fn every_mistake_is_reported_in_one_go_in_source_order() {
    assert_eq!(
        messages(
            "point = [ask, commn]\n vm x { oss = linux }\n check c { tcp = \"${x.adress}:1\" }\n\
             approve a { prompt = \"?\", by = leed, quorum = 9, within = 0s }\n order { x -> d -> x }\n go -> x",
        ),
        [
            "MP0215 `ask` is not the last rung",
            "MP0215 unknown policy `commn`",
            "MP0201 unknown key `oss` in vm `x`",
            "MP0204 check `c` has no `within`",
            "MP0225 unknown fact `adress` of a machine",
            "MP0210 unknown role `leed`",
            "MP0213 `within` is `0s`, and it is longer than that",
            "MP0210 unknown machine, group or step `d`",
            "MP0206 arrows stand in an `order` block",
        ]
    );
}

#[test]
fn an_unknown_name_is_complained_of_once_and_a_broken_statement_excuses_its_name() {
    let once = messages("vm x { }\n order { x -> nowhere, nowhere -> x, x -> nowhere }");
    assert_eq!(once, ["MP0210 unknown machine, group or step `nowhere`"]);
    let broken = messages("check up { tcp = =, within = 5m }\n vm x { }\n order { x -> up }");
    assert!(broken.iter().all(|message| message.starts_with("MP01")), "{broken:?}");
    let misspelt = messages("grup g {\n vm x { }\n }\n order { x -> g }");
    assert_eq!(misspelt, ["MP0202 unknown kind of block `grup` in plan `p`"]);
    let unused = findings("use \"../lab.muster\"\nplan p { estate = lab, vm x { } }");
    assert_eq!(unused.iter().map(|found| found.code.as_str()).collect::<Vec<_>>(), ["MP0217"]);
    let group = messages("group g {\n vm x { os == linux }\n }\n order { x -> g }");
    assert!(!group.is_empty() && group.iter().all(|message| message.starts_with("MP01")), "{group:?}");
}

#[test]
fn files_outside_the_folder_are_refused() {
    let mut folder = Folder::of(&[("p/p.muster", "use \"link.muster\"\n"), ("p/link.muster", "")]);
    folder.links.insert("p/link.muster".into(), "/etc/elsewhere.muster".into());
    let (resolved, _) = folder.resolve("p/p.muster");
    assert_eq!(resolved.diagnostics[0].code.as_str(), "MP0217");
    assert_eq!(folder.reads, 1, "the linked file is not read");
    let (missing, _) = Folder::default().resolve("p/none.muster");
    assert_eq!(missing.diagnostics[0].message, "`p/none.muster` does not exist");
}

#[test]
fn too_many_files_and_calls_are_refused() {
    let uses: String = (0..=limits::PLAN_FILES_MAX).map(|n| format!("use \"f{n}.muster\"\n")).collect();
    let mut folder = Folder::of(&[("p.muster", &uses)]);
    for n in 0..=limits::PLAN_FILES_MAX {
        folder.files.insert(format!("f{n}.muster").into(), b"# nothing\n".to_vec());
    }
    folder.links.insert("".into(), "".into());
    let (resolved, _) = folder.resolve("p.muster");
    assert!(resolved.diagnostics.iter().any(|found| found.code.as_str() == "MP0220"));
    assert_eq!((resolved.diagnostics.len(), folder.reads), (1, 1), "none of them is read");

    let mut plans =
        String::from("estate lab { sites = [a, b], provider = sim { inventory = \"l.json\" } }\n");
    plans.push_str("plan p40 { estate = lab }\n");
    for n in (0..40).rev() {
        let m = n + 1;
        writeln!(plans, "plan p{n} {{ estate = lab, call x {{ plan = p{m} }}, call y {{ plan = p{m} }} }}")
            .expect("a text grows");
    }
    let root = "use \"plans.muster\"\nplan root { estate = lab, call p0 { } }";
    let (resolved, _) = Folder::of(&[("r/plans.muster", &plans), ("r/r.muster", root)]).resolve("r/r.muster");
    assert!(resolved.plan.is_none());
    assert!(
        resolved.diagnostics.iter().all(|found| found.code.as_str() == "MP0223"),
        "doubling calls do not unfold"
    );
    assert_eq!(resolved.diagnostics.len(), 2);
}

#[test]
fn ladders_of_the_command_line() {
    let mut sources = Sources::default();
    let mut ladder = |text: &str| {
        let file = sources.add(Source::new("--point", text));
        parse_ladder(file, text).map(|ladder| ladder.to_string())
    };
    assert_eq!(ladder("common(max_age=1h)").as_deref(), Ok("common(max_age = 1h)"));
    assert_eq!(ladder("[latest_app, ask]").as_deref(), Ok("[latest_app, ask]"));
    assert_eq!(ladder("id(\"p7\")").as_deref(), Ok("id(\"p7\")"));
    assert_eq!(
        ladder("common(max_agee=1h)").expect_err("misspelt")[0].help.as_deref(),
        Some("did you mean `max_age`?")
    );
    assert!(ladder("[]").is_err() && ladder("ask").is_err() && ladder("[ask, latest]").is_err());
    assert!(ladder("common(").is_err() && ladder("").is_err() && ladder("common(max_age = 1)").is_err());
}

#[test]
fn every_code_has_a_bad_and_a_good_example_that_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    for info in musterpoint::source::codes::names::TABLE {
        let code = info.code.as_str();
        let mut folders =
            std::fs::read_dir(&root).expect("tests/bad").map(|entry| entry.expect("an entry").path());
        let folder = folders
            .find(|path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{code}-")))
            })
            .unwrap_or_else(|| panic!("{code} has no folder"));
        let read = |name: &str| {
            let mut sources = Sources::default();
            resolve(&folder.join(name), &mut musterpoint::model::resolve::DiskFiles, &mut sources)
        };
        let bad = read("bad.muster");
        assert!(bad.diagnostics.iter().any(|found| found.code == info.code), "{code}: {:?}", bad.diagnostics);
        let good = read("good.muster");
        assert_eq!((good.diagnostics, good.plan.is_some()), (Vec::new(), true), "{code}");
        for found in &bad.diagnostics {
            assert_message_style(found);
        }
    }
}

fn assert_message_style(found: &Diagnostic) {
    for text in std::iter::once(&found.message).chain(&found.help) {
        assert!(
            !text.starts_with(char::is_uppercase)
                && !text.is_empty()
                && !text.ends_with('.')
                && !text.contains('\n'),
            "{text}"
        );
    }
    assert!(found.help.is_some(), "{} has no help", found.message);
}

#[test]
fn a_plan_of_twenty_thousand_machines_resolves() {
    let mut body = String::new();
    for n in 0..5_000 {
        writeln!(
            body,
            " group g{n} {{ point = common(max_age = 1h), vm a{n} {{ os = linux }}, vm [b{n}, c{n}] {{ }} }}\n \
             vm d{n} {{ point = latest }}\n check k{n} {{ tcp = \"${{a{n}.address}}:1\", within = 1m }}\n \
             order {{ g{n} -> k{n} -> d{n} }}"
        )
        .expect("a text grows");
    }
    let plan = plan_of(&body);
    assert_eq!((plan.vms.len(), plan.groups.len(), plan.order.len()), (20_000, 5_000, 5_000));
}

/// Tokens that mostly form plans, and often do not.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "plan",
        "estate",
        "group",
        "tier",
        "vm",
        "order",
        "check",
        "script",
        "approve",
        "call",
        "role",
        "network",
        "commit",
        "reprotect",
        "via",
        "retry",
        "undo",
        "env",
        "sim",
        "a",
        "b",
        "x",
        "lab",
        "point",
        "latest",
        "common",
        "within",
        "tcp",
        "run",
        "shell",
        "by",
        "sites",
        "provider",
        "inventory",
        "use",
        "param",
        "type",
        "default",
        "align",
        "objective",
        "until",
        "limits",
        "where",
        "guest",
        "at",
        "on",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "=",
        "->",
        ",",
        "\n",
        "5m",
        "3",
        "\"t\"",
        "\"${x.address}:1\"",
        "\"a/b\"",
        "true",
        "x.y",
        "env(\"N\")",
        "10%",
        "2GiB",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..60)
        .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_panics_and_a_plan_comes_only_without_errors(text in soup(), body in soup()) {
        for text in [text, with_body(&body)] {
            for found in findings(&text) {
                assert!(!found.message.contains('\n'));
            }
        }
    }
}
