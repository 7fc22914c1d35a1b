//! Shell globs as regular expressions, as Python's `fnmatch` reads them.

/// `*.conf` → `^.*\.conf$`: `*`, `?`, `[…]` and `[!…]`, nothing else.
pub fn to_regex(glob: &str) -> String {
    let mut out = String::from("(?s)^");
    let mut rest = glob;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => match rest.get(1..).and_then(|tail| tail.find(']')) {
                Some(end) => {
                    let (inside, after) = (&rest[..=end], &rest[end + 2..]);
                    let (not, inside) = match inside.strip_prefix('!') {
                        Some(inside) => ("^", inside),
                        None => ("", inside),
                    };
                    out.push_str(&["[", not, &inside.replace('\\', r"\\"), "]"].concat());
                    rest = after;
                }
                None => out.push_str(r"\["),
            },
            letter if letter.is_alphanumeric() || letter == '_' => out.push(letter),
            letter => out.extend(['\\', letter]),
        }
    }
    out.push_str(r"\Z");
    out
}

#[cfg(test)]
mod tests {
    use super::super::pattern::{Flags, Pattern};
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        let matches = |glob: &str, name: &str| {
            Pattern::new(&to_regex(glob), Flags::default()).unwrap().is_match(name).unwrap()
        };
        assert!(matches("*.conf", "a.conf"));
        assert!(!matches("*.conf", "a.conf.d"));
        assert!(matches("[!a]?[0-9]", "bx7"));
        assert!(!matches("[!a]*", "abc"));
        assert!(matches("a[b", "a[b"));
    }
}
