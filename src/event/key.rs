//! Signing keys: ed25519, as the PEM texts that other tools read and write. Pure; who keeps a key in
//! which file is not known here.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// What stands before the 32 bytes of a secret key in PKCS #8 (RFC 8410).
const SECRET_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the 32 bytes of a public key (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const SECRET: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// Who signs. Its bytes leave it only as the text of its own file.
pub struct SecretKey(SigningKey);

/// Who has signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl SecretKey {
    /// The key of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads a key as `to_pem` and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// # Errors
    /// What the text is instead, as the end of a sentence. It never quotes the text.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let bytes = unwrap_pem(text, SECRET)?;
        let seed = after_prefix(&bytes, &SECRET_PREFIX, "an ed25519 private key")?;
        Ok(Self::from_seed(&seed))
    }

    /// The text of the key's file. It is the secret: nothing else may be done with it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        wrap_pem(SECRET, &SECRET_PREFIX, self.0.as_bytes())
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature of a text, in hexadecimal.
    pub(super) fn sign(&self, text: &str) -> String {
        hex(&self.0.sign(text.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {:?})", self.public())
    }
}

impl PublicKey {
    /// Reads a key as PEM or as 64 hexadecimal digits.
    ///
    /// # Errors
    /// What the text is instead, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bytes: [u8; 32] = if text.contains("-----") {
            after_prefix(&unwrap_pem(text, PUBLIC)?, &PUBLIC_PREFIX, "an ed25519 public key")?
        } else {
            let read = unhex(text).and_then(|bytes| bytes.try_into().ok());
            read.ok_or("is neither a PEM text nor 64 hexadecimal digits")?
        };
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "is no point of the curve".to_owned())?;
        // Under such a key, signatures that nobody made would hold.
        if key.is_weak() { Err("is a weak key, which proves nothing".to_owned()) } else { Ok(Self(key)) }
    }

    /// The text of the key's file.
    #[must_use]
    pub fn to_pem(&self) -> String {
        wrap_pem(PUBLIC, &PUBLIC_PREFIX, self.0.as_bytes())
    }

    /// Whether the signature in hexadecimal is that of the text.
    pub(super) fn verifies(&self, text: &str, signature: &str) -> bool {
        let bytes: Option<[u8; 64]> = unhex(signature).and_then(|bytes| bytes.try_into().ok());
        bytes.is_some_and(|bytes| {
            self.0.verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes)).is_ok()
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lowercase only: a key and a signature have one way to be written.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| if let [high, low] = pair { Some(digit(high)? << 4 | digit(low)?) } else { None })
        .collect()
}

/// The 32 bytes behind a prefix.
fn after_prefix(bytes: &[u8], prefix: &[u8], what: &str) -> Result<[u8; 32], String> {
    match bytes.strip_prefix(prefix) {
        Some(key) => key.try_into().map_err(|_| format!("holds {} of the 32 bytes of {what}", key.len())),
        None => Err(format!("is not {what}")),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn wrap_pem(label: &str, prefix: &[u8], key: &[u8]) -> String {
    let bytes: Vec<u8> = prefix.iter().chain(key).copied().collect();
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = ALPHABET.get((bits >> shift & 63) as usize).copied().unwrap_or(b'=');
            text.push(if index <= three.len() { char::from(letter) } else { '=' });
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn unwrap_pem(text: &str, label: &str) -> Result<Vec<u8>, String> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let after = text.split_once(&begin).ok_or_else(|| format!("has no line `{begin}`"))?.1;
    let inner = after.split_once(&end).ok_or_else(|| format!("has no line `{end}`"))?.0;
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    let letters: Vec<u8> = inner.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    for letter in letters.iter().take_while(|letter| **letter != b'=') {
        let value = ALPHABET.iter().position(|one| one == letter).ok_or("holds what is no base64")?;
        bits = (bits << 6 | u32::try_from(value).unwrap_or(0)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or(0));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{PublicKey, SecretKey};

    /// RFC 8032, section 7.1, test 1.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    /// The key of RFC 8410, section 10.3.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    fn seed() -> SecretKey {
        let bytes = super::unhex(SEED).unwrap();
        SecretKey::from_seed(&bytes.try_into().unwrap())
    }

    #[test]
    fn keys_and_signatures_are_those_of_the_standards() {
        assert_eq!(seed().public().to_string(), KEY);
        assert_eq!(
            seed().sign(""),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b\
             d25bf5f0595bbe24655141438e7a100b"
        );
        assert!(seed().public().verifies("", &seed().sign("")));
        assert!(!seed().public().verifies(" ", &seed().sign("")));
        let read = SecretKey::from_pem(PEM).unwrap();
        assert_eq!(read.to_pem(), PEM);
        assert_eq!(read.public().to_pem(), PUBLIC_PEM);
        assert_eq!(PublicKey::parse(PUBLIC_PEM).unwrap(), read.public());
        assert_eq!(PublicKey::parse(&read.public().to_string()).unwrap(), read.public());
    }

    #[test]
    fn what_is_no_key_is_told_without_quoting_it() {
        let cut = PEM.replace("VhC", "");
        assert!(SecretKey::from_pem(&cut).unwrap_err().contains("of the 32 bytes"));
        assert!(SecretKey::from_pem(PUBLIC_PEM).unwrap_err().contains("no line"));
        assert!(SecretKey::from_pem("").is_err());
        assert!(SecretKey::from_pem(&PEM.replace("MC4C", "MC4D")).unwrap_err().contains("is not an ed25519"));
        for wrong in ["", "00", &KEY.to_uppercase(), &KEY.replace('d', "g"), &"00".repeat(32), PEM] {
            assert!(PublicKey::parse(wrong).is_err(), "{wrong}");
        }
        let shown = format!("{:?}", seed());
        assert!(shown.contains(KEY) && !shown.contains(&SEED[..16]), "{shown}");
    }
}
