//! What may stand on plan, group and machine: point, shutdown, start, network. The innermost wins.

use indexmap::IndexMap;

use crate::model::{Network, Settings, ShutdownSpec, ShutdownThen, StartReady, StartSpec};
use crate::syntax::ast::ValueKind;

use super::context::Context;
use super::declare::Named;
use super::fields::{Fields, Part};
use super::policy::{self, IdUse};
use super::scope::Scope;
use super::shape;

/// Addresses or networks by site, and the one of a test.
pub(super) struct BySite {
    pub(super) by_site: IndexMap<String, String>,
    pub(super) test: Option<String>,
}

impl<'t> Scope<'_, 't> {
    /// The settings that a block says itself.
    pub(super) fn settings(&self, context: &mut Context, fields: &Fields<'t>, id_use: IdUse) -> Settings {
        let point = fields
            .value("point")
            .and_then(|value| policy::ladder(context, value, id_use).map(|ladder| (ladder, value.span)));
        let network = fields.name("network").and_then(|name| self.network(context, name));
        let shutdown = fields.part("shutdown").and_then(|part| shutdown(context, part));
        let start = fields.part("start").and_then(|part| start(context, part));
        Settings { point, shutdown, start, network }
    }

    /// A block of sites.
    pub(super) fn by_site(&self, context: &mut Context, fields: &Fields<'t>) -> BySite {
        let mut found = BySite { by_site: IndexMap::new(), test: None };
        for (name, value) in &fields.open {
            let Some(text) = shape::label(value) else { continue };
            if name.text == "test" {
                found.test = Some(text);
            } else if self.site(context, *name) && !matches!(value.kind, ValueKind::Word(_)) {
                // A word is `dhcp`: only the estate knows, as where nothing is said.
                found.by_site.insert(name.text.to_owned(), text);
            }
        }
        found
    }

    /// A network of the plan or of its files.
    pub(super) fn read_network(&self, context: &mut Context, named: Named<'t>) -> Network {
        let fields = named.part.read(context, Some(named.name));
        let BySite { by_site, test } = self.by_site(context, &fields);
        Network { name: named.name.text.to_owned(), span: named.name.span, by_site, test }
    }
}

/// The settings in force where `own` stands inside `outer`.
pub(super) fn inherit(own: &Settings, outer: &Settings) -> Settings {
    Settings {
        point: own.point.as_ref().or(outer.point.as_ref()).cloned(),
        shutdown: own.shutdown.or(outer.shutdown),
        start: own.start.or(outer.start),
        network: own.network.as_ref().or(outer.network.as_ref()).cloned(),
    }
}

fn shutdown(context: &mut Context, part: Part<'_>) -> Option<ShutdownSpec> {
    let fields = part.read(context, None);
    let then = if fields.word("then")? == "halt" { ShutdownThen::Halt } else { ShutdownThen::PowerOff };
    Some(ShutdownSpec { guest: fields.duration("guest")?, then })
}

fn start(context: &mut Context, part: Part<'_>) -> Option<StartSpec> {
    let fields = part.read(context, None);
    let ready = if fields.word("ready")? == "none" { StartReady::None } else { StartReady::Heartbeat };
    Some(StartSpec { delay: fields.duration("delay")?, ready, within: fields.duration("within")? })
}
