//! Why one node waits for another, as data with places in the text, and in words.

use std::sync::Arc;

use crate::source::{Sources, Span};

/// What an edge needs of the node it comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Need {
    /// It is done.
    Done,
    /// It is done, failed or blocked alike: a barrier.
    Settled,
}

/// The order in which an arrow of the plan is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Along {
    /// As it is written.
    Forward,
    /// Sources go down in the reverse order of the starts.
    ShutDown,
    /// Sources come up again in the order of the starts.
    RollBack,
}

/// The names of two things that a reason ties together. Shared, for one arrow is used several ways.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ends {
    /// What comes first.
    pub from: Box<str>,
    /// What it leads or belongs to.
    pub to: Box<str>,
}

impl Ends {
    /// Both names.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Arc<Self> {
        Arc::new(Self { from: from.into(), to: to.into() })
    }
}

/// One reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// An arrow.
    Arrow {
        /// What it leaves and what it leads to.
        ends: Arc<Ends>,
        /// Where its head is named.
        span: Span,
        /// Which way it is used.
        along: Along,
    },
    /// A machine or step belongs to a machine or group.
    Inside {
        /// What belongs, and to what.
        ends: Arc<Ends>,
        /// Which way it is used.
        along: Along,
    },
    /// A rule of the language, in words.
    Rule(&'static str),
    /// What follows from what a thing is; goes without saying beside any other cause.
    Own(&'static str),
}

impl Cause {
    fn words(&self, sources: &Sources) -> String {
        match self {
            Self::Arrow { ends, span, .. } => match place(sources, *span) {
                Some(place) => format!("the arrow `{} -> {}` in {place}", ends.from, ends.to),
                None => format!("the arrow `{} -> {}`", ends.from, ends.to),
            },
            Self::Inside { ends, .. } => format!("`{}` belongs to `{}`", ends.from, ends.to),
            Self::Rule(words) | Self::Own(words) => (*words).to_owned(),
        }
    }

    const fn strength(&self) -> u8 {
        match self {
            Self::Arrow { .. } | Self::Rule(_) => 2,
            Self::Inside { .. } => 1,
            Self::Own(_) => 0,
        }
    }
}

/// The causes of one edge, at least one, read as a slice. A single one, which is nearly every case,
/// takes no memory of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Causes(Few);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Few {
    One(Cause),
    Many(Arc<[Cause]>),
}

impl std::ops::Deref for Causes {
    type Target = [Cause];
    fn deref(&self) -> &[Cause] {
        match &self.0 {
            Few::One(cause) => std::slice::from_ref(cause),
            Few::Many(causes) => causes,
        }
    }
}

impl From<Cause> for Causes {
    fn from(cause: Cause) -> Self {
        Self(Few::One(cause))
    }
}

impl From<Vec<Cause>> for Causes {
    fn from(causes: Vec<Cause>) -> Self {
        match <[Cause; 1]>::try_from(causes) {
            Ok([cause]) => cause.into(),
            Err(causes) => Self(Few::Many(causes.into())),
        }
    }
}

/// The reason of an edge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// What the edge needs.
    pub need: Need,
    /// The causes, at least one, all equally strong; several where steps between were contracted.
    pub causes: Causes,
}

/// Causes kept of one edge: a reader needs the first and the last arrow, not all of a long way.
const CAUSES_MAX: usize = 3;

impl Why {
    /// A rule whose edge needs the node done.
    #[must_use]
    pub fn rule(words: &'static str) -> Self {
        Self { need: Need::Done, causes: Cause::Rule(words).into() }
    }

    /// A barrier.
    #[must_use]
    pub fn barrier(words: &'static str) -> Self {
        Self { need: Need::Settled, causes: Cause::Rule(words).into() }
    }

    /// What goes without saying; the edge needs the node done.
    #[must_use]
    pub fn own(words: &'static str) -> Self {
        Self { need: Need::Done, causes: Cause::Own(words).into() }
    }

    /// A cause whose edge needs the node done.
    #[must_use]
    pub fn done(cause: Cause) -> Self {
        Self { need: Need::Done, causes: cause.into() }
    }

    /// The same, used another way.
    #[must_use]
    pub fn along(&self, way: Along) -> Self {
        if self.causes.iter().all(|cause| matches!(cause, Cause::Rule(_))) {
            return self.clone();
        }
        let turned = |cause: &Cause| match cause {
            Cause::Arrow { ends, span, .. } => {
                Cause::Arrow { ends: Arc::clone(ends), span: *span, along: way }
            }
            Cause::Inside { ends, .. } => Cause::Inside { ends: Arc::clone(ends), along: way },
            Cause::Rule(words) => Cause::Rule(words),
            Cause::Own(_) => Cause::Own("sources follow one another"),
        };
        let causes = match &self.causes.0 {
            Few::One(cause) => turned(cause).into(),
            Few::Many(causes) => Causes(Few::Many(causes.iter().map(turned).collect())),
        };
        Self { need: self.need, causes }
    }

    /// The reason of the edge that two edges become when the node between goes away: arrows and rules
    /// outlast what only says where something belongs.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let need = self.need.max(next.need);
        let strength = |why: &Self| why.causes.first().map(Cause::strength);
        let (own, other) = (strength(self), strength(next));
        if own > other || self.causes == next.causes {
            return Self { need, causes: self.causes.clone() };
        }
        if own < other {
            return Self { need, causes: next.causes.clone() };
        }
        let mut causes = self.causes.to_vec();
        causes.extend(next.causes.iter().filter(|cause| !self.causes.contains(cause)).cloned());
        // Of rules that follow from one another the first says it.
        let mut ruled = false;
        causes.retain(|cause| !matches!(cause, Cause::Rule(_)) || !std::mem::replace(&mut ruled, true));
        if causes.len() > CAUSES_MAX {
            causes.drain(CAUSES_MAX - 1..causes.len() - 1);
        }
        Self { need, causes: causes.into() }
    }

    /// The place of the first arrow.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.causes.iter().find_map(|cause| match cause {
            Cause::Arrow { span, .. } => Some(*span),
            Cause::Inside { .. } | Cause::Rule(_) | Cause::Own(_) => None,
        })
    }

    /// Words that complete "waits for X: …".
    #[must_use]
    pub fn words(&self, sources: &Sources) -> String {
        let mut text = String::new();
        let mut way = Along::Forward;
        for (index, cause) in self.causes.iter().enumerate() {
            if index > 0 {
                text.push_str(", and ");
            }
            let along = match cause {
                Cause::Arrow { along, .. } | Cause::Inside { along, .. } => *along,
                Cause::Rule(_) | Cause::Own(_) => Along::Forward,
            };
            if along != way {
                text.push_str(match along {
                    Along::Forward => "",
                    Along::ShutDown => "sources go down in the reverse order of the starts: ",
                    Along::RollBack => "sources come up again in the order of the starts: ",
                });
                way = along;
            }
            text.push_str(&cause.words(sources));
        }
        text
    }
}

/// `erp.muster:34`, where the file is known.
#[must_use]
pub fn place(sources: &Sources, span: Span) -> Option<String> {
    let source = sources.find(span.file)?;
    let name = source.name().rsplit('/').next().unwrap_or_default();
    Some(format!("{name}:{}", source.line_column(span.start).0))
}
