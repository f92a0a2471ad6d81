//! Whether two trees say the same, whatever their places: what the formatter and tests ask.

use super::ast::{Arg, Block, File, Link, Name, Stmt, StmtKind, TextPart, Value, ValueKind};

/// Whether two files say the same; spans are not looked at, doc lines are.
#[must_use]
pub fn same_tree(one: &File<'_>, two: &File<'_>) -> bool {
    bodies(&one.items, &two.items)
}

fn all<A>(one: &[A], two: &[A], same: impl Fn(&A, &A) -> bool) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
}

fn bodies(one: &[Stmt<'_>], two: &[Stmt<'_>]) -> bool {
    all(one, two, |one, two| one.doc == two.doc && statements(&one.kind, &two.kind))
}

fn statements(one: &StmtKind<'_>, two: &StmtKind<'_>) -> bool {
    match (one, two) {
        (StmtKind::Use(one), StmtKind::Use(two)) => values(one, two),
        (StmtKind::Assign(one), StmtKind::Assign(two)) => {
            names(&one.name, &two.name) && values(&one.value, &two.value)
        }
        (StmtKind::Block(one), StmtKind::Block(two)) => blocks(one, two),
        (StmtKind::Chain(one), StmtKind::Chain(two)) => all(one, two, links),
        (StmtKind::Broken { kind: one, name: first }, StmtKind::Broken { kind: two, name: second }) => {
            maybe_names(one.as_ref(), two.as_ref()) && maybe_names(first.as_ref(), second.as_ref())
        }
        (
            StmtKind::Use(_)
            | StmtKind::Assign(_)
            | StmtKind::Block(_)
            | StmtKind::Chain(_)
            | StmtKind::Broken { .. },
            _,
        ) => false,
    }
}

fn blocks(one: &Block<'_>, two: &Block<'_>) -> bool {
    names(&one.kind, &two.kind) && all(&one.labels, &two.labels, values) && bodies(&one.body, &two.body)
}

fn links(one: &Link<'_>, two: &Link<'_>) -> bool {
    one.list == two.list && all(&one.names, &two.names, names)
}

fn names(one: &Name<'_>, two: &Name<'_>) -> bool {
    one.text == two.text
}

fn maybe_names(one: Option<&Name<'_>>, two: Option<&Name<'_>>) -> bool {
    one.map(|name| name.text) == two.map(|name| name.text)
}

fn values(one: &Value<'_>, two: &Value<'_>) -> bool {
    match (&one.kind, &two.kind) {
        (ValueKind::Text(one), ValueKind::Text(two)) => all(one, two, parts),
        (ValueKind::Path(one), ValueKind::Path(two)) => all(one, two, names),
        (ValueKind::List(one), ValueKind::List(two)) => all(one, two, values),
        (ValueKind::Call { name: one, args: first }, ValueKind::Call { name: two, args: second }) => {
            names(one, two) && all(first, second, arguments)
        }
        (
            ValueKind::Tagged { name: one, body: first, .. },
            ValueKind::Tagged { name: two, body: second, .. },
        ) => names(one, two) && bodies(first, second),
        // The rest holds no place.
        (one, two) => one == two,
    }
}

fn parts(one: &TextPart<'_>, two: &TextPart<'_>) -> bool {
    match (one, two) {
        (TextPart::Plain(one), TextPart::Plain(two)) => one == two,
        (TextPart::Path(one), TextPart::Path(two)) => all(one, two, names),
        (TextPart::Plain(_) | TextPart::Path(_), _) => false,
    }
}

fn arguments(one: &Arg<'_>, two: &Arg<'_>) -> bool {
    maybe_names(one.name.as_ref(), two.name.as_ref()) && values(&one.value, &two.value)
}
