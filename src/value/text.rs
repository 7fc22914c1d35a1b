//! Strings that know where they come from.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::MASK;
use crate::diagnostic::Span;

/// A string with its place, its trust and its secrecy.
///
/// Equality looks at the text alone.
#[derive(Clone)]
pub struct Str {
    text: Arc<str>,
    origin: Option<Span>,
    template: bool,
    secret: bool,
}

impl Str {
    /// A string that is data: from a host, from the result of a template, from the program.
    pub fn data(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), origin: None, template: false, secret: false }
    }

    /// A string that one of the controller's own files holds, so that it may be a template.
    pub fn template(text: impl Into<Arc<str>>, origin: Option<Span>) -> Self {
        Self { text: text.into(), origin, template: true, secret: false }
    }

    /// The same string as data (`!unsafe`).
    #[must_use]
    pub fn untrusted(mut self) -> Self {
        self.template = false;
        self
    }

    /// The same string, secret from now on.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Text that was made of this one: data, and as secret as this.
    #[must_use]
    pub fn derived(&self, text: impl Into<Arc<str>>) -> Self {
        Self { secret: self.secret, ..Self::data(text) }
    }

    /// The same string with its place.
    #[must_use]
    pub fn with_origin(mut self, origin: Option<Span>) -> Self {
        self.origin = origin;
        self
    }

    /// The text. Whoever shows it to people asks [`Self::is_secret`] first.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Where it was written. Block scalars and escapes make the range wider than the text.
    pub fn origin(&self) -> Option<&Span> {
        self.origin.as_ref()
    }

    /// Whether it is trusted to be a template and holds template marks.
    pub fn is_template(&self) -> bool {
        self.template && ["{{", "{%", "{#"].iter().any(|mark| self.text.contains(mark))
    }

    /// Whether it is trusted to be a template or an expression, marks or not (`when`).
    pub fn is_trusted(&self) -> bool {
        self.template
    }

    /// Whether people must not see it.
    pub fn is_secret(&self) -> bool {
        self.secret
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Str {}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str(MASK) } else { write!(f, "{:?}", self.text) }
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::data(text)
    }
}

/// A vaulted value (`!vault`) as it stands in the file, and its text once somebody has decrypted it.
pub struct Encrypted {
    /// The `$ANSIBLE_VAULT` text.
    pub envelope: String,
    /// Where it stands.
    pub origin: Option<Span>,
    /// The decrypted text, filled by the first reader.
    pub plain: OnceLock<Str>,
}

impl Encrypted {
    /// A value that is not decrypted yet.
    pub fn new(envelope: impl Into<String>, origin: Option<Span>) -> Self {
        Self { envelope: envelope.into(), origin, plain: OnceLock::new() }
    }
}

impl PartialEq for Encrypted {
    fn eq(&self, other: &Self) -> bool {
        self.envelope == other.envelope
    }
}
