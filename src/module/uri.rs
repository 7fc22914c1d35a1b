//! `ansible.builtin.uri`: a request that the host makes.

use std::fmt;
use std::sync::Arc;

use crate::remote::Output;
use crate::resource::file::PathState;
use crate::resource::web::{Answer, Request, shown_url};
use crate::resource::{Action, Diff, Host, Step, Suspend, World};
use crate::value::{Map, Str, Value};

use super::paths::absolute;
use super::web_request::{Given, request};
use super::{Argument as _, Call, Hidden, Module, Outcome, Plan};

choice! {
    /// How the body is written.
    pub enum BodyFormat {
        /// As a form.
        Form = "form-urlencoded",
        /// As JSON.
        Json = "json",
        /// As it is.
        Raw = "raw",
    }
}

choice! {
    /// Which redirections are followed.
    pub enum Follow {
        /// All.
        All = "all" | "yes" | "true" | "True",
        /// None.
        None = "none" | "no" | "false" | "False",
        /// Those of GET and HEAD.
        Safe = "safe" | "urllib2",
    }
}

arguments! {
    /// Arguments of `uri`.
    pub struct Args {
        /// The URL: http or https.
        url: Str,
        /// The method.
        method: String = "GET",
        /// What is sent.
        body: Option<Value>,
        /// How the body is written.
        body_format: BodyFormat = BodyFormat::Raw,
        /// A file that is sent: on the controller, or with `remote_src` on the host.
        src: Option<String>,
        /// `src` is on the host.
        remote_src: bool = false,
        /// Statuses that are no failure.
        status_code: Option<Vec<Value>>,
        /// Register the body.
        return_content: bool = false,
        /// Headers.
        headers: Option<Map>,
        /// The user that logs in.
        url_username | "user": Option<String>,
        /// Its password.
        url_password | "password": Option<Hidden>,
        /// Basic authentication is always sent at once; accepted for playbooks that ask for it.
        force_basic_auth: bool = false,
        /// How many seconds nothing may happen.
        timeout: i64 = 30,
        /// Which redirections are followed.
        follow_redirects: Follow = Follow::Safe,
        /// Nothing is requested if this path is there.
        creates: Option<String>,
        /// Nothing is requested if this path is not there.
        removes: Option<String>,
        /// Certificates must be right.
        validate_certs: bool = true,
        /// The host's proxy variables count.
        use_proxy: bool = true,
        /// The name of the client.
        http_agent: String = "ansible-httpget",
        /// A certificate of the client; a path on the host.
        client_cert: Option<String>,
        /// Its key; a path on the host.
        client_key: Option<String>,
        /// Certificates of authorities to trust; a path on the host.
        ca_path: Option<String>,
        /// A Unix socket to connect to.
        unix_socket: Option<String>,
        /// Caches are asked to look again.
        force: bool = false,
    }
    refuses {
        dest, owner, group, mode, attributes | "attr", seuser, serole, setype, selevel,
        unsafe_writes, use_gssapi, use_netrc, unredirected_headers, ciphers
    }
}

/// The module.
pub struct Uri;

impl Module for Uri {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.uri";
    const SUMMARY: &'static str = "make a request from the host";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = args.force_basic_auth;
        for (path, skips_if_there) in [(&args.creates, true), (&args.removes, false)] {
            let Some(path) = path else { continue };
            let there = *host.path(&absolute("creates", path, host)?)? != PathState::Absent;
            if there == skips_if_there {
                let mut plan = Plan::new();
                let how = if there { "exists" } else { "does not exist" };
                plan.set("msg", Value::data(format!("skipped, since '{path}' {how}")));
                plan.changed = Some(false);
                return Ok(plan);
            }
        }
        let request = request_of(args, call, host)?;
        let mut plan = Plan::new();
        let fine = statuses(args)?;
        let (content, url) = (args.return_content, shown_url(args.url.as_str()));
        plan.act(Ask { request });
        plan.changed = Some(false);
        plan.finish = Some(Arc::new(move |outputs| outcome(outputs, &fine, content, &url)));
        Ok(plan)
    }
}

fn request_of(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Request, Suspend> {
    let method = args.method.to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Suspend::failed(format!("`{}` is no method", args.method)));
    }
    let follow = match args.follow_redirects {
        Follow::All => true,
        Follow::None => false,
        Follow::Safe => method == "GET" || method == "HEAD",
    };
    let mut request = request(&Given {
        url: args.url.as_str(),
        headers: args.headers.as_ref(),
        user: args.url_username.as_ref(),
        password: args.url_password.as_ref(),
        timeout: args.timeout,
        verify: args.validate_certs,
        follow,
        proxy: args.use_proxy,
        agent: &args.http_agent,
        client: (args.client_cert.as_ref(), args.client_key.as_ref()),
    })?;
    let kind = match args.body_format {
        BodyFormat::Json => Some("application/json"),
        BodyFormat::Form => Some("application/x-www-form-urlencoded"),
        BodyFormat::Raw => None,
    };
    request.body = body(args, call, host)?;
    let has =
        |name: &str| request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut more = Vec::new();
    if let Some(kind) = kind.filter(|_| request.body.is_some() && !has("content-type")) {
        more.push(("Content-Type".to_string(), kind.to_string()));
    }
    if args.force && !has("cache-control") {
        more.push(("Cache-Control".to_string(), "no-cache".to_string()));
    }
    request.headers.extend(more);
    request.method = method;
    request.authorities.clone_from(&args.ca_path);
    request.socket.clone_from(&args.unix_socket);
    Ok(request)
}

fn body(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Option<Vec<u8>>, Suspend> {
    match (&args.body, &args.src) {
        (Some(_), Some(_)) => Err(Suspend::failed("`body` and `src` exclude each other")),
        (None, None) => Ok(None),
        (None, Some(src)) if args.remote_src => {
            match super::content::whole(&absolute("src", src, host)?, host)? {
                Some(bytes) => Ok(Some(bytes.to_vec())),
                None => Err(Suspend::failed(format!("there is no file `{src}` on the host"))),
            }
        }
        (None, Some(src)) => {
            let found = call.controller.find(super::Search::Files, src)?;
            call.controller.read(&found.path).map(Some)
        }
        (Some(body), None) => written(args.body_format, body).map(Some).map_err(Suspend::Failed),
    }
}

fn written(format: BodyFormat, body: &Value) -> Result<Vec<u8>, String> {
    match (format, body) {
        // A text is taken for JSON that is written out already.
        (_, Value::Str(text)) => Ok(text.as_str().as_bytes().to_vec()),
        (BodyFormat::Json, other) => Ok(super::json_text::dump(&other.to_json()).into_bytes()),
        (BodyFormat::Form, Value::Map(map)) => {
            let mut pairs = Vec::new();
            for (name, value) in map.iter() {
                for value in value.as_list().unwrap_or(std::slice::from_ref(value)) {
                    let (name, value) = (encode(&name.to_string()), encode(&String::read(value)?));
                    pairs.push(format!("{name}={value}"));
                }
            }
            Ok(pairs.join("&").into_bytes())
        }
        (BodyFormat::Form, _) => Err("`body` must be a mapping for a form".into()),
        (BodyFormat::Raw, other @ (Value::Map(_) | Value::List(_))) => {
            Ok(super::json_text::dump(&other.to_json()).into_bytes())
        }
        (BodyFormat::Raw, other) => String::read(other).map(String::into_bytes),
    }
}

/// As HTML forms are written: blanks become `+`.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn statuses(args: &Args) -> Result<Vec<u16>, Suspend> {
    let Some(given) = &args.status_code else { return Ok(vec![200]) };
    let mut all = Vec::new();
    for value in given {
        let text = String::read(value).map_err(Suspend::Failed)?;
        for word in text.split(',') {
            all.push(
                word.trim()
                    .parse()
                    .map_err(|_| Suspend::failed(format!("`status_code` `{word}` is no status")))?,
            );
        }
    }
    Ok(all)
}

fn outcome(outputs: &[Output], fine: &[u16], content: bool, url: &str) -> Outcome {
    let mut outcome = Outcome { changed: Some(false), ..Outcome::default() };
    let Some(output) = outputs.first() else { return outcome };
    let Some(answer) = Answer::read(&String::from_utf8_lossy(&output.stdout)) else {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        outcome.result.insert("status".into(), Value::Int(-1));
        outcome.result.insert("url".into(), Value::data(url));
        outcome.failed = Some(format!("the request to {url} failed: {said}"));
        return outcome;
    };
    let fits = fine.contains(&answer.status);
    let result = &mut outcome.result;
    for (name, value) in &answer.headers {
        result.insert(name.replace('-', "_").into(), Value::data(value.as_str()));
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let is_json =
        answer.headers.iter().any(|(name, value)| name == "content-type" && value.contains("json"));
    if let Some(json) = is_json.then(|| serde_json::from_str(&text).ok()).flatten() {
        result.insert("json".into(), Value::from_json(&json));
    }
    if content || !fits {
        result.insert("content".into(), Value::data(text));
    }
    result.insert("status".into(), Value::Int(answer.status.into()));
    result.insert("url".into(), Value::data(answer.url.as_str()));
    result.insert("elapsed".into(), Value::Int(answer.elapsed));
    result.insert("redirected".into(), Value::Bool(shown_url(&answer.url) != url));
    let message = format!("OK ({} bytes)", answer.body.len());
    result.insert("msg".into(), Value::data(message));
    if !fits {
        let fine: Vec<String> = fine.iter().map(u16::to_string).collect();
        let wanted = crate::diagnostic::list_or(fine.iter().map(String::as_str));
        outcome.failed = Some(format!("{url} gave the status {}, not {wanted}", answer.status));
    }
    outcome
}

/// A request; it changes nothing on the host that is foreseen.
struct Ask {
    request: Request,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.request)
    }
}

impl Action for Ask {
    fn summary(&self) -> String {
        format!("{} {}", self.request.method, shown_url(&self.request.url))
    }

    fn step(&self) -> Step {
        Step::Shell(self.request.script())
    }

    fn predict(&self, _world: &mut World) {}

    fn diff(&self) -> Diff {
        Diff::of(format!("request {} {}", self.request.method, shown_url(&self.request.url)))
    }

    /// The module judges what came back.
    fn succeeded(&self, _output: &Output) -> bool {
        true
    }
}
