//! Durable files: JSON by write, fsync, rename, fsync of the folder; removal by exact path. Knows no provider's
//! records.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::trouble::Trouble;

/// A record in bytes: the largest is a point's, with one sum a piece of its files.
const RECORD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Makes a folder with its parents, each durable in its own parent.
pub(in crate::estate) fn make_folder(path: &Path) -> Result<(), Trouble> {
    if path.is_dir() {
        return Ok(());
    }
    let mut missing: Vec<&Path> = path.ancestors().take_while(|ancestor| !ancestor.is_dir()).collect();
    while let Some(folder) = missing.pop() {
        match fs::create_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Trouble::io("make", folder, &error)),
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync(parent)?;
        }
    }
    Ok(())
}

/// Makes a file's bytes, or a folder's entries, durable.
pub(in crate::estate) fn sync(path: &Path) -> Result<(), Trouble> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| Trouble::io("sync", path, &error))
}

/// Makes the entries of a file's folder durable.
pub(in crate::estate) fn sync_folder_of(path: &Path) -> Result<(), Trouble> {
    path.parent().map_or(Ok(()), sync)
}

/// Renames durably within or between folders of one file system.
pub(in crate::estate) fn rename(from: &Path, to: &Path) -> Result<(), Trouble> {
    fs::rename(from, to).map_err(|error| Trouble::io("rename", from, &error))?;
    sync_folder_of(to)?;
    if from.parent() == to.parent() { Ok(()) } else { sync_folder_of(from) }
}

/// Replaces a JSON file: after a crash there is the old one or the new one, whole.
pub(in crate::estate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Trouble> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let text = match serde_json::to_vec_pretty(value) {
        Ok(text) => text,
        Err(error) => crate::bug!("a record does not serialize: {error}"),
    };
    let fresh = path.with_extension("json.new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()
    });
    written.map_err(|error| Trouble::io("write", &fresh, &error))?;
    rename(&fresh, path)
}

/// Reads a JSON file; nothing where there is none.
pub(in crate::estate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Trouble> {
    let length = match fs::metadata(path) {
        Ok(meta) => meta.len(),
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(Trouble::io("read", path, &error)),
    };
    if length > RECORD_BYTES_MAX {
        return Err(damaged(path, &format!("it has {length} bytes, at most {RECORD_BYTES_MAX}")));
    }
    let text = fs::read(path).map_err(|error| Trouble::io("read", path, &error))?;
    serde_json::from_slice(&text).map(Some).map_err(|error| damaged(path, &crate::base::words::json(&error)))
}

fn damaged(path: &Path, why: &str) -> Trouble {
    Trouble::Refused("state_damaged", format!("the record `{}` cannot be read: {why}", path.display()))
}

/// There is no such file, be it that a file stands where its folder would be.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Removes exactly this file, durably. A missing one is success.
pub(in crate::estate) fn remove(path: &Path) -> Result<(), Trouble> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(Trouble::io("remove", path, &error)),
    }
}

/// The JSON files of a folder, by name. No folder: none.
pub(in crate::estate) fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let paths = names(folder)?.into_iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect())
}

/// The names of everything in a folder, in order. No folder: none.
pub(in crate::estate) fn names(folder: &Path) -> Result<Vec<String>, Trouble> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(Trouble::io("list", folder, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| Trouble::io("list", folder, &error))?.file_name();
        found.push(name.to_string_lossy().into_owned());
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_replaced_whole_and_removal_is_idempotent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c.json");
        assert_eq!(read_json::<u32>(&path).unwrap(), None);
        write_json(&path, &1).unwrap();
        write_json(&path, &2).unwrap();
        assert_eq!(read_json::<u32>(&path).unwrap(), Some(2));
        assert_eq!(json_files(path.parent().unwrap()).unwrap(), std::slice::from_ref(&path));
        remove(&path).unwrap();
        remove(&path).unwrap();
        fs::write(&path, "{").unwrap();
        assert!(matches!(read_json::<u32>(&path), Err(Trouble::Refused("state_damaged", _))));
    }
}
