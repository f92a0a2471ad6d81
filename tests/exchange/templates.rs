//! Templates of the resource manager: what is worked out, and what is said of the rest.

use musterpoint::exchange::azure::{ImportOptions, Items};
use serde_json::{Value, json};

use crate::lab::{file, imported, options, refused, sound};

fn template(resources: &Value, parameters: &Value, variables: &Value) -> Value {
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "variables": variables,
        "resources": resources,
    })
}

/// A recovery plan as a resource, with one machine.
fn resource(name: &str, machine: &str) -> Value {
    json!({
        "type": "Microsoft.RecoveryServices/vaults/replicationRecoveryPlans",
        "apiVersion": "2024-04-01",
        "name": name,
        "properties": {
            "primaryFabricId": "[variables('fabric')]",
            "recoveryFabricId": "Microsoft Azure",
            "groups": [{
                "groupType": "Boot",
                "replicationProtectedItems": [{ "id": machine }],
                "startGroupActions": [],
                "endGroupActions": [],
            }],
        },
    })
}

const FABRIC: &str = "[resourceId('Microsoft.RecoveryServices/vaults/replicationFabrics', parameters('vaultName'), \
                      'lucerne')]";
const MACHINE: &str = "[concat(variables('fabric'), '/replicationProtectionContainers/c1/replicationProtectedItems/', \
                       toLower('SQL01'))]";

fn variables() -> Value {
    json!({ "fabric": FABRIC })
}

fn parameters() -> Value {
    json!({ "vaultName": { "type": "string", "defaultValue": "vault-dr" }, "secret": { "type": "string" } })
}

fn machines(json: &Value) -> Vec<String> {
    let made = imported(&json.to_string(), &options(Items::none()));
    sound(&made.plan_text).vms.iter().map(|vm| vm.estate_name.clone()).collect()
}

#[test]
fn parameters_variables_and_functions_are_worked_out() {
    for name in
        ["[concat(parameters('vaultName'), '/erp')]", "[format('{0}/{1}', parameters('VAULTNAME'), 'erp')]"]
    {
        let json = template(&json!([resource(name, MACHINE)]), &parameters(), &variables());
        let made = imported(&json.to_string(), &options(Items::none()));
        let plan = sound(&made.plan_text);
        assert_eq!((plan.name.as_str(), plan.estate.name.as_str()), ("erp", "vault-dr"));
        assert_eq!(plan.estate.home(), "lucerne");
        assert_eq!(plan.estate.provider_args["vault"], "vault-dr");
        assert_eq!(plan.estate.provider_args["subscription"], "SUBSCRIPTION-ID");
        assert!(made.notes.iter().any(|note| note.contains("where it is deployed")), "{:?}", made.notes);
        assert_eq!(plan.vms.iter().next().unwrap().estate_name, "sql01");
    }
}

#[test]
fn what_a_compiler_of_templates_writes_is_read() {
    let made = imported(&file("compiled.json"), &options(Items::none()));
    let plan = sound(&made.plan_text);
    assert_eq!(plan.name, "erp");
    let names: Vec<&str> = plan.vms.iter().map(|vm| vm.estate_name.as_str()).collect();
    assert_eq!(names, ["sql01", "web01"]);
    assert_eq!(plan.steps.iter().next().unwrap().name, "databases-checked");
}

#[test]
fn symbolic_names_nested_resources_and_conditions_are_followed() {
    let symbolic = template(&json!({ "plan": resource("v/erp", MACHINE) }), &parameters(), &variables());
    assert_eq!(machines(&symbolic), ["sql01"]);
    let mut child = resource("erp", MACHINE);
    child["type"] = json!("replicationRecoveryPlans");
    let vault = json!({ "type": "Microsoft.RecoveryServices/vaults", "name": "[parameters('vaultName')]",
                        "resources": [child] });
    assert_eq!(machines(&template(&json!([vault]), &parameters(), &variables())), ["sql01"]);
    let mut never = resource("v/other", MACHINE);
    never["condition"] = json!("[equals('a', 'b')]");
    let json = template(&json!([never, resource("v/erp", MACHINE)]), &parameters(), &variables());
    assert_eq!(machines(&json), ["sql01"]);
}

#[test]
fn what_is_known_only_when_it_is_deployed_is_named() {
    let all = [
        resource("[concat(parameters('secret'), '/erp')]", "[variables('nothing')]"),
        resource("v/two", "[guid('x')]"),
        resource("v/three", "[if(true(), '/a/vm1', guid('x'))]"),
    ];
    let json = template(&json!(all), &parameters(), &variables()).to_string();
    assert_eq!(
        refused(&json, &options(Items::none())),
        [
            "MP1205 `export.json` holds `[concat(parameters('secret'), '/erp')]`, which cannot be worked out: the \
             parameter `secret` has no default",
            "MP1205 `export.json` holds `[variables('nothing')]`, which cannot be worked out: it has no variable \
             `nothing`",
            "MP1205 `export.json` holds `[guid('x')]`, which cannot be worked out: `guid` with 1 argument is not known \
             before it is deployed",
        ]
    );
    // Whoever asks for one plan does not have to mend the others.
    let wanted = ImportOptions { plan: Some("three".to_owned()), ..options(Items::none()) };
    let json = template(&json!(all[1..]), &parameters(), &variables()).to_string();
    assert_eq!(sound(&imported(&json, &wanted).plan_text).name, "three");
}

#[test]
fn loops_and_growth_end() {
    let circle = json!({ "fabric": "[variables('b')]", "b": "[variables('fabric')]" });
    let json = template(&json!([resource("v/erp", "/a/vm1")]), &parameters(), &circle).to_string();
    assert!(refused(&json, &options(Items::none()))[0].contains("in a circle"));
    for (seed, doublings, says) in
        [("a".repeat(1000), 9, "grows too long"), (String::new(), 15, "take too long")]
    {
        let mut doubling = serde_json::Map::new();
        doubling.insert("v0".to_owned(), json!(seed));
        for at in 1..doublings {
            let twice = format!("[concat(variables('v{0}'), variables('v{0}'))]", at - 1);
            doubling.insert(format!("v{at}"), json!(twice));
        }
        doubling.insert("fabric".to_owned(), json!(format!("[variables('v{}')]", doublings - 1)));
        let json = template(&json!([resource("v/erp", "/a/vm1")]), &parameters(), &Value::Object(doubling));
        let said = refused(&json.to_string(), &options(Items::none()));
        assert!(said[0].contains(says), "{said:?}");
    }
    let mut copies = resource("v/erp", "/a/vm1");
    copies["copy"] = json!({ "name": "loop", "count": 3 });
    let json = template(&json!([copies]), &parameters(), &variables()).to_string();
    assert!(refused(&json, &options(Items::none()))[0].contains("by `copy`"));
    // A value that is handed on doubles at each template.
    let mut inner = template(
        &json!([resource("v/erp", "/a/vm1")]),
        &json!({ "p": {} }),
        &json!({ "fabric": "[string(parameters('p'))]" }),
    );
    for _ in 0..12 {
        let twice =
            json!({ "p": { "value": "[concat(parameters('p'), parameters('p'), parameters('p'))]" } });
        let deployment = json!({
            "type": "Microsoft.Resources/deployments",
            "properties": { "expressionEvaluationOptions": { "scope": "inner" }, "parameters": twice, "template": inner },
        });
        inner = template(&json!([deployment]), &json!({ "p": { "defaultValue": [1, 2, 3] } }), &json!({}));
    }
    let said = refused(&inner.to_string(), &options(Items::none()));
    assert!(said[0].contains("what is given for `p` cannot be worked out"), "{said:?}");
    let wanted = ImportOptions { plan: Some("three".to_owned()), ..options(Items::none()) };
    let mut other = resource("v/other", "[guid('x')]");
    other["condition"] = json!("[guid('x')]");
    let json =
        template(&json!([other, resource("v/three", "/a/vm1")]), &parameters(), &variables()).to_string();
    assert_eq!(sound(&imported(&json, &wanted).plan_text).name, "three");
}
