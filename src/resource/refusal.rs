//! A user of a host as whom nothing can be asked or done there.

/// Why nobody can become the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, with what to do about it.
    pub message: String,
    /// Whether what is done on the host may put it right: the user is made, a rule is written.
    pub mendable: bool,
}
