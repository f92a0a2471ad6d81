//! The parser that pest derives from `grammar/plan.pest`, and what its rules are called for people.

/// The derived parser. A module of its own, because the derive adds public items.
mod derived {
    /// Reads plan text by the rules of `grammar/plan.pest`.
    #[derive(pest_derive::Parser, Debug)]
    #[grammar = "../grammar/plan.pest"]
    pub(crate) struct PlanParser;
}

pub(super) use derived::{PlanParser, Rule};

/// What people call what a rule reads; none where the rule is no answer to "expected …".
pub(super) const fn human_name(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::EOI | Rule::separator | Rule::line_end => Some("the end of the statement"),
        Rule::statement | Rule::statements | Rule::headed | Rule::joined | Rule::use_file => {
            Some("a statement")
        }
        Rule::name | Rule::label | Rule::link => Some("a name"),
        Rule::names => Some("a list of names"),
        Rule::arrow => Some("`->`"),
        Rule::body => Some("`{`"),
        Rule::equals => Some("`=`"),
        Rule::arguments => Some("`(`"),
        Rule::value | Rule::word | Rule::quantity | Rule::text | Rule::list | Rule::argument => {
            Some("a value")
        }
        Rule::hole | Rule::escape | Rule::plain => Some("a text"),
        Rule::word_tail
        | Rule::dots
        | Rule::comment
        | Rule::hs
        | Rule::ws
        | Rule::file
        | Rule::single
        | Rule::head
        | Rule::lone_value
        | Rule::text_inside
        | Rule::word_shape
        | Rule::word_char
        | Rule::time_unit
        | Rule::size_unit
        | Rule::date
        | Rule::time => None,
    }
}
