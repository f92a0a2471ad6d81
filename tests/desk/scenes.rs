//! The states: each is come to by events, as a run comes to it, with the step that the requests name.

use musterpoint::event::Outcome;
use musterpoint::model::Operation;
use musterpoint::run::OperatorRequest;

use crate::lab::{
    At, Does, FORCED, Kind, PLANNED, TEST, UNPLANNED, World, approve, commit, reject, rollback, skip,
};

/// A state of a run, and the step that requests name in it.
pub(crate) struct Scene {
    /// In words for people.
    pub(crate) name: &'static str,
    pub(crate) step: &'static str,
    pub(crate) world: World,
}

fn scene(name: &'static str, step: &'static str, world: World) -> Scene {
    Scene { name, step, world }
}

/// The commit waits for an operator, however long.
const MANUAL: Kind<'static> = Kind { edits: &[("policy = rollback(60m)", "policy = manual")], ..PLANNED };
/// The machines come home, and the commit deletes what they leave behind.
const HOME: Kind<'static> = Kind { operation: Operation::Failback, at: At::Cloud, ..MANUAL };

fn resolve(step: &str, outcome: Outcome) -> OperatorRequest {
    OperatorRequest::Resolve { step: step.to_owned(), outcome, reason: "because".to_owned() }
}

/// Every scene, in the order in which a run comes to them.
pub(crate) fn all() -> Vec<Scene> {
    [prepare(), machines(), window(), committed(), back(), tests(), others()].into_iter().flatten().collect()
}

fn prepare() -> Vec<Scene> {
    let planned = || World::new(PLANNED);
    let asked = || planned().goes_on();
    let half = || asked().does_as("dana", &approve("go"));
    vec![
        scene("an approval waits", "go", asked()),
        scene("an approval waits, and a later step has not begun", "fail over sql01", asked()),
        scene("an approval waits, and one of two has said yes", "go", half()),
        scene("an approval was rejected", "go", asked().dana(&reject("go"))),
        scene("an approval was late, and its plan says halt", "go", asked().after(31)),
        scene("a script runs", "freeze", planned().when("freeze", &[Does::Lasts]).has_begun()),
        scene("a script runs whose engine died", "freeze", {
            let mut world = planned().when("freeze", &[Does::Lasts]).has_begun();
            world.driver_comes();
            world.goes_on()
        }),
        scene(
            "a script failed, and its plan says ask",
            "freeze",
            planned().when("freeze", &[Does::Fails]).has_begun(),
        ),
        scene(
            "what became of a script is not known",
            "freeze",
            planned().when("freeze", &[Does::IsUnclear]).has_begun(),
        ),
        scene("a script is done", "freeze", planned().when("bind db", &[Does::Lasts]).has_begun()),
        scene("a script was skipped", "freeze", {
            planned()
                .when("freeze", &[Does::Fails])
                .when("bind db", &[Does::Lasts])
                .has_begun()
                .dana(&skip("freeze"))
                .after(5)
        }),
        scene("a pause of the plan runs", "settle", {
            planned().goes_on().does_as("dana", &approve("go")).does_as("lee", &approve("go"))
        }),
        scene("points are asked for before anything is touched", "choose points", {
            World::new(Kind { at: At::HomeWithoutApp, ..PLANNED })
                .when("choose points", &[Does::Asks])
                .has_begun()
        }),
    ]
}

fn machines() -> Vec<Scene> {
    let planned = || World::new(PLANNED);
    let unplanned = || World::new(UNPLANNED);
    vec![
        scene(
            "a shutdown runs",
            "shut down sql01",
            planned().when("shut down sql01", &[Does::Lasts]).has_begun(),
        ),
        scene("a shutdown was refused in a planned run", "shut down sql01", {
            planned().when("shut down sql01", &[Does::Fails]).has_begun()
        }),
        scene("a source runs after its shutdown", "confirm stopped sql01", {
            unplanned()
                .when("shut down sql01", &[Does::Fails])
                .when("confirm stopped sql01", &[Does::Fails])
                .has_begun()
        }),
        scene(
            "points are asked for when they are bound",
            "bind db",
            planned().when("bind db", &[Does::Asks]).has_begun(),
        ),
        scene(
            "a failover runs",
            "fail over sql01",
            planned().when("fail over sql01", &[Does::Lasts]).has_begun(),
        ),
        scene("the estate is asked what became of a failover", "fail over sql01", {
            planned().when("fail over sql01", &[Does::LosesAnswer]).has_begun()
        }),
        scene("what became of a failover is not known", "fail over sql01", {
            planned().when("fail over sql01", &[Does::IsUnclear]).has_begun()
        }),
        scene("what became of a failover is not known, and it was skipped", "fail over sql01", {
            let world =
                unplanned().when("fail over sql01", &[Does::IsUnclear]).when("start sql02", &[Does::Lasts]);
            world.has_begun().dana(&skip("fail over sql01"))
        }),
        scene("a failover is tried again later", "fail over sql01", {
            planned().when("fail over sql01", &[Does::FailsForNow]).has_begun()
        }),
        scene("a failover failed in a planned run", "fail over sql01", {
            planned().when("fail over sql01", &[Does::Fails]).has_begun()
        }),
        scene("two failovers failed in a planned run", "fail over sql01", {
            let world = planned().when("fail over sql01", &[Does::Fails]);
            world.when("fail over sql02", &[Does::Fails]).has_begun()
        }),
        scene("a failover failed in an unplanned run, and nothing else is left to do", "fail over sql01", {
            unplanned().when("fail over sql01", &[Does::Fails]).brought_up()
        }),
        scene("a step is blocked by a failover that failed", "start sql01", {
            unplanned().when("fail over sql01", &[Does::Fails]).brought_up()
        }),
        scene("an optional machine failed", "fail over jump01", {
            planned().when("fail over jump01", &[Does::Fails]).when("start sql01", &[Does::Lasts]).has_begun()
        }),
        scene("an optional machine failed, and its start was left out", "start jump01", {
            planned().when("fail over jump01", &[Does::Fails]).when("start sql01", &[Does::Lasts]).has_begun()
        }),
        scene("only a delayed start is left", "start jump01", planned().has_begun()),
    ]
}

fn window() -> Vec<Scene> {
    let planned = || World::new(PLANNED);
    let changed = || {
        let world = planned().when("fail over sql01", &[]).brought_up();
        let request = world.change_point("db");
        world.when("fail over sql01", &[Does::Lasts]).dana(&request)
    };
    vec![
        scene("a check looks in the commit window", "up", planned().when("up", &[Does::Lasts]).brought_up()),
        scene("a check failed in the commit window of a planned run", "up", {
            planned().when("up", &[Does::Lasts]).brought_up().failed("up")
        }),
        scene(
            "a script runs in the commit window",
            "smoke",
            planned().when("smoke", &[Does::Lasts]).brought_up(),
        ),
        scene("what became of a script in the commit window is not known", "smoke", {
            planned().when("smoke", &[Does::IsUnclear]).brought_up()
        }),
        scene("an approval waits in the commit window", "accept", planned().brought_up()),
        scene(
            "an approval is late and waits still",
            "accept",
            World::new(MANUAL).brought_up().after(25 * 60),
        ),
        scene("a target is made again at another point", "fail over sql01", changed()),
        scene(
            "the commit waits for an operator",
            "commit",
            World::new(MANUAL).brought_up().dana(&approve("accept")),
        ),
        scene(
            "the commit waits, and its rollback timer runs",
            "commit",
            planned().brought_up().dana(&approve("accept")),
        ),
        scene("the rollback timer ran out while nobody drove the run", "commit", {
            let mut world = planned().brought_up().dana(&approve("accept"));
            world.now = world.now.plus(std::time::Duration::from_secs(2 * 3600));
            world.driver_comes();
            world.goes_on()
        }),
        scene(
            "a commit that deletes machines waits",
            "commit",
            World::new(HOME).brought_up().dana(&approve("accept")),
        ),
    ]
}

fn committed() -> Vec<Scene> {
    let until = |step: &'static str, does: &[Does]| {
        World::new(MANUAL).when(step, does).brought_up().dana(&approve("accept")).dana(&commit())
    };
    vec![
        scene("a commit runs", "commit sql01", until("commit sql01", &[Does::Lasts])),
        scene("a commit failed", "commit sql01", until("commit sql01", &[Does::Fails])),
        scene(
            "what became of a commit is not known",
            "commit sql01",
            until("commit sql01", &[Does::IsUnclear]),
        ),
        scene("a reprotection is tried again later", "reprotect sql01", {
            until("reprotect sql01", &[Does::FailsForNow])
        }),
        scene("a reprotection failed", "reprotect sql01", until("reprotect sql01", &[Does::Fails])),
    ]
}

fn back() -> Vec<Scene> {
    let up = || World::new(PLANNED);
    vec![
        scene("a target is being dropped", "roll back sql01", {
            up().when("roll back sql01", &[Does::Lasts]).brought_up().dana(&rollback())
        }),
        scene("a target could not be dropped", "roll back sql01", {
            up().when("roll back sql01", &[Does::Fails]).brought_up().dana(&rollback())
        }),
        scene("what became of a dropped target is not known", "roll back sql01", {
            up().when("roll back sql01", &[Does::IsUnclear]).brought_up().dana(&rollback())
        }),
        scene(
            "a script is undone",
            "undo freeze",
            up().when("undo freeze", &[Does::Lasts]).brought_up().dana(&rollback()),
        ),
        scene("there is nothing to undo", "roll back sql01", {
            up().when("freeze", &[Does::Lasts]).has_begun().dana(&rollback())
        }),
        scene("a step was left behind by the way back", "accept", {
            up().when("roll back sql01", &[Does::Lasts]).brought_up().dana(&rollback())
        }),
        scene("the way back waits for a failover that lasts", "fail over sql01", {
            up().when("fail over sql01", &[Does::Lasts]).has_begun().dana(&rollback())
        }),
        scene("the way back waits for a failover that nobody knows of", "fail over sql01", {
            up().when("fail over sql01", &[Does::IsUnclear]).has_begun().dana(&rollback())
        }),
    ]
}

fn tests() -> Vec<Scene> {
    let test = || World::new(TEST);
    let cleanup = OperatorRequest::CleanUp;
    let manual = Kind { edits: &[("    accept -> cleanup\n", "")], ..TEST };
    vec![
        scene("a test waits for approval", "accept", test().brought_up()),
        scene("the copies of a test stay up until its cleanup", "cleanup", {
            World::new(manual).brought_up().dana(&approve("accept"))
        }),
        scene(
            "a test failed, and its copies are up",
            "smoke",
            test().when("smoke", &[Does::Fails]).brought_up(),
        ),
        scene("what became of a test's copy is not known", "fail over sql01", {
            test().when("fail over sql01", &[Does::IsUnclear]).has_begun()
        }),
        scene("a cleanup waits for a copy that nobody knows of", "fail over sql01", {
            test().when("fail over sql01", &[Does::IsUnclear]).has_begun().dana(&cleanup.clone())
        }),
        scene("a test is cleaned up at its end", "clean up sql01", {
            test().when("clean up sql01", &[Does::Lasts]).brought_up().dana(&approve("accept"))
        }),
        scene("a test is cleaned up by an operator", "clean up sql01", {
            test().when("clean up sql01", &[Does::Lasts]).brought_up().dana(&cleanup.clone())
        }),
        scene("a copy could not be removed at the end of a test", "clean up sql01", {
            test().when("clean up sql01", &[Does::Fails]).brought_up().dana(&approve("accept"))
        }),
        scene("a copy could not be removed by an operator's cleanup", "clean up sql01", {
            test().when("clean up sql01", &[Does::Fails]).brought_up().dana(&cleanup)
        }),
    ]
}

fn others() -> Vec<Scene> {
    vec![
        scene(
            "a fence failed, and a role may vouch for it",
            "fence",
            World::new(FORCED).when("fence", &[Does::Fails]).has_begun(),
        ),
        scene(
            "what became of a fence is not known",
            "fence",
            World::new(FORCED).when("fence", &[Does::IsUnclear]).has_begun(),
        ),
        scene("a forced run waits in its window", "accept", World::new(FORCED).brought_up()),
        scene("what was said not to have happened runs again", "fail over sql01", {
            let world =
                World::new(PLANNED).when("fail over sql01", &[Does::IsUnclear, Does::Lasts]).has_begun();
            world.dana(&resolve("fail over sql01", Outcome::DidNotHappen))
        }),
        scene(
            "the run has ended",
            "freeze",
            World::new(MANUAL).brought_up().dana(&approve("accept")).dana(&commit()),
        ),
    ]
}
