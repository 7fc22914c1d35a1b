//! Somebody makes an account: not without proof, and with a mail that arrives and a captcha.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::Way;
use super::post::Post;
use super::stage::{self, Stage};

const PATH: &str = "/_matrix/client/v3/register";
const ADDRESS: &str = "alice@example.org";

/// Open to those who show both.
pub fn settings(captcha: &Post, mail: &Post) -> String {
    format!(
        "synapse_registration: open\nsynapse_registration_requires: [captcha, email]\n\
         synapse_recaptcha_public_key: lab-public\nmatrix_secret_recaptcha: lab-private\n\
         synapse_recaptcha_siteverify_api: http://{}/siteverify\n\
         matrix_smtp_host: {}\nmatrix_smtp_port: {}\nmatrix_smtp_security: none\n",
        captcha.address,
        mail.address.ip(),
        mail.address.port()
    )
}

pub fn with_proof(stage: &Stage<'_>, captcha: &Post, mail: &Post) -> Result<()> {
    let ask =
        |path: &str, body: &Value| Way::Outside(stage.host).ask(("POST", "chat"), path, "", body);
    let account = json!({ "username": "alice", "password": "a password of ten letters" });
    let none = ask(PATH, &account)?;
    let stages = json!([{ "stages": ["m.login.recaptcha", "m.login.email.identity"] }]);
    ensure!(none.status == 401 && none.body["flows"] == stages, "{none:?}");
    ensure!(none.body["params"]["m.login.recaptcha"]["public_key"] == "lab-public", "{none:?}");
    let session = &none.body["session"];
    let wanted = json!({ "client_secret": "lab", "email": ADDRESS, "send_attempt": 1 });
    let sid = ask(&format!("{PATH}/email/requestToken"), &wanted)?.ok()?["sid"].clone();
    let proof = json!({ "sid": sid, "client_secret": "lab" });
    let mut with = account.clone();
    with["auth"] =
        json!({ "type": "m.login.recaptcha", "session": session, "response": "a human" });
    let half = ask(PATH, &with)?;
    ensure!(
        half.status == 401 && half.body["completed"] == json!(["m.login.recaptcha"]),
        "{half:?}"
    );
    captcha
        .wait_for(&["/siteverify ", "secret=lab-private", "response=a+human"], Duration::ZERO)?;
    with["auth"] =
        json!({ "type": "m.login.email.identity", "session": session, "threepid_creds": proof });
    let early = ask(PATH, &with)?;
    ensure!(early.status == 401, "the address was not proven yet: {early:?}");
    let link = link(&mail.wait_for(&[&format!("RCPT TO:<{ADDRESS}>")], Duration::from_secs(120))?)?;
    let followed = Way::Outside(stage.host).ask(("GET", "chat"), &link, "", &Value::Null)?;
    ensure!(followed.status == 200, "{followed:?}");
    let made = ask(PATH, &with)?.ok()?;
    ensure!(made["user_id"] == format!("@alice:{}", stage::DOMAIN), "{made}");
    Ok(())
}

/// The path of the link in a mail's plain text.
fn link(mail: &str) -> Result<String> {
    let part = mail.split("Content-Type: text/plain").nth(1).context("no plain text")?;
    let encoded = part.split("\n\n").nth(1).context("no text")?.replace('\n', "");
    let text = String::from_utf8(STANDARD.decode(encoded)?)?;
    let base = format!("https://chat.{}", stage::DOMAIN);
    let link = text.split_whitespace().find_map(|word| word.strip_prefix(&base));
    Ok(link.with_context(|| format!("no link to {base}: {text}"))?.to_owned())
}
