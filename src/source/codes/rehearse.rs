//! MP09xx: what a rehearsal is told.

use super::codes;

codes! {
    FAULT = "MP0901", "a fault of a rehearsal cannot be read", "\
A fault is one line: what goes wrong, with what, and how often. With a verb of the estate it is said in the \
simulator's words (`docs/simulator.md`), with a step by the step's name:

    fail VERB MACHINE [once] [refused|retry] [as CODE]     it fails at its end
    hang, drop VERB MACHINE [once]                         it does not end; it never arrives
    lose, forget VERB MACHINE [once]                       no answer; nor can anybody tell
    late VERB MACHINE 5m [once]                            so much later
    no heartbeat MACHINE, no agent MACHINE                 after a start
    never CHECK                                            it does not pass
    fail SCRIPT, hang SCRIPT                               it exits with 1; it does not end
    late APPROVAL, reject APPROVAL                         answered too late; answered with no
    late STEP 5m                                           so much later
    cut site SITE [at +10m] [for 30m]                      nobody can reach it for so long
    die at 17                                              the engine, after its 17th write

Wrong:

```sh
muster rehearse failover erp.muster --planned --fault 'fial fail_over app02'
```

Right:

```sh
muster rehearse failover erp.muster --planned --fault 'fail fail_over app02 once'
```";
    FAULT_NAME = "MP0902", "a rehearsal is told of something that the runbook does not have", "\
Machines, steps and verbs are those of the runbook: a machine that is left out, a step that does not apply to \
the mode, a verb that nobody asks for can never go wrong, and a rehearsal with it would prove nothing.

Wrong, where the plan has no step `sql_upp`:

```sh
muster rehearse failover erp.muster --planned --fault 'never sql_upp'
```

Right, as `muster preview failover erp.muster --planned` lists it:

```sh
muster rehearse failover erp.muster --planned --fault 'never sql_up'
```";
    DURATIONS = "MP0903", "stated durations cannot be used", "\
`--durations FILE` names a JSON file of the format `muster.durations/1`: how long steps take, by kind or by name. A \
text is exact, two are from and to, three and more are samples, each as likely as the other.

Wrong, for the longer one comes first and `failover` is no kind:

```json
{ \"format\": \"muster.durations/1\", \"kinds\": { \"failover\": [\"9m\", \"3m\"] } }
```

Right:

```json
{
  \"format\": \"muster.durations/1\",
  \"kinds\": { \"fail_over\": [\"3m\", \"9m\"], \"ready\": [\"40s\", \"55s\", \"2m\"] },
  \"steps\": { \"fail over sql01\": \"12m\" }
}
```

Kinds: `approve`, `ask_points`, `bind`, `check`, `clean_up`, `commit`, `commit_gate`, `confirm_stopped`, `fail_over`, \
`fence`, `guest_script`, `process_pending`, `ready` (from power-on to the guest's answer), `reprotect`, `roll_back`, \
`script`, `shut_down`, `start` (the power-on), `take_final`.";
}
