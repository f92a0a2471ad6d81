//! Recovery points as the API shows them.

use serde_json::{Value, json};

use crate::inventory::{Machine, Point, PointKind, Protection};

use super::item;
use super::job::Way;
use super::names::instant;
use super::vault::{Vault, point_name};
use super::view::{View, way};

/// The points that an item lists, newest first. (i) A modernized failback makes its point when it begins, so none
/// is listed before; a classic one lists what it has.
pub(super) fn listed<'a>(vault: &Vault, view: &View, machine: &'a Machine) -> Vec<&'a Point> {
    let provider = item::provider(vault.generation, way(vault, machine));
    let shown = match machine.protection {
        Protection::Protected | Protection::Resyncing | Protection::FailedOver => {
            provider != "InMageRcmFailback"
        }
        Protection::Unprotected | Protection::Reprotecting => false,
    };
    if shown { view.usable(machine).collect() } else { Vec::new() }
}

/// A point of a machine.
pub(super) fn point(vault: &Vault, view: &View, machine: &Machine, point: &Point) -> Value {
    let id = view.id(point);
    let kind = match point.kind {
        PointKind::Crash => "CrashConsistent",
        PointKind::App | PointKind::Final => "ApplicationConsistent",
    };
    // (i) There are no details of a point for `InMage`; those of the way forward have the same field.
    let provider = match item::provider(vault.generation, Way::Forward) {
        "InMageRcm" => "InMageRcm",
        _ => "InMageAzureV2",
    };
    json!({
        "id": vault.point_id(&machine.name, id),
        "name": point_name(&machine.name, id),
        "type": concat!(
            "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/",
            "replicationProtectedItems/recoveryPoints"
        ),
        "properties": {
            "recoveryPointTime": instant(view.shown_at(machine, point)),
            "recoveryPointType": kind,
            "providerSpecificDetails": {
                "instanceType": provider,
                "isMultiVmSyncPoint": if point.set.is_some() { "true" } else { "false" },
            },
        }
    })
}
