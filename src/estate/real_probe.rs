//! Probes that really leave the process: for providers of real machines, and for checks that say
//! `real = true`. Reads only, within `limits::PROBE_MAX`.

use std::time::Duration;

use crate::base::limits;
use crate::event::{Probe, ProbeAnswer};

/// Looks at a service over the network. A heartbeat is an estate's own business and is refused.
pub async fn real_probe(probe: &Probe) -> ProbeAnswer {
    let asked = async {
        match probe {
            Probe::Tcp { address } => tcp(address).await,
            Probe::Http { url, status, body } => http(url.clone(), *status, body.clone()).await,
            Probe::Heartbeat { machine, .. } => {
                Err(format!("the heartbeat of `{machine}` is its estate's to see"))
            }
        }
    };
    match tokio::time::timeout(limits::PROBE_MAX, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {}", crate::base::time::format_duration(limits::PROBE_MAX))),
    }
}

async fn tcp(address: &str) -> ProbeAnswer {
    match tokio::net::TcpStream::connect(address).await {
        Ok(_stream) => Ok(format!("{address} accepts connections")),
        Err(error) => Err(format!("{address}: {error}")),
    }
}

async fn http(url: String, status: u16, body: Option<String>) -> ProbeAnswer {
    let asked = tokio::task::spawn_blocking(move || blocking_http(&url, status, body.as_deref()));
    asked.await.unwrap_or_else(|error| Err(format!("the request broke off: {error}")))
}

/// The library is a blocking one; it keeps its own time limit, so that no thread stays behind.
fn blocking_http(url: &str, status: u16, body: Option<&str>) -> ProbeAnswer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(limits::PROBE_MAX.saturating_sub(Duration::from_millis(200))))
        .http_status_as_error(false)
        // A redirect is an answer like any other; following it would ask somebody else.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into();
    let mut answer = agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
    let got = answer.status().as_u16();
    if got != status {
        return Err(format!("{url} answered {got}, {status} is wanted"));
    }
    let Some(wanted) = body else { return Ok(format!("{url} answered {got}")) };
    let text = answer
        .body_mut()
        .with_config()
        .limit(limits::HTTP_BODY_BYTES_MAX)
        .read_to_string()
        .map_err(|error| format!("{url} answered {got}, and its body cannot be read: {error}"))?;
    if text.contains(wanted) {
        Ok(format!("{url} answered {got} with `{wanted}`"))
    } else {
        Err(format!("{url} answered {got} without `{wanted}`"))
    }
}
