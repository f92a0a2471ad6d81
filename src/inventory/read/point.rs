//! Recovery points of one machine: objects in, compact points out, newest first.

use std::collections::HashMap;

use serde::de::{MapAccess, SeqAccess};

use crate::base::Timestamp;
use crate::base::limits::POINT_TAGS_MAX;
use crate::inventory::{Point, PointKind, Symbol, Symbols, TagSet};
use crate::source::codes::estate;

use super::context::{Context, Segment, clean, name_fault};
use super::shape::{Key, Scalar, Shape, Shaped, stop};

const FIELDS: [&str; 7] = ["id", "at", "kind", "set", "tags", "processed", "usable"];
const KINDS: [(&str, PointKind); 3] =
    [("crash", PointKind::Crash), ("app", PointKind::App), ("final", PointKind::Final)];

/// Texts of points and what they are interned with.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) symbols: Symbols,
    pub(super) tag_sets: Vec<Vec<Symbol>>,
    known_sets: HashMap<Vec<Symbol>, TagSet>,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self {
            symbols: Symbols::default(),
            tag_sets: vec![Vec::new()],
            known_sets: HashMap::from([(Vec::new(), TagSet(0))]),
        }
    }

    fn tag_set(&mut self, tags: Vec<Symbol>) -> TagSet {
        if let Some(known) = self.known_sets.get(&tags) {
            return *known;
        }
        let Ok(next) = u32::try_from(self.tag_sets.len()) else {
            crate::bug!("more than u32::MAX different tag sets in one inventory")
        };
        self.tag_sets.push(tags.clone());
        self.known_sets.insert(tags, TagSet(next));
        TagSet(next)
    }
}

/// The list of a machine's points.
pub(super) struct PointsShape<'c, 'f> {
    pub(super) context: &'c mut Context<'f>,
    pub(super) texts: &'c mut Texts,
}

impl<'de> Shape<'de> for PointsShape<'_, '_> {
    type Out = Vec<Point>;

    fn wrong(self, got: &'static str) -> Vec<Point> {
        self.context.wrong("", got, "a list of points");
        Vec::new()
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Point>, A::Error> {
        let Self { context, texts } = self;
        let mut points = Vec::new();
        loop {
            context.enter(Segment::Index(points.len()));
            let shape = PointShape { context: &mut *context, texts: &mut *texts };
            let next = seq.next_element_seed(Shaped(shape));
            context.leave();
            match next? {
                Some(point) => points.push(point),
                None => break,
            }
            if context.gave_up() {
                return Err(stop());
            }
        }
        find_twice(&points, context, &texts.symbols);
        // Stable: equal instants stay in the order reported.
        points.sort_by_key(|point| std::cmp::Reverse(point.at));
        Ok(points)
    }
}

fn find_twice(points: &[Point], context: &mut Context<'_>, symbols: &Symbols) {
    let mut ids: Vec<(Symbol, usize)> = points.iter().enumerate().map(|(at, point)| (point.id, at)).collect();
    ids.sort_unstable();
    for pair in ids.windows(2) {
        let [(first, _), (second, index)] = pair else { continue };
        // The placeholder of a refused point has an empty id.
        if first == second && !symbols.text(*second).is_empty() {
            context.enter(Segment::Index(*index));
            let message =
                format!("point id `{}` stands twice, again at {}", symbols.text(*second), context.place(""));
            context.leave();
            let help = "give each point of a machine its own id".to_owned();
            context.refuse(estate::INVENTORY_POINT_TWICE, &message, Some(help));
        }
    }
}

struct PointShape<'c, 'f> {
    context: &'c mut Context<'f>,
    texts: &'c mut Texts,
}

/// A point as far as it was read. The outer `None` is absent; a refused value counts as present.
#[derive(Default)]
struct Parts {
    id: Option<Option<Symbol>>,
    at: Option<Option<Timestamp>>,
    kind: Option<Option<PointKind>>,
    set: Option<Option<Symbol>>,
    tags: Option<TagSet>,
    processed: Option<Option<bool>>,
    usable: Option<Option<bool>>,
}

impl<'de> Shape<'de> for PointShape<'_, '_> {
    type Out = Point;

    fn wrong(self, got: &'static str) -> Point {
        self.context.wrong("", got, "a point");
        placeholder(&mut self.texts.symbols)
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Point, A::Error> {
        let Self { context, texts } = self;
        let mut parts = Parts::default();
        while let Some(Key(key)) = map.next_key()? {
            let again = match &*key {
                "id" => parts.id.replace(name(context, texts, "id", map.next_value()?)).is_some(),
                "at" => parts.at.replace(context.instant("at", &map.next_value()?)).is_some(),
                "kind" => parts.kind.replace(context.word("kind", &map.next_value()?, &KINDS)).is_some(),
                "set" => {
                    let value: Scalar<'de> = map.next_value()?;
                    let value = value.or_null().and_then(|value| name(context, texts, "set", value));
                    parts.set.replace(value).is_some()
                }
                "tags" => {
                    let shape = TagsShape { context: &mut *context, texts: &mut *texts };
                    let tags = map.next_value_seed(Shaped(shape))?;
                    parts.tags.replace(texts.tag_set(tags)).is_some()
                }
                "processed" => {
                    parts.processed.replace(context.flag("processed", &map.next_value()?)).is_some()
                }
                "usable" => parts.usable.replace(context.flag("usable", &map.next_value()?)).is_some(),
                unknown => {
                    let _skipped: Scalar<'_> = map.next_value()?;
                    context.unknown_field(unknown, &FIELDS);
                    false
                }
            };
            if again {
                context.twice(&key);
            }
        }
        Ok(finish(&parts, context, texts))
    }
}

fn finish(parts: &Parts, context: &mut Context<'_>, texts: &mut Texts) -> Point {
    let present = [
        ("id", parts.id.is_some()),
        ("at", parts.at.is_some()),
        ("kind", parts.kind.is_some()),
        ("set", parts.set.is_some()),
        ("processed", parts.processed.is_some()),
        ("usable", parts.usable.is_some()),
    ];
    for (field, there) in present {
        if !there {
            context.missing(field);
        }
    }
    let (Some(Some(id)), Some(Some(at)), Some(Some(kind)), Some(set)) =
        (parts.id, parts.at, parts.kind, parts.set)
    else {
        return placeholder(&mut texts.symbols);
    };
    let (Some(Some(processed)), Some(Some(usable))) = (parts.processed, parts.usable) else {
        return placeholder(&mut texts.symbols);
    };
    Point { at, id, set, tags: parts.tags.unwrap_or_default(), kind, processed, usable }
}

/// Stands for a point that was refused; the whole inventory is, so it is never seen.
fn placeholder(symbols: &mut Symbols) -> Point {
    Point {
        at: Timestamp::default(),
        id: symbols.intern(""),
        set: None,
        tags: TagSet(0),
        kind: PointKind::Crash,
        processed: false,
        usable: false,
    }
}

fn name(context: &mut Context<'_>, texts: &mut Texts, field: &str, value: Scalar<'_>) -> Option<Symbol> {
    context.name(field, value).map(|text| texts.symbols.intern(&text))
}

struct TagsShape<'c, 'f> {
    context: &'c mut Context<'f>,
    texts: &'c mut Texts,
}

impl<'de> Shape<'de> for TagsShape<'_, '_> {
    type Out = Vec<Symbol>;

    fn wrong(self, got: &'static str) -> Vec<Symbol> {
        if got != "null" {
            self.context.wrong("tags", got, "a list of texts");
        }
        Vec::new()
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Symbol>, A::Error> {
        let mut tags = Vec::new();
        while let Some(value) = seq.next_element::<Scalar<'de>>()? {
            let Some(text) = self.context.text("tags", value) else { continue };
            match name_fault(&text) {
                None if tags.len() >= POINT_TAGS_MAX => {
                    let message =
                        format!("{} holds more than {POINT_TAGS_MAX} tags", self.context.place("tags"));
                    self.context.refuse(
                        estate::INVENTORY_WRONG_VALUE,
                        &message,
                        Some("keep fewer".to_owned()),
                    );
                    while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                    break;
                }
                None => {
                    let tag = self.texts.symbols.intern(&text);
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
                Some(fault) => {
                    let message = format!("tag `{}` at {} {fault}", clean(&text), self.context.place(""));
                    self.context.refuse(estate::INVENTORY_BAD_NAME, &message, Some("remove it".to_owned()));
                }
            }
        }
        Ok(tags)
    }
}
