//! Files as read, with an index of their lines. Reads no file itself.

use crate::base::IdVec;

use super::{FileId, Span};

/// One file: its name for people, its text (no byte-order mark), and where its lines begin.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: Box<str>,
    line_starts: Vec<u32>,
}

impl Source {
    /// Indexes the lines of `text`, which is at most `limits::PLAN_BYTES_MAX` long.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(
            memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)),
        );
        Self { name: name.into(), text, line_starts }
    }

    /// The name people see.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zero-based line and its first byte for a byte offset; past the end, the last line.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> (usize, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1);
        (line, self.line_starts.get(line).copied().unwrap_or(0))
    }

    /// How many lines there are; a final newline begins one more, empty line.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// Byte range of a zero-based line, its newline included; empty past the end.
    #[must_use]
    pub fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let end = self.text.len();
        let start = self.line_starts.get(line).map_or(end, |start| *start as usize);
        start..self.line_starts.get(line + 1).map_or(end, |start| *start as usize)
    }

    /// One-based line and column (in characters) for people and JSON.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let (line, start) = self.line_of(offset);
        let before = self.text.get(start as usize..offset as usize).unwrap_or("");
        (line + 1, before.chars().count() + 1)
    }
}

/// All files of one compilation.
#[derive(Debug, Default)]
pub struct Sources {
    files: IdVec<FileId, Source>,
}

impl Sources {
    /// Adds a file and returns its id.
    pub fn add(&mut self, source: Source) -> FileId {
        self.files.push(source)
    }

    /// The file of an id that this table handed out.
    #[must_use]
    pub fn get(&self, file: FileId) -> &Source {
        self.files.at(file)
    }

    /// The file of an id that may belong to another table.
    #[must_use]
    pub fn find(&self, file: FileId) -> Option<&Source> {
        self.files.get(file)
    }

    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter_enumerated()
    }

    /// The text of a span; empty where the span does not fit.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).text().get(span.start as usize..span.end as usize).unwrap_or("")
    }
}
