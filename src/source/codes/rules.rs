//! MP03xx: what the rules prove over model and graph.

use super::codes;

codes! {
    CYCLE = "MP0301", "steps that wait for each other",
"Each of these arrows is fine by itself; together they lead back to where they began, so that none of the
steps could ever start. The message labels every arrow of the cycle.

    order {
      db -> app
      app -> db        # and db waits for app again
    }

Arrows may also close a cycle through a group: a group is done when all of its members are. Remove one
of the labelled arrows.";

    STEP_UNPLACED = "MP0302", "a step in no chain and no block",
"Order is written, never implied: a step that stands in no chain and inside no machine or group could run at
any time, and on the worst day nobody wants to find out when.

    check sql_up { tcp = \"${sql01.address}:1433\", within = 5m }
    order { db -> app }                 # where is sql_up?

Put it where it belongs:

    order { db -> sql_up -> app }

A machine in no chain is no mistake: it starts at once.";

    POINT_MISSING = "MP0303", "a machine without a recovery point policy",
"There is no default policy. The newest point and the newest consistent one differ by minutes to hours of
data, and only those who know the application can say which is wanted.

    vm web01 { os = linux }

Say it on the machine, its group or tier, or the plan; the innermost wins:

    vm web01 { os = linux, point = latest_processed }";

    INDEPENDENT_POINTS = "MP0304", "independent points on a replication group",
"A replication group exists so that its machines can go to one common moment. `latest`, `latest_processed`
and `latest_app` bring each member to its own newest point instead: an order in one database may then have
no payment in the other.

    group db { point = latest, vm [sql01, sql02] { } }

It is legal, and sometimes wanted for the least loss. Where it is not:

    group db { point = [common_app(max_age = 1h), common], vm [sql01, sql02] { } }";

    POINTS_DIFFER = "MP0305", "members of one group with different policies",
"A replication group gets one choice of points for all of its members, so it has one policy.

    group db {
      point = common
      vm sql01 { }
      vm sql02 { point = common_app }
    }

Say `point` once, on the group. Machines that need different policies are a `tier`, or stand alone.";

    ALIGN_NOT_COMMON = "MP0306", "`align` over independent points",
"`align` looks for common points of several groups that lie near one another in time. A policy that gives
each member its own point has no common point to align.

    group orders { point = latest, vm [o1, o2] { } }
    align [orders, stock] { within = 30s }

Every rung of every aligned group is `common` or `common_app`.";

    COMMIT_UNGATED = "MP0307", "a deleting commit that nothing guards",
"On this estate the commit deletes the machines left behind: there is no way back. With an arrow into it,
`commit` goes on by itself as soon as what stands before it is done, so something between the machines'
starts and the commit has to say that the result is good: an approval or a check that applies to that
operation and mode. A script or a pause says nothing, and what runs before the machines start cannot know.

    order { db -> app -> commit }

Either of these:

    order { db -> app -> erp_up -> commit }
    commit { policy = manual }";

    COMMIT_BY_TIMER = "MP0308", "a deleting commit by a timer",
"`auto(…)` commits after a time, whoever sleeps. Where the commit deletes the machines left behind, a timer
must not do that.

    commit { policy = auto(60m) }

`manual` waits for an operator; `rollback(60m)` goes the safe way when nobody decides.";

    GATE_BY_TIMER = "MP0309", "an approval that opens by itself before a deleting commit",
"`if_late = go` counts an approval as given when nobody answered. Before a commit that deletes the machines
left behind that is a deletion by timer.

    approve accept { prompt = \"Accepted?\", by = owner, within = 24h, if_late = go }
    order { app -> accept -> commit }

Write `if_late = keep_waiting`, or `halt`. An approval with `operations` that leave the deleting operation
out may go by itself.";

    REPROTECT_WITHOUT_COMMIT = "MP0310", "reprotect without commit",
"Reprotect replicates the machines the other way. Before the commit that is not decided: the run may still
be rolled back, or go to another point.

    order { app -> reprotect }

Put the commit before it:

    order { app -> app_up -> commit -> reprotect }";

    AFTER_THE_END = "MP0311", "work after what waits for all of it",
"`commit` waits for every machine and step that is not optional, `reprotect` follows the commit, and `cleanup`
ends a test. A machine after one of them would wait for something that waits for the machine.

    order { db -> commit -> app }

Put the closing nodes last:

    order { db -> app -> app_up -> commit -> reprotect }";

    VIA_MISSING = "MP0312", "a direction of replication without its process server",
"`via` names the process server by the site that is replicated *to*. After a failover the machines replicate
towards home, after a failback away from it; one plan serves both, so both are named. It is an error where
the provider replicates through process servers, or where one of the two is named and the other forgotten.

    reprotect { via { avs = \"ps-avs-01\" } }

Name the other one too, or say after which operations to reprotect:

    reprotect { via { avs = \"ps-avs-01\", azure = \"ps-westeurope-01\" } }
    reprotect { operations = failover, via { avs = \"ps-avs-01\" } }";

    RETRY_FIT = "MP0313", "a retry that does not fit its own limits",
"The numbers of a retry contradict each other or the step's time limit, so that attempts which the plan asks
for can never be made.

    retry { times = 10, every = 60s, for = 5m }     # the 6th comes after 6m

`for` is the time after the first attempt in which others may start, so it is longer than the pauses before
the last retry. A `for` that is no longer than what one attempt may take is warned about: an attempt that uses
its whole time is then never followed by another.";

    SCRIPT_FILE = "MP0314", "a program that cannot be run",
"The worst day is the wrong one to find out that a script is gone. A program with a `/` in its name is a file
below the plan's folder, or an absolute path; one without is looked for on `PATH`. It has to exist and to be
executable for whoever checks the plan.

    script freeze { run = [\"scripts/freeze.sh\"], … }

    chmod +x plans/scripts/freeze.sh

A path with `..`, or a link that leads out of the folder, is refused: a plan's folder can be copied to another
machine and works there.";

    STEP_NEVER = "MP0315", "a step that no operation reaches",
"Nothing that this plan can be run for ever gets to this step: its `operations` and `modes` leave nothing that
the provider knows, or it stands where its operations never come: after `commit` and for tests only, after
`cleanup` and not for tests, at a shutdown that a test or a forced run does not have.

    script thank { operations = [test], run = [\"scripts/thank.sh\"], timeout = 1m }
    order { app -> app_up -> commit -> thank }

Widen what it applies to, move it, or remove it.";

    ADDRESS_EARLY = "MP0316", "an address before its machine has started",
"`${sql01.address}` is where the machine is reached at the target. It is known when the machine has started,
so whatever uses it comes after that start by arrows. A name in an expression orders nothing.

    check sql_up { tcp = \"${sql01.address}:1433\", within = 5m }
    order { sql_up -> db }

Turn the arrow around, or put the check into the machine's block, where it runs after the start:

    order { db -> sql_up }
    vm sql01 { check sql_up { tcp = \"${sql01.address}:1433\", within = 5m } }

Steps `at = before_shutdown`, `after_shutdown` or `before_start` and the `fence` come before every start:
there `${sql01.name}` can be used.";

    RTO_EXCEEDED = "MP0317", "limits that add up to more than the RTO",
"The plan allows its own steps more time than it promises. The longest way by the plan's upper bounds is
labelled: approvals and checks by `within`, scripts by `timeout` with their retries, starts by `start`,
shutdowns by `shutdown`. What only the estate knows (how long a failover takes, how long machines queue for
a power-on slot) is not in it, so the real worst case is longer still.

    objective { rto = 1h, until = app_up }
    approve go { prompt = \"Go?\", by = lead, within = 2h }

It is a warning: limits are meant to be generous. If the promise is meant, shorten the longest of them.";

    LADDER_RPO = "MP0318", "a rung that may break the RPO",
"The first rung of this ladder accepts points older than the greatest loss that was promised, or a rung that
passes newer points by accepts points of any age.

    objective { rpo = 1h }
    point = [common_app(max_age = 4h), common]                 wrong twice
    point = [common_app(max_age = 1h), common(max_age = 4h), ask]

It is a warning: an old point may be better than none. A later rung that names its `max_age` says so itself,
and `muster preview` tells what would be lost by it. Past the last rung `ask` has a person choose.";

    NETWORK_MISSING = "MP0319", "no network at a site that machines come up at",
"One plan serves failover and failback, so a network that machines are attached to says what it is at both
sites. Found out in the run it would be found out after the shutdown.

    network lan { azure = \"vnet-erp/app\" }

Name the other:

    network lan { avs = \"VLAN10\", azure = \"vnet-erp/app\", test = \"vnet-bubble/app\" }

A plan with one network attaches all machines to it. With several, each machine says which: in its own block,
in its group's, or once in the plan. A plan without any leaves it to the estate's own mapping.";

    TEST_NETWORK = "MP0320", "no isolated network for tests",
"A test brings up copies beside production. Without an isolated network they cannot be brought up safely, and
the plan cannot be tested.

    network lan { avs = \"VLAN10\", azure = \"vnet-erp/app\" }

Name a network that reaches nothing:

    network lan { avs = \"VLAN10\", azure = \"vnet-erp/app\", test = \"vnet-bubble/app\" }";

    FENCE_MISSING = "MP0321", "nothing fences the source",
"A forced run never contacts the source, so nobody knows whether the old copies still run and write. It needs
the plan's `fence` to succeed, or somebody to approve in its place. A plan without one can be forced only
with `--unfenced \"reason\"`, which is written into the report.

    fence { run = [\"scripts/isolate.sh\", \"${run.source}\"], timeout = 5m, or_approve = dr_lead }

The program cuts off the source from a place that still works: its uplinks, its storage, its VPN peers.";

    WAIT = "MP0322", "a fixed pause",
"A pause is too short on the bad day and wasted on all others. A check goes on as soon as it may, and fails
when it should.

    wait settle { duration = 5m, because = \"the cluster elects a leader\" }

Nearly always there is something to look at:

    check leader { http = \"http://${db01.address}:8008/primary\", within = 5m }";

    GUEST_SCRIPTS = "MP0323", "a guest script where the estate runs none",
"`where = guest(…)` needs a provider that can run programs inside machines. This one cannot.

    script flush { where = guest(sql01), run = [\"/opt/flush\"], … }

Run it beside the engine, with what reaches the machine from there, once it has started:

    script flush { run = [\"scripts/flush.sh\", \"${sql01.address}\"], … }";

    PLAN_SIZE = "MP0324", "more machines than the provider takes in one plan",
"The provider bounds the machines of one plan; it would refuse the run in the middle of things.

Split the plan, each part on its own estate's terms, and let one plan `call` the others:

    call wave1 { }
    call wave2 { }
    order { wave1 -> wave2 }";

    GROUP_SIZE = "MP0325", "more machines than the provider takes in one group",
"The provider bounds the machines of one replication group, because all of them have to agree on each point.

Split it into groups that each can agree, and ask for points near one another:

    align [orders, stock] { within = 30s }";

    WAVES = "MP0326", "more waves than the provider knows",
"The provider starts machines in a bounded number of waves, one after another. The longest chain of machines in
this plan is longer; steps between machines do not count.

    order { a -> b -> c -> d -> e -> f -> g -> h }

Let machines start together where nothing keeps them apart:

    order { a -> [b, c, d] -> [e, f, g] -> h }";

    ONE_OS = "MP0327", "different systems in one group",
"A classic failback of Azure Site Recovery takes a replication group through one master target, and a master
target serves Windows or Linux, not both.

    group db { vm sql01 { os = windows }, vm pg01 { os = linux } }

Split the group by system, and `align` the two if they have to lie near one another in time. With
`appliance = modernized` there is no such limit.";

    AT_MERGED = "MP0328", "a moment that the provider passes over",
"The provider's failover shuts the source down, or starts the target, by itself. There is no moment after the
one or before the other at which a step could run.

    vm sql01 { script label { at = after_shutdown, … } }

Use `at = before_shutdown` or `at = after_start`.";

    GROUP_IN_OWN_CHAIN = "MP0329", "a machine and its own group in one chain",
"A group is done when all of its members are, and a member cannot start before or after all of its group.

    group db { vm [sql01, sql02] { } }
    order { sql01 -> db }

Order members inside the block:

    group db {
      vm [sql01, sql02] { }
      order { sql01 -> sql02 }
    }";

    ARROW_TWICE = "MP0330", "an arrow written twice",
"The second one adds nothing. Usually one of the two was meant to be another.

    order {
      db -> app -> web
      db -> app
    }";

    OPTIONAL_NEEDED = "MP0331", "something optional that others wait for",
"The failure of an optional machine counts as done, so what waits for it starts all the same, without it.

    vm cache01 { optional = true }
    order { cache01 -> app01 }

If `app01` needs `cache01`, it is not optional. If it does not, the arrow says more than is meant.";

    UNTIL_NEVER = "MP0332", "a clock that never stops",
"`until` names the node whose end stops the clock of the RTO. This one is not part of a failover or of a
failback, so the achieved RTO of that operation could never be told.

    objective { rto = 2h, until = masked }
    approve masked { operations = [test], … }

Name a node that both operations reach, or leave `until` out: then the last start stops the clock.";

    UNDO_NEVER = "MP0333", "an undo that never runs",
"`undo` runs when a run is rolled back and the step had succeeded. A test is cleaned up instead, a forced run
is never rolled back, and some providers cannot roll back at all.

    script mask { operations = [test], …, undo { run = [\"scripts/unmask.sh\"], timeout = 5m } }

Remove it, or do what it should do in a step before `cleanup`.";

    ROLLBACK_MISSING = "MP0334", "a rollback that the provider cannot do",
"The plan asks for a rollback when something fails, is rejected or takes too long, and the provider cannot drop a
target and start its source again.

    approve accept { …, if_rejected = rollback }

Write `halt` or `manual`: the run then stops and leaves the decision, and what is possible, to people.";

    MACHINE_TWICE = "MP0335", "one machine in two plans of one run",
"A plan and the plans it calls are one run, and a machine is recovered once in a run. Two plans that hold the
same machine of the estate would each shut it down, choose a point for it and start it.

    call crm { }
    call erp { }       # both hold sql01

Keep the machine in one of them and let the other wait: `order { crm -> erp }`.";

    GROUP_SPLIT = "MP0336", "a group in several waves where it fails over by one call",
"Some providers bring a replication group up by one call: its members start together. An arrow that makes one of them
wait for another, or for something that the others do not wait for, is a promise that such a provider cannot keep.

    group db { vm [sql01, sql02] { }, order { sql01 -> sql02 } }

Let arrows lead to the group and from it: `dns -> db -> app`. What has to start after a member is a machine outside the
group; what has to be seen first is a check inside it.";

    POINT_UNTOLD = "MP0337", "a point that the provider's service cannot be told",
"The engine chooses points, and some services choose again: they take a word for a group, such as the newest common
point, and no point by name. Others have fewer words on the way home, or make the point after the failback has begun.
Where the service cannot be told, the run would be refused when it is too late to think about it.

    group db { point = common(as_of = 2026-11-23T06:00:00Z), … }

Write a policy that can be told. It is a warning where only the way home is meant and the plan does not protect
machines towards home; `--point` says another one for a single run.";
}
