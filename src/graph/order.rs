//! Order of large graphs: compact adjacency, levels by statement order, longest paths.
//! Pure numbers, loops only: a chain of a million nodes needs no stack.

use std::time::Duration;

/// Adjacency of a graph whose nodes are numbered in statement order: 4 bytes a node and an edge.
#[derive(Clone, Debug)]
pub struct Csr {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Csr {
    /// The graph of `nodes` nodes with the given edges, as `(from, to)`; edges that name no node are left away.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "each index is checked against the number of nodes first")]
    pub fn new(nodes: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let known = |(from, to): &(u32, u32)| (*from as usize) < nodes && (*to as usize) < nodes;
        let mut starts = vec![0_u32; nodes + 1];
        for (from, _) in edges.clone().filter(known) {
            starts[from as usize + 1] += 1;
        }
        for index in 0..nodes {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut targets = vec![0_u32; starts[nodes] as usize];
        for (from, to) in edges.filter(known) {
            let slot = &mut next[from as usize];
            targets[*slot as usize] = to;
            *slot += 1;
        }
        Self { starts, targets }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The nodes that an edge leads to from `node`.
    #[must_use]
    pub fn after(&self, node: u32) -> &[u32] {
        let at = node as usize;
        let range = self.starts.get(at).zip(self.starts.get(at + 1));
        range.and_then(|(from, to)| self.targets.get(*from as usize..*to as usize)).unwrap_or(&[])
    }

    /// The same graph with every edge turned around.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let edges = (0..self.len()).flat_map(|from| {
            let from = u32::try_from(from).unwrap_or(u32::MAX);
            self.after(from).iter().map(move |to| (*to, from))
        });
        Self::new(self.len(), edges)
    }
}

/// Nodes in an order in which every edge leads forward, level by level, in statement order within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The nodes in that order. Those on a cycle or behind one are missing.
    pub nodes: Vec<u32>,
    /// Each node's level: one more than the highest of what it waits for; `u32::MAX` if missing.
    pub levels: Vec<u32>,
    /// Nodes on a cycle or behind one, in statement order.
    pub stuck: Vec<u32>,
}

/// Orders a graph in time proportional to its size.
#[must_use]
#[expect(clippy::indexing_slicing, reason = "`Csr::new` keeps only targets below the number of nodes")]
pub fn order(csr: &Csr) -> Order {
    let count = csr.len();
    let mut waits = vec![0_u32; count];
    for target in &csr.targets {
        waits[*target as usize] += 1;
    }
    let mut nodes: Vec<u32> = Vec::with_capacity(count);
    nodes.extend((0_u32..).take(count).filter(|node| waits[*node as usize] == 0));
    let mut levels = vec![u32::MAX; count];
    let mut level = 0;
    let mut at = 0;
    // Whatever becomes free while a level is gone through is the next level: no ready queue is needed.
    while at < nodes.len() {
        let end = nodes.len();
        nodes[at..end].sort_unstable();
        while at < end {
            let node = nodes[at];
            at += 1;
            levels[node as usize] = level;
            for target in csr.after(node) {
                let open = &mut waits[*target as usize];
                *open -= 1;
                if *open == 0 {
                    nodes.push(*target);
                }
            }
        }
        level += 1;
    }
    let stuck = (0_u32..).take(count).filter(|node| levels[*node as usize] == u32::MAX).collect();
    Order { nodes, levels, stuck }
}

/// The longest way through a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The sum of its nodes' durations.
    pub total: Duration,
    /// Its nodes in order.
    pub nodes: Vec<u32>,
}

/// The longest way by the nodes' durations that ends at `end`, or anywhere.
/// Prereq: `order` is the order of `csr`. Nodes on cycles are not looked at.
#[must_use]
#[expect(clippy::indexing_slicing, reason = "nodes of the order are below the number of nodes")]
pub fn critical_path(csr: &Csr, order: &Order, cost: &[Duration], end: Option<u32>) -> Path {
    let mut finish = vec![Duration::ZERO; csr.len()];
    let mut from = vec![u32::MAX; csr.len()];
    let mut ready = vec![Duration::ZERO; csr.len()];
    let mut last: Option<u32> = None;
    for node in order.nodes.iter().copied() {
        let own = cost.get(node as usize).copied().unwrap_or_default();
        let done = ready[node as usize].saturating_add(own);
        finish[node as usize] = done;
        if last.is_none_or(|best| finish[best as usize] < done) {
            last = Some(node);
        }
        for target in csr.after(node).iter().map(|target| *target as usize) {
            if from[target] == u32::MAX || ready[target] < done {
                ready[target] = done;
                from[target] = node;
            }
        }
    }
    let mut nodes = Vec::new();
    let mut at = end.or(last);
    let total = at.and_then(|node| finish.get(node as usize)).copied().unwrap_or_default();
    while let Some(node) = at.filter(|_| nodes.len() <= csr.len()) {
        nodes.push(node);
        at = from.get(node as usize).copied().filter(|before| *before != u32::MAX);
    }
    nodes.reverse();
    Path { total, nodes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_nodes_leave_level_by_level_in_statement_order() {
        let csr = Csr::new(6, [(4, 0), (5, 0), (0, 2), (5, 1), (2, 3)].into_iter());
        let order = order(&csr);
        assert_eq!(order.nodes, [4, 5, 0, 1, 2, 3]);
        assert_eq!(order.levels, [1, 1, 2, 3, 0, 0]);
        assert!(order.stuck.is_empty());
    }

    #[test]
    fn what_stands_on_a_cycle_or_behind_it_is_stuck_and_nothing_else() {
        let csr = Csr::new(5, [(0, 1), (1, 2), (2, 1), (2, 3), (0, 4)].into_iter());
        let order = order(&csr);
        assert_eq!(order.nodes, [0, 4]);
        assert_eq!(order.stuck, [1, 2, 3]);
    }

    #[test]
    fn a_chain_of_a_million_nodes_needs_no_stack() {
        let csr = Csr::new(1_000_000, (0..999_999).map(|node| (node, node + 1)));
        let order = order(&csr);
        assert_eq!(order.levels.last(), Some(&999_999));
        let path = critical_path(&csr, &order, &vec![Duration::from_secs(1); 1_000_000], None);
        assert_eq!((path.total, path.nodes.len()), (Duration::from_secs(1_000_000), 1_000_000));
    }

    #[test]
    fn the_critical_path_goes_by_duration_and_ends_where_asked() {
        let seconds = |list: &[u64]| list.iter().map(|s| Duration::from_secs(*s)).collect::<Vec<_>>();
        let csr = Csr::new(4, [(0, 1), (0, 2), (1, 3), (2, 3)].into_iter());
        let order = order(&csr);
        let path = critical_path(&csr, &order, &seconds(&[1, 5, 9, 1]), None);
        assert_eq!((path.total.as_secs(), path.nodes), (11, vec![0, 2, 3]));
        let path = critical_path(&csr, &order, &seconds(&[1, 5, 9, 1]), Some(1));
        assert_eq!((path.total.as_secs(), path.nodes), (6, vec![0, 1]));
    }
}
