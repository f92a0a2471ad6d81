//! What the guests write, and the workload: transaction n goes to `db`; when `db` has said yes it goes to `app`.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::lab::until;

fn ask(address: &str, said: &str, ends: &str) -> Option<String> {
    let address: SocketAddr = format!("{address}:7000").parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(format!("{said}\n").as_bytes()).ok()?;
    let mut heard = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        let read = stream.read(&mut buffer).ok()?;
        heard.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&heard).into_owned();
        if text.ends_with(ends) || read == 0 {
            return text.ends_with(ends).then_some(text);
        }
    }
}

/// Writes a row; whether the guest said that it is on its disk.
pub(crate) fn put(address: &str, n: u32) -> bool {
    ask(address, &format!("put {n} row"), "\n").is_some_and(|said| said == format!("ok {n}\n"))
}

/// The rows that a guest has.
pub(crate) fn rows(address: &str) -> BTreeSet<u32> {
    let text = ask(address, "cat", "END\n").unwrap_or_else(|| panic!("{address} does not tell its rows"));
    text.lines().filter_map(|line| line.split(' ').nth(1)?.parse().ok()).collect()
}

/// Rows whose sum is not theirs.
pub(crate) fn bad(address: &str) -> String {
    let said = ask(address, "verify", "\n").unwrap_or_else(|| panic!("{address} does not verify its rows"));
    said.trim().split("bad=").nth(1).unwrap_or(&said).to_owned()
}

/// Waits until a guest takes connections and answers on them.
pub(crate) fn wait_for(address: &str, port: u16) {
    assert_eq!(port, 7000, "the port of the rows");
    until(&format!("{address} to answer"), || ask(address, "verify", "\n").is_some());
}

/// Transactions one after the other until it is stopped, or a guest says no.
pub(crate) struct Work {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Work {
    pub(crate) fn from(first: u32, db: &str, app: &str) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(first - 1)));
        let (stops, counts) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let (db, app) = (db.to_owned(), app.to_owned());
        let thread = std::thread::spawn(move || {
            for n in first.. {
                if stops.load(Ordering::SeqCst) || !put(&db, n) || !put(&app, n) {
                    return;
                }
                counts.store(n, Ordering::SeqCst);
            }
        });
        Self { stop, acknowledged, thread: Some(thread) }
    }

    /// The last transaction that both have said yes to.
    pub(crate) fn acknowledged(&self) -> u32 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many more are acknowledged.
    pub(crate) fn goes_on_by(&self, more: u32) -> u32 {
        let goal = self.acknowledged() + more;
        until(&format!("transaction {goal}"), || self.acknowledged() >= goal);
        self.acknowledged()
    }

    pub(crate) fn ends(mut self) -> u32 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
        self.acknowledged()
    }
}
