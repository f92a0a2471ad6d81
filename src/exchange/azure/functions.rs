//! The functions of templates that can be worked out without deploying anything. Values in, a value out.

use serde_json::{Map, Value, json};

use crate::base::limits;

/// What a template says of where it is deployed, which nobody knows before.
pub(super) const SUBSCRIPTION: &str = "SUBSCRIPTION-ID";
/// The same of the resource group.
pub(super) const RESOURCE_GROUP: &str = "RESOURCE-GROUP";

type Answer = Result<Value, String>;

/// Works out a function of values. Those that read the template are not among them.
///
/// # Errors
/// Why it cannot be worked out.
pub(super) fn call(name: &str, arguments: &[Value]) -> Answer {
    match (name, arguments) {
        ("concat", _) if arguments.iter().any(Value::is_array) => {
            let parts = arguments.iter().map(|part| part.as_array().ok_or("it joins lists and texts"));
            let parts: Vec<&Vec<Value>> = parts.collect::<Result<_, _>>()?;
            Ok(Value::Array(parts.into_iter().flatten().cloned().collect()))
        }
        ("concat", _) => {
            let texts: Vec<String> = arguments.iter().map(plain).collect::<Result<_, _>>()?;
            bounded(texts.concat())
        }
        ("format", [form, values @ ..]) => format(text(form)?, values),
        ("resourceid", _) => resource_id(arguments),
        ("tolower", [one]) => bounded(text(one)?.to_lowercase()),
        ("toupper", [one]) => bounded(text(one)?.to_uppercase()),
        ("string", [one]) => bounded(plain(one)?),
        ("replace", [one, from, to]) => {
            let (one, from, to) = (text(one)?, text(from)?, text(to)?);
            let most = one.len().saturating_mul(to.len() + 1);
            if most > limits::EXCHANGE_TEXT_MAX || from.is_empty() {
                return Err("its text grows too long".to_owned());
            }
            bounded(one.replace(from, to))
        }
        ("split", [one, by]) => {
            let by = text(by)?;
            let parts = text(one)?.split(by).take(limits::EXCHANGE_PARTS_MAX);
            Ok(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        ("first", [Value::Array(list)]) => Ok(list.first().cloned().unwrap_or(Value::Null)),
        ("last", [Value::Array(list)]) => Ok(list.last().cloned().unwrap_or(Value::Null)),
        ("createarray", _) => Ok(Value::Array(arguments.to_vec())),
        ("createobject", _) => object(arguments),
        ("equals", [one, other]) => Ok(Value::Bool(one == other)),
        ("not", [Value::Bool(one)]) => Ok(Value::Bool(!one)),
        ("empty", [one]) => Ok(Value::Bool(is_empty(one))),
        ("true", []) => Ok(Value::Bool(true)),
        ("false", []) => Ok(Value::Bool(false)),
        ("null", []) => Ok(Value::Null),
        ("subscription", []) => {
            let id = format!("/subscriptions/{SUBSCRIPTION}");
            Ok(json!({ "subscriptionId": SUBSCRIPTION, "id": id }))
        }
        ("resourcegroup", []) => {
            let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}");
            Ok(json!({ "name": RESOURCE_GROUP, "id": id }))
        }
        _ => Err(format!(
            "`{name}` with {} is not known before it is deployed",
            crate::base::words::count(arguments.len(), "argument")
        )),
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "a text is missing among its arguments".to_owned())
}

/// A value as it stands inside a text.
fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("it joins what is no text".to_owned()),
    }
}

/// A text that may go on being joined.
fn bounded(text: String) -> Answer {
    if text.len() > limits::EXCHANGE_TEXT_MAX {
        return Err("its text grows too long".to_owned());
    }
    Ok(Value::String(text))
}

/// `{0}` and `{1}` replaced; `{{` is one bracket.
fn format(form: &str, values: &[Value]) -> Answer {
    let mut made = String::new();
    let mut rest = form;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        made.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            made.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            made.push('}');
            rest = after;
        } else {
            let (inside, after) = from
                .strip_prefix('{')
                .and_then(|from| from.split_once('}'))
                .ok_or("a bracket of it is open")?;
            let value = inside.parse::<usize>().ok().and_then(|index| values.get(index));
            made.push_str(&plain(value.ok_or_else(|| format!("nothing stands for its {{{inside}}}"))?)?);
            rest = after;
        }
        if made.len() > limits::EXCHANGE_TEXT_MAX {
            return Err("its text grows too long".to_owned());
        }
    }
    made.push_str(rest);
    bounded(made)
}

/// `resourceId([subscription], [group], 'type/of/it', 'name', …)`
fn resource_id(arguments: &[Value]) -> Answer {
    let texts: Vec<&str> = arguments.iter().map(text).collect::<Result<_, _>>()?;
    let at = texts.iter().position(|text| text.contains('/')).ok_or("it names no type")?;
    let (places, rest) = texts.split_at(at);
    let (kind, names) = rest.split_first().ok_or("it names no type")?;
    let (subscription, group) = match places {
        [] => (SUBSCRIPTION, RESOURCE_GROUP),
        [group] => (SUBSCRIPTION, *group),
        [subscription, group] => (*subscription, *group),
        [..] => return Err("it names more than a subscription and a resource group".to_owned()),
    };
    let mut kinds = kind.split('/');
    let provider = kinds.next().unwrap_or_default();
    let kinds: Vec<&str> = kinds.collect();
    if kinds.len() != names.len() {
        return Err("its type and its names differ in number".to_owned());
    }
    let mut id = format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}");
    for (kind, name) in kinds.iter().zip(names) {
        id.extend(["/", kind, "/", name]);
    }
    bounded(id)
}

fn object(arguments: &[Value]) -> Answer {
    let mut made = Map::new();
    for pair in arguments.chunks(2) {
        match pair {
            [Value::String(key), value] => made.insert(key.clone(), value.clone()),
            [..] => return Err("its keys and values do not come in pairs".to_owned()),
        };
    }
    Ok(Value::Object(made))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
