//! An estate: its sites, whose word counts, and its provider with the provider's own keys as JSON.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::base::{time, words};
use crate::model::{Estate, Identity, Secret};
use crate::schema::{self, Need, Provider, provider};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Name, Stmt, Value, ValueKind};

use super::context::Context;
use super::declare::{Named, one_label};
use super::fields::{Fields, Heading, Part};
use super::files::Library;
use super::{program, shape};

/// Resolves an estate; nothing where something is wrong.
pub(super) fn resolve(context: &mut Context, library: &Library<'_>, named: Named<'_>) -> Option<Estate> {
    let fields = named.part.read(context, Some(named.name));
    let sites = sites(context, &fields);
    let provider = fields.value("provider").and_then(|value| provider_of(context, library, value));
    let (provider, provider_span, provider_args) = provider?;
    let identity = match fields.word("identity") {
        Some("claimed") => Identity::Claimed,
        Some(_) => Identity::Os,
        None if provider.simulated => Identity::Claimed,
        None => Identity::Os,
    };
    Some(Estate {
        name: named.name.text.to_owned(),
        span: named.name.span,
        sites: sites?,
        provider: provider.kind.word.to_owned(),
        provider_span,
        provider_args,
        identity,
    })
}

/// The two sites with their names in the estate.
fn sites(context: &mut Context, fields: &Fields<'_>) -> Option<IndexMap<String, String>> {
    let value = fields.value("sites")?;
    let names: Vec<Name<'_>> = shape::each(value).iter().filter_map(shape::name).collect();
    for name in &names {
        if schema::RESERVED_SITES.contains(&name.text) {
            let message = format!("`{}` is a word of the language and no site", name.text);
            let help = "call the site something else; `site … { name = … }` says its name in the estate";
            context.report(Diagnostic::error(codes::RESERVED_NAME, message, name.span).help(help));
        }
    }
    if names.len() != 2 {
        let message = format!("an estate has 2 sites, and `sites` names {}", names.len());
        context.report(
            Diagnostic::error(codes::OUT_OF_RANGE, message, value.span)
                .help("name home first, then the other one"),
        );
        return None;
    }
    let mut sites: IndexMap<String, String> =
        names.iter().map(|name| (name.text.to_owned(), name.text.to_owned())).collect();
    let mut said: IndexMap<&str, Span> = IndexMap::new();
    for part in &fields.parts {
        let Some(name) = one_label(context, part) else { continue };
        let inner = part.read(context, Some(name));
        if let Some(first) = said.insert(name.text, name.span) {
            context.report(super::declare::twice(Named { name, part: *part }, first));
        }
        let Some(site) = sites.get_mut(name.text) else {
            unknown_site(context, name, names.iter().map(|name| name.text));
            continue;
        };
        if let Some(text) = inner.text("name") {
            *site = text;
        }
    }
    Some(sites)
}

/// Reports a site that the estate does not have.
pub(super) fn unknown_site<'n>(context: &mut Context, name: Name<'_>, known: impl Iterator<Item = &'n str>) {
    let known: Vec<&str> = known.collect();
    let message = format!("unknown site `{}`", name.text);
    let help = context
        .nearest(name.text, known.iter().copied())
        .unwrap_or_else(|| format!("the estate has {}", words::list(&known, 4)));
    context.report(Diagnostic::error(codes::UNKNOWN_NAME, message, name.span).help(help));
}

/// The provider with its keys, checked by its own schema.
fn provider_of(
    context: &mut Context,
    library: &Library<'_>,
    value: &Value<'_>,
) -> Option<(&'static Provider, Span, Json)> {
    let (name, body): (Name<'_>, &[Stmt<'_>]) = if let ValueKind::Tagged { name, body, .. } = &value.kind {
        (*name, body)
    } else {
        (shape::name(value)?, &[])
    };
    let Some(found) = provider::find(name.text) else {
        let known: Vec<&str> = provider::PROVIDERS.iter().map(|provider| provider.kind.word).collect();
        let message = format!("unknown provider `{}`", name.text);
        let help = context
            .nearest(name.text, known.iter().copied())
            .unwrap_or_else(|| format!("the providers are {}", words::list(&known, 10)));
        context.report(Diagnostic::error(codes::UNKNOWN_NAME, message, name.span).help(help));
        return None;
    };
    let heading = Heading { kind: &found.kind, name: None, span: name.span };
    let fields = Fields::read(context, heading, body);
    let mut args = Map::new();
    if let Some(part) = fields.part("env") {
        args.insert("env".to_owned(), environment(context, library, part));
    }
    for key in found.kind.keys {
        if let Some(value) = fields.value(key.word) {
            let list = matches!(key.ty, schema::Type::List(_) | schema::Type::Many(_));
            let folder = library.folder_of(value.span.file);
            let folder = if holds_path(&key.ty) { folder } else { "" };
            let read = if list {
                Json::Array(shape::each(value).iter().map(|value| json(library, value, folder)).collect())
            } else {
                json(library, value, folder)
            };
            let read = if key.word == "run" { program(context, library, value, read)? } else { read };
            args.insert(key.word.to_owned(), read);
        } else if let Need::Default(text) = key.need {
            args.insert(key.word.to_owned(), default_json(text));
        }
    }
    Some((found, name.span, Json::Object(args)))
}

/// What runs a provider: its first text is a program, as that of a script.
fn program(context: &mut Context, library: &Library<'_>, value: &Value<'_>, mut read: Json) -> Option<Json> {
    if let Some(Json::String(first)) = read.get_mut(0) {
        *first = program::place(context, library, "run", std::mem::take(first), value.span)?;
    }
    Some(read)
}

/// The environment of a provider's program: texts, and secrets by reference.
fn environment(context: &mut Context, library: &Library<'_>, part: Part<'_>) -> Json {
    let inner = part.read(context, None);
    let mut env = Map::new();
    for (name, value) in &inner.open {
        if let ValueKind::Text(parts) = &value.kind
            && shape::plain(parts).is_none()
        {
            let message = format!("`{}` of a provider is a text without holes", name.text);
            context.report(
                Diagnostic::error(codes::WRONG_TYPE, message, value.span)
                    .help("write out what `${…}` stands for"),
            );
            continue;
        }
        env.insert(name.text.to_owned(), json(library, value, ""));
    }
    Json::Object(env)
}

fn holds_path(ty: &schema::Type) -> bool {
    if let schema::Type::List(one) | schema::Type::Many(one) = ty {
        return holds_path(one);
    }
    matches!(ty, schema::Type::Path)
}

/// A value that fits its key, as JSON; `folder` goes before texts that are paths.
fn json(library: &Library<'_>, value: &Value<'_>, folder: &str) -> Json {
    match &value.kind {
        ValueKind::Text(parts) => {
            let text = shape::plain(parts).unwrap_or_default();
            Json::String(format!("{folder}{text}"))
        }
        ValueKind::Int(number) | ValueKind::Size(number) | ValueKind::Percent(number) => Json::from(*number),
        ValueKind::Duration(duration) => Json::String(time::format_duration(*duration)),
        ValueKind::Instant(at) => Json::String(at.to_string()),
        ValueKind::Bool(flag) => Json::Bool(*flag),
        ValueKind::Word(word) => Json::String((*word).to_owned()),
        ValueKind::List(values) => values.iter().map(|value| json(library, value, folder)).collect(),
        ValueKind::Call { .. } => {
            secret(library, value).and_then(|secret| serde_json::to_value(secret).ok()).unwrap_or(Json::Null)
        }
        // The shapes of the schema let neither through.
        ValueKind::Path(_) | ValueKind::Tagged { .. } => Json::Null,
    }
}

/// A default of the schema, written as in a plan.
fn default_json(text: &str) -> Json {
    if let Ok(number) = text.parse::<u64>() {
        return Json::from(number);
    }
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        text => Json::String(text.trim_matches('"').to_owned()),
    }
}

/// A secret by reference; a relative file counts from the folder of the file that says it.
pub(super) fn secret(library: &Library<'_>, value: &Value<'_>) -> Option<Secret> {
    let (word, text) = shape::secret_source(value)?;
    Some(if word == "env" {
        Secret::Env(text.into_owned())
    } else if text.starts_with('/') {
        Secret::File(text.into_owned())
    } else {
        Secret::File(format!("{}{text}", library.folder_of(value.span.file)))
    })
}
