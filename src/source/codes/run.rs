//! MP06xx: runbooks, runs, run logs and the state folder. MP0600 to MP0649: what keeps a plan from
//! becoming a runbook.

use super::codes;

codes! {
    WRONG_DIRECTION = "MP0600", "machines run at the other site",
        "A failover leaves the first site of the estate, a failback returns to it. The machines named run where the operation would bring them, so there is nothing to do, and doing it would start them twice.

Refused, while the machines run at `azure`:
```
muster failover plans/erp.muster --planned
```
Accepted:
```
muster failback plans/erp.muster --planned
```
";
    MACHINES_SPLIT = "MP0601", "machines run at both sites",
        "One runbook leaves one site. If some machines run at the other site already, somebody or something has moved them, and their order and points can no longer be promised. Bring them back, leave them out by `--without`, or, if the source is lost, use a forced failover: it skips and names machines that are there already.

```
muster failover plans/erp.muster --planned --without app02
```
";
    NOT_COMMITTED = "MP0602", "earlier failover is not committed",
        "A machine that was failed over and is not committed has no replication the other way, and its old source may still be started by a rollback. End the earlier run first: commit it (and reprotect), or roll it back.

```
muster commit last
```
";
    NOT_PROTECTED = "MP0603", "machine does not replicate to the target",
        "Without replication towards the target there is nothing to fail over to, and a planned run could not take its final point. This is the state between a committed failover and the reprotect that has to follow it.

```
muster reprotect plans/erp.muster
muster failback plans/erp.muster --planned
```
";
    UNKNOWN_TO_ESTATE = "MP0604", "machine is unknown to the estate",
        "The plan names a machine that the estate does not report. A machine whose name in the estate is no word of the language says it.

```muster
vm sql01 { name = \"SQL 01.contoso.com\" }
```
";
    GROUP_DIFFERS = "MP0605", "group differs from the estate's",
        "The points of a replication group are taken over all its members. A plan that names some of them only would bring back half of a consistent set. The members of a `group` are exactly those of the estate's group of that name; a machine that replicates in no group stands in a `tier` or alone.

```muster
group db { vm [sql01, sql02] { } }
```
";
    NO_MAPPING = "MP0606", "network has no entry for the target",
        "A machine that comes up without its network is not recovered, and a test without an isolated network touches production. Every `network` that a machine uses needs an entry for each site, and `test` for tests.

```muster
network lan { avs = \"VLAN10\", azure = \"vnet-erp/app\", test = \"vnet-bubble/app\" }
```
";
    MODE_MISSING = "MP0607", "mode is not said",
        "Whether the source is shut down in order, tried, or left alone is the first decision of a failover, and no default can be right for both a move and a fire.

```
muster failover plans/erp.muster --planned
muster failover plans/erp.muster --unplanned
```
";
    MODE_UNSUPPORTED = "MP0608", "provider does not know this mode",
        "The provider of the estate has no such operation in this direction. Azure Site Recovery, for one, knows a planned failover only on the way home.

```
muster failover plans/erp.muster --unplanned
```
";
    FORCED_INCOMPLETE = "MP0609", "forced run does not say enough",
        "A forced run never contacts the source, so it cannot see where the machines should go nor when they were lost. Both are said: the site to come up at, and the instant from which age and loss are counted.

```
muster failover plans/erp.muster --forced --to azure --lost-at 2026-11-23T02:51:00Z
```
";
    NOT_FENCED = "MP0610", "nothing fences the source",
        "If the source was not lost but only cut off, both copies would run and write: split brain. A forced run needs the plan's `fence`, or a person who takes it on with a reason.

```muster
fence { run = [\"scripts/isolate.sh\", \"${run.source}\"], timeout = 5m, or_approve = dr_lead }
```
```
muster failover erp.muster --forced --to azure \\
  --lost-at 2026-11-23T02:51:00Z --unfenced \"burnt down\"
```
";
    UNKNOWN_OPTION = "MP0611", "option names nothing of the plan",
        "`--without`, `--point`, `--param`, `--approve` and `--to` name machines, groups, parameters, approvals and sites of the plan, by the plan's words. A misspelt name that is passed over would leave in what should be left out.

```
muster failover plans/erp.muster --planned --without jump01 --point db=common
```
";
    PARAM_WRONG = "MP0612", "parameter is missing or of another type",
        "A parameter without a default has to be given, and its value has to be of its type.

```muster
param ticket { type = text }
```
```
muster failover plans/erp.muster --planned --param ticket=CHG-4711
```
";
    LEFT_OUT_USED = "MP0613", "step needs a machine that is left out",
        "A step of the run uses the address of a machine that this runbook does not touch, and neither plan nor estate knows that address. Write it in the plan, or leave the step out of this operation.

```muster
vm jump01 { address { azure = \"10.8.0.40\" } }
```
";
    NOTHING_TO_DO = "MP0614", "no machine is left to act on",
        "Every machine of the plan is left out or runs at the target already.

```
muster status last
```
";
    SCRIPT_MISSING = "MP0615", "script is not there",
        "A program that is found missing when it is needed stops a recovery halfway, so each is looked for before anything is touched. Relative paths begin at the plan's folder.

```muster
script freeze { run = [\"scripts/freeze-batch.sh\"], operations = [failover], timeout = 5m }
```
";
    WAITS_FOR_ITSELF = "MP0616", "steps wait for each other",
        "Each step of the circle waits for the one before it, so none would ever begin. `muster graph` draws it; one of the arrows has to go.

Refused:
```muster
order { db -> app -> db }
```
Accepted:
```muster
order { db -> app }
```
";
    NOT_PROMISED = "MP0617", "provider cannot do this",
        "The plan asks for something that the estate's provider does not do, or does inside another act where nothing can come between. It is refused when compiled, not discovered in the run.

Refused, where the provider's failover starts the machine itself:
```muster
vm app01 { script mask { at = before_start, run = [\"mask.sh\"], operations = [test], timeout = 5m } }
```
Accepted:
```muster
vm app01 { script mask { at = after_start, run = [\"mask.sh\"], operations = [test], timeout = 5m } }
```
";
    NO_VIA = "MP0618", "no process server for this direction",
        "`reprotect { via { … } }` names the process server by the site that is replicated to. A direction without one would leave the machines unprotected after the commit.

```muster
reprotect { via { avs = \"ps-avs-01\", azure = \"ps-westeurope-01\" } }
```
";
    RUNBOOK_FILE = "MP0619", "file is no frozen runbook",
        "A frozen runbook is what people approved, so it is run only as it was frozen: its digest is over every field. A file that was edited, cut off, or written by another version of the format is refused; compile it again.

```
muster preview failover plans/erp.muster --planned --out erp.runbook.json
```
";
    ANSWERED_TOO_EARLY = "MP0620", "approval cannot be answered beforehand",
        "An approval after a machine judges what came up. Answered before anything is up it says nothing, so only approvals before the first machine can be given on the command line; on a simulated estate all can.

```
muster failover plans/erp.muster --planned --approve go
```
";
    NO_POLICY = "MP0621", "no point policy",
        "No recovery point is chosen by a silent default: each machine says, itself or by its group or plan, which point is wanted.

```muster
group db { point = [common(max_age = 4h), ask] }
```
";
    DRIFTED = "MP0622", "a fact the runbook relies on has changed",
        "A frozen runbook was approved for the estate as it was. If a machine moved, lost its replication, changed its group, or a script was edited, what was approved is not what would be done. Compile again, look, approve again. New recovery points are not drift.

```
muster preview failover plans/erp.muster --planned
```
";
    LOST_IN_FUTURE = "MP0623", "the loss is said to be in the future",
        "`--lost-at` says when the source was lost, and what every chosen point loses is counted from there. An instant after now was mistyped, or its offset was; five minutes are allowed for clocks that differ.

Refused:

```
muster failover plans/erp.muster --forced --to cloud --lost-at 2127-03-01T07:40:00+01:00
```

Right:

```
muster failover plans/erp.muster --forced --to cloud --lost-at 2026-03-01T07:40:00+01:00
```
";
    NO_STORE = "MP0650", "nothing was ever recorded in this state folder",
"The state folder (`--state DIR`, else `MUSTER_STATE`, else `.muster/` where the command runs) holds `muster.db` once a run was started. Commands that only read make nothing, so they say that there is nothing.

Wrong, from another folder than the run was started in:

```sh
cd /tmp && muster runs
```

Right:

```sh
muster runs --state /srv/dr/.muster
```";
    STATE_FOLDER = "MP0651", "the state folder cannot be made, opened or synced",
"A run is recorded before anything is touched, so without a state folder nothing starts. The message has the system's own words: a missing right, a file where a folder should be, a disk that does not answer.

Wrong, where `/srv/dr` belongs to somebody else:

```sh
muster failover erp.muster --planned --state /srv/dr/.muster
```

Right: give your user the right to write there, or name a folder of your own:

```sh
muster failover erp.muster --planned --state ~/dr-state
```";
    STATE_READ_ONLY = "MP0652", "the state folder can only be read",
"The folder lies on a medium mounted read-only, or its file may not be written. Reading commands (`runs`, `status`, `log`, `report`) work there; what starts, drives or asks something of a run has to write.

Wrong:

```sh
muster resume last --state /mnt/snapshot/.muster
```

Right: copy the whole folder to a disk that can be written, and only if the original is not driven any more:

```sh
cp -a /mnt/snapshot/.muster ~/dr-state && muster resume last --state ~/dr-state
```";
    NO_SPACE = "MP0653", "there is no space left for the run log",
"Every step is recorded before it begins. On a full disk a run therefore stands still: nothing new is started, steps under way go on, and the write is tried again until there is space. Nothing was lost, and nothing was done that is not recorded.

Wrong: a state folder on a small temporary file system.

```sh
muster failover erp.muster --planned --state /run/muster
```

Right: free space on that file system. The run goes on by itself. For the next one, name a folder with room:

```sh
muster failover erp.muster --planned --state /srv/dr/.muster
```";
    NOT_A_STORE = "MP0654", "the file in the state folder is not a run log",
"`muster.db` in the state folder is no SQLite database, or one of another program. It is left as it is.

Wrong: a folder in which something else is called `muster.db`.

```sh
muster runs --state ./other-program
```

Right: name the folder that holds the runs:

```sh
muster runs --state ./.muster
```";
    STORE_VERSION = "MP0655", "the run log was written by another version",
"Newer programs bring the state folder up to date when they first write to it. From then on an older one refuses it rather than misread it. The other way round, a command that only reads does not bring an older folder up to date.

Wrong: two versions on one folder, the older one last.

Right: use the newer one everywhere; `muster --version` says which it is.

```sh
muster --version
```";
    STORE_IN_USE = "MP0656", "another process holds the run log",
"Several commands may use one state folder at once; each holds it for milliseconds. Something held it for more than 5s: most often a `sqlite3` session with an open transaction, or a copy that locks the file. Nothing was written.

Wrong, in another terminal:

```sh
sqlite3 .muster/muster.db 'BEGIN IMMEDIATE' '.shell sleep 600'
```

Right: end that program. To look into the file, open it for reading only:

```sh
sqlite3 -readonly .muster/muster.db
```";
    STORE_ON_NETWORK = "MP0657", "the state folder lies on a network file system",
"The run log is shared by processes through memory that network file systems (NFS, SMB, SSHFS and their like) do not share, and through locks that they do not keep. Two drivers could both believe that a run is theirs.

Wrong:

```sh
muster failover erp.muster --planned --state /net/home/ops/.muster
```

Right: a local disk of the host at the recovery site, from which the folder is backed up:

```sh
muster failover erp.muster --planned --state /var/lib/muster
```";
    STORE_DAMAGED = "MP0658", "the run log is not what was written",
"Every event carries a digest over itself and all events before it, from the runbook on. A changed, missing or added event is therefore found, and the message names it. A damaged log is not driven any further: what it says of the world could be wrong.

A log whose end is gone has nothing wrong in it. What was recorded last is therefore noted beside the database, in `marks/RUN`, and a log that ends earlier is refused with the events that are gone; requests have `marks/.requests`. What is said beside the events of leases, machine locks, requests and runs carries sums.

Wrong: editing the file, or copying `muster.db` without `muster.db-wal` beside it, which holds the latest commits.

```sh
cp .muster/muster.db backup.db
```

Right: restore the folder from a copy that was made whole, and keep the damaged one as evidence:

```sh
sqlite3 -readonly .muster/muster.db \"VACUUM INTO 'backup.db'\"
```

Where no whole copy is left, the run can still go on with what there is: delete its mark and resume it. What was begun after the last event that is left is looked up at the estate by its key, so that nothing is done twice; what people answered after it is asked again.";
    STORE_FAILED = "MP0659", "the run log could not be written",
"The disk did not take a write or a sync. After that nobody knows what it holds, so this process writes nothing any more and stops with 5; steps under way at the provider go on there. Nothing was started that is not recorded.

Wrong: starting the plan anew, which would act a second time.

Right: look at the disk and the system's log, then let the run go on. It first asks the provider what became of the steps under way.

```sh
muster resume last
```";
    LEASE_HELD = "MP0660", "somebody else drives this run",
"One process drives a run. Others read it and post requests to it (`approve`, `pause`, `halt`, …), which the driver acts on. A driver that died on this host is noticed at once; one on another host when its lease runs out, within seconds.

Wrong, while the first terminal still drives it:

```sh
muster resume last
```

Right: watch it, or ask something of it.

```sh
muster status last
muster approve last go
```";
    LEASE_LOST = "MP0661", "another process has taken this run over",
"This process did not renew its lease in time (it was stopped, or its host stood still), and another one drives the run now. What this process had not recorded is not recorded; the other one asks the provider what became of it.

Wrong: resuming the run here as well.

Right: let the other one work, and watch it.

```sh
muster status last
```";
    MACHINE_HELD = "MP0662", "a machine belongs to another live run",
"A machine belongs to at most one live run, so that two runs never pull it two ways. A run is live until it has ended, whether or not it is driven. A live test does not stand in the way of an unplanned or forced failover.

Wrong, while a failover of the same machines waits in its commit window:

```sh
muster failover erp.muster --planned
```

Right: end that run first.

```sh
muster runs
muster rollback erp-20261123-0600-3f2a
```";
    NO_SUCH_RUN = "MP0663", "there is no such run",
"A run is said by its id, by any start of it that fits only one run, or by `last`. Runs belong to a state folder.

Wrong:

```sh
muster status erp-2025
```

Right:

```sh
muster runs
muster status last
```";
    AMBIGUOUS_RUN = "MP0664", "several runs begin so",
"The start of an id has to fit one run only; guessing could send `commit` to the wrong one.

Wrong, with two runs of that day:

```sh
muster status erp-20261123
```

Right:

```sh
muster status erp-20261123-0600
```";
    RUN_OVER = "MP0665", "the run has ended",
"A run that is completed, failed or rolled back takes no more requests and is not driven any further; its log is final.

Wrong:

```sh
muster approve erp-20261123-0600-3f2a go
```

Right: read how it ended, and start a new run if there is something left to do.

```sh
muster report erp-20261123-0600-3f2a
```";
    TOO_MANY_REQUESTS = "MP0666", "nobody answers the requests of this run",
"Requests wait in the state folder for whoever drives the run. A thousand of them without an answer means that nobody does.

Wrong: posting on.

Right:

```sh
muster resume last
```";
    NO_SUCH_REQUEST = "MP0667", "there is no such open request",
"A request is answered once, by the driver of its run. It was answered already, belongs to another run, or was never posted.

Wrong: waiting for its answer a second time.

Right: the log says what became of it.

```sh
muster log last
```";
    RUN_EXISTS = "MP0668", "the id of the run is taken",
"Ids are made from the plan's name, the minute of the start and a digest. Another process took the same one in the same instant.

Wrong: nothing was done wrong, and nothing was recorded.

Right: start it again; the next id differs.

```sh
muster failover erp.muster --planned
```";
    OUT_OF_ORDER = "MP0669", "the events do not continue the run log",
"The driver's memory and the run log disagree about the last event. Nothing was written. The log counts.

Wrong: going on from memory.

Right: let a driver read the log again; it then asks the provider what became of the steps under way.

```sh
muster resume last
```";
}
