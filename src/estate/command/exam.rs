//! Takes a provider's program through the suite that every estate has to pass, twice: as it is, and
//! killed after every act. Tells what passed and what did not; decides nothing.

use crate::event::Network;
use crate::inventory::{Inventory, Machine, Power, Protection};
use crate::model::ShutdownSpec;
use crate::source::Diagnostic;
use crate::source::codes::estate as codes;

use super::message::Hello;
use super::{Command, CommandOptions};
use crate::estate::Estate as _;
use crate::estate::conformance::{self, CHAPTERS, Subject};

/// What stands before the chapters of the second round.
const KILLED: &str = "killed after every act, ";
/// What is tried between the two rounds.
const ENDS: &str = "it ends when it is asked to";

type Tell<'t> = dyn FnMut(Told<'_>) + Send + 't;

/// What is tested on.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// A machine that may be lost. If unsaid, the first fit one of a program whose machines are simulated.
    pub machine: Option<String>,
    /// The network of the other site.
    pub network: Option<String>,
    /// The network of a test.
    pub test_network: Option<String>,
    /// The process server by which it replicates back.
    pub via: Option<String>,
    /// Told to the keys, so that the same estate may be tested again.
    pub round: String,
}

/// How one part went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    /// The promise is kept.
    Passed,
    /// It is not, and how.
    Failed(String),
    /// An earlier one was not kept.
    NotTried,
}

/// What is examined: told before anything is tried.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Who answers.
    pub hello: Hello,
    /// The machine.
    pub machine: String,
    /// Where it runs.
    pub from: String,
    /// Where it goes.
    pub to: String,
}

/// What is told while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// First of all, what is examined.
    Begins(&'a Examination),
    /// Then each part in order.
    Part(&'a str, &'a Mark),
}

/// Tests a program and tells how it goes. Says whether all of it passed.
///
/// # Errors
/// The program cannot be asked, or there is no machine to test it with; nothing was tried.
pub async fn examine(options: CommandOptions, wish: &Wish, tell: &mut Tell<'_>) -> Result<bool, Diagnostic> {
    let estate = Command::open(options.clone());
    let hello = estate.hello().await?;
    let inventory = estate.inventory().await.map_err(|error| {
        Diagnostic::placeless(codes::PROVIDER_FAILS_TEST, format!("the inventory was not given: {error}"))
            .help("answer `inventory` with a document of the format `muster.inventory/1`")
    })?;
    let machine = choose(&inventory, wish.machine.as_deref(), hello.simulated)?;
    tell(Told::Begins(&Examination {
        hello,
        machine: machine.name.clone(),
        from: machine.site.clone(),
        to: machine.replicates_to.clone().unwrap_or_default(),
    }));
    let network = |name: &Option<String>| Network { name: name.clone(), address: None };
    let subject = |round: &str| Subject {
        machine: machine.name.clone(),
        network: network(&wish.network),
        test_network: network(&wish.test_network),
        via: wish.via.clone(),
        shutdown: ShutdownSpec::default(),
        whole: false,
        round: format!("{} {round}", wish.round),
    };
    let mut passed = told(&estate, &subject("as it is"), "", tell).await;
    let ended = estate.close().await;
    let silent = "it did not end within 2s after `bye`, and was killed".to_owned();
    tell(Told::Part(ENDS, &if ended { Mark::Passed } else { Mark::Failed(silent) }));
    let killed = Command::open(CommandOptions { kill_after_acts: true, ..options });
    if passed {
        passed = told(&killed, &subject("killed"), KILLED, tell).await;
        killed.close().await;
    } else {
        CHAPTERS.iter().for_each(|chapter| tell(Told::Part(&format!("{KILLED}{chapter}"), &Mark::NotTried)));
    }
    Ok(passed && ended)
}

/// One round of the suite, each chapter told once.
async fn told(estate: &Command, subject: &Subject, before: &str, tell: &mut Tell<'_>) -> bool {
    let mut passed = 0;
    let ran = conformance::run_told(estate, subject, &mut |chapter| {
        passed += 1;
        tell(Told::Part(&format!("{before}{chapter}"), &Mark::Passed));
    })
    .await;
    let broken = ran.err();
    let kept = broken.is_none();
    let mut mark = broken.map(Mark::Failed);
    for chapter in CHAPTERS.iter().skip(passed) {
        tell(Told::Part(&format!("{before}{chapter}"), &mark.take().unwrap_or(Mark::NotTried)));
    }
    kept
}

/// The machine to test with.
fn choose<'i>(
    inventory: &'i Inventory,
    named: Option<&str>,
    simulated: bool,
) -> Result<&'i Machine, Diagnostic> {
    let refused = |message: String, help: &str| {
        Err(Diagnostic::placeless(codes::PROVIDER_TEST_MACHINE, message).help(help))
    };
    let Some(name) = named else {
        if !simulated {
            let message = "the program does not say that its machines are simulated";
            return refused(message.to_owned(), "name a machine that may be lost: `--machine NAME`");
        }
        return match inventory.vms.values().find(|machine| unfit(machine).is_none()) {
            Some(machine) => Ok(machine),
            None => {
                let first = inventory.vms.values().next();
                let why = first.and_then(|machine| unfit(machine).map(|why| (machine, why)));
                let why = why.map_or_else(
                    || "it has none".to_owned(),
                    |(machine, why)| format!("`{}` {why}", machine.name),
                );
                refused(format!("no machine of the program can be tested with: {why}"), FIT)
            }
        };
    };
    match inventory.vms.get(name).map(|machine| (machine, unfit(machine))) {
        Some((machine, None)) => Ok(machine),
        Some((_, Some(why))) => refused(format!("`{name}` {why}"), FIT),
        None => {
            let help = crate::base::words::did_you_mean(name, inventory.vms.keys().map(String::as_str));
            let help = help.unwrap_or_else(|| "name one that the program's inventory reports".to_owned());
            refused(format!("the program reports no machine `{name}`"), &help)
        }
    }
}

const FIT: &str = "give it a machine that is protected, runs, and has a usable point";

/// Why a machine cannot be tested with.
fn unfit(machine: &Machine) -> Option<String> {
    let points = machine.points.iter().filter(|point| point.processed && point.usable).count();
    if machine.protection != Protection::Protected {
        Some("is not protected".to_owned())
    } else if machine.power == Some(Power::Off) {
        Some("does not run".to_owned())
    } else if machine.replicates_to.is_none() {
        Some("replicates to no other site".to_owned())
    } else if points == 0 {
        Some("has no point that can be used".to_owned())
    } else {
        None
    }
}
