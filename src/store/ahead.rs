//! Reads a run log ahead of whoever works on it: a thread of its own fetches pages and checks their chain,
//! while the caller takes in the events before. Knows no event.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use crate::base::Digest;
use crate::event::EventLine;

use super::chain::checked_page;
use super::handle::Readers;
use super::{RunId, StoreError};

/// Pages that wait for the caller: two, so that neither side waits for the other's last line.
const PAGES_WAITING: usize = 2;

/// The pages of a log as far as it was written when they were read. After the last one there may be more:
/// what the end means is for the caller to find out.
#[derive(Debug)]
pub(super) struct Ahead {
    pages: Option<Receiver<Result<Vec<EventLine>, StoreError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Begins after event `seq`, which has `digest`. None where the system gives no thread.
    pub(super) fn start(readers: &Arc<Readers>, run: &RunId, seq: u64, digest: &Digest) -> Option<Self> {
        let (sender, pages) = sync_channel(PAGES_WAITING);
        let (readers, run, digest) = (Arc::clone(readers), run.clone(), digest.clone());
        let read = move || {
            let (mut seq, mut digest) = (seq, digest);
            loop {
                let page = checked_page(&readers, &run, seq, &digest);
                let next = match &page {
                    Ok(lines) => lines.last().map(|line| (line.seq, line.digest.clone())),
                    Err(_) => None,
                };
                let over = next.is_none();
                if matches!(&page, Ok(lines) if lines.is_empty()) || sender.send(page).is_err() || over {
                    return;
                }
                if let Some((last, its)) = next {
                    (seq, digest) = (last, its);
                }
            }
        };
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(read).ok()?;
        Some(Self { pages: Some(pages), thread: Some(thread) })
    }

    /// The next page, once it is there; none after the last.
    pub(super) fn next(&self) -> Option<Result<Vec<EventLine>, StoreError>> {
        self.pages.as_ref()?.recv().ok()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Without a receiver the thread ends after the page that it is at.
        self.pages = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
