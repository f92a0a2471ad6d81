//! The inputs of reprotection: four shapes, one for each provider and direction. (i) Which shape goes with which
//! direction is read off their fields: the modernized ones carry the name of the provider that the item leaves,
//! the classic ones that of the provider that it goes to.

use super::answer::Refusal;
use super::body::Fields;
use super::job::{Act, JobError, Way};
use super::options::Generation;
use super::vault::Vault;

/// The act of a reprotection of an item that replicated along `left` before.
///
/// # Errors
/// The input is of another shape, or a required field of it is missing.
pub(super) fn act(vault: &Vault, left: Way, fields: Fields<'_>) -> Result<Act, Refusal> {
    let to = match left {
        Way::Forward => vault.home.clone(),
        Way::Back => vault.away.clone(),
    };
    let server = match (vault.generation, left) {
        (Generation::Modernized, Way::Forward) => {
            let details = fields.provider("InMageRcm")?;
            details.required("datastoreName")?;
            details.required("logStorageAccountId")?;
            details.required("reprotectAgentId")?
        }
        (Generation::Modernized, Way::Back) => {
            let details = fields.provider("InMageRcmFailback")?;
            details.required("policyId")?;
            details.required("processServerId")?
        }
        (Generation::Classic, Way::Forward) => {
            let details = fields.provider("InMage")?;
            details.required("retentionDrive")?;
            details.required("profileId")?;
            let master = details.required("masterTargetId")?;
            if !master.eq_ignore_ascii_case(&vault.master_target_id()) {
                return Ok(Act::Refuse(unknown("master target server", master)));
            }
            details.required("processServerId")?
        }
        (Generation::Classic, Way::Back) => {
            let details = fields.provider("InMageAzureV2")?;
            details.text("processServerId")?.unwrap_or_default()
        }
    };
    // (i) Only a classic vault lets the process server be left out; it then takes any that stands there.
    let via = if server.is_empty() { None } else { Some(server) };
    match via.map(|id| vault.server(id).ok_or(id)) {
        None => Ok(Act::Reprotect { via: vault.server_at(&to), to }),
        Some(Ok(name)) => Ok(Act::Reprotect { to, via: Some(name.to_owned()) }),
        Some(Err(id)) => Ok(Act::Refuse(unknown("process server", id))),
    }
}

fn unknown(what: &str, id: &str) -> JobError {
    JobError {
        code: "ServerNotFound".to_owned(),
        message: format!("The {what} '{id}' is not registered in the vault."),
        causes: "It was removed, or its id is another one.".to_owned(),
        action: "Choose one that the fabric lists.".to_owned(),
        provider: None,
    }
}
