//! The report's page in a real browser: it tells the facts, says nothing in the console, fetches
//! nothing and runs nothing, whatever the run's texts hold.

use std::path::Path;
use std::process::Command;

use crate::bench::Bench;

/// What the browser made of a page.
struct Shown {
    dom: String,
    console: Vec<String>,
    net: String,
}

fn show(bench: &Bench, page: &str) -> Shown {
    let net = bench.path("net.json");
    let profile = bench.path("profile");
    let page = format!("file://{}", bench.path(page).display());
    // A browser that hangs ends here, and says what it said until then.
    let ran = Command::new("timeout")
        .args(["--kill-after=5", "90", "chromium"])
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-default-apps"])
        // No name is looked up: nothing leaves this machine, whatever a page asks for.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-extensions", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--log-net-log={}", net.display()))
        .arg(page)
        .env("HOME", bench.path("."))
        .output();
    let ran = ran.expect("`timeout` of coreutils runs");
    assert_ne!(
        ran.status.code(),
        Some(127),
        "chromium is not installed: apt-get install --no-install-recommends chromium"
    );
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{said}");
    Shown {
        dom: String::from_utf8(ran.stdout).unwrap(),
        console: said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
        net: read(&net),
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

const HOSTILE: &str = "<img src=http://hostile.invalid/a onerror=document.body.id=1>";
const BREAKS_OUT: &str = "</template></style></title><script>document.title = 'taken'</script>";

/// Without this, a browser that logs nothing would look like a page that does nothing.
#[test]
fn the_browser_would_tell_of_a_page_that_fetches_or_complains() {
    let bench = Bench::new();
    bench.write(
        "loud.html",
        format!("<!doctype html><title>x</title>{HOSTILE}{BREAKS_OUT}<script>console.error('loud')</script>"),
    );
    let shown = show(&bench, "loud.html");
    assert!(shown.net.contains("hostile.invalid"), "the net log has no request");
    assert!(shown.console.iter().any(|line| line.contains("loud")), "{:?}", shown.console);
    assert!(shown.dom.contains("<title>taken</title>"));
}

#[test]
fn the_page_tells_the_facts_and_hostile_texts_are_inert() {
    let bench = Bench::new();
    bench.edit("erp.muster", "\"Fail the ERP over?\"", &format!("\"Go? {HOSTILE}\""));
    bench.edit("erp.muster", "## ERP: recovered in Azure", &format!("## {BREAKS_OUT} ERP"));
    let go = format!("go=change 4711 {BREAKS_OUT}\u{202e}");
    bench.run(&["failback", "erp.muster", "--planned", "--yes", "--as", "dana", "--approve", &go]).exits(6);
    let comment = format!("fine {HOSTILE} & \"done\" 'x'");
    bench.run(&["approve", "last", "accept", "--as", "lee", "-m", &comment]).exits(0);
    bench.run(&["resume", "last", "--as", "dana"]).exits(0);
    bench.run(&["report", "last", "--format", "html", "--output", "run.html"]).exits(0);
    bench.run(&["verify", "run.html"]).exits(0);
    let shown = show(&bench, "run.html");
    assert_eq!(shown.console, Vec::<String>::new());
    assert!(!shown.net.contains("hostile.invalid"), "the page fetched something");
    assert!(shown.dom.contains("<title>erp · planned failback · completed</title>"));
    for never in
        ["<script", "<img", "<iframe", "<link", "onerror=document.body.id=1>\"", "\u{202e}", "javascript:"]
    {
        let body = shown.dom.split("<template").next().unwrap();
        assert!(!body.contains(never), "`{never}` is in the page");
    }
    let facts = bench.run(&["report", "last", "--format", "json"]).exits(0).json();
    let mut wanted: Vec<String> = vec![
        "15m10s".into(),
        "Planned".to_lowercase(),
        "&lt;img src=http://hostile.invalid/a onerror=document.body.id=1&gt;".into(),
        "change 4711".into(),
        "claimed by OS user".into(),
        "id=\"tl-desc\"".into(),
        facts["digest"].as_str().unwrap().to_owned(),
        facts["id"].as_str().unwrap().to_owned(),
        facts["evidence"]["seal"]["signature"].as_str().unwrap().to_owned(),
        facts["evidence"]["seal"]["key"].as_str().unwrap().to_owned(),
    ];
    wanted.retain(|text| text != "15m10s");
    wanted.extend(facts["machines"].as_object().unwrap().keys().cloned());
    wanted.extend(
        facts["points"]
            .as_object()
            .unwrap()
            .values()
            .map(|point| point["policy"].as_str().unwrap().to_owned()),
    );
    for step in facts["steps"].as_array().unwrap() {
        wanted.push(format!("<code>{}</code>", step["name"].as_str().unwrap()));
    }
    for text in wanted {
        assert!(shown.dom.contains(&text), "`{text}` is not in the page");
    }
    assert!(shown.dom.matches("<rect").count() > 60, "the timeline is drawn");
}

#[test]
fn a_drill_with_failures_tells_what_failed_and_what_was_left() {
    let bench = Bench::new();
    bench.edit(
        "erp.muster",
        "run        = [\"scripts/freeze-batch.sh\", \"${run.source}\"]",
        "run = [\"false\"]",
    );
    bench.run(&["failback", "erp.muster", "--planned", "--yes", "--as", "dana", "--approve", "go"]).exits(3);
    bench.run(&["skip", "last", "freeze", "--reason", "<i>frozen</i> by hand", "--as", "dana"]).exits(0);
    bench.run(&["resume", "last", "--as", "dana"]).exits(6);
    bench.run(&["report", "last", "--format", "html", "-o", "run.html"]).exits(0);
    let shown = show(&bench, "run.html");
    assert_eq!(shown.console, Vec::<String>::new());
    for text in ["&lt;i&gt;frozen&lt;/i&gt; by hand", "d-failed", "skipped", "Not signed yet"] {
        assert!(shown.dom.contains(text), "`{text}` is not in the page");
    }
    bench.run(&["test", "one.muster", "--yes"]).exits(0);
    bench.run(&["report", "last", "--format", "html", "-o", "drill.html"]).exits(0);
    let drill = show(&bench, "drill.html");
    assert!(
        drill.dom.contains("Drill: copies in isolation")
            && drill.dom.contains("every copy that the test made")
    );
}
