//! The static configuration: read once, and refused with any key that Traefik does not know.
#![expect(clippy::struct_field_names, reason = "the fields are Traefik's")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::dynamic::{self, Domain};

/// `traefik.yml`. Where a field's value is a `Value`, nothing here acts on it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Fixed {
    pub global: Global,
    pub log: Value,
    pub access_log: Option<AccessLog>,
    pub api: Option<Value>,
    pub ping: Option<Ping>,
    pub metrics: Option<Metrics>,
    pub entry_points: BTreeMap<String, EntryPoint>,
    pub providers: Providers,
    pub certificates_resolvers: BTreeMap<String, Resolver>,
    pub servers_transport: Value,
    pub tcp_servers_transport: Value,
    pub tracing: Value,
    pub host_resolver: Value,
    pub experimental: Value,
    pub core: Value,
    pub spiffe: Value,
    pub ocsp: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Global {
    pub check_new_version: Value,
    pub send_anonymous_usage: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AccessLog {
    /// On stdout where there is none.
    pub file_path: Option<PathBuf>,
    pub format: Option<String>,
    pub generic_clf_request_header_names: Value,
    pub filters: Value,
    pub fields: Value,
    pub buffering_size: Value,
    pub add_internals: Value,
    pub timezone: Value,
    pub otlp: Value,
    pub dual_output: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ping {
    pub entry_point: Option<String>,
    pub manual_routing: bool,
    pub terminating_status_code: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Metrics {
    pub prometheus: Option<Prometheus>,
    pub add_internals: Value,
    pub otlp: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Prometheus {
    pub entry_point: Option<String>,
    pub manual_routing: bool,
    pub buckets: Value,
    pub add_entry_points_labels: Value,
    pub add_routers_labels: Value,
    pub add_services_labels: Value,
    pub header_labels: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EntryPoint {
    pub address: String,
    pub as_default: bool,
    pub http: EntryPointHttp,
    pub forwarded_headers: ForwardedHeaders,
    pub allow_acme_by_pass: Value,
    pub reuse_port: Value,
    pub proxy_protocol: Value,
    pub transport: Transport,
    pub http2: Value,
    pub http3: Value,
    pub udp: Value,
    pub observability: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Transport {
    pub responding_timeouts: RespondingTimeouts,
    pub life_cycle: Value,
    pub keep_alive_max_requests: Value,
    pub keep_alive_max_time: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RespondingTimeouts {
    pub read_timeout: Value,
    pub write_timeout: Value,
    pub idle_timeout: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EntryPointHttp {
    pub redirections: Option<Redirections>,
    pub middlewares: Vec<String>,
    pub tls: Option<dynamic::RouterTls>,
    pub encode_query_semicolons: Value,
    pub sanitize_path: Value,
    pub encoded_characters: Value,
    pub max_header_bytes: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Redirections {
    pub entry_point: RedirectEntryPoint,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RedirectEntryPoint {
    /// An entry point's name, or a port such as `:443`.
    pub to: String,
    pub scheme: Option<String>,
    pub permanent: Option<bool>,
    pub priority: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ForwardedHeaders {
    pub insecure: bool,
    #[serde(rename = "trustedIPs")]
    pub trusted_ips: Vec<String>,
    pub connection: Value,
    pub not_append_x_forwarded_for: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Providers {
    pub file: Option<FileProvider>,
    pub docker: Value,
    pub providers_throttle_duration: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FileProvider {
    pub directory: Option<PathBuf>,
    pub filename: Option<PathBuf>,
    pub watch: Option<bool>,
    pub debug_log_generated_template: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resolver {
    pub acme: Option<Acme>,
    pub tailscale: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Acme {
    pub email: String,
    pub storage: Option<PathBuf>,
    pub ca_server: Option<String>,
    pub http_challenge: Option<HttpChallenge>,
    pub tls_challenge: Option<Value>,
    pub dns_challenge: Option<Value>,
    pub key_type: Value,
    pub preferred_chain: Value,
    pub profile: Value,
    pub email_addresses: Value,
    #[serde(rename = "disableCommonName")]
    pub disable_common_name: Value,
    pub certificates_duration: Value,
    pub certificate_timeout: Value,
    #[serde(rename = "clientTimeout")]
    pub client_timeout: Value,
    #[serde(rename = "clientResponseHeaderTimeout")]
    pub client_response_header_timeout: Value,
    pub ca_certificates: Value,
    pub ca_system_cert_pool: Value,
    pub ca_server_name: Value,
    pub eab: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HttpChallenge {
    pub entry_point: String,
    pub delay: Value,
}

/// Where Traefik's own pages are when the configuration names no other entry point.
pub const INTERNAL: &str = "traefik";

impl Fixed {
    pub fn read(path: &Path, text: &str) -> Result<Self, String> {
        let mut fixed: Self = dynamic::read(path, text)?;
        if !fixed.providers.docker.is_null() {
            return Err("there is no Docker provider here: the stack uses the file provider".into());
        }
        if fixed.needs_internal() && !fixed.entry_points.contains_key(INTERNAL) {
            let internal = EntryPoint { address: ":8080".to_owned(), ..EntryPoint::default() };
            fixed.entry_points.insert(INTERNAL.to_owned(), internal);
        }
        fixed.check()?;
        Ok(fixed)
    }

    fn needs_internal(&self) -> bool {
        let is_insecure = |api: &Value| api["insecure"] == Value::Bool(true);
        let ping = self.ping_entry_point() == Some(INTERNAL);
        let metrics = self.metrics_entry_point() == Some(INTERNAL);
        ping || metrics || self.api.as_ref().is_some_and(is_insecure)
    }

    fn check(&self) -> Result<(), String> {
        let known = |name: &str| match self.entry_points.contains_key(name) {
            true => Ok(()),
            false => Err(format!("entry point `{name}` is used and not defined")),
        };
        self.ping_entry_point().map_or(Ok(()), known)?;
        self.metrics_entry_point().map_or(Ok(()), known)?;
        for (name, point) in &self.entry_points {
            port(&point.address).ok_or_else(|| format!("entry point `{name}` has no port"))?;
            dynamic_target(&point.http).map_or(Ok(()), |to| match to.starts_with(':') {
                true => Ok(()),
                false => known(to),
            })?;
            super::rule::nets(&point.forwarded_headers.trusted_ips)?;
        }
        for (name, resolver) in &self.certificates_resolvers {
            let Some(acme) = &resolver.acme else { continue };
            let challenges = [acme.tls_challenge.is_some(), acme.dns_challenge.is_some()];
            match &acme.http_challenge {
                Some(challenge) => known(&challenge.entry_point)?,
                None if challenges.contains(&true) => {}
                None => return Err(format!("the ACME resolver `{name}` has no challenge")),
            }
        }
        Ok(())
    }

    pub fn ping_entry_point(&self) -> Option<&str> {
        let ping = self.ping.as_ref().filter(|ping| !ping.manual_routing)?;
        Some(ping.entry_point.as_deref().unwrap_or(INTERNAL))
    }

    pub fn metrics_entry_point(&self) -> Option<&str> {
        let metrics = self.metrics.as_ref()?.prometheus.as_ref()?;
        let is_routed_here = !metrics.manual_routing;
        is_routed_here.then(|| metrics.entry_point.as_deref().unwrap_or(INTERNAL))
    }

    /// Where a router goes that names no entry points.
    pub fn default_entry_points(&self) -> Vec<String> {
        let chosen = self.entry_points.iter().filter(|(_, point)| point.as_default);
        let chosen: Vec<String> = chosen.map(|(name, _)| name.clone()).collect();
        if chosen.is_empty() {
            let all = self.entry_points.keys().filter(|name| *name != INTERNAL);
            return all.cloned().collect();
        }
        chosen
    }

    /// Names for which a resolver gets certificates, whatever the routers say.
    pub fn domains(&self) -> impl Iterator<Item = (&str, &Domain)> {
        let tls = self.entry_points.values().filter_map(|point| point.http.tls.as_ref());
        tls.flat_map(|tls| {
            let resolver = tls.cert_resolver.as_deref();
            tls.domains.iter().filter_map(move |domain| Some((resolver?, domain)))
        })
    }
}

fn dynamic_target(http: &EntryPointHttp) -> Option<&str> {
    http.redirections.as_ref().map(|redirections| redirections.entry_point.to.as_str())
}

/// The port of an address such as `:443`, `127.0.0.1:8080/tcp` or `[::1]:80`.
pub fn port(address: &str) -> Option<u16> {
    address.split('/').next()?.rsplit_once(':')?.1.parse().ok()
}
