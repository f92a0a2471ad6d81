//! When a commit window opens: once the target of every machine of its gate is settled, and one of them is
//! up. A window over nothing is none.

use std::collections::BTreeSet;

use crate::base::Timestamp;
use crate::model::VmId;
use crate::runbook::{Act, NodeId};

use super::core::Run;

impl Run {
    /// A node of a machine's target has settled: its windows wait for one machine less.
    pub(super) fn open_windows(&mut self, node: NodeId, at: Timestamp) {
        let Some(vm) = self.target_of.get(&node).copied() else { return };
        if !self.target_settled(vm) {
            return;
        }
        let mut complete = Vec::new();
        for (gate, pending) in &mut self.window_pending {
            if pending.remove(&vm) && pending.is_empty() {
                complete.push(*gate);
            }
        }
        for gate in complete {
            self.open_if_up(gate, at);
        }
    }

    fn target_settled(&self, vm: VmId) -> bool {
        self.machine_nodes.at(vm).target.iter().all(|id| self.nodes.at(*id).state.is_settled())
    }

    fn machines_of_gate(&self, gate: NodeId) -> &[VmId] {
        match &self.runbook.nodes.at(gate).act {
            Act::CommitGate(spec) => &spec.vms,
            _ => &[],
        }
    }

    fn open_if_up(&mut self, gate: NodeId, at: Timestamp) {
        if self.machines_of_gate(gate).iter().any(|vm| self.target_done(*vm)) {
            self.window_opened.entry(gate).or_insert(at);
        }
    }

    fn closed_gates(&self) -> Vec<NodeId> {
        self.window_pending.keys().copied().filter(|gate| !self.window_opened.contains_key(gate)).collect()
    }

    /// Before states are derived afresh: no window that is not open may open by what is derived on the way.
    pub(super) fn close_windows(&mut self) {
        for gate in self.closed_gates() {
            let all: BTreeSet<VmId> = self.machines_of_gate(gate).iter().copied().collect();
            self.window_pending.insert(gate, all);
        }
    }

    /// After states were derived afresh: which machines windows wait for, and whether they open.
    pub(super) fn look_at_windows(&mut self, at: Timestamp) {
        for gate in self.closed_gates() {
            let machines = self.machines_of_gate(gate).iter().copied();
            let pending: BTreeSet<VmId> = machines.filter(|vm| !self.target_settled(*vm)).collect();
            let complete = pending.is_empty();
            self.window_pending.insert(gate, pending);
            if complete {
                self.open_if_up(gate, at);
            }
        }
    }
}
