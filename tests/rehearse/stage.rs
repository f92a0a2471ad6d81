//! Small stages: machines that fail over and start, with lengths by the step's name.

use std::sync::Arc;
use std::time::Duration;

use musterpoint::base::{Id as _, IdVec};
use musterpoint::event::Lasts;
use musterpoint::model::{CheckKind, CheckStep, OnFailure, VmId};
use musterpoint::rehearse::file::Said;
use musterpoint::rehearse::{Fault, Lengths, Scene, Sources, Told};
use musterpoint::runbook::{Act, Dependency, Lane, Needs, Node, NodeId, Phase, Runbook, Slot};

use crate::runbooks::{after, node, runbook};

pub(crate) fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn exactly(seconds: u64) -> Lasts {
    Lasts::Exactly(s(seconds))
}

pub(crate) fn seen(seconds: &[u64]) -> Lasts {
    Lasts::AsSeen(seconds.iter().map(|seconds| s(*seconds)).collect())
}

/// Nodes added one after the other.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) nodes: IdVec<NodeId, Node>,
    said: Said,
}

impl Graph {
    /// A step that waits for others to be done and lasts so long.
    pub(crate) fn step(&mut self, name: &str, act: Act, after: &[NodeId], lasts: Lasts) -> NodeId {
        self.said.steps.insert(name.to_owned(), lasts);
        let edges: Vec<Dependency> = after.iter().map(|on| self::after(*on, Needs::Done)).collect();
        let phase = if matches!(act, Act::FailOver { .. }) { Phase::Failover } else { Phase::Start };
        self.nodes.push(node(name, phase, Lane::Forward, act, edges))
    }

    /// `fail over vmN` and, behind it, `start vmN`.
    pub(crate) fn machine(&mut self, number: usize, after: &[NodeId], lasts: [Lasts; 2]) -> [NodeId; 2] {
        let vm = VmId::from_index(number);
        let [made, started] = lasts;
        let made = self.step(&format!("fail over vm{number}"), Act::FailOver { vm }, after, made);
        let started = self.step(&format!("start vm{number}"), Act::Start { vm }, &[made], started);
        self.nodes.at_mut(started).policy.slot = Some(Slot::PowerOn);
        [made, started]
    }

    /// A check that looks every five seconds for a minute.
    pub(crate) fn check(&mut self, name: &str, vm: usize, after: &[NodeId], lasts: Lasts) -> NodeId {
        let kind = CheckKind::Heartbeat(VmId::from_index(vm));
        let check = CheckStep { kind, every: s(5), in_a_row: 1, within: s(60), real: false };
        self.step(name, Act::Check(check), after, lasts)
    }

    pub(crate) fn rule(&mut self, node: NodeId, rule: OnFailure) {
        self.nodes.at_mut(node).policy.on_failure = rule;
    }

    pub(crate) fn scene(self, machines: usize) -> Scene {
        self.scene_with(machines, |_| {})
    }

    pub(crate) fn scene_with(self, machines: usize, set: impl FnOnce(&mut Runbook)) -> Scene {
        let mut runbook = runbook(self.nodes, machines);
        set(&mut runbook);
        let lengths = Lengths::of(&runbook, &Sources { said: self.said, ..Sources::default() });
        Scene::new(Arc::new(runbook), lengths)
    }
}

/// Faults told in text.
pub(crate) fn told(scene: &Scene, faults: &[&str]) -> Told {
    let read = |text: &&str| match Fault::read(text, scene.runbook()) {
        Ok(fault) => fault,
        Err(diagnostic) => panic!("{text}: {diagnostic:?}"),
    };
    Told::new(scene, faults.iter().map(read).collect())
}
