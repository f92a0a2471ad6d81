//! Names that look like the service's own, drawn from what they name, so that a restart finds them again.

use crate::base::{Digest, Timestamp};

/// An instant of the service: RFC 3339 with at most seven digits of the second, as it writes them.
pub(super) fn instant(at: Timestamp) -> String {
    let nanos = at.as_nanos();
    Timestamp::from_nanos(nanos - nanos.rem_euclid(100)).to_string()
}

/// A GUID that follows from words.
pub(super) fn guid(words: &[&str]) -> String {
    let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let digest = Digest::of(&bytes);
    let part = |from: usize, to: usize| digest.as_str().get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The last segment of an id, or the whole where it is a bare name.
pub(super) fn last(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

/// Whether two ids are the same: ARM compares them without case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim_matches('/').eq_ignore_ascii_case(other.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_the_shape_of_one_and_follows_from_its_words() {
        let one = guid(&["item", "sql01"]);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(one, guid(&["item", "sql01"]));
        assert_ne!(one, guid(&["item", "sql02"]));
    }

    #[test]
    fn an_instant_has_seven_digits_of_the_second_at_most() {
        let at = Timestamp::from_nanos(1_763_877_600_123_456_789);
        assert_eq!(instant(at).rsplit('.').next().map(str::len), Some("1234567Z".len()));
    }
}
