//! The text of the long-lived shell: the loop that reads batches, and the batches it reads.
//!
//! A batch is a line with its length, then exactly that many bytes of shell text, which calls
//! `mx_part` once per part. Every part is one quoted word, so a part with broken syntax breaks
//! nothing but itself, and a batch that was cut off is seen by its length and not run.

use std::fmt::Write as _;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::quote::quote;
use super::script::Script;

/// How a batch goes on after a part with a status other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The parts after it are not run and do not report.
    Stop,
    /// All parts run.
    Continue,
}

/// Says hello and reads batches. It is short because sudo logs it, and one line because a login
/// shell of the C shell family takes no more.
///
/// `dd` with a full block reads exactly as many bytes as it is told, where `head -c` of busybox
/// reads ahead. A batch ends without a newline, since `$(…)` would eat it.
const LOOP: &str = concat!(
    r"LC_ALL=C; PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin; ",
    r"export LC_ALL PATH; ",
    r#"printf "\036%s:p:0\n\036%s:e\n" $h $h >&2; "#,
    r#"printf "%s\n\036%s:p:0:0\n\036%s:e\n" "$(id -u)" $h $h; "#,
    r"while IFS= read -r mx_size; do ",
    r"mx_batch=$(dd bs=$mx_size count=1 iflag=fullblock 2>/dev/null); ",
    r"if [ ${#mx_batch} -ne $mx_size ]; then exit 97; fi; ",
    r#"eval "$mx_batch"; done"#,
);

/// The functions that batches call: the first thing that is sent.
const FUNCTIONS: &str = r#"unset ENV BASH_ENV LANGUAGE LANG h
mx_report() {
printf "\036%s:p:%s\n" "$mx_nonce" "$1" >&2
printf "\036%s:p:%s:%s\n" "$mx_nonce" "$1" "$2"
if [ "$2" != 0 ]; then mx_failed=$mx_stop; fi
}
mx_part() {
if [ -n "$mx_failed" ]; then return 0; fi
( mx_text=$2; unset mx_nonce mx_stop mx_failed mx_batch mx_size; set --; eval "$mx_text" ) </dev/null
mx_report "$1" $?
}
mx_timed() {
if [ -n "$mx_failed" ]; then return 0; fi
printf "%s\n" "$2" | timeout -k 5 "$3" sh -c "mx_text=\$(cat); exec </dev/null; eval \"\$mx_text\""
mx_report "$1" $?
}
mx_fed() {
while IFS= read -r mx_size && [ "$mx_size" -gt 0 ]; do
dd bs="$mx_size" count=1 iflag=fullblock 2>/dev/null
done | {
( mx_text=$2; unset mx_nonce mx_stop mx_failed mx_batch mx_size; set --; eval "$mx_text" )
mx_status=$?
cat >/dev/null
exit "$mx_status"
}
mx_report "$1" $?
}
mx_end() {
printf "\036%s:e\n" "$mx_nonce" >&2
printf "\036%s:e\n" "$mx_nonce"
}"#;

/// The command that starts the loop, for a login shell of any kind to parse.
///
/// `hello` marks its first report (the user id), so that what a login prints before is skipped.
pub(super) fn command(hello: &str) -> String {
    let text = ["h=", hello, "; ", LOOP].concat();
    ["sh -c ", &quote(&text)].concat()
}

/// What goes over the wire before all batches.
pub(super) fn functions() -> Vec<u8> {
    format!("{}\n{FUNCTIONS}", FUNCTIONS.len()).into_bytes()
}

/// What goes over the wire to run `parts` as one batch.
pub(super) fn batch(nonce: &str, parts: &[Script], on_failure: OnFailure) -> SecretString {
    let mut text = opening(nonce, on_failure);
    for (index, part) in parts.iter().enumerate() {
        let start = text.len();
        let body = part.text_to_send();
        let body = quote(body.expose_secret());
        match part.time_limit() {
            Some(limit) => writeln!(text, "mx_timed {index} {body} {}", seconds(limit)),
            None => writeln!(text, "mx_part {index} {body}"),
        }
        .expect("writing to a string cannot fail");
        if part.is_tolerated() {
            text.insert_str(start, "mx_kept=$mx_stop mx_stop=\n");
            text.push_str("mx_stop=$mx_kept\n");
        }
    }
    sealed(text)
}

/// The batch of one part whose standard input follows in chunks, see [`chunk_header`].
pub(super) fn fed_batch(nonce: &str, part: &Script) -> SecretString {
    let body = part.text_to_send();
    let mut text = opening(nonce, OnFailure::Continue);
    text.push_str("mx_fed 0 ");
    text.push_str(&quote(body.expose_secret()));
    text.push('\n');
    sealed(text)
}

/// What precedes a chunk of `size` bytes; 0 ends the data.
pub(super) fn chunk_header(size: usize) -> String {
    format!("{size}\n")
}

fn opening(nonce: &str, on_failure: OnFailure) -> String {
    let stop = if on_failure == OnFailure::Stop { "1" } else { "" };
    format!("mx_nonce={nonce} mx_stop={stop} mx_failed=\n")
}

fn sealed(mut text: String) -> SecretString {
    text.push_str("mx_end");
    format!("{}\n{text}", text.len()).into()
}

fn seconds(limit: Duration) -> u64 {
    limit.as_secs().max(1)
}
