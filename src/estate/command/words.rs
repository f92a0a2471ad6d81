//! What a provider's program says, made fit for logs and terminals: one line, bounded, no control
//! characters, no secrets. Everything that it says is untrusted.

use crate::base::hide::hide;
use crate::base::{limits, words};

/// The values that are not to be seen anywhere.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Keeps values to hide them; also as a JSON text would spell them.
    pub(super) fn new(values: Vec<String>) -> Self {
        let mut all = values;
        for index in 0..all.len() {
            let spelt = all.get(index).map(|value| serde_json::Value::from(value.as_str()).to_string());
            let inside = spelt.map(|text| text.trim_matches('"').to_owned());
            all.extend(inside.filter(|inside| !all.contains(inside)));
        }
        Self(all)
    }

    /// Replaces every secret. Where the text was cut off, what may be the beginning of one goes too.
    pub(super) fn hide(&self, bytes: &mut Vec<u8>, cut: bool) {
        let values: Vec<&[u8]> = self.0.iter().map(String::as_bytes).collect();
        hide(bytes, &values, cut);
    }

    /// A sentence of the program: secrets hidden, one line, at most `PROVIDER_TEXT_CHARS_MAX` long.
    pub(super) fn sentence(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.hide(&mut bytes, false);
        words::one_line(&String::from_utf8_lossy(&bytes), limits::PROVIDER_TEXT_CHARS_MAX)
    }
}

/// Whether a code is a stable word: letters, digits and `_`.
pub(super) fn is_code(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 64
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a handle can be written down and handed back.
pub(super) fn is_handle(handle: &str) -> bool {
    !handle.is_empty() && handle.chars().count() <= 200 && !handle.chars().any(words::is_unseen)
}

/// Whether an address can be handed to checks and scripts.
pub(super) fn is_address(address: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_[]%/".contains(&byte);
    !address.is_empty() && address.len() <= 300 && address.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_one_line_without_secrets_or_control_characters() {
        let secrets = Secrets::new(vec!["hun\"ter2".to_owned()]);
        assert_eq!(
            secrets.sentence("\u{1b}[31mred\u{7}\npw hun\"ter2 \u{202e}and hun\\\"ter2"),
            "[31mred pw *** and ***"
        );
        assert_eq!(words::one_line(&"x".repeat(600), 500).chars().count(), 501);
    }

    #[test]
    fn addresses_hold_nothing_that_a_shell_would_read() {
        assert!(is_address("127.0.0.1:1080") && is_address("[fe80::1%eth0]:80") && is_address("app01.lan"));
        for bad in ["", "10.0.0.1; reboot", "$(id)", "a\nb", "a b"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_code("agent_not_registered") && !is_code("Agent gone") && !is_code(""));
    }
}
