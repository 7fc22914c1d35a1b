//! The agent's keys.

use std::path::Path;
use std::time::Duration;

use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// An agent that does not list its keys in this time is left out.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to the agent and what it holds.
pub(super) struct Agent {
    pub client: AgentClient<UnixStream>,
    pub identities: Vec<AgentIdentity>,
}

impl Agent {
    /// Asks the agent at `socket` for its keys; the error says why that failed.
    pub async fn open(socket: &Path) -> Result<Self, String> {
        let opening = async {
            let mut client = AgentClient::connect_uds(socket).await?;
            let identities = client.request_identities().await?;
            Ok::<_, russh::keys::Error>(Self { client, identities })
        };
        match timeout(PATIENCE, opening).await {
            Ok(opened) => opened.map_err(|error| error.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }
}
