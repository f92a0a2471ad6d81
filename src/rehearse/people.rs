//! The people whom a plan asks: they answer after a while, as told. Nobody helps whom the plan does not ask.

use crate::base::Timestamp;
use crate::event::{AskedPoints, EventKind, Person};
use crate::run::{NodeState, Question};
use crate::runbook::{Act, NodeId, SubjectId};

use super::lengths::is_closed_by_hand;
use super::open::{Open, Word};
use super::scene::nobody;
use super::world::World;

impl World<'_> {
    /// Who answers a step that waits, and when.
    pub(super) fn person(&mut self, node: NodeId, since: Timestamp) -> Option<Open> {
        let word = match &self.scene.runbook.nodes.at(node).act {
            Act::Approve(_) => Word::Yes,
            Act::CommitGate(gate) if is_closed_by_hand(gate) => Word::Close,
            Act::AskPoints { .. } => Word::Choose,
            _ => return None,
        };
        let fate = self.fate(node);
        let mut at = since.plus(self.length(node)).plus(fate.late);
        let mut said = word;
        if let Act::Approve(approve) = &self.scene.runbook.nodes.at(node).act {
            if fate.too_late {
                at = at.plus(approve.within);
            }
            if fate.reject {
                said = Word::No;
            }
        }
        // Who was asked while the engine was dead answers once it is back.
        Some(Open::person(at.max(self.now), said))
    }

    /// What a person's word comes to; nothing where it is not asked for any more.
    pub(super) fn say(&mut self, node: NodeId, word: Word) -> Vec<EventKind> {
        let NodeState::Waiting { question, .. } = self.run.node(node) else { return Vec::new() };
        match (word, &**question, &self.scene.runbook.nodes.at(node).act) {
            (Word::Yes, Question::Approval { .. }, Act::Approve(approve)) => {
                let said = |number: u32| EventKind::Approved {
                    node,
                    by: somebody(number),
                    comment: String::new(),
                    beforehand: false,
                };
                (1..=approve.quorum).map(said).collect()
            }
            (Word::No, Question::Approval { .. }, _) => {
                vec![EventKind::Rejected { node, by: nobody(), comment: String::new() }]
            }
            (Word::Close, Question::Commit { .. }, _) if self.scene.runbook.is_test() => {
                vec![EventKind::CleanupRequested { by: nobody() }]
            }
            (Word::Close, Question::Commit { .. }, _) => {
                vec![EventKind::CommitRequested { by: nobody(), delete_sources: None }]
            }
            (Word::Choose, Question::Points(asked), _) => {
                let chosen = |asked: &AskedPoints| {
                    let ladder = self.run.ladder(asked.subject)?.clone();
                    Some(EventKind::PointsChosen { subject: asked.subject, ladder, by: nobody() })
                };
                asked.iter().filter_map(chosen).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The subjects of a step for which nothing is forecast: a person chooses.
    fn unforecast(&self, node: NodeId) -> Vec<SubjectId> {
        let Act::AskPoints { subjects } = &self.scene.runbook.nodes.at(node).act else { return Vec::new() };
        let open = |id: &SubjectId| {
            self.scene.runbook.subjects.get(*id).is_some_and(|subject| subject.forecast.is_none())
                && !self.run.was_chosen(*id)
        };
        subjects.iter().copied().filter(open).collect()
    }

    pub(super) fn asks(&self, node: NodeId) -> bool {
        !self.unforecast(node).is_empty()
    }

    /// Whether it has been asked already.
    pub(super) fn is_asked(&self, node: NodeId) -> bool {
        matches!(self.run.node(node), NodeState::Waiting { .. })
    }

    /// The question, and the person who hears it.
    pub(super) fn ask(&mut self, node: NodeId) -> Vec<EventKind> {
        let because = "no point satisfies its policies now".to_owned();
        let question = |subject| AskedPoints { subject, because: because.clone(), alternatives: Vec::new() };
        let questions = self.unforecast(node).into_iter().map(question).collect();
        if let Some(open) = self.person(node, self.now) {
            self.put(node, open);
        }
        vec![EventKind::PointsAsked { node, questions }]
    }
}

/// One of several people.
fn somebody(number: u32) -> Person {
    match number {
        1 => nobody(),
        number => Person { name: format!("{} {number}", nobody().name), ..nobody() },
    }
}
