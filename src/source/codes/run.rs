//! MP06xx: runs, run logs and the state folder.

use super::codes;

codes! {
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

Wrong: editing the file, or copying `muster.db` without `muster.db-wal` beside it, which holds the latest commits.

```sh
cp .muster/muster.db backup.db
```

Right: restore the folder from a copy that was made whole, and keep the damaged one as evidence:

```sh
sqlite3 -readonly .muster/muster.db \"VACUUM INTO 'backup.db'\"
```";
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
