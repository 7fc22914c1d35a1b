//! Commands: what they do is theirs to know, so all that is planned is that they run.

use std::sync::Arc;

use secrecy::SecretString;

use crate::remote::{Output, Script, Word, words};
use crate::value::{Str, Unknown};

use super::action::{Action, Nature, Step};
use super::diff::Diff;
use super::world::{Opaque, Scope, World};

/// What is run.
#[derive(Debug, Clone)]
pub enum Program {
    /// A program with its arguments; no shell looks at them.
    Words {
        /// The program and its arguments.
        words: Vec<Str>,
        /// Whether `$NAME` and a leading `~` are replaced in them.
        expand: bool,
    },
    /// Text for a shell.
    Shell {
        /// The text.
        text: Str,
        /// The absolute path of the shell.
        executable: String,
    },
    /// A program of the controller's, copied to the host for this one run.
    File {
        /// All of it.
        content: Arc<Vec<u8>>,
        /// Its arguments.
        words: Vec<Str>,
        /// The words of what runs it; empty where its own first line says that.
        executable: Vec<String>,
    },
}

/// Runs a command.
#[derive(Debug, Clone)]
pub struct RunCommand {
    /// What is run.
    pub program: Program,
    /// How people see it.
    pub shown: String,
    /// The directory it runs in; the user's home where there is none.
    pub chdir: Option<String>,
    /// Variables for its environment.
    pub environment: Vec<(String, Str)>,
    /// Its standard input; empty where there is none.
    pub stdin: Option<Vec<u8>>,
}

/// When a command ran, as the host's clock says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// `2026-01-31 23:59:59.000001`
    pub start: String,
    /// The same form.
    pub end: String,
    /// Microseconds between them.
    pub microseconds: u64,
}

/// A word of a script, masked where it is secret.
pub fn word(text: &Str) -> Word {
    if text.is_secret() {
        Word::Secret(SecretString::from(text.as_str().to_string()))
    } else {
        Word::Plain(text.as_str().to_string())
    }
}

/// Sets variables for the commands of `script`. Names are those of [`is_variable`].
pub fn export(script: &mut Script, environment: &[(String, Str)]) {
    for (name, value) in environment.iter().filter(|(name, _)| is_variable(name)) {
        script.export(name, word(value));
    }
}

/// Whether a shell can have a variable of this name (POSIX 3.235).
pub fn is_variable(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl RunCommand {
    fn script(&self) -> Script {
        let mut run = Script::new();
        export(&mut run, &self.environment);
        if let Some(folder) = &self.chdir {
            run.words(["cd", "--", folder]).line(" || exit 1");
        }
        self.program.prepare(&mut run);
        match &self.stdin {
            Some(input) => run.data("mx_stdin", input).line(r#"mx_stdin | mx_run "$@""#),
            None => run.line(r#"mx_run "$@""#),
        };
        let mut script = Script::new();
        script.line("mx_start=$(date '+%s%6N %Y-%m-%d %H:%M:%S.%6N')");
        script.subshell(&run);
        script.line("mx_status=$?");
        script.line(TIMES);
        script.line(r#"exit "$mx_status""#);
        script
    }

    /// What it wrote to standard output, and when it ran: no times if it was cut short.
    pub fn read(output: &Output) -> (String, Option<Times>) {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = text.rfind("\n\u{1e}").and_then(|mark| {
            let times = Times::read(text[mark + 2..].trim_end())?;
            Some((text[..mark].to_string(), Some(times)))
        });
        found.unwrap_or((text, None))
    }
}

/// Written after the command's own output; read by [`RunCommand::read`].
const TIMES: &str =
    r#"printf '\n\036%s|%s\n' "$mx_start" "$(date '+%s%6N %Y-%m-%d %H:%M:%S.%6N')""#;

impl Times {
    fn read(line: &str) -> Option<Self> {
        let (start, end) = line.split_once('|')?;
        let ((from, start), (to, end)) = (start.split_once(' ')?, end.split_once(' ')?);
        let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        let microseconds = to.saturating_sub(from);
        Some(Self { start: start.into(), end: end.into(), microseconds })
    }
}

impl Program {
    /// Defines `mx_run`.
    fn prepare(&self, script: &mut Script) {
        match self {
            Self::Words { words, expand } => {
                set_words(script, words, *expand);
                define(script, words!["exec", Word::Syntax(r#""$@""#)]);
            }
            Self::Shell { text, executable } if text.is_secret() => {
                // In its argv everybody on the host could read it, so the shell reads it as a file.
                let close = if executable.ends_with("sh") { "exec 3<&-; " } else { "" };
                let text = Str::data([close, text.as_str()].concat()).secret();
                script.assign("mx_shell", executable).assign("mx_text", word(&text));
                script.line("mx_run() { \"$mx_shell\" /dev/fd/3 3<<MX_END\n$mx_text\nMX_END\n}");
            }
            Self::Shell { text, executable } => {
                define(script, words![executable, "-c", text.as_str()]);
            }
            Self::File { content, words, executable } => {
                script.data("mx_program", content);
                script.line(MAKE_FILE);
                set_words(script, words, false);
                let file = words![Word::Variable("mx_file"), Word::Syntax(r#""$@""#)];
                define(script, executable.iter().map(Word::from).chain(file));
            }
        }
    }
}

/// In the home directory, since /tmp is often mounted without permission to execute.
const MAKE_FILE: &str = r#"mx_file=$(mktemp "${HOME:-/tmp}/.mxprov-XXXXXXXX") || mx_file=$(mktemp /tmp/mxprov-XXXXXXXX) || exit 1
trap 'rm -f -- "$mx_file"' EXIT
trap 'exit 1' HUP INT TERM
mx_program >"$mx_file" && chmod 700 -- "$mx_file" || exit 1"#;

/// The command as the function `mx_run`, in a subshell: its first word may be `exec`.
fn define(script: &mut Script, command: impl IntoIterator<Item = Word>) {
    script.line("mx_run() (").run(command).line(")");
}

/// Makes `words` the arguments of the shell.
fn set_words(script: &mut Script, words: &[Str], expand: bool) {
    let changes =
        |text: &Str| expand && (text.as_str().contains('$') || text.as_str().starts_with('~'));
    if !words.iter().any(changes) {
        script.run(words!["set", "--"].into_iter().chain(words.iter().map(word)));
        return;
    }
    script.line(EXPAND).line("set --");
    for text in words {
        script.line("mx_word=");
        for piece in pieces(text.as_str()) {
            match piece {
                Piece::Text(literal) => script.run(words!["mx_add", literal]),
                Piece::Variable { name, written } => {
                    script.run(words!["mx_variable", name, written])
                }
                Piece::Home(user) => script.run(words!["mx_home", user]),
            };
        }
        script.line(r#"set -- "$@" "$mx_word""#);
    }
}

/// As Python's `expandvars` and `expanduser` do: what is not set stays as it is written.
const EXPAND: &str = r#"mx_add() { mx_word=$mx_word$1; }
mx_variable() {
  if eval "[ \"\${$1+x}\" ]"; then eval "mx_word=\$mx_word\$$1"; else mx_word=$mx_word$2; fi
}
mx_home() {
  if [ -z "$1" ]; then mx_word=$HOME; else mx_word=$(getent passwd "$1" | cut -d: -f6); fi
  [ -n "$mx_word" ] || mx_word="~$1"
}"#;

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, written: &'a str },
    Home(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    if let Some(after) = text.strip_prefix('~') {
        let end = after.find('/').unwrap_or(after.len());
        found.push(Piece::Home(&after[..end]));
        rest = &after[end..];
    }
    let mut from = 0;
    while let Some(dollar) = rest[from..].find('$').map(|at| at + from) {
        let after = &rest[dollar + 1..];
        let (name, length) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, _)) => (name, name.len() + 3),
            None => {
                let end = after
                    .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .unwrap_or(after.len());
                (&after[..end], end + 1)
            }
        };
        if !is_variable(name) {
            from = dollar + 1;
            continue;
        }
        found.push(Piece::Text(&rest[..dollar]));
        found.push(Piece::Variable { name, written: &rest[dollar..dollar + length] });
        rest = &rest[dollar + length..];
        from = 0;
    }
    found.push(Piece::Text(rest));
    found
}

impl Action for RunCommand {
    fn summary(&self) -> String {
        format!("run {}", self.shown)
    }

    fn step(&self) -> Step {
        Step::Shell(self.script())
    }

    fn predict(&self, _: &mut World) {}

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("command {}", self.shown));
        diff.change("state", "", "run").change("chdir", "", self.chdir.clone().unwrap_or_default())
    }

    fn nature(&self) -> Nature {
        let reason = format!("the command `{}` has not run yet", self.shown);
        let reason = Arc::new(Unknown::new(reason));
        let opaque = Some(Opaque { scope: Scope::Anything, reason });
        Nature { opaque, own_environment: true, ..Nature::default() }
    }

    /// Whatever the status is, the task's own conditions judge it.
    fn succeeded(&self, _: &Output) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(program: Program, stdin: Option<&[u8]>) -> Output {
        use secrecy::ExposeSecret;
        let command = RunCommand {
            program,
            shown: "test".into(),
            chdir: Some("/".into()),
            environment: vec![("GREETING".into(), Str::data("good day"))],
            stdin: stdin.map(<[u8]>::to_vec),
        };
        let text = command.script().text_to_send();
        let output = std::process::Command::new("dash")
            .args(["-c", text.expose_secret()])
            .stdin(std::process::Stdio::null())
            .output()
            .expect("there is dash");
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: output.stderr,
            truncated: false,
        }
    }

    fn text(program: Program) -> String {
        RunCommand::read(&run(program, None)).0
    }

    fn words(words: &[&str]) -> Vec<Str> {
        words.iter().map(|word| Str::data(*word)).collect()
    }

    #[test]
    fn words_arrive_expanded_or_as_they_are() {
        let list = ["printf", "<%s>", "$GREETING", "a${GREETING}b$", "$NOTSET ${NOTSET}", "it's"];
        let expanded = text(Program::Words { words: words(&list), expand: true });
        assert_eq!(expanded, "<good day><agood dayb$><$NOTSET ${NOTSET}><it's>");
        let plain = text(Program::Words { words: words(&list[..3]), expand: false });
        assert_eq!(plain, "<$GREETING>");
    }

    #[test]
    fn a_shell_has_its_input_and_a_secret_text_works_alike() {
        let text = Str::data("cat; echo \"$GREETING\"\nexit 3");
        for text in [text.clone(), text.secret()] {
            let program = Program::Shell { text, executable: "/bin/sh".into() };
            let output = run(program, Some(b"in\n"));
            let (stdout, times) = RunCommand::read(&output);
            assert_eq!((output.status, stdout.as_str()), (3, "in\ngood day\n"));
            assert!(times.is_some_and(|times| times.start.len() == 26 && times.start <= times.end));
        }
    }

    #[test]
    fn a_copied_program_runs_and_goes() {
        let program = Program::File {
            content: Arc::new(b"#!/bin/sh\necho \"$0\" \"$@\"; pwd".to_vec()),
            words: words(&["a b"]),
            executable: vec![],
        };
        let said = text(program);
        let (path, rest) = said.split_once(' ').expect("two words");
        assert_eq!(rest, "a b\n/\n");
        assert!(!std::path::Path::new(path).exists());
    }
}
