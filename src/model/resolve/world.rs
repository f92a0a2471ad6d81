//! What the files of a plan declare for all of their plans: estates, roles, networks, notifications.

use std::path::Path;

use indexmap::IndexMap;

use crate::model::{Estate, Role};
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, Span};
use crate::syntax::ast::Name;

use super::context::Context;
use super::declare::{Draft, Lost, Named, Table, declare, one_label};
use super::fields::{FILE, Fields, Heading};
use super::files::Library;
use super::{estate, people};

/// The declarations of all files.
#[derive(Debug)]
pub(super) struct World<'t> {
    pub(super) library: &'t Library<'t>,
    /// Estates; nothing where one is wrong.
    pub(super) estates: IndexMap<&'t str, Option<Estate>>,
    /// Roles with their places; nothing where one is wrong.
    pub(super) roles: IndexMap<&'t str, (Span, Option<Role>)>,
    pub(super) networks: Table<'t>,
    pub(super) notifies: Table<'t>,
    /// All plans by name.
    pub(super) plans: IndexMap<&'t str, Draft<'t>>,
    pub(super) lost: Lost<'t>,
    /// The index of the plan of the first file.
    pub(super) root: Option<usize>,
}

impl<'t> World<'t> {
    /// Collects the declarations of all files, and the names inside the plans.
    pub(super) fn collect(context: &mut Context, library: &'t Library<'t>, root: &Path) -> Self {
        let mut world = Self {
            library,
            estates: IndexMap::new(),
            roles: IndexMap::new(),
            networks: Table::new(),
            notifies: Table::new(),
            plans: IndexMap::new(),
            lost: Lost::default(),
            root: None,
        };
        if library.incomplete {
            world.lost.lose_everything();
        }
        let mut estates = Table::new();
        let mut roles = Table::new();
        let mut plans = Table::new();
        let mut of_root: Vec<Name<'t>> = Vec::new();
        for (index, loaded) in library.files.iter().enumerate() {
            let file = crate::base::Id::from_index(crate::base::Id::index(library.first) + index);
            let heading = Heading { kind: &FILE, name: None, span: Span::new(file, 0, 0) };
            let fields = Fields::read(context, heading, &loaded.tree.items);
            world.lost.note(&fields);
            for part in &fields.parts {
                let Some(name) = one_label(context, part) else {
                    world.lost.lose_everything();
                    continue;
                };
                let named = Named { name, part: *part };
                match part.kind.word {
                    "estate" => declare(context, &mut estates, named),
                    "role" => declare(context, &mut roles, named),
                    "network" => declare(context, &mut world.networks, named),
                    "notify" => declare(context, &mut world.notifies, named),
                    _ => {
                        declare(context, &mut plans, named);
                        if index == 0 {
                            of_root.push(name);
                        }
                    }
                }
            }
        }
        world.estates = estates
            .values()
            .map(|named| (named.name.text, estate::resolve(context, library, *named)))
            .collect();
        world.roles = roles
            .values()
            .map(|named| (named.name.text, (named.name.span, people::role(context, *named))))
            .collect();
        world.plans =
            plans.values().map(|named| (named.name.text, Draft::collect(context, *named))).collect();
        world.choose_root(context, &of_root, root);
        world
    }

    /// The plan of the first file is the one that is resolved; there is exactly one.
    fn choose_root(&mut self, context: &mut Context, of_root: &[Name<'t>], path: &Path) {
        match of_root {
            [] => {
                if !self.library.files.is_empty() && !self.lost.excuses("") {
                    let message = format!("`{}` holds no plan", path.display());
                    context.report(
                        Diagnostic::placeless(codes::PLAN_COUNT, message)
                            .help("add `plan name { … }`, or name a file that has one"),
                    );
                }
            }
            [one] => self.root = self.plans.get_index_of(one.text),
            [first, second, ..] => {
                let message =
                    format!("`{}` holds {} plans, and one is run at a time", path.display(), of_root.len());
                context.report(
                    Diagnostic::error(codes::PLAN_COUNT, message, second.span)
                        .labelled("a second one")
                        .at(first.span, "the first one")
                        .help("move one of them to a file of its own"),
                );
            }
        }
    }
}
