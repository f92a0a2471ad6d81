//! Trees for property tests: made at random, written with random trivia, read back from the parser's.

use std::fmt::Write as _;

use musterpoint::base::time::format_duration;
use musterpoint::syntax::ast::{self, StmtKind, TextPart, ValueKind};
use proptest::collection::vec;
use proptest::prelude::*;

/// A statement without places.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Statement {
    Use(String),
    Assign(String, Value),
    Block(String, Vec<Label>, Vec<Statement>),
    Chain(Vec<Link>),
}

/// A label or a link of a chain.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Label {
    Word(String),
    Text(String),
    Words(Vec<String>),
}

type Link = Label;

/// A value without places.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Text(String),
    Plain(String),
    Path(Vec<String>),
    List(Vec<Value>),
    Call(String, Vec<(Option<String>, Value)>),
    Tagged(String, Vec<Statement>),
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_é][a-z0-9_]{0,6}(-[a-z0-9]{1,3})?".prop_filter("words that say something else", |name| {
        !["use", "true", "false"].contains(&name.as_str())
    })
}

fn text() -> impl Strategy<Value = String> {
    "[ -!#-~é\n\t\"]{0,12}"
}

fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u64>().prop_map(|number| number.to_string()),
        (0..10_000_000_u64).prop_map(|ms| format_duration(std::time::Duration::from_millis(ms))),
        (0..1000_u64).prop_map(|size| format!("{size}B")),
        (0..200_u64).prop_map(|percent| format!("{percent}%")),
        Just("true".to_owned()),
        Just("2026-11-23T06:00:00Z".to_owned()),
        name(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => quantity().prop_map(Value::Plain),
        1 => text().prop_map(Value::Text),
        1 => vec(name(), 2..4).prop_map(Value::Path),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            (name(), vec((proptest::option::of(name()), inner.clone()), 0..3))
                .prop_map(|(name, arguments)| Value::Call(name, arguments)),
            (name(), vec((name(), inner), 0..3)).prop_map(|(name, body)| Value::Tagged(
                name,
                body.into_iter().map(|(key, value)| Statement::Assign(key, value)).collect()
            )),
        ]
    })
}

fn label() -> impl Strategy<Value = Label> {
    prop_oneof![
        4 => name().prop_map(Label::Word),
        1 => text().prop_map(Label::Text),
        1 => vec(name(), 1..4).prop_map(Label::Words),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![3 => name().prop_map(Label::Word), 1 => vec(name(), 1..4).prop_map(Label::Words)]
}

fn statement() -> impl Strategy<Value = Statement> {
    let leaf = prop_oneof![
        4 => (name(), value()).prop_map(|(name, value)| Statement::Assign(name, value)),
        2 => vec(link(), 2..5).prop_map(Statement::Chain),
        1 => text().prop_map(Statement::Use),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let kind = prop_oneof![name(), Just("plan".to_owned())];
        (kind, vec(label(), 0..3), vec(inner, 0..4))
            .prop_map(|(kind, labels, body)| Statement::Block(kind, labels, body))
    })
}

/// A file of a few statements.
pub(crate) fn statements() -> impl Strategy<Value = Vec<Statement>> {
    vec(statement(), 0..5)
}

/// What decides about trivia.
pub(crate) fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..60)
}

/// Writes statements with trivia wherever the language allows it, as `noise` says.
pub(crate) fn write(statements: &[Statement], noise: &[u8]) -> String {
    let mut writer = Writer { out: String::new(), noise, at: 0 };
    writer.space();
    writer.statements(statements);
    writer.out
}

struct Writer<'n> {
    out: String,
    noise: &'n [u8],
    at: usize,
}

impl Writer<'_> {
    fn roll(&mut self) -> u8 {
        self.at += 1;
        self.noise[self.at % self.noise.len()]
            .wrapping_add(u8::try_from(self.at / self.noise.len() % 251).unwrap())
    }

    /// Any space, newlines and comments too.
    fn space(&mut self) {
        let space = match self.roll() % 16 {
            0 => "\n",
            1 => " # a \"comment\" {[(\n",
            2 => "\t",
            3 => "\r\n\n\n  ",
            4 => "\n# own line ->\n  ## doc\n",
            5..=9 => " ",
            _ => "",
        };
        self.out.push_str(space);
    }

    /// Space on the line.
    fn blank(&mut self) {
        let space = ["", " ", "  ", "\t", " "][usize::from(self.roll() % 5)];
        self.out.push_str(space);
    }

    fn separator(&mut self) {
        self.blank();
        let separator = ["\n", ",", ", ", " # trailing }\n", "\n\n# above\n", "\r\n", "\n## doc\n"];
        let separator = separator[usize::from(self.roll() % 7)];
        self.out.push_str(separator);
        self.space();
    }

    fn statements(&mut self, statements: &[Statement]) {
        for (at, statement) in statements.iter().enumerate() {
            if at > 0 {
                self.separator();
            }
            self.statement(statement);
        }
        self.blank();
        let comma = !statements.is_empty() && self.roll().is_multiple_of(4);
        self.out.push_str(if comma { "," } else { "" });
        self.space();
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Use(text) => {
                self.out.push_str("use ");
                self.text(text);
            }
            Statement::Assign(name, value) => {
                self.out.push_str(name);
                self.blank();
                self.out.push('=');
                self.space();
                self.value(value);
            }
            Statement::Block(kind, labels, body) => {
                self.out.push_str(kind);
                for label in labels {
                    self.out.push(' ');
                    self.blank();
                    self.label(label);
                }
                self.blank();
                self.body(body);
            }
            Statement::Chain(links) => {
                for (at, link) in links.iter().enumerate() {
                    if at > 0 {
                        self.space();
                        self.out.push_str("->");
                        self.space();
                    }
                    self.label(link);
                }
            }
        }
    }

    fn body(&mut self, body: &[Statement]) {
        self.out.push('{');
        self.space();
        self.statements(body);
        self.out.push('}');
    }

    fn label(&mut self, label: &Label) {
        match label {
            Label::Word(word) => self.out.push_str(word),
            Label::Text(text) => self.text(text),
            Label::Words(words) => {
                let words: Vec<Value> = words.iter().cloned().map(Value::Plain).collect();
                self.list(&words);
            }
        }
    }

    fn list(&mut self, values: &[Value]) {
        self.out.push('[');
        self.space();
        let by_lines = self.roll().is_multiple_of(2);
        for (at, value) in values.iter().enumerate() {
            if at > 0 && by_lines {
                self.out.push('\n');
                self.space();
            } else if at > 0 {
                self.comma();
            }
            self.value(value);
        }
        self.space();
        self.out.push(']');
    }

    fn comma(&mut self) {
        self.space();
        self.out.push(',');
        self.space();
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for letter in text.chars() {
            match letter {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '$' => self.out.push_str("\\u{24}"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Plain(word) => self.out.push_str(word),
            Value::Text(text) => self.text(text),
            Value::Path(names) => self.out.push_str(&names.join(".")),
            Value::List(values) => self.list(values),
            Value::Call(name, arguments) => {
                self.out.push_str(name);
                self.blank();
                self.out.push('(');
                self.space();
                for (at, (name, value)) in arguments.iter().enumerate() {
                    if at > 0 {
                        self.comma();
                    }
                    if let Some(name) = name {
                        let _ = write!(self.out, "{name} =");
                        self.space();
                    }
                    self.value(value);
                }
                self.space();
                self.out.push(')');
            }
            Value::Tagged(name, body) => {
                self.out.push_str(name);
                self.blank();
                self.body(body);
            }
        }
    }
}

/// The parser's tree without places; numbers as they stand in `source`.
pub(crate) fn read(source: &str, items: &[ast::Stmt<'_>]) -> Vec<Statement> {
    items.iter().map(|item| read_statement(source, item)).collect()
}

fn read_statement(source: &str, item: &ast::Stmt<'_>) -> Statement {
    match &item.kind {
        StmtKind::Use(value) => match read_value(source, value) {
            Value::Text(text) => Statement::Use(text),
            other => panic!("use of {other:?}"),
        },
        StmtKind::Assign(assign) => {
            Statement::Assign(assign.name.text.to_owned(), read_value(source, &assign.value))
        }
        StmtKind::Block(block) => Statement::Block(
            block.kind.text.to_owned(),
            block.labels.iter().map(|label| read_label(source, label)).collect(),
            read(source, &block.body),
        ),
        StmtKind::Chain(links) => Statement::Chain(links.iter().map(read_link).collect()),
        StmtKind::Broken { .. } => panic!("a broken statement"),
    }
}

fn words(names: &[ast::Name<'_>]) -> Vec<String> {
    names.iter().map(|name| name.text.to_owned()).collect()
}

fn read_link(link: &ast::Link<'_>) -> Link {
    if link.list { Label::Words(words(&link.names)) } else { Label::Word(link.names[0].text.to_owned()) }
}

fn read_label(source: &str, label: &ast::Value<'_>) -> Label {
    match read_value(source, label) {
        Value::Plain(word) => Label::Word(word),
        Value::Text(text) => Label::Text(text),
        Value::List(values) => Label::Words(
            values
                .into_iter()
                .map(|value| match value {
                    Value::Plain(word) => word,
                    other => panic!("{other:?} in a list of names"),
                })
                .collect(),
        ),
        other => panic!("a label {other:?}"),
    }
}

fn read_value(source: &str, value: &ast::Value<'_>) -> Value {
    match &value.kind {
        ValueKind::Text(parts) => Value::Text(
            parts
                .iter()
                .map(|part| match part {
                    TextPart::Plain(text) => text.as_ref(),
                    TextPart::Path(_) => panic!("a path in a text"),
                })
                .collect(),
        ),
        ValueKind::Path(names) => Value::Path(words(names)),
        ValueKind::List(values) => {
            Value::List(values.iter().map(|value| read_value(source, value)).collect())
        }
        ValueKind::Call { name, args } => Value::Call(
            name.text.to_owned(),
            args.iter()
                .map(|arg| (arg.name.map(|name| name.text.to_owned()), read_value(source, &arg.value)))
                .collect(),
        ),
        ValueKind::Tagged { name, body, .. } => Value::Tagged(name.text.to_owned(), read(source, body)),
        _ => Value::Plain(source[value.span.start as usize..value.span.end as usize].to_owned()),
    }
}

/// Tokens of the language in any order, most of it nonsense.
pub(crate) fn soup() -> impl Strategy<Value = String> {
    let token = proptest::sample::select(vec![
        "a",
        "b",
        "plan",
        "plan p {",
        "use",
        "vm",
        " ",
        " ",
        "\n",
        "\n",
        "\n  ",
        "{",
        "}",
        "{ ",
        " }",
        "[",
        "]",
        "(",
        ")",
        ",",
        ", ",
        "=",
        " = ",
        "->",
        " -> ",
        "\"",
        "\"t\"",
        "\"\"\"",
        "\"\"\"x\n y\"\"\"",
        "\"${a.b}\"",
        "\\",
        "\"\\",
        "# c\n",
        "## d\n",
        "#",
        "1",
        "1h30m",
        "10m5",
        "80%",
        ".",
        "a.b",
        "-",
        ">",
        "é",
        "\t",
        "\r\n",
        "true",
        "-b",
        "--",
        "12B",
        "3s4m",
        "1m2s",
        "7KiB",
        "5x",
        "2026-11-23T06:00:00Z",
        "[a, b]",
        "[a\nb]",
        "vm [a] {",
        "x = t {",
        "x = [",
        "a = 1\n",
        "b { c = 2 }",
        "a -> b\n",
        ":",
        "f(x = 1)",
        "\u{a0}",
        "“",
        "$",
        "${",
        ";",
    ]);
    vec(token, 0..24).prop_map(|tokens| tokens.concat())
}
