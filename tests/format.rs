//! The formatter: canonical text, nothing lost, stable.

use expect_test::{Expect, expect};
use musterpoint::format::format;

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
