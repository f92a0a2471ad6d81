//! One file a verb: what it reads, what it prints, how it ends.

mod check;
mod completions;
pub(super) mod emulate;
pub(super) mod estate;
pub(super) mod exchange;
mod explain;
mod fmt;
mod graph;
mod inventory;
mod key;
mod log;
mod points;
mod preview;
mod prove;
pub(super) mod provider;
mod rehearse;
pub(super) mod replicate;
mod report;
mod request;
mod resume;
mod runs;
mod script_host;
mod stand_by;
mod start;
mod status;
mod verify;

use crate::model::Operation;
use crate::run::OperatorRequest;

use super::args::Verb;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::pipeline::point_choice;
use request::ask;

/// Does what a verb says.
pub(super) fn run(context: &Context, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Check(args) => check::run(context, &args),
        Verb::Fmt(args) => fmt::run(context, &args),
        Verb::Explain(args) => explain::run(context, &args),
        Verb::Graph(args) => graph::run(context, &args),
        Verb::Import(args) => exchange::import(context, &args),
        Verb::Export(args) => exchange::export(context, &args),
        Verb::Inventory(args) => inventory::run(context, &args),
        Verb::Estate(args) => estate::run(context, &args),
        Verb::Replicate(args) => replicate::run(context, &args),
        Verb::Points(args) => points::run(context, &args),
        Verb::Preview(args) => preview::run(context, &args),
        Verb::Rehearse(args) => rehearse::run(context, &args),
        Verb::Failover(args) => start::run(context, Operation::Failover, &args),
        Verb::Failback(args) => start::run(context, Operation::Failback, &args),
        Verb::Test(args) => start::test(context, &args),
        Verb::Reprotect(args) => start::reprotect(context, &args),
        Verb::Resume(args) => resume::run(context, &args),
        Verb::Status(args) => status::run(context, &args),
        Verb::Runs(args) => runs::run(context, &args),
        Verb::Log(args) => log::run(context, &args),
        Verb::Report(args) => report::run(context, &args),
        Verb::Verify(args) => verify::run(context, &args),
        Verb::Key(args) => key::run(context, &args),
        Verb::Approve(args) => {
            ask(context, &args.run, &OperatorRequest::Approve { step: args.step, comment: args.comment })
        }
        Verb::Reject(args) => {
            ask(context, &args.run, &OperatorRequest::Reject { step: args.step, comment: args.comment })
        }
        Verb::Resolve(args) => {
            let (step, outcome, reason) = (args.step, args.outcome.outcome(), args.reason);
            ask(context, &args.run, &OperatorRequest::Resolve { step, outcome, reason })
        }
        Verb::Choose(args) => {
            let (subject, ladder) = point_choice(&args.choice)?;
            ask(context, &args.run, &OperatorRequest::Choose { subject, ladder })
        }
        Verb::ChangePoint(args) => {
            let (subject, ladder) = point_choice(&args.choice)?;
            ask(context, &args.run, &OperatorRequest::ChangePoint { subject, ladder })
        }
        Verb::Pause(args) => ask(context, &args.run, &OperatorRequest::Pause),
        Verb::Retry(args) => ask(context, &args.run, &OperatorRequest::Retry { step: args.step }),
        Verb::Skip(args) => {
            ask(context, &args.run, &OperatorRequest::Skip { step: args.step, reason: args.reason })
        }
        Verb::Halt(args) => ask(context, &args.run, &OperatorRequest::Halt { reason: args.reason }),
        Verb::Rollback(args) => ask(context, &args.run, &OperatorRequest::Rollback { reason: args.reason }),
        Verb::Commit(args) => {
            ask(context, &args.run, &OperatorRequest::Commit { delete_sources: args.delete_sources })
        }
        Verb::Cleanup(args) => ask(context, &args.run, &OperatorRequest::CleanUp),
        Verb::Emulate(args) => emulate::run(context, args),
        Verb::Provider(args) => provider::run(context, &args),
        Verb::Completions(args) => completions::completions(&args),
        Verb::Man => completions::man(),
        Verb::ScriptHost { folder } => script_host::run(context, &folder),
    }
}
