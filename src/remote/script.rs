//! The one place where shell text is made: values are quoted, secrets are masked in logs.

use std::fmt::{self, Write as _};
use std::time::Duration;

use base64::Engine as _;
use secrecy::{ExposeSecret, SecretString};

use super::word::{MASK, Word};

/// A piece of POSIX shell text for a [`super::Shell`], built from fixed text and quoted values.
///
/// `Display` and `Debug` show it as a person may see it: secrets masked, data as its size.
#[derive(Clone, Default)]
pub struct Script {
    pieces: Vec<Piece>,
    limit: Option<Duration>,
    may_fail: bool,
    hidden: bool,
    nul: bool,
}

#[derive(Clone)]
enum Piece {
    Text(String),
    Secret(SecretString),
    Data { text: SecretString, shown: String },
}

impl Script {
    /// An empty script. A failing command does not stop it: add `.line("set -e")` for that.
    pub fn new() -> Self {
        Self::default()
    }

    /// A script that stops at its first failing command (`set -e`).
    pub fn strict() -> Self {
        let mut script = Self::new();
        script.line("set -e");
        script
    }

    /// A script of one command, see [`Script::run`].
    pub fn of<W: Into<Word>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut script = Self::new();
        script.run(words);
        script
    }

    /// A line of fixed shell text.
    pub fn line(&mut self, text: &'static str) -> &mut Self {
        self.text(text).text("\n")
    }

    /// A command: every word is quoted (see [`Word`] for the ways out).
    pub fn run<W: Into<Word>>(&mut self, words: impl IntoIterator<Item = W>) -> &mut Self {
        self.words(words).text("\n")
    }

    /// Words without an end of line, to go on with `line`: `.words(["test", "-e", path]).line(" || exit 3")`.
    pub fn words<W: Into<Word>>(&mut self, words: impl IntoIterator<Item = W>) -> &mut Self {
        for (index, word) in words.into_iter().enumerate() {
            if index > 0 {
                self.text(" ");
            }
            self.word(&word.into());
        }
        self
    }

    /// `name=value`, the value quoted.
    pub fn assign(&mut self, name: &'static str, value: impl Into<Word>) -> &mut Self {
        self.text(name).text("=").word(&value.into()).text("\n")
    }

    /// `name=value` with a value that is masked in logs.
    pub fn secret_assign(&mut self, name: &'static str, value: &SecretString) -> &mut Self {
        self.assign(name, value)
    }

    /// `name=value; export name`: for the commands of this script only.
    pub fn export(&mut self, name: &str, value: impl Into<Word>) -> &mut Self {
        self.words(["export", name]).text("\n");
        // `export NAME=value` splits its value in old dash versions; an assignment never does.
        self.text(name).text("=").word(&value.into()).text("\n")
    }

    /// A shell function `name` that writes `bytes` to its standard output: `.data("content", b).line("content >\"$tmp\"")`.
    ///
    /// Only builtins see the bytes, so they never show in a process list.
    pub fn data(&mut self, name: &'static str, bytes: &[u8]) -> &mut Self {
        let body = match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => {
                ["printf '%s' ", &super::quote::quote(text)].concat()
            }
            _ => {
                let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
                ["printf '%s' '", &encoded, "' | base64 -d"].concat()
            }
        };
        self.text(name).text("() { ");
        self.pieces
            .push(Piece::Data { text: body.into(), shown: format!("<{} bytes>", bytes.len()) });
        self.text("\n}\n")
    }

    /// All of `other` after this.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.pieces.extend(other.pieces.iter().cloned());
        self.nul |= other.nul;
        self.limit = self.limit.or(other.limit);
        self
    }

    /// All of `other` in a subshell of its own, so that its `exit` and `set -e` stay inside.
    pub fn subshell(&mut self, other: &Self) -> &mut Self {
        // The grammar knows no empty one (POSIX 2.10), and one error voids the whole batch.
        if other.is_empty() {
            return self.text("(:)\n");
        }
        self.text("(\n").append(other).text("\n)\n")
    }

    /// The whole of `other` as one quoted word, for `eval` or a detached shell.
    pub fn nested(&mut self, other: &Self) -> &mut Self {
        self.nul |= other.nul;
        let text = super::quote::quote(other.text_to_send().expose_secret()).into_owned();
        self.pieces.push(Piece::Data {
            text: text.into(),
            shown: format!("{{ {} }}", other.to_string().trim_end()),
        });
        self
    }

    /// Ends the script's processes after `limit` with status 124 (coreutils' `timeout`).
    pub fn limit(&mut self, limit: Duration) -> &mut Self {
        self.limit = Some(limit);
        self
    }

    /// Shows neither the script nor what it says to people (`no_log`).
    pub fn hide(&mut self) -> &mut Self {
        self.hidden = true;
        self
    }

    /// Whether people must see neither the script nor what it says.
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Lets a batch go on behind this script whatever its status is: it only asks.
    pub fn may_fail(&mut self) -> &mut Self {
        self.may_fail = true;
        self
    }

    /// Whether a batch goes on behind it whatever its status is.
    pub(super) fn is_tolerated(&self) -> bool {
        self.may_fail
    }

    /// The time limit, if there is one.
    pub fn time_limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Whether nothing would be sent.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The size of the text in bytes.
    pub fn size(&self) -> usize {
        self.pieces.iter().map(|piece| piece.sent().len()).sum()
    }

    /// The text as it is sent. It may hold secrets.
    ///
    /// No shell word can hold a NUL byte, so a script with one becomes a refusal: status 2.
    pub fn text_to_send(&self) -> SecretString {
        if self.nul {
            return "echo 'a value with a NUL byte cannot be a word of a command' >&2; exit 2"
                .to_owned()
                .into();
        }
        let text: String = self.pieces.iter().map(Piece::sent).collect();
        text.into()
    }

    /// SHA-256 of what would be sent, in hexadecimal: equal for equal scripts.
    pub fn digest(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let digest = Sha256::digest(self.text_to_send().expose_secret().as_bytes());
        digest.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
    }

    fn text(&mut self, text: &str) -> &mut Self {
        if let Some(Piece::Text(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
        self
    }

    fn word(&mut self, word: &Word) -> &mut Self {
        self.nul |= word.has_nul();
        let rendered = word.render();
        if matches!(word, Word::Secret(_)) {
            self.pieces.push(Piece::Secret(rendered.into()));
            self
        } else {
            self.text(&rendered)
        }
    }
}

impl Piece {
    fn sent(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Secret(text) | Self::Data { text, .. } => text.expose_secret(),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hidden {
            return f.write_str(MASK);
        }
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Secret(_) => f.write_str(MASK),
            Piece::Data { shown, .. } => f.write_str(shown),
        })
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::remote::words;

    /// What each shell of this machine prints for `script`.
    fn in_every_shell(script: &Script) -> Vec<Vec<u8>> {
        let shells: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];
        let outputs: Vec<_> = shells
            .iter()
            .filter_map(|shell| {
                let text = script.text_to_send();
                Command::new(shell[0])
                    .args(&shell[1..])
                    .args(["-c", text.expose_secret()])
                    .stdin(Stdio::null())
                    .output()
                    .ok()
            })
            .map(|output| output.stdout)
            .collect();
        assert!(!outputs.is_empty(), "there is no shell on this machine");
        outputs
    }

    #[test]
    fn words_arrive_as_they_are() {
        let nasty = [
            "",
            " ",
            "it's",
            "$HOME `id` \\ \"",
            "-n",
            "*",
            "a\nb",
            "fi",
            "~",
            "ä€",
            "\x01\x7f",
            "#",
        ];
        let mut script = Script::new();
        for word in nasty {
            script.run(words!["printf", "<%s>", word]);
        }
        let expected: String = nasty.iter().map(|word| format!("<{word}>")).collect();
        for output in in_every_shell(&script) {
            assert_eq!(String::from_utf8_lossy(&output), expected);
        }
    }

    #[test]
    fn data_arrives_byte_for_byte() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&b""[..], b"text\n\n", b"it's %s \\n", "ä\u{81}€".as_bytes(), &all] {
            let mut script = Script::new();
            script.data("content", bytes).line("content");
            for output in in_every_shell(&script) {
                assert_eq!(output, bytes);
            }
        }
    }

    #[test]
    fn secrets_are_sent_but_not_shown() {
        let secret = SecretString::from("s3 cret".to_owned());
        let mut script = Script::new();
        script.secret_assign("password", &secret).run(words![
            "echo",
            &secret,
            Word::Variable("password")
        ]);
        script.data("key", b"hidden");
        assert_eq!(
            script.to_string(),
            "password=••••••\necho •••••• \"$password\"\nkey() { <6 bytes>\n}\n"
        );
        let outer = {
            let mut outer = Script::new();
            outer.line("eval ").nested(&script);
            outer
        };
        assert!(!format!("{outer:?}").contains("s3 cret"));
        assert_eq!(in_every_shell(&script)[0], b"s3 cret s3 cret\n");
    }

    #[test]
    fn a_nul_byte_refuses_the_script() {
        let script = Script::of(["echo", "a\0b"]);
        assert!(in_every_shell(&script).iter().all(Vec::is_empty));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

        #[test]
        fn any_words_and_bytes_arrive(
            words in proptest::collection::vec("[^\\x00]{0,12}", 1..40),
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
        ) {
            let mut script = Script::new();
            for word in &words {
                script.run(words!["printf", "%s\\n", word]);
            }
            script.data("content", &bytes).line("content");
            let mut nested = Script::new();
            nested.line("eval \\").nested(&script);
            let text: String = words.iter().map(|word| format!("{word}\n")).collect();
            let expected = [text.as_bytes(), &bytes].concat();
            for output in in_every_shell(&script).into_iter().chain(in_every_shell(&nested)) {
                proptest::prop_assert_eq!(&output, &expected);
            }
        }
    }
}
