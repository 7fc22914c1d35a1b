//! Work that must not be cut half-way.

use std::sync::Arc;

use crate::playbook::Task;
use crate::remote::{JobError, JobId, Output};
use crate::resource::Action;

use super::driver::{Driver, Halt};
use super::send::complaint_output;
use super::settings::Manner;

impl Driver {
    /// What must not be cut half-way runs in a session of its own on the host; a lost connection
    /// is made anew and picks the result up.
    pub(super) async fn send_detached(
        &mut self,
        task: &Arc<Task>,
        action: &dyn Action,
        manner: &Manner,
    ) -> Result<Output, Halt> {
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
            match run.await {
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
