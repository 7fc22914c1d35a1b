//! Names that nobody can guess, from the process's CSPRNG.

use std::fmt::Write as _;

use rand::RngExt as _;

/// 128 random bits as 32 hexadecimal digits.
pub(super) fn nonce() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
