//! The lock that keeps two runs on one host apart: held by a process there, on this connection.
//!
//! It is a `flock`, so the kernel frees it when the process ends; the process ends when its input
//! ends or when no sign of life has come for a minute, whatever became of the controller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::become_error::BecomeError;
use super::lost::{Lost, LostCause};
use super::pipes::{Event, Pipes};
use super::script::Script;
use super::session::printable;

/// How often a sign of life is sent; the host waits for [`SILENCE`].
const BEAT: Duration = Duration::from_secs(10);
/// Seconds without a sign of life after which the host frees the lock.
const SILENCE: u32 = 45;

/// Why the host's lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("`{host}` is being changed by another run: {holder}; wait for it to end")]
    Held { host: String, holder: String },
    /// This run holds it already, by another name of the machine or a connection that has ended.
    #[error("`{host}` is being changed by this run, as `{name}`")]
    Ours { host: String, name: String },
    /// The host has no `flock` program, or nowhere to put the file.
    #[error("cannot lock `{host}`: {said}; the host needs `flock` of util-linux")]
    Unable { host: String, said: String },
    /// There was no shell to take it with.
    #[error(transparent)]
    Become(#[from] BecomeError),
    /// The connection was lost.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// Who wants the lock.
#[derive(Debug, Clone)]
pub struct Holder {
    /// For the message that another run shows: who, from where.
    pub who: String,
    /// Tells runs apart.
    pub run: String,
    /// The machine's name in this run.
    pub name: String,
}

impl Holder {
    fn lines(&self) -> String {
        [&*self.who, &*self.run, &*self.name].join("\n")
    }
}

/// How long to wait for the lock.
#[derive(Debug, Clone, Copy, Default)]
pub struct LockWait {
    /// While another run holds it.
    pub others: Duration,
    /// While this run holds it already.
    pub own: Duration,
}

/// The host's lock. It is free again soon after this is dropped.
#[derive(Debug)]
pub struct HostLock {
    lost: Arc<AtomicBool>,
    release: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

impl HostLock {
    /// Whether the process that holds it has ended: another run may be at work.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Frees it and waits until it is free.
    pub async fn release(mut self) {
        self.release.take();
        // A connection that is dead frees it by its death.
        let _ = timeout(Duration::from_secs(5), &mut self.ended).await;
    }
}

/// The text that takes and keeps the lock: it says `held`, or `busy` and by whom.
pub(super) fn script(holder: &Holder, wait: LockWait) -> Script {
    let mut script = Script::new();
    script.assign("holder", holder.lines()).assign("run", holder.run.as_str());
    script.assign("others", wait.others.as_secs()).assign("own", wait.own.as_secs());
    script.assign("silence", SILENCE);
    script.line(
        r#"umask 022
if [ "$(id -u)" = 0 ]; then
mkdir -p /run/mxprov && file=/run/mxprov/lock && : >>"$file" || exit 3
elif [ -r /run/mxprov/lock ]; then
file=/run/mxprov/lock
else
file=$HOME/.mxprov.lock; : >>"$file" || exit 3
fi
exec 9<"$file" || exit 3
flock -n 9
status=$?
if [ "$status" = 1 ]; then
wait=$others
if [ "$(sed -n 2p "$file")" = "$run" ]; then wait=$own; fi
flock -w "$wait" 9
status=$?
fi
# A host that heals itself from a run that was cut is soon done with it.
if [ "$status" = 1 ] && grep -q '^guard' "$file"; then flock -w 60 9; status=$?; fi
case $status in
0) ;;
1) echo busy; cat "$file"; echo end; exit 0 ;;
*) exit 3 ;;
esac
if [ -w "$file" ]; then printf '%s\n' "$holder" >"$file"; fi
echo held
while [ -n "$(timeout "$silence" dd bs=1 count=1 2>/dev/null 9<&-)" ]; do :; done
if [ -w "$file" ]; then : >"$file"; fi"#,
    );
    script
}

/// The command line that says `hello` and then runs what [`keep`] sends.
pub(super) fn command(hello: &str) -> String {
    let text = r#"; IFS= read -r n; eval "$(dd bs=$n count=1 iflag=fullblock 2>/dev/null)""#;
    ["sh -c ", &super::quote::quote(&["echo ", hello, text].concat())].concat()
}

/// Sends the script, waits for the host's word and keeps the lock alive from then on.
pub(super) async fn keep(
    host: &str,
    mut pipes: Pipes,
    hello: &str,
    (script, wanted): (&Script, &Holder),
) -> Result<HostLock, LockError> {
    let text = script.text_to_send();
    let text = text.expose_secret();
    // A write that fails means that the process has ended, which is seen below.
    let _ = pipes.input.write_all(format!("{}\n{text}", text.len()).as_bytes()).await;
    let _ = pipes.input.flush().await;
    let mut answer = Answer::default();
    for event in std::mem::take(&mut pipes.early) {
        answer.take(&event);
    }
    let held = loop {
        if let Some(held) = answer.verdict(hello) {
            break held;
        }
        match pipes.events.recv().await {
            Some(event) => answer.take(&event),
            None => return Err(answer.over(host)),
        }
    };
    if let Err(holder) = held {
        return Err(busy(host, &holder, wanted));
    }
    let lost = Arc::new(AtomicBool::new(false));
    let (release, released) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    tokio::spawn(hold(pipes, released, Arc::clone(&lost), end));
    Ok(HostLock { lost, release: Some(release), ended })
}

/// Why the lock is not to be had, from what its holder wrote.
fn busy(host: &str, holder: &str, wanted: &Holder) -> LockError {
    let host = host.to_owned();
    let mut lines = holder.lines().map(|line| printable(line.as_bytes()));
    let mut line = || lines.next().unwrap_or_default();
    let (who, run, name) = (line(), line(), line());
    if run == wanted.run {
        return LockError::Ours { host, name };
    }
    let holder = if who.is_empty() { "of another user".to_owned() } else { who };
    LockError::Held { host, holder }
}

#[derive(Default)]
struct Answer {
    output: Vec<u8>,
    error: Vec<u8>,
    ended: bool,
}

impl Answer {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Output(bytes) => self.output.extend_from_slice(bytes),
            Event::Error(bytes) => self.error.extend_from_slice(bytes),
            Event::Exit(_) => self.ended = true,
        }
    }

    /// `Ok` when held, `Err` with the holder when busy, `None` when not said yet.
    fn verdict(&self, hello: &str) -> Option<Result<(), String>> {
        let text = String::from_utf8_lossy(&self.output);
        let said = text.split_once(hello)?.1.trim_start_matches(['\r', '\n']);
        if said.starts_with("held\n") {
            return Some(Ok(()));
        }
        let holder = said.strip_prefix("busy\n")?.strip_suffix("end\n")?;
        Some(Err(holder.to_owned()))
    }

    fn over(&self, host: &str) -> LockError {
        let host = host.to_owned();
        let said = printable(&self.error);
        if self.ended {
            LockError::Unable { host, said }
        } else {
            LockError::Lost(Lost { host, cause: LostCause::Disconnected, last_words: said })
        }
    }
}

/// Sends signs of life until told to stop or until the process there ends.
async fn hold(
    pipes: Pipes,
    mut released: oneshot::Receiver<()>,
    lost: Arc<AtomicBool>,
    end: oneshot::Sender<()>,
) {
    let Pipes { mut input, mut events, .. } = pipes;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut released => break,
            () = ended(&mut events) => {
                lost.store(true, Ordering::Release);
                return;
            }
            _ = beat.tick() => {
                // A write that fails means that the process has ended, which is seen above.
                let _ = timeout(BEAT, async {
                    input.write_all(b".").await?;
                    input.flush().await
                }).await;
            }
        }
    }
    let _ = input.shutdown().await;
    drop(input);
    ended(&mut events).await;
    let _ = end.send(());
}

async fn ended(events: &mut mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        if matches!(event, Event::Exit(_)) {
            return;
        }
    }
}
