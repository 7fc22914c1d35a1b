//! The cipher of `AES256` vaults.
//!
//! Source: Ansible's documentation, "Ansible Vault payload format 1.1 - 1.2": PBKDF2-HMAC-SHA256 with
//! 10,000 rounds gives 80 bytes: a key of 32, a key for the HMAC-SHA256 of 32, the first counter of 16;
//! AES-256-CTR over text padded to 16 bytes (RFC 5652, 6.3); the HMAC is over the encrypted bytes.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use pbkdf2::pbkdf2_hmac;
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;

use super::envelope::Sealed;

const ROUNDS: u32 = 10_000;
const BLOCK: usize = 16;

/// The keys that a password and a salt give. Wiped when dropped.
pub struct Keys(Zeroizing<[u8; 80]>);

impl Keys {
    /// Derives the keys; takes milliseconds on purpose.
    pub fn derive(password: &[u8], salt: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; 80]);
        pbkdf2_hmac::<Sha256>(password, salt, ROUNDS, bytes.as_mut_slice());
        Self(bytes)
    }

    fn mac(&self, encrypted: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[32..64])
            .expect("HMAC takes keys of every length");
        mac.update(encrypted);
        mac
    }

    fn apply(&self, bytes: &mut [u8]) {
        Ctr128BE::<Aes256>::new_from_slices(&self.0[..32], &self.0[64..])
            .expect("the slices are 32 and 16 bytes long")
            .apply_keystream(bytes);
    }
}

/// The clear bytes, or nothing where the keys do not fit.
pub fn open(keys: &Keys, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
    keys.mac(&sealed.encrypted).verify_slice(&sealed.mac).ok()?;
    let mut bytes = Zeroizing::new(sealed.encrypted.clone());
    keys.apply(&mut bytes);
    let padding = usize::from(*bytes.last()?);
    if padding == 0 || padding > BLOCK || padding > bytes.len() {
        return None;
    }
    let length = bytes.len() - padding;
    bytes.truncate(length);
    Some(bytes)
}

/// Encrypts bytes under a salt that must be fresh.
pub fn seal(keys: &Keys, salt: &[u8], clear: &[u8]) -> Sealed {
    let padding = BLOCK - clear.len() % BLOCK;
    let mut encrypted = clear.to_vec();
    encrypted.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or(0), padding));
    keys.apply(&mut encrypted);
    let mac = keys.mac(&encrypted).finalize().into_bytes().to_vec();
    Sealed { salt: salt.to_vec(), mac, encrypted }
}
