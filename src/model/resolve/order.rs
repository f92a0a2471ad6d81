//! Arrows, and the blocks that name nodes: objective, align, fence, commit, reprotect, limits.

use indexmap::IndexMap;

use crate::base::Id as _;
use crate::model::{
    Align, Chain, CommitPolicy, CommitSpec, Endpoint, EndpointRef, Fence, GroupKind, Limits, Objective,
    Operation, Reprotect,
};
use crate::schema::Type;
use crate::source::Diagnostic;
use crate::source::codes::names as codes;
use crate::syntax::ast::{Link, Value, ValueKind};

use super::context::Context;
use super::declare::labels;
use super::fields::Part;
use super::scope::Scope;
use super::{program, shape, steps};

impl<'t> Scope<'_, 't> {
    /// All chains, those inside groups included, in the order of the text.
    pub(super) fn chains(&self, context: &mut Context) -> Vec<Chain> {
        let mut found = Vec::new();
        for (owner, fields) in &self.draft.orders {
            for links in &fields.chains {
                let links = links.iter().map(|link| self.link(context, link)).collect();
                found.push(Chain { links, owner: *owner });
            }
        }
        found
    }

    fn link(&self, context: &mut Context, link: &Link<'_>) -> Vec<EndpointRef> {
        let mut seen: IndexMap<Endpoint, ()> = IndexMap::new();
        let mut found = Vec::with_capacity(link.names.len());
        if link.names.is_empty() {
            let message = "an arrow leads to an empty list";
            context.report(
                Diagnostic::error(codes::EMPTY, message, link.span).help("name a machine, group or step"),
            );
        }
        for name in &link.names {
            let Some(endpoint) = self.endpoint(context, *name) else { continue };
            if link.names.len() > 1 && seen.insert(endpoint.to, ()).is_some() {
                let message = format!("`{}` is twice in one list", name.text);
                context.report(
                    Diagnostic::error(codes::DUPLICATE_VALUE, message, name.span).help("remove one of them"),
                );
            }
            found.push(endpoint);
        }
        found
    }

    /// The objective.
    pub(super) fn objective(&self, context: &mut Context) -> Option<Objective> {
        let part = self.draft.fields.part("objective")?;
        let fields = part.read(context, None);
        let until = fields.name("until").and_then(|name| self.endpoint(context, name));
        Some(Objective {
            rpo: fields.duration("rpo"),
            rto: fields.duration("rto"),
            until,
            span: part.stmt.span,
        })
    }

    /// The limits; none where nothing is said.
    pub(super) fn limits(&self, context: &mut Context) -> Limits {
        let Some(part) = self.draft.fields.part("limits") else { return Limits::default() };
        let fields = part.read(context, None);
        Limits {
            power_on: fields.int("power_on"),
            shut_down: fields.int("shut_down"),
            fail_over: fields.int("fail_over"),
        }
    }

    /// The groups that are wanted near one another, in plan order.
    pub(super) fn align(&self, context: &mut Context, part: Part<'t>) -> Option<Align> {
        let names = labels(context, &part);
        let fields = part.read(context, None);
        let mut groups = Vec::with_capacity(names.len());
        for name in &names {
            let Some(id) = self.group(context, *name) else { continue };
            let tier = self.draft.groups.get(id.index()).is_some_and(|group| group.kind == GroupKind::Tier);
            if tier {
                let message = format!("tier `{}` promises no consistency", name.text);
                context
                    .report(Diagnostic::error(codes::WRONG_SORT, message, name.span).help("name a `group`"));
            } else if groups.contains(&id) {
                let message = format!("`{}` is twice in one list", name.text);
                context.report(
                    Diagnostic::error(codes::DUPLICATE_VALUE, message, name.span).help("remove one of them"),
                );
            } else {
                groups.push(id);
            }
        }
        if names.len() < 2 {
            let message = "`align` names fewer than 2 groups";
            context.report(
                Diagnostic::error(codes::LABEL, message, part.block.kind.span)
                    .help("write `align [orders, stock] { within = 30s }`"),
            );
        }
        groups.sort_unstable();
        Some(Align { groups, within: fields.duration("within")?, span: part.stmt.span })
    }

    /// The fence.
    pub(super) fn fence(&self, context: &mut Context) -> Option<Fence> {
        let part = self.draft.fields.part("fence")?;
        let fields = part.read(context, None);
        let spec = self.program(context, &fields);
        let or_approve =
            fields.name("or_approve").and_then(|name| self.role(context, name)).map(|(name, _)| name);
        Some(Fence { spec: spec?, or_approve, span: part.stmt.span })
    }

    /// How the commit window closes; gated where only an arrow names `commit`.
    pub(super) fn commit(&self, context: &mut Context, order: &[Chain]) -> Option<CommitSpec> {
        let Some(part) = self.draft.fields.part("commit") else {
            let span = first_use(order, Endpoint::Commit)?.span;
            return Some(CommitSpec { policy: CommitPolicy::Gated, span });
        };
        let fields = part.read(context, None);
        let policy = match fields.value("policy") {
            Some(value) => commit_policy(context, value)?,
            None => CommitPolicy::Gated,
        };
        Some(CommitSpec { policy, span: part.stmt.span })
    }

    /// How replication goes on; with nothing special where only an arrow names `reprotect`.
    pub(super) fn reprotect(&self, context: &mut Context, order: &[Chain]) -> Option<Reprotect> {
        let Some(part) = self.draft.fields.part("reprotect") else {
            let span = first_use(order, Endpoint::Reprotect)?.span;
            let operations = vec![Operation::Failover, Operation::Failback];
            return Some(Reprotect { via: IndexMap::new(), retry: None, span, operations });
        };
        let fields = part.read(context, None);
        let mut via = IndexMap::new();
        if let Some(inner) = fields.part("via").map(|part| part.read(context, None)) {
            for (name, value) in &inner.open {
                let known = self.site(context, *name);
                if let Some(server) = self.template(context, value).filter(|_| known) {
                    via.insert(name.text.to_owned(), server);
                }
            }
        }
        let retry = program::retry(context, fields.part("retry"));
        let operations = steps::operations(&fields)
            .into_iter()
            .filter(|operation| *operation != Operation::Test)
            .collect();
        Some(Reprotect { via, retry, span: part.stmt.span, operations })
    }
}

/// The first place where an arrow names a node.
fn first_use(order: &[Chain], to: Endpoint) -> Option<EndpointRef> {
    order.iter().flat_map(|chain| chain.links.iter().flatten()).find(|endpoint| endpoint.to == to).copied()
}

fn commit_policy(context: &mut Context, value: &Value<'_>) -> Option<CommitPolicy> {
    if shape::name(value).is_some_and(|name| name.text == "manual") {
        return Some(CommitPolicy::Manual);
    }
    if let ValueKind::Call { name, args } = &value.kind
        && let [arg] = args.as_slice()
        && arg.name.is_none()
        && matches!(name.text, "auto" | "rollback")
    {
        if !shape::check(context, name.text, &Type::Time, &arg.value) {
            return None;
        }
        let ValueKind::Duration(after) = arg.value.kind else { return None };
        return Some(if name.text == "auto" {
            CommitPolicy::Auto(after)
        } else {
            CommitPolicy::Rollback(after)
        });
    }
    shape::wrong_type(context, "policy", &Type::Commit, value);
    None
}
