//! Lines of `authorized_keys` as sshd(8) describes them: options, type, key, comment.

/// One public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Options before it, as written.
    pub options: Option<String>,
    /// `ssh-ed25519` …
    pub kind: String,
    /// The key itself in base64: what tells two keys apart.
    pub data: String,
    /// What stands after it.
    pub comment: String,
}

impl Key {
    /// Whether a line says the same; the order of options does not matter.
    fn is_like(&self, other: &Self) -> bool {
        (&self.kind, &self.data, &self.comment) == (&other.kind, &other.data, &other.comment)
            && self.sorted_options() == other.sorted_options()
    }

    fn sorted_options(&self) -> Vec<&str> {
        let mut all = self.options.as_deref().map(split_options).unwrap_or_default();
        all.sort_unstable();
        all
    }

    fn line(&self) -> String {
        let parts = [self.options.as_deref().unwrap_or(""), &self.kind, &self.data, &self.comment];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The types of keys that OpenSSH has.
fn is_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.@".contains(&byte))
}

/// The key of a line; none if it is a comment or something else.
pub fn parse(line: &str) -> Option<Key> {
    let line = line.trim();
    let first = line.split_whitespace().next()?;
    let (options, rest) = if is_kind(first) { (None, line) } else { take_options(line) };
    let mut words = rest.split_whitespace();
    let (kind, data) = (words.next()?, words.next()?);
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if !is_kind(kind) || line.starts_with('#') || !data.bytes().all(is_base64) {
        return None;
    }
    Some(Key {
        options: options.map(str::to_string),
        kind: kind.to_string(),
        data: data.to_string(),
        comment: words.collect::<Vec<_>>().join(" "),
    })
}

/// Options end at the first blank outside of quotes.
fn take_options(line: &str) -> (Option<&str>, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in line.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            letter if letter.is_whitespace() && !quoted => {
                return (Some(&line[..at]), line[at..].trim_start());
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    (None, line)
}

/// Options one by one; commas in quotes do not divide.
fn split_options(text: &str) -> Vec<&str> {
    let (mut options, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ',' if !quoted => {
                options.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    options.push(text[start..].trim());
    options
}

/// The lines of a file of keys.
pub struct Keys {
    lines: Vec<String>,
    /// Whether they were changed.
    pub changed: bool,
}

impl Keys {
    /// The lines of a text.
    pub fn of(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_string).collect(), changed: false }
    }

    /// The text, with a line end at its end.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// The keys are there as they are given, each once; with `exclusive` no other line is.
    pub fn add(&mut self, new: &[Key], exclusive: bool) {
        if exclusive {
            self.retain(|key| key.is_some_and(|key| new.iter().any(|new| new.data == key.data)));
        }
        for key in new {
            let mut at = None;
            for (index, line) in self.lines.iter().enumerate() {
                match parse(line).filter(|known| known.data == key.data) {
                    Some(known) if known.is_like(key) => {
                        at = Some((index, true));
                        break;
                    }
                    Some(_) if at.is_none() => at = Some((index, false)),
                    _ => {}
                }
            }
            match at {
                Some((_, true)) => continue,
                Some((index, false)) => self.lines[index] = key.line(),
                None => self.lines.push(key.line()),
            }
            self.changed = true;
        }
    }

    /// The keys are not there, whatever options they have.
    pub fn remove(&mut self, gone: &[Key]) {
        self.retain(|key| !key.is_some_and(|key| gone.iter().any(|gone| gone.data == key.data)));
    }

    fn retain(&mut self, keep: impl Fn(Option<&Key>) -> bool) {
        let count = self.lines.len();
        self.lines.retain(|line| keep(parse(line).as_ref()));
        self.changed |= self.lines.len() != count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# mine\nssh-ed25519 AAAA1 me@home\nfrom=\"a b,c\",no-pty ssh-rsa AAAA2 x y\n";

    #[test]
    fn lines_are_taken_apart() {
        let key = parse("from=\"a b,c\",no-pty ssh-rsa AAAA2 x y").expect("is a key");
        assert_eq!(key.options.as_deref(), Some("from=\"a b,c\",no-pty"));
        assert_eq!((key.data.as_str(), key.comment.as_str()), ("AAAA2", "x y"));
        assert_eq!(parse("# ssh-rsa AAAA"), None);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn keys_are_added_once_and_removed() {
        let mut keys = Keys::of(FILE);
        let same = parse("no-pty,from=\"a b,c\" ssh-rsa AAAA2 x y").expect("is a key");
        keys.add(&[same], false);
        assert!(!keys.changed);
        let other = parse("ssh-ed25519 AAAA1 renamed").expect("is a key");
        keys.add(std::slice::from_ref(&other), false);
        assert!(keys.changed && keys.text().contains("AAAA1 renamed\n"));
        keys.add(std::slice::from_ref(&other), true);
        assert_eq!(keys.text(), "ssh-ed25519 AAAA1 renamed\n");
        keys.remove(&[other]);
        assert_eq!(keys.text(), "");
    }
}
