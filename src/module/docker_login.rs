//! `community.docker.docker_login`: logins to registries.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use crate::resource::docker::{ChangeLogin, LoginChange};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::paths::absolute;
use super::{Call, Hidden, Module, Outcome, Plan, run};

choice! {
    /// What a login is to be.
    pub enum State {
        /// It is kept.
        Present = "present",
        /// It is not.
        Absent = "absent",
    }
}

arguments! {
    /// Arguments of `docker_login`.
    pub struct Args {
        /// The registry: its address, or a URL.
        registry_url | "registry" | "url": String = "https://index.docker.io/v1/",
        /// The account.
        username: Option<String>,
        /// Its password, or a token.
        password: Option<Hidden>,
        /// Log in even if the same login is kept.
        reauthorize | "reauth": bool = false,
        /// The file that keeps logins; its name must be `config.json`.
        config_path | "dockercfg_path": String = "~/.docker/config.json",
        /// What it is to be.
        state: State = State::Present,
    }
    refuses {
        api_version, ca_path, client_cert, client_key, debug, docker_host, ssl_version, timeout,
        tls, tls_hostname, use_ssh_client, validate_certs
    }
}

/// The module.
pub struct DockerLogin;

/// Under which Docker keeps the login to its own registry.
const HUB: &str = "https://index.docker.io/v1/";

impl Module for DockerLogin {
    type Args = Args;
    const NAME: &'static str = "community.docker.docker_login";
    const SUMMARY: &'static str = "logs in to a registry of container images";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let registry = registry(&args.registry_url)?;
        let path = absolute("config_path", &args.config_path, host)?;
        let Some(folder) = path.strip_suffix("/config.json") else {
            let message = format!("`config_path` must end in `/config.json`, not `{path}`");
            return Err(Suspend::failed(message));
        };
        host.docker_now()?;
        let kept = Kept::read(host.content(&path)?.as_deref().map(Vec::as_slice), &registry)
            .map_err(|why| Suspend::failed(format!("`{path}` {why}")))?;
        let mut plan = Plan::new();
        let change = match args.state {
            State::Absent if kept.auth.is_none() => return Ok(plan),
            State::Absent => LoginChange::Out,
            State::Present => {
                let (username, password) = account(args)?;
                if kept.is(&username, &password) && !args.reauthorize {
                    return Ok(plan);
                }
                LoginChange::In { username, password }
            }
        };
        if matches!(change, LoginChange::In { .. }) {
            plan.finish = Some(Arc::new(|outputs| {
                let mut outcome = Outcome::default();
                if outputs.first().is_some_and(crate::remote::Output::succeeded) {
                    let said = Value::from_json(&serde_json::json!({"Status": "Login Succeeded"}));
                    outcome.result.insert("login_results".into(), said);
                }
                outcome
            }));
        }
        plan.act(ChangeLogin {
            registry,
            before: kept.username(),
            change,
            folder: folder.to_string(),
            environment: run::environment(call)?,
        });
        Ok(plan)
    }
}

fn account(args: &Args) -> Result<(String, SecretString), Suspend> {
    match (&args.username, &args.password) {
        (Some(username), Some(password)) if !username.is_empty() => {
            Ok((username.clone(), password.0.clone()))
        }
        _ => Err(Suspend::failed("a login needs `username` and `password`")),
    }
}

/// As Docker writes it in the file: a host with its port, but for its own registry's.
fn registry(url: &str) -> Result<String, Suspend> {
    let bare = url.trim_start_matches("https://").trim_start_matches("http://");
    let host = bare.split('/').next().unwrap_or_default();
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => Ok(HUB.to_string()),
        _ if host.is_empty() || host.starts_with('-') => {
            Err(Suspend::failed(format!("`{url}` cannot be the address of a registry")))
        }
        _ => Ok(host.to_string()),
    }
}

/// What the file keeps of one registry: `username:password`.
#[derive(Default)]
struct Kept {
    auth: Option<SecretString>,
}

impl Kept {
    /// The format is that of docker/cli, `cli/config/configfile`.
    fn read(file: Option<&[u8]>, registry: &str) -> Result<Self, String> {
        let Some(file) = file.filter(|file| !file.trim_ascii().is_empty()) else {
            return Ok(Self::default());
        };
        let json: Json =
            serde_json::from_slice(file).map_err(|error| format!("is no JSON: {error}"))?;
        let helper = json["credHelpers"][registry].as_str().or_else(|| json["credsStore"].as_str());
        if let Some(helper) = helper.filter(|name| !name.is_empty()) {
            return Err(format!(
                "leaves logins to the program `docker-credential-{helper}`, which mxprov does not ask"
            ));
        }
        let auth = json["auths"][registry]["auth"].as_str();
        let auth = auth.and_then(|auth| STANDARD.decode(auth).ok());
        let auth = auth.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(Self { auth: auth.map(SecretString::from) })
    }

    fn username(&self) -> Option<String> {
        let (username, _) = self.auth.as_ref()?.expose_secret().split_once(':')?;
        Some(username.to_string())
    }

    fn is(&self, username: &str, password: &SecretString) -> bool {
        let wanted = [username, ":", password.expose_secret()].concat();
        self.auth.as_ref().is_some_and(|auth| auth.expose_secret() == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_written_as_docker_writes_them() {
        let name = |url| registry(url).expect("is a registry");
        assert_eq!(name("https://index.docker.io/v1/"), HUB);
        assert_eq!(name("docker.io"), HUB);
        assert_eq!(name("https://registry.example.org:5000/v2/"), "registry.example.org:5000");
        assert!(registry("https://").is_err());
    }

    #[test]
    fn a_kept_login_is_compared_and_never_shown() {
        let file = br#"{"auths": {"r:5000": {"auth": "bWU6aXQncyBhOnNlY3JldA=="}}}"#;
        let kept = Kept::read(Some(file), "r:5000").expect("is read");
        assert_eq!(kept.username().as_deref(), Some("me"));
        assert!(kept.is("me", &"it's a:secret".to_string().into()));
        assert!(!kept.is("me", &"other".to_string().into()));
        assert!(Kept::read(Some(file), "other").expect("is read").auth.is_none());
        assert!(Kept::read(None, "r").expect("is read").auth.is_none());
        assert!(Kept::read(Some(br#"{"credsStore": "pass"}"#), "r").is_err());
    }
}
