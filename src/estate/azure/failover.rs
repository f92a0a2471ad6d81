//! Failovers and tests of a machine outside any group: one call on its item, with its point where the service
//! takes one. Members of groups go on to `group`.

use crate::event::{Key, Network, Submitted};
use crate::model::Mode;

use super::Azure;
use super::acts::{Call, allowed, job_of};
use super::ask::{Act, Body, Details, Direction, SourceSite, TestNetwork};
use super::kind::{Kind, Operation};
use super::trouble::Trouble;
use super::vault::Named;
use super::words::Word;

/// How a failover is asked for, besides its point.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Way {
    pub(super) operation: Operation,
    pub(super) direction: Direction,
    /// Of an unplanned one: whether the source is shut down.
    pub(super) source: Option<SourceSite>,
    pub(super) network: Option<TestNetwork>,
}

impl Azure {
    pub(super) async fn fail_over(
        &self,
        key: &Key,
        item: &Named,
        point: &str,
        mode: Option<Mode>,
        network: &Network,
    ) -> Result<Submitted, Trouble> {
        let way = self.way(item, mode, network)?;
        if let Some(group) = item.group() {
            return self.fail_over_group(key, item, group, point, &way).await;
        }
        allowed(item, way.operation)?;
        let id = match Word::of_id(point) {
            // A point without an id is the latest one: the description says so of null.
            Some(word) if word == Word::Latest || item.kind.is_back() => None,
            Some(word) => {
                let message = format!("`{}` alone cannot be told `{}`", item.name, word.id());
                return Err(Trouble::refused("point_cannot_be_told", message));
            }
            None if matches!(item.kind, Kind::RcmBack) => None,
            None => Some(self.listed(item, point).await?),
        };
        let call = Call {
            target: &item.id,
            before: job_of(&item.item.current_scenario),
            operation: way.operation,
            body: Some(Body { properties: body(item, point, id, &way)? }),
            point: Some(point),
        };
        self.ask(key, item, call).await
    }

    /// Which call it is: by kind, direction and mode. What the service does not know is refused with what it
    /// does know.
    fn way(&self, item: &Named, mode: Option<Mode>, network: &Network) -> Result<Way, Trouble> {
        let direction =
            if item.kind.is_back() { Direction::RecoveryToPrimary } else { Direction::PrimaryToRecovery };
        let unplanned = |source| Way {
            operation: Operation::UnplannedFailover,
            direction,
            source: Some(source),
            network: None,
        };
        let refused = |why: &str| Err(Trouble::refused("not_supported", format!("`{}` {why}", item.name)));
        match (&item.kind, mode) {
            (Kind::RcmForward | Kind::ClassicForward, None) => Ok(Way {
                operation: Operation::TestFailover,
                direction,
                source: None,
                network: Some(self.test_network(network)?),
            }),
            (_, None) => refused("runs in Azure, and the service tests failovers to Azure only"),
            (Kind::RcmBack, Some(Mode::Planned)) => {
                Ok(Way { operation: Operation::PlannedFailover, direction, source: None, network: None })
            }
            (Kind::RcmBack, Some(_)) => {
                refused("goes home through an appliance, whose failover is a planned one; use `--planned`")
            }
            (_, Some(Mode::Planned)) => refused("is failed over this way unplanned only; use `--unplanned`"),
            (_, Some(Mode::Unplanned)) => Ok(unplanned(SourceSite::Required)),
            (_, Some(Mode::Forced)) => Ok(unplanned(SourceSite::NotRequired)),
        }
    }

    /// A network of a test by its id, or by its name in the vault's own resource group. A subnet cannot be said.
    fn test_network(&self, network: &Network) -> Result<TestNetwork, Trouble> {
        let Some(name) = &network.name else {
            return Ok(TestNetwork { network_type: "NoNetworkAttachAsInput", network_id: None });
        };
        let id = if name.starts_with('/') {
            name.clone()
        } else {
            let name = name.split('/').next().unwrap_or_default();
            let group = self.vault.path.split("/providers/").next().unwrap_or_default();
            format!("{group}/providers/Microsoft.Network/virtualNetworks/{name}")
        };
        if !super::id::ArmId::new(&id).is_plain() {
            return Err(Trouble::refused("network", format!("`{name}` names no virtual network of Azure")));
        }
        Ok(TestNetwork { network_type: "VmNetworkAsInput", network_id: Some(id) })
    }
}

/// The body for one item, with the id of its point where it is told by one.
fn body(item: &Named, point: &str, id: Option<String>, way: &Way) -> Result<Act<Details>, Trouble> {
    let word = Word::of_id(point);
    let instance_type = item.kind.word().to_owned();
    let details = match (&item.kind, way.operation) {
        (Kind::RcmForward, Operation::UnplannedFailover) => Details::RcmUnplanned {
            instance_type: "InMageRcm",
            perform_shutdown: (way.source == Some(SourceSite::Required)).into(),
            recovery_point_id: id,
        },
        (Kind::RcmForward | Kind::ClassicForward, _) => Details::ByPoint {
            instance_type,
            network_id: match item.kind {
                Kind::RcmForward => way.network.as_ref().and_then(|network| network.network_id.clone()),
                _ => None,
            },
            recovery_point_id: id,
        },
        (Kind::RcmBack, _) => {
            let Some(word) = word else {
                let message = "through an appliance the job makes the point: it can be told none by its id";
                return Err(Trouble::refused("point_cannot_be_told", message));
            };
            Details::ByWord { instance_type, recovery_point_type: word.value(), recovery_point_id: None }
        }
        (Kind::ClassicBack, _) => Details::ByWord {
            instance_type,
            recovery_point_type: word.map_or("Custom", Word::value),
            recovery_point_id: id,
        },
        (Kind::Other(other), _) => {
            return Err(Trouble::refused("not_driven", format!("`{other}` is not driven")));
        }
    };
    Ok(Act {
        failover_direction: way.direction,
        source_site_operations: way.source,
        network: way.network.clone(),
        provider_specific_details: details,
    })
}
