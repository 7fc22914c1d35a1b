//! Secrets from the system's random numbers, and the vault's clear text.

use base64::Engine as _;
use rand::TryRng as _;
use rand::rngs::SysRng;
use secrecy::zeroize::Zeroize as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::diagnostic::Diagnostic;

use super::catalogue::{Kind, Secret};

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The vault's clear text: every secret that can be made, and a line for each that only the user
/// knows.
pub fn page(secrets: &[Secret]) -> Result<SecretString, Diagnostic> {
    let mut text = String::from(
        "---\n# The stack's secrets, made by `mxprov init`. Change them with `mxprov vault edit`.\n\
         # Keep a copy: without the signing key this homeserver cannot be this homeserver again.\n",
    );
    for secret in secrets {
        text += &format!("\n# {}\n", secret.purpose);
        match secret.kind {
            Kind::Given => text += &format!("# {}: \"\"\n", secret.name),
            Kind::Token(length) => {
                text += &format!("{}: {}\n", secret.name, token(length)?.expose_secret());
            }
            Kind::SigningKey => {
                text += &format!("{}: {}\n", secret.name, signing_key()?.expose_secret());
            }
        }
    }
    Ok(text.into())
}

/// Random letters and digits: 43 of them are 256 bits. YAML never takes them for a number, since
/// the first is a letter.
pub fn token(length: usize) -> Result<SecretString, Diagnostic> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        fill(&mut bytes)?;
        for byte in bytes {
            // Those above would make the first letters likelier than the last.
            if usize::from(byte) >= LETTERS.len() * 4 || text.len() == length {
                continue;
            }
            let letter = char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
            if !text.is_empty() || letter.is_ascii_alphabetic() {
                text.push(letter);
            }
        }
    }
    bytes.zeroize();
    Ok(text.into())
}

/// A signing key as Synapse's `signing.key` has it: algorithm, version, the seed of 32 bytes in
/// base64 without padding (signedjson, `encode_signing_key_base64`).
fn signing_key() -> Result<SecretString, Diagnostic> {
    let mut seed = [0; 32];
    fill(&mut seed)?;
    let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(seed);
    seed.zeroize();
    Ok(format!("ed25519 a_{} {encoded}", token(4)?.expose_secret()).into())
}

fn fill(bytes: &mut [u8]) -> Result<(), Diagnostic> {
    SysRng
        .try_fill_bytes(bytes)
        .map_err(|error| Diagnostic::new(format!("the system gives no random numbers: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::yaml::parse_one;

    #[test]
    fn tokens_differ_and_are_words_to_yaml() {
        let made: std::collections::BTreeSet<String> = (0..200)
            .map(|_| token(16).expect("there are random numbers").expose_secret().to_owned())
            .collect();
        assert_eq!(made.len(), 200);
        for text in made {
            assert!(
                text.len() == 16 && text.starts_with(|first: char| first.is_ascii_alphabetic())
            );
            let node = parse_one(&Source::new("token", text.as_str())).expect("it is YAML");
            assert_eq!(node.as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn the_page_holds_what_can_be_made_and_names_what_is_to_be_given() {
        let secret =
            |name: &str, kind| Secret { name: name.into(), purpose: "a test".into(), kind };
        let all = [
            secret("made", Kind::Token(43)),
            secret("key", Kind::SigningKey),
            secret("given", Kind::Given),
        ];
        let text = page(&all).expect("there are random numbers");
        let text = text.expose_secret();
        let node = parse_one(&Source::new("vault", text)).expect("it is YAML");
        let word = |name: &str| node.entry(name).and_then(|(_, value)| value.as_str());
        assert_eq!(word("made").map(str::len), Some(43));
        let key: Vec<&str> = word("key").expect("there is a key").split(' ').collect();
        let seed = base64::engine::general_purpose::STANDARD_NO_PAD.decode(key[2]);
        assert!(
            key[0] == "ed25519" && key[1].starts_with("a_") && seed.is_ok_and(|it| it.len() == 32)
        );
        assert!(word("given").is_none() && text.contains("# given: \"\""));
    }
}
