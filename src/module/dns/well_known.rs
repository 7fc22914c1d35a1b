//! The well-known files where another server has the domain: they must lead to the Matrix name.
//!
//! `server`: server-server API v1.18, "Resolving server names"; `client`: client-server API v1.18,
//! "Server discovery", which browsers read too, so any origin must be allowed.

use crate::value::Value;

use super::Expected;
use super::finding::Finding;
use super::row::Row;
use super::view::plain;

/// A row for each answer: what `uri` registered, with `server` or `client` as `item`.
pub fn rows(expected: &Expected, matrix: &str, answers: &[Value]) -> Result<Vec<Row>, String> {
    let asked = answers.iter().filter(|answer| answer.get("skipped") != Some(&Value::Bool(true)));
    asked
        .map(|answer| match text(answer, "item") {
            Some("server") => Ok(server(expected, matrix, answer)),
            Some("client") => Ok(client(expected, matrix, answer)),
            _ => Err("an answer of `well_known` must have `server` or `client` as `item`".into()),
        })
        .collect()
}

fn text<'a>(answer: &'a Value, field: &str) -> Option<&'a str> {
    answer.get(field).and_then(Value::as_str)
}

fn server(expected: &Expected, matrix: &str, answer: &Value) -> Row {
    let wanted = format!("{matrix}:443");
    let said = read(answer, "/m.server");
    let mut row = row(expected, "server", &wanted, &said);
    if let Ok(said) = &said {
        // Without a port it is the usual one of federation.
        let (host, port) = said.rsplit_once(':').unwrap_or((said, "8448"));
        let fits = ["443".to_string(), expected.federation_port.to_string()];
        if !host.eq_ignore_ascii_case(matrix) || !fits.iter().any(|fit| fit == port) {
            note(expected, &mut row, &format!("let it say {{\"m.server\": \"{wanted}\"}}"));
        }
    }
    row
}

fn client(expected: &Expected, matrix: &str, answer: &Value) -> Row {
    let wanted = format!("https://{matrix}");
    let said = read(answer, "/m.homeserver/base_url");
    let mut row = row(expected, "client", &wanted, &said);
    if let Ok(said) = &said {
        let bare = said.strip_suffix('/').unwrap_or(said);
        let bare = bare.strip_suffix(":443").unwrap_or(bare);
        if !bare.eq_ignore_ascii_case(&wanted) {
            let right = format!("{{\"m.homeserver\": {{\"base_url\": \"{wanted}\"}}}}");
            note(expected, &mut row, &format!("let it say {right}"));
        }
        if text(answer, "access_control_allow_origin").map(str::trim) != Some("*") {
            let header = "Access-Control-Allow-Origin: *";
            note(
                expected,
                &mut row,
                &format!("browsers may not read it: serve it with `{header}`"),
            );
        }
    }
    row
}

/// The text at this place of the answer's JSON; the error says what is in its stead.
fn read(answer: &Value, pointer: &str) -> Result<String, String> {
    match answer.get("status") {
        Some(Value::Int(200)) => {}
        Some(Value::Int(status)) if *status > 0 => return Err(format!("status {status}")),
        _ => return Err(text(answer, "msg").unwrap_or("no answer").to_string()),
    }
    let content = text(answer, "content").unwrap_or_default();
    let json: serde_json::Value =
        serde_json::from_str(content).map_err(|_| "no JSON".to_string())?;
    let said = json.pointer(pointer).and_then(serde_json::Value::as_str);
    said.map(str::to_string).ok_or_else(|| format!("no `{}`", pointer[1..].replace('/', ".")))
}

fn row(expected: &Expected, file: &str, wanted: &str, said: &Result<String, String>) -> Row {
    let name = format!("{}/.well-known/matrix/{file}", expected.domain);
    let found = said.as_ref().unwrap_or_else(|instead| instead);
    let mut row = Row::new(&name, "HTTPS", wanted, plain(found).to_string());
    if let Err(instead) = said {
        let advice = format!("it must lead to `{wanted}`: {}", plain(instead));
        note(expected, &mut row, &advice);
    }
    row
}

fn note(expected: &Expected, row: &mut Row, advice: &str) {
    row.note(&expected.severities, Finding::WellKnown, advice.to_string());
}
