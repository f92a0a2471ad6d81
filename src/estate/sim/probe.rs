//! Answers to probes, from the machines of the simulated estate alone: nothing leaves the process.

use crate::base::Timestamp;
use crate::event::{Probe, ProbeAnswer};

use super::machine::{Copy, SimMachine};
use super::settings::Service;
use super::trouble::Trouble;
use super::world::World;

const TIMED_OUT: &str = "connection timed out";

/// What is seen, or what is seen instead.
pub(super) fn probe(world: &World<'_>, probe: &Probe) -> Result<ProbeAnswer, Trouble> {
    match probe {
        Probe::Heartbeat { machine, test } => heartbeat(world, machine, *test),
        Probe::Tcp { address } => Ok(match split(address) {
            None => Err(format!("`{address}` is not `host:port`")),
            Some((host, port)) => match connect(world, host, port)? {
                Ok(_) => Ok(format!("`{address}` accepts connections")),
                Err(seen) => Err(seen),
            },
        }),
        Probe::Http { url, status, body } => http(world, url, *status, body.as_deref()),
    }
}

fn heartbeat(world: &World<'_>, name: &str, test: bool) -> Result<ProbeAnswer, Trouble> {
    let machine = match world.machine(name) {
        Ok(machine) => machine,
        Err(Trouble::No(error)) => return Ok(Err(error.to_string())),
        Err(trouble) => return Err(trouble),
    };
    let copy = if test { machine.test.as_ref().map(|test| &test.copy) } else { Some(&machine.active) };
    let Some(copy) = copy else { return Ok(Err(format!("`{name}` has no test copy"))) };
    if !world.ground.contact(&copy.site, world.at) {
        return Ok(Err(format!("site `{}` cannot be reached", copy.site)));
    }
    if !copy.runs() {
        return Ok(Err(format!("`{name}` is off at `{}`", copy.site)));
    }
    if !copy.answers(world.at) {
        return Ok(Err(format!("the guest of `{name}` does not answer yet")));
    }
    let tools = !test && machine.tools(&world.ground.home, world.at) != Some(false);
    let way = if tools && copy.site == world.ground.home { "VMware Tools" } else { "its agent" };
    Ok(Ok(format!("the guest of `{name}` answers through {way}")))
}

fn http(world: &World<'_>, url: &str, status: u16, body: Option<&str>) -> Result<ProbeAnswer, Trouble> {
    let Some(Target { host, port, path }) = target(url) else {
        return Ok(Err(format!("`{url}` is not an address such as `http://10.0.0.11/health`")));
    };
    let service = match connect(world, host, port)? {
        Ok(service) => service,
        Err(seen) => return Ok(Err(seen)),
    };
    let page = service.paths.get(path).map(|page| (page.status, page.body.as_str()));
    let (seen, text) = page.unwrap_or((service.status, &service.body));
    Ok(if seen != status {
        Err(format!("answered {seen}, not {status}"))
    } else if let Some(wanted) = body.filter(|wanted| !text.contains(wanted)) {
        Err(format!("answered {seen}, and the body does not contain `{wanted}`"))
    } else {
        Ok(format!("answered {seen}"))
    })
}

struct Target<'a> {
    host: &'a str,
    port: u16,
    path: &'a str,
}

fn target(url: &str) -> Option<Target<'_>> {
    let (rest, port) = match url.split_once("://")? {
        ("http", rest) => (rest, 80),
        ("https", rest) => (rest, 443),
        _ => return None,
    };
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let path = path.split(['?', '#']).next().filter(|path| !path.is_empty()).unwrap_or("/");
    let (host, port) = match split(authority) {
        Some(pair) => pair,
        None if authority.is_empty() || authority.contains(':') && !authority.ends_with(']') => return None,
        None => (authority.trim_start_matches('[').trim_end_matches(']'), port),
    };
    Some(Target { host, port, path })
}

fn split(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    if host.is_empty() || bare.is_none() && host.contains(':') {
        return None;
    }
    Some((host, port.parse().ok()?))
}

/// What answers at an address and port, or what is seen instead.
fn connect(world: &World<'_>, host: &str, port: u16) -> Result<Result<Service, String>, Trouble> {
    for machine in world.machines_at(host)? {
        for copy in copies_at(&machine, host) {
            if copy.answers(world.at) && world.ground.contact(&copy.site, world.at) {
                return Ok(service(world, &machine, copy, port));
            }
        }
    }
    Ok(Err(TIMED_OUT.to_owned()))
}

/// The copies of a machine that hold an address.
fn copies_at<'a>(machine: &'a SimMachine, host: &str) -> Vec<&'a Copy> {
    let holds = |copy: &&Copy| machine.address.get(&copy.site).is_some_and(|address| address == host);
    let test = machine.test.as_ref().filter(|test| test.address == host).map(|test| &test.copy);
    let production = std::iter::once(&machine.active).chain(&machine.left_behind).filter(holds);
    production.chain(test).collect()
}

fn service(world: &World<'_>, machine: &SimMachine, copy: &Copy, port: u16) -> Result<Service, String> {
    let Some(listed) = world.ground.rules.settings.services.get(&machine.name) else {
        return Ok(Service::default());
    };
    let since: Option<Timestamp> = copy.answers_at;
    let open = |service: &&Service| since.is_some_and(|at| at.plus(service.after.0) <= world.at);
    listed.get(&port).filter(open).cloned().ok_or_else(|| "connection refused".to_owned())
}
