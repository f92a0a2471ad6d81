//! Arguments of `rehearse`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::base::limits;

use super::{ModeArgs, OperationWord, Output, SaidArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct RehearseArgs {
    /// The operation
    #[arg(value_enum)]
    pub(in crate::cli) operation: OperationWord,
    /// The plan file, or a frozen runbook
    pub(in crate::cli) plan: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) mode: ModeArgs,
    #[command(flatten)]
    pub(in crate::cli) said: SaidArgs,
    /// How many runs; of one run the timeline is shown
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::REHEARSALS_MAX)))]
    pub(in crate::cli) runs: u32,
    /// Where chances come from: the same seed gives the same runs
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// What goes wrong: `fail fail_over app02 once`, `never sql_up`, `late accept`; `muster explain MP0901` has all
    #[arg(long = "fault", value_name = "TEXT")]
    pub(in crate::cli) faults: Vec<String>,
    /// Try every single fault once on each step that it can hit
    #[arg(long)]
    pub(in crate::cli) all_single_faults: bool,
    /// How long steps take, as `muster.durations/1`; goes before earlier runs and what the estate states
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) durations: Option<PathBuf>,
    /// How long people think who are asked [default: as in earlier runs, else 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) answer_after: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) output: Output,
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = crate::base::time::parse_duration(text)?;
    if read > limits::WAIT_MAX {
        return Err("is longer than anybody waits".to_owned());
    }
    Ok(read)
}
