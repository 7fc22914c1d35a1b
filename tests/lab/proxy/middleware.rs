//! What happens to a request before its service, and to the answer after it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Uri};

use super::dynamic::{BasicAuth, Headers, Middleware, RateLimit, duration};
use super::rule::nets;

/// An answer that a middleware gives by itself.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
}

impl Answer {
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new() }
    }

    fn with(mut self, name: &HeaderName, value: &str) -> Self {
        set(&mut self.headers, name.as_str(), value);
        self
    }
}

/// What middlewares see of a request besides its head.
#[derive(Debug)]
pub struct Around<'a> {
    /// The middleware's own name.
    pub name: &'a str,
    pub client: IpAddr,
    pub scheme: &'static str,
    /// With port, as the client sends it.
    pub authority: &'a str,
    pub buckets: &'a Buckets,
}

/// Whether Traefik would take it.
pub fn check(middleware: &Middleware) -> Result<(), String> {
    match middleware {
        Middleware::BasicAuth(auth) => {
            let users = users(auth)?;
            if users.is_empty() {
                return Err("basicAuth: no users".to_owned());
            }
            let odd = users.iter().find(|(_, hash)| !hash.starts_with("$2"));
            odd.map_or(Ok(()), |(user, _)| Err(format!("the password of `{user}` is not bcrypt's")))
        }
        Middleware::IpAllowList(list) if list.source_range.is_empty() => {
            Err("sourceRange is empty, IPAllowList not created".to_owned())
        }
        Middleware::IpAllowList(list) => nets(&list.source_range).map(drop),
        Middleware::RedirectRegex(redirect) => {
            regex::Regex::new(&redirect.regex).map(drop).map_err(|error| error.to_string())
        }
        Middleware::RedirectScheme(redirect) if redirect.scheme.is_empty() => {
            Err("you must provide a target scheme".to_owned())
        }
        _ => Ok(()),
    }
}

/// Changes the request, or answers it.
pub fn before(middleware: &Middleware, parts: &mut Parts, around: &Around) -> Option<Answer> {
    match middleware {
        Middleware::Headers(headers) => cors(headers, parts).or_else(|| {
            change(&mut parts.headers, &headers.custom_request_headers);
            None
        }),
        Middleware::BasicAuth(auth) => authenticate(auth, parts),
        Middleware::IpAllowList(list) => {
            let nets = nets(&list.source_range).unwrap_or_default();
            let is_in = nets.iter().any(|net| net.contains(&around.client));
            let status = list.reject_status_code.and_then(|code| StatusCode::from_u16(code).ok());
            (!is_in).then(|| Answer::new(status.unwrap_or(StatusCode::FORBIDDEN)))
        }
        Middleware::RedirectScheme(redirect) => {
            if redirect.scheme == around.scheme {
                return None;
            }
            let port = redirect.port.as_ref().map(|port| port.to_string().replace('"', ""));
            let url = with_scheme(parts, around.authority, &redirect.scheme, port.as_deref());
            Some(redirection(&parts.method, &url, redirect.permanent))
        }
        Middleware::RedirectRegex(redirect) => {
            let whole = format!("{}://{}{}", around.scheme, around.authority, parts.uri);
            let regex = regex::Regex::new(&redirect.regex).ok()?;
            let url = regex.replace(&whole, redirect.replacement.as_str()).into_owned();
            let is_other = regex.is_match(&whole) && url != whole;
            is_other.then(|| redirection(&parts.method, &url, redirect.permanent))
        }
        Middleware::StripPrefix(strip) => {
            let path = parts.uri.path().to_owned();
            let prefix = strip.prefixes.iter().find(|prefix| path.starts_with(prefix.as_str()))?;
            rewrite(parts, &path[prefix.len()..]);
            set(&mut parts.headers, "x-forwarded-prefix", prefix);
            None
        }
        Middleware::AddPrefix(add) => {
            let path = format!("{}{}", add.prefix, parts.uri.path());
            rewrite(parts, &path);
            None
        }
        Middleware::ReplacePath(replace) => {
            let path = parts.uri.path().to_owned();
            rewrite(parts, &replace.path);
            set(&mut parts.headers, "x-replaced-path", &path);
            None
        }
        Middleware::RateLimit(limit) => {
            let is_free = around.buckets.take(around.name, limit, around.client);
            (!is_free).then(|| Answer::new(StatusCode::TOO_MANY_REQUESTS))
        }
        Middleware::Chain(_)
        | Middleware::Buffering(_)
        | Middleware::Compress(_)
        | Middleware::InFlightReq(_)
        | Middleware::Retry(_) => None,
    }
}

/// Changes the answer. `request` is the head as the client sent it.
pub fn after(middleware: &Middleware, request: &HeaderMap, is_tls: bool, answer: &mut HeaderMap) {
    let Middleware::Headers(headers) = middleware else { return };
    if !headers.access_control_allow_origin_list.is_empty() {
        allow_origin(headers, request, answer);
    }
    if headers.sts_seconds > 0 && (is_tls || headers.force_sts_header) {
        let mut value = format!("max-age={}", headers.sts_seconds);
        value += if headers.sts_include_subdomains { "; includeSubDomains" } else { "" };
        value += if headers.sts_preload { "; preload" } else { "" };
        set(answer, "strict-transport-security", &value);
    }
    let frame = headers.custom_frame_options_value.as_deref();
    let values = [
        ("x-frame-options", frame.or(headers.frame_deny.then_some("DENY"))),
        ("x-content-type-options", headers.content_type_nosniff.then_some("nosniff")),
        ("x-xss-protection", headers.browser_xss_filter.then_some("1; mode=block")),
        ("content-security-policy", headers.content_security_policy.as_deref()),
        ("referrer-policy", headers.referrer_policy.as_deref()),
        ("permissions-policy", headers.permissions_policy.as_deref()),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            set(answer, name, value);
        }
    }
    change(answer, &headers.custom_response_headers);
}

/// An empty value takes a header away.
fn change(headers: &mut HeaderMap, changes: &std::collections::BTreeMap<String, String>) {
    for (name, value) in changes {
        if value.is_empty() {
            headers.remove(name.as_str());
        } else {
            set(headers, name, value);
        }
    }
}

/// A name or value that HTTP does not allow is left out.
pub fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// Answers what a browser asks before it asks.
fn cors(headers: &Headers, parts: &Parts) -> Option<Answer> {
    let is_asked = parts.headers.contains_key("access-control-request-method");
    let is_ours = !headers.access_control_allow_methods.is_empty()
        || !headers.access_control_allow_headers.is_empty()
        || !headers.access_control_allow_origin_list.is_empty();
    if parts.method != Method::OPTIONS || !is_asked || !is_ours {
        return None;
    }
    let mut answer = Answer::new(StatusCode::OK);
    let methods = headers.access_control_allow_methods.join(",");
    let names = headers.access_control_allow_headers.join(",");
    let age = headers.access_control_max_age.map(|age| age.to_string()).unwrap_or_default();
    for (name, value) in [
        ("access-control-allow-methods", methods),
        ("access-control-allow-headers", names),
        ("access-control-max-age", age),
    ] {
        if !value.is_empty() {
            set(&mut answer.headers, name, &value);
        }
    }
    allow_origin(headers, &parts.headers, &mut answer.headers);
    Some(answer)
}

fn allow_origin(headers: &Headers, request: &HeaderMap, answer: &mut HeaderMap) {
    let origin = request.get("origin").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let list = &headers.access_control_allow_origin_list;
    if list.iter().any(|known| known == "*") {
        set(answer, "access-control-allow-origin", "*");
    } else if !origin.is_empty() && list.iter().any(|known| known == origin) {
        set(answer, "access-control-allow-origin", origin);
    }
}

/// Names and hashes, of the file too.
fn users(auth: &BasicAuth) -> Result<Vec<(String, String)>, String> {
    let mut lines = auth.users.clone();
    if let Some(path) = &auth.users_file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("error opening {}: {error}", path.display()))?;
        lines.extend(text.lines().map(str::to_owned));
    }
    let lines = lines.iter().map(|line| line.trim());
    let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries
        .map(|line| {
            let pair = line.split_once(':').ok_or_else(|| "error parsing BasicUser".to_owned())?;
            Ok((pair.0.to_owned(), pair.1.to_owned()))
        })
        .collect()
}

fn authenticate(auth: &BasicAuth, parts: &mut Parts) -> Option<Answer> {
    let given = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let decoded = given
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| base64::prelude::BASE64_STANDARD.decode(value.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default();
    let (user, password) = decoded.split_once(':').unwrap_or_default();
    let users = users(auth).unwrap_or_default();
    let hash = users.iter().find(|(known, _)| known == user).map(|(_, hash)| hash);
    // Traefik's hashes may say `2y`, which is the same.
    let is_right = hash.is_some_and(|hash| bcrypt::verify(password, hash).unwrap_or(false));
    if !is_right {
        let realm = auth.realm.as_deref().unwrap_or("traefik");
        let value = format!("Basic realm=\"{realm}\"");
        return Some(Answer::new(StatusCode::UNAUTHORIZED).with(&WWW_AUTHENTICATE, &value));
    }
    if let Some(field) = &auth.header_field {
        set(&mut parts.headers, field, user);
    }
    if auth.remove_header {
        parts.headers.remove("authorization");
    }
    None
}

/// The same address under another scheme.
pub fn with_scheme(parts: &Parts, authority: &str, scheme: &str, port: Option<&str>) -> String {
    let name = match authority.rsplit_once(':') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    };
    let usual = if scheme == "https" { "443" } else { "80" };
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}"));
    format!("{scheme}://{name}{}{}", port.unwrap_or_default(), parts.uri)
}

pub fn redirection(method: &Method, url: &str, is_permanent: bool) -> Answer {
    let status = match (method == Method::GET, is_permanent) {
        (true, true) => StatusCode::MOVED_PERMANENTLY,
        (true, false) => StatusCode::FOUND,
        (false, true) => StatusCode::PERMANENT_REDIRECT,
        (false, false) => StatusCode::TEMPORARY_REDIRECT,
    };
    Answer::new(status).with(&LOCATION, url)
}

fn rewrite(parts: &mut Parts, path: &str) {
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    if let Ok(uri) = format!("{slash}{path}{query}").parse::<Uri>() {
        parts.uri = uri;
    }
}

/// How much each client may still ask, by middleware.
#[derive(Debug, Default)]
pub struct Buckets(Mutex<HashMap<(String, IpAddr), (f64, Instant)>>);

impl Buckets {
    /// Whether there was one left.
    fn take(&self, name: &str, limit: &RateLimit, client: IpAddr) -> bool {
        if limit.average <= 0 {
            return true;
        }
        let period = limit.period.as_ref().and_then(|p| duration(p).ok());
        let seconds = period.map_or(1.0, |period| period.as_secs_f64());
        let small = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
        let (average, burst) = (small(limit.average), small(limit.burst.unwrap_or(1).max(1)));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (left, at) = all.entry((name.to_owned(), client)).or_insert((burst, now));
        let gained = now.duration_since(*at).as_secs_f64() * average / seconds;
        *left = (*left + gained).min(burst);
        *at = now;
        let is_free = *left >= 1.0;
        *left -= if is_free { 1.0 } else { 0.0 };
        is_free
    }
}
