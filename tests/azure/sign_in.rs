//! The ways of signing in, each against the stand-in's own places for it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::lab::{Lab, StandIn, provider};

/// A lab whose plan signs in as the keys say; `ENDPOINT` in them is the stand-in.
fn lab(keys: &str) -> Lab {
    let mut lab = Lab::alone();
    let record = lab.path("record.jsonl");
    lab.set("OPEN_SESAME", "the token that is demanded");
    let service =
        StandIn::start(std::path::Path::new(super::lab::CONTOSO), &["--record", record.to_str().unwrap()]);
    let keys = keys.replace("ENDPOINT", &service.endpoint);
    lab.write_plan(&provider(&service.endpoint, &keys), "common");
    lab.service = Some(service);
    lab
}

const APPLICATION: &str = r#"authority = "ENDPOINT", tenant = "contoso.example", client_id = "11111111-1111-1111-1111-111111111111""#;

#[track_caller]
fn signs_in(lab: &Lab) {
    let said = lab.muster("inventory erp.muster").ok();
    assert!(said.out.contains("sql01"), "{said:?}");
    let record = std::fs::read_to_string(lab.path("record.jsonl")).unwrap_or_default();
    assert!(!record.contains("Bearer"), "the record holds no token");
}

#[test]
fn an_application_signs_in_with_its_secret_and_a_wrong_one_is_refused() {
    let mut lab = lab(&format!(r#"sign_in = client_secret, {APPLICATION}, client_secret = env("SECRET")"#));
    lab.set("SECRET", "hunter2-and-more");
    signs_in(&lab);
    lab.set("SECRET", "wrong");
    let said = lab.muster("inventory erp.muster");
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("signing in with `client_secret` failed: "), "{said:?}");
    assert!(said.err.contains("AADSTS7000215"), "{said:?}");
}

#[test]
fn an_application_signs_in_with_its_certificate() {
    let keys =
        format!(r#"sign_in = client_certificate, {APPLICATION}, client_certificate = file("app.pem")"#);
    let lab = lab(&keys);
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=muster", "-days", "2"])
        .arg("-keyout")
        .arg(lab.path("key.pem"))
        .arg("-out")
        .arg(lab.path("cert.pem"))
        .output()
        .expect("`openssl` is missing: apt-get install openssl");
    assert!(made.status.success(), "{made:?}");
    let read = |name: &str| std::fs::read_to_string(lab.path(name)).unwrap();
    std::fs::write(lab.path("app.pem"), read("cert.pem") + &read("key.pem")).unwrap();
    signs_in(&lab);
    std::fs::write(lab.path("app.pem"), read("cert.pem")).unwrap();
    let said = lab.muster("inventory erp.muster");
    assert!(
        said.err.contains("error[MP1301]: `client_certificate` of the provider holds no private key"),
        "{said:?}"
    );
}

#[test]
fn a_managed_identity_is_asked_for_where_the_plan_says() {
    signs_in(&lab(r#"sign_in = managed_identity, identity_endpoint = "ENDPOINT""#));
}

#[test]
fn whoever_signed_in_to_the_command_line_is_taken() {
    let mut lab = lab("sign_in = azure_cli");
    let tools = lab.path("bin");
    std::fs::create_dir(&tools).unwrap();
    let script = "#!/bin/sh\necho \"$@\" > \"$(dirname \"$0\")/asked\"\necho '{\"accessToken\":\"cli-token\",\"expires_on\":4102444800,\"expiresOn\":\"2100-01-01 00:00:00.000000\",\"tokenType\":\"Bearer\"}'\n";
    std::fs::write(tools.join("az"), script).unwrap();
    std::fs::set_permissions(tools.join("az"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    lab.set("PATH", &path);
    signs_in(&lab);
    let asked = std::fs::read_to_string(tools.join("asked")).unwrap();
    assert!(asked.contains("get-access-token"), "{asked}");
    std::fs::write(tools.join("az"), "#!/bin/sh\necho 'Please run az login' >&2\nexit 1\n").unwrap();
    let said = lab.muster("inventory erp.muster");
    assert!(
        said.err.contains("signing in with `azure_cli` failed: ") && said.err.contains("az login"),
        "{said:?}"
    );
}

#[test]
fn no_secret_goes_where_it_could_be_read_on_the_way() {
    let lab = Lab::alone();
    lab.write_plan(&provider("http://192.0.2.1", r#"sign_in = token, token = env("ASR_TOKEN")"#), "common");
    let said = lab.muster("inventory erp.muster");
    assert!(
        said.err.contains("is neither HTTPS nor on this host: a token would go over the network in the open"),
        "{said:?}"
    );
}
