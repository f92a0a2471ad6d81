//! On what kind of file system a folder lies, from the kernel's table of mounts.

use std::path::{Path, PathBuf};

/// File systems whose shared memory and locks do not reach other processes as SQLite's write-ahead
/// log needs them to.
const NETWORK: [&str; 18] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "smb3",
    "smbfs",
    "gfs2",
];
/// The same behind the kernel's user-space interface: `fuse.` and one of these.
const NETWORK_FUSE: [&str; 12] = [
    "ceph",
    "cephfs",
    "davfs2",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "juicefs",
    "mount.glusterfs",
    "rclone",
    "s3fs",
    "seaweedfs",
    "sshfs",
];

/// The type of the network file system that `folder` lies on, if it does. `folder` is absolute and
/// without links. Nothing where the system has no table of mounts.
pub(super) fn network_kind(folder: &Path) -> Option<String> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(&table, folder)?;
    is_network(kind).then(|| kind.to_owned())
}

fn is_network(kind: &str) -> bool {
    kind.strip_prefix("fuse.").map_or_else(|| NETWORK.contains(&kind), |kind| NETWORK_FUSE.contains(&kind))
}

/// The type of the mount with the longest path above `folder`; of two on one path, the later.
fn kind_of<'t>(table: &'t str, folder: &Path) -> Option<&'t str> {
    let mut best: Option<(usize, &str)> = None;
    for line in table.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let Some(point) = before.split(' ').nth(4).map(unescaped) else { continue };
        let Some(kind) = after.split(' ').next() else { continue };
        let depth = point.components().count();
        if folder.starts_with(&point) && best.is_none_or(|(most, _)| depth >= most) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// The kernel writes blanks, tabs, newlines and backslashes as three octal digits.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        PathBuf::from(std::ffi::OsString::from_vec(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:40 / /home rw shared:2 - nfs4 server:/home rw
31 30 0:41 / /home/a\\040b rw - tmpfs tmpfs rw
32 22 0:42 / /mnt rw - ext4 /dev/vdb rw
33 22 0:43 / /mnt rw - fuse.sshfs host: rw
broken line
";

    #[test]
    fn the_nearest_mount_decides_and_the_later_of_two() {
        for (folder, kind) in [
            ("/var/lib", "ext4"),
            ("/home/x", "nfs4"),
            ("/homestead", "ext4"),
            ("/home/a b/.muster", "tmpfs"),
            ("/mnt/state", "fuse.sshfs"),
        ] {
            assert_eq!(kind_of(TABLE, Path::new(folder)), Some(kind), "{folder}");
        }
        assert_eq!(kind_of("", Path::new("/")), None);
    }

    #[test]
    fn only_network_kinds_are_refused() {
        assert!(is_network("nfs4") && is_network("fuse.sshfs") && is_network("cifs"));
        assert!(!is_network("ext4") && !is_network("overlay") && !is_network("fuse.lxcfs"));
    }
}
