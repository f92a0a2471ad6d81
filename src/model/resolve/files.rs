//! Reads a plan's file and all that it uses, and parses each once. Sees files only through `Files`.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::base::{Digest, Id, limits, words};
use crate::model::PlanFile;
use crate::source::codes::names as codes;
use crate::source::{Diagnostic, FileId, Source, Sources, Span};
use crate::syntax::ast;
use crate::syntax::ast::{StmtKind, Value};

use super::context::Context;
use super::shape;

/// How the resolver reads. The world behind it is the caller's.
pub trait Files {
    /// The bytes of a file, at most `limits::PLAN_BYTES_MAX` and one more.
    ///
    /// # Errors
    /// What the system says.
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>>;

    /// The same path with every link followed, to tell whether it leaves the plan's folder.
    ///
    /// # Errors
    /// What the system says.
    fn canonical(&mut self, path: &Path) -> io::Result<PathBuf>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        use io::Read as _;
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(limits::PLAN_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn canonical(&mut self, path: &Path) -> io::Result<PathBuf> {
        // The folder of a file that was named without one.
        if path.as_os_str().is_empty() { Path::new(".").canonicalize() } else { path.canonicalize() }
    }
}

/// Texts that outlive the trees that borrow them, though later files are added while trees exist.
#[derive(Debug)]
pub(super) struct Texts {
    slots: Vec<OnceCell<(String, String)>>,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self { slots: (0..limits::PLAN_FILES_MAX).map(|_| OnceCell::new()).collect() }
    }

    /// Moves all texts into the table of sources, in the order in which they were read.
    pub(super) fn hand_over(self, sources: &mut Sources) {
        for (name, text) in self.slots.into_iter().filter_map(OnceCell::into_inner) {
            sources.add(Source::new(name, text));
        }
    }
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Loaded<'t> {
    /// Its folder below the plan's, empty or ending in `/`.
    pub(super) folder: String,
    /// Its path below the plan's folder and its digest.
    pub(super) file: PlanFile,
    /// Its tree.
    pub(super) tree: ast::File<'t>,
}

/// All files of a plan, its own first.
#[derive(Debug)]
pub(super) struct Library<'t> {
    /// The id of the first file; the others follow.
    pub(super) first: FileId,
    /// The files in the order in which they were read.
    pub(super) files: Vec<Loaded<'t>>,
    /// A file is missing, so that names may be declared in it.
    pub(super) incomplete: bool,
}

impl<'t> Library<'t> {
    /// The folder of a file below the plan's, empty or ending in `/`.
    pub(super) fn folder_of(&self, file: FileId) -> &str {
        let index = file.index().wrapping_sub(self.first.index());
        self.files.get(index).map_or("", |loaded| &loaded.folder)
    }
}

/// Reads `root` and what it uses, breadth first.
pub(super) fn load<'t>(
    context: &mut Context,
    texts: &'t Texts,
    world: &mut dyn Files,
    (root, first): (&Path, FileId),
) -> Library<'t> {
    let mut loader = Loader {
        context,
        world,
        texts,
        home: root.parent().map(Path::to_path_buf).unwrap_or_default(),
        home_canonical: None,
        library: Library { first, files: Vec::new(), incomplete: false },
        by_path: HashMap::new(),
        by_canonical: HashMap::new(),
        uses: Vec::new(),
    };
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    loader.by_path.insert(name.clone(), Some(0));
    if let Ok(canonical) = loader.world.canonical(root) {
        loader.by_canonical.insert(canonical, 0);
    }
    loader.read(root, name, None);
    let mut next = 0;
    while next < loader.library.files.len() {
        loader.follow(next);
        next += 1;
    }
    loader.check_loops();
    loader.library
}

struct Loader<'l, 't> {
    context: &'l mut Context,
    world: &'l mut dyn Files,
    texts: &'t Texts,
    home: PathBuf,
    home_canonical: Option<PathBuf>,
    library: Library<'t>,
    /// Paths below the plan's folder, with the file that was read for each.
    by_path: HashMap<String, Option<usize>>,
    by_canonical: HashMap<PathBuf, usize>,
    /// Who uses whom, and where it is said.
    uses: Vec<(usize, usize, Span)>,
}

impl<'t> Loader<'_, 't> {
    /// Reads and parses one file; its index, or nothing where it cannot be read.
    fn read(&mut self, path: &Path, below: String, said: Option<Span>) -> Option<usize> {
        let shown = path.display().to_string();
        let bytes = match self.world.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable(&shown, &error, said);
                return None;
            }
        };
        let digest = Digest::of(&[&bytes]);
        let text = match crate::syntax::check_bytes(&shown, bytes) {
            Ok(text) => text,
            Err(diagnostic) => {
                self.context.report(diagnostic);
                self.library.incomplete = true;
                return None;
            }
        };
        let index = self.library.files.len();
        let slot = self.texts.slots.get(index)?;
        let (_, text) = slot.get_or_init(|| (shown, text));
        let parsed = crate::syntax::parse(FileId::from_index(self.library.first.index() + index), text);
        for diagnostic in parsed.diagnostics {
            self.context.report(diagnostic);
        }
        let folder = below.rfind('/').and_then(|at| below.get(..=at)).unwrap_or("").to_owned();
        self.library.files.push(Loaded { folder, file: PlanFile { path: below, digest }, tree: parsed.file });
        Some(index)
    }

    fn unreadable(&mut self, shown: &str, error: &io::Error, said: Option<Span>) {
        self.library.incomplete = true;
        let kind = error.kind();
        let why = if kind == io::ErrorKind::NotFound {
            "does not exist".to_owned()
        } else if kind == io::ErrorKind::PermissionDenied {
            "may not be read".to_owned()
        } else if kind == io::ErrorKind::IsADirectory {
            "is a folder".to_owned()
        } else {
            format!("cannot be read: {}", words::system(error).replace('\n', " "))
        };
        let message = format!("`{shown}` {why}");
        self.context.report(match said {
            Some(span) => Diagnostic::error(codes::FILE_MISSING, message, span)
                .help("correct the name, which counts from the folder of this file, or put the file there"),
            None => Diagnostic::placeless(codes::FILE_MISSING, message)
                .help("name a plan file, such as `plans/erp.muster`"),
        });
    }

    /// Reads what a file uses.
    fn follow(&mut self, from: usize) {
        let mut paths: Vec<(String, Span)> = Vec::new();
        let Some(loaded) = self.library.files.get(from) else { return };
        let folder = loaded.folder.clone();
        for stmt in &loaded.tree.items {
            match &stmt.kind {
                StmtKind::Use(value) => match use_path(self.context, value) {
                    Some(path) => paths.push(path),
                    None => self.library.incomplete = true,
                },
                StmtKind::Broken { kind: None, .. } => self.library.incomplete = true,
                StmtKind::Broken { kind: Some(kind), .. } if kind.text == "use" => {
                    self.library.incomplete = true
                }
                StmtKind::Broken { .. } | StmtKind::Assign(_) | StmtKind::Block(_) | StmtKind::Chain(_) => {}
            }
        }
        let paths: Vec<(String, Span)> = paths
            .into_iter()
            .map(|(path, span)| {
                let parts =
                    folder.split('/').chain(path.split('/')).filter(|part| !matches!(*part, "" | "."));
                (parts.collect::<Vec<_>>().join("/"), span)
            })
            .collect();
        if self.too_many(&paths) {
            return;
        }
        for (below, span) in paths {
            if let Some(to) = self.find(below, span) {
                self.uses.push((from, to, span));
            }
        }
    }

    /// Reports a file whose uses go past the bound; then none of them is read.
    fn too_many(&mut self, paths: &[(String, Span)]) -> bool {
        let mut new: HashSet<&str> = HashSet::new();
        let past = paths.iter().find(|(below, _)| {
            !self.by_path.contains_key(below)
                && new.insert(below)
                && self.by_path.len() + new.len() > limits::PLAN_FILES_MAX
        });
        let Some((_, span)) = past else { return false };
        self.library.incomplete = true;
        let message = format!("a plan draws in more than {}", words::count(limits::PLAN_FILES_MAX, "file"));
        self.context.report(
            Diagnostic::error(codes::TOO_MANY_FILES, message, *span)
                .labelled("one too many")
                .help("put several of them into one file"),
        );
        true
    }

    /// The index of a file, read now or before.
    fn find(&mut self, below: String, span: Span) -> Option<usize> {
        if let Some(known) = self.by_path.get(&below) {
            return *known;
        }
        let index = self.find_new(&below, span);
        self.by_path.insert(below, index);
        self.library.incomplete |= index.is_none();
        index
    }

    fn find_new(&mut self, below: &str, span: Span) -> Option<usize> {
        let path = self.home.join(below);
        let canonical = match self.world.canonical(&path) {
            Ok(canonical) => canonical,
            Err(error) => {
                self.unreadable(&path.display().to_string(), &error, Some(span));
                return None;
            }
        };
        if self.home_canonical.is_none() {
            self.home_canonical = self.world.canonical(&self.home).ok();
        }
        if self.home_canonical.as_ref().is_none_or(|home| !canonical.starts_with(home)) {
            let message = format!("`{below}` leads out of the plan's folder through a link");
            let help = "copy the file into the plan's folder";
            self.context.report(Diagnostic::error(codes::PATH_OUTSIDE, message, span).help(help));
            return None;
        }
        if let Some(known) = self.by_canonical.get(&canonical) {
            return Some(*known);
        }
        let index = self.read(&path, below.to_owned(), Some(span))?;
        self.by_canonical.insert(canonical, index);
        Some(index)
    }

    /// Reports each loop of `use` once, with every edge of it.
    fn check_loops(&mut self) {
        for cycle in super::cycles::cycles(self.library.files.len(), &self.uses) {
            let words = |to: usize| {
                let used = self.library.files.get(to).map_or("", |file| file.file.path.as_str());
                format!("uses `{used}`")
            };
            let Some(((_, to, span), more)) = cycle.split_first() else { continue };
            let message = if more.is_empty() { "a file uses itself" } else { "these files use each other" };
            let start = Diagnostic::error(codes::USE_LOOP, message, *span).labelled(words(*to));
            let diagnostic = more.iter().fold(start, |so_far, (_, to, span)| so_far.at(*span, words(*to)));
            self.context.report(diagnostic.help("remove one of these `use`"));
        }
    }
}

fn use_path(context: &mut Context, value: &Value<'_>) -> Option<(String, Span)> {
    let fits = shape::check(context, "use", &crate::schema::Type::Path, value);
    fits.then(|| shape::plain_text(value)).flatten().map(|path| (path, value.span))
}
