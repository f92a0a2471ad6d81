//! What a node does. Data only; requests to an estate are made from it in `run`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::duration_text_option;
use crate::model::{
    ApproveStep, CheckStep, CommitPolicy, Retry, ScriptSpec, ScriptStep, ShutdownSpec, Template, VmId,
};

use super::SubjectId;

/// What is limited in number at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Between power-on and ready.
    PowerOn,
    /// Shutting down.
    ShutDown,
    /// Failing over.
    FailOver,
}

/// What a node does.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Nothing: a barrier, or the join of a list. Done as soon as what it waits for is done.
    Join,
    /// Waits for people.
    Approve(ApproveStep),
    /// Runs a program.
    Script(ScriptStep),
    /// Polls until something holds. A machine's readiness is a heartbeat check of its own.
    Check(CheckStep),
    /// A fixed pause.
    Wait {
        /// How long.
        #[serde(with = "crate::base::time::duration_text")]
        duration: Duration,
        /// Why a check cannot do it.
        because: String,
    },
    /// Asks a person, before anything is touched, for the point of subjects whose ladder ends in `ask`.
    AskPoints {
        /// Those subjects.
        subjects: Vec<SubjectId>,
    },
    /// The source goes down.
    ShutDown {
        /// Whose.
        vm: VmId,
        /// How.
        spec: ShutdownSpec,
    },
    /// After a shutdown that may have failed: is the source down? Running asks a person, unreachable
    /// is recorded as not fenced.
    ConfirmStopped {
        /// Whose.
        vm: VmId,
    },
    /// Makes sure that the source site cannot write, without contacting it.
    Fence {
        /// The program.
        spec: ScriptSpec,
        /// The role that may say it is fenced when the program fails.
        or_approve: Option<String>,
    },
    /// Data already received is made into points.
    ProcessPending {
        /// Of these machines.
        vms: Vec<VmId>,
    },
    /// The last point of a planned run, taken from sources that are down.
    TakeFinal {
        /// Of this group or machine.
        subject: SubjectId,
    },
    /// Chooses the points. The result is an event and is never computed again.
    Bind(BindAct),
    /// The target is made at its bound point.
    FailOver {
        /// Whose.
        vm: VmId,
    },
    /// The target is powered on.
    Start {
        /// Whose.
        vm: VmId,
    },
    /// The commit window: opens when the node is ready, closes by policy.
    CommitGate(CommitGate),
    /// The failover of a machine is made final.
    Commit {
        /// Whose.
        vm: VmId,
    },
    /// A machine is replicated the other way.
    Reprotect {
        /// Whose.
        vm: VmId,
        /// The process server, where the plan names one.
        via: Option<Template>,
        /// How often it is tried.
        retry: Option<Retry>,
    },
    /// A test's copy is removed.
    CleanUp {
        /// Whose.
        vm: VmId,
    },
    /// The target is dropped and the source started.
    RollBack {
        /// Whose.
        vm: VmId,
        /// Whether the source was shut down by this run and has to be started again.
        start_source: bool,
    },
}

impl Act {
    /// Whether it only looks or waits: nothing in the world comes of it, so it may be given up at any moment.
    #[must_use]
    pub const fn only_reads(&self) -> bool {
        match self {
            Self::Join
            | Self::Approve(_)
            | Self::Check(_)
            | Self::Wait { .. }
            | Self::AskPoints { .. }
            | Self::ConfirmStopped { .. }
            | Self::Bind(_)
            | Self::CommitGate(_) => true,
            Self::Script(_)
            | Self::ShutDown { .. }
            | Self::Fence { .. }
            | Self::ProcessPending { .. }
            | Self::TakeFinal { .. }
            | Self::FailOver { .. }
            | Self::Start { .. }
            | Self::Commit { .. }
            | Self::Reprotect { .. }
            | Self::CleanUp { .. }
            | Self::RollBack { .. } => false,
        }
    }

    /// What it does, in a stable word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Approve(_) => "approve",
            Self::Script(_) => "script",
            Self::Check(_) => "check",
            Self::Wait { .. } => "wait",
            Self::AskPoints { .. } => "ask_points",
            Self::ShutDown { .. } => "shut_down",
            Self::ConfirmStopped { .. } => "confirm_stopped",
            Self::Fence { .. } => "fence",
            Self::ProcessPending { .. } => "process_pending",
            Self::TakeFinal { .. } => "take_final",
            Self::Bind(_) => "bind",
            Self::FailOver { .. } => "fail_over",
            Self::Start { .. } => "start",
            Self::CommitGate(_) => "commit_gate",
            Self::Commit { .. } => "commit",
            Self::Reprotect { .. } => "reprotect",
            Self::CleanUp { .. } => "clean_up",
            Self::RollBack { .. } => "roll_back",
        }
    }

    /// The machine that the estate is asked about, if it is one.
    #[must_use]
    pub const fn vm(&self) -> Option<VmId> {
        match self {
            Self::ShutDown { vm, .. }
            | Self::ConfirmStopped { vm }
            | Self::FailOver { vm }
            | Self::Start { vm }
            | Self::Commit { vm }
            | Self::Reprotect { vm, .. }
            | Self::CleanUp { vm }
            | Self::RollBack { vm, .. } => Some(*vm),
            Self::Join
            | Self::Approve(_)
            | Self::Script(_)
            | Self::Check(_)
            | Self::Wait { .. }
            | Self::AskPoints { .. }
            | Self::Fence { .. }
            | Self::ProcessPending { .. }
            | Self::TakeFinal { .. }
            | Self::Bind(_)
            | Self::CommitGate(_) => None,
        }
    }
}

/// What is bound together: one subject, or several that are aligned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BindAct {
    /// In plan order.
    pub subjects: Vec<SubjectId>,
    /// The greatest distance of their points, for aligned subjects.
    #[serde(with = "duration_text_option")]
    pub within: Option<Duration>,
}

/// How the commit window closes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CommitGate {
    /// By what.
    pub policy: CommitPolicy,
    /// Whether an arrow leads into it, for `CommitPolicy::Gated`: then it closes when it is ready.
    pub gated: bool,
    /// Whether the machines left behind are deleted by the commit.
    pub deletes_sources: bool,
    /// The machines that it commits.
    pub vms: Vec<VmId>,
}
