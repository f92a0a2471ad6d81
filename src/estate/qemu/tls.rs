//! Disks served beyond loopback: whoever wants to read or write them has to know the site's key, and everything
//! that goes over the line is encrypted. The key is made once, lies in a file that only its owner may read, and
//! is never said anywhere else.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::files::{self, Layout};
use super::record::SiteRecord;
use crate::estate::trouble::Trouble;

/// The name of the credentials inside of QEMU.
pub(super) const ID: &str = "tls0";
/// As whom clients present themselves.
const USER: &str = "muster";
/// QEMU's name for the file of keys, of servers and clients alike.
const FILE: &str = "keys.psk";
const KEY_BYTES: usize = 32;

/// The folder of a site's key, which is made where it is missing.
pub(super) fn make_key(layout: &Layout, site: &str) -> Result<PathBuf, Trouble> {
    let folder = layout.keys(site);
    let path = folder.join(FILE);
    if path.exists() {
        return Ok(folder);
    }
    if let Err(error) = DirBuilder::new().mode(0o700).create(&folder)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(Trouble::io("make", &folder, &error));
    }
    let fresh = folder.join("keys.new");
    files::remove(&fresh)?;
    let written = |error: std::io::Error| Trouble::io("write", &fresh, &error);
    let mut bytes = [0; KEY_BYTES];
    File::open("/dev/urandom")
        .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut bytes))
        .map_err(|error| Trouble::io("read", Path::new("/dev/urandom"), &error))?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh).map_err(written)?;
    file.write_all(format!("{USER}:{key}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(written)?;
    files::rename(&fresh, &path)?;
    Ok(folder)
}

/// The option that makes QEMU know the key of a folder.
pub(super) fn object(folder: &Path, endpoint: &str) -> String {
    let folder = folder.display().to_string().replace(',', ",,");
    let user = if endpoint == "client" { format!(",username={USER}") } else { String::new() };
    format!("tls-creds-psk,id={ID},endpoint={endpoint},dir={folder}{user}")
}

/// Where a disk is served, for programs that understand NBD's addresses.
pub(super) fn uri(layout: &Layout, daemon: &SiteRecord, name: &str) -> String {
    if !daemon.tls {
        return format!("nbd://{}/{name}", daemon.at());
    }
    let file = layout.keys(&daemon.name).join(FILE);
    format!("nbds://{USER}@{}/{name}?tls-psk-file={}", daemon.at(), file.display())
}
