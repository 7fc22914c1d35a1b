//! Listening at the entry points, and reading the dynamic configuration again when it changes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;

use crate::access::Log;
use crate::backend::Backends;
use crate::certificates::Certificates;
use crate::forward::{self, Peer};
use crate::log;
use crate::proxy::dynamic::{self, Dynamic, Router, RouterTls};
use crate::proxy::fixed::{self, Fixed};
use crate::proxy::middleware::Buckets;
use crate::proxy::rule::Rule;
use crate::proxy::table::Table;

/// How often the folder is looked at.
const WATCH: Duration = Duration::from_millis(300);
/// The first byte of a TLS handshake record.
const HANDSHAKE: u8 = 0x16;

/// What one reading of the dynamic configuration led to.
#[derive(Debug)]
pub struct Live {
    pub dynamic: Dynamic,
    pub table: Table,
    pub backends: Backends,
    /// Ends the health checks with it.
    _checks: JoinSet<()>,
}

/// The whole proxy.
#[derive(Debug)]
pub struct Proxy {
    pub fixed: Fixed,
    pub log: Log,
    pub buckets: Buckets,
    live: RwLock<Arc<Live>>,
    certificates: Arc<Certificates>,
}

/// Serves until a signal ends it.
pub fn start(fixed: Fixed, authority: &Path) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(serve(fixed, authority))
}

async fn serve(fixed: Fixed, authority: &Path) -> Result<(), String> {
    let log = Log::open(fixed.access_log.as_ref())?;
    let certificates = Certificates::new(authority).map_err(|error| error.to_string())?;
    let empty = live(&fixed, Dynamic::default());
    let proxy = Arc::new(Proxy {
        fixed,
        log,
        buckets: Buckets::default(),
        live: RwLock::new(Arc::new(empty)),
        certificates: Arc::new(certificates),
    });
    proxy.reload();
    let tls = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_cert_resolver(proxy.certificates.clone());
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    for (name, point) in &proxy.fixed.entry_points {
        let listener = listen(&point.address).await?;
        tokio::spawn(accept(proxy.clone(), name.clone(), listener, acceptor.clone()));
    }
    log::say("info", "Configuration loaded", &[]);
    proxy.wait().await
}

async fn listen(address: &str) -> Result<TcpListener, String> {
    let plain = address.split('/').next().unwrap_or_default();
    let all = ["[::]", "0.0.0.0"].map(|host| format!("{host}{plain}"));
    let wanted = if plain.starts_with(':') { all.to_vec() } else { vec![plain.to_owned()] };
    let mut problem = String::new();
    for address in wanted {
        match TcpListener::bind(&address).await {
            Ok(listener) => return Ok(listener),
            Err(error) => problem = format!("error opening listener on {address}: {error}"),
        }
    }
    Err(problem)
}

async fn accept(proxy: Arc<Proxy>, name: String, listener: TcpListener, tls: TlsAcceptor) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let peer = Peer { entry_point: name.clone(), address: canonical(address) };
                tokio::spawn(talk(proxy.clone(), peer, stream, tls.clone()));
            }
            Err(error) => log::say("error", &format!("Error while accepting: {error}"), &[]),
        }
    }
}

/// A v4 client of a v6 listener is a v4 client.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// A client that breaks off, or speaks no HTTP, is its own affair.
async fn talk(proxy: Arc<Proxy>, peer: Peer, stream: TcpStream, tls: TlsAcceptor) {
    let mut first = [0_u8];
    let is_tls = matches!(stream.peek(&mut first).await, Ok(1) if first[0] == HANDSHAKE);
    let peer = Arc::new(peer);
    let answer = service_fn(move |request| {
        let (proxy, peer) = (proxy.clone(), peer.clone());
        async move { Ok::<_, Infallible>(forward::answer(&proxy, &peer, is_tls, request).await) }
    });
    if is_tls {
        if let Ok(stream) = tls.accept(stream).await {
            let talk = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            drop(talk.with_upgrades().await);
        }
    } else {
        let talk = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        drop(talk.with_upgrades().await);
    }
}

fn live(fixed: &Fixed, dynamic: Dynamic) -> Live {
    let table = Table::new(fixed, &dynamic);
    let backends = Backends::new(&dynamic.http.services);
    let checks = backends.watch();
    Live { dynamic, table, backends, _checks: checks }
}

impl Proxy {
    pub fn live(&self) -> Arc<Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the dynamic configuration; keeps what is there if that is wrong.
    fn reload(&self) {
        let Some(provider) = &self.fixed.providers.file else { return };
        let read = match (&provider.directory, &provider.filename) {
            (Some(folder), _) => dynamic::folder(folder),
            (None, Some(path)) => dynamic::file(path),
            (None, None) => Err("error using file configuration provider, neither filename nor \
                                 directory is defined"
                .to_owned()),
        };
        match read {
            Ok(dynamic) => self.apply(dynamic),
            Err(problem) => {
                let said = format!("Error occurred during watcher callback: {problem}");
                log::say("error", &said, &[("providerName", "file")]);
            }
        }
    }

    fn apply(&self, dynamic: Dynamic) {
        let live = live(&self.fixed, dynamic);
        for (name, problem) in &live.table.dropped {
            log::say("error", problem, &[("routerName", &format!("{name}@file"))]);
        }
        if let Err(error) = self.certificates.read_files(&live.dynamic.tls) {
            log::say("error", &format!("Unable to append certificate: {error}"), &[]);
        }
        self.certify(&live.dynamic.http.routers);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// Gets the certificates that routers and entry points ask their resolvers for.
    fn certify(&self, routers: &BTreeMap<String, Router>) {
        let mut wanted: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for router in routers.values() {
            let points = router.entry_points.iter().filter_map(|n| self.fixed.entry_points.get(n));
            let of_point = points.into_iter().find_map(|point| point.http.tls.as_ref());
            if let Some(tls) = router.tls.as_ref().or(of_point)
                && let Some(resolver) = &tls.cert_resolver
            {
                wanted.entry(resolver.clone()).or_default().extend(names(tls, &router.rule));
            }
        }
        for (resolver, domain) in self.fixed.domains() {
            let names = [vec![domain.main.clone()], domain.sans.clone()].concat();
            wanted.entry(resolver.to_owned()).or_default().push(names);
        }
        for (resolver, names) in wanted {
            let acme = self.fixed.certificates_resolvers.get(&resolver);
            let Some(acme) = acme.and_then(|resolver| resolver.acme.as_ref()) else { continue };
            let storage = acme.storage.clone().unwrap_or_else(|| PathBuf::from("acme.json"));
            if let Err(error) = self.certificates.obtain(&resolver, &storage, &names) {
                let said = format!("The ACME resolver cannot be used: {error}");
                log::say("error", &said, &[("resolver", &resolver)]);
            }
        }
    }

    /// What the file provider's files look like from outside.
    fn stamp(&self) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
        let provider = self.fixed.providers.file.as_ref();
        let Some(provider) = provider.filter(|provider| provider.watch != Some(false)) else {
            return Vec::new();
        };
        let listed = provider.directory.as_ref().map(|f| dynamic::files(f).unwrap_or_default());
        let paths = listed.unwrap_or_else(|| provider.filename.iter().cloned().collect());
        let of = |path: PathBuf| {
            let metadata = path.metadata().ok();
            let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            (path, metadata.and_then(|metadata| metadata.modified().ok()), size)
        };
        paths.into_iter().map(of).collect()
    }

    async fn wait(&self) -> Result<(), String> {
        let on = |kind: SignalKind| signal(kind).map_err(|error| error.to_string());
        let (mut end, mut stop) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
        let mut rotated = on(SignalKind::user_defined1())?;
        let mut stamp = self.stamp();
        let mut ticks = tokio::time::interval(WATCH);
        loop {
            tokio::select! {
                _ = end.recv() => return Ok(()),
                _ = stop.recv() => return Ok(()),
                _ = rotated.recv() => self.log.reopen()?,
                _ = ticks.tick() => {
                    let now = self.stamp();
                    if now != stamp {
                        stamp = now;
                        self.reload();
                    }
                }
            }
        }
    }
}

/// The names of each certificate that a router needs.
fn names(tls: &RouterTls, rule: &str) -> Vec<Vec<String>> {
    if tls.domains.is_empty() {
        let hosts = Rule::parse(rule).map(|rule| rule.hosts()).unwrap_or_default();
        return if hosts.is_empty() { Vec::new() } else { vec![hosts] };
    }
    let of = |domain: &dynamic::Domain| [vec![domain.main.clone()], domain.sans.clone()].concat();
    tls.domains.iter().map(of).collect()
}

/// For the page that lists the routers.
pub fn port(proxy: &Proxy, entry_point: &str) -> u16 {
    let point = proxy.fixed.entry_points.get(entry_point);
    point.and_then(|point| fixed::port(&point.address)).unwrap_or_default()
}
