//! Digests that modules register, and that arguments ask for.

use sha1::Digest;

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
