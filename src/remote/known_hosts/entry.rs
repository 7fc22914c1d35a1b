//! One line of a `known_hosts` file.

use std::path::PathBuf;

use russh::keys::ssh_key::PublicKey;

use super::pattern::Hosts;

/// What a line says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// It is the host's key.
    None,
    /// It signs the host's certificates.
    Authority,
    /// It must never be accepted.
    Revoked,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub marker: Marker,
    pub hosts: Hosts,
    pub key: PublicKey,
    pub file: PathBuf,
    /// 1-based, comments counted.
    pub line: usize,
}

/// What a line is, before its file and number are known.
#[derive(Debug)]
pub(super) enum Line {
    Empty,
    Entry(Marker, Hosts, Box<PublicKey>),
    Broken { marker: Marker, why: &'static str },
}

impl Line {
    pub fn parse(text: &str) -> Self {
        let text = text.trim_end_matches('\r').trim_matches([' ', '\t']);
        if text.is_empty() || text.starts_with('#') {
            return Self::Empty;
        }
        let mut fields = text.split([' ', '\t']).filter(|field| !field.is_empty()).peekable();
        let marker = match fields.next_if(|field| field.starts_with('@')) {
            None => Marker::None,
            Some("@cert-authority") => Marker::Authority,
            Some("@revoked") => Marker::Revoked,
            Some(_) => {
                return Self::Broken { marker: Marker::None, why: "unknown marker" };
            }
        };
        match entry(&mut fields) {
            Ok((hosts, key)) => Self::Entry(marker, hosts, Box::new(key)),
            Err(why) => Self::Broken { marker, why },
        }
    }
}

fn entry<'a>(
    fields: &mut impl Iterator<Item = &'a str>,
) -> Result<(Hosts, PublicKey), &'static str> {
    let hosts = Hosts::parse(fields.next().unwrap_or_default()).ok_or("broken hashed host name")?;
    let algorithm = fields.next().ok_or("no key type")?;
    let encoded = fields.next().ok_or("no key")?;
    let key =
        russh::keys::parse_public_key_base64(encoded).map_err(|_| "the key cannot be read")?;
    let named = key.algorithm();
    if named.as_str() != algorithm && !(algorithm == "ssh-rsa" && named.is_rsa()) {
        return Err("the key is not of the type that the line names");
    }
    Ok((hosts, key))
}
