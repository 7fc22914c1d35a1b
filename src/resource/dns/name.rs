//! Names of DNS as this program writes them: lower case, punycode, without the last dot.

use hickory_resolver::proto::rr::Name;

/// A name in the form that all of this folder uses; the error says why it is none.
pub fn canonical(text: &str) -> Result<String, String> {
    let text = text.trim();
    let parsed = if text.is_ascii() { Name::from_ascii(text) } else { Name::from_utf8(text) };
    let mut name = parsed.map_err(|error| format!("`{text}` is not a name of DNS: {error}"))?;
    name.set_fqdn(true);
    match written(&name) {
        name if name.is_empty() => Err("a name of DNS is expected, not an empty one".into()),
        name => Ok(name),
    }
}

/// A name that a server sent.
pub(super) fn written(name: &Name) -> String {
    name.to_ascii().to_ascii_lowercase().trim_end_matches('.').to_string()
}

/// The name as a question has it.
pub(super) fn to_ask(name: &str) -> Result<Name, String> {
    Name::from_ascii(format!("{name}."))
        .map_err(|error| format!("`{name}` is not a name of DNS: {error}"))
}

/// The name without its first label; none above a top-level domain.
pub fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, rest)| rest)
}

/// Whether a name is `zone` or below it.
pub fn is_below(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

#[test]
fn names_have_one_form() {
    assert_eq!(canonical("Chat.Example.ORG.").as_deref(), Ok("chat.example.org"));
    assert_eq!(canonical("bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
    assert_eq!(canonical("_matrix._tcp.example.org").as_deref(), Ok("_matrix._tcp.example.org"));
    assert!(canonical("").is_err());
    assert!(canonical("a..b").is_err());
    assert_eq!(parent("a.b"), Some("b"));
    assert_eq!(parent("org"), None);
    assert!(is_below("a.b", "b") && is_below("b", "b") && !is_below("ab", "b"));
}
