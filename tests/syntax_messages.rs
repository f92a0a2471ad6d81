//! One golden test for every code of the parser: `tests/bad/CODE-name/bad.muster` in, what is said out,
//! and its `good.muster` is accepted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use expect_test::{Expect, expect};
use musterpoint::base::{Id, limits};
use musterpoint::source::codes::{self, syntax};
use musterpoint::source::{Diagnostic, FileId, Source};
use musterpoint::syntax::{check_bytes, parse};

/// What is wrong with a file, from its bytes on.
fn judge(bytes: Vec<u8>) -> (String, Vec<Diagnostic>) {
    match check_bytes("plan.muster", bytes) {
        Err(wrong) => (String::new(), vec![wrong]),
        Ok(text) => {
            let diagnostics = parse(FileId::from_index(0), &text).diagnostics;
            (text, diagnostics)
        }
    }
}

/// Code, message, each label as `line:column text words`, help.
fn shown(text: &str, diagnostics: &[Diagnostic]) -> String {
    let source = Source::new("plan.muster", text);
    let mut out = String::new();
    for diagnostic in diagnostics {
        writeln!(out, "{} {}", diagnostic.code, diagnostic.message).unwrap();
        for label in &diagnostic.labels {
            let (line, column) = source.line_column(label.span.start);
            let found = &text[label.span.start as usize..label.span.end as usize];
            writeln!(out, "  {line}:{column} `{found}` {}", label.text).unwrap();
        }
        if let Some(help) = &diagnostic.help {
            writeln!(out, "  help: {help}").unwrap();
        }
    }
    out
}

/// The style of messages, kept by every one.
fn check_style(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let message = &diagnostic.message;
        let first = message.chars().next().unwrap();
        assert!(first.is_lowercase() || first.is_numeric() || first == '`', "{message}");
        for text in [Some(message), diagnostic.help.as_ref()].into_iter().flatten() {
            assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
            for word in ["invalid", "illegal", "oops", "EOI", "word_tail", "label_text", "text_inside", "!"] {
                assert!(!text.contains(word), "{text}");
            }
        }
        assert!(codes::find(diagnostic.code.as_str()).is_some_and(|info| !info.page.is_empty()));
    }
}

#[track_caller]
fn golden(folder: &str, expected: &Expect) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad").join(folder);
    let (text, diagnostics) = judge(std::fs::read(folder.join("bad.muster")).unwrap());
    check_style(&diagnostics);
    let code = folder.file_name().unwrap().to_str().unwrap()[..6].to_owned();
    assert!(diagnostics.iter().any(|found| found.code.as_str() == code), "{diagnostics:#?}");
    expected.assert_eq(&shown(&text, &diagnostics));
    let (_, diagnostics) = judge(std::fs::read(folder.join("good.muster")).unwrap());
    assert_eq!(diagnostics, [], "the good example of {code}");
}

#[test]
fn every_code_has_its_bad_example_but_the_one_too_large_to_keep() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for info in syntax::TABLE.iter().filter(|info| info.code != syntax::FILE_TOO_LARGE) {
        let found = names.iter().filter(|name| name.starts_with(info.code.as_str())).count();
        assert_eq!(found, 1, "{}", info.code);
    }
}

#[test]
fn mp0101_file_too_large_begins_one_byte_past_the_limit() {
    assert!(check_bytes("plan.muster", vec![b'\n'; limits::PLAN_BYTES_MAX]).is_ok());
    let wrong = check_bytes("plan.muster", vec![b'\n'; limits::PLAN_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(wrong.code, syntax::FILE_TOO_LARGE);
    check_style(std::slice::from_ref(&wrong));
    expect!["`plan.muster` has 41943041 bytes, a plan file may have 41943040"].assert_eq(&wrong.message);
}

#[test]
fn utf16_is_known_without_its_mark_and_a_byte_order_mark_is_dropped() {
    let utf16: Vec<u8> = "plan erp {\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(check_bytes("plan.muster", utf16).unwrap_err().code, syntax::UTF16);
    assert_eq!(check_bytes("plan.muster", b"\xef\xbb\xbfrto = 2h".to_vec()).unwrap(), "rto = 2h");
    assert_eq!(check_bytes("plan.muster", Vec::new()).unwrap(), "");
}

#[test]
fn mp0102_not_utf8() {
    golden(
        "MP0102-not-utf8",
        &expect![[r#"
        MP0102 line 1 of `plan.muster` is not UTF-8, it holds the byte 0xfc
          help: save the file as UTF-8
    "#]],
    );
}

#[test]
fn mp0103_utf16() {
    golden(
        "MP0103-utf16",
        &expect![[r#"
        MP0103 `plan.muster` is UTF-16
          help: save the file as UTF-8
    "#]],
    );
}

#[test]
fn mp0104_nul_byte() {
    golden(
        "MP0104-nul-byte",
        &expect![[r#"
            MP0104 line 6 of `plan.muster` holds a NUL byte
              help: take the file from version control or a backup again
        "#]],
    );
}

#[test]
fn mp0110_not_closed() {
    golden(
        "MP0110-not-closed",
        &expect![[r#"
            MP0110 `group` block is not closed
              6:12 `{` opened here
              10:3 `tier` this line is not inside it
              help: add `}` before `tier app`
        "#]],
    );
}

#[test]
fn mp0111_extra_closer() {
    golden(
        "MP0111-extra-closer",
        &expect![[r#"
            MP0111 `}` closes nothing
              9:1 `}` 
              help: remove the `}`, or look above for one too many
        "#]],
    );
}

#[test]
fn mp0112_too_deep() {
    golden(
        "MP0112-too-deep",
        &expect![[r#"
            MP0112 more than 64 brackets are open at once
              5:74 `[` bracket number 65 opens here
              help: move the inner blocks out
        "#]],
    );
}

#[test]
fn mp0113_open_text() {
    golden(
        "MP0113-open-text",
        &expect![[r#"
            MP0113 a text is not closed on its line
              8:14 `"` opened here
              8:33 `` the line ends here
              help: add `"` where the text ends; a text of several lines stands between `"""`
        "#]],
    );
}

#[test]
fn mp0114_open_block_text() {
    golden(
        "MP0114-open-block-text",
        &expect![[r#"
            MP0114 a `"""` text is not closed
              8:14 `"""` opened here
              help: add `"""` where the text ends
        "#]],
    );
}

#[test]
fn mp0115_extra_comma() {
    golden(
        "MP0115-extra-comma",
        &expect![[r#"
            MP0115 nothing stands before this comma
              6:27 `,` 
              help: remove the comma
        "#]],
    );
}

#[test]
fn mp0116_no_separator() {
    golden(
        "MP0116-no-separator",
        &expect![[r#"
            MP0116 two statements stand on one line with nothing between
              6:26 `shut_down` the second begins here
              help: put a comma or a newline before it
        "#]],
    );
}

#[test]
fn mp0120_unexpected() {
    golden(
        "MP0120-unexpected",
        &expect![[r#"
            MP0120 expected the end of the statement, found `+`
              6:24 `+` 
            MP0120 expected `{` or another name, found `(`
              7:12 `(` 
        "#]],
    );
}

#[test]
fn mp0121_wrong_assignment() {
    golden(
        "MP0121-wrong-assignment",
        &expect![[r#"
            MP0121 `:` gives no value
              7:8 `:` 
              help: write `=`
            MP0121 `==` gives no value
              8:9 `==` 
              help: write `=`
        "#]],
    );
}

#[test]
fn mp0122_wrong_arrow() {
    golden(
        "MP0122-wrong-arrow",
        &expect![[r#"
            MP0122 `=>` is no arrow
              8:8 `=>` 
              help: write `->`
            MP0122 `>` is no arrow
              9:9 `>` 
              help: write `->`
        "#]],
    );
}

#[test]
fn mp0123_missing_comma() {
    golden(
        "MP0123-missing-comma",
        &expect![[r#"
            MP0123 a comma is missing between `waiting` and `halted`
              2:43 `` here
              help: add a comma, or give every element a line of its own without commas
        "#]],
    );
}

#[test]
fn mp0124_wrong_quotes() {
    golden(
        "MP0124-wrong-quotes",
        &expect![[r#"
            MP0124 texts do not stand in single quotes
              2:24 `'` 
              help: write `"dana"`
            MP0124 texts do not stand in curved quotes such as “
              9:14 `“` 
              help: write `"Fail the ERP over?"`
        "#]],
    );
}

#[test]
fn mp0125_bad_name() {
    golden(
        "MP0125-bad-name",
        &expect![[r#"
            MP0125 the name `2fa-host` begins with a digit
              6:6 `2fa-host` 
              help: begin it with a letter, and say `name = "2fa-host"` in its block
            MP0125 the name `web-` ends with a dash
              7:6 `web-` 
              help: write `web`
        "#]],
    );
}

#[test]
fn mp0126_negative() {
    golden(
        "MP0126-negative",
        &expect![[r#"
            MP0126 `-5s` is negative
              6:19 `-5s` 
              help: remove the `-`: no quantity of a plan lies below zero
        "#]],
    );
}

#[test]
fn mp0127_bad_quantity() {
    golden(
        "MP0127-bad-quantity",
        &expect![[r#"
            MP0127 the `5` at the end of `10m5` has no unit
              7:11 `10m5` 
              help: add a unit, such as `s`
            MP0127 a space stands inside of `1h 30m`
              8:11 `1h 30m` 
              help: write `1h30m`
            MP0127 `1.5h` has a point, numbers are whole
              10:20 `1.5h` 
              help: write a whole number of a smaller unit, such as `1h30m`
            MP0127 the units of `30s1m` are not in order, from the largest to the smallest
              11:22 `30s1m` 
              help: write `1h30m`: days `d`, hours `h`, minutes `m`, seconds `s`, milliseconds `ms`, each once
            MP0127 `GB` means 1000 to some and 1024 to others
              12:38 `64GB` 
              help: write `64GiB`
        "#]],
    );
}

#[test]
fn mp0128_too_large_number() {
    golden(
        "MP0128-too-large-number",
        &expect![[r#"
            MP0128 `99999999999999999999` is too large
              6:23 `99999999999999999999` 
              help: write a number below 18446744073709551615
        "#]],
    );
}

#[test]
fn mp0129_bad_instant() {
    golden(
        "MP0129-bad-instant",
        &expect![[r#"
            MP0129 `2026-11-23` is not a whole instant
              6:37 `2026-11-23` 
              help: add a time with its offset: `2026-11-23T06:00:00Z`
            MP0129 `2026-02-30T06:00:00Z` is on no calendar, or outside the years 1678 to 2261
              7:37 `2026-02-30T06:00:00Z` 
              help: write a day that exists
        "#]],
    );
}

#[test]
fn mp0130_bad_escape() {
    golden(
        "MP0130-bad-escape",
        &expect![[r#"
            MP0130 `\s` is no escape
              7:62 `\s` 
              help: write `\\` for a backslash; the others are `\"`, `\n`, `\t`, `\${` and `\u{…}`
        "#]],
    );
}

#[test]
fn mp0131_bad_interpolation() {
    golden(
        "MP0131-bad-interpolation",
        &expect![[r#"
            MP0131 `${ sql01.address }` holds no path
              7:33 `${ sql01.address }` 
              help: write a path such as `${sql01.address}`, or `\${` for the characters themselves
        "#]],
    );
}

#[test]
fn mp0132_lone_word() {
    golden(
        "MP0132-lone-word",
        &expect![[r#"
            MP0132 `commit` says nothing alone
              7:3 `commit` 
              help: write `commit = …`, `commit { }` or `commit -> …`
        "#]],
    );
}

#[test]
fn mp0133_no_value() {
    golden(
        "MP0133-no-value",
        &expect![[r#"
            MP0133 `rto` has no value
              7:9 `=` 
              help: write a value after the `=`, or remove the line
        "#]],
    );
}

#[test]
fn mp0134_brace_on_next_line() {
    golden(
        "MP0134-brace-on-next-line",
        &expect![[r#"
            MP0134 the `{` of `group db` stands on the next line
              7:3 `{` 
              help: move it to the end of the line before
        "#]],
    );
}

#[test]
fn mp0135_use_without_text() {
    golden(
        "MP0135-use-without-text",
        &expect![[r#"
            MP0135 `use` is not followed by a file name in quotes
              1:5 `lab.muster` 
              help: write `use "lab.muster"`
        "#]],
    );
}

#[test]
fn mp0136_strange_character() {
    golden(
        "MP0136-strange-character",
        &expect![[r#"
            MP0136 this space is no plain one (U+00A0)
              7:8 ` ` 
              help: replace it by a plain space
        "#]],
    );
}

#[test]
fn mp0137_wrong_separator() {
    golden(
        "MP0137-wrong-separator",
        &expect![[r#"
            MP0137 a semicolon ends no statement
              6:25 `;` 
              help: write a comma or a newline, or nothing before `}`
        "#]],
    );
}

#[test]
fn mp0138_wrong_comment() {
    golden(
        "MP0138-wrong-comment",
        &expect![[r#"
        MP0138 `//` does not begin a comment
          1:1 `//` 
          help: begin the comment with `#`
    "#]],
    );
}

#[test]
fn mp0139_loose_arrow() {
    golden(
        "MP0139-loose-arrow",
        &expect![[r#"
            MP0139 nothing stands after this `->`
              7:17 `->` 
              help: name what comes after it, or remove the arrow
        "#]],
    );
}

#[test]
fn mp0140_empty_list() {
    golden(
        "MP0140-empty-list",
        &expect![[r#"
            MP0140 this list of names is empty
              7:17 `[]` 
              help: put a name into it, or remove it
        "#]],
    );
}
