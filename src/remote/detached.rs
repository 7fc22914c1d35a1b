//! Work that must not be cut half-way: it runs in a session of its own on the host, with its
//! output and exit status spooled, so that a new connection can pick it up.

use std::time::Duration;

use super::bootstrap::OnFailure;
use super::lost::Lost;
use super::nonce::nonce;
use super::script::Script;
use super::session::{Output, Shell, printable};

/// How long one look waits for the end of the job.
const LOOK: Duration = Duration::from_secs(5);

/// Finds the spool of a job from `$id`: root's is in a directory that only root can write to.
const SPOOL: &str = r#"if [ "$(id -u)" = 0 ]; then base=/run/mxprov; else base=/var/tmp; fi
spool=$base/mxprov-job.$id"#;

/// `alive` is locked by the job's shell alone, so that its end is seen even if it was killed, and
/// not mistaken when a daemon that it started lives on.
const START: &str = r#"mask=$(umask)
umask 077
if [ "$base" = /run/mxprov ]; then mkdir -p -m 755 "$base" || exit 3; fi
mkdir -m 700 "$spool" 2>/dev/null || { [ -O "$spool" ] && [ -e "$spool/alive" ] && exit 0; echo "cannot make $spool" >&2; exit 3; }
printf '%s\n' "$label" >"$spool/label"
exec 8>"$spool/alive"
flock 8 || exit 3
job | spool=$spool mask=$mask setsid sh -c '
job=$(cat); dir=$spool; unset spool
exec </dev/null >"$dir/out" 2>"$dir/err"
umask "$mask"; unset mask
( unset dir; eval "$job" ) 8>&-
echo $? >"$dir/status.new" && mv "$dir/status.new" "$dir/status"
' </dev/stdin >/dev/null 2>&1 &"#;

/// Names a job. The controller keeps it to find the job again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// A new name that nobody can guess.
    pub fn random() -> Self {
        Self(nonce())
    }

    /// A name that was written down; `None` if it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        good.then(|| Self(text.to_owned()))
    }

    /// The name, to be written down.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job found on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobInfo {
    /// Its name.
    pub id: JobId,
    /// Whether it is at work; otherwise its result waits to be collected.
    pub running: bool,
    /// What it is, in the words of the one who started it.
    pub label: String,
}

/// Why a job's result cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The connection was lost; the job goes on.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The host does not know the job: it was never started, or the host was restarted.
    #[error("`{host}` knows nothing of the detached job `{label}` any more; was it restarted?")]
    Unknown { host: String, label: String },
    /// It was killed.
    #[error("the detached job `{label}` on `{host}` was killed before it ended; {said}")]
    Killed { host: String, label: String, said: String },
    /// It could not be started.
    #[error("cannot start the detached job `{label}` on `{host}`: {said}")]
    NotStarted { host: String, label: String, said: String },
}

impl Shell {
    /// Starts `script` as the job `id`, unless that job is there already: after a lost connection
    /// it may be asked again.
    pub async fn detach(&self, id: &JobId, label: &str, script: &Script) -> Result<(), JobError> {
        let mut start = located(id);
        start.assign("label", label);
        start.line("job() { printf '%s\\n' \\").nested(script).line("\n}").line(START);
        let output = self.run_one(start).await?;
        if output.succeeded() {
            return Ok(());
        }
        let said = printable(&output.stderr);
        Err(JobError::NotStarted { host: self.host().into(), label: label.into(), said })
    }

    /// Follows the job to its end and removes its spool; `progress` gets its standard output as it grows.
    pub async fn follow(
        &self,
        id: &JobId,
        label: &str,
        progress: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Output, JobError> {
        let mut result = Output::default();
        loop {
            let look = self.look(id, result.stdout.len(), result.stderr.len()).await?;
            progress(&look.output);
            result.stdout.extend_from_slice(&look.output);
            result.stderr.extend_from_slice(&look.error);
            let (host, label) = (self.host().to_owned(), label.to_owned());
            match look.state.as_str() {
                "running" => {}
                // What came in full chunks may have more behind it.
                _ if !look.output.is_empty() || !look.error.is_empty() => {}
                "unknown" => return Err(JobError::Unknown { host, label }),
                "killed" => {
                    self.forget(id).await?;
                    let said = printable(&result.stderr[result.stderr.len().saturating_sub(300)..]);
                    return Err(JobError::Killed { host, label, said });
                }
                status => {
                    result.status = status.parse().unwrap_or(-1);
                    self.forget(id).await?;
                    return Ok(result);
                }
            }
        }
    }

    /// The jobs of this user on the host, running or waiting to be collected.
    pub async fn jobs(&self) -> Result<Vec<JobInfo>, Lost> {
        let mut script = Script::new();
        script.line("id=").line(SPOOL).line(
            r#"for spool in "$spool"*; do
if ! [ -O "$spool" ] || ! [ -d "$spool" ]; then continue; fi
if flock -n "$spool/alive" true; then state=ended; else state=running; fi
printf '%s %s ' "${spool##*.}" "$state"
tr '\n' ' ' <"$spool/label"; echo
done"#,
        );
        let output = self.run_one(script).await?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(info).collect())
    }

    /// Removes the spool of a job whose result is not wanted.
    pub async fn forget(&self, id: &JobId) -> Result<(), Lost> {
        let mut script = located(id);
        script.line(r#"rm -rf -- "$spool""#);
        self.run_one(script).await.map(|_| ())
    }

    async fn look(&self, id: &JobId, output: usize, error: usize) -> Result<Look, Lost> {
        let mut state = located(id);
        state.assign("wait", LOOK.as_secs()).line(
            r#"if ! [ -O "$spool" ]; then echo unknown; exit; fi
if ! flock -w "$wait" "$spool/alive" true; then echo running; exit; fi
cat "$spool/status" 2>/dev/null || echo killed"#,
        );
        let parts = [state, tail(id, "out", output), tail(id, "err", error)];
        let mut outputs = Vec::new();
        self.run(&parts, OnFailure::Continue, &mut |_, output| outputs.push(output.stdout)).await?;
        let mut outputs = outputs.into_iter();
        let mut next = || outputs.next().unwrap_or_default();
        let state = printable(&next());
        Ok(Look { state, output: next(), error: next() })
    }
}

/// What a look at a job found.
struct Look {
    /// `running`, `killed`, `unknown`, or the exit status.
    state: String,
    output: Vec<u8>,
    error: Vec<u8>,
}

fn located(id: &JobId) -> Script {
    let mut script = Script::new();
    script.assign("id", id.as_str()).line(SPOOL);
    script
}

/// A file of the spool from byte `seen` on, at most 8 MiB of it.
fn tail(id: &JobId, file: &'static str, seen: usize) -> Script {
    let mut script = located(id);
    script.assign("file", file).assign("from", seen + 1);
    script.line(r#"tail -c "+$from" "$spool/$file" 2>/dev/null | head -c 8388608"#);
    script
}

fn info(line: &str) -> Option<JobInfo> {
    let mut fields = line.splitn(3, ' ');
    let id = JobId::parse(fields.next()?)?;
    let running = fields.next()? == "running";
    let label = printable(fields.next().unwrap_or_default().as_bytes());
    Some(JobInfo { id, running, label })
}
