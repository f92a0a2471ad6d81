//! The folders of `tests/bad` and their expectations.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One folder: a code, and what provokes it.
pub(crate) struct Folder {
    /// `MP0301-cycle`
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// All folders in order.
pub(crate) fn folders() -> Vec<Folder> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut folders: Vec<Folder> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| Folder { name: path.file_name().unwrap().to_str().unwrap().to_owned(), path })
        .collect();
    folders.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!folders.is_empty());
    folders
}

impl Folder {
    /// The code that it shows.
    pub(crate) fn code(&self) -> &str {
        self.name.split('-').next().unwrap()
    }

    /// Whether it holds a file.
    pub(crate) fn has(&self, file: &str) -> bool {
        self.path.join(file).is_file()
    }

    /// A file's text, empty where there is none.
    pub(crate) fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.path.join(file)).unwrap_or_default()
    }

    /// Says where the text differs from the one kept, or keeps it.
    pub(crate) fn compare(&self, file: &str, text: &str, wrong: &mut String) {
        let kept = self.text(file);
        if kept == text {
            return;
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(self.path.join(file), text).unwrap();
        } else {
            writeln!(wrong, "{}/{file}\n--- kept\n{kept}--- said\n{text}", self.name).unwrap();
        }
    }
}
