//! The files of signing keys: made on first use, readable by nobody else, never half written. What a
//! key is and does is known below.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::base::{limits, words};
use crate::event::{PublicKey, SecretKey};
use crate::source::Diagnostic;
use crate::source::codes::evidence as codes;

use super::{StoreError, folder};

/// The signing key of a state folder.
pub const KEY_FILE: &str = "keys/sign.key";
/// Its public key, to be handed to whoever verifies.
pub const PUBLIC_KEY_FILE: &str = "keys/sign.pub";

/// Why there is no key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read, or holds something else.
    #[error("the signing key `{}` {why}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The end of the sentence.
        why: String,
    },
    /// Others than its owner can read or change it.
    #[error("the signing key `{}` can be used by others than its owner: its mode is {mode:04o}, 0600 is allowed", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A public key cannot be read, or is none.
    #[error("the public key `{}` {why}", .path.display())]
    Public {
        /// The file.
        path: PathBuf,
        /// The end of the sentence.
        why: String,
    },
    /// No new key can be made.
    #[error("no signing key can be made: {0}")]
    NotMade(StoreError),
}

impl KeyError {
    /// The error with its stable code and one action.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let (code, help) = match self {
            Self::Unusable { .. } => {
                (codes::KEY_UNUSABLE, "put the key back from its backup, or name another one with `--key`")
            }
            Self::Exposed { .. } => (codes::KEY_EXPOSED, "take the others' rights away with `chmod 600`"),
            Self::Public { .. } => {
                (codes::PUBLIC_KEY, "name the file that `muster key` printed on the signing machine")
            }
            Self::NotMade(_) => {
                (codes::KEY_UNUSABLE, "give your user access to the state folder, or name a key with `--key`")
            }
        };
        Diagnostic::placeless(code, self.to_string()).help(help)
    }
}

/// Reads a signing key.
///
/// # Errors
/// `Unusable`, `Exposed`.
pub fn read_key(path: &Path) -> Result<SecretKey, KeyError> {
    let unusable = |why: String| KeyError::Unusable { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| unusable(cannot(&error)))?;
    // Told before the rights are looked at: a folder's are never those of a key.
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(unusable(cannot(&ErrorKind::IsADirectory.into())));
    }
    check_mode(path, &file)?;
    let text = bounded(file).map_err(unusable)?;
    SecretKey::from_pem(&text).map_err(unusable)
}

/// Reads a public key.
///
/// # Errors
/// `Public`.
pub fn read_public_key(path: &Path) -> Result<PublicKey, KeyError> {
    let wrong = |why: String| KeyError::Public { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| wrong(cannot(&error)))?;
    PublicKey::parse(&bounded(file).map_err(wrong)?).map_err(wrong)
}

/// The public key of a state folder that has one.
///
/// # Errors
/// `Public`.
pub fn own_public_key(folder: &Path) -> Result<Option<PublicKey>, KeyError> {
    let path = folder.join(PUBLIC_KEY_FILE);
    if path.exists() { read_public_key(&path).map(Some) } else { Ok(None) }
}

/// The signing key of a state folder, made on first use with its public key beside it.
///
/// # Errors
/// `Unusable`, `Exposed`, `NotMade`.
pub fn own_key(state: &Path) -> Result<SecretKey, KeyError> {
    let path = state.join(KEY_FILE);
    // A link that leads nowhere is a key that was lost, not one that was never made.
    if std::fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        make(&path).map_err(KeyError::NotMade)?;
    }
    let key = read_key(&path)?;
    let public = state.join(PUBLIC_KEY_FILE);
    if !public.exists() {
        write_new(&public, key.public().to_pem().as_bytes(), 0o644).map_err(KeyError::NotMade)?;
    }
    Ok(key)
}

fn make(path: &Path) -> Result<(), StoreError> {
    let mut seed = [0; 32];
    random(&mut seed).map_err(|error| StoreError::of_system(path, "created", &error))?;
    write_new(path, SecretKey::from_seed(&seed).to_pem().as_bytes(), 0o600)
}

/// Writes a file that is not there yet: whole or not at all, durably. Of two processes that try, the
/// first one's stays.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    folder::create_folder(parent)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = parent.join(format!(".{name}.{}", std::process::id()));
    // Left by a process of the same number that died.
    drop(std::fs::remove_file(&beside));
    let written = (|| {
        let mut file = create(&beside, mode)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match std::fs::hard_link(&beside, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    })();
    drop(std::fs::remove_file(&beside));
    written.map_err(|error| StoreError::of_system(path, "created", &error))?;
    folder::sync_folder(parent)
}

#[cfg(unix)]
fn create(path: &Path, mode: u32) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _mode: u32) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_or(0, |facts| facts.permissions().mode() & 0o7777);
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_path: &Path, _file: &File) -> Result<(), KeyError> {
    Ok(())
}

/// Random bytes of the system, which waits until it has gathered enough since it was started.
#[cfg(target_os = "linux")]
fn random(bytes: &mut [u8; 32]) -> std::io::Result<()> {
    let got = rustix::rand::getrandom(&mut *bytes, rustix::rand::GetRandomFlags::empty())?;
    // Up to 256 bytes come whole or not at all.
    if got == bytes.len() { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

#[cfg(not(target_os = "linux"))]
fn random(bytes: &mut [u8; 32]) -> std::io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

fn bounded(file: File) -> Result<String, String> {
    let mut text = String::new();
    match file.take(limits::KEY_BYTES_MAX + 1).read_to_string(&mut text) {
        Ok(read) if read as u64 > limits::KEY_BYTES_MAX => {
            Err(format!("is larger than {} bytes, which no key is", limits::KEY_BYTES_MAX))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(cannot(&error)),
    }
}

fn cannot(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        ErrorKind::PermissionDenied => "may not be read by you".to_owned(),
        ErrorKind::IsADirectory => "is a folder".to_owned(),
        ErrorKind::InvalidData => "is no text".to_owned(),
        _ => format!("cannot be read: {}", words::system(error)),
    }
}
