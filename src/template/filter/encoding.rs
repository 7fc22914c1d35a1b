//! Encodings, checksums, identifiers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("b64encode", &["encoding", "urlsafe"], b64encode),
    filter("b64decode", &["encoding", "urlsafe"], b64decode),
    filter("hash", &["hashtype"], hash),
    filter("checksum", &[], |_, input, _| digest("sha1", input)),
    filter("sha1", &[], |_, input, _| digest("sha1", input)),
    filter("md5", &[], |_, input, _| digest("md5", input)),
    filter("to_uuid", &["namespace"], to_uuid),
];

fn bytes_of(input: &Value, encoding: &str) -> Result<Vec<u8>, Stop> {
    let text = python::text(input)?;
    match encoding.to_lowercase().as_str() {
        "utf-8" | "utf8" | "ascii" => Ok(text.as_bytes().to_vec()),
        "utf-16-le" => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        other => Err(unsupported(other)),
    }
}

fn unsupported(encoding: &str) -> Stop {
    Stop::error(format!("the encoding `{encoding}` is not supported"))
        .hint("it is `utf-8` or `utf-16-le`")
}

fn b64encode(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let bytes = bytes_of(input, &arguments.text_or(0, "utf-8")?)?;
    let engine = if arguments.flag(1, false)? { &URL_SAFE } else { &STANDARD };
    Ok(Value::data(engine.encode(bytes)))
}

fn b64decode(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let text: String = python::text(input)?.split_whitespace().collect();
    let engine = if arguments.flag(1, false)? { &URL_SAFE } else { &STANDARD };
    let bytes = engine
        .decode(text)
        .map_err(|error| Stop::error(format!("cannot decode the text as base64: {error}")))?;
    let not_text = || Stop::error("the decoded bytes are no text of this encoding");
    let decoded = match arguments.text_or(0, "utf-8")?.to_lowercase().as_str() {
        "utf-8" | "utf8" | "ascii" => String::from_utf8(bytes).map_err(|_| not_text())?,
        "utf-16-le" => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).map_err(|_| not_text())?
        }
        other => return Err(unsupported(other)),
    };
    Ok(Value::data(decoded))
}

fn hash(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    digest(&arguments.text_or(0, "sha1")?, input)
}

fn digest(kind: &str, input: &Value) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let bytes = text.as_bytes();
    let sum = match kind {
        "md5" => md5::Md5::digest(bytes).to_vec(),
        "sha1" => Sha1::digest(bytes).to_vec(),
        "sha224" => Sha224::digest(bytes).to_vec(),
        "sha256" => Sha256::digest(bytes).to_vec(),
        "sha384" => Sha384::digest(bytes).to_vec(),
        "sha512" => Sha512::digest(bytes).to_vec(),
        other => {
            return Err(Stop::error(format!("there is no hash `{other}`"))
                .hint("it is `md5`, `sha1`, `sha224`, `sha256`, `sha384` or `sha512`"));
        }
    };
    Ok(Value::data(hex(&sum)))
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

/// The namespace that Ansible documents for `to_uuid`.
const NAMESPACE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";

/// A version 5 UUID (RFC 9562).
fn to_uuid(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let namespace = arguments.text_or(0, NAMESPACE)?;
    let digits: Vec<u32> = namespace.chars().filter_map(|c| c.to_digit(16)).collect();
    if digits.len() != 32 {
        return Err(Stop::error(format!("`{namespace}` is no UUID")));
    }
    let mut hasher = Sha1::new();
    for pair in digits.chunks_exact(2) {
        hasher.update([u8::try_from(pair[0] * 16 + pair[1]).unwrap_or(0)]);
    }
    hasher.update(python::text(input)?.as_bytes());
    let mut id = hasher.finalize()[..16].to_vec();
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let text = hex(&id);
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    Ok(Value::data(parts.join("-")))
}
