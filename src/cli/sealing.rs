//! Signs the log of a run that has ended, as soon as there is a chance: at its end, or when somebody
//! next looks at it. A run never waits for a key; what could not be signed is told.

use crate::base::{Clock as _, SystemClock};
use crate::drive::replay;
use crate::event::{Claim, PublicKey, SecretKey};
use crate::source::{Diagnostic, Severity, Sources};
use crate::store::{KeyError, RunId, Store, own_key, own_public_key, read_key};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;

/// Which key signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum KeyFrom {
    /// `--key`: it was meant, so it has to be usable before anything is touched.
    Said(std::path::PathBuf),
    /// `MUSTER_KEY`
    Named(std::path::PathBuf),
    /// The state folder's own, made on first use.
    State,
}

/// The key that signs here.
pub(super) fn key(context: &Context) -> Result<SecretKey, KeyError> {
    match &context.key {
        KeyFrom::Said(path) | KeyFrom::Named(path) => read_key(path),
        KeyFrom::State => own_key(&context.state),
    }
}

/// The key that what was signed here is verified with; none where nothing was ever signed.
pub(super) fn public_key(context: &Context) -> Result<Option<PublicKey>, KeyError> {
    match &context.key {
        KeyFrom::Said(path) | KeyFrom::Named(path) => read_key(path).map(|key| Some(key.public())),
        KeyFrom::State => own_public_key(&context.state),
    }
}

/// Looks before a run whether its log will be signed. A recovery is not held up by it, unless the key
/// was named on this very command line.
///
/// # Errors
/// `--key` names what cannot be used.
pub(super) fn check(context: &Context) -> Result<(), Failure> {
    match (key(context), &context.key) {
        (Ok(_), _) => Ok(()),
        (Err(error), KeyFrom::Said(_)) => Err(Failure::placeless(Exit::InputWrong, vec![error.diagnostic()])),
        (Err(error), KeyFrom::Named(_) | KeyFrom::State) => {
            warn(context, error.diagnostic());
            Ok(())
        }
    }
}

/// Signs the log of a run that has ended and is not signed yet; says so where that is not possible.
///
/// # Errors
/// The state folder cannot be read.
pub(super) fn seal(context: &Context, store: &Store, id: &RunId) -> Result<(), Failure> {
    if !store.run(id)?.state.is_final() || store.seal_of(id)?.is_some() {
        return Ok(());
    }
    if let Err(why) = sign(context, id) {
        for diagnostic in why.diagnostics {
            let message = format!("run `{id}` has ended and is not signed: {}", diagnostic.message);
            warn(context, Diagnostic { message, ..diagnostic });
        }
    }
    Ok(())
}

fn sign(context: &Context, id: &RunId) -> Result<(), Failure> {
    let key = key(context).map_err(|error| Failure::placeless(Exit::Refused, vec![error.diagnostic()]))?;
    let store = context.store_to_write()?;
    // What does not fit together is not vouched for.
    let (run, _, head) = replay(&store, id)?;
    let claim = Claim::new(run.id(), &run.runbook().digest(), run.seq(), &head, SystemClock.now());
    let seal = claim.seal(&key);
    Ok(context.runtime()?.block_on(store.keep_seal(id, &claim, &seal))?)
}

fn warn(context: &Context, diagnostic: Diagnostic) {
    let warning = Diagnostic { severity: Severity::Warning, ..diagnostic };
    context.console.show(&Sources::default(), &[warning]);
}
