//! Splitting a line into its keyword and arguments.

/// The keyword and the rest of the line: a blank or one `=` stands between them.
pub(super) fn keyword(line: &str) -> (&str, &str) {
    let end = line.find([' ', '\t', '=']).unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    (keyword, rest.trim_start_matches([' ', '\t']))
}

/// The arguments of a line; `None` when a quote is not closed.
///
/// Single and double quotes group; a backslash takes a quote, a backslash, or (outside quotes) a
/// blank literally; a `#` at the start of an argument begins a comment.
pub(super) fn arguments(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(char::is_ascii_whitespace).is_some() {}
        if rest.peek().is_none_or(|c| *c == '#') {
            return Some(found);
        }
        found.push(argument(&mut rest)?);
    }
}

fn argument(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut word = String::new();
    let mut quote: Option<char> = None;
    while let Some(character) = rest.peek().copied() {
        match character {
            '\\' => {
                rest.next();
                let escaped = rest
                    .next_if(|c| matches!(c, '"' | '\'' | '\\') || quote.is_none() && *c == ' ');
                word.push(escaped.unwrap_or('\\'));
                continue;
            }
            c if c.is_ascii_whitespace() && quote.is_none() => break,
            c if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(character),
            c => word.push(c),
        }
        rest.next();
    }
    quote.is_none().then_some(word)
}
