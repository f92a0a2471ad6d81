//! The storage daemon of a site: started where it is missing, and found again after an engine's end
//! by process, start time and command line. Knows no disks.

use std::fs::{self, File};
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::describe::SiteSpec;
use super::files::{self, Layout};
use super::qmp::Qmp;
use super::record::SiteRecord;
use super::tls;
use super::tools::{self, Tools};
use crate::estate::trouble::Trouble;

/// From start to greeting; typical are 20 ms.
const START_MAX: Duration = Duration::from_secs(10);
/// How often a starting or ending daemon is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Free ports tried: another process may take one between choice and use.
const PORTS_TRIED: u32 = 4;

/// The process of a site's daemon, if it lives: the recorded process with the recorded start time
/// and command line, for a process id alone may be another's by now.
pub(super) fn find(layout: &Layout, site: &str) -> Result<Option<SiteRecord>, Trouble> {
    let Some(mut record) = files::read_json::<SiteRecord>(&layout.site_record(site))? else {
        return Ok(None);
    };
    let Some((pid, started)) = living(record.pid, &layout.daemon_pid(site), record.started, &record.argv)
    else {
        return Ok(None);
    };
    record.pid = Some(pid);
    record.started = Some(started);
    Ok(Some(record))
}

/// A process that was started by an engine, with its start time, if it is the one that lives: known by its
/// number or by the file in which it says it, by when it started, and by its command line.
pub(super) fn living(
    pid: Option<u32>,
    pid_file: &Path,
    started: Option<u64>,
    argv: &[String],
) -> Option<(u32, u64)> {
    let said = || fs::read_to_string(pid_file).ok()?.trim().parse().ok();
    let pid = pid.or_else(said)?;
    let (now_started, now_argv) = process(pid)?;
    let same = now_argv == argv && started.is_none_or(|known| known == now_started);
    same.then_some((pid, now_started))
}

/// Start time and command line of a living process.
pub(super) fn process(pid: u32) -> Option<(u64, Vec<String>)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the start time is the 20th field after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let started = fields.split_whitespace().nth(19)?.parse().ok()?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = line.strip_suffix(b"\0")?;
    Some((
        started,
        line.split(|byte| *byte == 0).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect(),
    ))
}

/// Starts a site's daemon. Prereq: `find` says there is none.
pub(super) async fn start(layout: &Layout, tools: &Tools, spec: &SiteSpec) -> Result<SiteRecord, Trouble> {
    files::make_folder(&layout.site(&spec.name))?;
    let known = files::read_json::<SiteRecord>(&layout.site_record(&spec.name))?.map(|record| record.port);
    for tried in 1..=PORTS_TRIED {
        let port = match (spec.port, known) {
            (Some(port), _) => port,
            (None, Some(port)) if tried == 1 && TcpListener::bind((spec.listen, port)).is_ok() => port,
            (None, _) => free_port(spec.listen)?,
        };
        match start_at(layout, tools, spec, port).await {
            Err(Trouble::Retry("port_in_use", _)) if spec.port.is_none() && tried < PORTS_TRIED => {}
            outcome => return outcome,
        }
    }
    Err(Trouble::Retry("port_in_use", format!("no free port was found for the site `{}`", spec.name)))
}

fn free_port(listen: IpAddr) -> Result<u16, Trouble> {
    TcpListener::bind((listen, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Trouble::Retry("io", format!("no free port at `{listen}`: {error}")))
}

async fn start_at(layout: &Layout, tools: &Tools, spec: &SiteSpec, port: u16) -> Result<SiteRecord, Trouble> {
    let site = spec.name.as_str();
    // What a killed daemon left would be taken for its successor's.
    files::remove(&layout.socket(site))?;
    files::remove(&layout.daemon_pid(site))?;
    let path = |path: &Path| path.display().to_string().replace(',', ",,");
    let keys = spec.tls.then(|| tls::make_key(layout, site)).transpose()?;
    let object = keys.map(|folder| ["--object".to_owned(), tls::object(&folder, "server")]);
    let tls = if spec.tls { format!(",tls-creds={}", tls::ID) } else { String::new() };
    let fixed = [
        "--pidfile".to_owned(),
        layout.daemon_pid(site).display().to_string(),
        "--chardev".to_owned(),
        format!("socket,id=m,path={},server=on,wait=off", path(&layout.socket(site))),
        "--monitor".to_owned(),
        "chardev=m".to_owned(),
        "--nbd-server".to_owned(),
        format!("addr.type=inet,addr.host={},addr.port={port},max-connections=0{tls}", spec.listen),
    ];
    let args: Vec<String> = object.into_iter().flatten().chain(fixed).collect();
    let argv = std::iter::once(tools.daemon.display().to_string()).chain(args.iter().cloned()).collect();
    let mut record = SiteRecord {
        format: "muster.site/1".to_owned(),
        name: site.to_owned(),
        port,
        listen: spec.listen,
        tls: spec.tls,
        argv,
        pid: None,
        started: None,
    };
    files::write_json(&layout.site_record(site), &record)?;
    let errors = layout.daemon_errors(site);
    let output = File::create(&errors).map_err(|error| Trouble::io("write", &errors, &error))?;
    // In a group of its own: what stops the engine from the keyboard does not stop the machines.
    let spawned = Command::new(&tools.daemon)
        .args(&args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output)
        .process_group(0)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(tools::missing(&tools.daemon));
        }
        Err(error) => return Err(Trouble::io("run", &tools.daemon, &error)),
    };
    let mut waited = Duration::ZERO;
    while !(layout.daemon_pid(site).exists() && Qmp::connect(&layout.socket(site)).await.is_ok()) {
        if let Ok(Some(_)) = child.try_wait() {
            return Err(refused_to_start(&fs::read(&errors).unwrap_or_default(), site, port));
        }
        if waited >= START_MAX {
            return Err(Trouble::Later(format!("the storage daemon of `{site}` did not start within 10s")));
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
    record.pid = child.id();
    record.started = record.pid.and_then(process).map(|(started, _)| started);
    files::write_json(&layout.site_record(site), &record)?;
    Ok(record)
}

fn refused_to_start(stderr: &[u8], site: &str, port: u16) -> Trouble {
    let said = tools::complaint(stderr);
    if said.contains("Address already in use") {
        let message = format!("the port {port} of the site `{site}` is in use by another program");
        return Trouble::Retry("port_in_use", message);
    }
    Trouble::Retry("daemon_failed", format!("the storage daemon of `{site}` ended at once: {said}"))
}

/// Waits until a process that was asked to end is gone.
pub(super) async fn gone(layout: &Layout, site: &str) -> Result<(), Trouble> {
    let mut waited = Duration::ZERO;
    while find(layout, site)?.is_some() {
        if waited >= START_MAX {
            return Err(Trouble::Later(format!("the storage daemon of `{site}` did not end within 10s")));
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
    Ok(())
}
