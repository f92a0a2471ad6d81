//! Pieces of HTML. Every text that comes from outside goes through `escaped`, which also frees it of
//! control characters and of marks that turn the direction of writing.

pub(super) use crate::base::words::escaped;

/// The text that a page's entities stand for.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&amp;", "&")
}

/// A sentence of ours: what stands between a pair of backticks is set as code.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        let coded = index % 2 == 1 && index + 1 < parts.len();
        let part = escaped_part(part, index + 1 < parts.len());
        if coded {
            out.push_str("<code>");
            out.push_str(&part);
            out.push_str("</code>");
        } else {
            out.push_str(&part);
        }
    }
    out
}

/// `clean` takes the spaces at the end away, and between code and text they count.
fn escaped_part(part: &str, after: bool) -> String {
    let text = escaped(part);
    if after && part.ends_with(' ') { format!("{text} ") } else { text }
}

/// Rows that are printed: some ten sheets.
const PAPER_MAX: usize = 500;

/// A cell of a table.
#[derive(Debug)]
pub(super) enum Cell {
    /// A text from outside.
    Text(String),
    /// A name or an id.
    Code(String),
    /// An instant, never broken.
    Time(String),
    /// A number, set to the right.
    Number(String),
    /// A word with a meaning: its class and itself.
    Word(&'static str, String),
    /// Markup that was made here.
    Made(String),
}

impl Cell {
    fn markup(&self) -> String {
        match self {
            Self::Text(text) => format!("<td>{}</td>", prose(text)),
            Self::Code(text) if text.is_empty() => "<td></td>".to_owned(),
            Self::Code(text) => format!("<td><code>{}</code></td>", escaped(text)),
            Self::Time(text) => format!("<td class=\"t\">{}</td>", escaped(text)),
            Self::Number(text) => format!("<td class=\"n\">{}</td>", escaped(text)),
            Self::Word(class, text) => format!("<td><span class=\"w {class}\">{}</span></td>", escaped(text)),
            Self::Made(markup) => format!("<td>{markup}</td>"),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text)
            | Self::Code(text)
            | Self::Time(text)
            | Self::Number(text)
            | Self::Word(_, text)
            | Self::Made(text) => text.is_empty(),
        }
    }
}

/// A page in the making.
#[derive(Debug, Default)]
pub(super) struct Html {
    out: String,
}

impl Html {
    /// Markup that was made here.
    pub(super) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// A section with its heading.
    pub(super) fn section(&mut self, id: &str, heading: &str) {
        self.raw(&format!(
            "<section id=\"{id}\" aria-labelledby=\"h-{id}\">\n<h2 id=\"h-{id}\">{}</h2>\n",
            escaped(heading)
        ));
    }

    pub(super) fn end_section(&mut self) {
        self.raw("</section>\n");
    }

    /// A paragraph in our words.
    pub(super) fn paragraph(&mut self, class: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.raw(&format!("<p{class}>{}</p>\n", prose(text)));
    }

    /// A table that can be scrolled by itself; columns without any cell are left out.
    pub(super) fn table(&mut self, caption: &str, head: &[&str], rows: &[Vec<Cell>]) {
        let used: Vec<usize> = (0..head.len())
            .filter(|column| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty())))
            .collect();
        self.raw(&format!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n<thead><tr>",
            escaped(caption)
        ));
        for column in &used {
            let title = head.get(*column).copied().unwrap_or_default();
            let numbers = rows.iter().any(|row| matches!(row.get(*column), Some(Cell::Number(_))));
            let class = if numbers { " class=\"n\"" } else { "" };
            self.raw(&format!("<th scope=\"col\"{class}>{}</th>", escaped(title)));
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.raw("<tr>");
            for cell in used.iter().filter_map(|column| row.get(*column)) {
                self.raw(&cell.markup());
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table></div>\n");
    }

    /// What may be folded away: open up to `open_max` rows. Paper shows it all the same, up to where
    /// nobody would leaf through it.
    pub(super) fn folded(
        &mut self,
        summary: &str,
        rows: usize,
        open_max: usize,
        inside: impl FnOnce(&mut Self),
    ) {
        let open = if rows <= open_max { " open" } else { "" };
        let long = if rows > PAPER_MAX { " class=\"long\"" } else { "" };
        self.raw(&format!("<details{open}{long}><summary>{}</summary>\n", prose(summary)));
        inside(self);
        self.raw("</details>\n");
        if rows > PAPER_MAX {
            self.paragraph("paper", "Too long for paper: it stands in the file that this was printed from.");
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, prose, unescaped};

    #[test]
    fn texts_are_inert() {
        assert_eq!(escaped("<b onclick=\"x('y')\">&"), "&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{7}c"), "a b c");
        assert_eq!(prose("run `a<b` of `x` ends"), "run <code>a&lt;b</code> of <code>x</code> ends");
        assert_eq!(prose("a lone ` stays"), "a lone  stays");
        assert_eq!(unescaped("&amp;lt; &lt;"), "&lt; <");
    }
}
