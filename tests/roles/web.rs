//! traefik, well_known, element, synapse_admin, and the two that are archived.

use serde_json::{Value, json};

use crate::rendered::{Plan, SECRET, make, plan};

const TAGS: &str = "traefik,well_known,element,synapse_admin,sliding_sync,dimension";

/// With everything that is current.
fn current(mode: &str, more: &Value) -> Plan {
    let mut variables = json!({
        "dns_mode": mode,
        "mxprov_components":
            ["federation", "dashboard", "element", "synapse_admin", "jitsi", "monitoring"],
    });
    for (name, value) in more.as_object().expect("variables") {
        variables[name] = value.clone();
    }
    plan(TAGS, &variables)
}

fn legacy() -> Value {
    json!({
        "mxprov_components": ["element", "sliding_sync", "dimension"],
        "dimension_image": format!("docker.io/turt2live/matrix-dimension@sha256:{}", "0".repeat(64)),
        "dimension_admins": ["@admin:example.org"],
    })
}

#[test]
fn every_file_can_be_read_and_nothing_is_left_open_in_it() {
    let plans = [
        current("root", &json!({})).whole(),
        current("subdomain", &json!({ "traefik_acme": false })).whole(),
        plan(TAGS, &legacy()).whole(),
    ];
    for plan in &plans {
        for (path, text) in &plan.files {
            for mark in ["{{", "}}", "{%", "CHANGE_ME", "None", "undefined", ": omit"] {
                assert!(!text.contains(mark), "{path} has `{mark}`:\n{text}");
            }
            assert!(!text.contains(SECRET), "{path} shows a secret");
            if path.ends_with(".yml") || path.ends_with(".yaml") {
                assert!(
                    plan.yaml(path).as_object().is_some() || plan.yaml(path).is_array(),
                    "{path}"
                );
            } else if path.ends_with(".json") || path.contains("/.well-known/") {
                assert!(plan.json(path).is_object(), "{path}");
            }
        }
        // Labels are texts whatever the checksum looks like.
        for path in plan.files.keys().filter(|path| path.starts_with("compose.d/")) {
            services(plan, path, |name, service| {
                let labels = service["labels"].as_object().into_iter().flatten();
                for (label, value) in labels {
                    assert!(value.as_str().is_some_and(|sum| sum.len() == 40), "{name} {label}");
                }
            });
        }
    }
}

fn services(plan: &Plan, path: &str, mut look: impl FnMut(&str, &Value)) {
    let file = plan.yaml(path);
    for (name, service) in file["services"].as_object().into_iter().flatten() {
        look(name, service);
    }
}

#[test]
fn services_are_pinned_limited_watched_and_confined() {
    for plan in [current("root", &json!({})).whole(), plan(TAGS, &legacy()).whole()] {
        for path in plan.files.keys().filter(|path| path.starts_with("compose.d/")) {
            services(&plan, path, |name, service| {
                let image = service["image"].as_str().expect("an image");
                let tag = image.rsplit_once(':').map(|(_, tag)| tag).expect("a tag");
                assert!(tag != "latest" && tag.contains(|c: char| c.is_ascii_digit()), "{image}");
                assert_eq!(service["container_name"], format!("matrix-{name}"));
                assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
                assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
                assert!(service["mem_limit"].is_string(), "{name}");
                assert!(service["healthcheck"]["test"].is_array(), "{name}");
                assert!(service["environment"].to_string().find("secret").is_none(), "{name}");
                let reaches_out = service["networks"].to_string().contains("edge");
                assert_eq!(reaches_out, ["traefik", "dimension"].contains(&name), "{name}");
                assert_eq!(service["ports"].is_array(), name == "traefik", "{name}");
            });
        }
    }
}

#[test]
fn clients_and_servers_are_told_where_the_homeserver_is_in_both_modes() {
    for (mode, name) in [("root", "example.org"), ("subdomain", "chat.example.org")] {
        let plan = current(mode, &json!({ "well_known_support_email": "ops@example.org" })).whole();
        let file = |name| plan.json(&format!("well_known/html/.well-known/matrix/{name}"));
        assert_eq!(file("server"), json!({ "m.server": format!("{name}:443") }));
        let client = file("client");
        assert_eq!(client["m.homeserver"]["base_url"], format!("https://{name}"));
        assert_eq!(client["io.element.jitsi"]["preferredDomain"], "meet.example.org");
        assert_eq!(client["im.vector.riot.jitsi"]["preferredDomain"], "meet.example.org");
        assert!(client.get("org.matrix.msc3575.proxy").is_none());
        assert_eq!(file("support")["contacts"][0]["email_address"], "ops@example.org");
        let route = &plan.routers()["well_known"];
        assert_eq!(route["rule"], "Host(`example.org`) && PathPrefix(`/.well-known/matrix/`)");
        assert_eq!(route["entryPoints"], json!(["websecure", "federation"]));
    }
}

#[test]
fn the_federation_port_is_open_only_where_it_is_asked_for() {
    let with = current("root", &json!({})).whole();
    let without = plan(TAGS, &json!({ "mxprov_components": ["element"] })).whole();
    for (plan, is_open) in [(with, true), (without, false)] {
        let fixed = plan.yaml("traefik/traefik.yml");
        assert_eq!(fixed["entryPoints"].get("federation").is_some(), is_open);
        let ports = plan.yaml("compose.d/traefik.yml")["services"]["traefik"]["ports"].to_string();
        assert_eq!(ports.contains("8448"), is_open, "{ports}");
        let asks = plan
            .routers()
            .values()
            .any(|route| route["entryPoints"].to_string().contains("federation"));
        assert_eq!(asks, is_open);
    }
}

#[test]
fn certificates_come_from_where_they_are_said_to() {
    let resolver = json!({ "certResolver": "letsencrypt" });
    for (variables, authority, tls) in [
        (json!({}), "https://acme-v02.api.letsencrypt.org/directory", &resolver),
        (
            json!({ "traefik_acme_staging": true }),
            "https://acme-staging-v02.api.letsencrypt.org/directory",
            &resolver,
        ),
        (
            json!({ "traefik_acme_server": "https://pebble:14000/dir", "traefik_acme_ca_file": "/etc/ca.pem" }),
            "https://pebble:14000/dir",
            &resolver,
        ),
        (json!({ "traefik_acme": false }), "", &json!({})),
    ] {
        let plan = current("subdomain", &variables).whole();
        let fixed = plan.yaml("traefik/traefik.yml");
        let acme = &fixed["certificatesResolvers"]["letsencrypt"]["acme"];
        assert_eq!(acme["caServer"].as_str().unwrap_or(""), authority);
        let is_staging = variables.get("traefik_acme_staging").is_some();
        let storage = acme["storage"].as_str().unwrap_or("");
        assert_eq!(storage.contains("staging"), is_staging, "{storage}");
        for (name, route) in plan.routers() {
            let is_public = !route["entryPoints"].to_string().contains("admin");
            assert_eq!(route.get("tls"), is_public.then_some(tls), "{name}");
            assert!(route["priority"].is_u64(), "{name} has no priority");
        }
        let signs_itself = plan.files.contains_key("traefik/certificates/self-signed.cnf");
        assert_eq!(signs_itself, authority.is_empty());
    }
    let plan = current("subdomain", &json!({ "traefik_acme": false })).whole();
    let names = plan.text("traefik/certificates/self-signed.cnf");
    for name in ["example.org", "chat.example.org", "element.example.org", "meet.example.org"] {
        assert!(names.contains(&format!("DNS:{name}")), "{names}");
    }
}

#[test]
fn administrators_come_in_where_nobody_else_does() {
    let plan = current("root", &json!({ "matrix_admin_bind": "10.8.0.1" })).whole();
    let traefik = &plan.yaml("compose.d/traefik.yml")["services"]["traefik"];
    let ports = traefik["ports"].as_array().expect("ports");
    let admin = ports.iter().find(|port| port["target"] == 8081).expect("the administrators' port");
    assert_eq!(admin["host_ip"], "10.8.0.1");
    let to_all: Vec<&Value> = ports.iter().filter(|port| port.get("host_ip").is_none()).collect();
    let to_all: Vec<&str> = to_all.iter().filter_map(|port| port["published"].as_str()).collect();
    assert_eq!(to_all, ["80", "443", "8448"]);
    assert_eq!(plan.routers()["synapse_admin"]["entryPoints"], json!(["admin"]));
    let page = plan.json("synapse_admin/config.json");
    assert_eq!(page["restrictBaseUrl"], "http://10.8.0.1:8081");
    for route in plan.routers().values() {
        assert!(!route["rule"].to_string().contains("_synapse/admin"), "{route}");
    }
    let classic = current("root", &json!({ "synapse_admin_program": "classic" })).whole();
    let service = &classic.yaml("compose.d/synapse_admin.yml")["services"]["synapse-admin"];
    assert!(service["image"].as_str().is_some_and(|image| image.contains("synapse-admin:0.11.4")));
    assert!(service["volumes"][0].as_str().is_some_and(|it| it.ends_with(":/app/config.json:ro")));
}

#[test]
fn the_dashboard_is_off_and_has_a_login_that_stays_the_same() {
    let off = plan(TAGS, &json!({ "mxprov_components": ["element"] })).whole();
    assert!(!off.files.contains_key("traefik/dynamic/dashboard.yml"));
    assert!(off.yaml("traefik/traefik.yml").get("api").is_none());
    let on = json!({
        "mxprov_components": ["dashboard"],
        "traefik_dashboard_allow": ["10.0.0.0/8"],
    });
    let [first, second] = [make("traefik", &on).whole(), make("traefik", &on).whole()];
    assert_eq!(
        first.text("traefik/dynamic/dashboard.yml"),
        second.text("traefik/dynamic/dashboard.yml")
    );
    let file = first.yaml("traefik/dynamic/dashboard.yml");
    let login = file["http"]["middlewares"]["dashboard-login"]["basicAuth"]["users"][0].as_str();
    assert!(login.is_some_and(|login| login.starts_with("admin:$2b$10$")), "{login:?}");
    let chain = &file["http"]["routers"]["dashboard"]["middlewares"];
    assert_eq!(chain, &json!(["dashboard-allow", "dashboard-login", "dashboard-root"]));
}

#[test]
fn element_asks_this_server_and_nobody_else() {
    let plan = current("root", &json!({ "element_brand": "Chat & \"more\"" })).whole();
    let config = plan.json("element/config.json");
    assert_eq!(config["default_server_config"]["m.homeserver"]["base_url"], "https://example.org");
    assert_eq!(config["brand"], "Chat & \"more\"");
    assert_eq!(config["jitsi"], json!({ "preferred_domain": "meet.example.org" }));
    assert_eq!(config["disable_guests"], true);
    for key in ["integrations_ui_url", "integrations_rest_url", "integrations_widgets_urls"] {
        assert_eq!(config.get(key), Some(&Value::Null), "{key}");
    }
    assert!(!config.to_string().contains("vector.im"));
}

#[test]
fn what_is_archived_is_off_and_says_so_where_it_is_on() {
    let off = current("root", &json!({})).whole();
    assert!(!off.said.contains("WARNING"));
    assert!(
        !off.files.keys().any(|path| path.contains("sliding_sync") || path.contains("dimension"))
    );
    let on = plan(TAGS, &legacy()).whole();
    assert!(on.said.contains("WARNING: the sliding sync proxy was archived"), "{}", on.said);
    assert!(on.said.contains("WARNING: Dimension is archived"));
    let client = on.json("well_known/html/.well-known/matrix/client");
    assert_eq!(client["org.matrix.msc3575.proxy"]["url"], "https://slidingsync.example.org");
    let route = on.routers()["sliding_sync"]["rule"].to_string();
    assert!(route.contains("org.matrix.msc3575/") && !route.contains("simplified"), "{route}");
    let config = on.json("element/config.json");
    assert_eq!(config["integrations_ui_url"], "https://dimension.example.org/element");
    let dimension = on.yaml("dimension/config/config.yaml");
    assert_eq!(dimension["admins"], json!(["@admin:example.org"]));
}

#[test]
fn a_broken_value_is_refused_by_its_name_before_anything_is_written() {
    let bad = [
        ("traefik_tag", json!("latest")),
        ("traefik_tag", json!("v3.6")),
        ("traefik_tag", json!("v3.6.5")),
        ("traefik_tls_minimum", json!("VersionTLS10")),
        ("traefik_acme_email", json!("nobody")),
        ("traefik_read_timeout", json!("300")),
        ("traefik_dashboard_allow", json!(["10.0.0.0/33"])),
        ("traefik_certificates", json!([{ "name": "mine", "certificate": "x", "key": "y" }])),
        ("matrix_admin_bind", json!("203.0.113.7")),
        ("matrix_admin_bind", json!("0.0.0.0")),
        ("well_known_support_page", json!("ftp://example.org")),
        ("well_known_client_extra", json!({ "m.homeserver": { "base_url": "https://evil.test" } })),
        ("mxprov_name_element", json!("chat")),
        ("element_country", json!("Germany")),
        ("element_extra", json!({ "integrations_jitsi_widget_url": "https://meet.test" })),
        ("element_help_url", json!("javascript:alert(1)")),
        ("synapse_admin_program", json!("other")),
        ("synapse_admin_url", json!("https://chat.example.org")),
    ];
    for (name, value) in bad {
        let plan = current("subdomain", &json!({ name: value }));
        let refusal = plan.said.lines().find(|line| line.contains("failed: "));
        assert_eq!(plan.code, Some(2), "{name}={value}: {}", plan.said);
        assert!(refusal.is_some_and(|line| line.contains(name)), "{name}={value}: {refusal:?}");
    }
    for (name, value) in [
        ("dimension_image", json!("docker.io/turt2live/matrix-dimension:latest")),
        ("dimension_admins", json!([])),
        ("sliding_sync_uid", json!("0")),
        ("matrix_secret_sliding_sync", json!("it's long enough to be a secret")),
    ] {
        let mut variables = legacy();
        variables[name] = value;
        let plan = plan(TAGS, &variables);
        let refusal = plan.said.lines().find(|line| line.contains("failed: "));
        assert!(refusal.is_some_and(|line| line.contains(name)), "{name}: {}", plan.said);
    }
}
