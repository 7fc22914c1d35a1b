//! POSIX quoting: the one way a value becomes a word of shell text.

use std::borrow::Cow;

/// `text` as exactly one shell word (POSIX 2.2.2: nothing is special between single quotes).
///
/// The caller has made sure that there is no NUL in it: no shell word can hold one.
pub fn quote(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        match character {
            '\'' => quoted.push_str("'\\''"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

/// Words that mean themselves without quotes, so that logs stay readable. `=` and `~` are left
/// out: they are special in some places.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !is_reserved(text)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:,@%+".contains(&byte))
}

/// A reserved word at the start of a command is syntax unless it is quoted.
fn is_reserved(text: &str) -> bool {
    const RESERVED: [&str; 16] = [
        "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for",
        "in", "function", "select", "time",
    ];
    RESERVED.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(quote("/etc/ssh/sshd_config.d/10-x.conf"), "/etc/ssh/sshd_config.d/10-x.conf");
    }

    #[test]
    fn everything_else_is_quoted() {
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), "'it'\\''s'");
        assert_eq!(quote("a=b"), "'a=b'");
        assert_eq!(quote("fi"), "'fi'");
        assert_eq!(quote("~root"), "'~root'");
    }
}
