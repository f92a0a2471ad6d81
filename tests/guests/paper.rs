//! `docs/laptop.md`, command by command, on real guests. `UPDATE_DOCS=1` writes down what is printed now.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::console::{matches, rewrite, shown};
use super::lab::Lab;

#[test]
fn the_first_real_failover_is_as_the_paper_tells_it() {
    let lab = Lab::of_paper();
    let paper = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/laptop.md");
    let text = std::fs::read_to_string(&paper).unwrap();
    let (mut wrong, mut new) = (String::new(), Vec::new());
    for one in shown(&text) {
        if one.command.contains("put 1") {
            lab.waits_for_both();
        }
        let (code, output) = run(&lab, &one.command);
        let fits = if one.code == code { "output" } else { "exit code" };
        if one.code != code || !matches(&one.output, &output) {
            let Some(known) = one.output.strip_suffix('\n').or(Some("")) else { continue };
            writeln!(wrong, "$ {}\n{fits}, exit {code}, shown:\n{known}\nprinted:\n{output}", one.command)
                .unwrap();
        }
        new.push((one, output));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        rewrite(&paper, &text, &new);
        return;
    }
    assert_eq!(wrong, "", "{}", lab.story());
}

/// `muster …` is the program of this build, anything else a script of the paper's.
fn run(lab: &Lab, line: &str) -> (i32, String) {
    let binaries = Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap().display().to_string();
    let path = format!("{binaries}:{}", std::env::var("PATH").unwrap_or_default());
    let (out, err) = (lab.path("paper.out"), lab.path("paper.err"));
    let status = Command::new("sh")
        .args(["-c", line])
        .current_dir(lab.path("."))
        .env_clear()
        .env("PATH", path)
        .env("HOME", lab.path("."))
        .env("COLUMNS", "100")
        .env("MUSTER_STATE", lab.path("state"))
        .env("ESTATE", "laptop")
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&err).unwrap())
        .status()
        .unwrap();
    let said = std::fs::read_to_string(err).unwrap() + &std::fs::read_to_string(out).unwrap();
    let output = said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    (status.code().unwrap_or(-1), output.trim_end().to_owned())
}
