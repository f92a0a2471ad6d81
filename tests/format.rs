//! The formatter: canonical text, nothing lost, stable.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

#[path = "support/gen.rs"]
mod generated;
#[path = "support/trees.rs"]
mod trees;

use expect_test::{Expect, expect};
use musterpoint::base::Id;
use musterpoint::format::{FormatError, format};
use musterpoint::source::FileId;
use musterpoint::syntax::{parse, parse_whole, same_tree, scan};
use proptest::prelude::*;

const CONTOSO: &str = include_str!("fixtures/contoso.muster");
const ERP: &str = include_str!("fixtures/erp.muster");

#[track_caller]
fn formatted(text: &str) -> String {
    let once = format(text).unwrap();
    assert_eq!(format(&once).unwrap(), once, "formatting again changes the text");
    once
}

#[track_caller]
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&formatted(text));
}

#[test]
fn the_examples_of_the_design() {
    check(
        CONTOSO,
        &expect![[r##"
        # plans/contoso.muster
        ## The replicated estate: two sites and the machinery that replicates between them. Home first.
        estate contoso {
          sites    = [avs, azure]
          provider = sim { inventory = "estates/contoso.json", seed = 7 }
        }

        role dr_lead   { members = ["dana", "lee"] }
        role app_owner { members = anyone }

        notify ops { run = ["scripts/page.sh"], on = [waiting, halted, ended], remind = 15m, timeout = 30s }
    "##]],
    );
    check(
        ERP,
        &expect![[r##"
        # plans/erp.muster
        use "contoso.muster"

        ## ERP: recovered in Azure, brought home to the Azure VMware Solution private cloud.
        plan erp {
          estate    = contoso
          objective { rpo = 1h, rto = 2h, until = erp_up }
          limits    { power_on = 20 }
          network lan { avs = "VLAN10", azure = "vnet-erp/app", test = "vnet-bubble/app" }

          ## Replicated together: both go to one common recovery point.
          group db {
            point = [common_app(max_age = 1h), common(max_age = 4h), ask]
            vm sql01 { os = windows }
            vm sql02 { os = windows }
            order { sql01 -> sql02 }
          }

          ## No consistency promised between these: each goes to its own newest point.
          tier app {
            point = latest_processed
            vm [app01, app02] { os = linux }
          }

          vm jump01 { os = linux, point = latest, optional = true }

          approve go     { prompt = "Fail the ERP over?", by = dr_lead, within = 30m }
          script  freeze {
            operations = [failover, failback]
            modes      = [planned]
            run        = ["scripts/freeze-batch.sh", "${run.source}"]
            timeout    = 5m
          }
          check   sql_up { tcp = "${sql01.address}:1433", every = 5s, within = 5m }
          check   erp_up { http = "http://${app01.address}/health", status = 200, in_a_row = 3, within = 10m }
          approve accept {
            prompt  = "ERP accepted by the business?"
            by      = app_owner
            within  = 24h
            if_late = keep_waiting
          }

          order {
            go -> freeze -> db -> sql_up -> app -> erp_up -> accept -> commit -> reprotect
            db -> jump01
            accept -> cleanup  # in a test
          }

          fence     { run = ["scripts/isolate.sh", "${run.source}"], timeout = 5m, or_approve = dr_lead }
          commit    { }  # on failback it deletes the machines left behind: no way back
          reprotect {
            via   { avs = "ps-avs-01", azure = "ps-westeurope-01" }  # keyed by the site replicated to
            retry { on = agent_not_registered, every = 60s, for = 15m }
          }
        }
    "##]],
    );
}

#[test]
fn neighbours_are_aligned_until_a_blank_line_a_comment_or_a_taller_statement() {
    check(
        "a=1\nlonger = 2\n\nb=3\n# note\nlong=4\nobjective{rpo=1h}\nx=5\nvm a {}\ngroup longer{}\nf [\n a\n ] {\n}\nthis-name-is-far-too-long-to-align = 1\ny = 2",
        &expect![[r#"
            a      = 1
            longer = 2

            b = 3
            # note
            long      = 4
            objective { rpo = 1h }
            x         = 5
            vm    a      { }
            group longer { }
            f     [a]    { }
            this-name-is-far-too-long-to-align = 1
            y = 2
        "#]],
    );
}

#[test]
fn blocks_stay_on_one_line_if_they_were_and_fit() {
    check(
        "vm a{os=linux,optional=true}\nvm b {\n os = linux }\nvm c { a = 1\n b = 2, c = 3 }\ncheck d { http = \"http://app01.example.org/health\", status = 200, in_a_row = 3, every = 5s, within = 10m }\ncommit {\n}",
        &expect![[r#"
            vm a { os = linux, optional = true }
            vm b {
              os = linux
            }
            vm c {
              a = 1
              b = 2
              c = 3
            }
            check d {
              http     = "http://app01.example.org/health"
              status   = 200
              in_a_row = 3
              every    = 5s
              within   = 10m
            }
            commit { }
        "#]],
    );
}

#[test]
fn lists_and_calls_break_where_they_do_not_fit() {
    check(
        "x = [a,b,c]\ny = [\na, b, c]\nz = [\"a long text that takes much room\", \"another long text that takes much room\", \"and one more\"]\nc = f(a, b = [1,\n2],\n c = 3)\ne = []\nt = sim{seed=7}\nu = sim {\n seed = 7 }",
        &expect![[r#"
            x = [a, b, c]
            y = [
              a
              b
              c
            ]
            z = ["a long text that takes much room", "another long text that takes much room", "and one more"]
            c = f(
              a,
              b = [
                1
                2
              ],
              c = 3,
            )
            e = []
            t = sim { seed = 7 }
            u = sim {
              seed = 7
            }
        "#]],
    );
}

#[test]
fn chains_keep_their_breaks_and_long_ones_get_more() {
    check(
        "order {\n a->b->[c,d]\n a ->\n b\n -> c\n step-number-one -> step-number-two -> step-number-three -> step-number-four -> step-number-five -> step-number-six }",
        &expect![[r#"
            order {
              a -> b -> [c, d]
              a
                -> b
                -> c
              step-number-one -> step-number-two -> step-number-three -> step-number-four -> step-number-five
                -> step-number-six
            }
        "#]],
    );
}

#[test]
fn every_comment_stays_where_it_was_met() {
    check(
        "#!first\n\n\n# second\nplan p { # opens\n # inside\n a = 1 # trails\n b = [ # list\n # own\n 1 # one\n 2\n # last\n ] # closes\n c = # before value\n 3\n a # link\n # between\n -> b\n d = f( # call\n  x = 1, # arg\n )\n vm [ a # label\n b ] {\n # only this\n }\n\n # end\n}\n# eof",
        &expect![[r#"
            #!first

            # second
            plan p {  # opens
              # inside
              a = 1  # trails
              b = [  # list
                # own
                1  # one
                2
                # last
              ]  # closes
              c =  # before value
                3
              a  # link
                # between
                -> b
              d = f(  # call
                x = 1,  # arg
              )
              vm [
                a  # label
                b
              ] {
                # only this
              }

              # end
            }
            # eof
        "#]],
    );
}

#[test]
fn carriage_returns_and_the_byte_order_mark_go() {
    let text = "\u{feff}a = 1\r\n\r\nb = \"\"\"\r\n  x\r\n  \"\"\" # c\r\n";
    assert_eq!(formatted(text), "a = 1\n\nb = \"\"\"\n  x\n  \"\"\"  # c\n");
}

#[test]
fn nothing_stays_nothing_and_only_comments_stay() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("\n\n"), "");
    assert_eq!(formatted("\n # a\n\n\n\n#b"), "# a\n\n#b\n");
}

#[test]
fn a_file_with_a_syntax_error_is_refused() {
    let Err(FormatError::Syntax(found)) = format("a = 1\nb = = 2") else { panic!("formatted") };
    assert_eq!(found.len(), 1);
}

#[test]
fn shipped_plans_are_in_canonical_form() {
    let plans = std::fs::read_dir("plans").unwrap().map(|entry| entry.unwrap().path());
    let plans: Vec<_> = plans.filter(|path| path.extension().is_some_and(|end| end == "muster")).collect();
    assert!(plans.len() > 10);
    for path in plans {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(format(&text).unwrap() == text, "`muster fmt {}` has not been run", path.display());
    }
}

#[test]
fn a_large_plan_is_formatted_and_stable() {
    formatted(&generated::plan(300));
}

/// What formatting promises, for a text that parses.
fn promises(text: &str) -> Result<(), TestCaseError> {
    let file = FileId::from_index(0);
    let once = format(text).map_err(|wrong| TestCaseError::fail(format!("{wrong:?}\n{text}")))?;
    prop_assert_eq!(format(&once).unwrap(), once.clone(), "not stable: {}", text);
    let (before, after) = (parse_whole(file, text).unwrap(), parse(file, &once).file);
    prop_assert!(same_tree(&before, &after));
    prop_assert_eq!(scan::comments(text).len(), scan::comments(&once).len());
    let clean = !once.contains(['\r', '\u{feff}']) && !once.contains("\n\n\n");
    prop_assert!(clean, "{}", once);
    prop_assert!(once.is_empty() || once.ends_with('\n'));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_with_any_trivia_is_formatted(tree in trees::statements(), noise in trees::noise()) {
        let text = trees::write(&tree, &noise);
        promises(&text)?;
        prop_assert_eq!(trees::read(&text, &parse(FileId::from_index(0), &text).file.items), tree);
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in trees::soup()) {
        if parse(FileId::from_index(0), &text).diagnostics.is_empty() {
            promises(&text)?;
        } else {
            prop_assert!(matches!(format(&text), Err(FormatError::Syntax(_))));
        }
    }
}
