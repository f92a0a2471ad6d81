//! Loops in small directed graphs: files that use each other, plans that call each other.

/// One cycle for each edge that leads back, as edges `(from, to, payload)` in order, found from the
/// lowest node up. Takes time in proportion to nodes and edges, plus the length of the cycles.
pub(super) fn cycles<P: Copy>(nodes: usize, edges: &[(usize, usize, P)]) -> Vec<Vec<(usize, usize, P)>> {
    let mut leaving: Vec<Vec<(usize, usize, P)>> = vec![Vec::new(); nodes];
    for edge in edges {
        if let Some(list) = leaving.get_mut(edge.0) {
            // Two edges between the same nodes are one cycle.
            if !list.iter().any(|known| known.1 == edge.1) {
                list.push(*edge);
            }
        }
    }
    let mut state = vec![State::New; nodes];
    let mut found = Vec::new();
    for start in 0..nodes {
        if found.len() >= CYCLES_MAX {
            break;
        }
        walk(start, &leaving, &mut state, &mut found);
    }
    found
}

/// Cycles after which no further start is tried; the first few are what a person mends.
const CYCLES_MAX: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

fn walk<P: Copy>(
    start: usize,
    leaving: &[Vec<(usize, usize, P)>],
    state: &mut [State],
    found: &mut Vec<Vec<(usize, usize, P)>>,
) {
    if state.get(start) != Some(&State::New) {
        return;
    }
    // Each entry: a node, how many of its edges were taken, and the edge that led to it.
    let mut path: Vec<(usize, usize)> = vec![(start, 0)];
    let mut edges: Vec<(usize, usize, P)> = Vec::new();
    set(state, start, State::Open);
    while let Some((node, taken)) = path.last_mut() {
        let node = *node;
        let Some(edge) = leaving.get(node).and_then(|list| list.get(*taken)).copied() else {
            set(state, node, State::Done);
            path.pop();
            edges.pop();
            continue;
        };
        *taken += 1;
        match state.get(edge.1) {
            Some(State::New) => {
                set(state, edge.1, State::Open);
                path.push((edge.1, 0));
                edges.push(edge);
            }
            Some(State::Open) if found.len() < CYCLES_MAX => {
                let from = path.iter().position(|(open, _)| *open == edge.1).unwrap_or(0);
                let mut cycle: Vec<_> = edges.iter().skip(from).copied().collect();
                cycle.push(edge);
                found.push(cycle);
            }
            Some(State::Open | State::Done) | None => {}
        }
    }
}

fn set(state: &mut [State], node: usize, to: State) {
    if let Some(slot) = state.get_mut(node) {
        *slot = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loop_is_found_once_with_all_its_edges() {
        let edges = [(0, 1, 'a'), (1, 2, 'b'), (2, 0, 'c'), (2, 2, 'd'), (0, 3, 'e'), (1, 3, 'f')];
        let found: Vec<String> =
            cycles(4, &edges).into_iter().map(|cycle| cycle.iter().map(|edge| edge.2).collect()).collect();
        assert_eq!(found, ["abc", "d"]);
        assert!(cycles(4, &[(0, 1, ()), (1, 3, ()), (0, 3, ()), (0, 3, ())]).is_empty());
    }
}
