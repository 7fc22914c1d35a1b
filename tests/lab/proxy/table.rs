//! The routers in the order in which they are asked, with those that Traefik would drop.

use std::collections::BTreeMap;

use super::dynamic::{Dynamic, Middleware, RouterTls, Service};
use super::fixed::Fixed;
use super::request::Request;
use super::rule::Rule;

/// Where a provider's things are looked for that name no provider.
const PROVIDER: &str = "@file";
/// What is Traefik's own.
pub const OWN: [&str; 4] =
    ["api@internal", "noop@internal", "ping@internal", "prometheus@internal"];

/// A router that can be used.
#[derive(Debug, Clone)]
pub struct Route {
    /// Without `@file`.
    pub name: String,
    pub entry_points: Vec<String>,
    pub priority: i64,
    pub rule: Rule,
    pub middlewares: Vec<String>,
    pub service: String,
    pub tls: Option<RouterTls>,
}

/// All usable routers, the first to be asked first, and the others with what is wrong with them.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub routes: Vec<Route>,
    pub dropped: BTreeMap<String, String>,
}

impl Table {
    pub fn new(fixed: &Fixed, dynamic: &Dynamic) -> Self {
        let mut table = Self::default();
        for name in dynamic.http.routers.keys() {
            match route(fixed, dynamic, name) {
                Ok(route) => table.routes.push(route),
                Err(problem) => {
                    table.dropped.insert(name.clone(), problem);
                }
            }
        }
        table.routes.sort_by_key(|route| std::cmp::Reverse(route.priority));
        table
    }

    /// The router that gets a request which comes in at an entry point.
    pub fn find(&self, entry_point: &str, request: &Request) -> Option<&Route> {
        self.routes.iter().find(|route| {
            route.entry_points.iter().any(|name| name == entry_point)
                && route.tls.is_some() == request.is_tls
                && route.rule.matches(request)
        })
    }
}

fn route(fixed: &Fixed, dynamic: &Dynamic, name: &str) -> Result<Route, String> {
    let router = &dynamic.http.routers[name];
    let mut entry_points = router.entry_points.clone();
    if entry_points.is_empty() {
        entry_points = fixed.default_entry_points();
    }
    if let Some(unknown) = entry_points.iter().find(|name| !fixed.entry_points.contains_key(*name))
    {
        return Err(format!("EntryPoint doesn't exist: {unknown}"));
    }
    let first = &fixed.entry_points[&entry_points[0]].http;
    let tls = router.tls.clone().or_else(|| first.tls.clone());
    if let Some(resolver) = tls.as_ref().and_then(|tls| tls.cert_resolver.as_ref())
        && !fixed.certificates_resolvers.contains_key(resolver)
    {
        return Err(format!("Router uses a nonexistent certificate resolver: {resolver}"));
    }
    let chain = first.middlewares.iter().chain(&router.middlewares);
    let middlewares: Vec<String> = chain.map(|name| plain(name)).collect();
    for middleware in &middlewares {
        check_middleware(dynamic, middleware)?;
    }
    check_service(dynamic, &plain(&router.service), 0)?;
    let length = i64::try_from(router.rule.len()).unwrap_or(i64::MAX);
    Ok(Route {
        name: name.to_owned(),
        entry_points,
        priority: if router.priority == 0 { length } else { router.priority },
        rule: Rule::parse(&router.rule)?,
        middlewares,
        service: plain(&router.service),
        tls,
    })
}

/// A name without the provider.
pub fn plain(name: &str) -> String {
    name.strip_suffix(PROVIDER).unwrap_or(name).to_owned()
}

fn check_middleware(dynamic: &Dynamic, name: &str) -> Result<(), String> {
    match dynamic.http.middlewares.get(name) {
        Some(Middleware::Chain(chain)) => {
            chain.middlewares.iter().try_for_each(|part| check_middleware(dynamic, &plain(part)))
        }
        Some(middleware) => super::middleware::check(middleware),
        None => Err(format!("middleware \"{name}@file\" does not exist")),
    }
}

fn check_service(dynamic: &Dynamic, name: &str, depth: usize) -> Result<(), String> {
    if OWN.contains(&name) {
        return Ok(());
    }
    if depth > 8 {
        return Err(format!("the service \"{name}@file\" leads to itself"));
    }
    let all: Vec<&str> = match dynamic.http.services.get(name) {
        None => return Err(format!("the service \"{name}@file\" does not exist")),
        Some(Service::LoadBalancer(_)) => return Ok(()),
        Some(Service::Failover(failover)) => vec![&failover.service, &failover.fallback],
        Some(Service::Weighted(weighted)) => weighted.services.iter().map(|p| &*p.name).collect(),
    };
    all.into_iter().try_for_each(|part| check_service(dynamic, &plain(part), depth + 1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::dynamic;
    use super::*;

    const FIXED: &str = "
entryPoints:
  web: {address: ':80'}
  admin: {address: ':81'}
";

    fn table(text: &str) -> Table {
        let path = Path::new("lab.yml");
        let fixed = Fixed::read(path, FIXED).expect("a right configuration");
        Table::new(&fixed, &dynamic::read(path, text).expect("a right file"))
    }

    fn service(table: &Table, entry_point: &str, target: &str) -> Option<String> {
        let request = Request { is_tls: false, ..Request::new("GET", "a.org", target) };
        table.find(entry_point, &request).map(|route| route.service.clone())
    }

    const ROUTES: &str = "
http:
  routers:
    long: {rule: 'Host(`a.org`) && PathPrefix(`/x`)', service: one}
    short: {rule: 'PathPrefix(`/x/y`)', service: two}
    first: {rule: 'Path(`/x/z`)', service: two, priority: 100}
    inner: {rule: 'PathPrefix(`/`)', service: two, entryPoints: [admin]}
    secure: {rule: 'PathPrefix(`/`)', service: one, tls: {}}
  services:
    one: {loadBalancer: {servers: [{url: 'http://one'}]}}
    two: {failover: {service: one@file, fallback: one}}
";

    #[test]
    fn the_longer_rule_comes_first_unless_a_priority_says_otherwise() {
        let table = table(ROUTES);
        assert!(table.dropped.is_empty(), "{:?}", table.dropped);
        assert_eq!(service(&table, "web", "/x/y").as_deref(), Some("one"));
        assert_eq!(service(&table, "web", "/x/z").as_deref(), Some("two"));
        assert_eq!(service(&table, "web", "/q"), None);
        assert_eq!(service(&table, "admin", "/q").as_deref(), Some("two"));
    }

    #[test]
    fn what_leads_nowhere_is_dropped() {
        let table = table(
            "
http:
  routers:
    a: {rule: 'Path(`/`)', service: none}
    b: {rule: 'Path(`/`)', service: ping@internal, middlewares: [none]}
    c: {rule: 'Path(`/`)', service: ping@internal, entryPoints: [none]}
    d: {rule: 'Path(`/`, `/b`)', service: ping@internal}
    e: {rule: 'Path(`/`)', service: loop}
    f: {rule: 'Path(`/`)', service: ping@internal, tls: {certResolver: none}}
  services:
    loop: {failover: {service: loop, fallback: loop}}
",
        );
        assert!(table.routes.is_empty());
        assert_eq!(table.dropped.keys().map(String::as_str).collect::<String>(), "abcdef");
    }

    #[test]
    fn a_key_that_traefik_does_not_know_is_an_error() {
        let path = Path::new("lab.yml");
        let text = "http: {routers: {a: {rule: 'Path(`/`)', servce: x}}}";
        let problem = dynamic::read::<Dynamic>(path, text).expect_err("a wrong key");
        assert!(problem.contains("unknown field `servce`"), "{problem}");
        let problem = Fixed::read(path, "entryPoint: {}").expect_err("a wrong key");
        assert!(problem.contains("unknown field `entryPoint`"), "{problem}");
    }
}
