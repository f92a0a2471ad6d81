//! Reports and pages hold the log that they were made from, and are verified by being made again.

use musterpoint::report::verify::{self, What};
use proptest::prelude::*;

use crate::bench::Bench;
use crate::signed::{first_fault, signed};

#[test]
fn a_report_and_a_page_hold_and_a_reformatted_report_too() {
    let Signed { key, report, page, .. } = signed();
    assert_eq!(
        verify::file(report.as_bytes(), key).map(|verdict| (verdict.what, verdict.faults)),
        Ok((What::Report, Vec::new()))
    );
    assert_eq!(
        verify::file(page.as_bytes(), key).map(|verdict| (verdict.what, verdict.faults)),
        Ok((What::Page, Vec::new()))
    );
    let value: serde_json::Value = serde_json::from_str(report).unwrap();
    assert_eq!(first_fault(value.to_string().as_bytes(), key), None);
}

use crate::signed::Signed;

#[test]
fn a_report_that_says_something_else_than_its_log_is_found_out() {
    let Signed { key, report, page, .. } = signed();
    let differs = |text: String| {
        assert!(text != *report && text != *page, "nothing was changed");
        let found = first_fault(text.as_bytes(), key);
        assert_eq!(found, Some(("MP0811".to_owned(), None)));
    };
    differs(report.replacen("\"state\": \"completed\"", "\"state\": \"failed\"", 1));
    differs(report.replacen("\"exceptions\": []", "\"exceptions\": [{}]", 1));
    differs(report.replacen("\"approvals\": []", "\"approvals\": [], \"signed_off_by\": \"somebody\"", 1));
    differs(page.replacen("Completed", "completed", 1).replacen(
        "completed</strong>",
        "Completed</strong>",
        1,
    ));
    differs(page.replacen("</main>", "<p>and everybody was happy</p></main>", 1));
    differs(page.replacen("default-src 'none'", "default-src *", 1));
    differs(format!("{page}\n"));
}

#[test]
fn a_report_whose_log_was_changed_names_the_record() {
    let Signed { key, report, page, .. } = signed();
    for text in [report, page] {
        let place = text.find("\\\"seq\\\":7,").unwrap();
        let changed = format!("{}{}", &text[..place], text[place..].replacen("T06:", "T05:", 1));
        assert_eq!(first_fault(changed.as_bytes(), key), Some(("MP0806".to_owned(), Some(7))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_changed_byte_of_a_page_is_found(place in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut page = signed().page.clone().into_bytes();
        let place = place.index(page.len());
        page[place] ^= by;
        prop_assert!(first_fault(&page, &signed().key).is_some(), "byte {place}");
    }

    /// White space between values says nothing, everything else does.
    #[test]
    fn a_changed_byte_of_a_report_is_found(place in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut report = signed().report.clone().into_bytes();
        let place = place.index(report.len());
        report[place] ^= by;
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
        let same = read(&report) == read(signed().report.as_bytes());
        prop_assert_eq!(first_fault(&report, &signed().key).is_none(), same, "byte {}", place);
    }
}

#[test]
fn a_live_run_is_reported_as_not_signed_yet_and_does_not_verify() {
    let bench = Bench::new();
    bench.run(&["failback", "erp.muster", "--planned", "--yes", "--as", "dana", "--approve", "go"]).exits(6);
    bench.run(&["report", "last"]).exits(0).prints("records, not signed yet");
    bench.run(&["report", "last", "--format", "html", "-o", "live.html"]).exits(0);
    assert!(bench.read("live.html").contains("Not signed yet"));
    bench.run(&["verify", "live.html"]).exits(1).says("MP0810").says("it goes on, or the rest was cut off");
    bench.run(&["verify", "last"]).exits(1).says("MP0810");
    bench.run(&["approve", "last", "accept", "--as", "lee"]).exits(0);
    bench.run(&["resume", "last", "--as", "dana"]).exits(0);
    bench.run(&["verify", "last"]).exits(0);
    bench.run(&["report", "last"]).exits(0).prints("records, signed");
}
