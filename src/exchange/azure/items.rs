//! What the service says of the machines of a vault: their names, systems and replication groups, by id.

use std::collections::HashMap;

use serde_json::Value;

use crate::base::limits;
use crate::source::Diagnostic;
use crate::source::codes::exchange as codes;

use super::faults::Faults;
use super::json::{last_segment, list, same, text};

/// A protected item.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Item {
    /// Its id as the service writes it.
    pub id: String,
    /// Its name for people, which the estate calls it by.
    pub name: Option<String>,
    /// `windows` or `linux`.
    pub os: Option<String>,
    /// The replication group that it shares with others.
    pub group: Option<String>,
    /// What a plan calls its machine by beside the id.
    pub virtual_machine: Option<String>,
}

/// Protected items by id, without case.
#[derive(Clone, Debug, Default)]
pub struct Items {
    items: Vec<Item>,
    by_id: HashMap<String, usize>,
}

impl Items {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads what the service returns for `replicationProtectedItems`; `file` is what people call it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &str, json: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Faults::new(file);
        let mut items = Self::none();
        if let Some(root) = super::json::read(json, &mut faults) {
            let listed = root.as_array().map_or_else(|| list(&root, "value"), Vec::as_slice);
            let single = text(&root, "id").is_some().then_some(&root);
            for item in listed.iter().chain(single).take(limits::EXCHANGE_PARTS_MAX) {
                match item_of(item) {
                    Some(item) => items.add(item),
                    None => {
                        let help = "save what the service returns for `replicationProtectedItems`";
                        faults.push(codes::FIELD, "lists a machine without an `id`", help);
                    }
                }
            }
            if items.items.is_empty() && !faults.any() {
                let help = "save what the service returns for `replicationProtectedItems`";
                faults.push(codes::FIELD, "lists no machines in `value`", help);
            }
        }
        if faults.any() { Err(faults.into_found()) } else { Ok(items) }
    }

    /// One more; another one of the same id gives way to it.
    pub fn add(&mut self, item: Item) {
        let key = item.id.to_ascii_lowercase();
        match self.by_id.get(&key).and_then(|at| self.items.get_mut(*at)) {
            Some(known) => *known = item,
            None => {
                self.by_id.insert(key, self.items.len());
                self.items.push(item);
            }
        }
    }

    /// The item of an id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Item> {
        self.by_id.get(&id.to_ascii_lowercase()).and_then(|at| self.items.get(*at))
    }

    /// The items that a plan means by a name: those that people call so, else those whose ids end so.
    pub(super) fn meant(&self, name: &str) -> Vec<&Item> {
        let named: Vec<&Item> = self.items.iter().filter(|item| item.name.as_deref() == Some(name)).collect();
        if !named.is_empty() {
            return named;
        }
        self.items.iter().filter(|item| same(last_segment(&item.id), name)).collect()
    }

    /// How many machines a replication group has.
    pub(super) fn members(&self, group: &str) -> usize {
        let of_it = |item: &&Item| item.group.as_deref().is_some_and(|name| same(name, group));
        self.items.iter().filter(of_it).count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// An item as the service writes it. Where a field stands differs by what replicates.
fn item_of(value: &Value) -> Option<Item> {
    let id = text(value, "id")?.to_owned();
    let none = Value::Null;
    let properties = value.get("properties").unwrap_or(&none);
    let details = properties.get("providerSpecificDetails").unwrap_or(&none);
    let system = ["osDetails", "oSDetails"].iter().find_map(|field| details.get(field));
    let os = text(details, "osType").or_else(|| text(system?, "osType"));
    let os = os.map(str::to_ascii_lowercase).filter(|os| ["windows", "linux"].contains(&os.as_str()));
    // What is too long for a name of the language is none.
    let named = |field: &str, of: &Value| {
        let name = text(of, field).map(|name| name.trim().to_owned());
        name.filter(|name| name.chars().count() <= limits::NAME_CHARS_MAX)
    };
    let machine = text(properties, "protectableItemId").map_or_else(|| last_segment(&id), last_segment);
    Some(Item {
        name: named("friendlyName", properties),
        os,
        group: named("multiVmGroupName", details),
        virtual_machine: Some(machine.to_owned()),
        id,
    })
}
