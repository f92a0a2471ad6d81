//! MP02xx: names, keys and types, from the resolver and the schema.

use super::codes;

codes! {
    UNKNOWN_KEY = "MP0201", "unknown key",
        r#"A misspelt key that is passed over silently is found on the day of the disaster, so every key has to be one that the block knows. The nearest known key is offered.

Refused:
```muster
check sql_up { tcp = "${sql01.address}:1433", withn = 5m }
```
Accepted:
```muster
check sql_up { tcp = "${sql01.address}:1433", within = 5m }
```
"#;
    UNKNOWN_KIND = "MP0202", "unknown kind of block",
        r#"A block begins with its kind, and this word is no kind that stands here.

Refused:
```muster
plan erp {
  grup db { vm sql01 { } }
}
```
Accepted:
```muster
plan erp {
  group db { vm sql01 { } }
}
```
"#;
    DUPLICATE_KEY = "MP0203", "key or block said twice",
        r#"Of two values one would be passed over, and nobody could tell which. A key, and a block without a name, is said once.

Refused:
```muster
objective { rto = 2h, rto = 4h }
```
Accepted:
```muster
objective { rto = 2h }
```
"#;
    MISSING_KEY = "MP0204", "missing key",
        r#"What has no safe default has to be said: how long a check may take, in which operations a script runs, who may answer.

Refused:
```muster
check sql_up { tcp = "${sql01.address}:1433" }
```
Accepted:
```muster
check sql_up { tcp = "${sql01.address}:1433", within = 5m }
```
"#;
    WRONG_TYPE = "MP0205", "value of another type",
        r#"The value is not of the type that the key has. Durations carry a unit, words stand without quotes, texts within them.

Refused:
```muster
objective { rto = 120 }
```
Accepted:
```muster
objective { rto = 2h }
```
"#;
    WRONG_PLACE = "MP0206", "something stands where it means nothing",
        r#"Each kind of block, and each arrow, has its places. Arrows stand in an `order`, steps with `at` inside a machine, group or tier.

Refused:
```muster
plan erp {
  go -> db
}
```
Accepted:
```muster
plan erp {
  order { go -> db }
}
```
"#;
    LABEL = "MP0207", "a block without its name, or with another's",
        r#"Most blocks have one name, a word of letters, digits, `_` and `-`. A machine whose name in the estate is no such word says it inside.

Refused:
```muster
vm "SQL 01.contoso.com" { }
```
Accepted:
```muster
vm sql01 { name = "SQL 01.contoso.com" }
```
"#;
    DUPLICATE_NAME = "MP0208", "name declared twice",
        r#"A name means one thing. Machines, groups and steps of a plan share their names, because an arrow may lead to any of them; and a machine is in one group.

Refused:
```muster
group db  { vm sql01 { } }
group dwh { vm sql01 { } }
```
Accepted:
```muster
group db  { vm sql01 { } }
group dwh { vm dwh01 { } }
```
"#;
    RESERVED_NAME = "MP0209", "a word of the language as a name",
        r#"`commit`, `reprotect` and `cleanup` are nodes of every plan, `run` is what `${run.id}` asks, and `test` is a network's entry for tests.

Refused:
```muster
approve commit { prompt = "Commit?", by = dr_lead, within = 1h }
```
Accepted:
```muster
approve may_commit { prompt = "Commit?", by = dr_lead, within = 1h }
```
"#;
    UNKNOWN_NAME = "MP0210", "unknown name",
        r#"What a plan names has to be declared, in the plan or in a file that it uses. The nearest declared name is offered. A name declared in a statement with a syntax error is not reported.

Refused:
```muster
order { sql1 -> app01 }
```
Accepted:
```muster
order { sql01 -> app01 }
```
"#;
    WRONG_SORT = "MP0211", "the name of something else",
        r#"The name is declared, and it is another sort of thing than what is wanted here.

Refused:
```muster
align [db, app] { within = 30s }     # app is a tier
```
Accepted:
```muster
align [db, stock] { within = 30s }
```
"#;
    NAME_TOO_LONG = "MP0212", "name too long",
        r#"Names are shown in tables, reports and messages. The longest allowed has 256 characters.

Refused:
```muster
vm sql01 { name = "a name of three hundred characters …" }
```
Accepted:
```muster
vm sql01 { name = "SQL 01" }
```
"#;
    OUT_OF_RANGE = "MP0213", "number or duration out of range",
        r#"The value has the right type and cannot hold: a quorum above the members of its role, a wait of no time or of more than a year, an estate with one site.

Refused:
```muster
role  dr_lead { members = ["dana", "lee"] }
approve go { prompt = "Go?", by = dr_lead, quorum = 3, within = 30m }
```
Accepted:
```muster
approve go { prompt = "Go?", by = dr_lead, quorum = 2, within = 30m }
```
"#;
    UNKNOWN_WORD = "MP0214", "unknown word for a key",
        r#"The key takes one of a few words, and this is none of them.

Refused:
```muster
script freeze { operations = [fail_over], run = ["scripts/freeze.sh"], timeout = 5m }
```
Accepted:
```muster
script freeze { operations = [failover], run = ["scripts/freeze.sh"], timeout = 5m }
```
"#;
    POLICY = "MP0215", "a recovery point policy that does not hold together",
        r#"A policy is one of `latest`, `latest_processed`, `latest_app`, `common`, `common_app` and `id("…")`, with the arguments `max_age`, `as_of` and `tag`. A ladder is a list of policies whose last rung may be `ask` or `fail`. `id` names one machine's point, so it stands on a machine outside any group.

Refused:
```muster
point = [ask, common(max_agee = 1h)]
```
Accepted:
```muster
point = [common(max_age = 1h), ask]
```
"#;
    LITERAL_SECRET = "MP0216", "a secret written in a plan",
        r#"Plans are read, shared and kept in version control. A secret is named by where it is kept and read when it is used; it is never printed.

Refused:
```muster
provider = azure { client_secret = "hunter2" }
```
Accepted:
```muster
provider = azure { client_secret = env("AZURE_SECRET") }
```
"#;
    PATH_OUTSIDE = "MP0217", "a path that leaves the plan's folder",
        r#"What a plan reads lies in the plan's folder or below it, so that the folder can be copied whole to where it is needed. A program may also be an absolute path, or a name found on `PATH`.

Refused:
```muster
use "../shared/contoso.muster"
```
Accepted:
```muster
use "shared/contoso.muster"
```
"#;
    FILE_MISSING = "MP0218", "a file that cannot be read",
        r#"The plan, or a file that it uses, is not there or may not be read. Paths count from the folder of the file that says them.

Refused:
```muster
use "contosso.muster"
```
Accepted:
```muster
use "contoso.muster"
```
"#;
    USE_LOOP = "MP0219", "files that use each other",
        r#"What several files need stands in a file that uses none of them.

Refused:
```muster
# a.muster
use "b.muster"
# b.muster
use "a.muster"
```
Accepted:
```muster
# a.muster
use "b.muster"
# b.muster uses nothing
```
"#;
    TOO_MANY_FILES = "MP0220", "too many files",
        r#"A plan draws in 256 files at most, so that a mistake cannot read a whole disk.

Refused:
```muster
use "generated/001.muster"
# … and 299 more
```
Accepted:
```muster
use "generated/all.muster"
```
"#;
    PLAN_COUNT = "MP0221", "no plan, or more than one",
        r#"A file that is run holds exactly one plan. Files that are only used may hold several, for `call`, or
none; `muster check` takes those too.

Refused:
```muster
plan erp { … }
plan crm { … }
```
Accepted:
```muster
# erp.muster
plan erp { … }
# crm.muster
plan crm { … }
```
"#;
    CALL_LOOP = "MP0222", "plans that call each other",
        r#"A call is a plan's whole life as one node of another; a plan cannot be inside itself.

Refused:
```muster
plan erp { call crm { } }
plan crm { call erp { } }
```
Accepted:
```muster
plan all { call erp { }, call crm { } }
```
"#;
    CALL_BOUND = "MP0223", "too many calls",
        r#"Calls are nested at most 8 deep and bring in at most 1000 plans, so that a few lines cannot unfold into millions.

Refused:
```muster
# p1 calls p2, p2 calls p3, and so on to p20
```
Accepted:
```muster
plan all { call wave1 { }, call wave2 { } }
```
"#;
    CALL_ESTATE = "MP0224", "a called plan on another estate",
        r#"A run is on one estate: its locks, its sites and its limits are shared by the plans that it calls.

Refused:
```muster
plan all { estate = contoso, call wave1 { } }     # wave1 is on fabrikam
```
Accepted:
```muster
plan all { estate = contoso, call wave2 { } }     # wave2 is on contoso
```
"#;
    HOLE = "MP0225", "a hole that nothing fills",
        r#"A hole is a parameter, a fact of a machine (`address`, `name`) or a fact of the run (`id`, `plan`, `operation`, `mode`, `source`, `target`).

Refused:
```muster
check up { tcp = "${sql01.ip}:1433", within = 5m }
```
Accepted:
```muster
check up { tcp = "${sql01.address}:1433", within = 5m }
```
"#;
    EXCLUSIVE = "MP0226", "keys that exclude each other",
        r#"Both are said, and only one can hold; or a key is said that belongs to another one that is not there.

Refused:
```muster
check up { tcp = "${sql01.address}:1433", heartbeat = sql01, within = 5m }
```
Accepted:
```muster
check up { tcp = "${sql01.address}:1433", within = 5m }
```
"#;
    EMPTY = "MP0227", "nothing where something is needed",
        r#"An empty list or text would quietly mean never, nobody or nothing. Leave the key out, or say what is meant.

Refused:
```muster
script freeze { operations = [], run = ["scripts/freeze.sh"], timeout = 5m }
```
Accepted:
```muster
script freeze { operations = [failover], run = ["scripts/freeze.sh"], timeout = 5m }
```
"#;
    DUPLICATE_VALUE = "MP0228", "twice in one list",
        r#"The second mention adds nothing, so another word was probably meant.

Refused:
```muster
order { db -> [app01, app01] }
```
Accepted:
```muster
order { db -> [app01, app02] }
```
"#;
}
