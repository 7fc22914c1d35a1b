//! A value that only applying can tell, with the reason.

use std::fmt;

/// Why a value is not known yet: "`apt-get install nginx` has not run yet".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The reason, as a clause without a full stop.
    pub reason: String,
}

impl Unknown {
    /// An unknown value with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "known after apply: {}", self.reason)
    }
}
