//! Restarting a host, and waiting for one that cannot be reached.

use std::time::{Duration, Instant};

use crate::remote::{Output, Script, Shell, Transport};
use crate::resource::Restart;

use super::driver::{Driver, Halt};
use super::guard;
use super::send::complaint_output;
use super::settings::Manner;

/// How long the host may take to say that it goes down; often it is gone before.
const FAREWELL: Duration = Duration::from_secs(10);

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

impl Driver {
    /// Restarts the host and waits until it is there with another boot, and passes the test.
    pub(super) async fn restart(
        &mut self,
        restart: &Restart,
        manner: &Manner,
    ) -> Result<Output, Halt> {
        if self.target(&manner.host)?.transport == Transport::Local {
            return Ok(complaint_output(
                "this machine is the controller: it does not restart".into(),
            ));
        }
        let shell = self.shell(manner).await?;
        let boot = boot_id(&shell).await?;
        let began = Instant::now();
        self.wait(restart.delay).await;
        if *self.interrupt.borrow() {
            return Ok(complaint_output("interrupted before the host was to go down".into()));
        }
        let said = tokio::time::timeout(FAREWELL, shell.run_one(restart.script.clone())).await;
        // A command that a signal ended (a status above 128) was ended by the host going down.
        if let Ok(Ok(output)) = said
            && (1..=128).contains(&output.status)
        {
            return Ok(output);
        }
        self.wait(restart.settle).await;
        let looked = Instant::now();
        let mut reason = "it did not go down".to_string();
        while let Some(left) = guard::left(looked, restart.limit) {
            self.links.drop_connection(&manner.host).await;
            self.wait(PAUSE.min(left)).await;
            match tokio::time::timeout(left, self.is_back(&boot, restart, manner)).await {
                Ok(Ok(())) => return Ok(seconds_since(began)),
                Ok(Err(Halt::Unreachable(error) | Halt::Failed(error))) => reason = error,
                // The last answer says more than that there is none now.
                Err(_) => {}
            }
            if *self.interrupt.borrow() {
                return Ok(complaint_output(format!(
                    "interrupted while the host restarts: {reason}"
                )));
            }
        }
        let limit = restart.limit.as_secs();
        Ok(complaint_output(format!("the host is not back after {limit} s: {reason}")))
    }

    /// Whether another boot than this one answers, and passes the test.
    async fn is_back(&self, boot: &[u8], restart: &Restart, manner: &Manner) -> Result<(), Halt> {
        let shell = self.shell(manner).await?;
        if boot_id(&shell).await? == boot {
            return Err(Halt::Failed("it did not go down".into()));
        }
        let Some(test) = &restart.test else { return Ok(()) };
        let output = run(&shell, test.clone()).await?;
        match output.status {
            0 => Ok(()),
            status => {
                Err(Halt::Failed(format!("it is up, but its test ended with status {status}")))
            }
        }
    }

    /// Connects anew until that works.
    pub(super) async fn reconnect(
        &mut self,
        delay: Duration,
        limit: Duration,
        manner: &Manner,
    ) -> Result<Output, Halt> {
        let began = Instant::now();
        self.wait(delay).await;
        let tried = Instant::now();
        let mut reason = "it does not answer".to_string();
        while let Some(left) = guard::left(tried, limit) {
            self.links.drop_connection(&manner.host).await;
            match tokio::time::timeout(left, self.shell(manner)).await {
                Ok(Ok(_)) => return Ok(seconds_since(began)),
                Ok(Err(Halt::Unreachable(error) | Halt::Failed(error))) => reason = error,
                Err(_) => {}
            }
            if *self.interrupt.borrow() {
                break;
            }
            self.wait(PAUSE.min(left)).await;
        }
        Ok(complaint_output(format!("no connection within {} s: {reason}", limit.as_secs())))
    }
}

/// The kernel's own name of this boot.
async fn boot_id(shell: &Shell) -> Result<Vec<u8>, Halt> {
    let output = run(shell, Script::of(["cat", "/proc/sys/kernel/random/boot_id"])).await?;
    match output.status {
        0 => Ok(output.stdout),
        _ => Err(Halt::Failed("the kernel does not say which boot this is".into())),
    }
}

async fn run(shell: &Shell, script: Script) -> Result<Output, Halt> {
    shell.run_one(script).await.map_err(|lost| Halt::Unreachable(lost.to_string()))
}

/// The output of something that took that long.
fn seconds_since(began: Instant) -> Output {
    let seconds = began.elapsed().as_secs().to_string();
    Output { stdout: seconds.into_bytes(), ..Output::default() }
}
