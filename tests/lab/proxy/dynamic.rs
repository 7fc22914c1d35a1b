//! The dynamic configuration: the folder of the file provider, as strictly as Traefik reads it.
#![expect(clippy::struct_field_names, reason = "the fields are Traefik's")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One file, or all of them together.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Dynamic {
    pub http: Http,
    pub tls: Tls,
    pub tcp: Value,
    pub udp: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Http {
    pub routers: BTreeMap<String, Router>,
    pub services: BTreeMap<String, Service>,
    pub middlewares: BTreeMap<String, Middleware>,
    pub servers_transports: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    pub certificates: Vec<Certificate>,
    pub options: BTreeMap<String, TlsOptions>,
    pub stores: BTreeMap<String, Store>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificate {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    #[serde(default)]
    pub stores: Vec<String>,
}

/// Nothing here acts on them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TlsOptions {
    pub min_version: Value,
    pub max_version: Value,
    pub cipher_suites: Vec<String>,
    pub curve_preferences: Vec<String>,
    pub client_auth: Value,
    pub sni_strict: bool,
    pub alpn_protocols: Vec<String>,
    pub disable_session_tickets: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Store {
    pub default_certificate: Option<Certificate>,
    pub default_generated_cert: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Router {
    #[serde(default)]
    pub entry_points: Vec<String>,
    pub rule: String,
    #[serde(default)]
    pub rule_syntax: Option<String>,
    /// The length of the rule where there is none, or 0.
    #[serde(default)]
    pub priority: i64,
    #[serde(default)]
    pub middlewares: Vec<String>,
    pub service: String,
    #[serde(default)]
    pub tls: Option<RouterTls>,
    #[serde(default)]
    pub observability: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RouterTls {
    pub cert_resolver: Option<String>,
    pub options: Option<String>,
    pub domains: Vec<Domain>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Domain {
    pub main: String,
    pub sans: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Service {
    LoadBalancer(Box<LoadBalancer>),
    Failover(Failover),
    Weighted(Weighted),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LoadBalancer {
    pub servers: Vec<Server>,
    pub strategy: Strategy,
    pub health_check: Option<HealthCheck>,
    pub pass_host_header: Option<bool>,
    pub passive_health_check: Value,
    pub sticky: Value,
    pub servers_transport: Option<String>,
    pub response_forwarding: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    #[default]
    Wrr,
    /// By the address of the client.
    Hrw,
    /// Here as `Wrr`.
    P2c,
    /// Here as `Wrr`.
    Leasttime,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    pub url: String,
    #[serde(default)]
    pub weight: Option<u32>,
    #[serde(default)]
    pub preserve_path: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HealthCheck {
    pub path: String,
    pub interval: Option<Value>,
    pub unhealthy_interval: Option<Value>,
    pub timeout: Option<Value>,
    pub scheme: Option<String>,
    pub mode: Option<String>,
    pub method: Option<String>,
    pub status: Option<u16>,
    pub port: Option<u16>,
    pub hostname: Option<String>,
    pub follow_redirects: Option<bool>,
    pub headers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failover {
    pub service: String,
    pub fallback: String,
    #[serde(default)]
    pub health_check: Value,
    #[serde(default)]
    pub errors: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weighted {
    pub services: Vec<Part>,
    #[serde(default)]
    pub sticky: Value,
    #[serde(default)]
    pub health_check: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    #[serde(default)]
    pub weight: Option<u32>,
}

/// Those that the stack uses, and some that change nothing here.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Middleware {
    Headers(Box<Headers>),
    BasicAuth(BasicAuth),
    RedirectScheme(RedirectScheme),
    RedirectRegex(RedirectRegex),
    IpAllowList(IpAllowList),
    StripPrefix(StripPrefix),
    AddPrefix(AddPrefix),
    ReplacePath(ReplacePath),
    RateLimit(RateLimit),
    Chain(Chain),
    Buffering(Value),
    Compress(Value),
    InFlightReq(Value),
    Retry(Value),
}

/// All of Traefik's fields; where a field's value is a `Value`, nothing here acts on it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Headers {
    pub custom_request_headers: BTreeMap<String, String>,
    pub custom_response_headers: BTreeMap<String, String>,
    pub access_control_allow_origin_list: Vec<String>,
    pub access_control_allow_origin_list_regex: Value,
    pub access_control_allow_methods: Vec<String>,
    pub access_control_allow_headers: Vec<String>,
    pub access_control_allow_credentials: Value,
    pub access_control_expose_headers: Value,
    pub access_control_max_age: Option<i64>,
    pub add_vary_header: Value,
    pub allowed_hosts: Value,
    pub hosts_proxy_headers: Value,
    pub ssl_proxy_headers: Value,
    pub sts_seconds: i64,
    pub sts_include_subdomains: bool,
    pub sts_preload: bool,
    #[serde(rename = "forceSTSHeader")]
    pub force_sts_header: bool,
    pub frame_deny: bool,
    pub custom_frame_options_value: Option<String>,
    pub content_type_nosniff: bool,
    pub browser_xss_filter: bool,
    #[serde(rename = "customBrowserXSSValue")]
    pub custom_browser_xss_value: Value,
    pub content_security_policy: Option<String>,
    pub content_security_policy_report_only: Value,
    pub public_key: Value,
    pub referrer_policy: Option<String>,
    pub permissions_policy: Option<String>,
    pub is_development: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BasicAuth {
    pub users: Vec<String>,
    pub users_file: Option<PathBuf>,
    pub realm: Option<String>,
    pub remove_header: bool,
    pub header_field: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RedirectScheme {
    pub scheme: String,
    pub port: Option<Value>,
    pub permanent: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RedirectRegex {
    pub regex: String,
    pub replacement: String,
    pub permanent: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct IpAllowList {
    pub source_range: Vec<String>,
    pub ip_strategy: Value,
    pub reject_status_code: Option<u16>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StripPrefix {
    pub prefixes: Vec<String>,
    pub force_slash: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddPrefix {
    pub prefix: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplacePath {
    pub path: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RateLimit {
    /// Requests per period; 0 is no limit.
    pub average: i64,
    pub period: Option<Value>,
    pub burst: Option<i64>,
    pub source_criterion: Value,
    pub redis: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chain {
    pub middlewares: Vec<String>,
}

/// Reads a YAML text strictly: a key that is not known is an error.
pub fn read<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, String> {
    let json = json(path, text)?;
    serde_json::from_value(json).map_err(|error| format!("{}: {error}", path.display()))
}

fn json(path: &Path, text: &str) -> Result<Value, String> {
    let source = mxprov::diagnostic::Source::new(path.display().to_string(), text);
    let value = mxprov::yaml::parse_data(&source).map_err(|problem| problem.to_string())?;
    Ok(value.to_json())
}

/// One file of the file provider.
pub fn file(path: &Path) -> Result<Dynamic, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let json = json(path, &text)?;
    if json.is_null() {
        return Ok(Dynamic::default());
    }
    if let Some(name) = standalone(&json) {
        return Err(format!("{}: {name} cannot be a standalone element", path.display()));
    }
    serde_json::from_value(json).map_err(|error| format!("{}: {error}", path.display()))
}

/// A section with nothing in it, which Traefik refuses.
fn standalone(json: &Value) -> Option<String> {
    let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    let inside = json.get("http").and_then(Value::as_object).into_iter().flatten();
    let mut sections = json.as_object()?.iter().chain(inside);
    let found = sections.find(|(_, value)| is_empty(value));
    found.map(|(name, _)| name.clone())
}

/// All `.yml` and `.yaml` files of a folder and below, together. One that is wrong spoils all.
pub fn folder(folder: &Path) -> Result<Dynamic, String> {
    let mut all = Dynamic::default();
    for path in files(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let one = file(&path)?;
        all.http.routers.extend(one.http.routers);
        all.http.services.extend(one.http.services);
        all.http.middlewares.extend(one.http.middlewares);
        all.http.servers_transports.extend(one.http.servers_transports);
        all.tls.certificates.extend(one.tls.certificates);
        all.tls.options.extend(one.tls.options);
        all.tls.stores.extend(one.tls.stores);
    }
    Ok(all)
}

/// The files that count, sorted.
pub fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|end| end == "yml" || end == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A duration as Traefik writes it, `10s` or `1m30s`, or a number of seconds.
pub fn duration(value: &Value) -> Result<std::time::Duration, String> {
    let problem = || format!("`{value}` is no duration");
    if let Some(seconds) = value.as_u64() {
        return Ok(std::time::Duration::from_secs(seconds));
    }
    let mut rest = value.as_str().ok_or_else(problem)?;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| problem())?;
        let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
        let unit = units.iter().find(|(unit, _)| rest[end..].starts_with(unit));
        let (unit, worth) = match unit {
            Some(found) => *found,
            None if rest[end..].is_empty() => ("", 1.0),
            None => return Err(problem()),
        };
        total += number * worth;
        rest = &rest[end + unit.len()..];
    }
    Ok(std::time::Duration::from_secs_f64(total))
}
