//! Chances from a seed: the same seed and the same words always draw the same number.
//! Knows no state, so that nothing depends on the order in which things are looked at.

use std::time::Duration;

use super::Timestamp;

/// A number drawn from a seed and words. Each `word`, `number` or `instant` draws a new one from it.
#[derive(Clone, Copy, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The chance of these words under a seed.
    #[must_use]
    pub fn of(seed: u64, words: &[&str]) -> Self {
        words.iter().fold(Self(mix(seed)), |chance, word| chance.word(word))
    }

    /// The chance of one more word.
    #[must_use]
    pub fn word(self, word: &str) -> Self {
        // The length first, so that `["ab", "c"]` and `["a", "bc"]` differ.
        let start = self.0 ^ mix(word.len() as u64);
        Self(mix(word
            .bytes()
            .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))))
    }

    /// The chance of one more instant.
    #[must_use]
    pub const fn instant(self, at: Timestamp) -> Self {
        self.number(at.as_nanos().cast_unsigned())
    }

    /// The chance of one more number.
    #[must_use]
    pub const fn number(self, number: u64) -> Self {
        Self(mix(self.0 ^ number))
    }

    /// A number below `bound`; zero if that is zero.
    #[must_use]
    pub const fn below(self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0 % bound }
    }

    /// Whole seconds between both ends, inclusive.
    #[must_use]
    pub const fn seconds(self, least: u64, most: u64) -> Duration {
        Duration::from_secs(least + self.below(most.saturating_sub(least) + 1))
    }
}

/// Spreads every bit of a number over all bits of the result (the finaliser of splitmix64).
const fn mix(number: u64) -> u64 {
    let a = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_draw_the_same_and_other_words_others() {
        let draw = |seed, words: &[&str]| Chance::of(seed, words).below(u64::MAX);
        assert_eq!(draw(7, &["fail_over", "app01"]), draw(7, &["fail_over", "app01"]));
        assert_ne!(draw(7, &["fail_over", "app01"]), draw(8, &["fail_over", "app01"]));
        assert_ne!(draw(7, &["ab", "c"]), draw(7, &["a", "bc"]));
    }

    #[test]
    fn seconds_stay_between_both_ends_and_reach_them() {
        let drawn: Vec<u64> =
            (0..400).map(|seed| Chance::of(seed, &["x"]).seconds(20, 24).as_secs()).collect();
        assert_eq!(drawn.iter().min(), Some(&20));
        assert_eq!(drawn.iter().max(), Some(&24));
    }
}
