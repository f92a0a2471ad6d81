//! Keeps secrets out of what a program printed. The bytes come in, the same bytes with every secret
//! replaced go out; knows nothing of programs or runs.

/// What stands where a secret stood.
const HIDDEN: &[u8] = b"***";

/// Replaces every one of `secrets` in `bytes`. Where output was `cut` off, what may be the beginning of
/// a secret at its end goes too.
pub fn hide(bytes: &mut Vec<u8>, secrets: &[&[u8]], cut: bool) {
    for secret in longest_first(secrets) {
        let mut clean = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some(at) = find(rest, secret) {
            let (before, after) = rest.split_at(at);
            clean.extend_from_slice(before);
            clean.extend_from_slice(HIDDEN);
            rest = after.get(secret.len()..).unwrap_or_default();
        }
        if !clean.is_empty() || rest.len() < bytes.len() {
            clean.extend_from_slice(rest);
            *bytes = clean;
        }
        if cut {
            let begun =
                (1..secret.len()).rev().find(|len| bytes.ends_with(secret.get(..*len).unwrap_or(b"")));
            bytes.truncate(bytes.len() - begun.unwrap_or(0));
        }
    }
}

/// Shorter lines of a secret of several lines are no secret: a bracket, a word, an empty line.
const LINE_BYTES_MIN: usize = 8;

/// A secret that holds another one is replaced first, or its rest would stay. The lines of a key are
/// secret each for itself: programs print line by line, and output is cut anywhere.
fn longest_first<'s>(secrets: &[&'s [u8]]) -> Vec<&'s [u8]> {
    let mut found: Vec<&[u8]> = secrets.iter().copied().filter(|secret| !secret.is_empty()).collect();
    let lines = secrets.iter().filter(|secret| secret.contains(&b'\n')).flat_map(|secret| {
        secret
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| line.len() >= LINE_BYTES_MIN)
    });
    found.extend(lines);
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::hide;

    fn hidden(text: &str, secrets: &[&str], cut: bool) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.as_bytes()).collect();
        hide(&mut bytes, &secrets, cut);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn secrets_are_replaced_wherever_they_stand() {
        assert_eq!(hidden("pw=hunter2, again hunter2", &["hunter2"], false), "pw=***, again ***");
        assert_eq!(hidden("hunter2", &["hunter2"], false), "***");
        assert_eq!(hidden("nothing", &["hunter2", ""], false), "nothing");
    }

    #[test]
    fn a_secret_that_holds_another_leaves_nothing_behind() {
        assert_eq!(hidden("abcdef abc", &["abc", "abcdef"], false), "*** ***");
    }

    #[test]
    fn the_lines_of_a_key_are_hidden_each_for_itself() {
        let key = "-- BEGIN --\nmiddle-of-it\n}\n-- END --";
        assert_eq!(hidden("a middle-of-it\r\n}", &[key], false), "a ***\r\n}");
        assert_eq!(hidden("x -- BEGIN --\nmiddle-of-it\n}\n-- END -- y", &[key], false), "x *** y");
        assert_eq!(hidden("it\n}\n-- END --", &[key], false), "it\n}\n***");
    }

    #[test]
    fn the_beginning_of_a_secret_at_a_cut_goes_too() {
        assert_eq!(hidden("pw=hunt", &["hunter2"], true), "pw=");
        assert_eq!(hidden("pw=hunt", &["hunter2"], false), "pw=hunt");
    }
}
