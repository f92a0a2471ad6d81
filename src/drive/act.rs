//! From a node to the work it means: the request that an estate is asked, or the probe, program or
//! look that is made instead.

use crate::base::{Timestamp, limits};
use crate::event::{GuestScript, Network, Probe, Request};
use crate::model::{CheckKind, CheckStep, ScriptWhere, VmId};
use crate::run::Run;
use crate::runbook::{Act, NodeId};

use super::activity::Work;
use super::fill::{UsedBy, program, text};

/// The work of a node, and when its time is up.
///
/// # Errors
/// One sentence: something that the act needs is not known or must not be used.
pub(super) fn work(
    run: &Run,
    node: NodeId,
    since: Timestamp,
    output: &std::path::Path,
    key: &crate::event::Key,
) -> Result<(Work, Option<Timestamp>), String> {
    let runbook = run.runbook();
    let compiled = runbook.nodes.at(node);
    let limit = compiled.policy.timeout.unwrap_or(limits::ACT_MAX);
    let work = match &compiled.act {
        Act::Check(check) => {
            return check_work(run, check).map(|work| (work, Some(since.plus(check.within))));
        }
        Act::Bind(_) | Act::AskPoints { .. } => Work::Points,
        Act::ConfirmStopped { vm } => Work::Confirm { machine: machine(run, *vm) },
        Act::Script(script) if script.place == ScriptWhere::Runner => {
            let folder = super::script::folder(output, run.id(), key.as_str());
            // The host of the script keeps its time limit.
            return Ok((Work::Script { folder }, None));
        }
        Act::Fence { .. } => {
            let folder = super::script::folder(output, run.id(), key.as_str());
            return Ok((Work::Script { folder }, None));
        }
        _ => match request(run, node)? {
            Some(request) => Work::verb(request),
            None => crate::bug!("`{}` has no work", compiled.name),
        },
    };
    Ok((work, Some(since.plus(limit))))
}

fn machine(run: &Run, vm: VmId) -> String {
    run.runbook().machines.at(vm).estate_name.clone()
}

/// The verb of a node; none for acts that ask no estate.
pub(super) fn request(run: &Run, node: NodeId) -> Result<Option<Request>, String> {
    let runbook = run.runbook();
    let test = runbook.is_test();
    Ok(Some(match &runbook.nodes.at(node).act {
        Act::ProcessPending { vms } => {
            Request::ProcessPending { machines: vms.iter().map(|vm| machine(run, *vm)).collect() }
        }
        Act::ShutDown { vm, spec } => Request::ShutDown { machine: machine(run, *vm), spec: *spec },
        Act::TakeFinal { subject } => {
            let members = &runbook.subjects.at(*subject).members;
            Request::TakeFinal { machines: members.iter().map(|vm| machine(run, *vm)).collect() }
        }
        Act::FailOver { vm } => {
            let compiled = runbook.machines.at(*vm);
            let point = run.point(*vm).ok_or_else(|| format!("no point is bound for `{}`", compiled.name))?;
            let (machine, point) = (compiled.estate_name.clone(), point.point.clone());
            if run.made_again(node) {
                Request::ChangePoint { machine, point }
            } else {
                let network = Network { name: compiled.network.clone(), address: compiled.address.clone() };
                let to = runbook.target.estate_name.clone();
                Request::FailOver { machine, point, mode: runbook.mode, to, network }
            }
        }
        Act::Start { vm } => Request::Start { machine: machine(run, *vm), test },
        Act::Commit { vm } => Request::Commit { machine: machine(run, *vm) },
        Act::Reprotect { vm, via, .. } => {
            let via = via.as_ref().map(|via| text(via, run, UsedBy::Estate)).transpose()?;
            Request::Reprotect { machine: machine(run, *vm), to: runbook.source.estate_name.clone(), via }
        }
        Act::CleanUp { vm } => Request::CleanUp { machine: machine(run, *vm) },
        Act::RollBack { vm, start_source } => {
            Request::RollBack { machine: machine(run, *vm), start_source: *start_source }
        }
        Act::Script(script) => match script.place {
            ScriptWhere::Runner => return Ok(None),
            ScriptWhere::Guest(vm) => Request::GuestScript(GuestScript {
                machine: machine(run, vm),
                argv: script
                    .spec
                    .run
                    .iter()
                    .map(|part| text(part, run, UsedBy::Estate))
                    .collect::<Result<_, _>>()?,
                timeout: script.spec.timeout,
                test,
            }),
        },
        Act::Join
        | Act::Approve(_)
        | Act::Check(_)
        | Act::Wait { .. }
        | Act::AskPoints { .. }
        | Act::ConfirmStopped { .. }
        | Act::Fence { .. }
        | Act::Bind(_)
        | Act::CommitGate(_) => return Ok(None),
    }))
}

fn check_work(run: &Run, check: &CheckStep) -> Result<Work, String> {
    let by = if check.real { UsedBy::Runner } else { UsedBy::Estate };
    let probe = match &check.kind {
        CheckKind::Tcp(address) => Probe::Tcp { address: text(address, run, by)? },
        CheckKind::Http { url, status, body } => {
            Probe::Http { url: text(url, run, by)?, status: *status, body: body.clone() }
        }
        CheckKind::Heartbeat(vm) => {
            Probe::Heartbeat { machine: machine(run, *vm), test: run.runbook().is_test() }
        }
        CheckKind::Command(spec) => {
            let mut program = program(spec, run, "check")?;
            program.timeout = program.timeout.min(check.within);
            return Ok(Work::Command { program: Box::new(program), good: 0, last: String::new() });
        }
    };
    Ok(Work::Probe { probe, good: 0, last: "not asked yet".to_owned() })
}
