//! coturn: where it listens, and whom it relays to.

use serde_json::json;

use crate::rendered::plan;

#[test]
fn turn_is_on_the_addresses_that_are_said_and_reaches_no_private_network() {
    let plan = plan(
        "traefik,coturn",
        &json!({
            "mxprov_components": ["synapse", "coturn"],
            "coturn_external_ips": ["203.0.113.7/10.0.0.5"],
            "coturn_listening_ips": ["10.0.0.5", "2001:db8::5"],
            "coturn_certificate_source": "none",
        }),
    )
    .whole();
    let file = plan.text("coturn/turnserver.conf");
    let values = |key: &str| -> Vec<&str> {
        file.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
    };
    assert_eq!(values("listening-ip"), ["127.0.0.1", "10.0.0.5", "2001:db8::5"]);
    assert_eq!(values("relay-ip"), ["10.0.0.5", "2001:db8::5"]);
    assert_eq!(values("external-ip"), ["203.0.113.7/10.0.0.5"]);
    let denied = values("denied-peer-ip");
    for range in ["10.0.0.0-10.255.255.255", "172.16.0.0-172.31.255.255", "::1"] {
        assert!(denied.contains(&range), "{range} is in reach: {denied:?}");
    }
    assert!(values("allowed-peer-ip").is_empty(), "{file}");
}
