//! Codes of plans that are read from other products or written for them: MP12xx.

use super::codes;

codes! {
    TOO_LARGE = "MP1201", "a file of another product that is too large",
"What is read from another product may come from anyone, so its size, its depth and the number of its parts have
bounds. A recovery plan of the largest size takes a small part of them.

    muster import azure export.json

Save only the recovery plan that is meant.";

    NOT_JSON = "MP1202", "a file of another product that is not JSON",
"The file is cut off, or was never JSON. A Bicep file has to be built first, which gives a template in JSON:

    az bicep build --file plan.bicep

Then import the JSON.";

    NO_PLAN = "MP1203", "a file without a recovery plan",
"The file is JSON and holds no recovery plan with machines. Three shapes are read: a recovery plan as the service returns
it, a list of those in `value`, and a template with resources of the type
`Microsoft.RecoveryServices/vaults/replicationRecoveryPlans`.

Save one of these, and import it again.";

    WHICH_PLAN = "MP1204", "several recovery plans and one wanted",
"One plan is written at a time. The file holds several recovery plans, or not the one that was named.

    muster import azure plans.json --plan erp

Names are compared without case, as the service does.";

    EXPRESSION = "MP1205", "an expression that cannot be worked out",
"A template may hold expressions. Those of parameters with a default, of variables, of `concat`, `format`,
`resourceId` and a few other functions are worked out. This one depends on what is known only when the template is
deployed.

    \"name\": \"[concat(parameters('vault'), '/erp')]\"

Give the parameter a default, write the value in the expression's place, or import what the service returns for the
plan.";

    FIELD = "MP1206", "a field that is missing",
"The file is a recovery plan or a list of machines, and lacks a field without which it means nothing: the groups of a
plan, the id of a machine, the name or the kind of an action.

Export it whole, as the service returns it.";

    MACHINE_TWICE = "MP1207", "a machine twice in a recovery plan",
"A machine starts once, so it stands in one boot group. The service refuses such a plan too.

Keep it in one of the groups.";

    GROUP_SPLIT = "MP1208", "a replication group in several boot groups",
"All machines of a replication group fail over by one call, so they start in one boot group. The service refuses a plan
that has them in several.

    group db { vm sql01 { }, vm sql02 { }, order { sql01 -> sql02 } }

Keep the group together: what has to come later is a machine outside the group, or a check inside it.";

    TOO_MANY = "MP1209", "more than one recovery plan takes",
"One recovery plan of Azure Site Recovery takes 100 machines and 7 boot groups. A plan with more cannot be written as one,
and a file with more is none that the service runs.

Split it into several plans. In the language, one plan may `call` the others.";

    NAME_UNCLEAR = "MP1210", "a machine that the list of machines knows twice",
"`--items` gives the ids of machines by their names in the estate. Two machines of the vault have this name, and nobody
can tell which is meant.

Leave the other one out of the list.";
}
