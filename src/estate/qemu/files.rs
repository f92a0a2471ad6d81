//! Where everything lies below the estate's folder. Knows neither daemons nor records.

use std::path::{Path, PathBuf};

pub(super) use crate::estate::durable::{
    json_files, make_folder, names, read_json, remove, rename, sync, sync_folder_of, write_json,
};

/// Where things lie. Paths of disks are kept in records relative to their site's folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of an estate's folder.
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The estate's folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Held by whoever acts on the estate.
    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("estate.lock")
    }

    /// A site's folder.
    pub(super) fn site(&self, site: &str) -> PathBuf {
        self.root.join(site)
    }

    /// The record of a site's daemon.
    pub(super) fn site_record(&self, site: &str) -> PathBuf {
        self.site(site).join("site.json")
    }

    /// The folder of the key that clients of a site's disks have to know.
    pub(super) fn keys(&self, site: &str) -> PathBuf {
        self.site(site).join("tls")
    }

    /// The daemon's QMP socket.
    pub(super) fn socket(&self, site: &str) -> PathBuf {
        self.site(site).join("qsd.qmp")
    }

    /// What the daemon printed.
    pub(super) fn daemon_errors(&self, site: &str) -> PathBuf {
        self.site(site).join("qsd.err")
    }

    /// The file in which the daemon says its process.
    pub(super) fn daemon_pid(&self, site: &str) -> PathBuf {
        self.site(site).join("qsd.pid")
    }

    /// What a site knows of a machine.
    pub(super) fn vm(&self, site: &str, vm: &str) -> PathBuf {
        self.site(site).join("vms").join(vm).join("vm.json")
    }

    /// What a site knows of a machine's test copy.
    pub(super) fn test(&self, site: &str, vm: &str) -> PathBuf {
        self.site(site).join("vms").join(vm).join("test.json")
    }

    /// A file of a machine's guest, or of the guest of its test copy: `json`, `qmp`, `agent`, `pid`, `log`, `err`.
    pub(super) fn guest(&self, site: &str, vm: &str, test: bool, what: &str) -> PathBuf {
        let name = if test { "test-guest" } else { "guest" };
        self.site(site).join("vms").join(vm).join(format!("{name}.{what}"))
    }

    /// The guests whose writing is stopped, while it is.
    pub(super) fn frozen(&self) -> PathBuf {
        self.root.join("frozen.json")
    }

    /// The points of a machine that a site holds.
    pub(super) fn points(&self, site: &str, vm: &str) -> PathBuf {
        self.site(site).join("points").join(vm)
    }

    /// The record of a point.
    pub(super) fn point(&self, site: &str, vm: &str, point: &str) -> PathBuf {
        self.points(site, vm).join(format!("{point}.json"))
    }

    /// The record of a set.
    pub(super) fn set(&self, site: &str, set: &str) -> PathBuf {
        self.site(site).join("sets").join(format!("{set}.json"))
    }

    /// The record of an act.
    pub(super) fn act(&self, slug: &str) -> PathBuf {
        self.root.join("acts").join(format!("{slug}.json"))
    }
}
