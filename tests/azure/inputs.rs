//! What goes wrong between engine and vault, and what a person reads of it: the service's own code, what to do,
//! the exit status; and that the run can be resumed.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lab::{CONTOSO, Lab, StandIn, provider};

/// The message of a command that should not have gone through.
#[track_caller]
fn refused(lab: &Lab, line: &str) -> String {
    let said = lab.muster(line);
    assert!(said.code != 0, "{said:?}");
    assert!(!said.all().contains("a-token-nobody-may-see"), "{said:?}");
    format!("exit {}: {}", said.code, said.err.lines().next().unwrap_or_default())
}

#[test]
fn who_is_not_signed_in_reads_the_services_own_code() {
    let mut lab = Lab::over("modernized", &[]);
    lab.set("ASR_TOKEN", "expired");
    let said = refused(&lab, "inventory erp.muster");
    assert!(
        said.starts_with("exit 4: error[MP0705]: the inventory of estate `contoso` was not given: GET"),
        "{said}"
    );
    assert!(said.contains("was answered with 401: ExpiredAuthenticationToken, "), "{said}");
    assert!(said.contains("sign in anew, or see `sign_in` of the provider"), "{said}");
    // Its clock shows another day than this host's, and a token that is not valid yet looks the same.
    assert!(said.contains("this host's clock is ") && said.contains("set it first"), "{said}");
}

#[test]
fn a_vault_that_is_not_there_is_named() {
    let lab = Lab::over("modernized", &[]);
    let text = std::fs::read_to_string(lab.path("erp.muster")).unwrap();
    std::fs::write(lab.path("erp.muster"), text.replace("vault-standin", "vault-elsewhere")).unwrap();
    let said = refused(&lab, "preview failback erp.muster --planned");
    assert!(
        said.contains("GET `vault-elsewhere/replicationFabrics` was answered with 404: ResourceNotFound"),
        "{said}"
    );
}

#[test]
fn one_call_that_is_not_permitted_halts_the_run_and_does_not_lose_it() {
    let state = tempfile::tempdir().unwrap();
    let kept = ["--state", state.path().to_str().unwrap()];
    let mut lab = Lab::over("modernized", &[&kept[..], &["--fault", "forbid failoverCommit"]].concat());
    let begun = lab.muster("failback erp.muster --planned --yes");
    assert_eq!(begun.code, 6, "{}", begun.all());
    lab.muster("approve last accept").ok();
    let halted = lab.muster("resume last");
    assert_eq!(halted.code, 3, "{}", halted.all());
    assert!(halted.all().contains("AuthorizationFailed"), "{}", halted.all());
    assert!(halted.all().contains("give the one who signs in that right"), "{}", halted.all());
    // The right is given; the vault is the same.
    let place = lab.service.take().map(|service| service.endpoint.clone()).unwrap();
    let listen = ["--listen", place.trim_start_matches("http://")];
    lab.service = Some(StandIn::start(Path::new(CONTOSO), &[&kept[..], &listen[..]].concat()));
    let ended = lab.muster("retry last");
    let ended =
        if ended.code == 0 && ended.out.contains("recorded") { lab.muster("resume last") } else { ended };
    assert_eq!(ended.code, 0, "{}", ended.all());
    assert!(lab.machines()["app01"]["replicates_to"] == "azure", "{}", lab.machines());
}

#[test]
fn a_job_that_fails_half_way_tells_causes_and_advice_and_is_retried_by_an_operator() {
    let lab = Lab::over("modernized", &["--fault", "fail plannedFailover app01"]);
    let halted = lab.muster("failback erp.muster --planned --yes");
    let all = halted.all();
    assert!(all.contains("`PlannedFailover` of `app01` failed at `"), "{all}");
    assert!(all.contains("possible causes: ") && all.contains("advised: "), "{all}");
    let again = lab.muster("retry last app01");
    let again = if again.code == 0 { lab.muster("resume last") } else { again };
    assert!(!again.all().contains("BUG"), "{}", again.all());
    let status = lab.muster("status last").all();
    assert!(status.contains("app01"), "{status}");
}

#[test]
fn a_service_that_answers_nonsense_now_and_then_is_asked_again() {
    for fault in ["html 7", "truncate 5", "throttle 4", "unavailable 3..6"] {
        let lab = Lab::over("modernized", &["--fault", fault]);
        let said = lab.muster("inventory erp.muster");
        assert_eq!(said.code, 0, "{fault}: {}", said.all());
    }
}

#[test]
fn a_run_goes_through_answers_that_get_lost_without_asking_twice() {
    let faults = ["lose plannedFailover 2", "lose failoverCommit 1", "lose reProtect 3", "throttle 9"];
    let args: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    let lab = Lab::over("modernized", &args);
    let said = lab.whole("failback erp.muster --planned");
    assert!(said.contains("no answer") || said.contains("found"), "{said}");
    // What was lost is in the record too, for it was done; each of the five machines was asked for once.
    let taken = |operation: &str| {
        let posts = lab.recorded();
        posts
            .iter()
            .filter(|(method, path, status)| method == "POST" && path.ends_with(operation) && *status != 429)
            .count()
    };
    assert_eq!((taken("plannedFailover"), taken("failoverCommit"), taken("reProtect")), (4, 5, 5));
}

/// A server that answers everything alike, and counts.
fn answering(answer: &'static str) -> (String, &'static AtomicUsize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 8192];
            let read = stream.read(&mut buffer).unwrap_or(0);
            if read == 0 {
                continue;
            }
            asked.fetch_add(1, Ordering::SeqCst);
            let path = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let answer = if answer == "VAULT" { vault(&path) } else { answer.to_owned() };
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    (endpoint, asked)
}

/// A vault with one machine of Hyper-V beside one that is driven.
fn vault(request: &str) -> String {
    let item = |name: &str, kind: &str| {
        format!(
            r#"{{"id":"/subscriptions/s/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/{name}","name":"{name}","properties":{{"friendlyName":"{name}","activeLocation":"Primary","protectionState":"Protected","allowedOperations":["UnplannedFailover"],"providerSpecificDetails":{{"instanceType":"{kind}"}}}}}}"#
        )
    };
    let value = if request.contains("/recoveryPoints") || request.contains("/replicationFabrics?") {
        String::new()
    } else {
        format!("{},{}", item("hv01", "HyperVReplicaAzure"), item("app01", "InMageRcm"))
    };
    let body = format!(r#"{{"value":[{value}],"nextLink":null}}"#);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn lab_of(answer: &'static str) -> (Lab, &'static AtomicUsize) {
    let (endpoint, asked) = answering(answer);
    let lab = Lab::alone();
    lab.write_plan(&provider(&endpoint, r#"sign_in = token, token = env("ASR_TOKEN")"#), "common");
    (lab, asked)
}

#[test]
fn a_redirect_is_refused_and_the_token_is_not_sent_there() {
    let (elsewhere, asked) = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let (lab, _) = lab_of(Box::leak(answer.into_boxed_str()));
    let said = refused(&lab, "inventory erp.muster");
    assert!(said.contains("answers GET `vault-standin/replicationFabrics` with a redirect to `127.0.0.1`, which is not followed"), "{said}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    // Nor is a page that a list says to go on with.
    let link = r#"{"value":[],"nextLink":"http://127.0.0.2:9/next"}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{link}", link.len());
    let (lab, _) = lab_of(Box::leak(answer.into_boxed_str()));
    let said = refused(&lab, "inventory erp.muster");
    assert!(
        said.contains("which is on another host than the service; the token is not sent there"),
        "{said}"
    );
}

#[test]
fn pages_of_html_and_answers_that_end_in_the_middle_are_told_as_what_they_are() {
    let page =
        "HTTP/1.1 200 OK\r\nContent-Length: 33\r\nConnection: close\r\n\r\n<html><body>Sign in</body></html>";
    let (lab, asked) = lab_of(page);
    let said = refused(&lab, "inventory erp.muster");
    assert!(
        said.contains("a page of HTML: a proxy or a sign-in page answers in the service's place (html)"),
        "{said}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1, "reading the same page again does not help");
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{\"value\": [{";
    let (lab, _) = lab_of(cut);
    let said = refused(&lab, "inventory erp.muster");
    assert!(said.contains("cannot be read: it ends in the middle (garbled)"), "{said}");
}

#[test]
fn a_machine_that_is_replicated_otherwise_is_shown_and_not_hidden() {
    let (lab, _) = lab_of("VAULT");
    let said = lab.muster("inventory erp.muster").ok();
    assert!(said.err.contains("warning[MP1302]: `hv01` is replicated by `HyperVReplicaAzure`"), "{said:?}");
    assert!(said.out.contains("hv01") && said.out.contains("app01"), "{said:?}");
    let row = said.out.lines().find(|line| line.starts_with("hv01")).unwrap();
    assert!(row.contains("unprotected"), "{row}");
}

#[test]
fn an_estate_of_another_build_is_refused() {
    use musterpoint::estate::any::{Opening, Purpose, open};
    let here = Path::new(".");
    let args = serde_json::Value::Null;
    let how = Opening {
        name: "contoso",
        provider: "elsewhere",
        args: &args,
        folder: here,
        state: here,
        purpose: Purpose::Look,
    };
    let found = open(how).unwrap_err();
    assert_eq!(found[0].code.as_str(), "MP0709");
    assert!(found[0].message.contains("cannot drive the provider `elsewhere`"), "{found:?}");
}
