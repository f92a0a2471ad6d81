//! Ctrl-C, termination and a lost terminal, counted: the first pauses, the second leaves at once. What
//! this process was started to ignore stays ignored.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, termination and a lost terminal, counted.
#[derive(Debug)]
pub struct Interrupts {
    pub(super) count: u32,
    /// One came, and the run is not paused by it yet.
    pub(super) unheard: bool,
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Default for Interrupts {
    fn default() -> Self {
        Self::new()
    }
}

impl Interrupts {
    /// Begins to listen.
    #[must_use]
    pub fn new() -> Self {
        // `nohup` and a shell's background jobs ignore signals on purpose; listening would undo that.
        let ignored = ignored();
        let listen = |kind: SignalKind| {
            let bit = kind.as_raw_value().checked_sub(1).and_then(|bit| u32::try_from(bit).ok())?;
            let heard = ignored.checked_shr(bit).unwrap_or(0) & 1 == 0;
            heard.then(|| signal(kind).ok()).flatten()
        };
        Self {
            count: 0,
            unheard: false,
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            biased;
            () = one(&mut self.interrupt) => {}
            () = one(&mut self.terminate) => {}
            () = one(&mut self.hangup) => {}
        }
        self.count += 1;
        self.unheard = true;
    }
}

async fn one(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The signals that this process ignores, as the kernel's mask; none where it does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
