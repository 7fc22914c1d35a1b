//! Which server of a service gets a request, and which servers are well.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Empty;
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;

use crate::log;
use crate::proxy::dynamic::{self, HealthCheck, LoadBalancer, Server, Service, Strategy};
use crate::proxy::table::plain;

/// A server that was chosen.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub server: Server,
    pub passes_host: bool,
}

/// The services of one configuration, with the health of their servers.
#[derive(Debug, Default)]
pub struct Backends {
    services: BTreeMap<String, Service>,
    turns: Mutex<HashMap<String, Arc<AtomicUsize>>>,
    /// By service and address of a server.
    health: BTreeMap<(String, String), Arc<AtomicBool>>,
}

impl Backends {
    pub fn new(services: &BTreeMap<String, Service>) -> Self {
        let mut health = BTreeMap::new();
        for (name, service) in services {
            if let Service::LoadBalancer(balancer) = service {
                for server in &balancer.servers {
                    let key = (name.clone(), server.url.clone());
                    health.insert(key, Arc::new(AtomicBool::new(true)));
                }
            }
        }
        Self { services: services.clone(), turns: Mutex::default(), health }
    }

    /// None where no server is well.
    pub fn choose(&self, name: &str, client: IpAddr) -> Option<Chosen> {
        match self.services.get(name)? {
            Service::LoadBalancer(balancer) => self.balance(name, balancer, client),
            Service::Failover(failover) => self
                .choose(&plain(&failover.service), client)
                .or_else(|| self.choose(&plain(&failover.fallback), client)),
            Service::Weighted(weighted) => {
                let mut parts = Vec::new();
                for part in &weighted.services {
                    let weight = part.weight.unwrap_or(1) as usize;
                    parts.extend(std::iter::repeat_n(part.name.as_str(), weight));
                }
                let turn = self.turn(name);
                let order = (0..parts.len()).map(|at| parts[(turn + at) % parts.len()]);
                order.into_iter().find_map(|part| self.choose(&plain(part), client))
            }
        }
    }

    fn balance(&self, name: &str, balancer: &LoadBalancer, client: IpAddr) -> Option<Chosen> {
        let well: Vec<&Server> =
            balancer.servers.iter().filter(|server| self.is_well(name, &server.url)).collect();
        let server = match balancer.strategy {
            Strategy::Hrw => *well.iter().max_by_key(|server| score(client, &server.url))?,
            _ => {
                let mut weighed = Vec::new();
                for server in well {
                    let weight = server.weight.unwrap_or(1) as usize;
                    weighed.extend(std::iter::repeat_n(server, weight));
                }
                let turn = self.turn(name).checked_rem(weighed.len())?;
                weighed[turn]
            }
        };
        let passes_host = balancer.pass_host_header.unwrap_or(true);
        Some(Chosen { server: server.clone(), passes_host })
    }

    fn turn(&self, name: &str) -> usize {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(name.to_owned()).or_default().fetch_add(1, Ordering::Relaxed)
    }

    pub fn is_well(&self, service: &str, url: &str) -> bool {
        let health = self.health.get(&(service.to_owned(), url.to_owned()));
        health.is_none_or(|is_well| is_well.load(Ordering::Relaxed))
    }

    /// Service, server and whether it is well.
    pub fn states(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        let of = |well: &AtomicBool| well.load(Ordering::Relaxed);
        self.health.iter().map(move |((service, url), well)| (&**service, &**url, of(well)))
    }

    /// Starts to look after the servers; the tasks end when the set is dropped.
    pub fn watch(&self) -> tokio::task::JoinSet<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for ((name, url), well) in &self.health {
            let Some(Service::LoadBalancer(balancer)) = self.services.get(name) else { continue };
            if let Some(check) = &balancer.health_check {
                tasks.spawn(look_after(name.clone(), url.clone(), check.clone(), well.clone()));
            }
        }
        tasks
    }
}

/// The highest of a client's scores wins: rendezvous hashing.
fn score(client: IpAddr, url: &str) -> [u8; 32] {
    Sha256::digest(format!("{client} {url}")).into()
}

async fn look_after(name: String, url: String, check: HealthCheck, well: Arc<AtomicBool>) {
    let time = |value: &Option<_>, usual: u64| {
        let given = value.as_ref().and_then(|value| dynamic::duration(value).ok());
        given.unwrap_or(Duration::from_secs(usual))
    };
    let (interval, timeout) = (time(&check.interval, 30), time(&check.timeout, 5));
    loop {
        let asked = tokio::time::timeout(timeout, ask(&url, &check)).await;
        let problem = match asked {
            Ok(Ok(())) => None,
            Ok(Err(problem)) => Some(problem),
            Err(_) => Some("no answer in time".to_owned()),
        };
        let was_well = well.swap(problem.is_none(), Ordering::Relaxed);
        match problem {
            Some(problem) if was_well => {
                log::say(
                    "warn",
                    &format!("Health check failed. {problem}"),
                    &[("serviceName", &name), ("targetURL", &url)],
                );
            }
            None if !was_well => {
                let said = "Returning server to the load balancer";
                log::say("info", said, &[("serviceName", &name), ("targetURL", &url)]);
            }
            _ => {}
        }
        tokio::time::sleep(interval).await;
    }
}

async fn ask(url: &str, check: &HealthCheck) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|error| format!("{error}"))?;
    let host = uri.host().unwrap_or_default();
    let port = check.port.or_else(|| uri.port_u16()).unwrap_or(80);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let mut request = hyper::Request::builder()
        .method(check.method.as_deref().unwrap_or("GET"))
        .uri(if check.path.is_empty() { "/" } else { &check.path })
        .header("host", check.hostname.as_deref().unwrap_or(host));
    for (name, value) in &check.headers {
        request = request.header(name, value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let is_well = match check.status {
        Some(wanted) => status == wanted,
        None => (200..400).contains(&status),
    };
    if is_well { Ok(()) } else { Err(format!("received error status code: {status}")) }
}
