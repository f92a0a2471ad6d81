//! Recovery points of real disks, from the command to durable at the other site, on loopback: ten of 1,024 MiB
//! changed, and two machines cut together. Beside each, what the disk itself takes to write and sync as much.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use musterpoint::estate::qemu::{Qemu, QemuOptions, Taken};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 7;
const MIB: usize = 1 << 20;
const CHANGED: usize = 10;
const ESTATE: &str = r#"{ "format": "muster.disks/1", "sites": [ { "name": "north" }, { "name": "south" } ],
    "machines": { "large": { "disks": { "data": "1GiB" } },
                  "one": { "group": "pair", "disks": { "data": "64MiB" } },
                  "two": { "group": "pair", "disks": { "data": "64MiB" } } } }"#;

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<(), Failed> {
    let place = tempfile::Builder::new().prefix("mr").tempdir_in("/tmp")?;
    let options =
        QemuOptions::new(place.path().join("estate"), ESTATE.to_owned(), place.path().to_path_buf());
    let estate = Qemu::open(options).map_err(|found| found.message)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(estate.set_up()).map_err(|error| error.to_string())?;
    let measured = rounds(&runtime, &estate, place.path());
    runtime.block_on(estate.stop_daemons()).map_err(|error| error.to_string())?;
    let measured = measured?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{ROUNDS} rounds; load {}", load.trim());
    println!(
        "{CHANGED} MiB of 1 GiB changed, to durable at the other site: {:.0} ms; goal 1000 ms",
        middle(measured.large)
    );
    println!("  the same bytes written and synced, and read: {:.0} ms", middle(measured.floor));
    println!("  its cut: {:.1} ms", middle(measured.large_cut));
    println!("two machines, 1 MiB each, as one set: {:.0} ms", middle(measured.pair));
    println!("  its cut, for which both wait: {:.1} ms; goal 20 ms", middle(measured.pair_cut));
    Ok(())
}

type Times = Vec<f64>;

/// Milliseconds of each round.
#[derive(Default)]
struct Measured {
    large: Times,
    large_cut: Times,
    pair: Times,
    pair_cut: Times,
    floor: Times,
}

fn rounds(runtime: &tokio::runtime::Runtime, estate: &Qemu, place: &Path) -> Result<Measured, Failed> {
    let mut measured = Measured::default();
    for round in 0..ROUNDS {
        change(runtime, estate, "large", round * CHANGED, CHANGED)?;
        let (took, taken) = take(runtime, estate, "large")?;
        measured.large.push(milliseconds(took));
        measured.large_cut.push(milliseconds(taken.cut));
        for machine in ["one", "two"] {
            change(runtime, estate, machine, round, 1)?;
        }
        let (took, taken) = take(runtime, estate, "pair")?;
        measured.pair.push(milliseconds(took));
        measured.pair_cut.push(milliseconds(taken.cut));
        measured.floor.push(milliseconds(copied(place)?));
    }
    Ok(measured)
}

fn take(runtime: &tokio::runtime::Runtime, estate: &Qemu, of: &str) -> Result<(Duration, Taken), Failed> {
    let began = Instant::now();
    let taken = runtime.block_on(estate.take_point(of)).map_err(|error| error.to_string())?;
    Ok((began.elapsed(), taken))
}

/// Fills so many MiB of a machine's disk with what is not zero.
fn change(
    runtime: &tokio::runtime::Runtime,
    estate: &Qemu,
    machine: &str,
    from: usize,
    many: usize,
) -> Result<(), Failed> {
    let uris = runtime.block_on(estate.uris(machine, false)).map_err(|error| error.to_string())?;
    let uri = uris.get("data").ok_or("its disk is not served")?;
    let write = format!("write -q -P {} {from}M {many}M", 1 + from % 250);
    let ended = Command::new("qemu-io")
        .args(["-f", "raw", "-c", &write, "-c", "flush", uri])
        .stdin(Stdio::null())
        .status()?;
    if ended.success() { Ok(()) } else { Err(format!("qemu-io {write}: {ended}").into()) }
}

/// The floor: as many bytes written and synced twice, for a point is at home first, and read back once.
fn copied(place: &Path) -> Result<Duration, Failed> {
    let bytes = vec![7; CHANGED * MIB];
    let began = Instant::now();
    for name in ["first", "second"] {
        let mut file = std::fs::File::create(place.join(name))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
    }
    std::hint::black_box(std::fs::read(place.join("second"))?);
    Ok(began.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn middle(mut times: Times) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
