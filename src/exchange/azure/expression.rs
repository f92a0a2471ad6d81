//! The grammar of a template's expressions: `[concat(parameters('vault'), '/rp1')]`. Text in, tree out.

/// An expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Expression {
    /// `'text'`
    Text(String),
    /// `3`
    Number(i64),
    /// `concat(…)`; the name in lower case, as names of functions have no case.
    Call(String, Vec<Self>),
    /// `….name`
    Member(Box<Self>, String),
    /// `…[0]`
    Index(Box<Self>, Box<Self>),
}

/// Calls within calls. Templates that people and compilers write stay below ten.
const DEPTH: usize = 32;

/// The text between the brackets of an expression, if a value is one.
pub(super) fn inside(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    (!inside.starts_with('[')).then_some(inside)
}

/// Reads what stands between the brackets.
///
/// # Errors
/// Why it is no expression.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut reader = Reader { rest: text };
    let expression = reader.expression(0)?;
    reader.space();
    if reader.rest.is_empty() { Ok(expression) } else { Err("something follows its end".to_owned()) }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, sign: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > DEPTH {
            return Err(format!("it nests deeper than {DEPTH} calls"));
        }
        self.space();
        let mut found = match self.rest.chars().next() {
            Some('\'') => self.literal()?,
            Some(sign) if sign.is_ascii_digit() || sign == '-' => self.number()?,
            Some(sign) if sign.is_ascii_alphabetic() => self.call(depth)?,
            Some(_) | None => return Err("a call, a text or a number is missing in it".to_owned()),
        };
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > DEPTH {
                return Err(format!("it looks deeper than {DEPTH} levels into a value"));
            }
            if self.takes('.') {
                let name = self.name();
                found = Expression::Member(Box::new(found), name);
            } else if self.takes('[') {
                let index = self.expression(depth + 1)?;
                if !self.takes(']') {
                    return Err("a `]` is missing in it".to_owned());
                }
                found = Expression::Index(Box::new(found), Box::new(index));
            } else {
                return Ok(found);
            }
        }
    }

    /// A text; two quotes are one.
    fn literal(&mut self) -> Result<Expression, String> {
        let mut text = String::new();
        let mut signs = self.rest.char_indices().skip(1).peekable();
        while let Some((at, sign)) = signs.next() {
            if sign != '\'' {
                text.push(sign);
            } else if signs.next_if(|(_, next)| *next == '\'').is_some() {
                text.push('\'');
            } else {
                self.rest = self.rest.get(at + 1..).unwrap_or("");
                return Ok(Expression::Text(text));
            }
        }
        Err("a text in it has no end".to_owned())
    }

    fn number(&mut self) -> Result<Expression, String> {
        let end = self.rest.char_indices().skip(1).find(|(_, sign)| !sign.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        digits.parse().map(Expression::Number).map_err(|_| "a number in it is too large".to_owned())
    }

    fn name(&mut self) -> String {
        self.space();
        let is_end = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '_');
        let (name, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        name.to_owned()
    }

    fn call(&mut self, depth: usize) -> Result<Expression, String> {
        let name = self.name().to_ascii_lowercase();
        if !self.takes('(') {
            return Err(format!("`{name}` is called without brackets"));
        }
        let mut arguments = Vec::new();
        if self.takes(')') {
            return Ok(Expression::Call(name, arguments));
        }
        loop {
            arguments.push(self.expression(depth + 1)?);
            if self.takes(')') {
                return Ok(Expression::Call(name, arguments));
            }
            if !self.takes(',') {
                return Err(format!("a `)` of `{name}` is missing"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_members_and_quotes_are_read() {
        let read = parse("concat(parameters('v').name, '/it''s', [1])");
        assert!(read.is_err());
        let read = parse(" Concat( parameters('v').name , '/it''s' , variables('x')[1] ) ");
        let call = |name: &str, of: &str| {
            Box::new(Expression::Call(name.to_owned(), vec![Expression::Text(of.to_owned())]))
        };
        let wanted = Expression::Call(
            "concat".to_owned(),
            vec![
                Expression::Member(call("parameters", "v"), "name".to_owned()),
                Expression::Text("/it's".to_owned()),
                Expression::Index(call("variables", "x"), Box::new(Expression::Number(1))),
            ],
        );
        assert_eq!(read, Ok(wanted));
    }

    #[test]
    fn what_is_cut_off_or_too_deep_is_refused() {
        for text in ["", "concat(", "concat('a'", "'a", "a.b", "f() g()", "f(,)", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let deep = format!("{}1{}", "f(".repeat(100), ")".repeat(100));
        assert!(parse(&deep).is_err_and(|why| why.contains("deeper")));
    }

    #[test]
    fn two_opening_brackets_are_a_text() {
        assert_eq!(inside("[f()]"), Some("f()"));
        assert_eq!(inside("[[f()]"), None);
        assert_eq!(inside("f()"), None);
    }
}
