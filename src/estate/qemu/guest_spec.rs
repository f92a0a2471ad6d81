//! The guest of a machine in the estate file: memory, how it boots, what of it is reached from outside. Text in,
//! checked specification out.

use std::path::{Component, Path};

use serde::Deserialize;

use crate::source::Diagnostic;

use super::describe::{size_in_bytes, wrong};

/// Ports that one guest offers.
const FORWARDS_MAX: usize = 32;
/// A kernel's command line in bytes: Linux takes 2048 on x86.
const APPEND_MAX: usize = 2048;
/// Processors of a guest.
const CPUS_MAX: u32 = 64;
const MIB: u64 = 1 << 20;
/// Less boots nothing; more is a slip of the unit.
const MEMORY: std::ops::RangeInclusive<u64> = (16 * MIB)..=(1024 * 1024 * MIB);
/// What emulates, unless the estate file says another.
const PROGRAM: &str = "qemu-system-x86_64";

/// How a guest computes. Never guessed from what the host seems to have: a device node that opens does not say
/// that a kernel boots behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Accel {
    /// Translated, on any host.
    #[default]
    Tcg,
    /// By the host's processor.
    Kvm,
}

/// What a guest boots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Boot {
    /// A kernel handed over, its files relative to the plan's folder.
    Kernel { kernel: String, initrd: Option<String>, append: String },
    /// Whatever its first disk holds; by the firmware of a file in the plan's folder, if said.
    Disk { firmware: Option<String> },
}

/// A guest as described.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct GuestSpec {
    /// The emulator, by name or path.
    pub(super) program: String,
    /// In MiB.
    pub(super) memory: u64,
    /// Processors.
    pub(super) cpus: u32,
    /// What it boots.
    pub(super) boot: Boot,
    /// TCP ports of the guest that its address offers, under the same numbers.
    pub(super) forwards: Vec<u16>,
    /// Whether it runs the guest agent of QEMU.
    pub(super) agent: bool,
    /// Whether it may reach the host's networks. A test's copy never does.
    pub(super) outside: bool,
    /// How it computes.
    pub(super) accel: Accel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a guest, such as `{ \"memory\": \"1GiB\" }`")]
pub(super) struct GuestText {
    memory: String,
    #[serde(default = "one")]
    cpus: u32,
    #[serde(default)]
    kernel: Option<String>,
    #[serde(default)]
    initrd: Option<String>,
    #[serde(default)]
    append: Option<String>,
    #[serde(default)]
    firmware: Option<String>,
    #[serde(default)]
    forwards: Vec<u16>,
    #[serde(default)]
    agent: bool,
    #[serde(default)]
    outside: bool,
    #[serde(default)]
    accel: Accel,
    #[serde(default)]
    program: Option<String>,
}

const fn one() -> u32 {
    1
}

/// Checks a guest.
pub(super) fn read(machine: &str, written: GuestText) -> Result<GuestSpec, Diagnostic> {
    let of = |what: String| wrong(format!("the guest of `{machine}` {what}"));
    let memory = size_in_bytes(&written.memory)
        .filter(|bytes| MEMORY.contains(bytes) && bytes.is_multiple_of(MIB))
        .ok_or_else(|| {
            of(format!("has the memory `{}`", written.memory))
                .help("write whole MiB such as `512MiB` or `2GiB`")
        })?;
    if written.cpus == 0 || written.cpus > CPUS_MAX {
        return Err(of(format!("has {} processors", written.cpus)).help(format!("say 1 to {CPUS_MAX}")));
    }
    if written.forwards.len() > FORWARDS_MAX {
        let has = written.forwards.len();
        return Err(of(format!("offers {has} ports")).help(format!("offer at most {FORWARDS_MAX}")));
    }
    if let Some(twice) = twice(&written.forwards) {
        return Err(of(format!("offers the port {twice} twice")).help("write it once"));
    }
    for file in [&written.kernel, &written.initrd, &written.firmware].into_iter().flatten() {
        if !stays_inside(file) {
            return Err(of(format!("names the file `{}`", file.escape_debug()))
                .help("write a path below the plan's folder, without `..`"));
        }
    }
    let boot = match (written.kernel, written.initrd, written.append, written.firmware) {
        (Some(_), _, _, Some(_)) => {
            return Err(of("has a kernel and a firmware".to_owned()).help("write one of them"));
        }
        (Some(kernel), initrd, append, None) => {
            let append = append.unwrap_or_default();
            if append.len() > APPEND_MAX || append.chars().any(char::is_control) {
                return Err(of("has a command line that no kernel takes".to_owned())
                    .help(format!("write one line of at most {APPEND_MAX} bytes")));
            }
            Boot::Kernel { kernel, initrd, append }
        }
        (None, None, None, firmware) => Boot::Disk { firmware },
        (None, ..) => {
            return Err(
                of("has an `initrd` or an `append` and no kernel".to_owned()).help("name the `kernel`")
            );
        }
    };
    Ok(GuestSpec {
        program: written.program.unwrap_or_else(|| PROGRAM.to_owned()),
        memory: memory / MIB,
        cpus: written.cpus,
        boot,
        forwards: written.forwards,
        agent: written.agent,
        outside: written.outside,
        accel: written.accel,
    })
}

fn twice(ports: &[u16]) -> Option<u16> {
    let mut seen = std::collections::BTreeSet::new();
    ports.iter().copied().find(|port| *port == 0 || !seen.insert(*port))
}

/// A path that cannot lead out of the plan's folder.
fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(text: &str) -> Result<GuestSpec, String> {
        let text: GuestText = serde_json::from_str(text).map_err(|error| error.to_string())?;
        read("db", text).map_err(|found| found.message)
    }

    #[test]
    fn a_guest_boots_a_kernel_or_its_disk_and_is_translated_unless_told_otherwise() {
        let small =
            guest(r#"{ "memory": "96MiB", "kernel": "g/vmlinuz", "append": "quiet", "forwards": [7000] }"#)
                .unwrap();
        assert_eq!(
            (small.memory, small.cpus, small.accel, small.agent, small.outside),
            (96, 1, Accel::Tcg, false, false)
        );
        let kernel =
            Boot::Kernel { kernel: "g/vmlinuz".to_owned(), initrd: None, append: "quiet".to_owned() };
        assert_eq!((small.boot, small.forwards), (kernel, vec![7000]));
        let large = guest(r#"{ "memory": "2GiB", "accel": "kvm", "agent": true, "outside": true }"#).unwrap();
        assert_eq!((large.boot, large.accel), (Boot::Disk { firmware: None }, Accel::Kvm));
    }

    #[test]
    fn what_is_wrong_with_a_guest_is_said() {
        for (text, says) in [
            (r#"{ "memory": "96" }"#, "has the memory `96`"),
            (r#"{ "memory": "8MiB" }"#, "has the memory `8MiB`"),
            (r#"{ "memory": "1GiB", "cpus": 0 }"#, "has 0 processors"),
            (r#"{ "memory": "1GiB", "kernel": "/boot/vmlinuz" }"#, "names the file `/boot/vmlinuz`"),
            (r#"{ "memory": "1GiB", "kernel": "../vmlinuz" }"#, "names the file `../vmlinuz`"),
            (r#"{ "memory": "1GiB", "initrd": "i" }"#, "no kernel"),
            (r#"{ "memory": "1GiB", "kernel": "k", "firmware": "f" }"#, "a kernel and a firmware"),
            (r#"{ "memory": "1GiB", "kernel": "k", "append": "a\nb" }"#, "that no kernel takes"),
            (r#"{ "memory": "1GiB", "forwards": [22, 22] }"#, "the port 22 twice"),
            (r#"{ "memory": "1GiB", "accel": "xen" }"#, "unknown variant `xen`"),
            (r#"{ "memory": "1GiB", "ram": 1 }"#, "unknown field `ram`"),
        ] {
            let said = guest(text).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
