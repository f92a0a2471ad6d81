//! One machine of an inventory: an object in, a `Machine` out. Sites are compared later, when all are known.

use indexmap::IndexMap;
use serde::de::MapAccess;

use crate::inventory::{LeftBehind, Machine, Point, Power, Protection};

use super::context::{Context, Segment};
use super::point::{PointsShape, Texts};
use super::shape::{Key, Scalar, Shape, Shaped};

const FIELDS: [&str; 11] = [
    "group",
    "site",
    "power",
    "protection",
    "replicates_to",
    "os",
    "address",
    "agent_registered",
    "left_behind",
    "pending_bytes",
    "points",
];
const POWERS: [(&str, Power); 2] = [("on", Power::On), ("off", Power::Off)];
const PROTECTIONS: [(&str, Protection); 5] = [
    ("protected", Protection::Protected),
    ("unprotected", Protection::Unprotected),
    ("failed_over", Protection::FailedOver),
    ("resyncing", Protection::Resyncing),
    ("reprotecting", Protection::Reprotecting),
];

/// A machine's object; gives nothing if something is missing.
pub(super) struct MachineShape<'c, 'f> {
    pub(super) name: String,
    pub(super) context: &'c mut Context<'f>,
    pub(super) texts: &'c mut Texts,
}

/// A machine as far as it was read. The outer `None` is absent; a refused value counts as present.
#[derive(Default)]
struct Parts {
    group: Option<Option<String>>,
    site: Option<Option<String>>,
    power: Option<Option<Power>>,
    protection: Option<Option<Protection>>,
    replicates_to: Option<Option<String>>,
    os: Option<Option<String>>,
    address: Option<IndexMap<String, String>>,
    agent_registered: Option<Option<bool>>,
    left_behind: Option<Option<LeftBehind>>,
    pending_bytes: Option<Option<u64>>,
    points: Option<Vec<Point>>,
}

impl<'de> Shape<'de> for MachineShape<'_, '_> {
    type Out = Option<Machine>;

    fn wrong(self, got: &'static str) -> Option<Machine> {
        self.context.wrong("", got, "a machine");
        None
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Machine>, A::Error> {
        let Self { name, context, texts } = self;
        let mut parts = Parts::default();
        while let Some(Key(key)) = map.next_key()? {
            if parts.take(&key, &mut map, context, texts)? {
                context.twice(&key);
            }
        }
        Ok(parts.finish(name, context))
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
            "group" => self.group.replace(optional_name(context, "group", map.next_value()?)).is_some(),
            "site" => self.site.replace(name(context, "site", map.next_value()?)).is_some(),
            "replicates_to" => self
                .replicates_to
                .replace(optional_name(context, "replicates_to", map.next_value()?))
                .is_some(),
            "os" => self.os.replace(optional_name(context, "os", map.next_value()?)).is_some(),
            "power" => {
                let value: Scalar<'de> = map.next_value()?;
                let power = value.or_null().and_then(|value| context.word("power", &value, &POWERS));
                self.power.replace(power).is_some()
            }
            "protection" => {
                let value = context.word("protection", &map.next_value()?, &PROTECTIONS);
                self.protection.replace(value).is_some()
            }
            "agent_registered" => {
                let value: Scalar<'de> = map.next_value()?;
                let value = value.or_null().and_then(|value| context.flag("agent_registered", &value));
                self.agent_registered.replace(value).is_some()
            }
            "pending_bytes" => {
                let value = pending(context, &map.next_value()?);
                self.pending_bytes.replace(value).is_some()
            }
            "address" => {
                context.enter(Segment::Key("address".into()));
                let value = map.next_value_seed(Shaped(AddressShape(&mut *context)));
                context.leave();
                self.address.replace(value?).is_some()
            }
            "left_behind" => {
                context.enter(Segment::Key("left_behind".into()));
                let value = map.next_value_seed(Shaped(LeftBehindShape(&mut *context)));
                context.leave();
                self.left_behind.replace(value?).is_some()
            }
            "points" => {
                context.enter(Segment::Key("points".into()));
                let value = map.next_value_seed(Shaped(PointsShape { context: &mut *context, texts }));
                context.leave();
                self.points.replace(value?).is_some()
            }
            unknown => {
                let _skipped: Scalar<'_> = map.next_value()?;
                context.unknown_field(unknown, &FIELDS);
                false
            }
        })
    }

    fn finish(self, name: String, context: &mut Context<'_>) -> Option<Machine> {
        let present = [
            ("group", self.group.is_some()),
            ("site", self.site.is_some()),
            ("protection", self.protection.is_some()),
            ("points", self.points.is_some()),
        ];
        for (field, there) in present {
            if !there {
                context.missing(field);
            }
        }
        Some(Machine {
            name,
            group: self.group?,
            site: self.site??,
            power: self.power.flatten(),
            protection: self.protection??,
            replicates_to: self.replicates_to.flatten(),
            os: self.os.flatten(),
            address: self.address.unwrap_or_default(),
            agent_registered: self.agent_registered.flatten(),
            left_behind: self.left_behind.flatten(),
            pending_bytes: self.pending_bytes.flatten(),
            points: self.points?,
        })
    }
}

fn name(context: &mut Context<'_>, field: &str, value: Scalar<'_>) -> Option<String> {
    context.name(field, value).map(std::borrow::Cow::into_owned)
}

fn optional_name(context: &mut Context<'_>, field: &str, value: Scalar<'_>) -> Option<String> {
    if matches!(value, Scalar::Null) { None } else { name(context, field, value) }
}

fn pending(context: &mut Context<'_>, value: &Scalar<'_>) -> Option<u64> {
    match value {
        Scalar::Count(bytes) => return Some(*bytes),
        Scalar::Null => return None,
        Scalar::Bool(_) | Scalar::Number | Scalar::Text(_) | Scalar::List | Scalar::Object => {}
    }
    let got = if matches!(value, Scalar::Number) { "a negative or broken number" } else { value.kind() };
    context.wrong("pending_bytes", got, "a whole number of bytes");
    None
}

struct AddressShape<'c, 'f>(&'c mut Context<'f>);

impl<'de> Shape<'de> for AddressShape<'_, '_> {
    type Out = IndexMap<String, String>;

    fn wrong(self, got: &'static str) -> Self::Out {
        if got != "null" {
            self.0.wrong("", got, "an object of addresses by site");
        }
        IndexMap::new()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Out, A::Error> {
        let mut addresses = IndexMap::new();
        while let Some((Key(site), value)) = map.next_entry::<Key<'de>, Scalar<'de>>()? {
            let Some(address) = name(self.0, &site, value) else { continue };
            if addresses.insert(site.clone().into_owned(), address).is_some() {
                self.0.twice(&site);
            }
        }
        Ok(addresses)
    }
}

struct LeftBehindShape<'c, 'f>(&'c mut Context<'f>);

impl<'de> Shape<'de> for LeftBehindShape<'_, '_> {
    type Out = Option<LeftBehind>;

    fn wrong(self, got: &'static str) -> Self::Out {
        if got != "null" {
            self.0.wrong("", got, "an object with `site` and `power`");
        }
        None
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Out, A::Error> {
        let context = self.0;
        let (mut site, mut power) = (None, None);
        while let Some(Key(key)) = map.next_key()? {
            let again = match &*key {
                "site" => site.replace(name(context, "site", map.next_value()?)).is_some(),
                "power" => {
                    let value: Scalar<'de> = map.next_value()?;
                    let value = value.or_null().and_then(|value| context.word("power", &value, &POWERS));
                    power.replace(value).is_some()
                }
                unknown => {
                    let _skipped: Scalar<'_> = map.next_value()?;
                    context.unknown_field(unknown, &["site", "power"]);
                    false
                }
            };
            if again {
                context.twice(&key);
            }
        }
        if site.is_none() {
            context.missing("site");
        }
        Ok(site.flatten().map(|site| LeftBehind { site, power: power.flatten() }))
    }
}
