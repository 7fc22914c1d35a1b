//! Checksums of files in the algorithms that people ask for.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};

/// An algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// MD5
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-224
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Algorithm {
    /// The algorithm of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" | "sha" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// The command of coreutils.
    pub fn command(self) -> &'static str {
        match self {
            Self::Md5 => "md5sum",
            Self::Sha1 => "sha1sum",
            Self::Sha224 => "sha224sum",
            Self::Sha256 => "sha256sum",
            Self::Sha384 => "sha384sum",
            Self::Sha512 => "sha512sum",
        }
    }
}

/// Asks for the checksum of a regular file; links are followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum {
    /// The absolute path.
    pub path: String,
    /// How it is computed.
    pub algorithm: Algorithm,
}

/// The checksum in hexadecimal; none if there is no regular file that this user may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecksumState(pub Option<String>);

impl State for ChecksumState {}

impl Query for Checksum {
    type State = ChecksumState;
    const DERIVED: bool = true;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("path", query.path.as_str());
            question.line(r#"[ -f "$path" ] && [ -r "$path" ] || exit 0"#);
            question.words([query.algorithm.command()]).line(r#" <"$path""#);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ChecksumState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (0, text) => Ok(ChecksumState(
                text.split(' ').next().filter(|sum| !sum.is_empty()).map(str::to_string),
            )),
            (status, _) => Err(format!("`{}` could not be read (status {status})", query.path)),
        })
        .collect()
    }
}
