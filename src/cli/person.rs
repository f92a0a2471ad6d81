//! Who acts: the effective user of the process, or a claimed name where the estate takes one.

use crate::event::Person;
use crate::model::Identity;
use crate::source::codes::command as codes;

use super::exit::Exit;
use super::failure::Failure;

/// The person who acts on an estate of that identity.
///
/// # Errors
/// A name is claimed where only the system's user counts.
pub(super) fn person(claimed: Option<&str>, identity: Identity) -> Result<Person, Failure> {
    let os_user = os_user();
    let Some(name) = claimed else {
        return Ok(Person { name: os_user.clone(), os_user, verified: true });
    };
    match identity {
        Identity::Claimed => Ok(Person { verified: name == os_user, name: name.to_owned(), os_user }),
        Identity::Os if name == os_user => Ok(Person { name: os_user.clone(), os_user, verified: true }),
        Identity::Os => {
            let message = format!(
                "`--as {name}` is not taken by this estate, where the system's user counts, which is `{os_user}`"
            );
            Err(Failure::said(Exit::Refused, codes::NAME_NOT_TAKEN, message, format!("run it as `{name}`")))
        }
    }
}

/// The name of the effective user; its number where the system knows no name.
fn os_user() -> String {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    });
    name.unwrap_or(uid)
}
