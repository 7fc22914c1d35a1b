//! URLs.

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("urlsplit", &["query"], urlsplit),
    filter("urlencode", &[], urlencode),
    filter("urldecode", &[], |_, input, _| Ok(Value::data(decoded(&python::text(input)?)))),
];

/// The parts of a URL by name (RFC 3986), or one of them.
fn urlsplit(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let url = python::text(input)?;
    let (rest, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let scheme = rest.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let (scheme, rest) = scheme.unwrap_or(("", rest));
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user, host) = netloc.rsplit_once('@').map_or((None, netloc), |(u, h)| (Some(u), h));
    let (name, password) = match user {
        Some(user) => user.split_once(':').map_or((Some(user), None), |(n, p)| (Some(n), Some(p))),
        None => (None, None),
    };
    let (host, port) = host_and_port(host);
    let port = match port {
        Some("") | None => Value::Null,
        Some(port) => port
            .parse()
            .map(Value::Int)
            .map_err(|_| Stop::error(format!("the URL's port `{port}` is no number")))?,
    };
    let or_null = |text: Option<&str>| text.map_or(Value::Null, Value::data);
    let host = host.to_lowercase();
    let parts = Value::map([
        ("fragment", Value::data(fragment)),
        ("hostname", or_null(Some(&*host).filter(|host| !host.is_empty()))),
        ("netloc", Value::data(netloc)),
        ("password", or_null(password)),
        ("path", Value::data(path)),
        ("port", port),
        ("query", Value::data(query)),
        ("scheme", Value::data(scheme.to_lowercase())),
        ("username", or_null(name)),
    ]);
    match &*arguments.text_or(0, "")? {
        "" => Ok(parts),
        wanted => parts
            .get(wanted)
            .cloned()
            .ok_or_else(|| Stop::error(format!("a URL has no part `{wanted}`"))),
    }
}

fn host_and_port(host: &str) -> (&str, Option<&str>) {
    match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
    }
}

/// Percent-encoding; `safe` stays.
fn encoded(text: &str, safe: &str, plus: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || "_.-~".contains(c) || safe.contains(c) => out.push(c),
            ' ' if plus => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn urlencode(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let pair = |key: &str, value: &Value| -> Result<String, Stop> {
        let value = python::text(value)?;
        Ok(format!("{}={}", encoded(key, "", true), encoded(&value, "", true)))
    };
    let pairs = match input {
        Value::Map(map) => map
            .iter()
            .map(|(key, value)| pair(&key.to_string(), value))
            .collect::<Result<Vec<_>, _>>(),
        Value::List(items) => items
            .iter()
            .map(|item| match item.as_list() {
                Some([key, value]) => pair(&python::text(key)?, value),
                _ => Err(Stop::error("`urlencode` of a list wants pairs")),
            })
            .collect(),
        other => return Ok(Value::data(encoded(&python::text(other)?, "/", false))),
    };
    Ok(Value::data(pairs?.join("&")))
}

fn decoded(text: &str) -> String {
    let bytes = text.replace('+', " ").into_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
