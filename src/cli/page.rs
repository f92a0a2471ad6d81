//! A page of help in the columns of a terminal: prose is filled, examples stay as they are. Comes in:
//! the Markdown of a code's page. Goes out: text.

/// Fills paragraphs and list items to `width` columns. Indented and fenced lines are kept.
pub(super) fn filled(page: &str, width: usize) -> String {
    let mut out = String::new();
    let mut item = Item::default();
    let mut fenced = false;
    for line in page.lines() {
        let fence = line.trim_start().starts_with("```");
        if fenced || fence || line.starts_with("    ") {
            item.end(&mut out, width);
            out.push_str(line);
            out.push('\n');
            fenced ^= fence;
        } else if line.trim().is_empty() {
            item.end(&mut out, width);
            out.push('\n');
        } else {
            if line.starts_with("- ") {
                item.end(&mut out, width);
                item.indent = "  ";
            }
            item.words.extend(line.split_whitespace());
        }
    }
    item.end(&mut out, width);
    out
}

/// A paragraph or list item so far.
#[derive(Debug, Default)]
struct Item<'p> {
    /// Before each line but the first.
    indent: &'static str,
    words: Vec<&'p str>,
}

impl Item<'_> {
    fn end(&mut self, out: &mut String, width: usize) {
        let mut column = 0;
        for word in self.words.drain(..) {
            let letters = word.chars().count();
            if column > 0 && column + 1 + letters > width {
                out.push('\n');
                out.push_str(self.indent);
                column = self.indent.len();
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += letters;
        }
        if column > 0 {
            out.push('\n');
        }
        self.indent = "";
    }
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn prose_is_filled_and_examples_are_kept() {
        let page =
            "one two\nthree four\n\n- five six\n  seven\n- eight\n\n    a  long  example\n```\nx   y\n```";
        let wanted =
            "one two three\nfour\n\n- five six\n  seven\n- eight\n\n    a  long  example\n```\nx   y\n```\n";
        assert_eq!(filled(page, 13), wanted);
        assert_eq!(filled("a-word-longer-than-the-line b", 5), "a-word-longer-than-the-line\nb\n");
    }
}
