//! Values in INI inventories are Python literals; whatever is none is a string.
//!
//! Source: the Python language reference, "Literals" and `ast.literal_eval`.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::value::{Key, Map, Str, Value};

/// How deep lists may nest before the text is taken for a plain string.
const DEPTH: usize = 50;

/// The value of a text at `span`: a Python literal if it is one, else the text itself.
pub fn value(text: &str, span: &Span) -> Value {
    let mut reader = Reader { rest: text.trim_start_matches([' ', '\t']), span, depth: 0 };
    match reader.top() {
        Some(value) => value,
        None => Value::Str(Str::template(text, Some(span.clone()))),
    }
}

struct Reader<'a> {
    rest: &'a str,
    span: &'a Span,
    depth: usize,
}

impl Reader<'_> {
    /// The whole text: one literal, or several with commas between (a tuple).
    fn top(&mut self) -> Option<Value> {
        let first = self.item()?;
        self.skip();
        if self.rest.is_empty() {
            return Some(first);
        }
        let mut items = vec![first];
        while self.eat(',') {
            self.skip();
            if self.rest.is_empty() {
                break;
            }
            items.push(self.item()?);
            self.skip();
        }
        self.rest.is_empty().then(|| Value::list(items))
    }

    /// Drops blanks, and a comment to the end of the line.
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('#') {
            self.rest = self.rest.split_once('\n').map_or("", |(_, next)| next);
            self.skip();
        }
    }

    fn eat(&mut self, mark: char) -> bool {
        self.skip();
        let found = self.rest.strip_prefix(mark);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn item(&mut self) -> Option<Value> {
        self.skip();
        match self.rest.chars().next()? {
            '[' => self.nested(|reader| reader.items(']').map(|(items, _)| Value::list(items))),
            '(' => self.nested(Self::tuple),
            '{' => self.nested(Self::mapping),
            '-' | '+' | '0'..='9' | '.' => self.number(),
            _ => self.string().or_else(|| self.word()),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth += 1;
        self.rest = &self.rest[1..];
        let value = if self.depth > DEPTH { None } else { read(self) };
        self.depth -= 1;
        value
    }

    /// Items up to `close`, and whether there was a comma.
    fn items(&mut self, close: char) -> Option<(Vec<Value>, bool)> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.eat(close) {
            items.push(self.item()?);
            if self.eat(',') {
                comma = true;
            } else if !self.eat(close) {
                return None;
            } else {
                break;
            }
        }
        Some((items, comma))
    }

    fn tuple(&mut self) -> Option<Value> {
        let (mut items, comma) = self.items(')')?;
        if items.len() == 1 && !comma { items.pop() } else { Some(Value::list(items)) }
    }

    /// A dictionary, or a set, which becomes a list.
    fn mapping(&mut self) -> Option<Value> {
        let mut map = Map::new();
        if self.eat('}') {
            return Some(Value::Map(Arc::new(map)));
        }
        let first = self.item()?;
        if !self.eat(':') {
            let more = if self.eat(',') { self.items('}')?.0 } else { self.only_close('}')? };
            return Some(Value::list(std::iter::once(first).chain(more)));
        }
        map.insert(Key::from_value(&first)?, self.item()?);
        loop {
            let comma = self.eat(',');
            if self.eat('}') {
                return Some(Value::Map(Arc::new(map)));
            }
            if !comma {
                return None;
            }
            let key = Key::from_value(&self.item()?)?;
            if !self.eat(':') {
                return None;
            }
            map.insert(key, self.item()?);
        }
    }

    fn only_close(&mut self, close: char) -> Option<Vec<Value>> {
        self.eat(close).then(Vec::new)
    }

    fn word(&mut self) -> Option<Value> {
        for (word, value) in
            [("True", Value::Bool(true)), ("False", Value::Bool(false)), ("None", Value::Null)]
        {
            if let Some(rest) = self.rest.strip_prefix(word)
                && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                self.rest = rest;
                return Some(value);
            }
        }
        None
    }

    fn number(&mut self) -> Option<Value> {
        let mut negative = false;
        while let Some(sign) = self.rest.chars().next().filter(|c| matches!(c, '-' | '+' | ' ')) {
            negative ^= sign == '-';
            self.rest = &self.rest[1..];
        }
        let length = number_length(self.rest);
        let (digits, rest) = self.rest.split_at(length);
        if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            return None;
        }
        self.rest = rest;
        number(digits, negative)
    }

    /// One or more strings in a row, as Python joins them.
    fn string(&mut self) -> Option<Value> {
        let mut text = String::new();
        let mut found = false;
        while let Some((piece, rest)) = python_string(self.rest) {
            text.push_str(&piece);
            self.rest = rest;
            found = true;
            self.skip();
        }
        found.then(|| Value::Str(Str::template(text, Some(self.span.clone()))))
    }
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let exponent_sign = matches!(bytes[end], b'-' | b'+')
            && end > 0
            && matches!(bytes[end - 1], b'e' | b'E')
            && !text.starts_with("0x");
        let digit = bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b'.' | b'_');
        if !(digit || exponent_sign) {
            break;
        }
        end += 1;
    }
    end
}

fn number(text: &str, negative: bool) -> Option<Value> {
    let valid =
        !text.is_empty() && !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    let digits = Some(text.replace('_', "").to_ascii_lowercase()).filter(|_| valid)?;
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)];
    for (prefix, radix) in radix {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return signed(i128::from_str_radix(rest, radix).ok()?, negative);
        }
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        if leading_zero && digits.bytes().any(|byte| byte != b'0') {
            return None;
        }
        return signed(digits.parse().ok()?, negative);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let float: f64 = digits.parse().ok()?;
    Some(Value::Float(if negative { -float } else { float }))
}

fn signed(magnitude: i128, negative: bool) -> Option<Value> {
    i64::try_from(if negative { -magnitude } else { magnitude }).ok().map(Value::Int)
}

/// A quoted string at the start of the text: what it says, and the rest.
fn python_string(text: &str) -> Option<(String, &str)> {
    let prefix = text.find(['\'', '"']).filter(|length| *length <= 1)?;
    let raw = match &text[..prefix] {
        "" | "u" | "U" => false,
        "r" | "R" => true,
        _ => return None,
    };
    let body = &text[prefix..];
    let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| body.starts_with(quote))?;
    let mut out = String::new();
    let mut rest = &body[quote.len()..];
    loop {
        if let Some(after) = rest.strip_prefix(quote) {
            return Some((out, after));
        }
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' if raw => {
                let next = rest.chars().next()?;
                out.extend(['\\', next]);
                rest = &rest[next.len_utf8()..];
            }
            '\\' => rest = escape(rest, &mut out)?,
            '\n' if quote.len() == 1 => return None,
            c => out.push(c),
        }
    }
}

/// What stands after a backslash; gives the rest.
fn escape<'a>(rest: &'a str, out: &mut String) -> Option<&'a str> {
    let c = rest.chars().next()?;
    let after = &rest[c.len_utf8()..];
    let simple = match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '\\' | '\'' | '"' => c,
        'x' => return code(after, 2, 16, out),
        'u' => return code(after, 4, 16, out),
        'U' => return code(after, 8, 16, out),
        '0'..='7' => {
            let length = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            return code(rest, length, 8, out);
        }
        '\n' => return Some(after),
        'N' => return None,
        other => {
            out.push('\\');
            other
        }
    };
    out.push(simple);
    Some(after)
}

fn code<'a>(digits: &'a str, length: usize, radix: u32, out: &mut String) -> Option<&'a str> {
    let number = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
    out.push(char::from_u32(number)?);
    digits.get(length..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;

    fn read(text: &str) -> String {
        let source = Source::new("i", text);
        format!("{:?}", value(text, &Span::new(&source, 0, text.len())))
    }

    /// Expected values were observed with `ansible-inventory` 2.19.
    #[test]
    fn literals_have_pythons_types() {
        for (text, expected) in [
            ("5", "5"),
            ("5 # c", "5"),
            ("-1", "-1"),
            ("- 5", "-5"),
            ("1_000", "1000"),
            ("0x10", "16"),
            ("0o17", "15"),
            ("0b11", "3"),
            ("00", "0"),
            ("1.5", "1.5"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("1e3", "1000.0"),
            ("1_0.5", "10.5"),
            ("True", "true"),
            ("None", "null"),
            ("[1,2]", "[1, 2]"),
            ("[1,]", "[1]"),
            ("[1, 2] # x", "[1, 2]"),
            ("(1,2)", "[1, 2]"),
            ("(1)", "1"),
            ("(1,)", "[1]"),
            ("()", "[]"),
            ("1,2", "[1, 2]"),
            ("{'k': 1}", "{k: 1}"),
            ("{\"a\": 1, 'b': [True, None]}", "{a: 1, b: [true, null]}"),
            ("{}", "{}"),
            ("{1,2}", "[1, 2]"),
            ("\"a\" # c", "\"a\""),
            ("'a' 'b'", "\"ab\""),
            ("'a\\tb\\x41'", "\"a\\tbA\""),
            ("r'a\\n'", "\"a\\\\n\""),
            ("u'x'", "\"x\""),
            ("\"\"\"x\"\"\"", "\"x\""),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_the_text_itself() {
        for text in [
            "",
            "true",
            "yes",
            "0644",
            "01",
            "foo # c",
            "x y",
            "1 2",
            "1+2",
            "1j",
            "1+2j",
            "not True",
            "'open",
            "[1, foo]",
            "f'x'",
            "a : b",
            "{{ foo }}",
            "inf",
            "2024-01-01",
            "10.0.0.1",
            "{'a':1}['a']",
            "1__0",
            "...",
            "-",
            "Truely",
            "12345678901234567890",
        ] {
            assert_eq!(read(text), format!("{text:?}"), "{text}");
        }
    }
}
