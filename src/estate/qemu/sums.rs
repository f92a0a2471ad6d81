//! Sums of files, a piece each: of what is shipped, and of a point's file as it lies. Reads only.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::estate::trouble::Trouble;

/// What is synced and recorded at once: a second or two of a slow disk.
pub(super) const PIECE: u64 = 64 * 1024 * 1024;
/// What is held in memory.
const BUFFER: usize = 1024 * 1024;

/// A point's file as it was when its point was declared, or after the last merge that wrote it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Lies {
    /// Its length in bytes.
    pub(super) length: u64,
    /// One sum a piece; an empty one is still to be taken.
    pub(super) sums: Vec<String>,
}

impl Lies {
    /// All sums are still to be taken.
    pub(super) fn untaken(length: u64) -> Self {
        let pieces = usize::try_from(length.div_ceil(PIECE)).unwrap_or(usize::MAX);
        Self { length, sums: vec![String::new(); pieces] }
    }

    /// The first piece is about to be written: its sum is to be taken again.
    pub(super) fn forget_first(&mut self) {
        if let Some(first) = self.sums.first_mut() {
            first.clear();
        }
    }

    /// Whether every byte is covered.
    pub(super) fn is_whole(&self) -> bool {
        self.sums.iter().all(|sum| !sum.is_empty())
    }

    fn place(&self, piece: usize) -> (u64, u64) {
        let at = (piece as u64).saturating_mul(PIECE).min(self.length);
        (at, PIECE.min(self.length - at))
    }

    /// Takes the first sum that is missing. Says whether one was.
    pub(super) async fn take_next(&mut self, path: &Path) -> Result<bool, Trouble> {
        let Some(piece) = self.sums.iter().position(String::is_empty) else { return Ok(false) };
        let (at, length) = self.place(piece);
        let taken = sum_of(path, at, length).await?;
        if let Some(sum) = self.sums.get_mut(piece) {
            *sum = taken;
        }
        Ok(true)
    }

    /// What is wrong with a piece of the file, if anything is. A piece whose sum was not taken is not read.
    pub(super) async fn fault(&self, path: &Path, piece: usize) -> Result<Option<String>, Trouble> {
        let there = path.metadata().map_err(|error| Trouble::io("look at", path, &error))?.len();
        if there != self.length {
            return Ok(Some(format!("it has {there} bytes, and had {}", self.length)));
        }
        let Some(sum) = self.sums.get(piece).filter(|sum| !sum.is_empty()) else { return Ok(None) };
        let (at, length) = self.place(piece);
        let same = sum_of(path, at, length).await? == *sum;
        Ok((!same).then(|| format!("its bytes from {at} to {} are not those that it had", at + length)))
    }
}

/// The sum of `length` bytes of a file.
pub(super) async fn sum_of(path: &Path, at: u64, length: u64) -> Result<String, Trouble> {
    let reading = |error: std::io::Error| Trouble::io("read", path, &error);
    let mut input = File::open(path).map_err(reading)?;
    input.seek(SeekFrom::Start(at)).map_err(reading)?;
    pass(&mut input, length, path, &mut |_| Ok(())).await
}

/// Reads `length` bytes, hands them on, and returns their sum.
pub(super) async fn pass(
    input: &mut File,
    length: u64,
    path: &Path,
    each: &mut (dyn FnMut(&[u8]) -> Result<(), Trouble> + Send),
) -> Result<String, Trouble> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut left = length;
    while left > 0 {
        let want = usize::try_from(left).map_or(BUFFER, |left| left.min(BUFFER));
        let Some(room) = buffer.get_mut(..want) else { break };
        input.read_exact(room).map_err(|error| Trouble::io("read", path, &error))?;
        hasher.update(&*room);
        each(room)?;
        left -= want as u64;
        // Other machines' acts are served between two buffers.
        tokio::task::yield_now().await;
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
