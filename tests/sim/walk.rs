//! Whatever is asked in whatever order: a refusal changes nothing, an act acts once, and the machines make
//! sense at every instant.

use std::time::Duration;

use musterpoint::estate::Estate;
use musterpoint::event::{EstateError, Request, Submitted};
use musterpoint::inventory::{self, Inventory, Protection};
use musterpoint::model::Mode;
use proptest::prelude::*;

use crate::lab::{Lab, commit, fail_over, reprotect, shut_down, start};

const MACHINES: [&str; 3] = ["sql01", "sql02", "app01"];

/// The request of a number, as the machine stands.
fn request(lab: &Lab, verb: u8, name: &str) -> Request {
    let inventory = lab.inventory();
    let vm = &inventory.vms[name];
    let machine = name.to_owned();
    let other = if vm.site == "avs" { "azure" } else { "avs" };
    let usable = vm.points.iter().find(|point| point.processed && point.usable);
    let point = usable.map_or("none", |point| inventory.text(point.id));
    match verb {
        0 => shut_down(name),
        1 => Request::TakeFinal { machines: vec![machine] },
        2 => fail_over(name, point, Some(Mode::Planned), other),
        3 => fail_over(name, point, Some(Mode::Unplanned), other),
        4 => fail_over(name, point, None, other),
        5 => start(name),
        6 => Request::Start { machine, test: true },
        7 => Request::ChangePoint { machine, point: point.to_owned() },
        8 => Request::RollBack { machine, start_source: true },
        9 => commit(name),
        10 => reprotect(name, other, &format!("ps-{other}")),
        11 => Request::CleanUp { machine },
        _ => Request::ProcessPending { machines: MACHINES.map(str::to_owned).to_vec() },
    }
}

fn makes_sense(inventory: &Inventory) -> Result<(), TestCaseError> {
    for vm in inventory.vms.values() {
        prop_assert!(
            vm.points.windows(2).all(|pair| pair[0].at >= pair[1].at),
            "{}: not newest first",
            vm.name
        );
        let mut ids: Vec<_> = vm.points.iter().map(|point| point.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), vm.points.len(), "{}: an id twice", &vm.name);
        prop_assert!(vm.points.iter().all(|point| point.at <= inventory.now), "{}: a point to come", vm.name);
        let replicates = vm.protection == Protection::Protected;
        prop_assert_eq!(replicates, vm.replicates_to.is_some(), "{}: {:?}", &vm.name, vm.protection);
        prop_assert!(vm.replicates_to.as_ref() != Some(&vm.site), "{} replicates to itself", vm.name);
        prop_assert!(vm.left_behind.as_ref().is_none_or(|left| left.site != vm.site));
        if vm.protection == Protection::FailedOver {
            prop_assert!(vm.left_behind.is_some() && !vm.points.is_empty());
        }
        if vm.protection == Protection::Unprotected {
            prop_assert!(vm.points.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_requests_keeps_the_estate_sensible(
        steps in prop::collection::vec((0_u8..13, 0_usize..3, 0_u64..1200, any::<bool>()), 1..60),
    ) {
        let mut lab = Lab::with("{}", &["fail fail_over app01 20%", "lose start sql01 20%"]);
        for (verb, machine, seconds, reopens) in steps {
            let request = request(&lab, verb, MACHINES[machine]);
            let before = inventory::to_text(&lab.inventory());
            let key = lab.key();
            match lab.submit(&key, &request) {
                Ok(Submitted::Accepted(_, when)) => {
                    lab.sim.clock().jump(when);
                }
                Ok(Submitted::Done(_)) | Err(EstateError::Unknown { .. }) => {}
                Err(EstateError::Refused { .. } | EstateError::Retry { .. }) => {
                    prop_assert_eq!(&before, &inventory::to_text(&lab.inventory()), "{:?}", request);
                }
            }
            lab.pass(Duration::from_secs(seconds));
            makes_sense(&lab.inventory())?;
            if reopens {
                lab = lab.reopen(&[]);
                makes_sense(&lab.inventory())?;
            }
        }
        prop_assert!(lab.sim.effects().unwrap().iter().all(|effect| effect.count == 1));
    }
}
