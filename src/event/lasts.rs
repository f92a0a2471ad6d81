//! How long things take, as an estate or a person says: exact, between two bounds, or as it was seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::Chance;

/// How long something takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lasts {
    /// Always so long.
    Exactly(Duration),
    /// Any time between both, each as likely as the other; the least comes first.
    Between(Duration, Duration),
    /// As long as it took one of these times, each as likely as the other.
    AsSeen(Vec<Duration>),
}

impl Lasts {
    /// One draw. The same chance draws the same.
    #[must_use]
    pub fn draw(&self, chance: Chance) -> Duration {
        match self {
            Self::Exactly(duration) => *duration,
            Self::Between(least, most) => {
                // Whole seconds where both ends are: what is drawn is read by people.
                let unit: u64 = if least.subsec_nanos() == 0 && most.subsec_nanos() == 0 { 1000 } else { 1 };
                let millis = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                let steps = millis(most).saturating_sub(millis(least)) / unit;
                least.saturating_add(Duration::from_millis(chance.below(steps.saturating_add(1)) * unit))
            }
            Self::AsSeen(samples) => {
                let count = u64::try_from(samples.len()).unwrap_or(u64::MAX);
                let index = usize::try_from(chance.below(count)).unwrap_or(0);
                samples.get(index).copied().unwrap_or_default()
            }
        }
    }

    /// The shortest and the longest that it may draw.
    #[must_use]
    pub fn bounds(&self) -> (Duration, Duration) {
        match self {
            Self::Exactly(duration) => (*duration, *duration),
            Self::Between(least, most) => (*least, *most),
            Self::AsSeen(samples) => (
                samples.iter().min().copied().unwrap_or_default(),
                samples.iter().max().copied().unwrap_or_default(),
            ),
        }
    }
}

/// What an estate says about its own times, and what goes wrong in it. Machines go by their names in the
/// estate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stated {
    /// By verb; `start` lasts from power-on to the guest's first answer, `agent` from power-on until the
    /// replication agent has registered, which it has to only at home.
    pub verbs: BTreeMap<&'static str, Lasts>,
    /// The same where a machine differs.
    pub machines: BTreeMap<String, BTreeMap<String, Lasts>>,
    /// From power-on asked for to power on: the part of `start` that belongs to the verb itself.
    pub power_on: Duration,
    /// How long after its guest a port of a machine answers. A machine that is not listed answers at all
    /// ports at once; one that is, only at those.
    pub services: BTreeMap<String, BTreeMap<u16, Duration>>,
    /// Faults that the estate was told of, as texts.
    pub faults: Vec<String>,
}

impl Stated {
    /// How long a verb takes on a machine.
    #[must_use]
    pub fn verb(&self, machine: &str, verb: &str) -> Option<&Lasts> {
        self.machines.get(machine).and_then(|own| own.get(verb)).or_else(|| self.verbs.get(verb))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_their_bounds_and_reach_them() {
        let draws = |lasts: &Lasts| -> Vec<u64> {
            let drawn = (0..300).map(|seed| lasts.draw(Chance::of(seed, &["x"])));
            let mut drawn: Vec<u64> = drawn.map(|duration| duration.as_millis() as u64).collect();
            drawn.sort_unstable();
            drawn.dedup();
            drawn
        };
        let s = Duration::from_secs;
        assert_eq!(draws(&Lasts::Exactly(s(7))), [7000]);
        assert_eq!(draws(&Lasts::Between(s(2), s(4))), [2000, 3000, 4000]);
        let fine = draws(&Lasts::Between(Duration::from_millis(1), Duration::from_millis(3)));
        assert_eq!(fine, [1, 2, 3]);
        assert_eq!(draws(&Lasts::AsSeen(vec![s(9), s(5), s(9)])), [5000, 9000]);
    }
}
