//! After a failover: commit, which has no way back, and reprotect, which copies only changes where
//! the other site still has the content that the machine came up with.

use crate::base::Timestamp;
use crate::event::Detail;

use super::acts::{self, Next, settle};
use super::chain;
use super::describe::Side;
use super::files;
use super::hands::{Hands, Place};
use super::record::{PointState, Role, SetRecord, SetState, TakeWork};
use crate::estate::trouble::Trouble;

/// Makes a failover final: other points are withdrawn, the target is the machine. What is left
/// behind is kept at the first site, and removed at the second; where its content is the very point
/// that the machine came up at, its files stay as the base of the next replication.
pub(super) async fn commit(
    hands: &mut Hands<'_>,
    slug: &str,
    began: Timestamp,
    machine: &str,
) -> Result<Next, Trouble> {
    let located = hands.locate(machine)?;
    let Some(Place { side, mut record }) = located.target else {
        return match located.source {
            Some(source) if source.record.key == slug => Ok(Next::Done(outcome(hands, machine)?)),
            _ => Err(Trouble::Refused("not_failed_over", format!("`{machine}` is not failed over"))),
        };
    };
    let other = side.other();
    if let Some(mut left) = located.source.map(|place| place.record) {
        if hands.is_live(&Place { side: other, record: left.clone() }).await? {
            let message = format!("`{machine}` still runs at `{}`: shut it down first", hands.site(other));
            return Err(Trouble::Refused("source_running", message));
        }
        if !settle(hands, &[machine.to_owned()], slug).await? {
            return Ok(Next::soon());
        }
        if other == Side::Home {
            left.role = Role::Left;
            slug.clone_into(&mut left.key);
            hands.keep(other, &left)?;
        } else {
            chain::seed(hands, other, &left, slug, began)?;
        }
    }
    // A base that rests at another point than the machine came up at is of no use.
    for mut base in chain::points(hands, other, machine)? {
        if base.same_as.is_some() && base.same_as != record.stands_on {
            base.same_as = None;
            chain::keep(hands, other, &base)?;
        }
    }
    if other == Side::Away && !has_base(hands, other, machine)? {
        chain::sweep(hands, other, machine)?;
    }
    chain::withdraw(hands, side, machine)?;
    chain::sweep(hands, side, machine)?;
    record.role = Role::Source;
    slug.clone_into(&mut record.key);
    hands.keep(side, &record)?;
    Ok(Next::Done(outcome(hands, machine)?))
}

fn has_base(hands: &Hands<'_>, side: Side, machine: &str) -> Result<bool, Trouble> {
    Ok(chain::points(hands, side, machine)?.iter().any(|point| point.same_as.is_some()))
}

fn outcome(hands: &Hands<'_>, machine: &str) -> Result<Detail, Trouble> {
    let source = hands.source(machine)?;
    let (here, other) = (hands.site(source.side), hands.site(source.side.other()));
    let kept = if hands.locate(machine)?.left.is_some() {
        format!("the machine at `{other}` is kept, stopped for good")
    } else if has_base(hands, source.side.other(), machine)? {
        format!("the machine at `{other}` is removed; its disks stay as the base of the next replication")
    } else {
        format!("the machine at `{other}` is removed with its disks")
    };
    Ok(Detail { note: format!("`{machine}` is at `{here}`; {kept}"), ..Detail::default() })
}

/// What a reprotect comes to.
pub(super) enum Reprotect {
    /// Something is waited for.
    Not(Next),
    /// The first point of the new direction.
    By(Box<TakeWork>),
}

/// Prepares the replication to the other site: the copy left there becomes a base, and the first
/// point is one of changes if that base has the content that the machine came up with.
pub(super) async fn reprotect(
    hands: &mut Hands<'_>,
    slug: &str,
    began: Timestamp,
    machine: &str,
    to: &str,
) -> Result<Reprotect, Trouble> {
    let side = hands.side(to)?;
    if !settle(hands, &[machine.to_owned()], slug).await? {
        return Ok(Reprotect::Not(Next::soon()));
    }
    let located = hands.locate(machine)?;
    if located.target.is_some() {
        let message = format!("`{machine}` is failed over and not committed");
        return Err(Trouble::Refused("not_committed", message));
    }
    let source = hands.source(machine)?;
    if source.side == side {
        let message = format!("`{machine}` is at `{to}` itself, so it cannot be replicated there");
        return Err(Trouble::Refused("already_there", message));
    }
    if source.record.replicates_to.as_deref() == Some(to) {
        // Under another key before, which did not come as far as the group's set.
        if let Some(members) = set_missing(hands, &source, to)? {
            return Ok(Reprotect::By(Box::new(acts::new_take(hands, slug, &members, acts::How::Crash)?)));
        }
        let message = format!("`{machine}` replicates to `{to}` already");
        return Err(Trouble::Refused("already_protected", message));
    }
    if let Some((guest, spec)) = hands.guest(machine, source.side, false)
        && let Err(why) = guest.answers(hands, spec).await?
    {
        // As an agent that has not registered yet: it comes with the guest.
        return Err(Trouble::Retry("agent_not_registered", why));
    }
    if let Some(left) = located.left.filter(|left| left.side == side) {
        if hands.is_live(&left).await? {
            let message = format!("the machine left behind still runs at `{to}`");
            return Err(Trouble::Refused("source_running", message));
        }
        chain::seed(hands, side, &left.record, slug, began)?;
    }
    let mut work = acts::new_take(hands, slug, &[machine.to_owned()], acts::How::Crash)?;
    // The first point is of the machine alone; the group's set follows.
    work.set = None;
    work.then_set = true;
    let points = chain::points(hands, side, machine)?;
    let base = source.record.base.as_deref();
    match points.iter().find(|point| base.is_some() && point.same_as.as_deref() == base) {
        Some(seed) => {
            work.seeds.insert(machine.to_owned(), seed.id.clone());
        }
        None => work.note = why_full(hands, side, base, points.is_empty()),
    }
    Ok(Reprotect::By(Box::new(work)))
}

/// The members of a machine's group if all of them replicate to the site and it has no set of theirs.
fn set_missing(hands: &Hands<'_>, source: &Place, to: &str) -> Result<Option<Vec<String>>, Trouble> {
    let machine = &source.record.vm;
    let spec = hands.estate.description.machines.get(machine);
    let Some(group) = spec.and_then(|spec| spec.group.as_ref()) else { return Ok(None) };
    let members = hands.estate.description.members(group);
    for member in &members {
        let place = hands.source(member)?;
        if place.side != source.side || place.record.replicates_to.as_deref() != Some(to) {
            return Ok(None);
        }
    }
    for point in chain::points(hands, source.side.other(), machine)? {
        let Some(set) = point.set.filter(|_| point.state == PointState::Complete) else { continue };
        let known = files::read_json::<SetRecord>(&hands.estate.layout.set(to, &set))?;
        if known.is_some_and(|known| known.state == SetState::Complete) {
            return Ok(None);
        }
    }
    Ok(Some(members))
}

fn why_full(hands: &Hands<'_>, side: Side, base: Option<&str>, nothing_there: bool) -> String {
    let site = hands.site(side);
    match base {
        None => "the record of its writes is lost".to_owned(),
        Some(_) if nothing_there => format!("`{site}` has nothing of it"),
        Some(base) => format!(
            "what `{site}` has of it is not the point `{base}` that it came up at: \
             it was not shut down and taken as a last point before"
        ),
    }
}
