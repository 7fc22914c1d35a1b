//! Splits a host line of an INI inventory into words, as a POSIX shell would: quotes, backslashes, `#`.

/// One word: its text without quotes, and the bytes of the line that it was written in.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// The text, quotes and backslashes taken away.
    pub text: String,
    /// First byte in the line.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// Why a line cannot be split, with the byte where it starts to go wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsplit {
    /// What is wrong.
    pub message: &'static str,
    /// The byte in the line.
    pub at: usize,
}

/// The words of a line, and where a `#` in the middle of a word cut it off, if one did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub words: Vec<Word>,
    /// The byte of a `#` that stands in the middle of a word and yet starts a comment.
    pub cut: Option<usize>,
}

/// Splits a line. A `#` outside quotes starts a comment, in the middle of a word too: that is what
/// Ansible's reader does.
pub fn split(line: &str) -> Result<Words, Unsplit> {
    let mut out = Words::default();
    let mut word: Option<Word> = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '#' => {
                out.cut = word.as_ref().map(|_| at);
                break;
            }
            c if c.is_ascii_whitespace() => out.words.extend(word.take()),
            c => {
                let word = word.get_or_insert(Word { text: String::new(), start: at, end: at });
                match c {
                    '\'' | '"' => quoted(&mut chars, c, at, word)?,
                    '\\' => word.text.push(escaped(&mut chars, at)?.1),
                    c => word.text.push(c),
                }
                word.end = chars.offset();
            }
        }
    }
    out.words.extend(word);
    Ok(out)
}

type Chars<'a> = std::str::CharIndices<'a>;

fn escaped(chars: &mut Chars, at: usize) -> Result<(usize, char), Unsplit> {
    chars.next().ok_or(Unsplit { message: "the line ends in a backslash", at })
}

/// Takes everything up to the closing quote; a backslash counts in double quotes before `"` and `\`.
fn quoted(chars: &mut Chars, quote: char, at: usize, word: &mut Word) -> Result<(), Unsplit> {
    let open = Unsplit { message: "a quote is opened and not closed", at };
    loop {
        match chars.next() {
            None => return Err(open),
            Some((_, c)) if c == quote => return Ok(()),
            Some((at, '\\')) if quote == '"' => {
                let (_, next) = escaped(chars, at)?;
                if next != '"' && next != '\\' {
                    word.text.push('\\');
                }
                word.text.push(next);
            }
            Some((_, c)) => word.text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).unwrap().words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_join_words_and_comments_end_them() {
        assert_eq!(texts("h a='x y' b=\"p q\"r c=\\#d # e"), ["h", "a=x y", "b=p qr", "c=#d"]);
        assert_eq!(texts("h a=\"x\\\"y\\z\" ''"), ["h", "a=x\"y\\z", ""]);
    }

    #[test]
    fn a_hash_in_a_word_cuts_it_and_is_told() {
        let words = split("h pw=p#w x=1").unwrap();
        assert_eq!((words.words[1].text.as_str(), words.cut), ("pw=p", Some(6)));
    }

    #[test]
    fn open_quotes_are_told_with_their_place() {
        assert_eq!(split("h a='x").unwrap_err().at, 4);
    }
}
