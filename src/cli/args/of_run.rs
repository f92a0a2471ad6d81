//! Arguments of the verbs that are about a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Output;
use crate::event::Outcome;

#[derive(Debug, Args)]
pub(in crate::cli) struct ResumeArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// Stay while only a person can go on, even without a terminal
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// Wait beside the engine that drives it, and take the run over if that one dies
    #[arg(long)]
    pub(in crate::cli) stand_by: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// The run: any unique start of its id, or `last`
    #[arg(default_value = "last")]
    pub(in crate::cli) run: String,
    #[command(flatten)]
    pub(in crate::cli) output: Output,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    pub(in crate::cli) output: Output,
}

/// How a run log is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document, with the names behind the ids
    Json,
    /// Lines of JSON with digests and signature, for `muster verify`
    Jsonl,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LogArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// How the log is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: LogFormat,
    /// Write it to this file
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document, with the signed run log inside
    Json,
    /// One page to look at, to print and to keep, with the signed run log inside
    Html,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: ReportFormat,
    /// Write it to this file
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// What `log --format jsonl` or `report --format html|json` wrote (`-` for standard input), or a run
    #[arg(value_name = "FILE|RUN")]
    pub(in crate::cli) what: String,
    /// The public key of whoever ran it: a file, or 64 hexadecimal digits [default: the one used here]
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) public_key: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) output: Output,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct KeyArgs {
    #[command(flatten)]
    pub(in crate::cli) output: Output,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AnswerArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// The step; may be left away where only one waits
    pub(in crate::cli) step: Option<String>,
    /// What is recorded with the answer
    #[arg(long, short = 'm', default_value = "", value_name = "TEXT")]
    pub(in crate::cli) comment: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PointArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// The group or machine, and the policy or ladder wanted: `db=common`
    #[arg(value_name = "GROUP=POLICY")]
    pub(in crate::cli) choice: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RetryArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// The step; all failed ones if left away
    pub(in crate::cli) step: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SkipArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// The step
    pub(in crate::cli) step: String,
    /// Why; recorded
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
}

/// What became of an act.
#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct OutcomeArgs {
    /// It was done: the run goes on from there
    #[arg(long)]
    happened: bool,
    /// It was not done and is not under way: it is begun again
    #[arg(long)]
    did_not_happen: bool,
}

impl OutcomeArgs {
    pub(in crate::cli) const fn outcome(self) -> Outcome {
        // The parser takes exactly one of the two.
        if self.happened { Outcome::Happened } else { Outcome::DidNotHappen }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ResolveArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// The step
    pub(in crate::cli) step: String,
    #[command(flatten)]
    pub(in crate::cli) outcome: OutcomeArgs,
    /// How you know; recorded
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReasonArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// Why; recorded
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(in crate::cli) reason: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CommitArgs {
    /// The run: any unique start of its id, or `last`
    pub(in crate::cli) run: String,
    /// How many source machines you know will be deleted
    #[arg(long, value_name = "COUNT")]
    pub(in crate::cli) delete_sources: Option<u32>,
}
