//! Plans built by hand for the tests of graph and compile.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::time::Duration;

use indexmap::IndexMap;
use musterpoint::base::{Digest, Id, IdVec};
use musterpoint::model::*;
use musterpoint::source::{FileId, Source, Sources, Span};

pub const LINES: u32 = 4000;

/// A file of empty lines: the span of line `n` is byte `n - 1`.
pub fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add(Source::new("plans/erp.muster", "\n".repeat(LINES as usize)));
    sources
}

pub fn line(number: u32) -> Span {
    Span::new(FileId::from_index(0), number - 1, number)
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn empty(name: &str) -> Plan {
    Plan {
        name: name.into(),
        span: line(1),
        doc: String::new(),
        folder: "/plans".into(),
        files: vec![PlanFile { path: format!("{name}.muster"), digest: Digest::of(&[name.as_bytes()]) }],
        estate: Estate {
            name: "contoso".into(),
            span: line(1),
            sites: [("avs", "AVS-01"), ("azure", "westeurope")]
                .into_iter()
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect(),
            provider: "sim".into(),
            provider_span: line(1),
            provider_args: serde_json::json!({}),
            identity: Identity::Claimed,
        },
        roles: IndexMap::new(),
        notify: IndexMap::new(),
        params: IndexMap::new(),
        objective: None,
        limits: Limits::default(),
        networks: IndexMap::new(),
        groups: IdVec::new(),
        vms: IdVec::new(),
        steps: IdVec::new(),
        aligns: Vec::new(),
        order: Vec::new(),
        fence: None,
        commit: None,
        reprotect: None,
    }
}

pub fn ladder(kinds: &[PolicyKind], end: LadderEnd) -> Ladder {
    Ladder { rungs: kinds.iter().cloned().map(Policy::plain).collect(), end }
}

pub fn vm(plan: &mut Plan, name: &str, at: u32) -> VmId {
    plan.vms.push(Vm {
        name: name.into(),
        span: line(at),
        doc: String::new(),
        estate_name: name.into(),
        group: None,
        os: Some("linux".into()),
        settings: Settings {
            point: Some((ladder(&[PolicyKind::LatestProcessed], LadderEnd::Fail), line(at))),
            ..Settings::default()
        },
        address: IndexMap::new(),
        test_address: None,
        optional: false,
    })
}

pub fn group(plan: &mut Plan, name: &str, kind: GroupKind, members: &[VmId], at: u32) -> GroupId {
    let id = plan.groups.push(Group {
        name: name.into(),
        span: line(at),
        doc: String::new(),
        estate_name: name.into(),
        kind,
        members: members.to_vec(),
        settings: Settings::default(),
        optional: false,
    });
    for member in members {
        plan.vms.at_mut(*member).group = Some(id);
    }
    id
}

pub const ALL: [Operation; 3] = [Operation::Test, Operation::Failover, Operation::Failback];
pub const MODES: [Mode; 3] = [Mode::Planned, Mode::Unplanned, Mode::Forced];

pub fn step(plan: &mut Plan, name: &str, kind: StepKind, at: u32) -> StepId {
    plan.steps.push(Step {
        name: name.into(),
        span: line(at),
        doc: String::new(),
        kind,
        owner: None,
        at: At::AfterStart,
        at_span: None,
        operations: ALL.to_vec(),
        modes: MODES.to_vec(),
        retry: None,
        timeout: None,
        on_failure: None,
        undo: None,
        optional: false,
    })
}

pub fn spec(run: &[&str]) -> ScriptSpec {
    ScriptSpec {
        run: run.iter().map(|text| Template::plain(*text)).collect(),
        shell: false,
        env: IndexMap::new(),
        timeout: secs(300),
    }
}

pub fn script(plan: &mut Plan, name: &str, at: u32) -> StepId {
    let spec = spec(&[&format!("scripts/{name}.sh")]);
    step(plan, name, StepKind::Script(ScriptStep { spec, place: ScriptWhere::Runner }), at)
}

pub fn approve(plan: &mut Plan, name: &str, by: &str, at: u32) -> StepId {
    let approve = ApproveStep {
        prompt: Template::plain(format!("{name}?")),
        by: by.into(),
        quorum: 1,
        within: secs(1800),
        if_late: IfLate::Halt,
        if_rejected: IfRejected::Halt,
    };
    step(plan, name, StepKind::Approve(approve), at)
}

pub fn tcp(plan: &mut Plan, name: &str, vm: VmId, port: u16, at: u32) -> StepId {
    let parts = vec![TemplatePart::Address(vm), TemplatePart::Plain(format!(":{port}"))];
    let check = CheckStep {
        kind: CheckKind::Tcp(Template { parts }),
        every: secs(5),
        in_a_row: 1,
        within: secs(300),
        real: false,
    };
    step(plan, name, StepKind::Check(check), at)
}

pub fn chain(plan: &mut Plan, at: u32, links: &[&[Endpoint]]) {
    let refer = |to: &Endpoint| EndpointRef { to: *to, span: line(at) };
    let links = links.iter().map(|link| link.iter().map(refer).collect()).collect();
    plan.order.push(Chain { links, owner: None });
}

pub fn role(plan: &mut Plan, name: &str) {
    plan.roles.insert(name.into(), Role { members: RoleMembers::Anyone });
}

/// The ERP of the language's document.
pub fn erp() -> Plan {
    use Endpoint::{Cleanup, Commit, Group as G, Step as S, Vm as V};
    let mut plan = empty("erp");
    plan.doc = "ERP: recovered in Azure, brought home to the Azure VMware Solution private cloud.".into();
    role(&mut plan, "dr_lead");
    role(&mut plan, "app_owner");
    plan.limits.power_on = Some(20);
    let lan = Network {
        name: "lan".into(),
        span: line(8),
        by_site: [("avs", "VLAN10"), ("azure", "vnet-erp/app")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into_iter()
            .collect(),
        test: Some("vnet-bubble/app".into()),
    };
    plan.networks.insert("lan".into(), lan);
    let sql01 = vm(&mut plan, "sql01", 13);
    let sql02 = vm(&mut plan, "sql02", 14);
    let app01 = vm(&mut plan, "app01", 21);
    let app02 = vm(&mut plan, "app02", 21);
    let jump01 = vm(&mut plan, "jump01", 24);
    for sql in [sql01, sql02] {
        let want = ladder(&[PolicyKind::CommonApp, PolicyKind::Common], LadderEnd::Ask);
        plan.vms.at_mut(sql).settings.point = Some((want, line(12)));
        plan.vms.at_mut(sql).os = Some("windows".into());
    }
    plan.vms.at_mut(jump01).optional = true;
    plan.vms.at_mut(jump01).settings.point = Some((ladder(&[PolicyKind::Latest], LadderEnd::Fail), line(24)));
    for vm in [sql01, sql02, app01, app02, jump01] {
        plan.vms.at_mut(vm).settings.network = Some("lan".into());
    }
    let db = group(&mut plan, "db", GroupKind::Replication, &[sql01, sql02], 11);
    let app = group(&mut plan, "app", GroupKind::Tier, &[app01, app02], 19);
    let go = approve(&mut plan, "go", "dr_lead", 26);
    let freeze = script(&mut plan, "freeze", 27);
    plan.steps.at_mut(freeze).operations = vec![Operation::Failover, Operation::Failback];
    plan.steps.at_mut(freeze).modes = vec![Mode::Planned];
    plan.steps.at_mut(freeze).undo = Some(spec(&["scripts/thaw-batch.sh"]));
    let sql_up = tcp(&mut plan, "sql_up", sql01, 1433, 28);
    let erp_up = tcp(&mut plan, "erp_up", app01, 80, 29);
    let accept = approve(&mut plan, "accept", "app_owner", 30);
    let owned = EndpointRef { to: V(sql01), span: line(15) };
    let then = EndpointRef { to: V(sql02), span: line(15) };
    plan.order.push(Chain { links: vec![vec![owned], vec![then]], owner: Some(db) });
    let main: [&[Endpoint]; 9] = [
        &[S(go)],
        &[S(freeze)],
        &[G(db)],
        &[S(sql_up)],
        &[G(app)],
        &[S(erp_up)],
        &[S(accept)],
        &[Commit],
        &[Endpoint::Reprotect],
    ];
    chain(&mut plan, 33, &main);
    chain(&mut plan, 34, &[&[G(db)], &[V(jump01)]]);
    chain(&mut plan, 35, &[&[S(accept)], &[Cleanup]]);
    plan.fence = Some(Fence {
        spec: spec(&["scripts/isolate.sh"]),
        or_approve: Some("dr_lead".into()),
        span: line(38),
    });
    plan.commit = Some(CommitSpec { policy: CommitPolicy::Gated, span: line(39) });
    plan.reprotect = Some(Reprotect {
        via: [("avs", "ps-avs-01"), ("azure", "ps-westeurope-01")]
            .map(|(site, server)| (site.to_owned(), Template::plain(server)))
            .into_iter()
            .collect(),
        retry: None,
        span: line(40),
        operations: vec![Operation::Failover, Operation::Failback],
    });
    plan.objective = Some(Objective {
        rpo: Some(secs(3600)),
        rto: Some(secs(7200)),
        until: Some(EndpointRef { to: S(erp_up), span: line(6) }),
        span: line(6),
    });
    plan
}
