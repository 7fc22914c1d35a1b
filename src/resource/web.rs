//! Requests that the host makes with curl, wget or apt's helper, whichever is there.
//!
//! URLs, headers and passwords may be secret: they go through pipes and private files, never argv.

use std::fmt;

use crate::remote::{Output, Script};

use super::probe::{Probe, answers, base64_field};
use super::query::{Query, State};

/// One request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// The URL, http, https or ftp.
    pub url: String,
    /// The method.
    pub method: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// User and password.
    pub login: Option<(String, String)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// How long nothing may happen, in seconds.
    pub timeout: u32,
    /// Certificates must be right.
    pub verify: bool,
    /// Redirections are followed.
    pub follow: bool,
    /// The host's proxy variables count.
    pub proxy: bool,
    /// The name of the client.
    pub agent: String,
    /// A certificate of the client and its key; paths on the host.
    pub client: Option<(String, Option<String>)>,
    /// Certificates of authorities to trust; a path on the host.
    pub authorities: Option<String>,
    /// A Unix socket to connect to; a path on the host.
    pub socket: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: "GET".into(),
            headers: vec![],
            login: None,
            body: None,
            timeout: 10,
            verify: true,
            follow: true,
            proxy: true,
            agent: "mxprov".into(),
            client: None,
            authorities: None,
            socket: None,
        }
    }
}

impl fmt::Debug for Request {
    /// `Debug` is the identity of queries, and may be shown: secret parts go in as a digest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut script = Script::new();
        script.data("c", self.curl_config().as_bytes());
        script.data("b", self.body.as_deref().unwrap_or_default());
        write!(f, "{} {} {}", self.method, shown_url(&self.url), &script.digest()[..16])
    }
}

/// The URL without user, password and query.
pub fn shown_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (place, path) = rest.split_once('/').map_or((rest, None), |(a, b)| (a, Some(b)));
            let place = place.rsplit('@').next().unwrap_or(place);
            let path = path.map(|path| format!("/{path}")).unwrap_or_default();
            format!("{scheme}://{place}{path}")
        }
        None => url.to_string(),
    }
}

/// A value in double quotes, as curl's configuration and wgetrc have no other way for all bytes.
fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

impl Request {
    /// Whether it is a plain download, as apt's helper can do it.
    fn is_plain(&self) -> bool {
        self.method == "GET"
            && self.headers.is_empty()
            && self.login.is_none()
            && !self.url.contains('@')
            && self.verify
            && self.client.is_none()
            && self.authorities.is_none()
            && self.socket.is_none()
    }

    /// curl(1), `--config`.
    fn curl_config(&self) -> String {
        let mut lines = vec![
            format!("url = {}", quoted(&self.url)),
            format!("user-agent = {}", quoted(&self.agent)),
            format!("connect-timeout = {}", self.timeout),
            format!("speed-time = {}\nspeed-limit = 1", self.timeout),
            "globoff\nsilent\nshow-error".to_string(),
        ];
        match self.method.as_str() {
            "GET" if self.body.is_none() => {}
            "HEAD" => lines.push("head".into()),
            method => lines.push(format!("request = {}", quoted(method))),
        }
        for (name, value) in &self.headers {
            lines.push(format!("header = {}", quoted(&format!("{name}: {value}"))));
        }
        if let Some((user, password)) = &self.login {
            lines.push(format!("user = {}", quoted(&format!("{user}:{password}"))));
        }
        if let Some((certificate, key)) = &self.client {
            lines.push(format!("cert = {}", quoted(certificate)));
            lines.extend(key.as_ref().map(|key| format!("key = {}", quoted(key))));
        }
        let path = |name: &str, path: &String| format!("{name} = {}", quoted(path));
        lines.extend(self.authorities.as_ref().map(|file| path("cacert", file)));
        lines.extend(self.socket.as_ref().map(|file| path("unix-socket", file)));
        for (name, set) in [
            ("insecure", !self.verify),
            ("location", self.follow),
            ("noproxy = \"*\"", !self.proxy),
        ] {
            if set {
                lines.push(name.into());
            }
        }
        lines.join("\n") + "\n"
    }

    /// wget(1), a start-up file; it has no quotes, so a value with a line end cannot be in it.
    fn wget_config(&self) -> String {
        let one_line = |value: &str| value.replace(['\n', '\r'], " ");
        let mut lines = vec![
            format!("user_agent = {}", one_line(&self.agent)),
            format!("timeout = {}\ntries = 1", self.timeout),
        ];
        for (name, value) in &self.headers {
            lines.push(format!("header = {}", one_line(&format!("{name}: {value}"))));
        }
        if let Some((user, password)) = &self.login {
            lines.push(format!("user = {}\npassword = {}", one_line(user), one_line(password)));
            lines.push("auth_no_challenge = on".into());
        }
        if let Some((certificate, key)) = &self.client {
            lines.push(format!("certificate = {certificate}"));
            lines.extend(key.as_ref().map(|key| format!("private_key = {key}")));
        }
        lines.extend(self.authorities.as_ref().map(|file| format!("ca_certificate = {file}")));
        for (line, set) in [
            ("check_certificate = off", !self.verify),
            ("max_redirect = 0", !self.follow),
            ("use_proxy = off", !self.proxy),
        ] {
            if set {
                lines.push(line.into());
            }
        }
        lines.join("\n") + "\n"
    }

    fn functions(&self, script: &mut Script) {
        script.data("curl_config", self.curl_config().as_bytes());
        script.data("wget_config", self.wget_config().as_bytes());
        script.data("wget_url", format!("{}\n", self.url).as_bytes());
        script.assign("helper", if self.is_plain() { self.url.as_str() } else { "" });
        script.assign("method", self.method.as_str());
    }

    /// Shell text with a function `content` that prints what the URL gives.
    pub fn download(&self, script: &mut Script) {
        self.functions(script);
        script.line(DOWNLOAD);
    }

    /// A script that makes the request and prints what [`Answer::read`] reads.
    pub fn script(&self) -> Script {
        let mut script = Script::new();
        self.functions(&mut script);
        match &self.body {
            Some(body) => script.data("body", body).assign("sends", "yes"),
            None => script.assign("sends", ""),
        };
        script.line(REQUEST);
        script
    }
}

/// wget leaves its start-up file behind only if it is killed: it is private and holds one request.
const DOWNLOAD: &str = r#"content() {
  if command -v curl >/dev/null; then curl_config | curl -q --fail --config -
  elif command -v wget >/dev/null; then
    (
      umask 077; rc=$(mktemp) || exit 1; trap 'rm -f -- "$rc"' EXIT; wget_config >"$rc"
      wget_url | WGETRC="$rc" wget -nv -O - -i -
    )
  elif [ -n "$helper" ] && [ -x /usr/lib/apt/apt-helper ]; then
    (
      folder=$(mktemp -d) || exit 1; trap 'rm -rf -- "$folder"' EXIT
      /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$helper" "$folder/file" >&2 &&
        cat <"$folder/file"
    )
  else
    echo 'neither curl nor wget is on the host' >&2
    return 1
  fi
}"#;

/// Prints status, URL and seconds, then headers and body in base64, each ended by an empty line.
const REQUEST: &str = r#"umask 077
folder=$(mktemp -d) || exit 1
trap 'rm -rf -- "$folder"' EXIT
: >"$folder/headers"; : >"$folder/body"
start=$(date +%s)
if command -v curl >/dev/null; then
  set -- --dump-header "$folder/headers" --output "$folder/body"
  [ -z "$sends" ] || { body >"$folder/sent"; set -- "$@" --data-binary "@$folder/sent"; }
  curl_config | curl -q --config - "$@" --write-out '%{http_code} %{url_effective}\n' || exit 1
elif command -v wget >/dev/null; then
  wget_config >"$folder/rc"
  set -- --method="$method" --content-on-error --server-response -O "$folder/body"
  [ -z "$sends" ] || { body >"$folder/sent"; set -- "$@" --body-file="$folder/sent"; }
  wget_url | WGETRC="$folder/rc" wget "$@" -i - 2>"$folder/log"
  sed -n 's/^  //p' "$folder/log" >"$folder/headers"
  status=$(sed -n 's|^HTTP/[0-9.]* \([0-9]*\).*|\1|p' "$folder/headers" | tail -n 1)
  [ -n "$status" ] || { grep -v '^  ' "$folder/log" | tail -n 2 >&2; exit 1; }
  printf '%s ' "$status"; wget_url
else
  echo 'neither curl nor wget is on the host' >&2
  exit 1
fi
echo "$(($(date +%s) - start))"
base64 <"$folder/headers"; echo
base64 <"$folder/body"; echo"#;

/// What came back.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The status: 200.
    pub status: u16,
    /// The URL after redirections.
    pub url: String,
    /// How long it took, in whole seconds.
    pub elapsed: i64,
    /// Headers of the last answer, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} with {} bytes", self.status, self.body.len())
    }
}

impl Answer {
    /// The answer in what [`Request::script`] printed.
    pub fn read(stdout: &str) -> Option<Self> {
        let (first, rest) = stdout.split_once('\n')?;
        let (status, url) = first.split_once(' ')?;
        let (elapsed, rest) = rest.split_once('\n')?;
        let (headers, body) = match rest.strip_prefix('\n') {
            Some(body) => ("", body),
            None => rest.split_once("\n\n")?,
        };
        let headers = base64_field(headers).ok()?;
        Some(Self {
            status: status.parse().ok()?,
            url: url.to_string(),
            elapsed: elapsed.trim().parse().ok()?,
            headers: last_headers(&String::from_utf8_lossy(&headers)),
            body: base64_field(body).ok()?,
        })
    }
}

/// Each answer on the way starts with `HTTP/`; the last one counts.
fn last_headers(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with("HTTP/") {
            headers.clear();
        } else if let Some((name, value)) = line.split_once(':') {
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            match headers.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = format!("{known}, {value}"),
                None => headers.push((name, value.to_string())),
            }
        }
    }
    headers
}

/// Asks what a URL gives: for lists of checksums. Nothing is kept on the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Page(pub Request);

/// What it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageState(pub Vec<u8>);

/// Asks for the SHA-256 of what a URL gives. Nothing is kept on the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageDigest(pub Request);

/// The SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageDigestState(pub String);

impl State for PageState {}
impl State for PageDigestState {}

/// The download goes through a filter; its own status is the answer's.
fn ask_each<'a>(requests: impl Iterator<Item = &'a Request>, filter: &'static str) -> Script {
    let mut probe = Probe::new();
    for request in requests {
        let mut question = Script::new();
        request.download(&mut question);
        question.assign("filter", filter).line(
            r#"exec 4>&1
status=$({ { content; echo $? >&3; } | "$filter" >&4; } 3>&1)
exit "$status""#,
        );
        probe.ask(&question);
    }
    probe.script()
}

fn fetched(
    request: &Request,
    answer: Result<(i32, String), String>,
    output: &Output,
) -> Result<String, String> {
    let (status, text) = answer?;
    if status == 0 {
        return Ok(text);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().next().unwrap_or("no reason given");
    Err(format!("`{}` could not be downloaded: {why}", shown_url(&request.url)))
}

impl Query for Page {
    type State = PageState;

    fn script(queries: &[&Self]) -> Script {
        ask_each(queries.iter().map(|query| &query.0), "base64")
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<PageState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| base64_field(&fetched(&query.0, answer, output)?).map(PageState))
            .collect()
    }
}

impl Query for PageDigest {
    type State = PageDigestState;

    fn script(queries: &[&Self]) -> Script {
        ask_each(queries.iter().map(|query| &query.0), "sha256sum")
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<PageDigestState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| {
            let text = fetched(&query.0, answer, output)?;
            Ok(PageDigestState(text.chars().take(64).collect()))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_urls_hold_no_secrets() {
        assert_eq!(shown_url("https://u:p@h.example/a/b?token=x#y"), "https://h.example/a/b");
        assert_eq!(shown_url("https://h.example"), "https://h.example");
        let request = Request {
            url: "https://u:hush@h/a".into(),
            login: Some(("u".into(), "hush".into())),
            ..Request::default()
        };
        assert!(!format!("{request:?}").contains("hush"));
    }

    #[test]
    fn answers_are_read() {
        // "HTTP/1.1 301 Moved\nA: b\n\nHTTP/1.1 200 OK\nX-A: 1\nX-A: 2\n"
        let text = "200 http://h/\n0\nSFRUUC8xLjEgMzAxIE1vdmVkCkE6IGIKCkhUVFAvMS4xIDIwMCBPSwpYLUE6IDEKWC1BOiAyCg==\n\nb2s=\n\n";
        let answer = Answer::read(text).expect("is an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
        assert_eq!(answer.headers, [("x-a".to_string(), "1, 2".to_string())]);
    }

    #[test]
    fn configurations_are_quoted() {
        let request = Request {
            url: "http://h/\"x".into(),
            headers: vec![("A".into(), "b\\\"\n".into())],
            ..Request::default()
        };
        let config = request.curl_config();
        assert!(config.contains("url = \"http://h/\\\"x\"\n"), "{config}");
        assert!(config.contains("header = \"A: b\\\\\\\"\\n\"\n"), "{config}");
    }
}
