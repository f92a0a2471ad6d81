//! The command line: every verb and option once; help, completions and the man page come from here.

mod of_run;
mod rehearse;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::base::Timestamp;
use crate::model::{Mode, Operation};

use super::verbs::emulate::EmulateArgs;
use super::verbs::estate::EstateArgs;
use super::verbs::exchange::{ExportArgs, ImportArgs};
use super::verbs::provider::ProviderArgs;
use super::verbs::replicate::ReplicateArgs;
use super::version;
pub(super) use of_run::{
    AnswerArgs, CommitArgs, KeyArgs, ListArgs, LogArgs, LogFormat, PointArgs, ReasonArgs, ReportArgs,
    ReportFormat, ResolveArgs, ResumeArgs, RetryArgs, RunArgs, SkipArgs, StatusArgs, VerifyArgs,
};
pub(super) use rehearse::RehearseArgs;

/// Recovery plans as code: compiled, proved, rehearsed, executed and evidenced.
#[derive(Debug, Parser)]
#[command(
    name = "muster",
    version = version::line(),
    about,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done (also with exceptions) · 1 plan or input wrong · 2 wrong usage · 3 the run halted, \
                  failed or was rolled back · 4 refused before anything was touched · 5 the engine failed · \
                  6 paused, or waiting for a person"
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What holds for every verb.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Folder of run logs and simulated estates [default: $MUSTER_STATE, else .muster]
    #[arg(long, global = true, value_name = "DIR", help_heading = "For every verb")]
    pub(super) state: Option<PathBuf>,
    /// Act under this name, where the estate says `identity = claimed`; recorded as not verified
    #[arg(long = "as", global = true, value_name = "NAME", help_heading = "For every verb")]
    pub(super) name: Option<String>,
    /// Sign run logs with this key [default: $MUSTER_KEY, else the state folder's own]
    #[arg(long, global = true, value_name = "FILE", help_heading = "For every verb")]
    pub(super) key: Option<PathBuf>,
    /// Say nothing but results and errors
    #[arg(long, short, global = true, help_heading = "For every verb")]
    pub(super) quiet: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Compile plans and report everything that is wrong with them
    Check(CheckArgs),
    /// Write plans in canonical form
    Fmt(FmtArgs),
    /// What a diagnostic means, or why a step waits for what it waits for
    Explain(ExplainArgs),
    /// Draw the plan's graph with its phases and reasons
    Graph(GraphArgs),
    /// Make a plan of a recovery plan of another product
    Import(ImportArgs),
    /// Write a plan as a recovery plan of another product
    Export(ExportArgs),
    /// What the estate reports
    Inventory(InventoryArgs),
    /// Set an estate of disks up, take points of it, find its disks, stop it
    Estate(EstateArgs),
    /// Take recovery points of an estate of disks on its schedule, until interrupted
    Replicate(ReplicateArgs),
    /// Which recovery point each group and machine would go to, and why no newer one
    Points(PointsArgs),
    /// The runbook of an operation: points, loss, phases, steps, limits, digest; writes nothing
    Preview(PreviewArgs),
    /// Rehearse an operation in memory, many times and with faults: how long it takes, what it survives
    Rehearse(RehearseArgs),
    /// Move the machines away from home
    Failover(StartArgs),
    /// Bring the machines home
    Failback(StartArgs),
    /// Bring copies up in isolation, production untouched
    Test(TestArgs),
    /// Drive a run that nobody drives: after a crash, a halt or a pause
    Resume(ResumeArgs),
    /// How a run stands [default: the last one]
    Status(StatusArgs),
    /// All runs, oldest first
    Runs(ListArgs),
    /// The run log
    Log(LogArgs),
    /// The report of a run
    Report(ReportArgs),
    /// Check a run log or report against the public key of whoever ran it
    Verify(VerifyArgs),
    /// The public key that run logs are verified with
    Key(KeyArgs),
    /// Say yes to a step that waits for approval
    Approve(AnswerArgs),
    /// Say no to a step that waits for approval
    Reject(AnswerArgs),
    /// Say what became of a step whose outcome the estate cannot tell
    Resolve(ResolveArgs),
    /// Choose the point of a group or machine that is asked about
    Choose(PointArgs),
    /// Start nothing new; steps under way finish
    Pause(RunArgs),
    /// Try a failed step again, or all of them; of an unknown outcome the estate is asked once more
    Retry(RetryArgs),
    /// Count a step as done, with a reason
    Skip(SkipArgs),
    /// Start nothing any more
    Halt(ReasonArgs),
    /// In the commit window: go to another recovery point
    ChangePoint(PointArgs),
    /// Before the commit: drop the targets and start the sources again
    Rollback(ReasonArgs),
    /// Close the commit window: no way back
    Commit(CommitArgs),
    /// Remove a test's copies
    Cleanup(RunArgs),
    /// Protect the machines in the other direction, as a run of its own
    Reprotect(ReprotectArgs),
    /// Stand in for a service, over a simulated estate, until interrupted
    Emulate(EmulateArgs),
    /// Try whether a provider's program keeps the contract of estates
    Provider(ProviderArgs),
    /// Write a completion script for a shell
    Completions(CompletionsArgs),
    /// Write the manual page
    Man,
    /// Run one script for a driver
    #[command(hide = true)]
    ScriptHost {
        /// The folder of the script's attempt
        folder: PathBuf,
    },
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Output {
    /// How results are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Plan files
    #[arg(required = true, value_name = "PLAN")]
    pub(super) plans: Vec<PathBuf>,
    /// Print how long each part of the compiler took
    #[arg(long)]
    pub(super) timings: bool,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct FmtArgs {
    /// Plan files; `-` reads standard input and writes to standard output
    #[arg(required = true, value_name = "PLAN")]
    pub(super) plans: Vec<PathBuf>,
    /// Write nothing; name the files that are not in canonical form and exit with 1
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A diagnostic's code, or a plan file
    #[arg(value_name = "CODE|PLAN")]
    pub(super) subject: String,
    /// A step, machine or group of that plan: `go`, `start sql01`, `db`
    #[arg(value_name = "STEP")]
    pub(super) step: Option<String>,
    #[command(flatten)]
    pub(super) what: ForArgs,
    #[command(flatten)]
    pub(super) output: Output,
}

/// For which operation a graph is drawn or a step explained.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ForArgs {
    /// The operation
    #[arg(long = "for", value_enum, value_name = "OPERATION", default_value = "failover")]
    pub(super) operation: OperationWord,
    #[command(flatten)]
    pub(super) mode: ModeArgs,
}

/// An operation as said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum OperationWord {
    /// Copies come up in isolation
    Test,
    /// Away from home
    Failover,
    /// The way home
    Failback,
}

impl OperationWord {
    pub(super) const fn operation(self) -> Operation {
        match self {
            Self::Test => Operation::Test,
            Self::Failover => Operation::Failover,
            Self::Failback => Operation::Failback,
        }
    }
}

/// How the source is treated.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub(super) struct ModeArgs {
    /// Both sites are up: shut down cleanly, lose nothing, stop at the first error
    #[arg(long)]
    planned: bool,
    /// The source is failing: its errors are reported, the run goes on
    #[arg(long)]
    unplanned: bool,
    /// The source is gone: it is never contacted; needs --to and --lost-at
    #[arg(long)]
    forced: bool,
}

impl ModeArgs {
    pub(super) const fn mode(self) -> Option<Mode> {
        match (self.planned, self.unplanned, self.forced) {
            (true, _, _) => Some(Mode::Planned),
            (_, true, _) => Some(Mode::Unplanned),
            (_, _, true) => Some(Mode::Forced),
            (false, false, false) => None,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The plan file
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) what: ForArgs,
    /// How it is drawn
    #[arg(long, value_enum, default_value = "dot", value_name = "FORMAT")]
    pub(super) format: Drawing,
    /// Draw the way back too
    #[arg(long)]
    pub(super) rollback: bool,
}

/// How a graph is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Drawing {
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// A picture
    Svg,
    /// One JSON document
    Json,
}

#[derive(Debug, Args)]
pub(super) struct InventoryArgs {
    /// The plan file
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct PointsArgs {
    /// The plan file
    pub(super) plan: PathBuf,
    /// Look at this inventory instead of asking the estate
    #[arg(long, value_name = "FILE")]
    pub(super) inventory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) wanted: WantedArgs,
    /// Prove each point of an estate of disks instead: its files are whole, readable, and as they were shipped
    #[arg(long, conflicts_with_all = ["inventory", "points", "as_of", "lost_at"])]
    pub(super) verify: bool,
    /// How results are written
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(super) format: PointsFormat,
}

/// How recovery points are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum PointsFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A picture of all points on a line of time
    Svg,
}

/// Which points are wanted, for this once.
#[derive(Clone, Debug, Args)]
pub(super) struct WantedArgs {
    /// Another point policy, for one group or machine or for all
    #[arg(long = "point", value_name = "[GROUP=]POLICY")]
    pub(super) points: Vec<String>,
    /// No point newer than this
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(super) as_of: Option<Timestamp>,
    /// When the source was lost: age and loss count from here
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(super) lost_at: Option<Timestamp>,
}

/// What else is said for one run.
#[derive(Clone, Debug, Args)]
pub(super) struct SaidArgs {
    #[command(flatten)]
    pub(super) wanted: WantedArgs,
    /// The site to come up at
    #[arg(long, value_name = "SITE")]
    pub(super) to: Option<String>,
    /// Leave a machine out
    #[arg(long, value_name = "VM")]
    pub(super) without: Vec<String>,
    /// Set a parameter of the plan
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) params: Vec<(String, String)>,
    /// In a forced run: go on although nothing fences the source, for this reason
    #[arg(long, value_name = "REASON")]
    pub(super) unfenced: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The operation
    #[arg(value_enum)]
    pub(super) operation: OperationWord,
    /// The plan file, or a frozen runbook to be read
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) mode: ModeArgs,
    #[command(flatten)]
    pub(super) said: SaidArgs,
    /// Freeze the runbook in this file
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// How a run begins.
#[derive(Clone, Debug, Args)]
pub(super) struct BeginArgs {
    /// Start without asking; never answers an `approve` step
    #[arg(long)]
    pub(super) yes: bool,
    /// Answer an `approve` step beforehand, recorded with the comment
    #[arg(long = "approve", value_name = "STEP[=COMMENT]", value_parser = answer)]
    pub(super) approved: Vec<(String, String)>,
    /// Stay while only a person can go on, even without a terminal
    #[arg(long)]
    pub(super) wait: bool,
}

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// The plan file, or a runbook frozen by `muster preview --out`
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) mode: ModeArgs,
    #[command(flatten)]
    pub(super) said: SaidArgs,
    #[command(flatten)]
    pub(super) begin: BeginArgs,
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The plan file, or a runbook frozen by `muster preview --out`
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) said: SaidArgs,
    #[command(flatten)]
    pub(super) begin: BeginArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReprotectArgs {
    /// The plan file
    pub(super) plan: PathBuf,
    /// Leave a machine out
    #[arg(long, value_name = "VM")]
    pub(super) without: Vec<String>,
    /// Set a parameter of the plan
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) params: Vec<(String, String)>,
    /// Start without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Stay while only a person can go on, even without a terminal
    #[arg(long)]
    pub(super) wait: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "wants an instant such as `2026-11-23T06:00:00Z`, with its offset from UTC".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("wants `NAME=VALUE`")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "what the parser of options wants")]
fn answer(text: &str) -> Result<(String, String), String> {
    let (step, comment) = text.split_once('=').unwrap_or((text, ""));
    Ok((step.trim().to_owned(), comment.to_owned()))
}
