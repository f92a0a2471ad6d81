//! MP05xx: inventories, providers and estates.

use super::codes;

codes! {
    INVENTORY_NOT_JSON = "MP0501", "inventory is not JSON", "\
An inventory is one JSON document. The message names the line and column where it stops being one.

    { \"format\": \"muster.inventory/1\", \"now\": 2026-11-23 }        wrong: the instant has no quotes
    { \"format\": \"muster.inventory/1\", \"now\": \"2026-11-23T06:00:00Z\", … }

Mend the line, or export the inventory again with `muster inventory PLAN --format json`.
";
    INVENTORY_TRUNCATED = "MP0502", "inventory ends in the middle", "\
The file stops before its last brace: a copy was cut off, or the disk was full. What is left is not used, \
because a machine or a newer point may be in the part that is missing. Copy or export it again.
";
    INVENTORY_TOO_LARGE = "MP0503", "inventory is too large", "\
An inventory of more than 2 GiB is not read. Export fewer machines, or fewer points of each: \
points far older than any `max_age` of the plan are not needed.
";
    INVENTORY_FORMAT = "MP0504", "inventory is of another format", "\
Every inventory says its format, so that an old program does not misread a new file.

    { \"format\": \"muster.inventory/2\", … }        wrong for this program: newer
    { \"format\": \"muster.inventory/1\", … }

A newer format needs a newer muster. A file without `format` is not an inventory.
";
    INVENTORY_UNKNOWN_FIELD = "MP0505", "unknown field in an inventory", "\
A misspelt field would silently change which recovery point is chosen, so it is refused. Only inside \
`sim` may anything stand.

    { \"id\": \"p7\", \"proccessed\": true, … }        wrong
    { \"id\": \"p7\", \"processed\": true, … }
";
    INVENTORY_FIELD_MISSING = "MP0506", "field is missing in an inventory", "\
A machine must say `group`, `site`, `protection` and `points`; a point `id`, `at`, `kind`, `set`, `processed` \
and `usable`. `group` and `set` may be null: that says there is none, which is not the same as not knowing.

    { \"id\": \"p7\", \"at\": \"2026-11-23T05:55:00Z\", \"kind\": \"crash\", \"processed\": true, \"usable\": true }        wrong: no `set`
    { \"id\": \"p7\", \"at\": \"2026-11-23T05:55:00Z\", \"kind\": \"crash\", \"set\": null, \"processed\": true, \"usable\": true }
";
    INVENTORY_WRONG_VALUE = "MP0507", "wrong value in an inventory", "\
A value has another type than the format says, or is none of the known words. Instants are RFC 3339 texts with \
any offset; `kind` is `crash`, `app` or `final`; `processed` and `usable` are true or false, without quotes.

    \"usable\": \"yes\"        wrong
    \"usable\": true
";
    INVENTORY_MACHINE_TWICE = "MP0508", "machine stands twice in an inventory", "\
A name stands for one machine. With two entries nobody could say which of them is failed over. \
Keep one, or rename one.
";
    INVENTORY_POINT_TWICE = "MP0509", "point id stands twice on a machine", "\
A recovery is asked for by the point's id, so an id must name one point of its machine. \
The same id on two machines is fine.
";
    INVENTORY_UNKNOWN_SITE = "MP0510", "machine names an unknown site", "\
Every site that a machine, an address or a process server names must stand in `sites`.

    \"sites\": [\"avs\", \"azure\"], … \"site\": \"azur\"        wrong
    \"sites\": [\"avs\", \"azure\"], … \"site\": \"azure\"
";
    INVENTORY_BAD_NAME = "MP0511", "name in an inventory is no name", "\
Names of machines, groups, sites, sets and points are not empty, at most 256 characters long and hold no \
control characters. A machine in no group has `\"group\": null`, not `\"group\": \"\"`.
";
    INVENTORY_UNREADABLE = "MP0512", "inventory cannot be read", "\
The file is not there or may not be read; the message says which. Paths in a plan are relative to the plan's folder.
";
    INVENTORY_FIELD_TWICE = "MP0513", "field is given twice in an inventory", "\
JSON readers differ in which of two equal keys they believe, so neither is. Keep one of them.
";
    SIM_SETTINGS = "MP0520", "the inventory's `sim` object does not read", "\
The simulator is set by an optional `sim` object beside `vms`. A misspelt key would make a rehearsal prove \
something else than what was meant, so it is refused. Everything in it may be left out:

    \"sim\": {
      \"home\": \"avs\",
      \"durations\": { \"fail_over\": \"2m\" },
      \"replication\": { \"crash_every\": \"5m\", \"app_every\": \"1h\", \"keep_all\": \"2h\", \"retention\": \"24h\" },
      \"vms\": { \"app01\": { \"durations\": { \"start\": \"90s\" }, \"change_rate\": 1000000, \"replicates\": true } },
      \"services\": { \"app01\": { \"8080\": { \"after\": \"30s\", \"status\": 503, \"body\": \"\" } } },
      \"faults\": [\"fail fail_over app01 once\"]
    }

`docs/simulator.md` says what each of them means.
";
    SIM_FAULT = "MP0521", "a fault does not read", "\
A fault says what goes wrong in the simulated estate, in one line:

    fail VERB MACHINE [once | twice | 3 times | 10%] [refused | retry] [as CODE]
    hang | lose | drop | lie VERB MACHINE [how often]
    late VERB MACHINE 5m [how often]
    no tools | agent | heartbeat MACHINE [how often]
    vanish | spoil point MACHINE_OR_GROUP POINT_OR_SET [at +10m]
    cut site SITE [at +10m] [for 30m]
    down server PROCESS_SERVER [at +10m] [for 30m]

    fail failover app02 once          wrong: the verb is fail_over
    fail fail_over app02 once

A machine may be `*`. The verbs are those of the run log: `process_pending`, `shut_down`, `take_final`, \
`fail_over`, `start`, `change_point`, `roll_back`, `commit`, `reprotect`, `clean_up`, `guest_script`.
";
    SIM_NAME = "MP0522", "a name that the simulated estate does not have", "\
A fault, or the inventory's `sim` object, names a machine, group, site, process server or duration that does \
not exist. It would never come about, and the rehearsal would look better than it is. Machines go by their \
names in the estate, which are not always the plan's.
";
    SIM_STATE = "MP0523", "the simulated estate does not open", "\
The simulated estate lives in a database below the state folder, `estates/NAME.db`. It is not a database, \
it was made by a newer program, or another process holds it. Nothing real is in it: delete the file, and the \
estate begins again from its inventory; or name another folder with `--state`.
";
    SIM_CHANGED = "MP0524", "the inventory changed after the simulated estate was made", "\
A simulated estate is made from its inventory once and then goes on from run to run: machines that failed \
over stay failed over. So a change of the inventory does not change an estate that exists. To begin again from \
the inventory, delete the estate's database or name another `--state`.
";
    SIM_INVENTORY = "MP0525", "the inventory cannot be simulated", "\
The inventory reads, but no estate can be made of it: it has fewer than two sites, a machine stands at a site \
that is not listed, or it replicates to where it runs.

    \"sites\": [\"avs\"], \"vms\": { \"app01\": { \"site\": \"azure\", … } }           wrong
    \"sites\": [\"avs\", \"azure\"], \"vms\": { \"app01\": { \"site\": \"azure\", … } }
";
    SIM_SEED = "MP0526", "another seed than the simulated estate was made with", "\
Which points exist and how long acts take follows from the seed, so an estate keeps the one that it was made \
with. To use another, delete the estate's database or name another `--state`.
";
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
    NOTHING_TO_OPERATE = "MP0546", "the estate has nothing for an operator to do", r#"
`muster estate` sets disks up, takes points of them and stops what serves them. A simulated estate has
no disks: it begins as its inventory says, and its time, which takes points, goes on while a run drives
it.

Wrong, for an estate of the provider `sim`:

    muster estate plans/erp.muster take-point db

Right:

    muster points plans/erp.muster
    muster estate plans/disks.muster take-point shop
"#;
    NOT_OPERATED = "MP0547", "the estate did not do what its operator asked", r#"
The message is the estate's own, with its word in parentheses. What was refused touched nothing. What
was cut off may be asked for again: setting up goes on from what is there, and a point that was begun
is finished or given up whole.

Wrong, before the disks exist:

    muster estate plans/disks.muster take-point shop

Right:

    muster estate plans/disks.muster set-up
    muster estate plans/disks.muster take-point shop
"#;
}
