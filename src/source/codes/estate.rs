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

    { \"id\": \"p7\", \"at\": \"2026-11-23T05:55:00Z\", \"kind\": \"crash\",
      \"processed\": true, \"usable\": true }                                 wrong: no `set`
    { \"id\": \"p7\", \"at\": \"2026-11-23T05:55:00Z\", \"kind\": \"crash\", \"set\": null,
      \"processed\": true, \"usable\": true }
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
      \"replication\": { \"crash_every\": \"5m\", \"app_every\": \"1h\", \"keep_all\": \"2h\",
        \"retention\": \"24h\" },
      \"vms\": { \"app01\": { \"durations\": { \"start\": \"90s\" }, \"change_rate\": 1000000 } },
      \"services\": { \"app01\": { \"8080\": { \"after\": \"30s\", \"status\": 503, \"body\": \"\" } } },
      \"faults\": [\"fail fail_over app01 once\"]
    }

`docs/simulator.md` says what each of them means.
";
    SIM_FAULT = "MP0521", "a fault does not read", "\
A fault says what goes wrong in the simulated estate, in one line:

    fail VERB MACHINE [once | twice | 3 times | 10%] [refused | retry] [as CODE]
    hang | lose | forget | drop | lie VERB MACHINE [how often]
    leak clean_up | fail_over MACHINE [how often]
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
The provider `qemu` runs `qemu-storage-daemon` and `qemu-img`, and for machines with a guest
`qemu-system-x86_64` or what the guest names as its `program`. One of them is neither at the path that
was said nor on `PATH`. It is never skipped and never replaced: without it no point can be taken and
no disk can be opened.

Install what is missing, then run the command again:

    apt-get install -y qemu-utils
    apt-get install -y --no-install-recommends qemu-system-x86      # for guests

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

    muster --state /srv/data/projects/recovery/environments/production/state/of failover shop.muster

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
`muster estate` sets disks up, takes points of them and stops what serves them; `muster replicate` takes
points on a schedule; `muster points --verify` reads the files of points. A simulated estate has no
disks: it begins as its inventory says, and its time, which takes points, goes on while a run drives
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
    PROVIDER_NOT_STARTED = "MP0560", "the program of a provider does not start", r#"
An estate of the provider `command` lives behind a program. It is not where the plan says, may not be
executed, or ended before it answered the first call. Nothing was asked of the estate. The message ends
with the last words that the program wrote to its standard error.

Wrong, for a program without a `/` is looked for on `PATH`:

    provider = command { run = ["our-estate"] }

Right, for one in the plan's folder:

    provider = command { run = ["./our-estate"] }

Run it by hand: it has to wait for a line on its standard input. `docs/providers.md` says which.
"#;
    PROVIDER_SECRET = "MP0561", "a secret of a provider cannot be read", r#"
`env` of the provider names a secret by reference: a variable that is not set where `muster` was
started, or a file that cannot be read. The program was not started.

    provider = command { run = ["./our-estate"], env { TOKEN = env("ESTATE_TOKEN") } }

Right:

    ESTATE_TOKEN="$(cat /run/secrets/estate)" muster preview failover erp.muster --planned
"#;
    PROVIDER_VERSION = "MP0562", "a provider speaks another version of the protocol", r#"
The first call tells the program which version of the protocol the engine speaks, and the program says
which one it speaks itself. They differ, and guessing what the other means is how machines get lost.
Nothing was asked of the estate.

    {"id":1,"ok":{"protocol":2, …}}        wrong for this engine
    {"id":1,"ok":{"protocol":1, …}}

Use the program's release for this version, or the engine's for that one.
"#;
    PROVIDER_LACKS = "MP0563", "a provider does not know a verb that every plan needs", r#"
A program says in its first answer which verbs it knows. Whether an act will be needed shows in the
middle of a run, when it is too late to learn that nobody can do it; so all of them have to be there:
`process_pending`, `shut_down`, `take_final`, `fail_over`, `start`, `change_point`, `roll_back`,
`commit`, `reprotect`, `clean_up`.

    "verbs": ["fail_over", "start"]        wrong

What a product cannot do in one state or another, the program refuses when it is asked, with a word of
its own.
"#;
    PROVIDER_DIED = "MP0564", "the program of a provider ended in the middle of a call", r#"
The program was asked something and ended instead of answering. The message says how, with the last
words that it wrote to its standard error; more stands in `estates/NAME.log` of the state folder.

The engine starts it again by itself. What only reads is asked again. An act whose answer is missing is
not repeated: the new process is asked by `find` what became of its key. A program that ends again and
again is started at growing intervals, up to a minute apart.
"#;
    PROVIDER_SILENT = "MP0565", "a provider did not answer in time", r#"
A call has to be answered within the `timeout` of the provider. The program was killed with everything
that it had started, and is started again by the next call. An act whose answer is missing is looked up
by its key.

Work that takes longer is answered at once, with a handle:

    {"id":7,"ok":{"state":"running","key":"…","machines":["app01"],"handle":"job-4",
      "again_in_ms":2000}}

(on one line).

If the program is only slow, say more:

    provider = command { run = ["./our-estate"], timeout = 40s }
"#;
    PROVIDER_GARBAGE = "MP0566", "a provider wrote what is no message of the protocol", r#"
Each line that the program writes to its standard output is one JSON object: an answer with the `id` of
the call, or a line for the log. The line that the message shows is neither, or one of its fields is
missing, misspelt, too long or of another type. What follows it cannot be trusted either, so the program
was killed; what was open is looked up by its key.

Wrong, a word for people on standard output:

    connecting to the array…

Right, on standard error, or as a line for the log:

    {"log":"connecting to the array"}

`docs/provider-protocol.schema.json` describes every message; `muster provider test -- PROGRAM` finds
the first one that does not fit.
"#;
    PROVIDER_FLOOD = "MP0567", "a provider writes without end", r#"
The program wrote a line longer than 32 MiB, or more than ten thousand lines between two answers. It was
killed, so that the engine keeps its memory and its time for the recovery; what was open is looked up
by its key.

Write what a person needs to the log, and the rest to a file of your own.
"#;
    PROVIDER_NOT_ASKED = "MP0568", "a provider answered what nobody asked", r#"
Every call has an `id`, and its answer has the same. The program gave an answer with an id that no open
call has: it counts by itself, or it answered one call twice. Which of two answers is true nobody can
say, so the program was killed; what was open is looked up by its key.

    {"id":7,"ok":{…}}
    {"id":7,"ok":{…}}        wrong: the call 7 has its answer

Answers of calls that the engine has given up meanwhile are no mistake: they are left unread.
"#;
    PROVIDER_SUBJECT = "MP0569", "a provider answered about something else", r#"
An answer says what it is about: the key of the act and its machines, or the machine that was looked at.
They are not those of the call. Had the engine believed it, it would have taken one machine for
recovered because another one was. The program was killed; the act is looked up by its key.

    asked:     {"id":7,"call":"observe","machine":"sql01","test":false}
    answered:  {"id":7,"ok":{"machine":"sql02","source_running":false}}        wrong

Answer from the call itself, not from what the program did last.
"#;
    PROVIDER_FAILS_TEST = "MP0570", "a provider does not keep the contract", r#"
`muster provider test` takes one machine through a test, a failover that is rolled back, and one that is
committed and protected in the other direction, and at every step asks what became of it; then once
more, with the program killed after every act. The message names the first promise that was broken.

The rest was not tried: the machine stands wherever the mistake left it. `docs/providers.md` lists the
promises. Mend the program, bring the machine back to where it is protected and runs, and test again.
"#;
    PROVIDER_TEST_MACHINE = "MP0571", "there is no machine to test a provider with", r#"
The test fails a machine over, commits, and deletes what commits delete. It takes a machine by itself
only from a program that says its machines are simulated; of any other, somebody has to name one that
may be lost. It has to be protected, to run, to replicate to another site, and to have a point that is
processed and usable.

    muster provider test -- ./our-estate                              wrong: its machines are real
    muster provider test --machine drtest01 -- ./our-estate
"#;
}
