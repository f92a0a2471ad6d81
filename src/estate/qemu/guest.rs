//! The process of a machine's guest: an emulator whose disks are those that the site's daemon serves. Started
//! where it is missing, found again by process, start time and command line, asked to shut down, ended.
//!
//! The guest's disks stay with the daemon, so that points of all machines of a site are cut there in one
//! transaction, whatever their guests do; a guest is never stopped for a point.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::base::{Digest, Timestamp};

use super::agent::{self, Agent, AgentTrouble};
use super::daemon;
use super::describe::{Host, Side};
use super::files;
use super::guest_spec::{Accel, Boot, GuestSpec};
use super::hands::Hands;
use super::node;
use super::qmp::{Qmp, QmpTrouble};
use super::record::{SiteRecord, VmRecord};
use super::tls;
use super::tools;
use crate::estate::trouble::Trouble;

/// From start to an answer on its monitor; typical are 50 ms.
const START_MAX: Duration = Duration::from_secs(20);
/// From being told to end to being gone.
const END_MAX: Duration = Duration::from_secs(10);
/// How often a starting or ending process is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// A guest that was asked to power off is asked again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// For a look at whether it answers: whoever looks has other machines to look at.
const PING_MAX: Duration = Duration::from_secs(1);
/// How long reads and writes of a guest wait for a daemon that is gone, in seconds, before they fail.
const RECONNECT: u32 = 5;
/// The name of the port on which a guest's agent listens.
const AGENT_PORT: &str = "org.qemu.guest_agent.0";

/// One guest: whose, where, and whether of a test's copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Guest<'a> {
    pub(super) vm: &'a str,
    pub(super) side: Side,
    pub(super) test: bool,
}

/// Written before the process is started, and again once it is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct GuestRecord {
    /// `muster.guest/1`
    format: String,
    argv: Vec<String>,
    pid: Option<u32>,
    started: Option<u64>,
    /// When it was asked last to power off.
    #[serde(default)]
    asked: Option<Timestamp>,
}

/// How a guest stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stands {
    /// There is no process.
    Gone,
    /// It computes.
    Runs,
    /// It powered itself off; its process waits to be ended.
    PoweredOff,
    /// Its process is there and does not compute: its disks fail, or somebody stopped it.
    Stuck,
    /// Its process is there and its monitor does not answer: somebody else holds it, or the host stalls.
    Silent,
}

impl Guest<'_> {
    fn file(&self, hands: &Hands<'_>, what: &str) -> std::path::PathBuf {
        hands.estate.layout.guest(hands.site(self.side), self.vm, self.test, what)
    }

    /// What is written of it, if its process lives.
    fn living(&self, hands: &Hands<'_>) -> Result<Option<GuestRecord>, Trouble> {
        let Some(mut record) = files::read_json::<GuestRecord>(&self.file(hands, "json"))? else {
            return Ok(None);
        };
        let pid_file = self.file(hands, "pid");
        let Some((pid, started)) = daemon::living(record.pid, &pid_file, record.started, &record.argv) else {
            return Ok(None);
        };
        (record.pid, record.started) = (Some(pid), Some(started));
        Ok(Some(record))
    }

    /// Whether its process lives, whatever it does.
    pub(super) fn lives(&self, hands: &Hands<'_>) -> Result<bool, Trouble> {
        Ok(self.living(hands)?.is_some())
    }

    async fn qmp(&self, hands: &Hands<'_>) -> Result<Qmp, Trouble> {
        let doing = format!("reach the guest of `{}`", self.vm);
        Qmp::connect(&self.file(hands, "qmp")).await.map_err(|trouble| trouble.at(&doing))
    }

    /// How it stands now.
    pub(super) async fn stands(&self, hands: &Hands<'_>) -> Result<Stands, Trouble> {
        if !self.lives(hands)? {
            return Ok(Stands::Gone);
        }
        let asked = match self.qmp(hands).await {
            Ok(mut qmp) => qmp.call("query-status", json!({})).await,
            Err(_) => return Ok(if self.lives(hands)? { Stands::Silent } else { Stands::Gone }),
        };
        let status = match &asked {
            Ok(answer) => answer.get("status").and_then(Value::as_str).unwrap_or_default(),
            Err(_) => return Ok(Stands::Silent),
        };
        Ok(match status {
            "running" => Stands::Runs,
            "shutdown" => Stands::PoweredOff,
            _ => Stands::Stuck,
        })
    }

    /// Starts it, unless it runs. Prereq: its disks are served. One that powered itself off, or that has lost its
    /// disks, is ended first.
    pub(super) async fn start(
        &self,
        hands: &Hands<'_>,
        spec: &GuestSpec,
        copy: &VmRecord,
    ) -> Result<(), Trouble> {
        match self.stands(hands).await? {
            Stands::Runs => return Ok(()),
            Stands::Gone => {}
            Stands::PoweredOff | Stands::Stuck => self.end(hands).await?,
            // It may well compute: nobody ends it for that.
            Stands::Silent => {
                return Err(Trouble::Later(format!(
                    "the monitor of the guest of `{}` does not answer",
                    self.vm
                )));
            }
        }
        for what in ["qmp", "agent"] {
            // What a killed one left would keep its successor from starting. The file of its number stays: a
            // living emulator holds it locked, and a second one on the same disks does not start.
            files::remove(&self.file(hands, what))?;
        }
        let host = Host::of(self.side, self.test);
        let Some(site) = hands.daemon(host)? else {
            return Err(Trouble::Later(format!(
                "the storage daemon of `{}` is not running",
                hands.host_name(host)
            )));
        };
        let args = self.args(hands, spec, copy, &site)?;
        let argv = std::iter::once(spec.program.clone()).chain(args.iter().cloned()).collect();
        let mut record =
            GuestRecord { format: "muster.guest/1".to_owned(), argv, pid: None, started: None, asked: None };
        let kept = self.file(hands, "json");
        files::write_json(&kept, &record)?;
        let pid = self.launch(hands, spec, &args).await?;
        record.pid = Some(pid);
        record.started = daemon::process(pid).map(|(started, _)| started);
        files::write_json(&kept, &record)?;
        if !self.lives(hands)? {
            // Whoever cannot find it again would start a second one on the same disks.
            kill(Some(pid));
            let message = format!(
                "the guest of `{}` runs under another command line than `{}` was started with, and was ended",
                self.vm, spec.program
            );
            return Err(Trouble::Refused("guest_unknown", message));
        }
        Ok(())
    }

    async fn launch(&self, hands: &Hands<'_>, spec: &GuestSpec, args: &[String]) -> Result<u32, Trouble> {
        let errors = self.file(hands, "err");
        let output = File::create(&errors).map_err(|error| Trouble::io("write", &errors, &error))?;
        // In a group of its own: what stops the engine from the keyboard does not stop the machines.
        let spawned = Command::new(&spec.program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .process_group(0)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(&spec.program)),
            Err(error) => return Err(Trouble::io("run", Path::new(&spec.program), &error)),
        };
        let Some(pid) = child.id() else { return Err(self.refused(&errors)) };
        let mut waited = Duration::ZERO;
        while !(self.file(hands, "pid").exists() && self.qmp(hands).await.is_ok()) {
            if let Ok(Some(_)) = child.try_wait() {
                return Err(self.refused(&errors));
            }
            if waited >= START_MAX {
                return Err(Trouble::Later(format!("the guest of `{}` did not start within 20s", self.vm)));
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        Ok(pid)
    }

    fn refused(&self, errors: &Path) -> Trouble {
        let said = tools::complaint(&fs::read(errors).unwrap_or_default());
        if said.contains("Could not set up host forwarding rule") {
            let what = said.rsplit_once("rule ").map_or("", |(_, rule)| rule);
            let message =
                format!("a port that the guest of `{}` offers is in use by another program: {what}", self.vm);
            return Trouble::Retry("port_in_use", message);
        }
        Trouble::Retry("guest_failed", format!("the guest of `{}` ended at once: {said}", self.vm))
    }

    fn args(
        &self,
        hands: &Hands<'_>,
        spec: &GuestSpec,
        copy: &VmRecord,
        daemon: &SiteRecord,
    ) -> Result<Vec<String>, Trouble> {
        let file = |what: &str| comma(&self.file(hands, what));
        let accel = match spec.accel {
            Accel::Tcg => "tcg,tb-size=64",
            Accel::Kvm => "kvm",
        };
        let cpu = if spec.accel == Accel::Kvm { "host" } else { "qemu64" };
        let mut args: Vec<String> =
            ["-accel", accel, "-cpu", cpu, "-machine", "pc", "-nodefaults", "-no-user-config"]
                .map(str::to_owned)
                .to_vec();
        let mut add = |words: &[String]| args.extend_from_slice(words);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let site = hands.host_name(Host::of(self.side, self.test)).replace('/', "-");
        add(&words(&["-display", "none", "-no-shutdown", "-name", &format!("{site}-{}", self.vm)]));
        add(&words(&["-m", &spec.memory.to_string(), "-smp", &spec.cpus.to_string()]));
        add(&words(&["-pidfile", &self.file(hands, "pid").display().to_string()]));
        add(&words(&["-serial", &format!("file:{}", self.file(hands, "log").display())]));
        add(&words(&["-qmp", &format!("unix:{},server=on,wait=off", file("qmp"))]));
        self.boot(hands, &spec.boot, &mut args)?;
        let tls = if daemon.tls { format!(",tls-creds={}", tls::ID) } else { String::new() };
        if daemon.tls {
            let keys = hands.estate.layout.keys(&hands.host_name(Host::of(self.side, self.test)));
            args.extend(words(&["-object", &tls::object(&keys, "client")]));
        }
        for (number, disk) in copy.disks.keys().enumerate() {
            let name = node::export_name(self.vm, disk);
            args.extend(words(&[
                "-blockdev",
                &format!(
                    "driver=nbd,node-name=d{number},server.type=inet,server.host={},server.port={},\
                     export={name},reconnect-delay={RECONNECT}{tls}",
                    daemon.listen, daemon.port
                ),
                "-device",
                // A guest whose disk fails stands still; it does not go on with what it believes was written.
                &format!("virtio-blk-pci,drive=d{number},serial={},werror=stop,rerror=stop", serial(&name)),
            ]));
        }
        let address = self.address(hands);
        let restrict = if spec.outside && !self.test { "off" } else { "on" };
        let mut net = vec![format!("user,id=n0,restrict={restrict}")];
        net.extend(spec.forwards.iter().map(|port| format!("hostfwd=tcp:{address}:{port}-:{port}")));
        let net = net.join(",");
        args.extend(words(&["-netdev", &net, "-device", "virtio-net-pci,netdev=n0,romfile="]));
        if spec.agent {
            let agent = format!("socket,id=ga,path={},server=on,wait=off", file("agent"));
            let port = format!("virtserialport,chardev=ga,name={AGENT_PORT}");
            args.extend(words(&["-device", "virtio-serial-pci", "-chardev", &agent, "-device", &port]));
        }
        Ok(args)
    }

    fn boot(&self, hands: &Hands<'_>, boot: &Boot, args: &mut Vec<String>) -> Result<(), Trouble> {
        let mut file = |option: &str, said: &str| {
            let path = hands.estate.plan.join(said);
            if !path.is_file() {
                let message = format!("the guest of `{}` boots `{said}`, and there is no such file", self.vm);
                return Err(Trouble::Refused("boot_file_missing", message));
            }
            args.extend([option.to_owned(), path.display().to_string()]);
            Ok(())
        };
        match boot {
            Boot::Kernel { kernel, initrd, append } => {
                file("-kernel", kernel)?;
                if let Some(initrd) = initrd {
                    file("-initrd", initrd)?;
                }
                args.extend(["-append".to_owned(), append.clone()]);
                Ok(())
            }
            Boot::Disk { firmware: Some(firmware) } => file("-bios", firmware),
            Boot::Disk { firmware: None } => Ok(()),
        }
    }

    /// A loopback address of its own, so that every copy of every machine offers the ports that its guest has. Made
    /// of the estate's folder, the site and the machine's place in the estate file.
    pub(super) fn address(&self, hands: &Hands<'_>) -> Ipv4Addr {
        let root = hands.estate.layout.root().display().to_string();
        let digest = Digest::of(&[b"loopback", root.as_bytes()]);
        let hex = |at: std::ops::Range<usize>| {
            digest.as_str().get(at).and_then(|text| u8::from_str_radix(text, 16).ok()).unwrap_or_default()
        };
        let place = match (self.side, self.test) {
            (Side::Home, false) => 0,
            (Side::Away, false) => 1,
            (Side::Home, true) => 2,
            (Side::Away, true) => 3,
        };
        // 127.0 to 127.15 are left to whoever uses loopback by hand.
        let second = 16 + hex(0..2) % 224;
        let third = (hex(2..4) & 0b0011_1111) << 2 | place;
        let index = hands.estate.description.machines.get_index_of(self.vm).unwrap_or_default();
        let last = u8::try_from(1 + index % 250).unwrap_or(u8::MAX);
        Ipv4Addr::new(127, second, third, last)
    }

    /// Whether it is up: its agent answers, or where it has none, it computes.
    pub(super) async fn answers(
        &self,
        hands: &Hands<'_>,
        spec: &GuestSpec,
    ) -> Result<Result<(), String>, Trouble> {
        let of = |what: String| format!("the guest of `{}`: {what}", self.vm);
        match self.stands(hands).await? {
            Stands::Gone => return Ok(Err(of("it does not run".to_owned()))),
            Stands::PoweredOff => return Ok(Err(of("it has powered itself off".to_owned()))),
            Stands::Stuck => return Ok(Err(of("it stands still".to_owned()))),
            Stands::Silent => return Ok(Err(of("its monitor does not answer".to_owned()))),
            Stands::Runs => {}
        }
        if !spec.agent {
            return Ok(Ok(()));
        }
        Ok(match Agent::connect(&self.file(hands, "agent"), PING_MAX).await {
            Ok(mut agent) => agent.ping().await.map_err(|why| of(why.to_string())),
            Err(why) => Err(of(why.to_string())),
        })
    }

    /// A connection to its agent.
    pub(super) async fn agent(&self, hands: &Hands<'_>) -> Result<Agent, AgentTrouble> {
        Agent::connect(&self.file(hands, "agent"), agent::GREETING_MAX).await
    }

    /// Asks it to power itself off, by its agent and by its power button, and again every so often.
    pub(super) async fn ask_to_power_off(&self, hands: &Hands<'_>, spec: &GuestSpec) -> Result<(), Trouble> {
        let Some(mut record) = self.living(hands)? else { return Ok(()) };
        let now = hands.now();
        if record.asked.is_some_and(|asked| now.since(asked) < ASK_AGAIN) {
            return Ok(());
        }
        record.asked = Some(now);
        files::write_json(&self.file(hands, "json"), &record)?;
        if spec.agent
            && let Ok(mut agent) = Agent::connect(&self.file(hands, "agent"), PING_MAX).await
        {
            // A guest whose file systems are frozen cannot end.
            let _was = agent.thaw().await;
            if agent.power_off().await.is_ok() {
                return Ok(());
            }
        }
        let mut qmp = self.qmp(hands).await?;
        qmp.call("system_powerdown", json!({}))
            .await
            .map(drop)
            .map_err(|trouble| trouble.at("press its power button"))
    }

    /// Ends its process at once: the power is cut, where it has not powered itself off.
    pub(super) async fn end(&self, hands: &Hands<'_>) -> Result<(), Trouble> {
        let Some(record) = self.living(hands)? else { return Ok(()) };
        if let Ok(mut qmp) = self.qmp(hands).await {
            match qmp.call("quit", json!({})).await {
                Ok(_) | Err(QmpTrouble::Gone(_) | QmpTrouble::Refused(..)) => {}
            }
        }
        let mut waited = Duration::ZERO;
        while self.lives(hands)? {
            if waited == END_MAX / 10 {
                // Held back by disks that nobody serves any more.
                kill(record.pid);
            }
            if waited >= END_MAX {
                return Err(Trouble::Later(format!("the guest of `{}` did not end within 10s", self.vm)));
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        Ok(())
    }
}

/// Prereq: the process was just seen to be ours.
fn kill(pid: Option<u32>) {
    let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

fn missing(program: &str) -> Trouble {
    let message = format!("`{program}` is not on this host; install it with `{}`", tools::INSTALL_GUESTS);
    Trouble::Refused("tool_missing", message)
}

/// A comma in a value of an option is written twice.
fn comma(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

/// What the guest sees as its disk's serial number: the same at both sites.
fn serial(name: &str) -> String {
    Digest::of(&[name.as_bytes()]).as_str().chars().take(20).collect()
}
