//! The conformance suite notices an estate that breaks the contract.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use musterpoint::base::{Clock, Timestamp};
use musterpoint::estate::Estate;
use musterpoint::estate::conformance;
use musterpoint::estate::sim::Sim;
use musterpoint::event::{
    Artifact, EstateError, Found, Handle, Key, Observation, Probe, ProbeAnswer, Progress, Request, Submitted,
};
use musterpoint::inventory::Inventory;

use crate::lab::{Lab, subject};

/// How an estate breaks the contract.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Breach {
    None,
    ForgetsKeys,
    ForgetsWhatWasDone,
    ReportsOldestFirst,
    RefusesNothing,
    FindsWhatItRefused,
    SeesNothingRun,
    AnnouncesNothing,
    AnnouncesOtherNames,
    SeesNothingLeft,
}

struct Breaking<'a> {
    sim: &'a Sim,
    breach: Breach,
    calls: AtomicU32,
    refused: std::sync::Mutex<Vec<Key>>,
}

impl Estate for Breaking<'_> {
    fn clock(&self) -> Arc<dyn Clock> {
        self.sim.clock()
    }

    async fn inventory(&self) -> Result<Inventory, EstateError> {
        let mut inventory = self.sim.inventory().await?;
        if self.breach == Breach::ReportsOldestFirst {
            inventory.vms.values_mut().for_each(|vm| vm.points.reverse());
        }
        Ok(inventory)
    }

    async fn will_create(&self, key: &Key, request: &Request) -> Result<Vec<Artifact>, EstateError> {
        let mut announced = self.sim.will_create(key, request).await?;
        match self.breach {
            Breach::AnnouncesNothing => announced.clear(),
            Breach::AnnouncesOtherNames => announced.iter_mut().for_each(|one| one.id.push('x')),
            Breach::None
            | Breach::ForgetsKeys
            | Breach::ForgetsWhatWasDone
            | Breach::ReportsOldestFirst
            | Breach::FindsWhatItRefused
            | Breach::RefusesNothing
            | Breach::SeesNothingRun
            | Breach::SeesNothingLeft => {}
        }
        Ok(announced)
    }

    async fn remains(&self, machines: &[String]) -> Result<Vec<Artifact>, EstateError> {
        let there = self.sim.remains(machines).await?;
        Ok(if self.breach == Breach::SeesNothingLeft { Vec::new() } else { there })
    }

    async fn submit(&self, key: &Key, request: &Request) -> Result<Submitted, EstateError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let fresh = Key::of("forgotten", call, 1);
        let key = if self.breach == Breach::ForgetsKeys { &fresh } else { key };
        match self.sim.submit(key, request).await {
            Err(EstateError::Refused { .. }) if self.breach == Breach::RefusesNothing => {
                Ok(Submitted::Done(musterpoint::event::Detail::default()))
            }
            Err(EstateError::Refused { code, message }) => {
                self.refused.lock().unwrap().push(key.clone());
                Err(EstateError::Refused { code, message })
            }
            answer => answer,
        }
    }

    async fn poll(&self, handle: &Handle) -> Result<Progress, EstateError> {
        self.sim.poll(handle).await
    }

    async fn cancel(&self, handle: &Handle) -> Result<(), EstateError> {
        self.sim.cancel(handle).await
    }

    async fn find(&self, key: &Key, request: &Request, since: Timestamp) -> Result<Found, EstateError> {
        match self.sim.find(key, request, since).await? {
            Found::Done(_) if self.breach == Breach::ForgetsWhatWasDone => Ok(Found::NeverArrived),
            Found::NeverArrived
                if self.breach == Breach::FindsWhatItRefused
                    && self.refused.lock().unwrap().contains(key) =>
            {
                Ok(Found::Running(Handle("late".to_owned())))
            }
            found => Ok(found),
        }
    }

    async fn observe(&self, machine: &str, test: bool) -> Result<Observation, EstateError> {
        let seen = self.sim.observe(machine, test).await?;
        if self.breach == Breach::SeesNothingRun {
            return Ok(Observation { source_running: Some(false), target_running: Some(false), ..seen });
        }
        Ok(seen)
    }

    async fn probe(&self, probe: &Probe) -> ProbeAnswer {
        self.sim.probe(probe).await
    }
}

fn judge(breach: Breach, faults: &[&str]) -> Result<(), String> {
    let lab = Lab::with("{}", faults);
    let estate =
        Breaking { sim: &lab.sim, breach, calls: AtomicU32::new(0), refused: std::sync::Mutex::default() };
    lab.runtime.block_on(conformance::run(&estate, &subject("app01", "ps-avs", "one")))
}

#[test]
fn every_breach_is_noticed() {
    assert_eq!(judge(Breach::None, &[]), Ok(()));
    for breach in [
        Breach::ForgetsKeys,
        Breach::ForgetsWhatWasDone,
        Breach::ReportsOldestFirst,
        Breach::RefusesNothing,
        Breach::FindsWhatItRefused,
        Breach::SeesNothingRun,
        Breach::AnnouncesNothing,
        Breach::AnnouncesOtherNames,
        Breach::SeesNothingLeft,
    ] {
        judge(breach, &[]).expect_err(&format!("{breach:?}"));
    }
}

#[test]
fn a_verb_that_lies_is_noticed() {
    for verb in
        ["shut_down", "take_final", "fail_over", "start", "change_point", "roll_back", "commit", "reprotect"]
    {
        judge(Breach::None, &[&format!("lie {verb} app01")]).expect_err(verb);
    }
    for fault in ["lie clean_up app01", "leak clean_up app01", "leak clean_up app01 once"] {
        let broken = judge(Breach::None, &[fault]).expect_err(fault);
        assert!(broken.starts_with("after its cleanup there is "), "{broken}");
    }
}
