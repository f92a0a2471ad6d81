//! The parser: trees, agreement of splitter and grammar, messages, hostile input.

use musterpoint::base::Id;
use musterpoint::source::FileId;
use musterpoint::syntax::{parse, parse_whole};

fn file() -> FileId {
    FileId::from_index(0)
}

const CONTOSO: &str = include_str!("fixtures/contoso.muster");
const ERP: &str = include_str!("fixtures/erp.muster");

#[test]
fn the_examples_of_the_design_parse_and_agree_with_the_whole_file_grammar() {
    for text in [CONTOSO, ERP] {
        let parsed = parse(file(), text);
        assert_eq!(parsed.diagnostics, []);
        assert_eq!(parsed.file, parse_whole(file(), text).unwrap());
    }
}
