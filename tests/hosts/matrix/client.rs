//! A Matrix client of few words: requests with curl, from outside or from inside a container.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::lab::Host;

use super::stage::DOMAIN;

/// Where requests come from and go to.
pub enum Way<'a> {
    /// From the controller to a public name of the host.
    Outside(&'a Host),
    /// Straight to a process of Synapse, from inside its container.
    Process(&'a Host, &'a str),
}

/// An account with a session.
pub struct Session {
    /// The access token.
    pub token: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, null if it is no JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The body, if the status is 200.
    pub fn ok(self) -> Result<Value> {
        ensure!(self.status == 200, "{self:?}");
        Ok(self.body)
    }
}

impl Way<'_> {
    /// One request: method and label below the domain (empty for the domain itself), path, token.
    pub fn ask(
        &self,
        (method, name): (&str, &str),
        path: &str,
        token: &str,
        body: &Value,
    ) -> Result<Answer> {
        let host = if name.is_empty() { DOMAIN.to_owned() } else { format!("{name}.{DOMAIN}") };
        let data = if body.is_null() { String::new() } else { body.to_string() };
        let mut words = vec!["-sS", "-k", "--max-time", "20", "-w", "\n%{http_code}", "-X", method];
        let bearer = format!("Authorization: Bearer {token}");
        if !token.is_empty() {
            words.extend(["-H", &bearer]);
        }
        if !data.is_empty() {
            words.extend(["-H", "Content-Type: application/json", "--data-binary", "@-"]);
        }
        let (url, resolve);
        let output = match self {
            Self::Outside(target) => {
                url = format!("https://{host}{path}");
                resolve = format!("{host}:443:{}", target.v4());
                words.extend(["--resolve", &resolve, &url]);
                curl(&words, &data).with_context(|| format!("{method} {url}"))?
            }
            Self::Process(target, container) => {
                url = format!("http://127.0.0.1:8008{path}");
                words.push(&url);
                let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
                let line = format!("docker exec -i matrix-{container} curl {}", quoted.join(" "));
                target.exec_with_input(&line, data.as_bytes())?.ok()?
            }
        };
        let (text, status) = output.rsplit_once('\n').context("no status")?;
        let body = serde_json::from_str(text).unwrap_or(Value::Null);
        Ok(Answer { status: status.trim().parse()?, body, text: text.to_owned() })
    }

    /// Logs in with a password, at Synapse's public name: a label below the domain, or empty.
    pub fn log_in(&self, name: &str, user: &str, password: &str) -> Result<Session> {
        let body = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": user },
            "password": password,
        });
        let answer = self.ask(("POST", name), "/_matrix/client/v3/login", "", &body)?.ok()?;
        let token = answer["access_token"].as_str().context("no token")?.to_owned();
        Ok(Session { token })
    }
}

/// What this machine's curl says, with `input` on its standard input.
pub fn curl(words: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new("curl")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("there is no curl")?;
    child.stdin.take().context("no input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
