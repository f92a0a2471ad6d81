//! Tells people, by the plan's `notify` blocks. A notification that fails never stops a run.

use crate::event::EventKind;
use crate::model::NotifyOn;
use crate::run::{Run, RunState};
use crate::runbook::{NodeId, Runbook};

use super::driver::{DriveError, Driver};
use super::runner::Runner as _;
use super::surroundings::World;

/// What people are told: the occasion and what it is about.
fn occasions(run: &Run) -> Vec<(NotifyOn, String)> {
    let names = |nodes: Vec<crate::runbook::NodeId>| {
        let names: Vec<&str> = nodes.iter().map(|node| run.runbook().nodes.at(*node).name.as_str()).collect();
        crate::base::words::list(&names, 8)
    };
    let mut found = vec![(NotifyOn::Started, format!("run `{}` started", run.id()))];
    let waiting: Vec<_> = run.waiting_for_people().collect();
    if !waiting.is_empty() {
        let unclear: Vec<String> = waiting.iter().filter_map(|node| unclear(run, *node)).collect();
        let message = format!("run `{}` waits for a person: {}", run.id(), names(waiting));
        found.push((NotifyOn::Waiting, [message].into_iter().chain(unclear).collect::<Vec<_>>().join(". ")));
    }
    match run.state() {
        RunState::Halted => {
            let failed = names(run.failed().collect());
            found.push((NotifyOn::Halted, format!("run `{}` is halted: {failed}", run.id())));
        }
        RunState::Ended(state) => {
            found.push((
                NotifyOn::Ended,
                format!("run `{}` ended: {}", run.id(), RunState::Ended(state).word()),
            ));
        }
        RunState::Running | RunState::Waiting | RunState::Paused => {}
    }
    found
}

/// Of an act whose outcome is not known, all that is: whoever is paged may decide by it.
fn unclear(run: &Run, node: NodeId) -> Option<String> {
    let rows = run.evidence(node)?;
    let rows: Vec<String> = rows.iter().map(|(about, what)| format!("{about}: {what}")).collect();
    let name = &run.runbook().nodes.at(node).name;
    Some(format!("what became of `{name}` is not known: did it happen? {}", rows.join("; ")))
}

/// What waits, and what to type for each answer.
fn questions(run: &Run) -> Vec<serde_json::Value> {
    let waiting = run.waiting_for_people().map(|node| {
        let evidence: serde_json::Map<String, serde_json::Value> = run
            .evidence(node)
            .into_iter()
            .flatten()
            .map(|(about, what)| (about.to_owned(), what.into()))
            .collect();
        let answers: Vec<String> =
            run.answers_of(node).iter().map(|answer| answer.command(run.id())).collect();
        let step = &run.runbook().nodes.at(node).name;
        serde_json::json!({ "step": step, "evidence": evidence, "answers": answers })
    });
    waiting.collect()
}

const fn word(on: NotifyOn) -> &'static str {
    match on {
        NotifyOn::Started => "started",
        NotifyOn::Waiting => "waiting",
        NotifyOn::Halted => "halted",
        NotifyOn::Ended => "ended",
    }
}

impl<W: World> Driver<'_, W> {
    /// Tells whom the plan says of what is new, and reminds.
    pub(super) async fn notify(&mut self) -> Result<(), DriveError> {
        let runbook: std::sync::Arc<Runbook> = std::sync::Arc::clone(self.run.runbook());
        if runbook.notify.is_empty() {
            return Ok(());
        }
        let now = self.now();
        for (on, message) in occasions(&self.run) {
            for (name, notify) in &runbook.notify {
                let told = format!("{name}: {message}");
                let due = match (self.told.get(&told), notify.remind) {
                    (None, _) => true,
                    (Some(last), Some(every)) => on == NotifyOn::Waiting && last.plus(every) <= now,
                    (Some(_), None) => false,
                };
                // A run that was taken over has told of its start already.
                let old = on == NotifyOn::Started && self.epoch > 1;
                if !notify.on.contains(&on) || !due || old {
                    continue;
                }
                self.told.insert(told, now);
                self.tell(name, notify, word(on), &message);
            }
        }
        Ok(())
    }

    fn tell(&mut self, name: &str, notify: &crate::model::Notify, occasion: &str, message: &str) {
        let program = super::fill::program(&notify.spec, &self.run, name);
        let timeout = notify.spec.timeout;
        let body = serde_json::json!({
            "format": "muster.notification/1", "run": self.run.id(), "plan": self.run.runbook().plan,
            "occasion": occasion, "state": self.run.state().word(), "message": message, "at": self.now(),
            "questions": questions(&self.run),
        });
        let (name, occasion) = (name.to_owned(), occasion.to_owned());
        let runner = self.runner.clone();
        self.side.spawn(async move {
            let failed = match program {
                Ok(mut program) => {
                    program.stdin = body.to_string();
                    program.env.push(("MUSTER_OCCASION".to_owned(), occasion.clone()));
                    let end = runner.run(program).await;
                    super::script::failure(&end, timeout).map(|(_, why, _)| why)
                }
                Err(why) => Some(why),
            };
            EventKind::Notified { notify: name, occasion, failed }
        });
    }
}
