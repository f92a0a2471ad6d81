//! The graph of a plan in every operation and mode, and what can be read off it.
#![expect(clippy::format_push_string, reason = "helpers of tests fail by panicking")]

mod plans;

use std::collections::BTreeSet;

use musterpoint::graph::draw::{Show, dot, json, mermaid, svg};
use musterpoint::graph::{Expand, Graph, Phase, Work, cycles, expand, explain};
use musterpoint::model::{Mode, Operation};
use musterpoint::source::Sources;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, EdgeRef};
use proptest::prelude::*;

/// Every node with its phase, and below it what it waits for and why.
fn text(graph: &Graph<'_>, sources: &Sources) -> String {
    let mut text = String::new();
    for index in graph.dag.node_indices() {
        let node = graph.node(index);
        let optional = if node.optional { " (optional)" } else { "" };
        let undoes = node.undoes.map(|of| format!(" undoes {}", graph.node(of).name)).unwrap_or_default();
        text += &format!("{} [{}]{optional}{undoes}\n", node.name, node.phase.word());
        let mut before: Vec<_> = graph.dag.edges_directed(index, Direction::Incoming).collect();
        before.sort_by_key(|edge| edge.source());
        for edge in before {
            let mark = match edge.weight().need {
                musterpoint::graph::Need::Done => "<-",
                musterpoint::graph::Need::Settled => "<~",
            };
            text +=
                &format!("  {mark} {}: {}\n", graph.node(edge.source()).name, edge.weight().words(sources));
        }
    }
    text
}

#[test]
fn erp_in_every_operation_and_mode() {
    let (plan, sources) = plans::shipped("erp");
    let mut every = vec![("test".to_owned(), Operation::Test, None)];
    for operation in [Operation::Failover, Operation::Failback] {
        for mode in [Mode::Planned, Mode::Unplanned, Mode::Forced] {
            every.push((format!("{}-{}", operation.word(), mode.word()), operation, Some(mode)));
        }
    }
    for (name, operation, mode) in every {
        let graph = expand(&plan, &Expand::new(operation, mode));
        let path = format!("{}/tests/golden/graph-erp-{name}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_test::expect_file![path].assert_eq(&text(&graph, &sources));
    }
}

/// Everything that can only run after a node.
fn after(graph: &Graph<'_>, node: NodeIndex) -> BTreeSet<NodeIndex> {
    let mut found = BTreeSet::new();
    let mut walk = Dfs::new(&graph.dag, node);
    while let Some(next) = walk.next(&graph.dag) {
        found.insert(next);
    }
    found.remove(&node);
    found
}

fn plan_of(body: &str) -> (musterpoint::model::Plan, Sources) {
    plans::text(&format!(
        "{}plan p {{\n  estate = lab\n  point = latest_processed\n{body}\n}}\n",
        plans::ESTATE
    ))
}

#[test]
fn a_called_plan_goes_through_its_own_phases_between_its_neighbours() {
    let (plan, sources) = plans::shipped("move");
    let graph = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Planned)));
    let after_intranet = after(&graph, graph.find("intranet/reprotect net-web20").unwrap());
    assert!(after_intranet.contains(&graph.find("finance/drain").unwrap()));
    let begin = after(&graph, graph.find("begin").unwrap());
    assert!(begin.contains(&graph.find("intranet/shut down net-web20").unwrap()));
    let monday = explain(&graph, "monday", &sources);
    assert_eq!(monday.len(), 1);
    assert!(monday[0].waits_for.iter().all(|it| it.node.starts_with("finance/")), "{monday:?}");
    assert!(
        after(&graph, graph.find("logistics/drain").unwrap())
            .is_disjoint(&BTreeSet::from([graph.find("research/drain").unwrap()]))
    );
}

#[test]
fn a_step_that_does_not_apply_passes_its_arrows_through() {
    let (plan, _) = plan_of(
        "vm [a, b] { }\n script s { operations = [test], run = [\"true\"], timeout = 1m }\n order { a -> s -> b }",
    );
    let test = expand(&plan, &Expand::new(Operation::Test, None));
    assert!(test.find("s").is_some());
    let failover = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Planned)));
    assert_eq!(failover.find("s"), None);
    let edge = failover.dag.find_edge(failover.find("ready a").unwrap(), failover.find("start b").unwrap());
    let why = failover.dag[edge.unwrap()].words(&Sources::default());
    assert_eq!(why, "the arrow `a -> s`, and the arrow `s -> b`");
}

#[test]
fn steps_of_a_block_stand_around_its_shutdown_and_start() {
    let step = |name: &str, at: &str| {
        format!(
            "    script {name} {{ at = {at}, operations = [failover], run = [\"true\"], timeout = 1m }}\n"
        )
    };
    let (plan, _) = plan_of(&format!(
        "vm a {{\n{}{}{}{}}}\n vm b {{ }}\n order {{ a -> b }}",
        step("quiesce", "before_shutdown"),
        step("unmount", "after_shutdown"),
        step("prepare_disk", "before_start"),
        step("warm", "after_start")
    ));
    let graph = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Planned)));
    let way = [
        "shut down b",
        "quiesce",
        "shut down a",
        "unmount",
        "final point a",
        "bind a",
        "fail over a",
        "prepare_disk",
        "start a",
        "ready a",
        "warm",
        "start b",
    ];
    for pair in way.windows(2) {
        let (from, to) = (graph.find(pair[0]).unwrap(), graph.find(pair[1]).unwrap());
        assert!(after(&graph, from).contains(&to), "{pair:?}");
    }
}

#[test]
fn a_group_before_a_group_costs_the_sum_and_not_the_product() {
    let names = |word: &str| (0..200).map(|n| format!("{word}{n}")).collect::<Vec<_>>().join(", ");
    let (plan, _) = plan_of(&format!(
        "tier x {{ vm [{}] {{ }} }}\n tier y {{ vm [{}] {{ }} }}\n order {{ x -> y -> commit }}",
        names("a"),
        names("b")
    ));
    let graph = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Planned)));
    assert!(graph.dag.edge_count() < 400 * 20, "{}", graph.dag.edge_count());
}

#[test]
fn each_knot_is_one_shortest_cycle_with_the_place_of_every_arrow() {
    let (plan, sources) =
        plan_of("vm [a, b, c, d, e] { }\n order {\n a -> b -> c -> a\n b -> a\n d -> e -> d\n }");
    let found = cycles(&plan);
    let names: Vec<Vec<&str>> = found.iter().map(|cycle| cycle.names()).collect();
    assert_eq!(
        names,
        [["start a", "ready a", "start b", "ready b"], ["start d", "ready d", "start e", "ready e"]]
    );
    let places: Vec<_> = found[0]
        .spans()
        .iter()
        .map(|(span, _)| musterpoint::graph::place(&sources, *span).unwrap())
        .collect();
    assert_eq!(places, ["test.muster:11", "test.muster:12"]);
    let graph = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Planned)));
    assert!(svg(&graph, Show::WithRollback, &sources).contains("class=\"back\""));
    assert!(dot(&graph, Show::Forward, &sources).starts_with("digraph"));
    assert_eq!(json(&graph, Show::Forward, &sources)["cycles"].as_array().unwrap().len(), 2);
    let (itself, _) = plan_of("vm a { }\n order { a -> a }");
    assert_eq!(cycles(&itself).len(), 1);
}

#[test]
fn an_order_against_the_phases_is_a_cycle() {
    let (plan, _) = plan_of(
        "vm a { script s { at = before_shutdown, operations = [failover], run = [\"true\"], timeout = 1m } }\n vm b { }\n order { b -> s }",
    );
    let found = cycles(&plan);
    assert_eq!(found.len(), 1);
    assert!(found[0].names().contains(&"s"), "{:?}", found[0].names());
}

#[test]
fn a_chain_of_ten_thousand_steps_needs_no_stack() {
    let mut body = String::from("vm a { }\n");
    for n in 0..10_000 {
        body += &format!("check c{n} {{ tcp = \"h:1\", within = 1m }}\n");
    }
    let chain: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
    body += &format!("order {{ a -> {} }}", chain.join(" -> "));
    let (plan, _) = plan_of(&body);
    std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(move || {
            let graph = expand(&plan, &Expand::new(Operation::Failover, Some(Mode::Planned)));
            assert!(graph.dag.node_count() > 10_000);
            assert!(cycles(&plan).is_empty());
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn pictures_of_erp() {
    let (plan, sources) = plans::shipped("erp");
    let graph = expand(&plan, &Expand::new(Operation::Failback, Some(Mode::Planned)));
    for (name, drawn) in [
        ("svg", svg(&graph, Show::Forward, &sources)),
        ("dot", dot(&graph, Show::Forward, &sources)),
        ("mermaid", mermaid(&graph, Show::WithRollback)),
        ("json", format!("{:#}\n", json(&graph, Show::Forward, &sources))),
    ] {
        let path = format!("{}/tests/golden/graph-erp.{name}", env!("CARGO_MANIFEST_DIR"));
        expect_test::expect_file![path].assert_eq(&drawn);
    }
    let explained: String = explain(&graph, "app", &sources).iter().map(|it| it.text()).collect();
    let path = format!("{}/tests/golden/explain-erp-app.txt", env!("CARGO_MANIFEST_DIR"));
    expect_test::expect_file![path].assert_eq(&explained);
}

/// A plan of machines and steps whose arrows lead from lower to higher numbers: no cycle.
#[derive(Clone, Debug)]
struct Random {
    /// For each thing: 0 a machine, 1 a check, 2 a check of tests only, 3 an optional machine.
    kinds: Vec<u8>,
    arrows: BTreeSet<(usize, usize)>,
}

impl Random {
    fn text(&self) -> String {
        let mut text = String::from("  vm first { }\n");
        for (n, kind) in self.kinds.iter().enumerate() {
            text += &match kind {
                0 => format!("  vm x{n} {{ }}\n"),
                1 => format!("  check x{n} {{ tcp = \"h:1\", within = 1m }}\n"),
                2 => format!("  check x{n} {{ tcp = \"h:1\", within = 1m, operations = [test] }}\n"),
                _ => format!("  vm x{n} {{ optional = true }}\n"),
            };
        }
        text += "  order {\n    first -> commit\n";
        for (n, kind) in self.kinds.iter().enumerate().filter(|(_, kind)| matches!(kind, 1 | 2)) {
            // A step has to stand in a chain.
            text += &format!("    x{n} -> {}\n", if *kind == 1 { "commit" } else { "cleanup" });
        }
        for (from, to) in &self.arrows {
            text += &format!("    x{from} -> x{to}\n");
        }
        text + "  }"
    }

    /// The nodes at which a thing begins and ends, if it is in the graph.
    fn ends(&self, graph: &Graph<'_>, n: usize) -> Option<(NodeIndex, NodeIndex)> {
        if matches!(self.kinds.get(n), Some(0 | 3)) {
            let find = |verb: &str| graph.find(&format!("{verb} x{n}"));
            return find("start").zip(find("ready"));
        }
        let node = graph.find(&format!("x{n}"))?;
        Some((node, node))
    }
}

fn random() -> impl Strategy<Value = Random> {
    let things = 2..9_usize;
    things.prop_flat_map(|count| {
        let kinds = prop::collection::vec(0..4_u8, count);
        let arrows = prop::collection::btree_set((0..count, 0..count), 0..count * 2);
        (kinds, arrows).prop_map(|(kinds, arrows)| Random {
            kinds,
            arrows: arrows.into_iter().filter(|(from, to)| from < to).collect(),
        })
    })
}

const EVERY: [(Operation, Option<Mode>); 4] = [
    (Operation::Test, None),
    (Operation::Failover, Some(Mode::Planned)),
    (Operation::Failover, Some(Mode::Unplanned)),
    (Operation::Failback, Some(Mode::Forced)),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_arrow_is_honoured_whatever_drops_out(random in random()) {
        let (plan, _) = plan_of(&random.text());
        prop_assert!(cycles(&plan).is_empty());
        // Honoured over things that drop out: the closure of the arrows.
        let mut closure = random.arrows.clone();
        for via in 0..random.kinds.len() {
            let more: Vec<_> = closure
                .iter()
                .filter(|(_, to)| *to == via)
                .flat_map(|(from, _)| closure.iter().filter(|(start, _)| *start == via).map(move |(_, to)| (*from, *to)))
                .collect();
            closure.extend(more);
        }
        for (operation, mode) in EVERY {
            let graph = expand(&plan, &Expand::new(operation, mode));
            for (from, to) in &closure {
                if let Some((before, then)) = random.ends(&graph, *from).zip(random.ends(&graph, *to)) {
                    prop_assert!(after(&graph, before.1).contains(&then.0), "{operation:?} {mode:?} x{from} -> x{to}\n{}", random.text());
                }
            }
        }
    }

    #[test]
    fn phases_are_barriers(random in random()) {
        let (plan, _) = plan_of(&random.text());
        for (operation, mode) in EVERY {
            let graph = expand(&plan, &Expand::new(operation, mode));
            let acts: Vec<_> = graph
                .dag
                .node_indices()
                .filter(|index| !matches!(graph.node(*index).work, Work::Join | Work::Mark) && graph.node(*index).phase < Phase::Rollback)
                .collect();
            for one in &acts {
                let reached = after(&graph, *one);
                let from = graph.node(*one);
                for other in &acts {
                    let to = graph.node(*other);
                    // What may fail does not hold up the window, the commit or what follows.
                    let waits = !from.optional || to.phase <= Phase::Start;
                    if from.phase < to.phase && waits {
                        prop_assert!(reached.contains(other), "{operation:?} {mode:?} {} before {}\n{}", from.name, to.name, random.text());
                    }
                }
            }
        }
    }

    #[test]
    fn sources_go_down_in_exactly_the_reverse_order_of_the_starts(random in random()) {
        let (plan, _) = plan_of(&random.text());
        for mode in [Mode::Planned, Mode::Unplanned] {
            let graph = expand(&plan, &Expand::new(Operation::Failover, Some(mode)));
            let find = |vm, of: fn(_) -> Work| graph.works(move |work| *work == of(vm)).next().unwrap();
            for one in graph.units.machines.ids() {
                let starts = after(&graph, find(one, Work::Start));
                let downs = after(&graph, find(one, Work::ShutDown));
                let backs = after(&graph, find(one, Work::RollBack));
                for other in graph.units.machines.ids().filter(|other| *other != one) {
                    let later = starts.contains(&find(other, Work::Start));
                    let up = after(&graph, find(other, Work::ShutDown)).contains(&find(one, Work::ShutDown));
                    prop_assert_eq!(later, up, "{:?} {:?}\n{}", one, other, random.text());
                    prop_assert!(!(later && downs.contains(&find(other, Work::ShutDown))));
                    prop_assert_eq!(later, backs.contains(&find(other, Work::RollBack)), "rollback\n{}", random.text());
                }
            }
        }
    }
}
