//! The last line of defence: known secrets are masked in everything that people see.

use std::fmt;
use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands in the place of a secret.
pub const MASK: &str = "••••••";

/// Shorter secrets are not searched for: they would mask half of every text.
const SHORTEST: usize = 4;

/// The secrets that this run has met, and a mask over them. Shared by clones.
#[derive(Clone, Default)]
pub struct Redactor {
    forms: Arc<RwLock<Vec<String>>>,
}

impl Redactor {
    /// A redactor that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret, and the forms in which it may turn up: each of its lines, shell-quoted,
    /// JSON-escaped, percent-encoded, base64.
    pub fn learn(&self, secret: &str) {
        let mut fresh: Vec<String> = Vec::new();
        for text in std::iter::once(secret).chain(secret.lines()) {
            if text.trim().len() < SHORTEST {
                continue;
            }
            fresh.push(text.to_string());
            fresh.push(text.replace('\'', "'\\''"));
            fresh.push(text.replace('\'', "'\"'\"'"));
            fresh.push(json_escaped(text));
            fresh.push(percent_encoded(text));
            fresh.extend(base64_forms(text));
        }
        let mut forms = self.forms.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for form in fresh {
            if form.len() >= SHORTEST && !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text with every known secret masked.
    pub fn mask(&self, text: &str) -> String {
        let forms = self.forms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut masked = text.to_string();
        for form in forms.iter() {
            if masked.contains(form.as_str()) {
                masked = masked.replace(form.as_str(), MASK);
            }
        }
        masked
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_string()
}

/// RFC 3986 unreserved characters stay.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The parts of a base64 text that depend on the secret alone, for each of the three alignments.
fn base64_forms(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0u8; offset];
        padded.extend_from_slice(text.as_bytes());
        let skip = [0, 2, 3][offset];
        let keep = padded.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let form = &encoded[skip..keep.min(encoded.len())];
            if form.len() >= 8 {
                forms.push(form.to_string());
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn masks_a_secret_in_its_usual_disguises() {
        let redactor = Redactor::new();
        redactor.learn("s3cr'et/pass word");
        for text in [
            "s3cr'et/pass word".to_string(),
            "x='s3cr'\\''et/pass word'".to_string(),
            "https://u:s3cr%27et%2Fpass%20word@h/".to_string(),
            STANDARD.encode("user:s3cr'et/pass word"),
            STANDARD.encode("u:s3cr'et/pass word!"),
        ] {
            let masked = redactor.mask(&text);
            assert!(masked.contains(MASK), "{text} stays {masked}");
        }
    }

    #[test]
    fn short_texts_are_left_alone() {
        let redactor = Redactor::new();
        redactor.learn("on");
        assert_eq!(redactor.mask("on and on"), "on and on");
    }
}
