//! A job as data: stages one after the other, in each of them tasks beside each other, in each of those acts one
//! after the other. What a job is made of is in `program.rs`, what moves it in `advance.rs`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::event::Handle;
use crate::model::Mode;

/// Why a machine is left out of the rest of a job that goes on.
pub(super) const FAILED_EARLIER: &str = "The machine failed in an earlier step.";

/// Which way data flows, or flowed until a failover.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Way {
    /// From on premises to Azure.
    Forward,
    /// Home again.
    Back,
}

impl Way {
    /// As the API writes a failover along it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Forward => "PrimaryToRecovery",
            Self::Back => "RecoveryToPrimary",
        }
    }
}

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Operation {
    TestFailover,
    TestFailoverCleanup,
    UnplannedFailover,
    PlannedFailover,
    ChangePoint,
    Commit,
    Cancel,
    Reprotect,
    PutPlan,
    UpdatePlan,
    DeletePlan,
}

impl Operation {
    /// (scenario as jobs name it, its display name, the last segment of its path). (i) `Commit`, `ChangePit` and
    /// `ReverseReplicate` are the words of allowed operations; what a job of them calls itself is not recorded.
    pub(super) const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::TestFailover => ("TestFailover", "Test failover", "testFailover"),
            Self::TestFailoverCleanup => {
                ("TestFailoverCleanup", "Clean up test failover", "testFailoverCleanup")
            }
            Self::UnplannedFailover => ("UnplannedFailover", "Unplanned failover", "unplannedFailover"),
            Self::PlannedFailover => ("PlannedFailover", "Planned failover", "plannedFailover"),
            Self::ChangePoint => ("ChangePit", "Change recovery point", "applyRecoveryPoint"),
            Self::Commit => ("Commit", "Commit", "failoverCommit"),
            Self::Cancel => ("CancelFailover", "Cancel failover", "failoverCancel"),
            Self::Reprotect => ("ReverseReplicate", "Reprotect", "reProtect"),
            Self::PutPlan => ("CreateRecoveryPlan", "Create a recovery plan", "put"),
            Self::UpdatePlan => ("UpdateRecoveryPlan", "Update a recovery plan", "patch"),
            Self::DeletePlan => ("DeleteRecoveryPlan", "Delete a recovery plan", "delete"),
        }
    }

    /// The word by which an allowed operation names it; none for what every plan allows.
    pub(super) const fn allowed(self) -> Option<&'static str> {
        match self {
            Self::TestFailover
            | Self::TestFailoverCleanup
            | Self::UnplannedFailover
            | Self::PlannedFailover
            | Self::ChangePoint
            | Self::Commit
            | Self::Cancel
            | Self::Reprotect => Some(self.words().0),
            Self::PutPlan | Self::UpdatePlan | Self::DeletePlan => None,
        }
    }
}

/// What a job is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum About {
    /// A machine.
    Item(String),
    /// A recovery plan, by its name.
    Plan(String),
}

/// What an error of one machine does to a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum OnError {
    /// The job ends after the stage.
    Stop,
    /// The other machines go on, and so does the job.
    GoOn,
}

/// A point that is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Pick {
    /// The newest one that fits, of each machine or of each group.
    Newest { kind: PickKind, scope: PickScope },
    /// What the job's own shutdown made.
    Taken { app: bool },
    /// This one, by its id in the estate.
    Named(String),
}

/// Which points fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum PickKind {
    /// All, after what was received has been made a point.
    Latest,
    /// All that are processed.
    Processed,
    /// Crash-consistent ones.
    Crash,
    /// Application-consistent ones.
    App,
}

/// Whose newest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum PickScope {
    /// Each machine's.
    Own,
    /// Of a replication group the newest that all of it have.
    Common,
}

/// One thing that is done to a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Act {
    ProcessPending,
    ShutDown,
    /// Of all machines of the task together.
    TakeFinal,
    /// To the point that the job has bound for the machine; no mode: a test.
    FailOver {
        mode: Option<Mode>,
        to: String,
    },
    Start {
        test: bool,
    },
    ChangePoint,
    RollBack,
    Commit,
    Reprotect {
        to: String,
        via: Option<String>,
    },
    CleanUp,
    /// Nothing but time, in seconds.
    Wait(u64),
    /// The estate's refusal without asking it.
    Refuse(JobError),
}

/// An error of a task: the service's part, and the provider's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct JobError {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) causes: String,
    pub(super) action: String,
    /// Number and words of the provider below.
    pub(super) provider: Option<(i64, String)>,
}

/// What a task is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Subject {
    /// Machines: one, but where a point is taken of several together.
    Machines(Vec<String>),
    /// A person does something and says so.
    Manual { name: String, instructions: String },
    /// A script or runbook; recorded, not run.
    Script { name: String, details: serde_json::Value },
    /// The service itself.
    Service,
}

/// How a task stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum TaskState {
    Waiting,
    Running,
    Suspended,
    Succeeded,
    /// With the reason.
    Skipped(String),
    Failed(JobError),
    Cancelled,
}

/// An act under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Running {
    /// Of the estate; none where only time passes.
    pub(super) handle: Option<Handle>,
    /// When to look again.
    pub(super) due: Timestamp,
}

/// Acts of one machine, one after the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) subject: Subject,
    pub(super) acts: Vec<Act>,
    /// Its failure is reported and changes nothing else.
    pub(super) tolerated: bool,
    pub(super) at: usize,
    pub(super) state: TaskState,
    pub(super) running: Option<Running>,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// What whoever resumed a manual action wrote.
    pub(super) observation: Option<String>,
}

impl Task {
    pub(super) fn new(name: impl Into<String>, subject: Subject, acts: Vec<Act>) -> Self {
        Self {
            name: name.into(),
            subject,
            acts,
            tolerated: false,
            at: 0,
            state: TaskState::Waiting,
            running: None,
            started: None,
            ended: None,
            observation: None,
        }
    }

    pub(super) fn of_machine(name: &str, machine: &str, acts: Vec<Act>) -> Self {
        Self::new(name, Subject::Machines(vec![machine.to_owned()]), acts)
    }

    pub(super) fn machines(&self) -> &[String] {
        match &self.subject {
            Subject::Machines(machines) => machines,
            Subject::Manual { .. } | Subject::Script { .. } | Subject::Service => &[],
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        match self.state {
            TaskState::Waiting | TaskState::Running | TaskState::Suspended => false,
            TaskState::Succeeded | TaskState::Skipped(_) | TaskState::Failed(_) | TaskState::Cancelled => {
                true
            }
        }
    }

    /// Whether it failed, and that matters.
    pub(super) const fn failed(&self) -> bool {
        !self.tolerated && matches!(self.state, TaskState::Failed(_))
    }
}

/// Tasks beside each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Stage {
    pub(super) name: String,
    /// `Shutdown`, `Failover` or `Boot` where it belongs to a group of a plan.
    pub(super) group: Option<String>,
    pub(super) tasks: Vec<Task>,
    /// The point that is bound for each machine when the stage begins.
    pub(super) binds: Option<Pick>,
    pub(super) begun: bool,
}

impl Stage {
    pub(super) fn new(name: impl Into<String>, group: Option<&str>, tasks: Vec<Task>) -> Self {
        Self { name: name.into(), group: group.map(str::to_owned), tasks, binds: None, begun: false }
    }

    pub(super) fn binding(mut self, pick: Pick) -> Self {
        self.binds = Some(pick);
        self
    }
}

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum JobState {
    InProgress,
    Suspended,
    Succeeded,
    Failed,
    Cancelled,
}

/// One piece of work of the service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) operation: Operation,
    pub(super) about: About,
    /// Of a failover: which way it goes.
    pub(super) way: Option<Way>,
    pub(super) activity: String,
    pub(super) state: JobState,
    /// `Completed`, …
    pub(super) description: String,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) on_error: OnError,
    pub(super) stages: Vec<Stage>,
    pub(super) at: usize,
    /// Points bound, by machine, as the estate names them, with the instants that they showed.
    pub(super) points: IndexMap<String, (String, Timestamp)>,
    /// The state that it ends in once what it had begun is taken back.
    pub(super) taking_back: Option<JobState>,
    /// How often it was started again.
    pub(super) attempt: u32,
    /// What the request said besides, as the job shows it.
    pub(super) said: IndexMap<String, String>,
}

impl Job {
    pub(super) const fn is_over(&self) -> bool {
        match self.state {
            JobState::InProgress | JobState::Suspended => false,
            JobState::Succeeded | JobState::Failed | JobState::Cancelled => true,
        }
    }

    /// The machines that its tasks name, each once.
    pub(super) fn machines(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for machine in self.tasks().flat_map(Task::machines) {
            if !all.contains(&machine.as_str()) {
                all.push(machine);
            }
        }
        all
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.stages.iter().flat_map(|stage| &stage.tasks)
    }

    /// The next instant at which something is due.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.tasks().filter_map(|task| task.running.as_ref().map(|running| running.due)).min()
    }

    /// Whether it may be given up. (i) The documents say of a failover to Azure only that it must not be.
    pub(super) fn can_be_cancelled(&self) -> bool {
        let may = match self.operation {
            Operation::TestFailover | Operation::Reprotect => true,
            Operation::PlannedFailover => self.way == Some(Way::Back),
            Operation::TestFailoverCleanup
            | Operation::UnplannedFailover
            | Operation::ChangePoint
            | Operation::Commit
            | Operation::Cancel
            | Operation::PutPlan
            | Operation::UpdatePlan
            | Operation::DeletePlan => false,
        };
        may && !self.is_over() && self.taking_back.is_none()
    }
}
