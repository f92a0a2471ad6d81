//! From bytes in the format `muster.inventory/1` to an `Inventory`, or everything that is wrong with them.
//! The document is read once, straight into the compact types; no tree of it is ever built.

mod context;
mod document;
mod machine;
mod point;
mod shape;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeSeed as _;
use serde_json::error::Category;

use super::Inventory;
use crate::base::limits::INVENTORY_BYTES_MAX;
use crate::base::words;
use crate::source::Diagnostic;
use crate::source::codes::estate;

use context::Context;
use document::DocumentShape;
use shape::Shaped;

/// The format that is read and written.
pub const FORMAT: &str = "muster.inventory/1";

/// Reads an inventory of at most `limits::INVENTORY_BYTES_MAX`; `name` is what people call it.
///
/// # Errors
/// Everything that is wrong with it (bounded), each without a span and naming the document.
pub fn read(name: &str, bytes: &[u8]) -> Result<Inventory, Vec<Diagnostic>> {
    if bytes.len() as u64 > INVENTORY_BYTES_MAX {
        return Err(vec![too_large(name)]);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut context = Context::new(name);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let outcome = Shaped(DocumentShape(&mut context))
        .deserialize(&mut json)
        .and_then(|inventory| json.end().map(|()| inventory));
    if let Err(error) = &outcome
        && !context.gave_up()
    {
        context.push(broken(name, error));
    }
    let found = context.into_found();
    match outcome {
        Ok(Some(inventory)) if found.is_empty() => Ok(inventory),
        Ok(_) | Err(_) => Err(found),
    }
}

/// Reads an inventory from a file; `name` is what people call it.
///
/// # Errors
/// As `read`, and where the file cannot be read.
pub fn read_file(name: &str, path: &Path) -> Result<Inventory, Vec<Diagnostic>> {
    let unreadable = |error: std::io::Error| {
        let why = if error.kind() == std::io::ErrorKind::NotFound {
            "does not exist".to_owned()
        } else {
            format!("cannot be read: {}", context::clean(&words::system(&error)))
        };
        let message = format!("inventory `{name}` {why}");
        vec![
            Diagnostic::placeless(estate::INVENTORY_UNREADABLE, message)
                .help("correct the path, which counts from the plan's folder, or put the file there"),
        ]
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|facts| facts.len() > INVENTORY_BYTES_MAX) {
        return Err(vec![too_large(name)]);
    }
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows while it is read is refused as well.
    file.take(INVENTORY_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    read(name, &bytes)
}

fn too_large(name: &str) -> Diagnostic {
    let most = INVENTORY_BYTES_MAX / (1024 * 1024);
    Diagnostic::placeless(
        estate::INVENTORY_TOO_LARGE,
        format!("inventory `{name}` is larger than {most} MiB, the most that is read"),
    )
    .help("export fewer machines, or fewer points of each")
}

fn broken(name: &str, error: &serde_json::Error) -> Diagnostic {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => Diagnostic::placeless(
            estate::INVENTORY_TRUNCATED,
            format!("inventory `{name}` ends in the middle, at line {line}"),
        )
        .help("export it again: the file was cut off"),
        Category::Io | Category::Syntax | Category::Data => {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or(&text).to_owned();
            Diagnostic::placeless(
                estate::INVENTORY_NOT_JSON,
                format!(
                    "inventory `{name}` is not JSON at line {line}, column {column}: {}",
                    context::clean(&what)
                ),
            )
            .help("mend that line, or export the inventory again")
        }
    }
}
