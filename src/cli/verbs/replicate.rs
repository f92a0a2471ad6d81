//! `replicate`: takes recovery points of an estate of disks on its schedule, in the foreground, until it is told to
//! end. No run log: each point's record says when and how it was taken.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::base::time::format_duration;
use crate::base::{Clock as _, SystemClock, Timestamp};
use crate::cli::console::Console;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::pipeline;
use crate::drive::Interrupts;
use crate::estate::any::Purpose;
use crate::estate::qemu::{Qemu, Replicated};
use crate::inventory::PointKind;

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplicateArgs {
    /// The plan file
    plan: PathBuf,
    /// Take one point of everything that replicates, then end
    #[arg(long)]
    once: bool,
    /// Print a unit for systemd that keeps it running, and take nothing
    #[arg(long, conflicts_with = "once")]
    unit: bool,
}

/// Takes points until it is interrupted.
pub(in crate::cli) fn run(context: &Context, args: &ReplicateArgs) -> Result<Exit, Failure> {
    let plan = pipeline::sound(&args.plan)?;
    let estate = pipeline::open(context, &pipeline::estate_spec(&plan.plan), Purpose::Look)?;
    let disks = pipeline::disks(&estate)?;
    if args.unit {
        Console::print(&unit(context, &args.plan)?)?;
        return Ok(Exit::Done);
    }
    context.runtime()?.block_on(replicate(context, disks, args.once))
}

async fn replicate(context: &Context, disks: &Qemu, once: bool) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::new();
    let mut last_said: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let began = SystemClock.now();
        let mut missed = 0;
        match disks.replicated().await {
            Ok(all) => {
                for one in all {
                    missed += u32::from(!turn(context, disks, &one, &mut last_said).await?);
                }
            }
            Err(error) => {
                context.console.note(&format!("no point was taken: {error}"));
                missed += 1;
            }
        }
        if once {
            return Ok(if missed == 0 { Exit::Done } else { Exit::Refused });
        }
        // From begin to begin: what a point takes is no part of the time between two.
        let next = began.plus(disks.schedule().every);
        let pause = next.since(SystemClock.now());
        tokio::select! {
            biased;
            () = interrupts.next() => return Ok(Exit::Done),
            () = tokio::time::sleep(pause.max(Duration::from_millis(1))) => {}
        }
    }
}

/// Takes one point, and says what came of it. What rests is said once.
async fn turn(
    context: &Context,
    disks: &Qemu,
    of: &Replicated,
    last_said: &mut BTreeMap<String, String>,
) -> Result<bool, Failure> {
    let name = &of.name;
    let mut once = |said: String| {
        if last_said.get(name) != Some(&said) {
            context.console.note(&said);
            last_said.insert(name.clone(), said);
        }
    };
    if let Some(rests) = &of.rests {
        once(format!("`{name}` rests: {rests}"));
        return Ok(true);
    }
    match disks.take_turn(of).await {
        Ok(turn) => {
            match turn.instead {
                Some(why) => once(why),
                None => drop(last_said.remove(name)),
            }
            let kind = match turn.kind {
                PointKind::Crash => "crash",
                PointKind::App => "app",
                PointKind::Final => "final",
            };
            let id = turn.taken.set.unwrap_or(turn.taken.point);
            let after = of.newest.map_or_else(String::new, |newest| {
                format!(", {} after the one before", format_duration(whole(SystemClock.now(), newest)))
            });
            let took = turn.took.as_secs_f64();
            let now = Timestamp::from_seconds(SystemClock.now().as_nanos() / 1_000_000_000);
            Console::print_line(&format!("{now} {name} {id} {kind} in {took:.2}s{after}"))?;
            Ok(true)
        }
        Err(error) => {
            let age = of.newest.map_or_else(
                || "it has none yet".to_owned(),
                |newest| format!("the newest is {} old", format_duration(whole(SystemClock.now(), newest))),
            );
            once(format!("no point of `{name}` was taken, {age}: {error}"));
            Ok(false)
        }
    }
}

fn whole(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_secs(now.since(then).as_secs())
}

fn unit(context: &Context, plan: &std::path::Path) -> Result<String, Failure> {
    let absolute = |path: &std::path::Path| {
        std::path::absolute(path).map_err(|error| {
            Failure::engine("a path cannot be made absolute", &crate::base::words::system(&error))
        })
    };
    let program = std::env::current_exe().map_err(|error| {
        Failure::engine("this program cannot be found", &crate::base::words::system(&error))
    })?;
    let quoted = |path: &std::path::Path| {
        let text = path.display().to_string();
        format!(
            "\"{}\"",
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$")
        )
    };
    let (plan, state) = (absolute(plan)?, absolute(&context.state)?);
    Ok(format!(
        "[Unit]\nDescription=Recovery points for {}\nAfter=local-fs.target network.target\n\n\
         [Service]\nExecStart={} replicate {} --state {}\nRestart=always\nRestartSec=5\n\
         # Daemons and guests outlive it.\nKillMode=process\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        quoted(&plan),
        quoted(&program),
        quoted(&plan),
        quoted(&state),
    ))
}
