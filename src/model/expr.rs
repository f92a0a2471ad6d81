//! Texts with holes, and references to secrets. Filled in by the driver, when the values are known.

use serde::{Deserialize, Serialize};

use super::VmId;

/// A text with holes. Parameters are filled in when the runbook is compiled.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template {
    /// Its parts in order.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplatePart {
    /// Characters as they are.
    Plain(String),
    /// `${sql01.address}`: where the machine is reached at the target site (the copy, in a test).
    Address(VmId),
    /// `${sql01.name}`: the machine's name in the estate.
    VmName(VmId),
    /// `${ticket}`: a parameter.
    Param(String),
    /// `${run.id}`
    RunId,
    /// `${run.plan}`
    RunPlan,
    /// `${run.operation}`
    RunOperation,
    /// `${run.mode}`; empty in a test.
    RunMode,
    /// `${run.source}`: the site the machines leave.
    RunSource,
    /// `${run.target}`: the site the machines come up at.
    RunTarget,
}

impl Template {
    /// A text without holes.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { parts: vec![TemplatePart::Plain(text.into())] }
    }

    /// The text, if it has no holes.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TemplatePart::Plain(text)] => Some(text),
            [..] => None,
        }
    }

    /// The text with every hole filled by `fill`, which is not asked for plain parts.
    ///
    /// # Errors
    /// The first error of `fill`.
    pub fn render<E>(&self, mut fill: impl FnMut(&TemplatePart) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for part in &self.parts {
            if let TemplatePart::Plain(plain) = part {
                text.push_str(plain);
            } else {
                text.push_str(&fill(part)?);
            }
        }
        Ok(text)
    }
}

/// A secret by reference; its value is read when it is used and never kept or printed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// `env("NAME")`
    Env(String),
    /// `file("path")`
    File(String),
}
