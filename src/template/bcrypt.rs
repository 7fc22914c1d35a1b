//! bcrypt, as Provos and Mazières describe it, in the notation of OpenBSD: `$2b$10$…`.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use blowfish::Blowfish;

use super::failure::Stop;

/// The work factor that Ansible takes (that of passlib).
pub(crate) const ROUNDS: i64 = 12;

/// The letters of a salt: 16 bytes in bcrypt's base 64.
const SALT_LETTERS: usize = 22;

/// The most that bcrypt looks at of a password, without the zero at its end.
const LONGEST: usize = 71;

/// The three pairs of words that are encrypted: `OrpheanBeholderScryDoubt`.
const TEXT: [[u32; 2]; 3] =
    [[0x4f72_7068, 0x6561_6e42], [0x6568_6f6c, 0x6465_7253], [0x6372_7944, 0x6f75_6274]];

fn digits() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&BCRYPT, config)
}

/// A fresh salt.
pub(crate) fn random_salt() -> String {
    digits().encode(rand::random::<[u8; 16]>())
}

/// The hash of a password; 2 to the power of `rounds` is the work. Bits of the salt's last letter
/// that mean nothing are cleared, as passlib does.
pub(crate) fn hash(ident: &str, password: &str, salt: &str, rounds: i64) -> Result<String, Stop> {
    if !["2a", "2b", "2y"].contains(&ident) {
        return Err(Stop::error(format!("bcrypt has no `ident` `{ident}`"))
            .hint("it is `2b`, `2y` or `2a`"));
    }
    let cost = u32::try_from(rounds)
        .ok()
        .filter(|cost| (4..=31).contains(cost))
        .ok_or_else(|| Stop::error("`rounds` of bcrypt is a number from 4 to 31"))?;
    if password.len() > LONGEST || password.contains('\0') {
        return Err(Stop::error(format!(
            "bcrypt takes passwords of at most {LONGEST} bytes, without a zero byte"
        )));
    }
    let salt: [u8; 16] = digits()
        .decode(salt)
        .ok()
        .filter(|_| salt.len() == SALT_LETTERS)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            Stop::error(format!(
                "a salt of bcrypt is {SALT_LETTERS} of the characters `./A-Za-z0-9`"
            ))
        })?;
    let key: Vec<u8> = password.bytes().chain([0]).collect();
    let sum = sum(&key, salt, cost);
    // The last byte is left out, since the first implementation.
    Ok(format!("${ident}${cost:02}${}{}", digits().encode(salt), digits().encode(&sum[..23])))
}

fn sum(key: &[u8], salt: [u8; 16], cost: u32) -> Vec<u8> {
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(&salt, key);
    for _ in 0..1_u64 << cost {
        state.bc_expand_key(key);
        state.bc_expand_key(&salt);
    }
    let encrypted = TEXT.map(|pair| (0..64).fold(pair, |pair, _| state.bc_encrypt(pair)));
    encrypted.as_flattened().iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the test vectors of OpenBSD; also observed from bcrypt 4.0.
    #[test]
    fn gives_what_others_give() {
        for (password, salt, rounds, wanted) in [
            (
                "U*U",
                "CCCCCCCCCCCCCCCCCCCCC.",
                5,
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            ),
            (
                "",
                "DCq7YPn5Rq63x1Lad4cll.",
                6,
                "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
            ),
        ] {
            assert_eq!(hash("2a", password, salt, rounds).expect("is valid"), wanted);
        }
    }

    #[test]
    fn refuses_what_it_cannot_take() {
        let salt = "CCCCCCCCCCCCCCCCCCCCC.";
        assert!(hash("2b", "x", "short", 5).is_err());
        assert!(hash("2b", "x", salt, 3).is_err());
        assert!(hash("2x", "x", salt, 5).is_err());
        assert!(hash("2b", &"x".repeat(72), salt, 5).is_err());
        assert_ne!(random_salt(), random_salt());
        assert_eq!(random_salt().len(), SALT_LETTERS);
    }
}
