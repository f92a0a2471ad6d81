//! The four ways in which machines are replicated between VMware and Azure, and which operations each takes
//! its failover by. Words are those of the API description.

use super::settings::Appliance;
use super::wire::Item;

/// How an item is replicated now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Modernized, to Azure.
    RcmForward,
    /// Modernized, home.
    RcmBack,
    /// Classic, to Azure.
    ClassicForward,
    /// Classic, home.
    ClassicBack,
    /// A way that is not driven, by its name.
    Other(String),
}

impl Kind {
    /// The kind of an item.
    pub(super) fn of(item: &Item) -> Self {
        match item.provider_specific_details.instance_type.as_deref().unwrap_or_default() {
            "InMageRcm" => Self::RcmForward,
            "InMageRcmFailback" => Self::RcmBack,
            "InMageAzureV2" => Self::ClassicForward,
            "InMage" => Self::ClassicBack,
            other => Self::Other(super::trouble::said(other)),
        }
    }

    /// Its word.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::RcmForward => "InMageRcm",
            Self::RcmBack => "InMageRcmFailback",
            Self::ClassicForward => "InMageAzureV2",
            Self::ClassicBack => "InMage",
            Self::Other(word) => word,
        }
    }

    /// The generation it belongs to, if it is driven.
    pub(super) const fn appliance(&self) -> Option<Appliance> {
        match self {
            Self::RcmForward | Self::RcmBack => Some(Appliance::Modernized),
            Self::ClassicForward | Self::ClassicBack => Some(Appliance::Classic),
            Self::Other(_) => None,
        }
    }

    /// Whether points go to Azure.
    pub(super) const fn is_forward(&self) -> bool {
        matches!(self, Self::RcmForward | Self::ClassicForward)
    }

    /// Whether points come home.
    pub(super) const fn is_back(&self) -> bool {
        matches!(self, Self::RcmBack | Self::ClassicBack)
    }
}

/// Operations that an item allows, by the words of `ReplicationProtectedItemOperation`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    /// Make a failover final.
    Commit,
    /// A failover after which nothing is lost: modernized, home.
    PlannedFailover,
    /// Any other failover.
    UnplannedFailover,
    /// A copy beside production.
    TestFailover,
    /// Its removal.
    TestFailoverCleanup,
    /// Another point, before the commit.
    ChangePit,
    /// Replication the other way.
    ReverseReplicate,
    /// A failover home that is given up.
    CancelFailover,
}

impl Operation {
    /// Its word in `allowedOperations`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Commit => "Commit",
            Self::PlannedFailover => "PlannedFailover",
            Self::UnplannedFailover => "UnplannedFailover",
            Self::TestFailover => "TestFailover",
            Self::TestFailoverCleanup => "TestFailoverCleanup",
            Self::ChangePit => "ChangePit",
            Self::ReverseReplicate => "ReverseReplicate",
            Self::CancelFailover => "CancelFailover",
        }
    }

    /// The operation of a path's last segment.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let all = [
            Self::Commit,
            Self::PlannedFailover,
            Self::UnplannedFailover,
            Self::TestFailover,
            Self::TestFailoverCleanup,
            Self::ChangePit,
            Self::ReverseReplicate,
            Self::CancelFailover,
        ];
        all.into_iter().find(|operation| operation.path() == path)
    }

    /// The last segment of its path.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Commit => "failoverCommit",
            Self::PlannedFailover => "plannedFailover",
            Self::UnplannedFailover => "unplannedFailover",
            Self::TestFailover => "testFailover",
            Self::TestFailoverCleanup => "testFailoverCleanup",
            Self::ChangePit => "applyRecoveryPoint",
            Self::ReverseReplicate => "reProtect",
            Self::CancelFailover => "failoverCancel",
        }
    }
}

impl Item {
    /// Whether it may be asked for this now. The service's list decides, not its state.
    pub(super) fn allows(&self, operation: Operation) -> bool {
        self.allowed_operations.iter().any(|word| word.eq_ignore_ascii_case(operation.word()))
    }

    /// Whether something of a test is there.
    pub(super) fn is_in_test(&self) -> bool {
        let state = self.test_failover_state.as_deref().unwrap_or_default();
        // What is marked for deletion stays marked when it is gone; what may still be cleaned up is not gone.
        if state.eq_ignore_ascii_case("MarkedForDeletion") {
            return self.allows(Operation::TestFailoverCleanup);
        }
        !state.is_empty() && !state.eq_ignore_ascii_case("None")
    }

    /// Whether it runs in Azure. A location is `Primary` at home and `Recovery` in Azure, whichever way points go
    /// (inferred: the failover home is one "from recovery to primary").
    pub(super) fn is_in_azure(&self) -> bool {
        self.active_location.as_deref().is_some_and(|place| place.eq_ignore_ascii_case("Recovery"))
    }
}
