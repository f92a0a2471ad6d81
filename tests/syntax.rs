//! The parser: trees, agreement of splitter and grammar, hostile input.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

#[path = "support/gen.rs"]
mod generated;
#[path = "support/trees.rs"]
mod trees;

use std::time::Duration;

use musterpoint::base::{Id, limits};
use musterpoint::source::FileId;
use musterpoint::source::codes::syntax as codes;
use musterpoint::syntax::ast::{StmtKind, TextPart, Value, ValueKind};
use musterpoint::syntax::split::{Piece, split_file};
use musterpoint::syntax::{check_bytes, parse, parse_value, parse_whole};
use proptest::prelude::*;

const CONTOSO: &str = include_str!("fixtures/contoso.muster");
const ERP: &str = include_str!("fixtures/erp.muster");

fn file() -> FileId {
    FileId::from_index(0)
}

/// The value of `x = TEXT`.
fn value(text: &str) -> ValueKind<'_> {
    parse_value(file(), text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}")).kind
}

fn plain(kind: &ValueKind<'_>) -> String {
    match kind {
        ValueKind::Text(parts) => parts
            .iter()
            .map(|part| match part {
                TextPart::Plain(text) => text.to_string(),
                TextPart::Path(names) => {
                    format!("<{}>", names.iter().map(|name| name.text).collect::<Vec<_>>().join("."))
                }
            })
            .collect(),
        other => panic!("{other:?} is no text"),
    }
}

fn codes_of(text: &str) -> Vec<&'static str> {
    parse(file(), text).diagnostics.iter().map(|found| found.code.as_str()).collect()
}

#[test]
fn the_examples_of_the_design_parse_and_agree_with_the_whole_file_grammar() {
    for text in [CONTOSO, ERP, &generated::plan(50)] {
        let parsed = parse(file(), text);
        assert_eq!(parsed.diagnostics, []);
        assert_eq!(parsed.file, parse_whole(file(), text).unwrap());
    }
}

#[test]
fn values_have_their_units() {
    assert_eq!(value("3"), ValueKind::Int(3));
    assert_eq!(value("1h30m"), ValueKind::Duration(Duration::from_secs(5400)));
    assert_eq!(value("250ms"), ValueKind::Duration(Duration::from_millis(250)));
    assert_eq!(value("64GiB"), ValueKind::Size(64 << 30));
    assert_eq!(value("512B"), ValueKind::Size(512));
    assert_eq!(value("80%"), ValueKind::Percent(80));
    assert_eq!(value("2026-11-23T07:00:00+01:00"), value("2026-11-23T06:00:00Z"));
    assert_eq!(value("true"), ValueKind::Bool(true));
    assert_eq!(value(" planned "), ValueKind::Word("planned"));
    assert!(matches!(value("sql01.address"), ValueKind::Path(names) if names.len() == 2));
    assert!(matches!(value("[a, b,]"), ValueKind::List(values) if values.len() == 2));
    assert!(matches!(value("[\n  a\n  b # c\n]"), ValueKind::List(values) if values.len() == 2));
    assert!(
        matches!(value("common(max_age = 1h, tag = \"x\")"), ValueKind::Call { args, .. } if args.len() == 2)
    );
    assert!(matches!(value("sim { seed = 7 }"), ValueKind::Tagged { body, .. } if body.len() == 1));
}

#[test]
fn values_that_are_none_are_refused_with_their_code() {
    for (text, code) in [
        ("10m5", codes::BAD_QUANTITY),
        ("1h 30m", codes::BAD_QUANTITY),
        ("30m1h", codes::BAD_QUANTITY),
        ("1.5h", codes::BAD_QUANTITY),
        ("64GB", codes::BAD_QUANTITY),
        ("64 GiB", codes::BAD_QUANTITY),
        ("-1", codes::NEGATIVE),
        ("[-1]", codes::NEGATIVE),
        ("18446744073709551616", codes::TOO_LARGE_NUMBER),
        ("99999999999TiB", codes::TOO_LARGE_NUMBER),
        ("99999999999999999999d", codes::TOO_LARGE_NUMBER),
        ("2026-11-23", codes::BAD_INSTANT),
        ("2026-11-23T06:00:00", codes::BAD_INSTANT),
        ("2026-02-30T06:00:00Z", codes::BAD_INSTANT),
        ("'x'", codes::WRONG_QUOTES),
        ("[a, b\n c]", codes::MISSING_COMMA),
        ("[a\n b, c]", codes::UNEXPECTED),
        ("f(a b)", codes::MISSING_COMMA),
        ("\"\\q\"", codes::BAD_ESCAPE),
        ("\"\\u{110000}\"", codes::BAD_ESCAPE),
        ("\"${a b}\"", codes::BAD_INTERPOLATION),
        ("\"${a\"", codes::BAD_INTERPOLATION),
        ("\"${}\"", codes::BAD_INTERPOLATION),
        ("", codes::UNEXPECTED),
        ("a = 1", codes::UNEXPECTED),
    ] {
        let wrong = parse_value(file(), text).expect_err(text);
        assert_eq!(wrong.code, code, "{text}: {wrong:?}");
    }
}

#[test]
fn texts_resolve_escapes_and_interpolation() {
    assert_eq!(plain(&value(r#""a\"b\\n\n\t\${x} \u{e9}""#)), "a\"b\\n\n\t${x} é");
    assert_eq!(plain(&value(r#""http://${app01.address}/health""#)), "http://<app01.address>/health");
    assert_eq!(plain(&value(r#""costs $5 # no comment""#)), "costs $5 # no comment");
    assert_eq!(plain(&value(r#""""#)), "");
    assert!(matches!(value(r#""plain""#), ValueKind::Text(parts)
        if matches!(parts.as_slice(), [TextPart::Plain(std::borrow::Cow::Borrowed("plain"))])));
}

#[test]
fn texts_of_several_lines_lose_their_common_indentation() {
    assert_eq!(
        plain(&value("\"\"\"\n    one\n      two\n\n    ${a.b}\n    \"\"\"")),
        "one\n  two\n\n<a.b>\n"
    );
    assert_eq!(plain(&value("\"\"\"\r\n  one\r\n  two\r\n  \"\"\"")), "one\ntwo\n");
    assert_eq!(plain(&value("\"\"\"one\n  two\"\"\"")), "one\ntwo");
    assert_eq!(plain(&value("\"\"\"\n    one\n  \"\"\"")), "  one\n");
    assert_eq!(plain(&value("\"\"\"a \"quoted\" \\\"\"\" word\"\"\"")), "a \"quoted\" \"\"\" word");
    assert_eq!(plain(&value("\"\"\"\"\"\"")), "");
}

#[test]
fn a_path_inside_a_text_has_its_place() {
    let text = "x = \"\"\"\n  go to ${sql01.address} now\n  \"\"\"";
    let parsed = parse(file(), text);
    let StmtKind::Assign(assign) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
    let ValueKind::Text(parts) = &assign.value.kind else { panic!("{assign:?}") };
    let found: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            TextPart::Path(names) => Some(names),
            TextPart::Plain(_) => None,
        })
        .flatten()
        .map(|name| &text[name.span.start as usize..name.span.end as usize])
        .collect();
    assert_eq!(found, ["sql01", "address"]);
}

#[test]
fn arrows_need_no_space_and_lines_begin_or_end_with_them() {
    for text in ["a->b->c-d", "a ->\n b\n -> c-d", "a # x\n # y\n -> # z\n b -> c-d"] {
        let parsed = parse(file(), text);
        assert_eq!(parsed.diagnostics, [], "{text}");
        let StmtKind::Chain(links) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
        assert_eq!(links.iter().map(|link| link.names[0].text).collect::<Vec<_>>(), ["a", "b", "c-d"]);
    }
}

#[test]
fn doc_comments_belong_to_the_statement_below() {
    let text = "## one\n# not a doc\n##two\n\nplan erp { ## trailing\n  ## of go\n  approve go { }  ## no doc\n  a = 1\n}\n## of nothing";
    let parsed = parse(file(), text);
    assert_eq!(parsed.file.items[0].doc, ["one", "two"]);
    let StmtKind::Block(plan) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
    assert_eq!(plan.body[0].doc, ["of go"]);
    assert_eq!(plan.body[1].doc, Vec::<&str>::new());
    assert_eq!(parsed.file, parse_whole(file(), text).unwrap());
}

#[test]
fn bytes_become_a_text_up_to_the_limit_without_their_mark() {
    let code = |bytes: Vec<u8>| check_bytes("plan.muster", bytes).unwrap_err().code.as_str();
    assert!(check_bytes("plan.muster", vec![b'\n'; limits::PLAN_BYTES_MAX]).is_ok());
    assert_eq!(code(vec![b'\n'; limits::PLAN_BYTES_MAX + 1]), "MP0101");
    let utf16: Vec<u8> = "plan erp {\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(code(utf16), "MP0103");
    assert_eq!(check_bytes("plan.muster", b"\xef\xbb\xbfrto = 2h".to_vec()).unwrap(), "rto = 2h");
    assert_eq!(check_bytes("plan.muster", Vec::new()).unwrap(), "");
}

#[test]
fn a_broken_statement_takes_no_other_with_it() {
    let text = "plan erp {\n  rto = = 2h\n  group db {\n    point = latest\n    vm sql01 { os == linux }\n    vm sql02 { os = linux }\n  }\n  tier ! {\n    vm x { }\n  }\n  a -> b\n}\nuse x\n";
    let parsed = parse(file(), text);
    assert_eq!(codes_of(text).len(), 4, "{:?}", parsed.diagnostics);
    let StmtKind::Block(plan) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
    assert!(
        matches!(plan.body[0].kind, StmtKind::Broken { kind: Some(kind), name: None } if kind.text == "rto")
    );
    let StmtKind::Block(group) = &plan.body[1].kind else { panic!("{plan:?}") };
    assert_eq!(group.body.len(), 3);
    let StmtKind::Block(vm) = &group.body[1].kind else { panic!("{group:?}") };
    assert!(matches!(vm.body[0].kind, StmtKind::Broken { .. }));
    assert!(matches!(group.body[2].kind, StmtKind::Block(_)));
    assert!(
        matches!(plan.body[2].kind, StmtKind::Broken { kind: Some(kind), name: None } if kind.text == "tier")
    );
    assert!(matches!(plan.body[3].kind, StmtKind::Chain(_)));
}

#[test]
fn a_broken_statement_keeps_its_first_two_words() {
    let parsed = parse(file(), "vm sql01 os = linux }");
    let StmtKind::Broken { kind: Some(kind), name: Some(name) } = &parsed.file.items[0].kind else {
        panic!("{parsed:?}")
    };
    assert_eq!((kind.text, name.text), ("vm", "sql01"));
}

#[test]
fn a_plan_with_a_wrong_opening_line_keeps_its_statements() {
    let parsed = parse(file(), "plan erp! {\n  rto = 2h\n  rpo == 1h\n}");
    assert_eq!(parsed.diagnostics.len(), 2);
    let StmtKind::Block(plan) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
    assert_eq!(plan.body.len(), 2);
    assert_eq!(plan.labels.len(), 1);
}

#[test]
fn a_missing_brace_is_put_where_the_indentation_says() {
    let text = "plan erp {\n  group db {\n    vm sql01 {\n      os = windows\n\n  tier app {\n    vm app01 { os = linux }\n  }\n}\n";
    let parsed = parse(file(), text);
    let messages: Vec<&str> = parsed.diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages, ["`group` block is not closed", "`vm` block is not closed"]);
    let StmtKind::Block(plan) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
    let kinds: Vec<&str> = plan
        .body
        .iter()
        .map(|item| match &item.kind {
            StmtKind::Block(block) => block.kind.text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["group", "tier"]);
}

#[test]
fn a_missing_bracket_inside_a_line_costs_that_line() {
    let text = "plan erp {\n  on = [a, b\n  rto = 2h\n  run = f(a, b\n  rpo = 1h\n}\n";
    let parsed = parse(file(), text);
    assert_eq!(codes_of(text), ["MP0110", "MP0110"]);
    let StmtKind::Block(plan) = &parsed.file.items[0].kind else { panic!("{parsed:?}") };
    let broken = plan.body.iter().filter(|item| matches!(item.kind, StmtKind::Broken { .. })).count();
    assert_eq!((plan.body.len(), broken), (4, 2));
}

#[test]
fn brackets_may_nest_to_the_limit_and_no_deeper() {
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    for depth in [8, 16, 32, limits::DEPTH_MAX] {
        for text in [
            format!("x = {}", nested("[", "]", depth)),
            nested("a {\n", "}\n", depth),
            format!("x = {}", nested("f(", ")", depth)),
            format!("x = {}", nested("f(y = ", ")", depth).replacen("= )", "= 1)", 1)),
            format!("x = {}", nested("t { a = ", "}", depth).replacen("= }", "= 1 }", 1)),
        ] {
            let parsed = parse(file(), &text);
            assert_eq!(parsed.diagnostics, [], "{text}");
            assert_eq!(parsed.file, parse_whole(file(), &text).unwrap());
        }
    }
    let depth = limits::DEPTH_MAX + 1;
    assert_eq!(codes_of(&nested("a {\n", "}\n", depth)), ["MP0112"]);
    assert_eq!(codes_of(&format!("x = {}", nested("[", "]", depth))), ["MP0112"]);
    assert_eq!(parse_value(file(), &nested("[", "]", depth)).unwrap_err().code, codes::TOO_DEEP);
}

#[test]
fn hostile_texts_end_in_a_few_clean_diagnostics() {
    let many = 200_000;
    for text in
        ["{", "[", "(", "\"", "->", "a {", "a={", "}", ",", "(]", "a { x = [", "\"\"\"\n", "#", "\\", "'"]
    {
        let repeated = text.repeat(many / text.len());
        let parsed = parse(file(), &repeated);
        assert!(!parsed.diagnostics.is_empty() || text == "#", "{text}");
        assert!(parsed.diagnostics.len() <= limits::DIAGNOSTICS_MAX, "{text}");
    }
    let chain = format!("a{}", " -> a".repeat(many));
    assert_eq!(parse(file(), &chain).diagnostics, []);
    assert_eq!(parse(file(), &"x = = 1\n".repeat(12_000)).diagnostics.len(), limits::DIAGNOSTICS_MAX);
}

#[test]
fn an_error_deep_inside_is_not_read_once_for_every_level() {
    let one = format!("plan p {{ {} x = = 1 {} }}\n", "a { ".repeat(60), "} ".repeat(60));
    let text = one.repeat(200);
    let parsed = parse(file(), &text);
    assert_eq!(parsed.diagnostics.len(), 200);
}

/// Whether only space, comments and commas stand outside of the slices, which come in order.
fn slices_cover(text: &str) -> Result<(), TestCaseError> {
    let mut at = 0;
    let mut between = String::new();
    for piece in split_file(file(), text).pieces {
        let (start, end) = match piece {
            Piece::Statement(slice) | Piece::Open(slice) => (slice.start, slice.end),
            Piece::Close(end) => (end.max(at), end.max(at)),
        };
        prop_assert!(start >= at && end >= start, "slices overlap");
        between.push_str(&text[at..start]);
        between.push('\n');
        at = end;
    }
    between.push_str(&text[at..]);
    let outside: String = between.lines().map(|line| line.split('#').next().unwrap_or("")).collect();
    let strange = outside.chars().filter(|letter| !" \t\r,}".contains(*letter)).count();
    prop_assert_eq!(strange, 0, "{:?} is in no slice", outside);
    Ok(())
}

/// Whether splitter and whole-file grammar agree on a text, right or wrong.
fn parsers_agree(text: &str) -> Result<(), TestCaseError> {
    let parsed = parse(file(), text);
    match parse_whole(file(), text) {
        Ok(whole) => {
            prop_assert_eq!(&parsed.diagnostics, &[]);
            prop_assert_eq!(parsed.file, whole);
        }
        Err(wrong) => {
            prop_assert!(!parsed.diagnostics.is_empty(), "only the whole file is refused: {:?}", wrong)
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_trees_are_read_back(tree in trees::statements(), noise in trees::noise()) {
        let text = trees::write(&tree, &noise);
        let parsed = parse(file(), &text);
        prop_assert_eq!(&parsed.diagnostics, &[], "{}", text);
        prop_assert_eq!(trees::read(&text, &parsed.file.items), tree);
        parsers_agree(&text)?;
        slices_cover(&text)?;
    }

    #[test]
    fn any_text_is_judged_alike_by_splitter_and_grammar(text in trees::soup()) {
        parsers_agree(&text)?;
        slices_cover(&text)?;
    }

    #[test]
    fn any_characters_end_in_a_tree_or_diagnostics(text in "\\PC{0,60}") {
        parsers_agree(&text)?;
    }

    #[test]
    fn every_place_lies_in_the_text(text in trees::soup()) {
        for found in parse(file(), &text).diagnostics {
            prop_assert!(!found.labels.is_empty());
            for label in found.labels {
                let (start, end) = (label.span.start as usize, label.span.end as usize);
                prop_assert!(text.get(start..end).is_some(), "{start}..{end}");
            }
            prop_assert!(!found.message.contains('\n') && !found.message.ends_with('.'), "{}", found.message);
        }
    }
}

#[test]
fn the_value_of_the_command_line_is_judged_like_one_in_a_file() {
    let Value { kind, span } = parse_value(file(), " common_app(max_age = 1h) ").unwrap();
    assert!(matches!(kind, ValueKind::Call { .. }));
    assert_eq!((span.start, span.end), (1, 25));
}
