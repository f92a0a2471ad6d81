//! What an auditor needs: digests, the seal and how to verify it, and the run log in words.

use crate::base::words::count;
use crate::event::Evidence;
use crate::report::tell::Teller;
use crate::report::words::instant;

use super::markup::{Cell, Html, escaped};
use super::sections::Report;

/// Records up to which the log is open from the start.
const OPEN_MAX: usize = 40;

/// Digests and signature.
pub(super) fn seal(page: &mut Html, report: &Report<'_>, evidence: &Evidence) {
    page.section("evidence", "Evidence");
    let records = count(evidence.lines.len(), "record");
    let claim = evidence.seal.as_ref().and_then(|seal| seal.stated().ok());
    match (&evidence.seal, &claim) {
        (Some(_), Some(claim)) => {
            let text = format!(
                "This page holds the whole run log, {records}. Each carries a digest over the one before it; the \
                 last digest was sealed with an ed25519 signature at {}. A change of a single byte is found and its \
                 record named.",
                instant(claim.signed_at)
            );
            page.paragraph("", &text);
        }
        (Some(_), None) => page.paragraph("alarm", "The seal of this run cannot be read."),
        (None, _) if report.run.ended().is_some() => page.paragraph(
            "alarm",
            "NOT SIGNED: the run has ended, and its log was not signed. It fits together, which anybody could \
             bring about; its origin is not proved.",
        ),
        (None, _) => page.paragraph(
            "alarm mild",
            "Not signed yet: the run goes on. Its log is signed when it ends.",
        ),
    }
    let code = |text: &str| format!("<code>{}</code>", escaped(text));
    let mut rows = vec![
        ("Runbook digest", code(evidence.runbook_digest().as_str())),
        ("Records", evidence.lines.len().to_string()),
        ("Last record's digest", code(evidence.head().as_str())),
    ];
    if let Some(seal) = &evidence.seal {
        rows.push(("Public key", code(&seal.key)));
        rows.push(("Signature", code(&seal.signature)));
        rows.push(("Signed statement", code(&seal.statement)));
    }
    page.raw("<dl class=\"facts wide\">\n");
    for (word, markup) in rows {
        page.raw(&format!("<div><dt>{word}</dt><dd>{markup}</dd></div>\n"));
    }
    page.raw("</dl>\n");
    if evidence.seal.is_some() {
        page.raw(concat!(
            "<h3>How to verify it</h3>\n<ol>\n",
            "<li>Get the public key from whoever ran this, by another way than this page. It has to be the one above.</li>\n",
            "<li>Check this file, offline:<pre>muster verify THIS-FILE.html --public-key KEY-FILE</pre>",
            "The log is checked record by record, and this page is made from it again and compared.</li>\n",
            "<li>Or without this program: <code>docs/evidence.md</code> has the format, and a verifier of a page of Python.</li>\n</ol>\n"
        ));
    }
    page.end_section();
}

/// Every record in words.
pub(super) fn log(page: &mut Html, report: &Report<'_>, evidence: &Evidence) {
    let runbook = report.run.runbook();
    let mut teller = Teller::default();
    let digests = evidence.lines.iter().map(|line| line.digest.short());
    let rows: Vec<Vec<Cell>> = report
        .events
        .iter()
        .zip(digests)
        .map(|(event, digest)| {
            let line = teller.line(runbook, event);
            vec![
                Cell::Number(event.seq.to_string()),
                Cell::Time(report.time(event.at)),
                Cell::Code(line.step),
                Cell::Text(line.what),
                Cell::Code(digest.to_owned()),
            ]
        })
        .collect();
    page.section("log", "Run log");
    page.folded(&count(rows.len(), "record"), rows.len(), OPEN_MAX, |page| {
        page.table("The run log", &["record", "at", "step", "what happened", "digest"], &rows);
    });
    page.end_section();
}
