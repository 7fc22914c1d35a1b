//! Digests that modules register, and that arguments ask for.

use sha1::Digest;

use crate::resource::file::Algorithm;

/// SHA-1 in hexadecimal, as `checksum` is registered.
pub fn sha1_of(bytes: &[u8]) -> String {
    hex(&sha1::Sha1::digest(bytes))
}

/// MD5 in hexadecimal, as `md5sum` is registered.
pub fn md5_of(bytes: &[u8]) -> String {
    hex(&md5::Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The checksum in this algorithm.
pub fn of(algorithm: Algorithm, bytes: &[u8]) -> String {
    match algorithm {
        Algorithm::Md5 => md5_of(bytes),
        Algorithm::Sha1 => sha1_of(bytes),
        Algorithm::Sha224 => hex(&sha2::Sha224::digest(bytes)),
        Algorithm::Sha256 => hex(&sha2::Sha256::digest(bytes)),
        Algorithm::Sha384 => hex(&sha2::Sha384::digest(bytes)),
        Algorithm::Sha512 => hex(&sha2::Sha512::digest(bytes)),
    }
}
