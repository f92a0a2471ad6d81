//! Programs that a plan runs: arguments, environment, time limit; and how often a step is tried.

use std::time::Duration;

use indexmap::IndexMap;

use crate::model::{EnvValue, Retry, ScriptSpec, Template, TemplatePart};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Value, ValueKind};

use super::context::Context;
use super::fields::{Fields, Part};
use super::files::Library;
use super::scope::Scope;
use super::{estate, shape};

impl Scope<'_, '_> {
    /// The program of `run` or `shell`, with its environment; nothing where something is wrong.
    pub(super) fn program(&self, context: &mut Context, fields: &Fields<'_>) -> Option<ScriptSpec> {
        let timeout = fields.duration("timeout");
        if let Some(value) = fields.value("shell") {
            let text = self.template(context, value);
            let env = self.environment(context, fields);
            return Some(ScriptSpec { run: vec![text?], shell: true, env: env?, timeout: timeout? });
        }
        self.arguments(context, fields, "run", timeout)
    }

    /// The program of a list of texts, with its environment.
    pub(super) fn arguments(
        &self,
        context: &mut Context,
        fields: &Fields<'_>,
        key: &str,
        timeout: Option<Duration>,
    ) -> Option<ScriptSpec> {
        let value = fields.value(key);
        let env = self.environment(context, fields);
        let value = value?;
        if matches!(value.kind, ValueKind::Text(_))
            && shape::plain_text(value).is_some_and(|text| text.contains(char::is_whitespace))
        {
            let message = format!("`{key}` is one text with spaces, not program and arguments");
            let help = format!("write `{key} = [\"program\", \"argument\"]`");
            context.report(Diagnostic::error(codes::WRONG_TYPE, message, value.span).help(help));
            return None;
        }
        let read: Vec<Option<Template>> =
            shape::each(value).iter().map(|value| self.template(context, value)).collect();
        let mut run = read.into_iter().collect::<Option<Vec<Template>>>()?;
        if let (Some(program), Some(first)) = (run.first_mut(), shape::each(value).first()) {
            self.place_program(context, key, program, first)?;
        }
        Some(ScriptSpec { run, shell: false, env: env?, timeout: timeout? })
    }

    /// A relative path counts from the folder of the file that says it, and does not leave it.
    fn place_program(
        &self,
        context: &mut Context,
        key: &str,
        program: &mut Template,
        value: &Value<'_>,
    ) -> Option<()> {
        let Some(text) = program.as_plain().map(str::to_owned) else { return Some(()) };
        let placed = place(context, self.world.library, key, text, value.span)?;
        program.parts = vec![TemplatePart::Plain(placed)];
        Some(())
    }

    fn environment(&self, context: &mut Context, fields: &Fields<'_>) -> Option<IndexMap<String, EnvValue>> {
        let Some(part) = fields.part("env") else { return Some(IndexMap::new()) };
        let inner = part.read(context, None);
        let mut right = true;
        let mut env = IndexMap::with_capacity(inner.open.len());
        for (name, value) in &inner.open {
            let read = match estate::secret(self.world.library, value) {
                Some(secret) => Some(EnvValue::Secret(secret)),
                None => self.template(context, value).map(EnvValue::Text),
            };
            match read {
                Some(read) => {
                    env.insert(name.text.to_owned(), read);
                }
                None => right = false,
            }
        }
        right.then_some(env)
    }

    /// The program of an `undo` block.
    pub(super) fn undo(&self, context: &mut Context, fields: &Fields<'_>) -> Option<ScriptSpec> {
        let inner = fields.part("undo")?.read(context, None);
        self.program(context, &inner)
    }
}

/// A program's path as it counts from the plan's folder; nothing where it leads out of it.
pub(super) fn place(
    context: &mut Context,
    library: &Library<'_>,
    key: &str,
    text: String,
    span: Span,
) -> Option<String> {
    if text.is_empty() {
        let message = format!("`{key}` names no program");
        context.report(Diagnostic::error(codes::EMPTY, message, span).help("name a program"));
        return None;
    }
    if text.starts_with('/') || !text.contains('/') {
        return Some(text);
    }
    let fits = shape::check_path(context, key, &text, span);
    fits.then(|| format!("{}{text}", library.folder_of(span.file)))
}

/// A `retry` block.
pub(super) fn retry(context: &mut Context, part: Option<Part<'_>>) -> Option<Retry> {
    let fields = part?.read(context, None);
    Some(Retry {
        times: fields.int("times"),
        every: fields.duration("every")?,
        backoff: fields.int("backoff")?,
        limit: fields.duration("for"),
        on: fields.words("on").unwrap_or_default(),
    })
}
