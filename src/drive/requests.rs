//! Operator requests: read from the store, decided by the core, recorded with their answers in one
//! transaction.

use crate::estate::Estate as _;
use crate::event::{EventKind, Outcome, Person};
use crate::model::Ladder;
use crate::run::{Decision, OperatorRequest};
use crate::runbook::{NodeId, SubjectId};
use crate::store::{Answer, RequestId, RunStore as _};

use super::driver::{DriveError, Driver};
use super::surroundings::World;

/// What a person says of an act.
struct Said {
    node: NodeId,
    outcome: Outcome,
    reason: String,
}

/// A change of point that waits for a look at the estate's points.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) request: RequestId,
    pub(super) by: Person,
    pub(super) subject: SubjectId,
    pub(super) ladder: Ladder,
}

impl<W: World> Driver<'_, W> {
    /// Takes every open request, oldest first, and says whether one of them stopped the run.
    pub(super) async fn take_requests(&mut self) -> Result<bool, DriveError> {
        let mut stopped = false;
        let id = self.id.clone();
        let open = match self.store.open_requests(&id) {
            Ok(open) => open,
            // Reading needs a little space as well; they are looked at again later.
            Err(error) if error.is_temporary() => {
                self.hold_store(Some(&error));
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        for request in open {
            if self.looks.iter().any(|look| look.request == request.id) {
                continue;
            }
            let asked: Result<OperatorRequest, _> = serde_json::from_value(request.body.clone());
            let decided = match &asked {
                Ok(asked) => self.run.decide(asked, &request.by),
                Err(error) => Err(format!("the request cannot be read: {error}")),
            };
            let verb = asked.as_ref().map_or("unknown", OperatorRequest::verb);
            match decided {
                Ok(Decision::Record(event)) => {
                    stopped |= matches!(
                        *event,
                        EventKind::Rejected { .. } | EventKind::Halted { .. } | EventKind::Paused { .. }
                    );
                    self.answer(request.id, true, format!("{verb}: done"));
                    self.record(vec![*event]).await?;
                }
                Ok(Decision::LookAtMachines { node, outcome, reason }) => {
                    let said = Said { node, outcome, reason };
                    self.state_outcome(request.id, request.by, said).await?;
                }
                Ok(Decision::LookAtPoints { subject, ladder }) => {
                    self.looks.push_back(Look { request: request.id, by: request.by, subject, ladder });
                }
                Err(reason) => self.refuse(request.id, request.by, verb, reason).await?,
            }
        }
        while let Some(look) = self.looks.pop_front() {
            self.change_point(look).await?;
        }
        Ok(stopped)
    }

    /// What a person says is recorded with what is seen while they say it.
    async fn state_outcome(&mut self, request: RequestId, by: Person, said: Said) -> Result<(), DriveError> {
        let Said { node, outcome, reason } = said;
        let glance = super::act::request(&self.run, node)
            .ok()
            .flatten()
            .and_then(|asked| super::witness::Glance::of(&self.run, &asked));
        let seen = match glance {
            Some(glance) => {
                let look = glance.look(std::sync::Arc::clone(&self.estate));
                self.looking(look).await?
            }
            None => Vec::new(),
        };
        let detail = super::witness::detail(&self.run, node, outcome, &seen);
        let name = &self.run.runbook().nodes.at(node).name;
        self.answer(request, true, format!("resolve: `{name}` is taken {}", outcome.words()));
        self.record(vec![EventKind::OutcomeStated { node, outcome, by, reason, detail, seen }]).await
    }

    async fn change_point(&mut self, look: Look) -> Result<(), DriveError> {
        let estate = std::sync::Arc::clone(&self.estate);
        let asked =
            tokio::time::timeout(
                crate::base::limits::ESTATE_CALL_MAX,
                async move { estate.inventory().await },
            );
        let inventory = self.looking(asked).await?;
        let chosen = match inventory {
            Ok(Ok(inventory)) => super::bind::choose_one(&self.run, look.subject, &look.ladder, &inventory),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the estate does not answer".to_owned()),
        };
        match chosen {
            Ok(choice) => {
                self.answer(
                    look.request,
                    true,
                    format!("change-point: {} by `{}`", choice.policy, look.by.name),
                );
                let event = EventKind::PointChanged { subject: look.subject, choice, by: look.by };
                self.record(vec![event]).await
            }
            Err(reason) => self.refuse(look.request, look.by, "change-point", reason).await,
        }
    }

    async fn refuse(
        &mut self,
        id: RequestId,
        by: Person,
        verb: &str,
        reason: String,
    ) -> Result<(), DriveError> {
        self.answer(id, false, reason.clone());
        self.record(vec![EventKind::RequestRefused { by, request: verb.to_owned(), reason }]).await
    }

    fn answer(&mut self, id: RequestId, accepted: bool, text: String) {
        let at = self.now();
        self.answers.push(Answer { id, at, accepted, text });
    }
}
