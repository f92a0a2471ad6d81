//! The steps of a plan, kind by kind.

use std::time::Duration;

use crate::model::{
    ApproveStep, At, CheckKind, CheckStep, IfLate, IfRejected, Mode, OnFailure, Operation, Plan, ScriptStep,
    ScriptWhere, Step, StepKind, Template, TemplatePart,
};
use crate::source::Diagnostic;
use crate::source::codes::names as codes;
use crate::syntax::ast::{Value, ValueKind};

use super::context::Context;
use super::declare::StepDraft;
use super::fields::Fields;
use super::program;
use super::scope::Scope;
use super::shape;

/// How long one look of a `command` may take if unsaid; the schema's text says the same.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

impl<'t> Scope<'_, 't> {
    /// A step; nothing where something is wrong. `called` is the plan of a `call`.
    pub(super) fn step(
        &self,
        context: &mut Context,
        draft: &StepDraft<'t>,
        called: Option<&Plan>,
    ) -> Option<Step> {
        let fields = &draft.fields;
        let at_span = fields.place("at");
        if let (Some(place), None) = (at_span, draft.owner) {
            let message = "`at` is for steps inside a `vm`, `group` or `tier`";
            context.report(
                Diagnostic::error(codes::WRONG_PLACE, message, place)
                    .help("remove it, or move the step into a block"),
            );
        }
        let kind = match draft.named.part.kind.word {
            "approve" => self.approve(context, fields).map(StepKind::Approve),
            "script" => self.script(context, fields).map(StepKind::Script),
            "check" => self.check(context, fields).map(StepKind::Check),
            "wait" => wait(fields),
            _ => called.map(|plan| StepKind::Call { plan: Box::new(plan.clone()) }),
        };
        let undo = self.undo(context, fields);
        let retry = program::retry(context, fields.part("retry"));
        Some(Step {
            name: draft.named.name.text.to_owned(),
            span: draft.named.name.span,
            doc: draft.named.part.doc(),
            kind: kind?,
            owner: draft.owner,
            at: if draft.owner.is_some() && draft.named.part.kind.key("at").is_some() {
                at(fields)
            } else {
                At::default()
            },
            at_span,
            operations: operations(fields),
            modes: modes(fields),
            retry,
            timeout: fields.duration("timeout"),
            on_failure: on_failure(fields),
            undo,
            optional: fields.flag("optional")?,
        })
    }

    fn approve(&self, context: &mut Context, fields: &Fields<'_>) -> Option<ApproveStep> {
        let prompt = fields.value("prompt").and_then(|value| self.template(context, value));
        let role = fields.name("by").and_then(|name| self.role(context, name));
        let quorum = fields.int("quorum");
        if let (Some((name, Some(people))), Some(quorum), Some(value)) =
            (&role, quorum, fields.value("quorum"))
            && usize::try_from(quorum).is_ok_and(|quorum| quorum > *people)
        {
            let message = format!(
                "`quorum` is {quorum}, and role `{name}` has {}",
                crate::base::words::count(*people, "member")
            );
            let help = format!("write `quorum = {people}` or less, or add members to `{name}`");
            context.report(Diagnostic::error(codes::OUT_OF_RANGE, message, value.span).help(help));
        }
        Some(ApproveStep {
            prompt: prompt?,
            by: role?.0,
            quorum: quorum?,
            within: fields.duration("within")?,
            if_late: match fields.word("if_late")? {
                "keep_waiting" => IfLate::KeepWaiting,
                "go" => IfLate::Go,
                _ => IfLate::Halt,
            },
            if_rejected: match fields.word("if_rejected")? {
                "rollback" => IfRejected::Rollback,
                _ => IfRejected::Halt,
            },
        })
    }

    fn script(&self, context: &mut Context, fields: &Fields<'_>) -> Option<ScriptStep> {
        let spec = self.program(context, fields);
        let guest = fields.value("where").and_then(|value| {
            let ValueKind::Call { args, .. } = &value.kind else { return None };
            args.first().and_then(|arg| shape::name(&arg.value))
        });
        let place = match guest {
            Some(name) => self.vm(context, name).map(ScriptWhere::Guest),
            None => Some(ScriptWhere::Runner),
        };
        Some(ScriptStep { spec: spec?, place: place? })
    }

    fn check(&self, context: &mut Context, fields: &Fields<'_>) -> Option<CheckStep> {
        for (key, of) in [("status", "http"), ("body", "http")] {
            if let (Some(place), None) = (fields.place(key), fields.place(of)) {
                let message = format!("`{key}` is for checks by `{of}`");
                context.report(
                    Diagnostic::error(codes::EXCLUSIVE, message, place).help(format!("remove `{key}`")),
                );
            }
        }
        if let (Some(part), None) = (fields.part("env"), fields.place("command")) {
            let message = "`env` is for checks by `command`";
            context.report(
                Diagnostic::error(codes::EXCLUSIVE, message, part.block.kind.span).help("remove `env`"),
            );
        }
        let kind = if let Some(value) = fields.value("tcp") {
            self.template(context, value).filter(|to| check_host_port(context, to, value)).map(CheckKind::Tcp)
        } else if let Some(value) = fields.value("http") {
            self.http(context, fields, value)
        } else if let Some(name) = fields.name("heartbeat") {
            self.vm(context, name).map(CheckKind::Heartbeat)
        } else {
            let timeout = fields.duration("timeout").unwrap_or(COMMAND_TIMEOUT);
            self.arguments(context, fields, "command", Some(timeout)).map(CheckKind::Command)
        };
        Some(CheckStep {
            kind: kind?,
            every: fields.duration("every")?,
            in_a_row: fields.int("in_a_row")?,
            within: fields.duration("within")?,
            real: fields.flag("real")?,
        })
    }

    fn http(&self, context: &mut Context, fields: &Fields<'_>, value: &Value<'_>) -> Option<CheckKind> {
        let url = self.template(context, value)?;
        let start = match url.parts.first() {
            Some(TemplatePart::Plain(start)) => start.as_str(),
            Some(TemplatePart::Param(_)) => "http://",
            Some(_) | None => "",
        };
        if !(start.starts_with("http://") || start.starts_with("https://")) {
            let message = "`http` is a URL that begins with `http://` or `https://`";
            context.report(
                Diagnostic::error(codes::WRONG_TYPE, message, value.span)
                    .help("write such as `http = \"http://${app01.address}/health\"`"),
            );
            return None;
        }
        if let Some(wrong) = wrong_host(&url) {
            let message = format!("`http` has {wrong}");
            context.report(
                Diagnostic::error(codes::WRONG_TYPE, message, value.span)
                    .help("write such as `http = \"http://${app01.address}:8080/health\"`"),
            );
            return None;
        }
        let status = u16::try_from(fields.int("status")?).ok()?;
        Some(CheckKind::Http { url, status, body: fields.text("body") })
    }
}

/// What is wrong with the host and port of a URL; a hole in it stands for letters and digits.
fn wrong_host(url: &Template) -> Option<&'static str> {
    let text: String = url
        .parts
        .iter()
        .map(|part| if let TemplatePart::Plain(text) = part { text.as_str() } else { "1" })
        .collect();
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("a blank or control character in it");
    }
    // Without one a parameter says it in the run.
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains(['@', '\\']) {
        return Some("a user name or another sign before its host, and a secret never stands in a plan");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let bracketed =
        host.starts_with('[') == host.ends_with(']') && (host.starts_with('[') || !host.contains(':'));
    if host.is_empty() || !bracketed {
        return Some("no host");
    }
    let bad = port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0));
    bad.then_some("no port from 1 to 65535 after its `:`")
}

/// Reports a target without a port; a text that ends in a hole is known only in the run.
fn check_host_port(context: &mut Context, to: &Template, value: &Value<'_>) -> bool {
    let right = match to.parts.last() {
        Some(TemplatePart::Plain(end)) => end.rsplit_once(':').is_some_and(|(host, port)| {
            (!host.is_empty() || to.parts.len() > 1) && port.parse::<u16>().is_ok_and(|port| port > 0)
        }),
        Some(TemplatePart::Param(_)) => true,
        Some(_) | None => false,
    };
    if !right {
        let message = "`tcp` is `host:port`, and this names no port from 1 to 65535";
        context.report(
            Diagnostic::error(codes::WRONG_TYPE, message, value.span)
                .help("write such as `tcp = \"${sql01.address}:1433\"`"),
        );
    }
    right
}

fn wait(fields: &Fields<'_>) -> Option<StepKind> {
    Some(StepKind::Wait { duration: fields.duration("duration")?, because: fields.text("because")? })
}

fn at(fields: &Fields<'_>) -> At {
    match fields.word("at") {
        Some("before_shutdown") => At::BeforeShutdown,
        Some("after_shutdown") => At::AfterShutdown,
        Some("before_start") => At::BeforeStart,
        Some(_) | None => At::AfterStart,
    }
}

/// The operations in order; all where nothing is said.
pub(super) fn operations(fields: &Fields<'_>) -> Vec<Operation> {
    let said = fields.words("operations");
    [Operation::Test, Operation::Failover, Operation::Failback]
        .into_iter()
        .filter(|operation| said.as_ref().is_none_or(|said| said.iter().any(|word| word == operation.word())))
        .collect()
}

fn modes(fields: &Fields<'_>) -> Vec<Mode> {
    let said = fields.words("modes");
    [Mode::Planned, Mode::Unplanned, Mode::Forced]
        .into_iter()
        .filter(|mode| said.as_ref().is_none_or(|said| said.iter().any(|word| word == mode.word())))
        .collect()
}

fn on_failure(fields: &Fields<'_>) -> Option<OnFailure> {
    Some(match fields.word("on_failure")? {
        "block" => OnFailure::Block,
        "continue" => OnFailure::Continue,
        "ask" => OnFailure::Ask,
        "rollback" => OnFailure::Rollback,
        _ => OnFailure::Halt,
    })
}
