//! Looking names up inside one plan, and texts with holes.

use crate::base::words;
use crate::model::{Endpoint, EndpointRef, Estate, GroupId, Role, RoleMembers, Template, TemplatePart, VmId};
use crate::schema::holes;
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Name, TextPart, Value, ValueKind};

use indexmap::IndexMap;

use super::context::Context;
use super::declare::{Draft, Named, Node, Table};
use super::estate;
use super::world::World;

/// What the names in a plan can mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'s, 't> {
    pub(super) world: &'s World<'t>,
    pub(super) draft: &'s Draft<'t>,
    /// The plan's estate; nothing where it is unknown or wrong.
    pub(super) estate: Option<&'s Estate>,
    /// The plan's roles and those of the files; nothing where one is wrong.
    pub(super) roles: &'s IndexMap<&'t str, Option<Role>>,
}

impl<'t> Scope<'_, 't> {
    /// Whether an unknown name may have been declared in text that could not be read.
    fn excuses(&self, name: &str) -> bool {
        self.draft.lost.excuses(name) || self.world.lost.excuses(name)
    }

    /// Reports a name that is not declared, once.
    pub(super) fn unknown<'n>(
        &self,
        context: &mut Context,
        what: &'static str,
        name: Name<'_>,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        if self.excuses(name.text) || !context.first_complaint(what, name.text) {
            return;
        }
        let help = context
            .nearest(name.text, known)
            .unwrap_or_else(|| format!("declare it, or name a {what} that is declared"));
        let message = format!("unknown {what} `{}`", name.text);
        context.report(Diagnostic::error(codes::UNKNOWN_NAME, message, name.span).help(help));
    }

    fn node(&self, context: &mut Context, what: &'static str, name: Name<'_>) -> Option<Node> {
        let found = self.draft.nodes.get(name.text).map(|(node, _)| *node);
        if found.is_none() {
            self.unknown(context, what, name, self.draft.nodes.keys().copied());
        }
        found
    }

    /// A machine by name.
    pub(super) fn vm(&self, context: &mut Context, name: Name<'_>) -> Option<VmId> {
        match self.node(context, "machine", name)? {
            Node::Vm(vm) => Some(vm),
            other @ (Node::Group(_) | Node::Step(_)) => {
                self.other_sort(context, name, other, "machine");
                None
            }
        }
    }

    /// A replication group by name.
    pub(super) fn group(&self, context: &mut Context, name: Name<'_>) -> Option<GroupId> {
        match self.node(context, "group", name)? {
            Node::Group(group) => Some(group),
            other @ (Node::Vm(_) | Node::Step(_)) => {
                self.other_sort(context, name, other, "group");
                None
            }
        }
    }

    fn other_sort(&self, context: &mut Context, name: Name<'_>, node: Node, wanted: &str) {
        let found = match node {
            Node::Vm(_) => "machine",
            Node::Group(_) => "group or tier",
            Node::Step(_) => "step",
        };
        let message = format!("`{}` is a {found}, not a {wanted}", name.text);
        let mut diagnostic = Diagnostic::error(codes::WRONG_SORT, message, name.span);
        if let Some((_, declared)) = self.draft.nodes.get(name.text) {
            diagnostic = diagnostic.at(*declared, "declared here");
        }
        context.report(diagnostic.help(format!("name a {wanted}")));
    }

    /// What an arrow may join.
    pub(super) fn endpoint(&self, context: &mut Context, name: Name<'_>) -> Option<EndpointRef> {
        let to = match name.text {
            "commit" => Endpoint::Commit,
            "reprotect" => Endpoint::Reprotect,
            "cleanup" => Endpoint::Cleanup,
            _ => match self.node(context, "machine, group or step", name)? {
                Node::Vm(vm) => Endpoint::Vm(vm),
                Node::Group(group) => Endpoint::Group(group),
                Node::Step(step) => Endpoint::Step(step),
            },
        };
        Some(EndpointRef { to, span: name.span })
    }

    /// A role by name, and how many people it has; nothing for their number where that is anyone.
    pub(super) fn role(&self, context: &mut Context, name: Name<'_>) -> Option<(String, Option<usize>)> {
        let Some(role) = self.roles.get(name.text) else {
            self.unknown(context, "role", name, self.roles.keys().copied());
            return None;
        };
        let people = match &role.as_ref()?.members {
            RoleMembers::Anyone => None,
            RoleMembers::People(people) => Some(people.len()),
        };
        Some((name.text.to_owned(), people))
    }

    /// The name of a network of the plan or of its files.
    pub(super) fn network(&self, context: &mut Context, name: Name<'_>) -> Option<String> {
        if self.draft.networks.contains_key(name.text) || self.world.networks.contains_key(name.text) {
            return Some(name.text.to_owned());
        }
        let known = self.draft.networks.keys().chain(self.world.networks.keys()).copied();
        self.unknown(context, "network", name, known);
        None
    }

    /// Whether a name is a site of the plan's estate; true where the estate is not known.
    pub(super) fn site(&self, context: &mut Context, name: Name<'_>) -> bool {
        let Some(found) = self.estate else { return true };
        let known = found.sites.contains_key(name.text);
        if !known {
            estate::unknown_site(context, name, found.sites.keys().map(String::as_str));
        }
        known
    }

    /// Blocks of the plan and of its files; one name is not in both.
    pub(super) fn both(&self, context: &mut Context, own: &Table<'t>, files: &Table<'t>) -> Vec<Named<'t>> {
        for again in own.values() {
            if let Some(first) = files.get(again.name.text) {
                context.report(super::declare::twice(*again, first.name.span));
            }
        }
        files.values().chain(own.values()).copied().collect()
    }

    /// A text with holes.
    pub(super) fn template(&self, context: &mut Context, value: &Value<'_>) -> Option<Template> {
        let ValueKind::Text(parts) = &value.kind else { return None };
        let parts = parts.iter().map(|part| match part {
            TextPart::Plain(text) => Some(TemplatePart::Plain(text.to_string())),
            TextPart::Path(path) => self.hole(context, path, value.span),
        });
        // All holes are looked at before any is refused.
        let parts: Vec<Option<TemplatePart>> = parts.collect();
        parts.into_iter().collect::<Option<Vec<_>>>().map(|parts| Template { parts })
    }

    fn hole(&self, context: &mut Context, path: &[Name<'_>], span: Span) -> Option<TemplatePart> {
        match path {
            [param] => {
                if self.draft.params.contains_key(param.text) {
                    return Some(TemplatePart::Param(param.text.to_owned()));
                }
                if let Some((Node::Vm(_), _)) = self.draft.nodes.get(param.text) {
                    let message = format!("`${{{}}}` does not say what of the machine", param.text);
                    let help = format!("write `${{{}.address}}` or `${{{}.name}}`", param.text, param.text);
                    context.report(Diagnostic::error(codes::HOLE, message, param.span).help(help));
                    return None;
                }
                self.unknown(context, "parameter", *param, self.draft.params.keys().copied());
                None
            }
            [run, fact] if run.text == "run" => run_fact(context, *fact),
            [vm, fact] => {
                let vm = self.vm(context, *vm);
                match fact.text {
                    "address" => vm.map(TemplatePart::Address),
                    "name" => vm.map(TemplatePart::VmName),
                    _ => {
                        unknown_fact(context, "a machine", *fact, holes::VM.iter().map(|hole| hole.word));
                        None
                    }
                }
            }
            _ => {
                let message = "a hole has one or two names";
                context.report(
                    Diagnostic::error(codes::HOLE, message, span).help("write such as `${sql01.address}`"),
                );
                None
            }
        }
    }
}

fn run_fact(context: &mut Context, fact: Name<'_>) -> Option<TemplatePart> {
    match fact.text {
        "id" => Some(TemplatePart::RunId),
        "plan" => Some(TemplatePart::RunPlan),
        "operation" => Some(TemplatePart::RunOperation),
        "mode" => Some(TemplatePart::RunMode),
        "source" => Some(TemplatePart::RunSource),
        "target" => Some(TemplatePart::RunTarget),
        _ => {
            unknown_fact(context, "a run", fact, holes::RUN.iter().map(|hole| hole.word));
            None
        }
    }
}

fn unknown_fact<'n>(context: &mut Context, of: &str, fact: Name<'_>, known: impl Iterator<Item = &'n str>) {
    let known: Vec<&str> = known.collect();
    let message = format!("unknown fact `{}` of {of}", fact.text);
    let help = context
        .nearest(fact.text, known.iter().copied())
        .unwrap_or_else(|| format!("{of} has {}", words::list(&known, 10)));
    context.report(Diagnostic::error(codes::HOLE, message, fact.span).help(help));
}
