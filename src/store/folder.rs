//! The state folder as a folder: made, checked, and synced so that a power cut cannot take it back.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::{StoreError, mark, mount};

/// The store's file in the state folder.
pub(super) const FILE: &str = "muster.db";

/// Makes the folder and an empty file in it where they are missing, durably, and returns the file's
/// absolute path.
///
/// # Errors
/// The folder cannot be made or written, is full, or lies on a network file system.
pub(super) fn create(folder: &Path) -> Result<PathBuf, StoreError> {
    create_folder(folder)?;
    let folder = absolute(folder)?;
    refuse_network(&folder)?;
    let path = folder.join(FILE);
    if !path.exists() {
        let made = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = made.map_err(|error| StoreError::of_system(&path, "created", &error))?;
        file.sync_all().map_err(|error| StoreError::of_system(&path, "synced", &error))?;
        sync_folder(&folder)?;
    }
    Ok(path)
}

/// The absolute path of the file in a folder that is there already.
///
/// # Errors
/// `NoStore` where there is none, `Lost` where there was one; the folder lies on a network file system.
pub(super) fn find(folder: &Path) -> Result<PathBuf, StoreError> {
    let path = folder.join(FILE);
    if !path.exists() {
        mark::check_empty(&path)?;
        return Err(StoreError::NoStore { folder: folder.to_owned() });
    }
    let folder = absolute(folder)?;
    refuse_network(&folder)?;
    Ok(folder.join(FILE))
}

/// Makes a folder and those above it where they are missing, each durable in the one above.
///
/// # Errors
/// One cannot be made or synced.
pub(super) fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    let mut above = folder;
    while !above.as_os_str().is_empty() && !above.exists() {
        missing.push(above);
        let Some(parent) = above.parent() else { break };
        above = parent;
    }
    for made in missing.into_iter().rev() {
        match std::fs::create_dir(made) {
            Ok(()) => {}
            // Another process was faster.
            Err(_) if made.is_dir() => {}
            Err(error) => return Err(StoreError::of_system(made, "created", &error)),
        }
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// Makes what was created or renamed in the folder durable.
///
/// # Errors
/// It cannot be opened or synced.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Only Unix opens folders; elsewhere their entries are durable with the file.
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| StoreError::of_system(folder, "synced", &error))?;
    }
    Ok(())
}

fn absolute(folder: &Path) -> Result<PathBuf, StoreError> {
    folder.canonicalize().map_err(|error| StoreError::of_system(folder, "opened", &error))
}

fn refuse_network(folder: &Path) -> Result<(), StoreError> {
    match mount::network_kind(folder) {
        Some(kind) => Err(StoreError::Network { path: folder.to_owned(), kind }),
        None => Ok(()),
    }
}
