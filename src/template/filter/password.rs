//! `password_hash`: what `/etc/shadow` holds.

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::bcrypt;
use crate::template::crypt::{self, Scheme};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[filter(
    "password_hash",
    &["hashtype", "salt", "salt_size", "rounds", "ident"],
    password_hash,
)];

fn password_hash(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let password = python::text(input)?;
    let name = arguments.text_or(0, "sha512")?;
    if &*name == "bcrypt" {
        return with_bcrypt(&password, arguments);
    }
    let scheme = match &*name {
        "sha512" | "sha512_crypt" => Scheme::Sha512,
        "sha256" | "sha256_crypt" => Scheme::Sha256,
        other => {
            return Err(Stop::error(format!("`password_hash` has no type `{other}`"))
                .hint("it is `sha512`, `sha256` or `bcrypt`"));
        }
    };
    let salt = match arguments.set(1) {
        Some(salt) => python::text(salt)?.to_string(),
        None => crypt::random_salt(usize::try_from(arguments.integer(2, 16)?).unwrap_or(16)),
    };
    let rounds = u32::try_from(arguments.integer(3, i64::from(scheme.rounds()))?)
        .map_err(|_| Stop::error("`rounds` is out of range"))?;
    crypt::hash(scheme, &password, &salt, rounds).map(Value::data)
}

fn with_bcrypt(password: &str, arguments: &Bound) -> Result<Value, Stop> {
    let salt = match arguments.set(1) {
        Some(salt) => python::text(salt)?.to_string(),
        None => bcrypt::random_salt(),
    };
    let rounds = arguments.integer(3, bcrypt::ROUNDS)?;
    let ident = arguments.text_or(4, "2b")?;
    bcrypt::hash(&ident, password, &salt, rounds).map(Value::data)
}
