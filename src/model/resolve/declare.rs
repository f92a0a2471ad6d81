//! Who is declared where: the names of files and plans, before any of them is looked up.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::base::Id as _;
use crate::model::{GroupId, GroupKind, Owner, StepId, VmId};
use crate::schema::{self, Labels};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::{Name, Value, ValueKind};

use super::context::Context;
use super::fields::{Fields, Part};
use super::shape;

/// A block with its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'t> {
    pub(super) name: Name<'t>,
    pub(super) part: Part<'t>,
}

/// Blocks of one kind by name.
pub(super) type Table<'t> = IndexMap<&'t str, Named<'t>>;

/// Names that may have been declared in text that could not be read.
#[derive(Debug, Default)]
pub(super) struct Lost<'t> {
    everything: bool,
    names: HashSet<&'t str>,
}

impl<'t> Lost<'t> {
    /// Whether a name may be declared in what was lost.
    pub(super) fn excuses(&self, name: &str) -> bool {
        self.everything || self.names.contains(name)
    }

    /// Any name may have been lost.
    pub(super) fn lose_everything(&mut self) {
        self.everything = true;
    }

    /// Notes the statements of a block that have syntax errors.
    pub(super) fn note(&mut self, fields: &Fields<'t>) {
        for (kind, name) in &fields.broken {
            // A block that holds others, or is one of unknown kind, takes their names with it.
            match (kind.and_then(|kind| schema::kind(kind.text)), name) {
                (Some(kind), Some(name)) if !matches!(kind.word, "group" | "tier" | "plan") => {
                    self.names.insert(name.text);
                }
                (Some(_), _) => self.everything = true,
                (None, _) => self.everything |= kind.is_none_or(|kind| !fields_know(fields, kind.text)),
            }
        }
    }
}

/// A broken assignment to a known key declares nothing.
fn fields_know(fields: &Fields<'_>, word: &str) -> bool {
    fields.heading.kind.key(word).is_some()
}

/// What a chain can name, closing nodes excepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Vm(VmId),
    Group(GroupId),
    Step(StepId),
}

/// A group or tier.
#[derive(Debug)]
pub(super) struct GroupDraft<'t> {
    pub(super) named: Named<'t>,
    pub(super) kind: GroupKind,
    pub(super) fields: Fields<'t>,
    pub(super) members: Vec<VmId>,
}

/// A machine; several may share one block.
#[derive(Debug)]
pub(super) struct VmDraft<'t> {
    pub(super) name: Name<'t>,
    pub(super) block: usize,
    pub(super) group: Option<GroupId>,
}

/// A block of machines.
#[derive(Debug)]
pub(super) struct VmBlock<'t> {
    pub(super) part: Part<'t>,
    pub(super) fields: Fields<'t>,
    pub(super) machines: usize,
    pub(super) group: Option<GroupId>,
}

/// A step.
#[derive(Debug)]
pub(super) struct StepDraft<'t> {
    pub(super) named: Named<'t>,
    pub(super) fields: Fields<'t>,
    pub(super) owner: Option<Owner>,
}

/// A plan whose names are known and whose values are not looked at yet.
#[derive(Debug)]
pub(super) struct Draft<'t> {
    pub(super) named: Named<'t>,
    pub(super) fields: Fields<'t>,
    pub(super) nodes: IndexMap<&'t str, (Node, Span)>,
    pub(super) groups: Vec<GroupDraft<'t>>,
    pub(super) vm_blocks: Vec<VmBlock<'t>>,
    pub(super) vms: Vec<VmDraft<'t>>,
    pub(super) steps: Vec<StepDraft<'t>>,
    pub(super) orders: Vec<(Option<GroupId>, Fields<'t>)>,
    pub(super) aligns: Vec<Part<'t>>,
    pub(super) params: Table<'t>,
    pub(super) networks: Table<'t>,
    pub(super) roles: Table<'t>,
    pub(super) notifies: Table<'t>,
    pub(super) lost: Lost<'t>,
}

impl<'t> Draft<'t> {
    /// Collects the names of a plan.
    pub(super) fn collect(context: &mut Context, named: Named<'t>) -> Self {
        let fields = named.part.read(context, Some(named.name));
        let mut draft = Self {
            named,
            nodes: IndexMap::new(),
            groups: Vec::new(),
            vm_blocks: Vec::new(),
            vms: Vec::new(),
            steps: Vec::new(),
            orders: Vec::new(),
            aligns: Vec::new(),
            params: Table::new(),
            networks: Table::new(),
            roles: Table::new(),
            notifies: Table::new(),
            lost: Lost::default(),
            fields,
        };
        draft.lost.note(&draft.fields);
        let parts = std::mem::take(&mut draft.fields.parts);
        for part in &parts {
            draft.part(context, *part, None, None);
        }
        draft
    }

    fn part(&mut self, context: &mut Context, part: Part<'t>, group: Option<GroupId>, owner: Option<Owner>) {
        match part.kind.word {
            "order" => self.orders.push((group, part.read(context, None))),
            "align" => self.aligns.push(part),
            "vm" => self.vm(context, part, group),
            word => {
                let Some(name) = one_label(context, &part) else { return self.lost.lose_everything() };
                let named = Named { name, part };
                match word {
                    "group" => self.group(context, named, GroupKind::Replication),
                    "tier" => self.group(context, named, GroupKind::Tier),
                    "param" => declare(context, &mut self.params, named),
                    "network" => declare(context, &mut self.networks, named),
                    "role" => declare(context, &mut self.roles, named),
                    "notify" => declare(context, &mut self.notifies, named),
                    _ => self.step(context, named, owner),
                }
            }
        }
    }

    fn group(&mut self, context: &mut Context, named: Named<'t>, kind: GroupKind) {
        let id = GroupId::from_index(self.groups.len());
        self.node(context, named.name, Node::Group(id));
        let mut fields = named.part.read(context, Some(named.name));
        self.lost.note(&fields);
        let parts = std::mem::take(&mut fields.parts);
        self.groups.push(GroupDraft { named, kind, fields, members: Vec::new() });
        for part in parts {
            self.part(context, part, Some(id), Some(Owner::Group(id)));
        }
    }

    fn vm(&mut self, context: &mut Context, part: Part<'t>, group: Option<GroupId>) {
        let names = labels(context, &part);
        let Some(first) = names.first().copied() else { return self.lost.lose_everything() };
        let fields = part.read(context, Some(first));
        self.lost.note(&fields);
        let first_id = VmId::from_index(self.vms.len());
        let block = self.vm_blocks.len();
        for name in &names {
            let id = VmId::from_index(self.vms.len());
            self.node(context, *name, Node::Vm(id));
            self.vms.push(VmDraft { name: *name, block, group });
            if let Some(group) = group.and_then(|group| self.groups.get_mut(group.index())) {
                group.members.push(id);
            }
        }
        if let (Some(place), [_, _, ..]) = (fields.place("name"), names.as_slice()) {
            context.report(
                Diagnostic::error(codes::EXCLUSIVE, "one `name` is said for several machines", place)
                    .help("write a `vm` block for each of them"),
            );
        }
        let parts: Vec<Part<'t>> = fields.parts.clone();
        self.vm_blocks.push(VmBlock { part, fields, machines: names.len(), group });
        for inner in parts {
            if names.len() > 1 {
                let message = format!("this {} would belong to several machines", inner.kind.word);
                context.report(
                    Diagnostic::error(codes::WRONG_PLACE, message, inner.block.kind.span)
                        .help("write a `vm` block for each of them"),
                );
            }
            self.part(context, inner, group, Some(Owner::Vm(first_id)));
        }
    }

    fn step(&mut self, context: &mut Context, named: Named<'t>, owner: Option<Owner>) {
        let id = StepId::from_index(self.steps.len());
        self.node(context, named.name, Node::Step(id));
        let fields = named.part.read(context, Some(named.name));
        self.steps.push(StepDraft { named, fields, owner });
    }

    /// Declares a node, which no other node of the plan may be called.
    fn node(&mut self, context: &mut Context, name: Name<'t>, node: Node) {
        if schema::RESERVED_NODES.contains(&name.text) {
            let message = format!("`{}` is a word of the language and no name", name.text);
            let help = format!("call it something else, such as `{}_1`", name.text);
            return context.report(Diagnostic::error(codes::RESERVED_NAME, message, name.span).help(help));
        }
        let Some((known, first)) = self.nodes.get(name.text).copied() else {
            self.nodes.insert(name.text, (node, name.span));
            return;
        };
        let (message, help) = match (known, node) {
            (Node::Vm(known), Node::Vm(_)) => self.vm_twice(known, name.text),
            _ => (format!("`{}` is declared twice", name.text), "rename one of them".to_owned()),
        };
        context.report(
            Diagnostic::error(codes::DUPLICATE_NAME, message, name.span)
                .labelled("again here")
                .at(first, "first here")
                .help(help),
        );
    }

    fn vm_twice(&self, known: VmId, name: &str) -> (String, String) {
        let of = |group: GroupId| self.groups.get(group.index()).map_or("", |group| group.named.name.text);
        let first = self.vms.get(known.index()).and_then(|vm| vm.group);
        // The second machine stands in the group that was opened last, if in any.
        match (first, self.groups.last()) {
            (Some(first), Some(last)) if of(first) != last.named.name.text => (
                format!("vm `{name}` is in two groups"),
                format!("remove it from `{}` or `{}`", of(first), last.named.name.text),
            ),
            _ => (format!("vm `{name}` is declared twice"), "remove one of them".to_owned()),
        }
    }
}

/// Declares a block in a table of its kind.
pub(super) fn declare<'t>(context: &mut Context, table: &mut Table<'t>, named: Named<'t>) {
    match table.get(named.name.text) {
        None => {
            table.insert(named.name.text, named);
        }
        Some(first) => context.report(twice(named, first.name.span)),
    }
}

/// The finding that a name is declared twice.
pub(super) fn twice(again: Named<'_>, first: Span) -> Diagnostic {
    let message = format!("{} `{}` is declared twice", again.part.kind.word, again.name.text);
    Diagnostic::error(codes::DUPLICATE_NAME, message, again.name.span)
        .labelled("again here")
        .at(first, "first here")
        .help("rename one of them")
}

/// The one name of a block; reports what else stands there.
pub(super) fn one_label<'t>(context: &mut Context, part: &Part<'t>) -> Option<Name<'t>> {
    let kind = part.kind.word;
    let Some((first, more)) = part.block.labels.split_first() else {
        let message = format!("a {kind} has a name");
        context.report(
            Diagnostic::error(codes::LABEL, message, part.block.kind.span)
                .help(format!("write `{kind} name {{ … }}`")),
        );
        return None;
    };
    if let Some(second) = more.first() {
        let message = format!("a {kind} has one name");
        context.report(
            Diagnostic::error(codes::LABEL, message, second.span).help("write one word before the brace"),
        );
    }
    word_label(context, part, first)
}

/// The names of a block that may have several.
pub(super) fn labels<'t>(context: &mut Context, part: &Part<'t>) -> Vec<Name<'t>> {
    if part.kind.labels != Labels::Groups && part.block.labels.len() < 2 {
        let [Value { kind: ValueKind::List(values), span }] = part.block.labels.as_slice() else {
            return one_label(context, part).into_iter().collect();
        };
        if values.is_empty() {
            let message = format!("a {} has a name", part.kind.word);
            context.report(Diagnostic::error(codes::LABEL, message, *span).help("name a machine"));
        }
        return values.iter().filter_map(|value| word_label(context, part, value)).collect();
    }
    if part.kind.labels == Labels::Names {
        return one_label(context, part).into_iter().collect();
    }
    part.block
        .labels
        .iter()
        .flat_map(|label| shape::each(label))
        .filter_map(|value| word_label(context, part, value))
        .collect()
}

fn word_label<'t>(context: &mut Context, part: &Part<'t>, value: &'t Value<'t>) -> Option<Name<'t>> {
    let name = shape::name(value);
    if name.is_none() {
        let kind = part.kind.word;
        let message = format!("the name of a {kind} is a word, not {}", shape::found(value));
        let help = match (shape::plain_text(value), part.kind.key("name")) {
            (Some(text), Some(_)) => format!("write a word, and `name = {text:?}` inside the block"),
            _ => "write a word of letters, digits, `_` and `-`".to_owned(),
        };
        context.report(Diagnostic::error(codes::LABEL, message, value.span).help(help));
    }
    name
}
