//! MP07xx: what the command line itself refuses.

use super::codes;

codes! {
    REQUEST_REFUSED = "MP0701", "the run does not take this request now", "\
What may be asked of a run depends on how it stands. The message says why not, and what is possible instead. \
Nothing was changed.

Wrong, while a step before the commit window has failed:

```sh
muster commit last
```

Right: see what it waits for, and mend that first.

```sh
muster status last
muster retry last
```";
    NOT_CONFIRMED = "MP0702", "nobody confirmed the start", "\
A run of a recovery plan is started by a person who has read what it is about to do. Where there is no \
terminal to ask at, `--yes` says that somebody has. It never answers an `approve` step.

Wrong, from a script:

```sh
muster failover erp.muster --planned < /dev/null
```

Right:

```sh
muster preview failover erp.muster --planned --out erp.json
muster failover erp.json --yes
```";
    ROLE_NOT_HELD = "MP0703", "an approval is answered by someone who may not", "\
Each `approve` step names a role, and the role its members. An answer by anybody else would make the \
record worthless.

Wrong, where `dr_lead` is `dana` or `lee`:

```sh
muster failover erp.muster --planned --as sam --approve go
```

Right: let one of them answer, in the run or beforehand.

```sh
muster failover erp.muster --planned --as dana --approve go
```";
    NAME_NOT_TAKEN = "MP0704", "a name is claimed where only the system's user counts", "\
In an estate that is real, who did something is the effective user of the process, and `--as` would only \
blur that. A name can be claimed where the estate says `identity = claimed`, as a simulated one does by \
default; it is then recorded as not verified.

Wrong:

```sh
muster approve last go --as dana
```

Right: as the user `dana`.

```sh
muster approve last go
```";
    ESTATE_SILENT = "MP0705", "the estate cannot be asked", "\
Before anything is done the estate is asked for its inventory. It did not answer, or its answer could not \
be read. Nothing was touched.

Wrong: starting a run while the estate's own service is down.

Right: look at the message, restore the way to the estate, and ask again:

```sh
muster inventory erp.muster
```";
    OPTION_UNREADABLE = "MP0706", "the value of an option cannot be read", "\
The message names the option and what it wants.

    muster points erp.muster --as-of yesterday                 wrong: no instant
    muster points erp.muster --as-of 2026-11-23T05:00:00Z
    muster test erp.muster --point db=commom                   wrong: no policy
    muster test erp.muster --point 'db=common(max_age = 4h)'
";
    NO_SUCH_CODE = "MP0707", "there is no such diagnostic", "\
Codes are `MP` and four digits, as printed in front of every message.

    muster explain MP999        wrong
    muster explain MP0101
";
    NO_SUCH_STEP = "MP0708", "the plan has no such step", "\
Steps are named as in the plan (`go`, `sql_up`), and the acts of a machine by verb and machine, as \
`muster preview` lists them.

    muster explain erp.muster sql02            wrong: a machine has several acts
    muster explain erp.muster 'start sql02'
";
    PROVIDER_NOT_BUILT = "MP0709", "this program cannot drive the provider", "\
The runbook names a provider that this build of the program does not hold: it was compiled by a newer one, or \
by one that was built with more. Nothing was touched.

    muster failover erp.json --yes         compiled elsewhere, for a provider that is missing here

Run it with the program that compiled it; `muster --version` says which one this is.
";
    FILE_NOT_WRITTEN = "MP0710", "a file cannot be written", "\
The message says which file, and what the system says of it. What stood there before is still there: files \
are written beside it and then put in its place.

    muster preview failover erp.muster --planned --out /erp.json     wrong: no right to write there
    muster preview failover erp.muster --planned --out erp.json
";
    FORMAT_HELD_BACK = "MP0711", "the formatter would have changed the plan's meaning", "\
After formatting, the new text is read again and compared with the old one, comments included. They \
differed, so the file was left as it is. This is a mistake of the formatter, not of the plan.

    muster fmt erp.muster                       left the file as it is
    muster check erp.muster                     works all the same
";
    ENGINE_FAILED = "MP0712", "the engine itself failed", "\
Something that the engine relies on failed: a thread or a timer could not be made, or standard output \
could not be written. Steps under way go on at the estate, and everything begun is in the run log.

Wrong: starting the plan anew.

Right, once the host is in order again:

```sh
muster resume last
```";
}
