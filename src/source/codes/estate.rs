//! MP05xx: inventories, providers and estates.

use super::codes;

codes! {
    TOOL_MISSING = "MP0540", "a program of QEMU is missing", r#"
The provider `qemu` runs `qemu-storage-daemon` and `qemu-img`. One of them is neither at the path that
was said nor on `PATH`. It is never skipped and never replaced: without it no point can be taken and
no disk can be opened.

Install both, then run the command again:

    apt-get install -y qemu-utils

On other systems the package is called `qemu-img` or `qemu-tools`.
"#;
    DISKS_UNREADABLE = "MP0541", "the estate file is not a description of disks", r#"
The provider `qemu` is told of its sites, machines and disks by a JSON file of the format
`muster.disks/1`. The file is not JSON, has another format, or has a key that the format does not know.

Wrong, for `disk` is no key of a machine:

    { "format": "muster.disks/1",
      "sites": [ { "name": "north" }, { "name": "south" } ],
      "machines": { "orders": { "disk": "64MiB" } } }

Right:

    { "format": "muster.disks/1",
      "sites": [ { "name": "north" }, { "name": "south" } ],
      "machines": { "orders": { "group": "shop", "disks": { "data": "64MiB" } } } }
"#;
    DISKS_WRONG = "MP0542", "a site, machine or disk is described wrongly", r#"
An estate has two sites, the home site first; a machine has 1 to 16 disks; a size is whole, a multiple
of 64KiB up to 64TiB; names become file names and are made of letters, digits, `-`, `_` and `.`.

Wrong, for a disk of 10 has no unit and `my vm` is no file name:

    "machines": { "my vm": { "disks": { "data": "10" } } }

Right:

    "machines": { "my-vm": { "disks": { "data": "10GiB" } } }
"#;
    SOCKET_PATH = "MP0543", "the path of a socket is too long", r#"
Each site's storage daemon is spoken to through a unix socket in the state folder. Linux takes at most
107 bytes of path for such a socket, and the daemon would fail at its start.

Wrong, in a deep folder:

    muster --state /srv/data/projects/recovery/environments/production/engine/state/of/the/shop/estate failover shop.muster

Right:

    muster --state /var/lib/muster failover shop.muster
"#;
    ESTATE_FOLDER = "MP0544", "the folder of the estate cannot be used", r#"
The provider `qemu` keeps disks, points and its records in `estates/NAME` of the state folder. The
folder cannot be made or read, or a record in it is damaged. Records are replaced whole and synced, so
a damaged one was changed by something else, or its disk is failing.

Nothing was changed. Say another state folder with `--state DIR`, or repair the one that is named.
"#;
    DISKS_CHANGED = "MP0545", "the disks of a machine are not those that it was set up with", r#"
Points, bitmaps and base copies belong to disks of one size. A machine that is set up keeps its disks:
none is added, taken away or resized by changing the estate file.

Wrong, for `orders` was set up with 64MiB:

    "machines": { "orders": { "disks": { "data": "128MiB" } } }

Right, as it was set up:

    "machines": { "orders": { "disks": { "data": "64MiB" } } }

A machine with other disks gets another name.
"#;
}
