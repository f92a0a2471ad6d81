//! Keeps a chain short: the oldest point of one that is longer than is kept is merged into the next. Only
//! bytes that are those that were shipped are merged, and the sums of what a merge wrote are taken after it.

use std::path::PathBuf;

use super::chain::{backing, keep, line, points, sweep};
use super::describe::Side;
use super::files;
use super::hands::Hands;
use super::record::{Compared, PointRecord, PointState};
use super::sums::Lies;
use crate::estate::trouble::Trouble;

/// Does the next step of keeping a chain short; each reads one piece, or merges. Says whether there was
/// anything to do.
///
/// Approach: the oldest is withdrawn first, for from the first byte of the merge it is no longer
/// what its record says; the next one stays readable all the time. It then takes over the file.
pub(super) async fn trim(
    hands: &Hands<'_>,
    side: Side,
    vm: &str,
    tip: &str,
    compared: &mut Option<Box<Compared>>,
) -> Result<bool, Trouble> {
    let points = points(hands, side, vm)?;
    let line = line(&points, tip);
    if take_sums(hands, side, &line).await? {
        return Ok(true);
    }
    let located = hands.locate(vm)?;
    let used = [&located.target, &located.test].into_iter().flatten().any(|place| place.side == side);
    let (false, true) = (used, line.len() > hands.estate.points_kept) else { return Ok(false) };
    let [.., next, oldest] = line.as_slice() else { return Ok(false) };
    if points.iter().filter(|point| point.parent.as_deref() == Some(oldest.id.as_str())).count() != 1 {
        return Ok(false);
    }
    let merge = Merge { hands, side, oldest, next, points: &points };
    if merge.compare(compared).await? {
        return Ok(true);
    }
    merge.run().await?;
    *compared = None;
    sweep(hands, side, vm)?;
    Ok(true)
}

/// Takes the first sum that a merge left to be taken.
async fn take_sums(hands: &Hands<'_>, side: Side, line: &[&PointRecord]) -> Result<bool, Trouble> {
    let unsummed = |point: &&PointRecord| {
        point.disks.values().filter_map(|disk| disk.lies.as_ref()).any(|lies| !lies.is_whole())
    };
    let Some(mut point) = line.iter().copied().find(unsummed).cloned() else { return Ok(false) };
    for disk in point.disks.values_mut() {
        let path = hands.file(side, &disk.file);
        if let Some(lies) = &mut disk.lies
            && lies.take_next(&path).await?
        {
            keep(hands, side, &point)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// The oldest two of a chain.
struct Merge<'a> {
    hands: &'a Hands<'a>,
    side: Side,
    oldest: &'a PointRecord,
    next: &'a PointRecord,
    points: &'a [PointRecord],
}

impl Merge<'_> {
    fn children(&self) -> impl Iterator<Item = &PointRecord> {
        self.points.iter().filter(|point| point.parent.as_deref() == Some(self.next.id.as_str()))
    }

    /// Every piece that the merge reads or whose sum it takes anew.
    fn pieces(&self) -> Vec<(&PointRecord, &str, PathBuf, &Lies, usize)> {
        let whole = [self.oldest, self.next].into_iter().map(|point| (point, usize::MAX));
        let firsts = self.children().map(|point| (point, 1));
        let mut found = Vec::new();
        for (point, most) in whole.chain(firsts) {
            for (name, disk) in &point.disks {
                let Some(lies) = &disk.lies else { continue };
                let path = self.hands.file(self.side, &disk.file);
                let pieces = 0..lies.sums.len().min(most);
                found.extend(pieces.map(|piece| (point, name.as_str(), path.clone(), lies, piece)));
            }
        }
        found
    }

    /// Compares the next piece. Says whether there was one.
    async fn compare(&self, compared: &mut Option<Box<Compared>>) -> Result<bool, Trouble> {
        let (vm, oldest) = (&self.oldest.vm, &self.oldest.id);
        let done = compared.as_ref().filter(|known| known.vm == *vm && known.oldest == *oldest);
        let done = done.map_or(0, |known| known.pieces);
        let pieces = self.pieces();
        let Some((point, disk, path, lies, piece)) = pieces.get(done) else { return Ok(false) };
        let fault = match &point.damaged {
            Some(known) => Some(known.clone()),
            None => lies.fault(path, *piece).await?.map(|why| format!("disk `{disk}`: {why}")),
        };
        if let Some(why) = fault {
            let mut marked = (*point).clone();
            marked.damaged = Some(why.clone());
            keep(self.hands, self.side, &marked)?;
            let message = format!("the point `{}` of `{vm}` is damaged: {why}", point.id);
            return Err(Trouble::Refused("point_damaged", message));
        }
        let (vm, oldest) = (vm.clone(), oldest.clone());
        *compared = Some(Box::new(Compared { vm, oldest, pieces: done + 1 }));
        Ok(true)
    }

    async fn run(&self) -> Result<(), Trouble> {
        let (hands, side) = (self.hands, self.side);
        let mut withdrawn = self.oldest.clone();
        withdrawn.state = PointState::Base;
        for lies in withdrawn.disks.values_mut().filter_map(|disk| disk.lies.as_mut()) {
            *lies = Lies::untaken(0);
        }
        keep(hands, side, &withdrawn)?;
        let mut merged = self.next.clone();
        merged.parent = None;
        for (disk, below) in &self.oldest.disks {
            let Some(above) = merged.disks.get_mut(disk) else {
                let message = format!("the point `{}` has no disk `{disk}`", self.next.id);
                return Err(Trouble::Refused("point_damaged", message));
            };
            let (from, into) = (hands.file(side, &above.file), hands.file(side, &below.file));
            hands.estate.tools.merge(&from, &into).await?;
            files::sync(&into)?;
            let length = into.metadata().map_err(|error| Trouble::io("look at", &into, &error))?.len();
            // Both were compared before; of bytes that never had sums there are none now.
            let proved = above.lies.is_some() && below.lies.is_some();
            above.lies = Some(Lies::untaken(length)).filter(|_| proved);
            let left = std::mem::replace(&mut above.file, below.file.clone());
            if left != below.file {
                merged.discard.push(left);
            }
        }
        for child in self.children() {
            self.rebase(child).await?;
        }
        // One rename: from here on the next point is the oldest, in the file of the one before.
        keep(hands, side, &merged)?;
        files::remove(&hands.estate.layout.point(hands.site(side), &self.oldest.vm, &self.oldest.id))
    }

    /// Sets a point that stood on the merged file on the file that took it in.
    async fn rebase(&self, child: &PointRecord) -> Result<(), Trouble> {
        let mut child = child.clone();
        // Before the first byte: whoever is cut off here takes it again.
        for lies in child.disks.values_mut().filter_map(|disk| disk.lies.as_mut()) {
            lies.forget_first();
        }
        keep(self.hands, self.side, &child)?;
        for (disk, below) in &self.oldest.disks {
            if let Some(on_top) = child.disks.get(disk) {
                let path = self.hands.file(self.side, &on_top.file);
                self.hands.estate.tools.rebase(&path, &backing(&on_top.file, &below.file)).await?;
                files::sync(&path)?;
            }
        }
        Ok(())
    }
}
