//! The provider of real disks: two sites, each one `qemu-storage-daemon` on this host; machines are
//! sets of qcow2 disks served over NBD, replicated by dirty bitmaps and shipped overlays. A machine
//! runs while its site's daemon serves its disks for writing; there are no guests.
//!
//! The truth is the files and what the daemons say. An act is durable before its first effect, and
//! each of its steps may be done again: that is all there is to recovery after an engine's end.

mod acts;
mod after;
mod agent;
mod chain;
mod confirm;
mod daemon;
mod describe;
mod files;
mod freeze;
mod guest;
mod guest_spec;
mod hands;
mod look;
mod merge;
mod node;
mod operate;
mod qmp;
mod record;
mod replicate;
mod ship;
mod sums;
mod switch;
mod take;
mod tls;
mod tools;
mod traces;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Clock, SystemClock, Timestamp};
use crate::event::{
    Artifact, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request, Submitted,
};
use crate::inventory::Inventory;
use crate::source::Diagnostic;
use crate::source::codes::estate as codes;

use super::Estate;
use crate::estate::trouble::Trouble;
use describe::Side;
use files::Layout;
use hands::Hands;
use record::Work;

pub use describe::{DISKS_FORMAT, Description};
pub use operate::Taken;
pub use replicate::{Replicated, Schedule, Turn};
pub use tools::{INSTALL, Tools};
pub use verify::{Offered, Proof, Verifier};

/// A unix socket's path in bytes, on Linux.
const SOCKET_PATH_MAX: usize = 107;
/// Steps of an act in one call: a point of a thousand disks has about a thousand.
const STEPS_PER_CALL: u32 = 4096;
/// Points of a chain before the oldest two are merged: each makes every open read one file more.
const POINTS_KEPT: usize = 24;

/// What the provider is opened with.
#[derive(Clone, Debug)]
pub struct QemuOptions {
    /// The estate's own folder below the state folder; made by the first act.
    pub folder: PathBuf,
    /// The text of the estate file, `muster.disks/1`.
    pub description: String,
    /// The plan's folder, where the files that guests boot are.
    pub plan: PathBuf,
    /// The programs.
    pub tools: Tools,
    /// Files of a chain before the oldest two are merged, at least 2; none: as the estate file says.
    pub points_kept: Option<usize>,
    /// Steps of an act in one call. A test says 1, to be able to end between any two.
    pub steps_per_call: u32,
    /// Does each step twice, as after an end between effect and record. For tests.
    pub every_step_twice: bool,
}

impl QemuOptions {
    /// The options of a plan: an estate's folder, the text of its estate file, and the plan's folder.
    #[must_use]
    pub fn new(folder: PathBuf, description: String, plan: PathBuf) -> Self {
        Self {
            folder,
            description,
            plan,
            tools: Tools::default(),
            points_kept: None,
            steps_per_call: STEPS_PER_CALL,
            every_step_twice: false,
        }
    }
}

/// The provider.
#[derive(Debug)]
pub struct Qemu {
    description: Description,
    plan: PathBuf,
    layout: Layout,
    tools: Tools,
    clock: Arc<SystemClock>,
    points_kept: usize,
    steps_per_call: u32,
    every_step_twice: bool,
    turn: tokio::sync::Mutex<()>,
}

impl Qemu {
    /// Opens an estate of disks. Starts nothing and changes nothing.
    ///
    /// # Errors
    /// A missing program with the line that installs it, a description that cannot be used, a folder
    /// with records that cannot be read, or whose sockets' paths are too long.
    pub fn open(options: QemuOptions) -> Result<Self, Diagnostic> {
        let QemuOptions { folder: said, description, tools, .. } = options;
        let tools = tools.found()?;
        let description = Description::read(&description)?;
        let guests = description.machines.values().filter_map(|machine| machine.guest.as_ref());
        for program in guests.map(|guest| guest.program.as_str()).collect::<std::collections::BTreeSet<_>>() {
            tools::find_emulator(program)?;
        }
        let unusable = |why: String| {
            Diagnostic::placeless(codes::ESTATE_FOLDER, why)
                .help("say another state folder with `--state DIR`")
        };
        let folder = std::path::absolute(&said).map_err(|error| {
            unusable(format!(
                "the folder `{}` cannot be used: {}",
                said.display(),
                crate::base::words::system(&error)
            ))
        })?;
        let layout = Layout::new(folder);
        sockets_fit(&layout, &description)?;
        let keep = description.schedule.keep;
        let estate = Self {
            description,
            plan: std::path::absolute(&options.plan).unwrap_or(options.plan),
            layout,
            tools,
            clock: Arc::new(SystemClock),
            points_kept: options.points_kept.unwrap_or(keep).max(2),
            steps_per_call: options.steps_per_call.max(1),
            every_step_twice: options.every_step_twice,
            turn: tokio::sync::Mutex::new(()),
        };
        estate.agrees_with_disks()?;
        Ok(estate)
    }

    /// Disks never change their size: a description that says so is of another estate.
    fn agrees_with_disks(&self) -> Result<(), Diagnostic> {
        for (name, spec) in &self.description.machines {
            for side in Side::BOTH {
                let path = self.layout.vm(&self.description.sites.at(side).name, name);
                let known = files::read_json::<record::VmRecord>(&path).map_err(|trouble| match trouble {
                    Trouble::Refused(_, why) | Trouble::Retry(_, why) | Trouble::Later(why) => {
                        Diagnostic::placeless(codes::ESTATE_FOLDER, why)
                            .help("restore the record from a backup, or set the estate up in a new folder")
                    }
                })?;
                let Some(known) = known else { continue };
                let differs = known.disks.len() != spec.disks.len()
                    || known.disks.iter().any(|(disk, has)| spec.disks.get(disk) != Some(&has.size));
                if differs {
                    let message = format!("the disks of `{name}` are not those that it was set up with");
                    return Err(Diagnostic::placeless(codes::DISKS_CHANGED, message)
                        .help("write the disks as they were, or give the machine another name"));
                }
            }
        }
        Ok(())
    }

    async fn hands(&self) -> Result<Hands<'_>, EstateError> {
        Hands::take(self).await.map_err(Trouble::into_error)
    }

    async fn look(&self) -> Result<Hands<'_>, EstateError> {
        Hands::look(self).await.map_err(Trouble::into_error)
    }
}

impl Estate for Qemu {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        let mut hands = self.look().await?;
        look::inventory(&mut hands).await.map_err(Trouble::into_error)
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        let hands = self.look().await?;
        traces::will_create(&hands, &acts::slug_of(key), request).map_err(Trouble::into_error)
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        let mut hands = self.look().await?;
        let mut found = Vec::new();
        for machine in machines {
            found.extend(traces::remains(&mut hands, machine).await.map_err(Trouble::into_error)?);
        }
        Ok(found)
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        let mut hands = self.hands().await?;
        let slug = acts::slug_of(key);
        let known = acts::read(&hands, &slug).map_err(Trouble::into_error)?;
        let mut act = match known {
            Some(act) if act.request.as_ref() != Some(request) => {
                let message = format!("the key `{}` was used for another request", key.as_str());
                return Err(EstateError::Refused { code: "key_reused".to_owned(), message });
            }
            Some(act) => act,
            None => acts::begin(&hands, &slug, Some(request), Work::Request(request.clone()))
                .map_err(Trouble::into_error)?,
        };
        // The act is on record from here on: what goes wrong now is not known to have done nothing.
        let pause = acts::advance(&mut hands, &mut act).await.map_err(unknown)?;
        let next = acts::next(&hands, pause);
        acts::submitted(act, next)
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        let mut hands = self.hands().await?;
        let Some(mut act) = acts::read(&hands, &handle.0).map_err(Trouble::into_error)? else {
            return Err(EstateError::Unknown { message: format!("the estate has no act `{}`", handle.0) });
        };
        let pause = acts::advance(&mut hands, &mut act).await.map_err(unknown)?;
        let next = acts::next(&hands, pause);
        Ok(acts::progress(act, next))
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        let message = format!("the act `{}` cannot be cancelled: it ends within seconds", handle.0);
        Err(EstateError::Refused { code: "no_cancel".to_owned(), message })
    }

    async fn find(&self, key: &Key, request: &Request, _since: Timestamp) -> Result<Found, EstateError> {
        let hands = self.hands().await?;
        let act = acts::read(&hands, &acts::slug_of(key)).map_err(Trouble::into_error)?;
        if act.as_ref().is_some_and(|act| act.request.as_ref() != Some(request)) {
            return Ok(Found::CannotTell(format!("the key `{}` was used for another request", key.as_str())));
        }
        Ok(acts::found(act))
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        let mut hands = self.look().await?;
        look::observe(&mut hands, machine, test).await.map_err(Trouble::into_error)
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        match probe {
            Probe::Tcp { .. } | Probe::Http { .. } => super::real_probe(probe).await,
            Probe::Heartbeat { machine, test } => {
                let mut hands = self.look().await.map_err(|error| error.to_string())?;
                look::heartbeat(&mut hands, machine, *test).await
            }
        }
    }
}

/// Linux takes no longer path for a unix socket; the daemon would fail at its start.
fn sockets_fit(layout: &Layout, description: &Description) -> Result<(), Diagnostic> {
    let of_daemons = Side::BOTH.into_iter().map(|side| {
        // The longer one of the two at a site.
        layout.socket(&format!("{}/{}", description.sites.at(side).name, hands::TESTS_FOLDER))
    });
    let guests = description.machines.iter().filter(|(_, machine)| machine.guest.is_some());
    let of_guests = guests.flat_map(|(name, _)| {
        Side::BOTH.map(|side| layout.guest(&description.sites.at(side).name, name, true, "agent"))
    });
    for socket in of_daemons.chain(of_guests) {
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH_MAX {
            let message = format!(
                "the socket `{}` has a path of {length} bytes, at most {SOCKET_PATH_MAX} are possible",
                socket.display()
            );
            return Err(Diagnostic::placeless(codes::SOCKET_PATH, message)
                .help("say a shorter state folder with `--state DIR`"));
        }
    }
    Ok(())
}

fn unknown(trouble: Trouble) -> EstateError {
    EstateError::Unknown { message: trouble.into_error().to_string() }
}
