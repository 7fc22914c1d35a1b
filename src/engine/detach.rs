//! Work that must not be cut half-way.

use std::sync::Arc;
use std::time::Instant;

use crate::playbook::Task;
use crate::remote::{JobError, JobId, Output};
use crate::resource::Action;

use super::driver::{Driver, Halt};
use super::send::complaint_output;
use super::settings::Manner;

/// What is said where work is not waited for any longer.
const STILL_AT_WORK: &str = "it goes on by itself on the host, and the next run waits for its end";

impl Driver {
    /// What must not be cut half-way runs in a session of its own on the host; a lost connection
    /// is made anew and picks the result up.
    pub(super) async fn send_detached(
        &mut self,
        task: &Arc<Task>,
        action: &dyn Action,
        manner: &Manner,
    ) -> Result<Output, Halt> {
        let began = Instant::now();
        let id = JobId::random();
        let label = action.summary();
        let script = self.ready(task, action, manner)?;
        let mut lost = None;
        for _ in 0..3 {
            let shell = match self.shell(manner).await {
                Ok(shell) => shell,
                Err(Halt::Unreachable(message)) => {
                    lost = Some(message);
                    self.links.drop_connection(&manner.host).await;
                    continue;
                }
                Err(other) => return Err(other),
            };
            let run = async {
                shell.detach(&id, &label, &script).await?;
                shell.follow(&id, &label, &mut |_| ()).await
            };
            // What must not be cut is not ended when its time is up: it is waited for no longer.
            let left = manner.timeout.map(|limit| limit.saturating_sub(began.elapsed()));
            let ended = match left {
                None => run.await,
                Some(left) => match tokio::time::timeout(left, run).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        self.links.drop_connection(&manner.host).await;
                        return Ok(Output {
                            status: 124,
                            ..complaint_output(STILL_AT_WORK.into())
                        });
                    }
                },
            };
            match ended {
                Ok(output) => return Ok(output),
                Err(JobError::Lost(error)) => {
                    lost = Some(error.to_string());
                    self.links.drop_connection(&manner.host).await;
                }
                Err(other) => return Ok(complaint_output(other.to_string())),
            }
        }
        Err(Halt::Unreachable(lost.unwrap_or_else(|| "the connection was lost".into())))
    }
}
