//! Who may ask: the two ways in which a token is got, and what is demanded of one.

use serde_json::{Value, json};

use crate::base::{Digest, Timestamp};

use super::answer::{Answer, Refusal, bad_field};
use super::options::Token;

/// How long a token holds, in seconds.
const HOLDS_S: i64 = 3599;

/// The door.
#[derive(Debug)]
pub(super) struct SignIn {
    token: Token,
    issued: u64,
}

impl SignIn {
    pub(super) const fn new(token: Token) -> Self {
        Self { token, issued: 0 }
    }

    /// Whether a request may come in.
    ///
    /// # Errors
    /// Its header is missing, or its token does not hold.
    pub(super) fn check(&self, authorization: Option<&str>) -> Result<(), Refusal> {
        let no = |code, message: &str| Refusal { status: 401, code, message: message.to_owned() };
        let token = authorization.and_then(|header| header.strip_prefix("Bearer ")).map(str::trim);
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let message = "Authentication failed. The 'Authorization' header is missing.";
            return Err(no("AuthenticationFailed", message));
        };
        match &self.token {
            _ if token == "expired" => {
                Err(no("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now."))
            }
            Token::Any => Ok(()),
            Token::Demanded(wanted) if token == wanted || self.is_issued(token) => Ok(()),
            Token::Demanded(_) => Err(no("InvalidAuthenticationToken", "The access token is not valid.")),
        }
    }

    /// `POST /{tenant}/oauth2/v2.0/token` with a form.
    pub(super) fn token(&mut self, form: &[(String, String)], now: Timestamp) -> Answer {
        let value = |name: &str| form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        if value("grant_type") != Some("client_credentials") {
            return oauth(
                400,
                "unsupported_grant_type",
                "AADSTS70003: the grant type is not supported.",
                now,
            );
        }
        if value("client_id").is_none_or(str::is_empty) || value("scope").is_none_or(str::is_empty) {
            return oauth(400, "invalid_request", "AADSTS900144: client_id and scope must be there.", now);
        }
        let proof = value("client_secret").or_else(|| value("client_assertion")).unwrap_or_default();
        let good = match &self.token {
            Token::Any => !proof.is_empty() && proof != "wrong",
            // Whoever knows the token may have another one for it, and nobody else.
            Token::Demanded(wanted) => proof == wanted,
        };
        if !good {
            return oauth(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.", now);
        }
        let token = self.issue();
        let body = json!({ "token_type": "Bearer", "expires_in": HOLDS_S, "access_token": token });
        Answer::ok(body)
    }

    /// `GET /metadata/identity/oauth2/token`.
    ///
    /// # Errors
    /// The header is missing, or nothing is given away here.
    pub(super) fn identity(
        &mut self,
        metadata: bool,
        resource: Option<&str>,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        if !metadata {
            return Err(bad_field("The header 'Metadata: true' is required."));
        }
        let resource = resource.filter(|resource| !resource.is_empty());
        let resource = resource.ok_or_else(|| bad_field("The query parameter 'resource' is required."))?;
        if matches!(self.token, Token::Demanded(_)) {
            let message = "This stand-in demands a token, so it gives none to whoever asks.".to_owned();
            return Err(Refusal { status: 403, code: "AuthorizationFailed", message });
        }
        let seconds = now.as_nanos().div_euclid(1_000_000_000);
        Ok(Answer::ok(json!({
            "access_token": self.issue(),
            "expires_on": (seconds + HOLDS_S).to_string(),
            "resource": resource,
            "token_type": "Bearer",
        })))
    }

    fn issue(&mut self) -> String {
        self.issued += 1;
        self.nth(self.issued)
    }

    fn is_issued(&self, token: &str) -> bool {
        (1..=self.issued).any(|number| self.nth(number) == token)
    }

    fn nth(&self, number: u64) -> String {
        let secret = match &self.token {
            Token::Any => "",
            Token::Demanded(secret) => secret,
        };
        format!("standin.{}", Digest::of(&[b"token", secret.as_bytes(), &number.to_be_bytes()]))
    }
}

fn oauth(status: u16, error: &str, description: &str, now: Timestamp) -> Answer {
    let body: Value = json!({
        "error": error,
        "error_description": description,
        "timestamp": super::names::instant(now),
    });
    Answer { status, headers: Vec::new(), body: Some(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_demanded_and_an_expired_one_is_named_so() {
        let any = SignIn::new(Token::Any);
        assert_eq!(any.check(None).map_err(|refusal| refusal.code), Err("AuthenticationFailed"));
        let expired = any.check(Some("Bearer expired")).map_err(|refusal| refusal.code);
        assert_eq!(expired, Err("ExpiredAuthenticationToken"));
        assert_eq!(any.check(Some("Bearer x")), Ok(()));
    }

    #[test]
    fn a_demanded_token_is_changed_for_another_only_by_whoever_knows_it() {
        let mut door = SignIn::new(Token::Demanded("open".to_owned()));
        let form = |secret: &str| {
            [
                ("grant_type", "client_credentials"),
                ("client_id", "c"),
                ("scope", "s"),
                ("client_secret", secret),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        assert_eq!(door.token(&form("x"), Timestamp::default()).status, 401);
        let answer = door.token(&form("open"), Timestamp::default());
        let token =
            answer.body.and_then(|body| body["access_token"].as_str().map(str::to_owned)).expect("one");
        assert_eq!(door.check(Some(&format!("Bearer {token}"))), Ok(()));
        assert!(door.check(Some("Bearer standin.x")).is_err());
        assert!(door.identity(true, Some("r"), Timestamp::default()).is_err());
    }
}
