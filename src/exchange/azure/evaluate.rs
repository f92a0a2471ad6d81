//! Values of a template with their expressions worked out: parameters by their defaults, variables, and the
//! functions that need no deployment. Bounded in steps, depth and length, for a template may be anyone's.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::base::limits;

use super::expression::{Expression, inside, parse};
use super::functions;
use super::json::same;

/// What a template's expressions can name.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Parameters as declared.
    pub(super) parameters: Map<String, Value>,
    /// Values given from outside by names in lower case, worked out; nothing where they could not be.
    pub(super) given: HashMap<String, Option<Value>>,
    /// Variables as declared.
    pub(super) variables: Map<String, Value>,
}

/// Works values out. One for a whole document: what one expression spends, another does not have.
#[derive(Debug)]
pub(super) struct Evaluator {
    steps: usize,
    /// Whether the place of deployment was asked for, which nobody knows.
    pub(super) placeless: bool,
}

/// An expression that could not be worked out, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stuck {
    /// The innermost text of the document that holds it.
    pub(super) text: String,
    /// Why.
    pub(super) why: String,
}

type Answer = Result<Value, String>;

impl Evaluator {
    /// With all its steps left.
    pub(super) const fn new() -> Self {
        Self { steps: limits::EXCHANGE_STEPS_MAX, placeless: false }
    }

    /// A value with every expression in it worked out; those that could not be are told apart from it.
    pub(super) fn whole(&mut self, scope: &Scope, value: &Value, stuck: &mut Vec<Stuck>) -> Value {
        match value {
            Value::String(text) => self.text(scope, text, 0).unwrap_or_else(|why| {
                stuck.push(Stuck { text: text.clone(), why });
                Value::Null
            }),
            Value::Array(list) => list.iter().map(|one| self.whole(scope, one, stuck)).collect(),
            Value::Object(map) => Value::Object(
                map.iter().map(|(key, one)| (key.clone(), self.whole(scope, one, stuck))).collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn step(&mut self, depth: usize) -> Result<(), String> {
        if depth > limits::DEPTH_MAX {
            return Err("it leads on and on, or in a circle".to_owned());
        }
        self.spend(1)
    }

    fn spend(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.checked_sub(steps).ok_or("the file's expressions take too long")?;
        Ok(())
    }

    fn text(&mut self, scope: &Scope, text: &str, depth: usize) -> Answer {
        match inside(text) {
            Some(inside) => {
                self.step(depth)?;
                let expression = parse(inside)?;
                self.expression(scope, &expression, depth + 1)
            }
            None if text.starts_with("[[") => Ok(Value::String(text.chars().skip(1).collect())),
            None => Ok(Value::String(text.to_owned())),
        }
    }

    fn value(&mut self, scope: &Scope, value: &Value, depth: usize) -> Answer {
        self.step(depth)?;
        match value {
            Value::String(text) => self.text(scope, text, depth + 1),
            Value::Array(list) => list.iter().map(|one| self.value(scope, one, depth + 1)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, one)| Ok((key.clone(), self.value(scope, one, depth + 1)?)))
                .collect::<Result<Map<String, Value>, String>>()
                .map(Value::Object),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
        }
    }

    fn expression(&mut self, scope: &Scope, expression: &Expression, depth: usize) -> Answer {
        self.step(depth)?;
        match expression {
            Expression::Text(text) => Ok(Value::String(text.clone())),
            Expression::Number(number) => Ok(Value::from(*number)),
            Expression::Member(of, name) => {
                let value = self.expression(scope, of, depth + 1)?;
                let found = value.as_object().and_then(|map| entry(map, name)).cloned();
                found.ok_or_else(|| format!("nothing is called `{name}` there"))
            }
            Expression::Index(of, index) => {
                let value = self.expression(scope, of, depth + 1)?;
                let index = self.expression(scope, index, depth + 1)?;
                let found = match (&value, &index) {
                    (Value::Array(list), Value::Number(at)) => {
                        at.as_u64().and_then(|at| list.get(usize::try_from(at).ok()?))
                    }
                    (Value::Object(map), Value::String(name)) => entry(map, name),
                    _ => None,
                };
                found.cloned().ok_or_else(|| "nothing stands at its index".to_owned())
            }
            Expression::Call(name, arguments) => self.call(scope, name, arguments, depth),
        }
    }

    fn call(&mut self, scope: &Scope, name: &str, arguments: &[Expression], depth: usize) -> Answer {
        if let ("if", [condition, yes, no]) = (name, arguments) {
            // The side that is not taken need not be known.
            return match self.expression(scope, condition, depth + 1)? {
                Value::Bool(true) => self.expression(scope, yes, depth + 1),
                Value::Bool(false) => self.expression(scope, no, depth + 1),
                _ => Err("its condition is neither true nor false".to_owned()),
            };
        }
        let arguments: Vec<Value> = arguments
            .iter()
            .map(|argument| self.expression(scope, argument, depth + 1))
            .collect::<Result<_, _>>()?;
        match (name, arguments.as_slice()) {
            ("parameters", [Value::String(name)]) => self.parameter(scope, name, depth),
            ("variables", [Value::String(name)]) => match entry(&scope.variables, name) {
                Some(value) => self.value(scope, value, depth + 1),
                None => Err(format!("it has no variable `{name}`")),
            },
            (name, arguments) => {
                self.placeless |= matches!(name, "subscription" | "resourcegroup" | "resourceid");
                let made = functions::call(name, arguments)?;
                self.spend(weight(&made))?;
                Ok(made)
            }
        }
    }

    fn parameter(&mut self, scope: &Scope, name: &str, depth: usize) -> Answer {
        if let Some(given) = scope.given.get(&name.to_ascii_lowercase()) {
            let given =
                given.as_ref().ok_or_else(|| format!("what is given for `{name}` cannot be worked out"))?;
            // What is handed from template to template may grow at each.
            self.spend(weight(given))?;
            return Ok(given.clone());
        }
        let declared =
            entry(&scope.parameters, name).ok_or_else(|| format!("it has no parameter `{name}`"))?;
        match declared.get("defaultValue") {
            Some(value) => self.value(scope, value, depth + 1),
            None => Err(format!("the parameter `{name}` has no default")),
        }
    }
}

/// An entry by name; names of templates have no case.
pub(super) fn entry<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| same(key, name)).map(|(_, value)| value))
}

/// How much a value costs to copy: its parts, and long texts more.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() / 1024,
        Value::Array(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(weight).sum::<usize>(),
    }
}
