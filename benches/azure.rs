//! The inventory of a vault of 1,000 machines with 100 recovery points each, read from the stand-in page by page
//! and at most 16 calls at once. Beside it, what the same answers take without being understood: the same
//! addresses asked for over as many connections, the bytes counted and dropped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use musterpoint::estate::Estate as _;
use musterpoint::estate::azure::{Appliance, Azure, AzureOptions, Hidden, SignIn, Wishes};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 5;
const MACHINES: usize = 1_000;
const POINTS: usize = 100;
const AT_ONCE: usize = 16;
const VAULT: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-standin/providers/Microsoft.RecoveryServices/vaults/vault-standin";

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<(), Failed> {
    let place = tempfile::tempdir()?;
    let estate = place.path().join("large.json");
    std::fs::write(&estate, large())?;
    let mut service = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["emulate", "azure", "--listen", "127.0.0.1:0", "--estate"])
        .arg(&estate)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(service.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let endpoint = line.trim().trim_start_matches("listening on ").split("/subscriptions/").next();
    let measured = rounds(endpoint.unwrap_or_default(), place.path());
    service.kill()?;
    service.wait()?;
    let (mut whole, mut floor, calls, bytes) = measured?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{ROUNDS} rounds; load {}", load.trim());
    println!(
        "{MACHINES} machines × {POINTS} points, {AT_ONCE} calls at once: {:.2} s; goal 5 s",
        middle(&mut whole)
    );
    println!(
        "  the same {calls} answers, {:.0} MB, read and dropped: {:.2} s",
        bytes as f64 / 1e6,
        middle(&mut floor)
    );
    Ok(())
}

/// Seconds of each round, of the provider and of the floor, with how many calls and bytes those are.
fn rounds(endpoint: &str, place: &std::path::Path) -> Result<(Vec<f64>, Vec<f64>, usize, usize), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = endpoint.trim_start_matches("http://").to_owned();
    let items = paths(&host)?;
    let (mut whole, mut floor) = (Vec::new(), Vec::new());
    let (mut calls, mut bytes) = (0, 0);
    for _ in 0..ROUNDS {
        let azure = Azure::open(AzureOptions {
            subscription: "00000000-0000-0000-0000-000000000001".to_owned(),
            resource_group: "rg-standin".to_owned(),
            vault: "vault-standin".to_owned(),
            appliance: Appliance::Modernized,
            sign_in: SignIn::Token(Hidden::new("any".to_owned())),
            endpoint: endpoint.parse()?,
            authority: endpoint.parse()?,
            identity_endpoint: endpoint.parse()?,
            wishes: Wishes::default(),
            folder: place.join("own"),
        })
        .map_err(|found| found.message)?;
        let began = Instant::now();
        let inventory = runtime.block_on(azure.inventory())?;
        whole.push(began.elapsed().as_secs_f64());
        let points: usize = inventory.vms.values().map(|machine| machine.points.len()).sum();
        if inventory.vms.len() != MACHINES || points < MACHINES * POINTS {
            return Err(format!("{} machines, {points} points", inventory.vms.len()).into());
        }
        let began = Instant::now();
        (calls, bytes) = dropped(&host, &items)?;
        floor.push(began.elapsed().as_secs_f64());
    }
    Ok((whole, floor, calls, bytes))
}

/// Everything that the provider asks for: fabrics, pages of items, the points of each.
fn paths(host: &str) -> Result<Vec<String>, Failed> {
    let version = "api-version=2024-04-01";
    let mut all = vec![format!("{VAULT}/replicationFabrics?{version}")];
    let mut next = Some(format!("{VAULT}/replicationProtectedItems?{version}"));
    let mut ids = Vec::new();
    while let Some(path) = next {
        let mut stream = TcpStream::connect(host)?;
        let page: serde_json::Value = serde_json::from_slice(&get(&mut stream, &path)?)?;
        all.push(path);
        let items = page["value"].as_array().cloned().unwrap_or_default();
        ids.extend(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)));
        let link = page["nextLink"].as_str();
        next = link.and_then(|link| link.find("/subscriptions/").map(|at| link[at..].to_owned()));
    }
    all.extend(ids.iter().map(|id| format!("{id}/recoveryPoints?{version}")));
    Ok(all)
}

fn dropped(host: &str, paths: &[String]) -> Result<(usize, usize), Failed> {
    let share = paths.len().div_ceil(AT_ONCE);
    let read = |paths: &[String]| -> Result<usize, Failed> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let mut bytes = 0;
        for path in paths {
            bytes += get(&mut stream, path)?.len();
        }
        Ok(bytes)
    };
    let bytes = std::thread::scope(|scope| -> Result<usize, Failed> {
        let parts: Vec<_> = paths.chunks(share).map(|part| scope.spawn(move || read(part))).collect();
        let mut all = 0;
        for part in parts {
            all += part.join().map_err(|_| "a reader panicked")??;
        }
        Ok(all)
    })?;
    Ok((paths.len(), bytes))
}

/// One GET over a connection that stays; the body by its length.
fn get(stream: &mut TcpStream, path: &str) -> Result<Vec<u8>, Failed> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: standin\r\nAuthorization: Bearer any\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err("the connection was closed".into());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

/// An estate of so many machines at home.
fn large() -> String {
    let machine = |number: usize| {
        let points: Vec<serde_json::Value> = (0..POINTS)
            .map(|back| {
                let at = 1_795_413_600 - i64::try_from(back).unwrap_or(0) * 300;
                let at = musterpoint::base::Timestamp::from_seconds(at);
                serde_json::json!({ "id": format!("m{number}-{back}"), "at": at, "kind": "crash",
                    "set": null, "processed": true, "usable": true })
            })
            .collect();
        let machine = serde_json::json!({ "site": "avs", "power": "on", "protection": "protected",
            "replicates_to": "azure", "os": "linux", "address": {}, "agent_registered": true, "left_behind": null,
            "pending_bytes": 0, "group": null, "points": points });
        (format!("m{number:04}"), machine)
    };
    let vms: serde_json::Map<String, serde_json::Value> = (0..MACHINES).map(machine).collect();
    serde_json::json!({
        "format": "muster.inventory/1", "now": "2026-11-23T06:00:30Z", "sites": ["avs", "azure"], "vms": vms,
        "sim": { "home": "avs", "replication": { "retention": "240h", "keep_all": "240h" } }
    })
    .to_string()
}

fn middle(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
