//! Copies of real state folders that were cut at every boundary or have one bit the other way round: a reader
//! and a writer get what was written, or are told what is lost or damaged. Never another content.
//!
//! `MUSTER_FLIPS=N` changes N bits instead of a few hundred.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use musterpoint::source::codes::run as codes;
use musterpoint::store::{OpenFor, StoreError};

use crate::folders::{Folder, folders, holder, scratch};

const FILES: [&str; 2] = ["muster.db", "muster.db-wal"];
const FLIPS: u64 = 240;
/// Boundaries looked at in one file; a longer file has every so-manieth of them.
const BOUNDARIES_MAX: usize = 32;
/// A page of the database, and a frame of its log: a head and a page, behind the log's own head.
const PAGE: usize = 4096;
const FRAME: usize = 24 + PAGE;
const LOG_HEAD: usize = 32;
/// The head of the database; that of the log is shorter.
const HEAD: usize = 100;
/// Far above what opening and reading takes, waiting for locks included.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of the copies.
#[derive(Default, Debug)]
struct Seen {
    unharmed: u32,
    lost: u32,
    damaged: u32,
    other: u32,
    wrong: Vec<String>,
}

impl Seen {
    /// Looks at one copy, in which one file is another.
    fn look(&mut self, folder: &Folder, copy: &Path, name: &str, changed: &[u8], what: &str) {
        let what = format!("{}, {name}, {what}", folder.name);
        for how in [OpenFor::Read, OpenFor::Write] {
            folder.put(copy, name, changed);
            let began = Instant::now();
            let looked = catch_unwind(AssertUnwindSafe(|| self.one(folder, copy, how)));
            let why = match looked {
                Ok(Ok(())) if began.elapsed() < PATIENCE => continue,
                Ok(Ok(())) => format!("took {:?}", began.elapsed()),
                Ok(Err(why)) => why,
                Err(_) => "panicked".to_owned(),
            };
            self.wrong.push(format!("{what}, {how:?}: {why}"));
        }
    }

    fn one(&mut self, folder: &Folder, copy: &Path, how: OpenFor) -> Result<(), String> {
        let error = match folder.read(copy, how) {
            Ok(all) if !folder.said.contains(&all) => return Err(format!("believes {all:?}")),
            Ok(_) => {
                self.unharmed += 1;
                return match holder(copy) {
                    Ok(held) if held != folder.held => Err(format!("the machines are held by {held:?}")),
                    Ok(_) => Ok(()),
                    Err(error) => refusal(copy, &error),
                };
            }
            Err(error) => error,
        };
        match error {
            StoreError::Lost { .. } | StoreError::LostRequests { .. } => self.lost += 1,
            StoreError::Damaged { .. } => self.damaged += 1,
            _ => self.other += 1,
        }
        refusal(copy, &error)
    }
}

/// A refusal has a code of the store's, names the run, the request or the file, and says what to do.
fn refusal(copy: &Path, error: &StoreError) -> Result<(), String> {
    let said = error.diagnostic();
    let known = [codes::STORE_DAMAGED, codes::NOT_A_STORE, codes::STORE_VERSION, codes::STORE_FAILED]
        .contains(&said.code);
    let named = ["run `erp-", "request", "muster.db"].iter().any(|name| said.message.contains(name));
    if !known || !named || said.help.is_none() || said.message.contains('\n') {
        return Err(format!("says {said:?} of {}", copy.display()));
    }
    Ok(())
}

/// Seeded choices (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % (bound as u64)).unwrap()
    }
}

/// Lengths to which a file is cut: its boundaries, one byte beside them, and some odd ones.
fn cuts(name: &str, bytes: usize) -> Vec<usize> {
    let (first, step) = if name == "muster.db" { (0, PAGE) } else { (LOG_HEAD, FRAME) };
    let boundaries: Vec<usize> = (first..bytes).step_by(step).collect();
    let thinned = boundaries.len().div_ceil(BOUNDARIES_MAX).max(1);
    let mut cuts: Vec<usize> = boundaries.into_iter().step_by(thinned).collect();
    let beside: Vec<usize> =
        cuts.iter().step_by(3).flat_map(|cut| [cut.saturating_sub(1), cut + 1]).collect();
    let mut dice = Dice(bytes as u64);
    cuts.extend(beside);
    cuts.extend((0..20).map(|_| dice.below(bytes)));
    cuts.retain(|cut| *cut < bytes);
    cuts
}

#[test]
fn a_file_cut_at_any_length_is_whole_or_refused_with_what_is_lost() {
    let (copy, mut seen) = (scratch(), Seen::default());
    for folder in folders() {
        for name in FILES {
            let bytes = folder.bytes(name);
            for cut in if bytes.is_empty() { Vec::new() } else { cuts(name, bytes.len()) } {
                seen.look(&folder, copy.path(), name, &bytes[..cut], &format!("cut to {cut}"));
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    assert!(seen.lost > 50 && seen.damaged > 10, "{seen:?}");
}

#[test]
fn a_flipped_bit_anywhere_changes_nothing_or_is_refused() {
    let flips = std::env::var("MUSTER_FLIPS").ok().and_then(|flips| flips.parse().ok()).unwrap_or(FLIPS);
    let (copy, mut seen, folders) = (scratch(), Seen::default(), folders());
    let files: Vec<(&Folder, &str)> =
        folders.iter().flat_map(|folder| FILES.map(|name| (folder, name))).collect();
    let files: Vec<_> = files.into_iter().filter(|(folder, name)| !folder.bytes(name).is_empty()).collect();
    for (seed, (folder, name)) in (0..flips).zip(files.iter().cycle()) {
        let mut dice = Dice(seed);
        let mut bytes = folder.bytes(name).to_vec();
        // Each eighth one hits the head, which says what the file is.
        let within = if seed % 8 == 0 { HEAD } else { bytes.len() };
        let (place, bit) = (dice.below(within), dice.below(8));
        bytes[place] ^= 1 << bit;
        seen.look(folder, copy.path(), name, &bytes, &format!("seed {seed}: bit {bit} of byte {place}"));
    }
    println!("{flips} flips: {seen:?}");
    assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    assert!(seen.unharmed > 50 && seen.lost > 20 && seen.damaged > 20, "{seen:?}");
}
