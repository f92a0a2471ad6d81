//! The estate file of disks, `muster.disks/1`: two sites, machines, their groups and the sizes of
//! their disks. Text in, checked description out; knows no daemon and no state folder.

use std::net::{IpAddr, Ipv4Addr};

use indexmap::IndexMap;
use serde::Deserialize;

use crate::base::time::parse_duration;
use crate::base::words;
use crate::source::Diagnostic;
use crate::source::codes::estate as codes;

use super::guest_spec::{self, GuestSpec, GuestText};
use super::replicate::Schedule;

/// The format that is read.
pub const DISKS_FORMAT: &str = "muster.disks/1";
/// A description in bytes: a thousand machines with sixteen disks each are about 1 MiB.
const DESCRIPTION_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Machines of one estate: one daemon a site holds all their disks open.
const MACHINES_MAX: usize = 1000;
/// Disks of one machine.
const DISKS_MAX: usize = 16;
/// Characters of a name: it becomes part of file names.
const NAME_MAX: usize = 48;
/// Sizes are whole clusters of qcow2.
const CLUSTER: u64 = 64 * 1024;
/// Each point of a chain is a file that every open reads.
const POINTS_MAX: usize = 200;
/// 64 TiB, below what a qcow2 file with 64 KiB clusters can address.
const SIZE_MAX: u64 = 64 << 40;

/// One of the two sites.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// The first site of the description.
    Home,
    /// The second.
    Away,
}

impl Side {
    /// Both, home first.
    pub(super) const BOTH: [Self; 2] = [Self::Home, Self::Away];

    /// The other one.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Home => Self::Away,
            Self::Away => Self::Home,
        }
    }
}

/// What serves disks at a site. A test's copies are served by a daemon of their own, so that they
/// have an address of their own and are in nobody's way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Host {
    /// Of machines.
    Machines(Side),
    /// Of the copies that tests made there.
    Tests(Side),
}

impl Host {
    /// Of a machine, or of its test's copy if said.
    pub(super) const fn of(side: Side, test: bool) -> Self {
        if test { Self::Tests(side) } else { Self::Machines(side) }
    }

    /// Whether it serves the copies of tests.
    pub(super) const fn is_of_tests(self) -> bool {
        matches!(self, Self::Tests(_))
    }

    /// Where it is.
    pub(super) const fn side(self) -> Side {
        match self {
            Self::Machines(side) | Self::Tests(side) => side,
        }
    }
}

impl From<Side> for Host {
    fn from(side: Side) -> Self {
        Self::Machines(side)
    }
}

/// One value a site.
#[derive(Clone, Debug, Default)]
pub(super) struct Pair<T> {
    /// Of the first site.
    pub(super) home: T,
    /// Of the second.
    pub(super) away: T,
}

impl<T> Pair<T> {
    /// The value of a side.
    pub(super) const fn at(&self, side: Side) -> &T {
        match side {
            Side::Home => &self.home,
            Side::Away => &self.away,
        }
    }

    /// As `at`, for change.
    pub(super) const fn at_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Home => &mut self.home,
            Side::Away => &mut self.away,
        }
    }
}

/// A site as described.
#[derive(Clone, Debug)]
pub(super) struct SiteSpec {
    /// Its name.
    pub(super) name: String,
    /// The port of its NBD server; a free one where none is said.
    pub(super) port: Option<u16>,
    /// Where its NBD server listens. Beyond loopback only with `tls`.
    pub(super) listen: IpAddr,
    /// Whether clients have to know the site's key, and everything is encrypted.
    pub(super) tls: bool,
}

/// A machine as described.
#[derive(Clone, Debug)]
pub(super) struct MachineSpec {
    /// Its replication group.
    pub(super) group: Option<String>,
    /// What runs on it, for people.
    pub(super) os: Option<String>,
    /// Its disks with their sizes in bytes.
    pub(super) disks: IndexMap<String, u64>,
    /// What runs on them; none for disks that others write to.
    pub(super) guest: Option<GuestSpec>,
}

/// Sites, machines, groups and disks of one estate. Every name in it can be a file name.
#[derive(Clone, Debug)]
pub struct Description {
    pub(super) sites: Pair<SiteSpec>,
    pub(super) machines: IndexMap<String, MachineSpec>,
    pub(super) schedule: Schedule,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the whole estate, an object")]
struct FileText {
    format: String,
    sites: Vec<SiteText>,
    machines: IndexMap<String, MachineText>,
    #[serde(default)]
    points: PointsText,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "when points are taken, such as `{ \"every\": \"1m\" }`")]
struct PointsText {
    #[serde(default)]
    every: Option<String>,
    #[serde(default)]
    app_every: Option<String>,
    #[serde(default)]
    keep: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a site, such as `{ \"name\": \"north\" }`")]
struct SiteText {
    name: String,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    listen: Option<IpAddr>,
    #[serde(default)]
    tls: Tls,
}

/// Whether a site's disks are served encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tls {
    #[default]
    None,
    Required,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a machine, such as `{ \"disks\": { \"data\": \"64MiB\" } }`")]
struct MachineText {
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    os: Option<String>,
    disks: IndexMap<String, String>,
    #[serde(default)]
    guest: Option<GuestText>,
}

impl Description {
    /// Reads an estate file of disks.
    ///
    /// # Errors
    /// The first thing that is wrong with it, as a diagnostic without a place.
    pub fn read(text: &str) -> Result<Self, Diagnostic> {
        if text.len() > DESCRIPTION_BYTES_MAX {
            let message =
                format!("the estate file has {} bytes, at most {DESCRIPTION_BYTES_MAX}", text.len());
            return Err(Diagnostic::placeless(codes::DISKS_UNREADABLE, message));
        }
        let file: FileText = serde_json::from_str(text).map_err(|error| {
            let message = format!("the estate file is not a description of disks: {}", words::json(&error));
            Diagnostic::placeless(codes::DISKS_UNREADABLE, message)
                .help("mend that line; `muster explain MP0541` shows such a file")
        })?;
        if file.format != DISKS_FORMAT {
            let message = format!("the estate file has the format `{}`", file.format);
            return Err(Diagnostic::placeless(codes::DISKS_UNREADABLE, message)
                .help(format!("write `\"format\": \"{DISKS_FORMAT}\"`")));
        }
        let sites = sites(file.sites)?;
        if file.machines.len() > MACHINES_MAX {
            let message = format!(
                "the estate file has {}, at most {MACHINES_MAX}",
                words::count(file.machines.len(), "machine")
            );
            return Err(wrong(message));
        }
        let mut machines = IndexMap::new();
        for (name, machine) in file.machines {
            let spec = machine_spec(&name, machine)?;
            machines.insert(name, spec);
        }
        let schedule = schedule(&file.points)?;
        Ok(Self { sites, machines, schedule })
    }

    /// The side of a site's name.
    pub(super) fn side(&self, site: &str) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| self.sites.at(*side).name == site)
    }

    /// The members of a group, or the machine of that name.
    pub(super) fn members(&self, target: &str) -> Vec<String> {
        let members: Vec<String> = self
            .machines
            .iter()
            .filter(|(_, machine)| machine.group.as_deref() == Some(target))
            .map(|(name, _)| name.clone())
            .collect();
        if members.is_empty() && self.machines.contains_key(target) {
            return vec![target.to_owned()];
        }
        members
    }
}

pub(super) fn wrong(message: String) -> Diagnostic {
    Diagnostic::placeless(codes::DISKS_WRONG, message)
}

fn schedule(written: &PointsText) -> Result<Schedule, Diagnostic> {
    let every = |said: &Option<String>| {
        said.as_ref().map(|said| {
            parse_duration(said).ok().filter(|every| Schedule::fits(*every)).ok_or_else(|| {
                wrong(format!("points every `{said}` cannot be taken"))
                    .help("write `1s` to `7d`, such as `30s` or `15m`")
            })
        })
    };
    let keep = written.keep.unwrap_or(Schedule::DEFAULT.keep);
    if !(2..=POINTS_MAX).contains(&keep) {
        return Err(wrong(format!("{keep} points cannot be kept")).help(format!("keep 2 to {POINTS_MAX}")));
    }
    Ok(Schedule {
        every: every(&written.every).transpose()?.unwrap_or(Schedule::DEFAULT.every),
        app_every: every(&written.app_every).transpose()?,
        keep,
    })
}

fn sites(written: Vec<SiteText>) -> Result<Pair<SiteSpec>, Diagnostic> {
    let found = written.len();
    let [home, away]: [SiteText; 2] = written.try_into().map_err(|_| {
        wrong(format!("the estate file has {}, an estate has two", words::count(found, "site")))
            .help("write the two sites, home first")
    })?;
    for site in [&home, &away] {
        name_is_fit("site", &site.name)?;
    }
    if home.name == away.name {
        return Err(wrong(format!("both sites are called `{}`", home.name)).help("rename one of them"));
    }
    for site in [&home, &away] {
        if let Some(listen) = site.listen.filter(|listen| !listen.is_loopback() && site.tls == Tls::None) {
            return Err(wrong(format!(
                "the site `{}` listens on `{listen}`, where anybody on the network could write to its disks",
                site.name
            ))
            .help("write `\"tls\": \"required\"` beside it, or leave `listen` out"));
        }
    }
    if home.port.is_some() && home.port == away.port && home.listen == away.listen {
        return Err(wrong(format!("`{}` and `{}` have the same port", home.name, away.name))
            .help("give one of them another port, or leave both out"));
    }
    let spec = |site: SiteText| SiteSpec {
        name: site.name,
        port: site.port,
        listen: site.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        tls: site.tls == Tls::Required,
    };
    Ok(Pair { home: spec(home), away: spec(away) })
}

fn machine_spec(name: &str, written: MachineText) -> Result<MachineSpec, Diagnostic> {
    name_is_fit("machine", name)?;
    if let Some(group) = &written.group {
        name_is_fit("group", group)?;
    }
    if written.disks.is_empty() || written.disks.len() > DISKS_MAX {
        let has = words::count(written.disks.len(), "disk");
        return Err(wrong(format!("`{name}` has {has}, a machine has 1 to {DISKS_MAX}")));
    }
    let mut disks = IndexMap::new();
    for (disk, size) in written.disks {
        name_is_fit("disk", &disk)?;
        let bytes = size_in_bytes(&size).ok_or_else(|| {
            wrong(format!("`{size}` of the disk `{disk}` of `{name}` is not a size"))
                .help("write whole units such as `64MiB` or `10GiB`")
        })?;
        if bytes == 0 || bytes > SIZE_MAX || !bytes.is_multiple_of(CLUSTER) {
            return Err(wrong(format!("the disk `{disk}` of `{name}` has {size}"))
                .help("write a multiple of 64KiB up to 64TiB"));
        }
        disks.insert(disk, bytes);
    }
    let guest = written.guest.map(|guest| guest_spec::read(name, guest)).transpose()?;
    Ok(MachineSpec { group: written.group, os: written.os, disks, guest })
}

/// Names become folders, node names and exports.
fn name_is_fit(what: &str, name: &str) -> Result<(), Diagnostic> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= NAME_MAX && name.chars().all(fits) {
        return Ok(());
    }
    Err(wrong(format!("the {what} `{}` cannot be the name of a file", name.escape_debug()))
        .help(format!("use 1 to {NAME_MAX} of a-z, 0-9, `-`, `_` and `.`, a letter or digit first")))
}

pub(super) fn size_in_bytes(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(sites: &str, machines: &str) -> String {
        format!("{{\"format\":\"muster.disks/1\",\"sites\":{sites},\"machines\":{machines}}}")
    }

    #[test]
    fn a_description_keeps_sites_groups_and_sizes() {
        let text = file(
            r#"[{"name":"north"},{"name":"south","port":10810}]"#,
            r#"{"orders":{"group":"shop","disks":{"data":"64MiB","log":"64KiB"}},"alone":{"disks":{"d":"1GiB"}}}"#,
        );
        let read = Description::read(&text).unwrap();
        assert_eq!(read.sites.home.name, "north");
        assert_eq!(read.sites.away.port, Some(10810));
        assert_eq!(read.machines["orders"].disks["data"], 64 << 20);
        assert_eq!(read.members("shop"), ["orders"]);
        assert_eq!(read.members("alone"), ["alone"]);
        assert!(read.members("nothing").is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_in_the_users_words() {
        let two = r#"[{"name":"north"},{"name":"south"}]"#;
        for (text, says) in [
            ("{", "not a description"),
            (&file(r#"[{"name":"north"}]"#, "{}") as &str, "1 site"),
            (&file(r#"[{"name":"a"},{"name":"a"}]"#, "{}"), "both sites are called `a`"),
            (&file(r#"[{"name":"a","port":7},{"name":"b","port":7}]"#, "{}"), "the same port"),
            (&file(r#"[{"name":"a","listen":"10.0.0.1"},{"name":"b"}]"#, "{}"), "anybody on the network"),
            (&file(r#"[{"name":"a","listen":"here"},{"name":"b"}]"#, "{}"), "invalid IP address"),
            (&file(two, r#"{"../x":{"disks":{"d":"64KiB"}}}"#), "cannot be the name of a file"),
            (&file(two, r#"{"x":{"disks":{}}}"#), "0 disks"),
            (&file(two, r#"{"x":{"disks":{"d":"10"}}}"#), "is not a size"),
            (&file(two, r#"{"x":{"disks":{"d":"1KiB"}}}"#), "has 1KiB"),
            (&file(two, r#"{"x":{"disk":{"d":"1KiB"}}}"#), "unknown field `disk`"),
        ] {
            let found = Description::read(text).unwrap_err();
            assert!(found.message.contains(says), "{}", found.message);
            assert!(!found.message.ends_with('.') && !found.message.contains('\n'), "{}", found.message);
        }
    }
}
