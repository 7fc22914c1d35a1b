//! Who may make an account: closed by default, and never open without a proof.

use serde_json::{Value, json};

use crate::rendered::{Plan, SECRET, plan};

fn with(variables: &Value) -> Plan {
    let mut all = json!({ "mxprov_components": ["synapse"] });
    for (name, value) in variables.as_object().expect("variables") {
        all[name] = value.clone();
    }
    plan("traefik,synapse", &all)
}

#[test]
fn registration_is_closed_unless_something_is_asked_for() {
    let closed = with(&json!({})).whole().yaml("synapse/config/homeserver.yaml");
    assert_eq!(closed["enable_registration"], false);
    let open = with(&json!({
        "synapse_registration": "open",
        "synapse_registration_requires": ["captcha", "token", "email"],
        "synapse_recaptcha_public_key": "public",
        "matrix_smtp_host": "mail.example.org",
        "matrix_smtp_user": "matrix",
    }))
    .whole();
    let file = open.yaml("synapse/config/homeserver.yaml");
    assert_eq!(file["enable_registration"], true);
    assert_eq!(file["enable_registration_without_verification"], false);
    assert_eq!(file["enable_registration_captcha"], true);
    assert_eq!(file["recaptcha_public_key"], "public");
    assert_eq!(file["recaptcha_private_key_path"], "/data/secrets/recaptcha");
    assert_eq!(file["registration_requires_token"], true);
    assert_eq!(file["registrations_require_3pid"], json!(["email"]));
    assert!(!open.text("synapse/config/homeserver.yaml").contains(SECRET));
}

#[test]
fn what_is_open_to_everybody_is_refused_at_plan() {
    let open = |requires: Value, more: Value| {
        let mut all =
            json!({ "synapse_registration": "open", "synapse_registration_requires": requires });
        for (name, value) in more.as_object().expect("variables") {
            all[name] = value.clone();
        }
        all
    };
    for (variables, name) in [
        (open(json!([]), json!({})), "synapse_registration"),
        (open(json!(["nothing"]), json!({})), "synapse_registration_requires"),
        (open(json!(["email"]), json!({})), "matrix_smtp_host"),
        (open(json!(["captcha"]), json!({})), "synapse_recaptcha_public_key"),
        (
            open(
                json!(["captcha"]),
                json!({ "synapse_recaptcha_public_key": "public", "matrix_secret_recaptcha": "" }),
            ),
            "matrix_secret_recaptcha",
        ),
        (
            json!({ "synapse_settings": { "enable_registration_without_verification": true } }),
            "enable_registration_without_verification",
        ),
    ] {
        let plan = with(&variables);
        let refusal = plan.said.lines().find(|line| line.contains("failed: "));
        assert_eq!(plan.code, Some(2), "{variables}: {}", plan.said);
        assert!(refusal.is_some_and(|line| line.contains(name)), "{variables}: {refusal:?}");
    }
}
