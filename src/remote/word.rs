//! One word of a command: a value that is quoted, a secret that is also masked, or fixed syntax.

use secrecy::{ExposeSecret, SecretString};

use super::quote::quote;

/// What stands for a secret in everything that a person may see.
pub const MASK: &str = "••••••";

/// One word of a command in a [`super::Script`].
#[derive(Clone)]
pub enum Word {
    /// A value: quoted, shown in logs.
    Plain(String),
    /// A value that is quoted and shown as `••••••`.
    Secret(SecretString),
    /// The value of a shell variable as exactly one word: `"$name"`.
    Variable(&'static str),
    /// Fixed shell text, not quoted: a redirection, `||`, `2>/dev/null`.
    Syntax(&'static str),
}

impl Word {
    pub(super) fn has_nul(&self) -> bool {
        match self {
            Self::Plain(text) => text.contains('\0'),
            Self::Secret(secret) => secret.expose_secret().contains('\0'),
            Self::Variable(_) | Self::Syntax(_) => false,
        }
    }

    pub(super) fn render(&self) -> String {
        match self {
            Self::Plain(text) => quote(text).into_owned(),
            Self::Secret(secret) => quote(secret.expose_secret()).into_owned(),
            Self::Variable(name) => ["\"$", name, "\""].concat(),
            Self::Syntax(text) => (*text).to_owned(),
        }
    }
}

macro_rules! plain_word {
    ($($type:ty),+) => {
        $(impl From<$type> for Word {
            fn from(value: $type) -> Self {
                Self::Plain(value.to_string())
            }
        })+
    };
}

plain_word!(&str, String, &String, &&str, u8, u16, u32, u64, usize, i32, i64);

impl From<SecretString> for Word {
    fn from(value: SecretString) -> Self {
        Self::Secret(value)
    }
}

impl From<&SecretString> for Word {
    fn from(value: &SecretString) -> Self {
        Self::Secret(value.clone())
    }
}

/// A list of [`Word`]s of mixed types: `words!["chown", uid, path, Word::Syntax("2>/dev/null")]`.
#[macro_export]
macro_rules! words {
    ($($word:expr),* $(,)?) => {
        [$($crate::remote::Word::from($word)),*]
    };
}
pub use words;
