//! Files of any size through a shell, with bounded memory on both sides.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::bootstrap::{OnFailure, chunk_header};
use super::lost::{Lost, LostCause};
use super::script::Script;
use super::session::{Output, Shell, printable};
use super::wire::WireEvent;
use super::word::{Word, words};

/// What is read and sent at once while uploading. Contents below this size are better sent inside a script
/// ([`Script::data`]): that needs no round trip of its own.
pub const CHUNK: usize = 256 << 10;

/// A download asks for this many blocks of 1 MiB per round trip.
const BLOCKS: u64 = 12;
const BLOCK: u64 = 1 << 20;

/// Why a file did not get through.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The session ended.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The controller's side could not be read or written.
    #[error("{0}")]
    Controller(#[source] std::io::Error),
    /// The host's side failed: what it said.
    #[error("`{path}` on `{host}`: {said}")]
    Host { host: String, path: String, said: String },
    /// The file changed while it was read.
    #[error("`{path}` on `{host}` changed while it was read; run again")]
    Changed { host: String, path: String },
}

/// Condemns the session if the upload is dropped half-way: the host would take what follows for data.
struct Unfinished<'a>(Option<&'a Shell>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(shell) = self.0 {
            shell.condemn(LostCause::Abandoned);
        }
    }
}

impl Shell {
    /// Runs `part` with everything that `reader` gives as its standard input.
    ///
    /// When the connection breaks, `part` sees an early end of its input: it may write a temporary file,
    /// but what makes that file count belongs into a later batch.
    pub async fn feed(
        &self,
        part: &Script,
        mut reader: impl AsyncRead + Send + Unpin,
    ) -> Result<Output, TransferError> {
        let _turn = self.take_turn().await;
        let mut unfinished = Unfinished(Some(self));
        let mut failure = None;
        let feeding = async {
            if let Err(error) = self.send_all(&mut reader).await {
                failure = Some(error);
            }
        };
        let result = self.run_fed(part, feeding).await;
        unfinished.0 = None;
        let output = result?;
        failure.map_or(Ok(output), Err)
    }

    /// Writes what `reader` gives to the new file `path` (mode 0600; it must not exist) and returns its size.
    pub async fn upload(
        &self,
        path: &str,
        reader: impl AsyncRead + Send + Unpin,
    ) -> Result<u64, TransferError> {
        let mut script = Script::strict();
        script.line("umask 077").line("set -C");
        script.words(words!["cat", Word::Syntax(">"), path]).line("");
        script.run(words!["wc", "-c", Word::Syntax("<"), path]);
        let output = self.feed(&script, reader).await?;
        let size = String::from_utf8_lossy(&output.stdout).trim().parse();
        size.ok().filter(|_| output.succeeded()).ok_or_else(|| self.refused(path, &output))
    }

    /// Copies the file `path` to `writer` and returns its size.
    pub async fn download(
        &self,
        path: &str,
        mut writer: impl AsyncWrite + Send + Unpin,
    ) -> Result<u64, TransferError> {
        let mut identity = None;
        let mut size = 0;
        loop {
            let (seen, data) = self.read_blocks(path, size / BLOCK).await?;
            if *identity.get_or_insert_with(|| seen.clone()) != seen {
                return Err(TransferError::Changed { host: self.host().into(), path: path.into() });
            }
            writer.write_all(&data).await.map_err(TransferError::Controller)?;
            size += data.len() as u64;
            self.note(WireEvent::Transferred { bytes: size });
            if (data.len() as u64) < BLOCKS * BLOCK {
                writer.flush().await.map_err(TransferError::Controller)?;
                return Ok(size);
            }
        }
    }

    /// The file's inode, size and time, and its bytes from `block` on, in one round trip.
    async fn read_blocks(
        &self,
        path: &str,
        block: u64,
    ) -> Result<(Vec<u8>, Vec<u8>), TransferError> {
        let parts = [
            Script::of(["stat", "-L", "-c", "%d %i %s %Y %F", "--", path]),
            Script::of([
                "dd".to_owned(),
                format!("if={path}"),
                format!("bs={BLOCK}"),
                format!("skip={block}"),
                format!("count={BLOCKS}"),
                "status=none".to_owned(),
            ]),
        ];
        let mut outputs = Vec::new();
        self.run(&parts, OnFailure::Stop, &mut |_, output| outputs.push(output)).await?;
        if let Some(failed) = outputs.iter().find(|output| !output.succeeded()) {
            return Err(self.refused(path, failed));
        }
        let mut outputs = outputs.into_iter().map(|output| output.stdout);
        Ok((outputs.next().unwrap_or_default(), outputs.next().unwrap_or_default()))
    }

    async fn send_all(&self, reader: &mut (impl AsyncRead + Unpin)) -> Result<(), TransferError> {
        let mut total = 0;
        let result = loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            match reader.take(CHUNK as u64).read_to_end(&mut chunk).await {
                Err(error) => break Err(TransferError::Controller(error)),
                Ok(0) => break Ok(()),
                Ok(size) => {
                    self.send(chunk_header(size).into_bytes()).await?;
                    self.send(chunk).await?;
                    total += size as u64;
                }
            }
        };
        self.send(chunk_header(0).into_bytes()).await?;
        self.note(WireEvent::Transferred { bytes: total });
        result
    }

    fn refused(&self, path: &str, output: &Output) -> TransferError {
        let said = match printable(&output.stderr) {
            said if said.is_empty() => format!("status {}", output.status),
            said => said,
        };
        TransferError::Host { host: self.host().into(), path: path.into(), said }
    }
}
