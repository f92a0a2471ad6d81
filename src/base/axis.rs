//! From instants to places: a line of time on which long stretches without any work are folded, so
//! that a night in the commit window does not press the recovery into a hair.

use std::time::Duration;

use crate::base::Timestamp;

/// Width of a folded stretch.
const FOLD: f64 = 64.0;
/// Folds at most; the longest stretches are taken.
const FOLDS_MAX: usize = 5;
/// A stretch without work is folded from this part of all the work on.
const FOLD_PART: f64 = 0.2;
/// Between two marks at least.
const MARK_APART: f64 = 78.0;
/// Distances between marks, in milliseconds: what people count in.
const STEPS: [u64; 25] = [
    1,
    5,
    10,
    50,
    100,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// A stretch of time and where it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Where it begins.
    pub left: f64,
    /// Where it ends.
    pub right: f64,
    /// Whether it is pressed together.
    pub folded: bool,
}

/// A line of time.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its stretches, in order.
    pub pieces: Vec<Piece>,
}

#[expect(clippy::cast_precision_loss, reason = "places of a picture")]
fn length(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from).as_nanos() as f64
}

impl Axis {
    /// From `from` to `to` on `width`, with what is `busy` unfolded.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp, busy: Vec<(Timestamp, Timestamp)>, width: f64) -> Self {
        let idle = idle(from, to, busy);
        let whole = length(from, to);
        let work = whole - idle.iter().map(|(from, to)| length(*from, *to)).sum::<f64>();
        let mut folds: Vec<(Timestamp, Timestamp)> = idle
            .into_iter()
            .filter(|(from, to)| work > 0.0 && length(*from, *to) > work * FOLD_PART)
            .collect();
        folds.sort_by(|one, other| length(other.0, other.1).total_cmp(&length(one.0, one.1)));
        folds.truncate(FOLDS_MAX);
        // A fold has to save something.
        while let Some((begin, end)) = folds.last() {
            let rest = whole - folds.iter().map(|(from, to)| length(*from, *to)).sum::<f64>();
            let scale = (width - FOLD * count(folds.len())) / rest.max(1.0);
            if length(*begin, *end) * scale > FOLD {
                break;
            }
            folds.pop();
        }
        folds.sort();
        let rest = whole - folds.iter().map(|(from, to)| length(*from, *to)).sum::<f64>();
        let scale = (width - FOLD * count(folds.len())) / rest.max(1.0);
        let mut pieces = Vec::new();
        let (mut at, mut x) = (from, 0.0);
        for (begin, end) in folds {
            let right = x + length(at, begin) * scale;
            pieces.push(Piece { from: at, to: begin, left: x, right, folded: false });
            pieces.push(Piece { from: begin, to: end, left: right, right: right + FOLD, folded: true });
            (at, x) = (end, right + FOLD);
        }
        pieces.push(Piece { from: at, to, left: x, right: width, folded: false });
        Self { pieces }
    }

    /// Where an instant is drawn.
    #[must_use]
    pub fn x(&self, at: Timestamp) -> f64 {
        let piece = self.pieces.iter().find(|piece| at <= piece.to).or(self.pieces.last());
        let Some(piece) = piece else { return 0.0 };
        let whole = length(piece.from, piece.to);
        let part = if whole > 0.0 { length(piece.from, at.max(piece.from)) / whole } else { 0.0 };
        piece.left + (piece.right - piece.left) * part.min(1.0)
    }

    /// Marks with the time since `zero`, as far apart as they can be read.
    #[must_use]
    pub fn marks(&self, zero: Timestamp) -> Vec<(f64, Duration)> {
        let plain = || self.pieces.iter().filter(|piece| !piece.folded);
        let (time, place) = plain().fold((0.0, 0.0), |(time, place), piece| {
            (time + length(piece.from, piece.to), place + piece.right - piece.left)
        });
        if time <= 0.0 || place <= 0.0 {
            return vec![(0.0, Duration::ZERO)];
        }
        let wide = |step: u64| count(usize::try_from(step).unwrap_or(usize::MAX)) * 1e6 / time * place;
        let last = STEPS.last().copied().unwrap_or(1);
        let step = STEPS.into_iter().find(|step| wide(*step) >= MARK_APART).unwrap_or(last);
        let step_time = Duration::from_millis(step);
        let mut marks: Vec<(f64, Duration)> = vec![(0.0, Duration::ZERO)];
        for piece in plain() {
            let since = piece.from.since(zero).as_millis() / u128::from(step);
            let mut next = step_time.saturating_mul(u32::try_from(since).unwrap_or(u32::MAX));
            // No more marks than fit on the widest line.
            for _ in 0..64 {
                let at = zero.plus(next);
                if at > piece.to {
                    break;
                }
                let x = self.x(at);
                if at >= piece.from && marks.last().is_none_or(|(before, _)| x - before >= MARK_APART * 0.6) {
                    marks.push((x, next));
                }
                next = next.saturating_add(step_time);
            }
        }
        marks
    }
}

#[expect(clippy::cast_precision_loss, reason = "places of a picture")]
fn count(number: usize) -> f64 {
    number as f64
}

/// The stretches in which nothing is busy.
fn idle(
    from: Timestamp,
    to: Timestamp,
    mut busy: Vec<(Timestamp, Timestamp)>,
) -> Vec<(Timestamp, Timestamp)> {
    busy.sort_unstable();
    let mut found = Vec::new();
    let mut at = from;
    for (begin, end) in busy {
        if begin > at {
            found.push((at, begin));
        }
        at = at.max(end);
    }
    if to > at {
        found.push((at, to));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Axis, FOLD, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_long_wait_is_folded_and_everything_stays_in_order() {
        let axis = Axis::new(at(0), at(100_000), vec![(at(0), at(600)), (at(90_000), at(90_600))], 900.0);
        let folds: Vec<_> = axis.pieces.iter().filter(|piece| piece.folded).collect();
        assert_eq!(folds.len(), 2);
        assert!(folds.iter().all(|piece| (piece.right - piece.left - FOLD).abs() < 0.01));
        let places: Vec<f64> = (0..=1000).map(|part| axis.x(at(part * 100))).collect();
        assert!(places.windows(2).all(|pair| pair[0] <= pair[1]), "{places:?}");
        assert!(places[0].abs() < 0.01 && (places[1000] - 900.0).abs() < 0.01);
        assert!(axis.x(at(600)) > 300.0, "the work has most of the room");
        let marks = axis.marks(at(0));
        assert!(marks.len() > 5 && marks.windows(2).all(|pair| pair[1].0 - pair[0].0 > 40.0), "{marks:?}");
    }

    #[test]
    fn nothing_is_folded_where_work_goes_on_or_nothing_took_time() {
        let busy = Axis::new(at(0), at(100), vec![(at(0), at(60)), (at(61), at(100))], 900.0);
        assert_eq!(busy.pieces.len(), 1);
        let still = Axis::new(at(5), at(5), Vec::new(), 900.0);
        assert!((still.x(at(5))).abs() < 0.01 && still.marks(at(5)).len() == 1);
        let waits = Axis::new(at(0), at(500), Vec::new(), 900.0);
        assert!((waits.x(at(250)) - 450.0).abs() < 0.01);
    }
}
