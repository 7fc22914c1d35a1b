//! What `get_url` and `uri` make of their common arguments.

use secrecy::ExposeSecret as _;

use crate::resource::Suspend;
use crate::resource::web::Request;
use crate::value::{Map, Value};

use super::{Argument as _, Hidden};

/// The common arguments.
pub struct Given<'a> {
    /// The URL.
    pub url: &'a str,
    /// Headers.
    pub headers: Option<&'a Map>,
    /// The user that logs in.
    pub user: Option<&'a String>,
    /// Its password.
    pub password: Option<&'a Hidden>,
    /// How many seconds nothing may happen.
    pub timeout: i64,
    /// Certificates must be right.
    pub verify: bool,
    /// Redirections are followed.
    pub follow: bool,
    /// The host's proxy variables count.
    pub proxy: bool,
    /// The name of the client.
    pub agent: &'a str,
    /// A certificate of the client, and its key.
    pub client: (Option<&'a String>, Option<&'a String>),
}

/// The request that these arguments describe.
pub fn request(given: &Given<'_>) -> Result<Request, Suspend> {
    let scheme = given.url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https" | "ftp")) {
        return Err(Suspend::failed("`url` must start with http://, https:// or ftp://"));
    }
    let timeout = u32::try_from(given.timeout)
        .map_err(|_| Suspend::failed("`timeout` must be a number of seconds"))?;
    let mut headers = Vec::new();
    for (name, value) in given.headers.into_iter().flatten() {
        if matches!(value, Value::Null) {
            continue;
        }
        let value = String::read(value)
            .map_err(|problem| Suspend::failed(format!("header `{name}`: {problem}")))?;
        headers.push((name.to_string(), value));
    }
    let password = given.password.map_or("", |password| password.0.expose_secret());
    Ok(Request {
        url: given.url.to_string(),
        headers,
        login: given.user.map(|user| (user.clone(), password.to_string())),
        timeout: timeout.max(1),
        verify: given.verify,
        follow: given.follow,
        proxy: given.proxy,
        agent: given.agent.to_string(),
        client: given.client.0.map(|certificate| (certificate.clone(), given.client.1.cloned())),
        ..Request::default()
    })
}
