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
muster failover plans/erp.muster --forced --to azure --lost-at 2026-11-23T02:51:00Z --unfenced \"site burnt down\"
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
vm app01 { script mask { at = before_start, run = [\"scripts/mask.sh\"], operations = [test], timeout = 5m } }
```
Accepted:
```muster
vm app01 { script mask { at = after_start, run = [\"scripts/mask.sh\"], operations = [test], timeout = 5m } }
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
}
