//! Whether a name promises something secret.

/// Words in names of variables and settings whose values people must not see.
const WORDS: [&str; 9] =
    ["password", "passwd", "secret", "token", "key", "credential", "auth", "pass", "private"];

/// Whether the value behind this name is to be masked.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}
