//! A plan with every name resolved and every value typed. Built only by `resolve`; knows no inventory.

pub mod expr;
pub mod plan;
pub mod policy;
pub mod resolve;
pub mod step;

pub use expr::{Secret, Template, TemplatePart};
pub use plan::{
    Align, Chain, Endpoint, EndpointRef, Estate, Fence, Group, GroupId, GroupKind, Limits, Network, Notify,
    NotifyOn, Objective, Param, ParamKind, Plan, PlanFile, Reprotect, Role, RoleMembers, Settings, Vm, VmId,
};
pub use policy::{Ladder, LadderEnd, Policy, PolicyKind};
pub use step::{
    ApproveStep, At, CheckKind, CheckStep, CommitPolicy, CommitSpec, EnvValue, Identity, IfLate, IfRejected,
    Mode, OnFailure, Operation, Owner, Retry, ScriptSpec, ScriptStep, ScriptWhere, ShutdownSpec,
    ShutdownThen, StartReady, StartSpec, Step, StepId, StepKind,
};
