//! The recovery plans of a document: of a plan itself, a list, or a template with its nested ones. A JSON
//! tree in; for each plan its name and its properties out, expressions worked out.

use std::collections::HashMap;

use serde_json::Value;

use crate::base::limits;
use crate::source::codes::exchange as codes;

use super::evaluate::{Evaluator, Scope, Stuck};
use super::faults::{Faults, shown};
use super::json::{last_segment, list, same, text};

/// The type of a recovery plan.
const PLAN: &str = "Microsoft.RecoveryServices/vaults/replicationRecoveryPlans";
/// The type of a template in a template.
const DEPLOYMENT: &str = "Microsoft.Resources/deployments";

/// A recovery plan as found.
#[derive(Clone, Debug)]
pub(super) struct RawPlan {
    /// Its name, the last part of it.
    pub(super) name: String,
    /// Its id in the service, where the document says it.
    pub(super) id: Option<String>,
    /// The vault's name, where a template's name says it.
    pub(super) vault: Option<String>,
    /// What it holds.
    pub(super) properties: Value,
}

/// What a document holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Its plans in order.
    pub(super) plans: Vec<RawPlan>,
    /// What is to be said of the document.
    pub(super) notes: Vec<String>,
}

/// Finds every recovery plan. `wanted` is the only one whose expressions have to be known.
pub(super) fn plans(root: &Value, wanted: Option<&str>, faults: &mut Faults) -> Found {
    let mut found = Found::default();
    let is_template = root.get("resources").is_some()
        || text(root, "$schema").is_some_and(|schema| schema.contains("deploymentTemplate"));
    if is_template {
        let mut walk = Walk { wanted, evaluator: Evaluator::new(), faults, found: &mut found };
        walk.template(root, HashMap::new(), 0);
        if walk.evaluator.placeless {
            let note = "the template does not say where it is deployed: write the subscription and the resource \
                        group into the `estate` block";
            found.notes.push(note.to_owned());
        }
        return found;
    }
    if text(root, "nextLink").is_some() {
        found.notes.push("the list goes on at its `nextLink`; only this page of it was read".to_owned());
    }
    let listed = root.as_array().map_or_else(|| list(root, "value"), Vec::as_slice);
    for one in std::iter::once(root).chain(listed).take(limits::EXCHANGE_PARTS_MAX) {
        let is_plan = text(one, "type").is_none_or(|kind| same(kind, PLAN));
        let Some(properties) = one.get("properties").filter(|_| is_plan) else { continue };
        let id = text(one, "id").map(str::to_owned);
        let named = text(one, "name").or_else(|| id.as_deref().map(last_segment));
        let name = named.or_else(|| text(properties, "friendlyName")).unwrap_or("recovery-plan");
        found.plans.push(RawPlan {
            name: last_segment(name).to_owned(),
            id,
            vault: None,
            properties: properties.clone(),
        });
    }
    found
}

struct Walk<'w> {
    wanted: Option<&'w str>,
    evaluator: Evaluator,
    faults: &'w mut Faults,
    found: &'w mut Found,
}

/// A resource that others stand in: its full type, and its name where that could be worked out.
type Parent<'p> = Option<(&'p str, Option<&'p str>)>;

impl Walk<'_> {
    /// The resources of a template, by its own parameters and variables.
    fn template(&mut self, template: &Value, given: HashMap<String, Option<Value>>, depth: usize) {
        let map = |key: &str| template.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let scope = Scope { parameters: map("parameters"), given, variables: map("variables") };
        self.resources(template, &scope, None, depth);
    }

    /// The resources of a template or of a resource: a list, or an object by symbolic names.
    fn resources(&mut self, of: &Value, scope: &Scope, parent: Parent<'_>, depth: usize) {
        if depth > limits::DEPTH_MAX {
            return;
        }
        let resources: Vec<&Value> = match of.get("resources") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Object(map)) => map.values().collect(),
            Some(_) | None => return,
        };
        for resource in resources {
            self.resource(resource, scope, parent, depth);
        }
    }

    fn resource(&mut self, resource: &Value, scope: &Scope, parent: Parent<'_>, depth: usize) {
        let Some(written) = text(resource, "type") else { return };
        let kind = match parent {
            Some((parent, _)) if !written.contains('.') => format!("{parent}/{written}"),
            Some(_) | None => written.to_owned(),
        };
        if same(&kind, DEPLOYMENT) {
            self.deployment(resource, scope, depth);
        } else if same(&kind, PLAN) {
            if self.found.plans.len() < limits::EXCHANGE_PARTS_MAX {
                self.plan(resource, scope, parent);
            }
        } else if resource.get("resources").is_some() {
            let name = resource.get("name").unwrap_or(&Value::Null);
            let name = self.evaluator.whole(scope, name, &mut Vec::new());
            self.resources(resource, scope, Some((&kind, name.as_str())), depth + 1);
        }
    }

    /// A template in a template. Unless it says that its expressions are its own, they are the outer one's.
    fn deployment(&mut self, resource: &Value, scope: &Scope, depth: usize) {
        let Some(properties) = resource.get("properties") else { return };
        let Some(template) = properties.get("template") else {
            if properties.get("templateLink").is_some() {
                self.found.notes.push("the template links to others, which were not read".to_owned());
            }
            return;
        };
        let options = properties.get("expressionEvaluationOptions");
        if !options.and_then(|options| text(options, "scope")).is_some_and(|scope| same(scope, "inner")) {
            return self.resources(template, scope, None, depth + 1);
        }
        let mut given = HashMap::new();
        for (name, value) in properties.get("parameters").and_then(Value::as_object).into_iter().flatten() {
            let mut stuck = Vec::new();
            let value = value.get("value").unwrap_or(&Value::Null);
            let value = self.evaluator.whole(scope, value, &mut stuck);
            // What is not known stays unknown: only who uses it says so.
            given.insert(name.to_ascii_lowercase(), stuck.is_empty().then_some(value));
        }
        self.template(template, given, depth + 1);
    }

    fn plan(&mut self, resource: &Value, scope: &Scope, parent: Parent<'_>) {
        let mut stuck = Vec::new();
        let name = resource.get("name").unwrap_or(&Value::Null);
        let name = self.evaluator.whole(scope, name, &mut stuck);
        let name = name.as_str().unwrap_or_default();
        if self.wanted.is_some_and(|wanted| stuck.is_empty() && !same(wanted, last_segment(name))) {
            // Another plan was asked for: this one is named, and need not be known.
            return self.keep(name, parent, Value::Null);
        }
        if resource.get("copy").is_some() {
            let text = text(resource, "name").unwrap_or(PLAN).to_owned();
            stuck.push(Stuck { text, why: "it stands for several, by `copy`".to_owned() });
        }
        let condition = resource.get("condition").unwrap_or(&Value::Bool(true));
        if self.evaluator.whole(scope, condition, &mut stuck) == Value::Bool(false) {
            return;
        }
        let properties = resource.get("properties").unwrap_or(&Value::Null);
        let properties = self.evaluator.whole(scope, properties, &mut stuck);
        let mut said: Vec<&Stuck> = Vec::new();
        for one in &stuck {
            if said.contains(&one) {
                continue;
            }
            said.push(one);
            let says = format!("holds `{}`, which cannot be worked out: {}", shown(&one.text), one.why);
            let help = "write its value there, or import what the service returns for the plan";
            self.faults.push(codes::EXPRESSION, &says, help);
        }
        self.keep(name, parent, properties);
    }

    fn keep(&mut self, name: &str, parent: Parent<'_>, properties: Value) {
        let vault = name.rsplit_once('/').map(|(vault, _)| vault);
        let vault = vault.or_else(|| parent.and_then(|(_, name)| name)).map(str::to_owned);
        let name = last_segment(name).to_owned();
        self.found.plans.push(RawPlan { name, id: None, vault, properties });
    }
}
