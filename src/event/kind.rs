//! What can happen in a run. Past tense; each variant says who or what did it.

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Timestamp};
use crate::model::{Ladder, VmId};
use crate::runbook::{Forecast, NodeId, SubjectId};

use super::{Artifact, Detail, Handle, Key, Outcome, Sighting};

/// Who did something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Person {
    /// The name that counts.
    pub name: String,
    /// The effective user of the process.
    pub os_user: String,
    /// Whether `name` is that user, and not only claimed.
    pub verified: bool,
}

/// What the command line said for a run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RunOptions {
    /// Approvals answered beforehand: step and comment.
    #[serde(default)]
    pub approved: Vec<(String, String)>,
    /// The reason given for going on unfenced.
    #[serde(default)]
    pub unfenced: Option<String>,
}

/// A question about points: one subject with every alternative.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AskedPoints {
    /// Whose point.
    pub subject: SubjectId,
    /// Why a person is asked.
    pub because: String,
    /// What each other policy would choose now, those that choose anything.
    pub alternatives: Vec<Forecast>,
}

/// A subject's points as bound.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BoundSubject {
    /// Whose.
    pub subject: SubjectId,
    /// The choice with its certificate.
    pub choice: Forecast,
    /// What belongs on the list of exceptions: a lower rung or an older point than forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
}

/// The end of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinalState {
    /// Every step that applied succeeded.
    Completed,
    /// Goal reached, with a step skipped by an operator, failed as optional, or another exception.
    CompletedWithExceptions,
    /// Goal not reached, nothing left to do.
    Failed,
    /// Target dropped, source running.
    RolledBack,
}

/// What can happen in a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The first event.
    RunStarted {
        /// The run's id.
        run: String,
        /// The runbook's digest.
        runbook: Digest,
        /// Who started it.
        by: Person,
        /// What the command line said.
        options: RunOptions,
    },
    /// A driver took the lease. Steps begun before and not ended are unknown from here on.
    DriverStarted {
        /// The lease's epoch.
        epoch: u64,
        /// The program's version.
        version: String,
    },
    /// The intent. Durable before the act; an approval, check or wait begins with it too.
    StepStarted {
        /// The node.
        node: NodeId,
        /// From 1.
        attempt: u32,
        /// Names the intent at the estate.
        key: Key,
    },
    /// What an act of a test will make, by its provider's word. Durable before the act is asked for, so
    /// that whatever ever comes to be is known by name.
    ArtifactsAnnounced {
        /// The node.
        node: NodeId,
        /// What its attempt makes.
        artifacts: Vec<Artifact>,
    },
    /// The estate was looked at after a cleanup: of tests of the machine exactly this is there. What was
    /// announced and is not among it is gone.
    ArtifactsSeen {
        /// The cleanup.
        node: NodeId,
        /// What is there still; nothing, if all went well.
        artifacts: Vec<Artifact>,
    },
    /// The estate took the act on and answers later.
    OperationAccepted {
        /// The node.
        node: NodeId,
        /// Ask by this.
        handle: Handle,
    },
    /// An unknown was found to have never arrived: the same attempt begins again.
    StepNotArrived {
        /// The node.
        node: NodeId,
    },
    /// An unknown could not be cleared up and needs a person.
    StepUnclear {
        /// The node.
        node: NodeId,
        /// What was asked and what came back.
        evidence: String,
        /// Its machines as they were seen just then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<Sighting>,
    },
    /// A person said what became of an act whose outcome the estate cannot tell.
    OutcomeStated {
        /// The node.
        node: NodeId,
        /// What they said.
        outcome: Outcome,
        /// Who.
        by: Person,
        /// How they know.
        reason: String,
        /// What it brought about, as far as it was seen.
        #[serde(default)]
        detail: Detail,
        /// Its machines as they were seen just then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<Sighting>,
    },
    /// The act's answer was lost. The estate is asked by key.
    AnswerLost {
        /// The node.
        node: NodeId,
        /// What happened instead of an answer.
        message: String,
    },
    /// The step's effect was seen.
    StepSucceeded {
        /// The node.
        node: NodeId,
        /// What it brought about.
        detail: Detail,
        /// Whether it was found done after a crash.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        found: bool,
    },
    /// One attempt failed. Whether there is another follows from the node's policy.
    StepFailed {
        /// The node.
        node: NodeId,
        /// A stable word.
        code: String,
        /// A sentence for people.
        message: String,
        /// Whether trying again may help.
        retryable: bool,
        /// Whether its time was up.
        timed_out: bool,
        /// Where a program's output is kept, below the state folder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    /// An operator skipped a step: it counts as done and is an exception.
    StepSkipped {
        /// The node.
        node: NodeId,
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// An operator had failed steps tried again.
    RetryRequested {
        /// The node; all failed ones if absent.
        node: Option<NodeId>,
        /// Who.
        by: Person,
    },
    /// Someone said yes.
    Approved {
        /// The node.
        node: NodeId,
        /// Who.
        by: Person,
        /// What they added.
        comment: String,
        /// Answered when the run was started.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        beforehand: bool,
    },
    /// Someone said no.
    Rejected {
        /// The node.
        node: NodeId,
        /// Who.
        by: Person,
        /// What they added.
        comment: String,
    },
    /// The time of an approval was up.
    ApprovalLate {
        /// The node.
        node: NodeId,
    },
    /// Points were bound. Never computed again.
    PointsBound {
        /// The node.
        node: NodeId,
        /// The choices.
        bound: Vec<BoundSubject>,
    },
    /// A person has to choose points.
    PointsAsked {
        /// The node.
        node: NodeId,
        /// The questions.
        questions: Vec<AskedPoints>,
    },
    /// A person chose; this is the ladder of that subject from here on.
    PointsChosen {
        /// Whose.
        subject: SubjectId,
        /// What is wanted now.
        ladder: Ladder,
        /// Who.
        by: Person,
    },
    /// In the commit window another point was wanted: the machines' targets are made again there,
    /// and every step after them runs again.
    PointChanged {
        /// Whose.
        subject: SubjectId,
        /// The new choice.
        choice: Forecast,
        /// Who.
        by: Person,
    },
    /// No new starts; running steps finish.
    Paused {
        /// Who.
        by: Person,
    },
    /// Goes on after a pause or a halt; failed steps are tried again.
    Resumed {
        /// Who.
        by: Person,
    },
    /// Nothing starts any more, by an operator's word.
    Halted {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// The way back began.
    RollbackStarted {
        /// Who; none where a policy or timer did.
        by: Option<Person>,
        /// Why.
        reason: String,
    },
    /// An operator closed the commit window.
    CommitRequested {
        /// Who.
        by: Person,
        /// How many machines the operator knew would be deleted.
        delete_sources: Option<u32>,
    },
    /// The window's timer ran out: its gates were looked at again.
    WindowOverdue {
        /// The gate.
        node: NodeId,
    },
    /// An operator had a test cleaned up, whatever became of it.
    CleanupRequested {
        /// Who.
        by: Person,
    },
    /// A person was told.
    Notified {
        /// The `notify` block.
        notify: String,
        /// On what occasion.
        occasion: String,
        /// What went wrong, if it did. It never stops a run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// An operator's request was refused.
    RequestRefused {
        /// Who.
        by: Person,
        /// What was asked.
        request: String,
        /// Why not, and what is possible instead.
        reason: String,
    },
    /// The wall clock was set back; times of the run log stay in order.
    ClockSetBack {
        /// What the clock showed.
        shows: Timestamp,
    },
    /// The wall clock was set forward; what was not passed is not counted.
    ClockSetForward {
        /// What the clock showed.
        shows: Timestamp,
    },
    /// The engine stood still, or its host slept: nobody looked after the run from then to now.
    StoodStill {
        /// Since when.
        since: Timestamp,
    },
    /// The last event.
    RunEnded {
        /// How.
        state: FinalState,
        /// Machines whose sources or copies were kept or left, by name, with the reason.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<(VmId, String)>,
    },
}
