//! The verifier of the paper, written from the format alone, comes to the same verdict as ours.

use std::process::Command;

use crate::bench::Bench;
use crate::signed::{first_fault, lines, signed};

fn verifier() -> String {
    let paper = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/evidence.md")).unwrap();
    let block = paper.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("the paper has a verifier").to_owned()
}

#[test]
fn the_verifier_of_the_paper_agrees() {
    let bench = Bench::new();
    bench.write("verify.py", verifier());
    let python = |log: &[u8], key: &str| {
        bench.write("run.jsonl", log);
        let ran = Command::new("python3")
            .args(["verify.py", "run.jsonl", key])
            .current_dir(bench.path("."))
            .output();
        let ran = ran.expect("python3 is installed: apt-get install python3");
        (ran.status.success(), String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned())
    };
    let (log, key) = (&signed().log, signed().key.to_string());
    let (holds, said) = python(log, &key);
    assert!(holds && said.starts_with("holds: run one-"), "{said}");
    assert!(!python(log, &"ab".repeat(32)).0);
    let all = lines(log);
    let mut wrong: Vec<Vec<u8>> = Vec::new();
    for step in [17, 101, 997, 3001, 5003, 7001, 9001, 10_007, 11_003] {
        let mut changed = log.clone();
        let place = step * 31 % changed.len();
        changed[place] ^= 1;
        wrong.push(changed);
    }
    for line in [1, 2, 9, all.len() - 2, all.len() - 1] {
        let mut left = all.clone();
        let removed = left.remove(line);
        wrong.push(left.concat());
        left.insert(line.saturating_sub(3), removed);
        wrong.push(left.concat());
    }
    for log in wrong {
        assert!(first_fault(&log, &signed().key).is_some());
        let (holds, said) = python(&log, &key);
        assert!(!holds, "{said}\n{}", String::from_utf8_lossy(&log));
    }
}
