//! Words of a command line, split as Python's `shlex.split` splits them (POSIX rules).

/// The words, quotes and backslashes resolved; an open quote is an error.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => quoted(&mut letters, '\'', word.get_or_insert_default(), text)?,
            '"' => quoted(&mut letters, '"', word.get_or_insert_default(), text)?,
            '\\' => word.get_or_insert_default().push(
                letters
                    .next()
                    .ok_or_else(|| format!("nothing follows the last `\\` of `{text}`"))?,
            ),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    letters: &mut std::str::Chars<'_>,
    quote: char,
    word: &mut String,
    text: &str,
) -> Result<(), String> {
    let open = || format!("a quote is opened and not closed in `{text}`");
    loop {
        match letters.next().ok_or_else(open)? {
            letter if letter == quote => return Ok(()),
            '\\' if quote == '"' => match letters.next().ok_or_else(open)? {
                letter @ ('"' | '\\') => word.push(letter),
                other => word.extend(['\\', other]),
            },
            letter => word.push(letter),
        }
    }
}

/// Free-form text apart from the `name=value` options in it; `names` are the options known.
///
/// What is not an option stays as it is written, blanks and quotes included.
pub fn options(text: &str, names: &[&str]) -> (String, Vec<(String, String)>) {
    let mut rest = String::new();
    let mut options = Vec::new();
    for token in tokens(text) {
        let option = token.trim().split_once('=').filter(|(name, _)| names.contains(name));
        match option.map(|(name, value)| (name, split(value))) {
            Some((name, Ok(words))) => options.push((name.to_string(), words.concat())),
            _ => rest.push_str(token),
        }
    }
    (rest.trim().to_string(), options)
}

/// The text cut before each word, so that every piece is a word with the blanks after it.
fn tokens(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let (mut quote, mut escaped, mut blank) = (None, false, false);
    for (at, letter) in text.char_indices() {
        let is_blank = letter.is_whitespace() && quote.is_none() && !escaped;
        if blank && !is_blank {
            cuts.push(at);
        }
        blank = is_blank;
        match (letter, quote) {
            _ if escaped => escaped = false,
            ('\\', Some('"') | None) => escaped = true,
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            _ => {}
        }
    }
    cuts.push(text.len());
    cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_python_splits_them() {
        let cases: [(&str, &[&str]); 5] = [
            ("a  b\tc\n", &["a", "b", "c"]),
            (r#"a'b c'"d \" \x" "#, &[r#"ab cd " \x"#]),
            (r"a\ b ''", &["a b", ""]),
            ("", &[]),
            ("ä=\"1\"", &["ä=1"]),
        ];
        for (text, words) in cases {
            assert_eq!(split(text).expect("is closed"), words, "{text}");
        }
        assert!(split("a 'b").is_err());
        assert!(split("a\\").is_err());
    }

    #[test]
    fn options_leave_the_command_as_it_is() {
        let (rest, options) =
            options("echo 'a=1  b'  x=2 chdir=/tmp creates='/a b'", &["chdir", "creates"]);
        assert_eq!(rest, "echo 'a=1  b'  x=2");
        assert_eq!(options, [("chdir".into(), "/tmp".into()), ("creates".into(), "/a b".into())]);
    }
}
