//! crypt(5) with SHA-2, in the notation of `/etc/shadow`.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};

use super::failure::Stop;

/// The digits of crypt's own base 64.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A way of hashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `$5$`
    Sha256,
    /// `$6$`
    Sha512,
}

impl Scheme {
    /// The rounds that Ansible takes (those of passlib).
    pub fn rounds(self) -> u32 {
        match self {
            Self::Sha256 => 535_000,
            Self::Sha512 => 656_000,
        }
    }
}

/// The rounds that are meant where none are written.
const IMPLIED_ROUNDS: u32 = 5000;

/// A fresh salt of letters and digits.
pub(crate) fn random_salt(length: usize) -> String {
    (0..length.clamp(1, 16)).map(|_| char::from(DIGITS[rand::random_range(2..64)])).collect()
}

/// The hash of a password.
pub(crate) fn hash(
    scheme: Scheme,
    password: &str,
    salt: &str,
    rounds: u32,
) -> Result<String, Stop> {
    if salt.is_empty() || salt.len() > 16 || !salt.bytes().all(|byte| DIGITS.contains(&byte)) {
        return Err(Stop::error("a salt is 1 to 16 of the characters `./0-9A-Za-z`"));
    }
    let params = Params::new(rounds)
        .map_err(|_| Stop::error("`rounds` is a number from 1000 to 999999999"))?;
    let (password, salt_bytes) = (password.as_bytes(), salt.as_bytes());
    let (id, digits) = match scheme {
        Scheme::Sha256 => ("5", sha256_digits(&sha256_crypt(password, salt_bytes, params))),
        Scheme::Sha512 => ("6", sha512_digits(&sha512_crypt(password, salt_bytes, params))),
    };
    let rounds = if rounds == IMPLIED_ROUNDS { String::new() } else { format!("rounds={rounds}$") };
    Ok(format!("${id}${rounds}{salt}${digits}"))
}

fn push(out: &mut String, mut bits: u32, count: usize) {
    for _ in 0..count {
        out.push(char::from(DIGITS[(bits & 63) as usize]));
        bits >>= 6;
    }
}

fn three(a: u8, b: u8, c: u8) -> u32 {
    u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c)
}

/// The order of bytes that the specification of SHA-crypt asks for.
fn sha512_digits(sum: &[u8; 64]) -> String {
    let mut out = String::new();
    let (mut a, mut b, mut c) = (0, 21, 42);
    for _ in 0..21 {
        push(&mut out, three(sum[a], sum[b], sum[c]), 4);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    push(&mut out, u32::from(sum[63]), 2);
    out
}

fn sha256_digits(sum: &[u8; 32]) -> String {
    let mut out = String::new();
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        push(&mut out, three(sum[a], sum[b], sum[c]), 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    push(&mut out, three(0, sum[31], sum[30]), 3);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed from passlib 1.7.4.
    #[test]
    fn gives_what_passlib_gives() {
        let short = |scheme, rounds| hash(scheme, "hello world", "saltsalt", rounds);
        assert_eq!(
            short(Scheme::Sha512, 5000).expect("is valid"),
            "$6$saltsalt$QTxtZHhDasfdQccjU6pne9Cgluf7B8Bly.Re0Rl4FET20RuNBAR2/L6Sg1AQyXUrp1lQc/2QhityVbnc2s1bQ0"
        );
        assert_eq!(
            short(Scheme::Sha256, 5000).expect("is valid"),
            "$5$saltsalt$iCSto/1y3LK1GxFWJB6bg2L4y8RyFskzzyTdhOwyBe3"
        );
        assert!(hash(Scheme::Sha512, "x", "no salt", 5000).is_err());
    }
}
