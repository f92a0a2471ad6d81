//! From a draft, whose names are known, to a plan: every value looked up and typed.

use indexmap::IndexMap;

use crate::base::{Id as _, IdVec};
use crate::model::{
    Estate, Group, GroupId, GroupKind, Network, Notify, NotifyOn, Param, Plan, PlanFile, Role, Settings,
    Step, Vm, VmId,
};
use crate::source::Diagnostic;
use crate::source::codes::names as codes;

use super::context::Context;
use super::declare::{Draft, GroupDraft, Named};
use super::people;
use super::policy::IdUse;
use super::scope::Scope;
use super::settings::{BySite, inherit};
use super::world::World;

/// What a plan calls: for each of its steps the plan called, where that is built.
pub(super) type Called<'p> = Vec<Option<&'p Plan>>;

/// Builds a plan; what is wrong is reported, and then the plan is not to be used.
pub(super) fn plan<'t>(
    context: &mut Context,
    world: &World<'t>,
    draft: &Draft<'t>,
    called: &Called<'_>,
    folder: &std::path::Path,
) -> Option<Plan> {
    context.forget_complaints();
    let estate = estate_of(context, world, draft);
    let roles = roles(context, world, draft);
    let scope = Scope { world, draft, estate, roles: &roles };
    let mut builder = Builder { context, scope };

    let settings = builder.scope.settings(builder.context, &draft.fields, IdUse::Refused);
    let params = builder.params();
    let networks = builder.networks();
    let notify = builder.notify();
    let (groups, group_settings) = builder.groups(&settings);
    let vms = builder.vms(&settings, &groups, &group_settings);
    let steps = builder.steps(called);
    let Builder { context, scope } = builder;

    let order = scope.chains(context);
    let aligns: Vec<_> = draft.aligns.iter().map(|part| scope.align(context, *part)).collect();
    let objective = scope.objective(context);
    let limits = scope.limits(context);
    let fence = scope.fence(context);
    let commit = scope.commit(context, &order);
    let reprotect = scope.reprotect(context, &order);
    Some(Plan {
        name: draft.named.name.text.to_owned(),
        span: draft.named.name.span,
        doc: draft.named.part.doc(),
        folder: folder.to_path_buf(),
        files: files(world, draft),
        estate: estate?.clone(),
        roles: roles.iter().filter_map(|(name, role)| Some(((*name).to_owned(), role.clone()?))).collect(),
        notify,
        params,
        objective,
        limits,
        networks,
        groups,
        vms,
        steps: steps?,
        aligns: aligns.into_iter().collect::<Option<_>>()?,
        order,
        fence,
        commit,
        reprotect,
    })
}

/// The plan's own file first, then the others in the order in which they were read.
fn files(world: &World<'_>, draft: &Draft<'_>) -> Vec<PlanFile> {
    let own = draft.named.name.span.file.index().wrapping_sub(world.library.first.index());
    let all = world.library.files.iter().map(|loaded| &loaded.file).enumerate();
    let (mine, others): (Vec<_>, Vec<_>) = all.partition(|(index, _)| *index == own);
    mine.into_iter().chain(others).map(|(_, file)| file.clone()).collect()
}

fn estate_of<'s, 't>(context: &mut Context, world: &'s World<'t>, draft: &Draft<'t>) -> Option<&'s Estate> {
    let name = draft.fields.name("estate")?;
    if let Some(found) = world.estates.get(name.text) {
        return found.as_ref();
    }
    if !world.lost.excuses(name.text) {
        let help = context.nearest(name.text, world.estates.keys().copied()).unwrap_or_else(|| {
            format!("declare `estate {} {{ … }}`, or `use` the file that does", name.text)
        });
        let message = format!("unknown estate `{}`", name.text);
        context.report(Diagnostic::error(codes::UNKNOWN_NAME, message, name.span).help(help));
    }
    None
}

fn roles<'t>(context: &mut Context, world: &World<'t>, draft: &Draft<'t>) -> IndexMap<&'t str, Option<Role>> {
    let mut roles: IndexMap<&'t str, Option<Role>> =
        world.roles.iter().map(|(name, (_, role))| (*name, role.clone())).collect();
    for named in draft.roles.values() {
        if let Some((first, _)) = world.roles.get(named.name.text) {
            context.report(super::declare::twice(*named, *first));
        }
        roles.insert(named.name.text, people::role(context, *named));
    }
    roles
}

struct Builder<'c, 's, 't> {
    context: &'c mut Context,
    scope: Scope<'s, 't>,
}

impl<'t> Builder<'_, '_, 't> {
    fn params(&mut self) -> IndexMap<String, Param> {
        let mut params = IndexMap::new();
        for named in self.scope.draft.params.values() {
            if let Some(param) = people::param(self.context, *named) {
                params.insert(named.name.text.to_owned(), param);
            }
        }
        params
    }

    fn networks(&mut self) -> IndexMap<String, Network> {
        let all = self.scope.both(self.context, &self.scope.draft.networks, &self.scope.world.networks);
        let read = all
            .into_iter()
            .map(|named| (named.name.text.to_owned(), self.scope.read_network(self.context, named)));
        read.collect()
    }

    fn notify(&mut self) -> IndexMap<String, Notify> {
        let all = self.scope.both(self.context, &self.scope.draft.notifies, &self.scope.world.notifies);
        let mut read = IndexMap::new();
        for named in all {
            if let Some(notify) = self.one_notify(named) {
                read.insert(named.name.text.to_owned(), notify);
            }
        }
        read
    }

    fn one_notify(&mut self, named: Named<'t>) -> Option<Notify> {
        let fields = named.part.read(self.context, Some(named.name));
        let spec = self.scope.program(self.context, &fields);
        let said = fields.words("on").unwrap_or_default();
        let on = [
            ("started", NotifyOn::Started),
            ("waiting", NotifyOn::Waiting),
            ("halted", NotifyOn::Halted),
            ("ended", NotifyOn::Ended),
        ];
        let on = on.into_iter().filter(|(word, _)| said.iter().any(|said| said == word)).map(|(_, on)| on);
        Some(Notify { spec: spec?, on: on.collect(), remind: fields.duration("remind") })
    }

    /// The groups, and for each the settings in force in it.
    fn groups(&mut self, outer: &Settings) -> (IdVec<GroupId, Group>, Vec<Settings>) {
        let mut groups = IdVec::new();
        let mut inherited = Vec::new();
        for draft in &self.scope.draft.groups {
            let settings = self.scope.settings(self.context, &draft.fields, IdUse::Refused);
            inherited.push(inherit(&settings, outer));
            groups.push(group(draft, settings));
        }
        let named = self.scope.draft.groups.iter().any(|group| group.fields.place("name").is_some());
        if named {
            let replicated = groups.iter().filter(|group: &&Group| group.kind == GroupKind::Replication);
            let names: Vec<_> = replicated
                .map(|group| (group.estate_name.as_str(), group.name.as_str(), group.span))
                .collect();
            self.same_in_estate("groups", &names);
        }
        (groups, inherited)
    }

    fn vms(
        &mut self,
        outer: &Settings,
        groups: &IdVec<GroupId, Group>,
        group_settings: &[Settings],
    ) -> IdVec<VmId, Vm> {
        let draft = self.scope.draft;
        let mut resolved: Vec<(Settings, BySite)> = Vec::with_capacity(draft.vm_blocks.len());
        for block in &draft.vm_blocks {
            let kind = block.group.and_then(|group| groups.get(group)).map(|group| group.kind);
            let alone = block.machines == 1 && kind != Some(GroupKind::Replication);
            let id_use = if alone { IdUse::Allowed } else { IdUse::Refused };
            let own = self.scope.settings(self.context, &block.fields, id_use);
            let outer = block.group.and_then(|group| group_settings.get(group.index())).unwrap_or(outer);
            let address = match block.fields.part("address").map(|part| part.read(self.context, None)) {
                Some(fields) => self.scope.by_site(self.context, &fields),
                None => BySite { by_site: IndexMap::new(), test: None },
            };
            resolved.push((inherit(&own, outer), address));
        }
        let mut vms = IdVec::new();
        let mut renamed = false;
        for machine in &draft.vms {
            let (Some(block), Some((settings, address))) =
                (draft.vm_blocks.get(machine.block), resolved.get(machine.block))
            else {
                continue;
            };
            let fields = &block.fields;
            let estate_name = fields.text("name");
            renamed |= estate_name.is_some();
            let inherited =
                machine.group.and_then(|group| groups.get(group)).is_some_and(|group| group.optional);
            vms.push(Vm {
                name: machine.name.text.to_owned(),
                span: machine.name.span,
                doc: block.part.doc(),
                estate_name: estate_name.unwrap_or_else(|| machine.name.text.to_owned()),
                group: machine.group,
                os: fields.value("os").and_then(super::shape::label),
                settings: settings.clone(),
                address: address.by_site.clone(),
                test_address: address.test.clone(),
                optional: fields.flag("optional").unwrap_or(inherited),
            });
        }
        if renamed {
            let names: Vec<_> =
                vms.iter().map(|vm: &Vm| (vm.estate_name.as_str(), vm.name.as_str(), vm.span)).collect();
            self.same_in_estate("machines", &names);
        }
        vms
    }

    /// Reports two names of the plan that mean one thing of the estate.
    fn same_in_estate(&mut self, what: &str, names: &[(&str, &str, crate::source::Span)]) {
        let mut seen: IndexMap<&str, (&str, crate::source::Span)> = IndexMap::with_capacity(names.len());
        for (estate_name, name, span) in names {
            match seen.get(estate_name) {
                // The same name twice in the plan was reported where it was declared.
                Some((first, _)) if first == name => {}
                Some((first, place)) => self.context.report(
                    Diagnostic::error(
                        codes::DUPLICATE_NAME,
                        format!("{what} `{first}` and `{name}` are both `{estate_name}` in the estate"),
                        *span,
                    )
                    .labelled("again here")
                    .at(*place, "first here")
                    .help("correct the `name` of one of them"),
                ),
                None => {
                    seen.insert(estate_name, (name, *span));
                }
            }
        }
    }

    /// The steps; nothing where one of them is wrong, for their ids would shift.
    fn steps(&mut self, called: &Called<'_>) -> Option<IdVec<crate::model::StepId, Step>> {
        let drafts = self.scope.draft.steps.iter().zip(called);
        let steps: Vec<Option<Step>> =
            drafts.map(|(draft, called)| self.scope.step(self.context, draft, *called)).collect();
        steps.into_iter().collect()
    }
}

fn group(draft: &GroupDraft<'_>, settings: Settings) -> Group {
    let name = draft.named.name;
    let estate_name = match draft.kind {
        GroupKind::Replication => draft.fields.text("name"),
        GroupKind::Tier => None,
    };
    Group {
        name: name.text.to_owned(),
        span: name.span,
        doc: draft.named.part.doc(),
        estate_name: estate_name.unwrap_or_else(|| name.text.to_owned()),
        kind: draft.kind,
        members: draft.members.clone(),
        settings,
        optional: draft.fields.flag("optional").unwrap_or(false),
    }
}
