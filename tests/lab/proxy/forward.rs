//! One request: to its router, through its middlewares, to a server, and back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Instant;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, UPGRADE};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::access::Line;
use crate::backend::Chosen;
use crate::log;
use crate::proxy::dynamic::Middleware;
use crate::proxy::fixed::RedirectEntryPoint;
use crate::proxy::middleware::{self, Answer, Around, set};
use crate::proxy::request::Request;
use crate::proxy::rule;
use crate::proxy::table::{Route, plain};
use crate::serve::{self, Live, Proxy};

type Body = BoxBody<Bytes, hyper::Error>;
/// RFC 9110, 7.6.1; `Upgrade` is kept where it is used.
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// Where a connection came in, and from whom.
#[derive(Debug)]
pub struct Peer {
    pub entry_point: String,
    pub address: SocketAddr,
}

/// The answer to a request; it is logged, but for Traefik's own pages.
pub async fn answer(
    proxy: &Proxy,
    peer: &Peer,
    is_tls: bool,
    incoming: hyper::Request<Incoming>,
) -> Response<Body> {
    let start = Instant::now();
    let (parts, body) = incoming.into_parts();
    let request = seen(peer, is_tls, &parts);
    let live = proxy.live();
    if let Some(page) = own_page(proxy, &live, peer, &request) {
        return page;
    }
    let mut entry = entry(peer, &request, &parts);
    let mut call = Call { proxy, live: &live, peer, request: &request, entry: &mut entry };
    let answer = call.answer(parts, body).await;
    entry.status = answer.status().as_u16();
    entry.size = answer.body().size_hint().exact().unwrap_or_default();
    entry.duration = start.elapsed();
    proxy.log.write(&entry);
    answer
}

fn seen(peer: &Peer, is_tls: bool, parts: &Parts) -> Request {
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let host = parts.headers.get(HOST).map(text).unwrap_or_default();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Request {
        method: parts.method.to_string(),
        authority: parts.uri.authority().map_or(host, ToString::to_string),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        client: Some(peer.address.ip()),
        is_tls,
    }
}

fn entry(peer: &Peer, request: &Request, parts: &Parts) -> Line {
    Line {
        entry_point: peer.entry_point.clone(),
        client: peer.address.to_string(),
        authority: request.authority.clone(),
        method: request.method.clone(),
        path: parts.uri.path_and_query().map_or(String::new(), ToString::to_string),
        protocol: format!("{:?}", parts.version),
        is_tls: request.is_tls,
        ..Line::default()
    }
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    set(response.headers_mut(), CONTENT_TYPE.as_str(), kind);
    response
}

fn plain_page(status: StatusCode, text: &str) -> Response<Body> {
    page(status, "text/plain; charset=utf-8", text.to_owned())
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never: Infallible| match never {}).boxed()
}

/// `/ping` and `/metrics` at their entry points, and the list of routers where `api.insecure`
/// puts it.
fn own_page(proxy: &Proxy, live: &Live, peer: &Peer, request: &Request) -> Option<Response<Body>> {
    let here = Some(peer.entry_point.as_str());
    let is_insecure = proxy.fixed.api.as_ref().is_some_and(|api| api["insecure"] == true);
    match request.path.as_str() {
        "/ping" if here == proxy.fixed.ping_entry_point() => own("ping@internal", proxy, live),
        "/metrics" if here == proxy.fixed.metrics_entry_point() => {
            own("prometheus@internal", proxy, live)
        }
        path if is_insecure && here == Some("traefik") && path.starts_with("/api/") => {
            own("api@internal", proxy, live)
        }
        _ => None,
    }
}

fn own(service: &str, proxy: &Proxy, live: &Live) -> Option<Response<Body>> {
    match service {
        "noop@internal" => Some(plain_page(StatusCode::IM_A_TEAPOT, "I'm a teapot")),
        "ping@internal" => Some(plain_page(StatusCode::OK, "OK")),
        "prometheus@internal" => {
            let mut text = proxy.log.metrics();
            text += "# TYPE traefik_service_server_up gauge\n";
            for (service, url, is_well) in live.backends.states() {
                let up = u8::from(is_well);
                let labels = format!("service=\"{service}@file\",url=\"{url}\"");
                text += &format!("traefik_service_server_up{{{labels}}} {up}\n");
            }
            Some(page(StatusCode::OK, "text/plain; version=0.0.4", text))
        }
        "api@internal" => Some(page(StatusCode::OK, "application/json", routers(live))),
        _ => None,
    }
}

/// As Traefik's `/api/http/routers`.
fn routers(live: &Live) -> String {
    let usable = live.table.routes.iter().map(|route| {
        json!({
            "name": format!("{}@file", route.name),
            "status": "enabled",
            "priority": route.priority,
            "service": route.service,
            "entryPoints": route.entry_points,
        })
    });
    let dropped = live.table.dropped.iter().map(|(name, problem)| {
        json!({"name": format!("{name}@file"), "status": "disabled", "error": [problem]})
    });
    usable.chain(dropped).collect::<serde_json::Value>().to_string()
}

/// One request on its way.
struct Call<'a> {
    proxy: &'a Proxy,
    live: &'a Live,
    peer: &'a Peer,
    request: &'a Request,
    entry: &'a mut Line,
}

impl Call<'_> {
    async fn answer(&mut self, mut parts: Parts, body: Incoming) -> Response<Body> {
        let point = &self.proxy.fixed.entry_points[&self.peer.entry_point];
        if let Some(redirections) = &point.http.redirections {
            self.entry.router = format!(
                "{}-to-{}@internal",
                self.peer.entry_point,
                redirections.entry_point.to.trim_start_matches(':')
            );
            return given(self.redirect(&redirections.entry_point, &parts));
        }
        let Some(route) = self.live.table.find(&self.peer.entry_point, self.request) else {
            return plain_page(StatusCode::NOT_FOUND, "404 page not found\n");
        };
        self.entry.router = format!("{}@file", route.name);
        let original = parts.headers.clone();
        self.forwarded(&mut parts.headers);
        let chain = self.chain(&route.middlewares);
        let mut passed = 0;
        let mut early = None;
        for (name, middleware) in &chain {
            let around = self.around(name);
            if let Some(answer) = middleware::before(middleware, &mut parts, &around) {
                early = Some(given(answer));
                break;
            }
            passed += 1;
        }
        let mut response = match early {
            Some(response) => response,
            None => self.serve(route, parts, body).await,
        };
        for (_, middleware) in chain[..passed].iter().rev() {
            let is_tls = self.request.is_tls;
            middleware::after(middleware, &original, is_tls, response.headers_mut());
        }
        response
    }

    fn around<'a>(&'a self, name: &'a str) -> Around<'a> {
        Around {
            name,
            client: self.peer.address.ip(),
            scheme: if self.request.is_tls { "https" } else { "http" },
            authority: &self.request.authority,
            buckets: &self.proxy.buckets,
        }
    }

    fn redirect(&self, target: &RedirectEntryPoint, parts: &Parts) -> Answer {
        let port = match target.to.strip_prefix(':') {
            Some(port) => port.to_owned(),
            None => serve::port(self.proxy, &target.to).to_string(),
        };
        let scheme = target.scheme.as_deref().unwrap_or("https");
        let authority = &self.request.authority;
        let url = middleware::with_scheme(parts, authority, scheme, Some(&port));
        middleware::redirection(&parts.method, &url, target.permanent.unwrap_or(true))
    }

    /// The middlewares in order, with chains taken apart.
    fn chain(&self, names: &[String]) -> Vec<(String, Middleware)> {
        let mut chain = Vec::new();
        for name in names {
            match self.live.dynamic.http.middlewares.get(&plain(name)) {
                Some(Middleware::Chain(parts)) => chain.extend(self.chain(&parts.middlewares)),
                Some(middleware) => chain.push((plain(name), middleware.clone())),
                // A router whose middleware is missing was dropped.
                None => {}
            }
        }
        chain
    }

    /// Says who the client is. What the client says itself counts only if it is trusted.
    fn forwarded(&self, headers: &mut HeaderMap) {
        let settings = &self.proxy.fixed.entry_points[&self.peer.entry_point].forwarded_headers;
        let ip = self.peer.address.ip();
        let trusted = rule::nets(&settings.trusted_ips).unwrap_or_default();
        let is_trusted = settings.insecure || trusted.iter().any(|net| net.contains(&ip));
        let names = ["for", "proto", "host", "port", "server", "prefix"];
        if !is_trusted {
            for name in names {
                headers.remove(format!("x-forwarded-{name}"));
            }
            headers.remove("x-real-ip");
        }
        let before = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        let all = before.map_or(ip.to_string(), |before| format!("{before}, {ip}"));
        set(headers, "x-forwarded-for", &all);
        let port = serve::port(self.proxy, &self.peer.entry_point).to_string();
        let proto = if self.request.is_tls { "https" } else { "http" };
        let host = &self.request.authority;
        let ip = ip.to_string();
        let said = [("proto", proto), ("host", host), ("port", &port)]
            .map(|(n, v)| (format!("x-forwarded-{n}"), v));
        for (name, value) in said.into_iter().chain([("x-real-ip".to_owned(), ip.as_str())]) {
            if !headers.contains_key(&name) {
                set(headers, &name, value);
            }
        }
    }

    async fn serve(&mut self, route: &Route, parts: Parts, body: Incoming) -> Response<Body> {
        self.entry.service = format!("{}@file", route.service);
        if let Some(page) = own(&route.service, self.proxy, self.live) {
            self.entry.service.clone_from(&route.service);
            return page;
        }
        let Some(chosen) = self.live.backends.choose(&route.service, self.peer.address.ip()) else {
            return plain_page(StatusCode::SERVICE_UNAVAILABLE, "no available server\n");
        };
        self.entry.server.clone_from(&chosen.server.url);
        match send(&chosen, self.request, parts, body).await {
            Ok(response) => {
                self.entry.origin_status = response.status().as_u16();
                response
            }
            Err(problem) => {
                log::say("debug", &format!("502 Bad Gateway: {problem}"), &[]);
                self.entry.origin_status = StatusCode::BAD_GATEWAY.as_u16();
                plain_page(StatusCode::BAD_GATEWAY, "Bad Gateway")
            }
        }
    }
}

fn given(answer: Answer) -> Response<Body> {
    let reason = answer.status.canonical_reason().unwrap_or_default();
    let mut response = plain_page(answer.status, &format!("{reason}\n"));
    response.headers_mut().extend(answer.headers);
    response
}

/// Passes a request on and its answer back; both bodies flow.
async fn send(
    chosen: &Chosen,
    request: &Request,
    mut parts: Parts,
    body: Incoming,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let target: Uri = chosen.server.url.parse()?;
    let authority = target.authority().ok_or("a server's address has no host")?;
    let port = authority.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((authority.host().trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let wish = parts.headers.get(UPGRADE).cloned();
    for name in HOP_BY_HOP {
        parts.headers.remove(name);
    }
    if let Some(wish) = &wish {
        parts.headers.insert(UPGRADE, wish.clone());
        set(&mut parts.headers, CONNECTION.as_str(), "Upgrade");
    }
    let host = if chosen.passes_host { &request.authority } else { authority.as_str() };
    set(&mut parts.headers, HOST.as_str(), host);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let base = target.path().trim_end_matches('/');
    let base = if chosen.server.preserve_path { base } else { "" };
    parts.uri = format!("{base}{path}").parse()?;
    let client = parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
    let mut response = sender.send_request(hyper::Request::from_parts(parts, body)).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let server = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            let Some(client) = client else { return };
            if let (Ok(client), Ok(server)) = (client.await, server.await) {
                let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
                // Whoever closes it, it is over.
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            }
        });
    } else {
        for name in HOP_BY_HOP {
            response.headers_mut().remove(name);
        }
    }
    Ok(response.map(BodyExt::boxed))
}
