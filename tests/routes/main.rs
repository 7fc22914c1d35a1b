//! Which process of Synapse answers what: the rendered routes, read as Traefik reads them, are held
//! against `synapse.yaml`, in both modes and on a host of each size.

#[expect(dead_code, unused_imports, reason = "the lab's proxy; its routes alone are needed here")]
#[path = "../lab"]
mod lab {
    pub mod proxy;
}
mod rendered;
mod requests;

use lab::proxy::request::Request;

use rendered::{Mode, Rendered};
use requests::{Door, Requests, Row};

/// What stands for the names in a path where nobody has them, as clients encode it.
const NAMES: [(&str, &str); 6] = [
    ("{room}", "%21AbC_d-9%3Aexample.org"),
    ("{user}", "%40somebody%3Aexample.org"),
    ("{peer}", "%40peer%3Aother.example"),
    ("{event}", "%24tYpInG_send-0123"),
    ("{device}", "ABCDEFGHIJ"),
    ("{alias}", "%23state%2Fsend%3Aexample.org"),
];

fn request(row: &Row, host: &str) -> Request {
    let mut request = Request::new(&row.method, host, &row.path(&NAMES));
    request.is_tls = row.door != Door::Admin;
    request
}

#[test]
fn the_table_says_what_real_processes_can_be_asked() {
    for row in Requests::read().requests {
        let path = row.path(&NAMES);
        assert!(!path.contains('{') && !row.body(&NAMES).contains("{room}"), "{path}");
        let has_body = !row.body(&NAMES).is_empty();
        assert!(!has_body || ["POST", "PUT"].contains(&row.method.as_str()), "{path} has a body");
        assert!(row.known || row.to != "none", "{path}: nobody is asked whether it is known");
    }
}

#[test]
fn every_request_reaches_the_process_that_must_answer_it() {
    let requests = Requests::read();
    assert!(requests.requests.len() > 120, "only {}", requests.requests.len());
    let mut complaints = Vec::new();
    for mode in [Mode::Root, Mode::Subdomain] {
        for (size, tiers) in &requests.tiers {
            let rendered = Rendered::new(size, mode);
            assert!(rendered.table.dropped.is_empty(), "{size}: {:?}", rendered.table.dropped);
            for row in &requests.requests {
                let wanted = tiers.get(&row.to).map_or("none", String::as_str);
                for host in mode.hosts(row.door) {
                    let request = request(row, host);
                    let found = rendered.backend(row.door, &request);
                    if found != wanted {
                        let door = row.door;
                        complaints.push(format!(
                            "{size}, {mode:?}, {door:?}, {host}: {} {} reaches {found}, not {wanted}",
                            row.method, request.path
                        ));
                    }
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn a_name_that_is_not_ours_reaches_nothing() {
    let requests = Requests::read();
    let rendered = Rendered::new("16gb", Mode::Subdomain);
    for row in requests.requests.iter().filter(|row| row.door != Door::Admin) {
        let found = rendered.backend(row.door, &request(row, "other.example"));
        assert_eq!(found, "none", "{} {}", row.method, row.path(&[]));
    }
    let request = Request::new("GET", "example.org", "/_matrix/client/versions");
    assert_eq!(
        rendered.backend(Door::Public, &request),
        "none",
        "the domain is not Synapse's name"
    );
    assert_eq!(rendered.backend(Door::Federation, &request), "generic", "but servers ask it");
}

#[test]
fn without_the_component_there_is_no_door_for_federation() {
    let rendered = Rendered::with("8gb", Mode::Root, &["synapse"]);
    let doors = rendered.table.routes.iter().flat_map(|route| &route.entry_points);
    assert!(doors.clone().any(|door| door == "websecure"));
    assert!(!doors.clone().any(|door| door == "federation"));
}
