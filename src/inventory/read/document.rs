//! The whole document: the top object in, an `Inventory` out, sites compared at the end.

use std::borrow::Cow;
use std::collections::HashSet;

use indexmap::IndexMap;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use crate::base::Timestamp;
use crate::base::limits::INVENTORY_SITES_MAX;
use crate::base::words::did_you_mean;
use crate::inventory::{Inventory, Machine, ProcessServer};
use crate::source::Diagnostic;
use crate::source::codes::estate;

use super::FORMAT;
use super::context::{Context, Segment, clean, name_fault};
use super::machine::MachineShape;
use super::point::Texts;
use super::shape::{Key, Scalar, Shape, Shaped, stop};

const FIELDS: [&str; 6] = ["format", "now", "sites", "vms", "process_servers", "sim"];

/// The top of the document.
pub(super) struct DocumentShape<'c, 'f>(pub(super) &'c mut Context<'f>);

#[derive(Default)]
struct Parts {
    format: Option<()>,
    now: Option<Option<Timestamp>>,
    sites: Option<Vec<String>>,
    vms: Option<IndexMap<String, Machine>>,
    process_servers: Option<Vec<ProcessServer>>,
    sim: Option<Option<serde_json::Value>>,
}

impl<'de> Shape<'de> for DocumentShape<'_, '_> {
    type Out = Option<Inventory>;

    fn wrong(self, got: &'static str) -> Option<Inventory> {
        self.0.wrong("", got, "an object");
        None
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Inventory>, A::Error> {
        let context = self.0;
        let mut parts = Parts::default();
        let mut texts = Texts::new();
        let mut format_fault = None;
        while let Some(Key(key)) = map.next_key()? {
            let again = if key == "format" {
                format_fault = format_fault.or(check_format(context, &map.next_value()?));
                parts.format.replace(()).is_some()
            } else {
                parts.take(&key, &mut map, context, &mut texts)?
            };
            if again {
                context.twice(&key);
            }
        }
        // Another format explains every unknown field, so it is said alone.
        if parts.format.is_none() {
            format_fault = Some(no_format(context));
        }
        if let Some(fault) = format_fault {
            context.only(fault);
            return Ok(None);
        }
        Ok(parts.finish(context, texts))
    }
}

impl Parts {
    /// Reads the value of a key and says whether it was there before.
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        context: &mut Context<'_>,
        texts: &mut Texts,
    ) -> Result<bool, A::Error> {
        Ok(match key {
            "now" => self.now.replace(context.instant("now", &map.next_value()?)).is_some(),
            "sites" => {
                let sites = map.next_value_seed(Shaped(SitesShape(&mut *context)))?;
                self.sites.replace(sites).is_some()
            }
            "vms" => {
                context.enter(Segment::Key("vms".into()));
                let vms = map.next_value_seed(Shaped(VmsShape { context: &mut *context, texts }));
                context.leave();
                self.vms.replace(vms?).is_some()
            }
            "process_servers" => {
                context.enter(Segment::Key("process_servers".into()));
                let servers = map.next_value_seed(Shaped(ServersShape(&mut *context)));
                context.leave();
                self.process_servers.replace(servers?).is_some()
            }
            "sim" => {
                let sim: serde_json::Value = map.next_value()?;
                if !sim.is_object() && !sim.is_null() {
                    context.wrong("sim", "no object", "an object");
                }
                self.sim.replace(Some(sim).filter(|sim| !sim.is_null())).is_some()
            }
            unknown => {
                let _skipped: Scalar<'_> = map.next_value()?;
                context.unknown_field(unknown, &FIELDS);
                false
            }
        })
    }

    fn finish(self, context: &mut Context<'_>, texts: Texts) -> Option<Inventory> {
        let present =
            [("now", self.now.is_some()), ("sites", self.sites.is_some()), ("vms", self.vms.is_some())];
        for (field, there) in present {
            if !there {
                context.missing(field);
            }
        }
        let inventory = Inventory {
            now: self.now??,
            sites: self.sites?,
            vms: self.vms?,
            process_servers: self.process_servers.unwrap_or_default(),
            symbols: texts.symbols,
            tag_sets: texts.tag_sets,
            sim: self.sim.flatten(),
        };
        check_sites(&inventory, context);
        Some(inventory)
    }
}

fn check_format(context: &mut Context<'_>, value: &Scalar<'_>) -> Option<Diagnostic> {
    let Scalar::Text(text) = value else { return Some(no_format(context)) };
    if text == FORMAT {
        return None;
    }
    let file = clean(context.file());
    let newer =
        text.strip_prefix("muster.inventory/").and_then(|v| v.parse::<u32>().ok()).is_some_and(|v| v > 1);
    let diagnostic = if newer {
        let message = format!(
            "inventory `{file}` is written in the newer format `{text}`; this program reads `{FORMAT}`"
        );
        Diagnostic::placeless(estate::INVENTORY_FORMAT, message).help("use a newer muster")
    } else {
        let message = format!("inventory `{file}` says `format` is `{}`, not `{FORMAT}`", clean(text));
        Diagnostic::placeless(estate::INVENTORY_FORMAT, message)
            .help(format!("give an inventory of format `{FORMAT}`"))
    };
    Some(diagnostic)
}

fn no_format(context: &Context<'_>) -> Diagnostic {
    let message = format!("inventory `{}` does not say its `format`", clean(context.file()));
    Diagnostic::placeless(estate::INVENTORY_FORMAT, message)
        .help(format!("begin it with `\"format\": \"{FORMAT}\"`"))
}

/// Every site that is mentioned must be one of the estate's.
fn check_sites(inventory: &Inventory, context: &mut Context<'_>) {
    for (name, vm) in &inventory.vms {
        context.enter(Segment::Key("vms".into()));
        context.enter(Segment::Key(name.clone().into()));
        check_site(inventory, context, "site", &vm.site);
        if let Some(to) = &vm.replicates_to {
            check_site(inventory, context, "replicates_to", to);
        }
        if let Some(left) = &vm.left_behind {
            check_site(inventory, context, "left_behind", &left.site);
        }
        for site in vm.address.keys() {
            check_site(inventory, context, "address", site);
        }
        context.leave();
        context.leave();
    }
    for (index, server) in inventory.process_servers.iter().enumerate() {
        context.enter(Segment::Key("process_servers".into()));
        context.enter(Segment::Index(index));
        check_site(inventory, context, "site", &server.site);
        context.leave();
        context.leave();
    }
}

fn check_site(inventory: &Inventory, context: &mut Context<'_>, field: &str, site: &str) {
    if inventory.sites.iter().any(|known| known == site) {
        return;
    }
    let message = format!("{} names the unknown site `{}`", context.place(field), clean(site));
    let help = did_you_mean(site, inventory.sites.iter().map(String::as_str))
        .unwrap_or_else(|| format!("use one of `sites`: {}", inventory.sites.join(", ")));
    context.refuse(estate::INVENTORY_UNKNOWN_SITE, &message, Some(help));
}

struct SitesShape<'c, 'f>(&'c mut Context<'f>);

impl<'de> Shape<'de> for SitesShape<'_, '_> {
    type Out = Vec<String>;

    fn wrong(self, got: &'static str) -> Vec<String> {
        self.0.wrong("sites", got, "a list of names");
        Vec::new()
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let mut sites: Vec<String> = Vec::new();
        while let Some(value) = seq.next_element::<Scalar<'de>>()? {
            let Some(site) = self.0.name("sites", value).map(Cow::into_owned) else { continue };
            if sites.len() >= INVENTORY_SITES_MAX {
                let message =
                    format!("{} holds more than {INVENTORY_SITES_MAX} sites", self.0.place("sites"));
                self.0.refuse(estate::INVENTORY_WRONG_VALUE, &message, Some("keep fewer".to_owned()));
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
            if sites.contains(&site) {
                let message = format!("site `{site}` stands twice at {}", self.0.place("sites"));
                self.0.refuse(estate::INVENTORY_FIELD_TWICE, &message, Some("keep one of them".to_owned()));
            } else {
                sites.push(site);
            }
        }
        Ok(sites)
    }
}

struct VmsShape<'c, 'f> {
    context: &'c mut Context<'f>,
    texts: &'c mut Texts,
}

impl<'de> Shape<'de> for VmsShape<'_, '_> {
    type Out = IndexMap<String, Machine>;

    fn wrong(self, got: &'static str) -> Self::Out {
        self.context.wrong("", got, "an object of machines by name");
        IndexMap::new()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Out, A::Error> {
        let Self { context, texts } = self;
        let mut vms = IndexMap::new();
        while let Some(Key(name)) = map.next_key()? {
            let name = name.into_owned();
            if let Some(fault) = name_fault(&name) {
                let message = format!("the name of machine `{}` {fault}", clean(&name));
                context.refuse(estate::INVENTORY_BAD_NAME, &message, Some("give it a name".to_owned()));
            }
            context.enter(Segment::Key(name.clone().into()));
            let shape = MachineShape { name: name.clone(), context: &mut *context, texts: &mut *texts };
            let machine = map.next_value_seed(Shaped(shape));
            context.leave();
            let machine = machine?;
            if vms.contains_key(&name) {
                let message = format!("machine `{}` stands twice", clean(&name));
                let help = "keep one of them, or rename one".to_owned();
                context.refuse(estate::INVENTORY_MACHINE_TWICE, &message, Some(help));
            } else if let Some(machine) = machine {
                vms.insert(name, machine);
            }
            if context.gave_up() {
                return Err(stop());
            }
        }
        Ok(vms)
    }
}

struct ServersShape<'c, 'f>(&'c mut Context<'f>);

impl<'de> Shape<'de> for ServersShape<'_, '_> {
    type Out = Vec<ProcessServer>;

    fn wrong(self, got: &'static str) -> Self::Out {
        if got != "null" {
            self.0.wrong("", got, "a list of process servers");
        }
        Vec::new()
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Out, A::Error> {
        let mut servers: Vec<ProcessServer> = Vec::new();
        let mut known: HashSet<String> = HashSet::new();
        for index in 0.. {
            self.0.enter(Segment::Index(index));
            let next = seq.next_element_seed(Shaped(ServerShape(&mut *self.0)));
            self.0.leave();
            let Some(server) = next? else { break };
            let Some(server) = server else { continue };
            if !known.insert(server.name.clone()) {
                let message = format!("process server `{}` stands twice", server.name);
                self.0.refuse(estate::INVENTORY_MACHINE_TWICE, &message, Some("keep one of them".to_owned()));
            }
            servers.push(server);
        }
        Ok(servers)
    }
}

struct ServerShape<'c, 'f>(&'c mut Context<'f>);

impl<'de> Shape<'de> for ServerShape<'_, '_> {
    type Out = Option<ProcessServer>;

    fn wrong(self, got: &'static str) -> Self::Out {
        self.0.wrong("", got, "a process server");
        None
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Out, A::Error> {
        let context = self.0;
        let (mut name, mut site, mut healthy) = (None, None, None);
        while let Some(Key(key)) = map.next_key()? {
            let again = match &*key {
                "name" => name.replace(context.name("name", map.next_value()?)).is_some(),
                "site" => site.replace(context.name("site", map.next_value()?)).is_some(),
                "healthy" => healthy.replace(context.flag("healthy", &map.next_value()?)).is_some(),
                unknown => {
                    let _skipped: Scalar<'_> = map.next_value()?;
                    context.unknown_field(unknown, &["name", "site", "healthy"]);
                    false
                }
            };
            if again {
                context.twice(&key);
            }
        }
        for (field, there) in
            [("name", name.is_some()), ("site", site.is_some()), ("healthy", healthy.is_some())]
        {
            if !there {
                context.missing(field);
            }
        }
        let (Some(Some(name)), Some(Some(site)), Some(Some(healthy))) = (name, site, healthy) else {
            return Ok(None);
        };
        Ok(Some(ProcessServer { name: name.into_owned(), site: site.into_owned(), healthy }))
    }
}
