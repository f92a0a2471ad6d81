//! The certificate of an application: signs the assertion that stands in the place of a secret. Its form is
//! Entra's ("Microsoft identity platform application authentication certificate credentials").

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::base::{Clock, SystemClock};

use super::settings::Hidden;

/// How long an assertion lasts, in seconds: it is used at once.
const LASTS: i64 = 600;

/// A certificate with its key, and for whom it signs.
#[derive(Clone)]
pub(super) struct Certificate {
    /// SHA-256 of the certificate.
    thumbprint: String,
    key: std::sync::Arc<RsaKeyPair>,
    client: String,
    audience: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "certificate {}", self.thumbprint)
    }
}

impl Certificate {
    /// The certificate and key of a PEM text.
    ///
    /// # Errors
    /// What it lacks, as the end of a sentence.
    pub(super) fn read(pem: &Hidden, client: &str, audience: String) -> Result<Self, &'static str> {
        let bytes = pem.show().as_bytes();
        let certificate = CertificateDer::from_pem_slice(bytes).map_err(|_| "holds no certificate")?;
        let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|_| "holds no private key")?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("holds a key that is no RSA key"),
        };
        let key = key.map_err(|_| "holds a key that is no RSA key of at least 2048 bits")?;
        Ok(Self {
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)),
            key: std::sync::Arc::new(key),
            client: client.to_owned(),
            audience,
        })
    }

    /// A fresh assertion; none where the system has no randomness.
    pub(super) fn assertion(&self) -> Option<String> {
        let random = SystemRandom::new();
        let mut id = [0_u8; 16];
        random.fill(&mut id).ok()?;
        let now = SystemClock.now().as_nanos() / 1_000_000_000;
        let header = json!({ "alg": "RS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": self.audience, "iss": self.client, "sub": self.client,
            "jti": URL_SAFE_NO_PAD.encode(id), "nbf": now - 60, "iat": now, "exp": now + LASTS,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
