//! Roles and parameters: who may answer, and what the command line may set.

use crate::base::time;
use crate::model::{Param, ParamKind, Role, RoleMembers};
use crate::schema::Type;
use crate::syntax::ast::ValueKind;

use super::context::Context;
use super::declare::Named;
use super::shape;

/// A role; nothing where it is wrong.
pub(super) fn role(context: &mut Context, named: Named<'_>) -> Option<Role> {
    let fields = named.part.read(context, Some(named.name));
    let value = fields.value("members")?;
    let members = if matches!(value.kind, ValueKind::Word(_)) {
        RoleMembers::Anyone
    } else {
        RoleMembers::People(shape::each(value).iter().filter_map(shape::plain_text).collect())
    };
    Some(Role { members })
}

/// A parameter; nothing where it is wrong.
pub(super) fn param(context: &mut Context, named: Named<'_>) -> Option<Param> {
    let fields = named.part.read(context, Some(named.name));
    let (kind, ty) = match fields.word("type")? {
        "int" => (ParamKind::Int, Type::Int(0, u64::MAX)),
        "duration" => (ParamKind::Duration, Type::Duration),
        "bool" => (ParamKind::Bool, Type::Bool),
        _ => (ParamKind::Text, Type::Text),
    };
    let Some(value) = fields.value("default") else { return Some(Param { kind, default: None }) };
    if !shape::check(context, "default", &ty, value) {
        return None;
    }
    let default = match &value.kind {
        ValueKind::Int(number) => number.to_string(),
        ValueKind::Duration(duration) => time::format_duration(*duration),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Text(parts) => shape::plain(parts)?.into_owned(),
        ValueKind::Size(_)
        | ValueKind::Percent(_)
        | ValueKind::Instant(_)
        | ValueKind::Word(_)
        | ValueKind::Path(_)
        | ValueKind::List(_)
        | ValueKind::Call { .. }
        | ValueKind::Tagged { .. } => return None,
    };
    Some(Param { kind, default: Some(default) })
}
