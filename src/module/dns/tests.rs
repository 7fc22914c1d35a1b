//! Verdicts: cases that are data, on servers in this process; and states written down here.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;

use super::super::bench::{Desk, args};
use super::super::{Call, Plan, find};
use crate::diagnostic::Source;
use crate::files::Tree;
use crate::resource::dns::{
    Answer, Answers, Data, Failure, Lookup, RecordKind, Reply, Server, Zone, ZoneServers,
};
use crate::resource::{AnyQuery, AnyState, Host, Suspend, World};
use crate::value::{Map, Value};

#[path = "../../../tests/lab/dns.rs"]
mod served;

use served::Dns;

/// No module needs more rounds: zones, names, ends of aliases, targets.
const MOST_ROUNDS: usize = 12;

/// The plan of the module, its questions answered by `answer`.
fn plan(
    arguments: &Value,
    answer: impl Fn(&[AnyQuery]) -> Vec<Result<AnyState, String>>,
) -> Result<Plan, String> {
    let entry = find("mxprov_dns").expect("is registered");
    let passed = args(&arguments.to_masked_json().to_string());
    let (mut world, user): (World, Arc<str>) = (World::new(), "".into());
    let desk = Desk(Tree::default());
    for _ in 0..MOST_ROUNDS {
        let call = Call { controller: &desk, environment: vec![], check: true };
        let host = Host::new(&world, &user);
        match (entry.plan)(&passed, None, &call, &host).map_err(|errors| format!("{errors:?}"))? {
            Err(Suspend::Needs(queries)) => {
                for (query, state) in queries.iter().zip(answer(&queries)) {
                    world.learn(&user, query.id().clone(), state);
                }
            }
            Err(Suspend::Failed(message)) => return Err(message),
            Err(Suspend::Unknown(unknown)) => return Err(unknown.to_string()),
            Ok(plan) => return Ok(plan),
        }
    }
    Err("it asks without end".into())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn serve(zones: &Value) -> Dns {
    let zones: Vec<(String, &str)> = zones
        .as_map()
        .into_iter()
        .flatten()
        .map(|(origin, records)| (origin.to_string(), records.as_str().unwrap_or_default()))
        .collect();
    let zones: Vec<(&str, &str)> =
        zones.iter().map(|(origin, records)| (origin.as_str(), *records)).collect();
    Dns::serve(SocketAddr::from(([127, 0, 0, 1], 0)), &zones).expect("zones are served")
}

/// The arguments of a case: its own over the usual ones.
fn arguments(case: &Value, servers: &[SocketAddr]) -> Value {
    let mut all: Map = Map::new();
    all.insert("domain".into(), Value::data("example.org"));
    all.insert("addresses".into(), Value::list([Value::data("192.0.2.10")]));
    let resolvers = servers.iter().map(|server| Value::data(server.to_string()));
    all.insert("resolvers".into(), Value::list(resolvers));
    all.extend(case.get("args").and_then(Value::as_map).cloned().unwrap_or_default());
    Value::Map(Arc::new(all))
}

/// Whether a row is as a case says: `row` ("NAME TYPE"), `verdict`, parts of `found`, `advice`.
fn check_row(expected: &Value, records: &[Value]) -> Result<(), String> {
    let wanted = text(expected, "row");
    let is =
        |record: &&Value| format!("{} {}", text(record, "name"), text(record, "type")) == wanted;
    let found = records.iter().find(is);
    if expected.get("verdict") == Some(&Value::data("absent")) {
        return found.map_or(Ok(()), |row| Err(format!("{row:?} should not be there")));
    }
    let row = found.ok_or_else(|| format!("there is no row `{wanted}`: {records:?}"))?;
    for name in ["found", "advice", "expected"] {
        if !text(row, name).contains(text(expected, name)) {
            return Err(format!("`{name}` should hold {:?}: {row:?}", text(expected, name)));
        }
    }
    if text(row, "verdict") != text(expected, "verdict") {
        return Err(format!("the verdict should be {}: {row:?}", text(expected, "verdict")));
    }
    Ok(())
}

fn case(runtime: &tokio::runtime::Runtime, case: &Value) -> Result<(), String> {
    let first = serve(case.get("zones").unwrap_or(&Value::Null));
    let second = case.get("second").map(serve);
    let silent = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let mut servers = vec![first.address()];
    servers.extend(second.as_ref().map(Dns::address));
    if case.get("silent") == Some(&Value::Bool(true)) {
        servers.push(silent.local_addr().map_err(|error| error.to_string())?);
    }
    let planned = plan(&arguments(case, &servers), |queries| {
        let ours = |query: &AnyQuery| query.controller().expect("only the controller is asked");
        runtime.block_on(join_all(queries.iter().map(ours)))
    });
    let wrong = text(case, "fails");
    let plan = match planned {
        Err(message) if !wrong.is_empty() && message.contains(wrong) => return Ok(()),
        other => other?,
    };
    let message = plan.failed.clone().unwrap_or_default();
    if !message.contains(wrong) || (wrong.is_empty() && !message.is_empty()) {
        return Err(format!("it should fail with {wrong:?}, not with {message:?}"));
    }
    let records = plan.result.get("records").and_then(Value::as_list).unwrap_or_default();
    for expected in case.get("rows").and_then(Value::as_list).unwrap_or_default() {
        check_row(expected, records)?;
    }
    Ok(())
}

#[test]
fn cases_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dns");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (mut failures, mut count) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).expect("there are cases") {
        let path = entry.expect("is an entry").path();
        let source = std::fs::read_to_string(&path).expect("is text");
        let source = Source::new(path.display().to_string(), source);
        let cases = crate::yaml::parse_one(&source).expect("is YAML").to_value();
        for one in cases.as_list().expect("is a list") {
            count += 1;
            if let Err(problem) = case(&runtime, one) {
                failures.push(format!("{}: {}: {problem}", path.display(), text(one, "name")));
            }
        }
    }
    assert!(failures.is_empty(), "{count} cases, these failed:\n{}", failures.join("\n"));
    assert!(count > 20, "{count} cases");
}

/// The Internet as these tests see it: one server of the zone and the public resolvers, each
/// with what it says of `chat.example.org A`; all else is not there.
fn internet(own: &Reply, public: &Reply) -> Result<Plan, String> {
    let held = Server {
        label: Some("ns.example.org".into()),
        authoritative: true,
        ..Server::at(SocketAddr::from(([192, 0, 2, 53], 53)))
    };
    let arguments = args("{domain: example.org, addresses: [192.0.2.10], matrix_name: chat}");
    let arguments = arguments.into_iter().map(|(name, given)| (name, given.value));
    let answer = |query: &AnyQuery| -> Result<AnyState, String> {
        if let Some(zone) = query.typed::<Zone>() {
            assert!(zone.name.ends_with("example.org"), "{zone:?}");
            let apex = Some("example.org".to_string());
            return Ok(Arc::new(ZoneServers { apex, servers: vec![held.clone()] }));
        }
        let lookup = query.typed::<Lookup>().expect("is a lookup");
        let home = Reply::Found {
            aliases: vec![],
            records: vec![Data::Address("192.0.2.10".parse().expect("is an address"))],
        };
        let reply = |server: &Server| match (lookup.name.as_str(), lookup.kind) {
            ("chat.example.org", RecordKind::A) if server.authoritative => own.clone(),
            ("chat.example.org", RecordKind::A) => public.clone(),
            ("example.org", RecordKind::A) => home.clone(),
            _ => Reply::NoData,
        };
        let answers = lookup.servers.iter();
        let answers = answers.map(|server| Answer { server: server.clone(), reply: reply(server) });
        Ok(Arc::new(Answers(answers.collect())))
    };
    plan(&Value::map(arguments), |queries| queries.iter().map(answer).collect())
}

fn leads_to(address: &str) -> Reply {
    let records = vec![Data::Address(address.parse().expect("is an address"))];
    Reply::Found { aliases: vec![], records }
}

fn chat(plan: &Plan) -> (String, String, String) {
    let records = plan.result.get("records").and_then(Value::as_list).expect("has records");
    let row = records
        .iter()
        .find(|row| text(row, "name") == "chat.example.org" && text(row, "type") == "A")
        .expect("has the row");
    let field = |name| text(row, name).to_string();
    (field("verdict"), field("found"), field("advice"))
}

#[test]
fn the_zones_own_servers_count_and_a_resolver_with_an_old_answer_is_named() {
    let plan = internet(&leads_to("192.0.2.10"), &leads_to("198.51.100.1")).expect("plans");
    assert_eq!(plan.failed, None);
    let (verdict, found, advice) = chat(&plan);
    assert_eq!((verdict.as_str(), found.as_str()), ("warn", "192.0.2.10"));
    assert!(advice.contains("1.1.1.1 says 198.51.100.1"), "{advice}");
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn public_resolvers_count_where_the_zones_servers_are_silent() {
    let silent = Reply::Failed(Failure::TimedOut);
    let (verdict, found, advice) =
        chat(&internet(&silent, &leads_to("192.0.2.10")).expect("plans"));
    assert_eq!((verdict.as_str(), found.as_str()), ("warn", "192.0.2.10"));
    assert!(advice.contains("ns.example.org (192.0.2.53): no answer in time"), "{advice}");
}

#[test]
fn public_resolvers_that_do_not_let_us_in_say_nothing_about_the_zone() {
    for failure in [Failure::TimedOut, Failure::NoRoute] {
        let plan = internet(&leads_to("192.0.2.10"), &Reply::Failed(failure)).expect("plans");
        assert_eq!(chat(&plan).0, "ok");
    }
}

#[test]
fn a_resolver_that_says_servfail_is_named() {
    let broken = Reply::Failed(Failure::Code("SERVFAIL".into()));
    let (verdict, _, advice) = chat(&internet(&leads_to("192.0.2.10"), &broken).expect("plans"));
    assert_eq!(verdict, "warn");
    assert!(advice.contains("9.9.9.9: SERVFAIL"), "{advice}");
}

#[test]
fn nobody_answers_is_not_the_same_as_absent() {
    let silent = Reply::Failed(Failure::TimedOut);
    let plan = internet(&silent, &silent).expect("plans");
    let (verdict, found, advice) = chat(&plan);
    assert_eq!((verdict.as_str(), found.as_str()), ("error", "unreadable"));
    assert!(advice.contains("nobody answers"), "{advice}");
    let absent = Reply::NoSuchName;
    let (_, found, advice) = chat(&internet(&absent, &absent).expect("plans"));
    assert_eq!(found, "no such name");
    assert!(advice.contains("create `chat.example.org. A 192.0.2.10`"), "{advice}");
}

#[test]
fn an_alias_out_of_the_zone_is_followed_by_the_public_resolvers() {
    let alias = Reply::Alias { aliases: vec!["example.org".into()] };
    let through = Reply::Found {
        aliases: vec!["example.org".into()],
        records: vec![Data::Address("192.0.2.10".parse().expect("is an address"))],
    };
    let (verdict, found, _) = chat(&internet(&alias, &through).expect("plans"));
    assert_eq!((verdict.as_str(), found.as_str()), ("ok", "example.org. -> 192.0.2.10"));
    let circle = Reply::Alias { aliases: vec!["chat.example.org".into()] };
    let (verdict, found, advice) = chat(&internet(&circle, &circle).expect("plans"));
    assert_eq!(verdict, "error");
    assert!(found.contains("circle") && advice.contains("circle"), "{found} {advice}");
}
