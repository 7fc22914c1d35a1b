//! Python's `%` formatting of strings.

use std::sync::Arc;

use super::number::{exponent, general};
use crate::template::failure::{Stop, fully_known};
use crate::template::python;
use crate::value::{Map, Value};

/// One `%…` directive.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of a directive")]
struct Directive {
    key: Option<String>,
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// `format % arguments`, where `named` serves `%(name)s`.
pub(crate) fn percent(
    format: &str,
    arguments: &[Value],
    named: Option<&Map>,
) -> Result<Arc<str>, Stop> {
    arguments.iter().chain(named.into_iter().flat_map(Map::values)).try_for_each(fully_known)?;
    let mut out = String::new();
    let mut characters = format.chars().peekable();
    let mut next = arguments.iter();
    let mut used_names = false;
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut directive = Directive::default();
        if characters.peek() == Some(&'(') {
            characters.next();
            directive.key = Some(characters.by_ref().take_while(|c| *c != ')').collect());
        }
        while let Some(flag) = characters.next_if(|c| "-0+ #".contains(*c)) {
            match flag {
                '-' => directive.left = true,
                '0' => directive.zero = true,
                '+' => directive.plus = true,
                ' ' => directive.space = true,
                _ => directive.alternate = true,
            }
        }
        directive.width = digits(&mut characters).unwrap_or(0);
        if characters.next_if_eq(&'.').is_some() {
            directive.precision = Some(digits(&mut characters).unwrap_or(0));
        }
        let kind = characters.next().ok_or_else(|| Stop::error("incomplete format"))?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match &directive.key {
            Some(key) => {
                used_names = true;
                let found = named.and_then(|map| map.get(key.as_str()));
                found.ok_or_else(|| Stop::error(format!("the format wants a key `{key}`")))?
            }
            None => next.next().ok_or_else(|| Stop::error("not enough values for the format"))?,
        };
        out.push_str(&directive.apply(kind, value)?);
    }
    if next.next().is_some() && !used_names && named.is_none() {
        return Err(Stop::error("not all values were used by the format"));
    }
    Ok(out.into())
}

fn digits(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut text = String::new();
    while let Some(digit) = characters.next_if(char::is_ascii_digit) {
        text.push(digit);
    }
    text.parse::<usize>().ok().map(|width| width.min(10_000))
}

impl Directive {
    fn apply(&self, kind: char, value: &Value) -> Result<String, Stop> {
        let body = match kind {
            's' => self.cut(&python::text(value)?),
            'r' | 'a' => self.cut(&python::repr(value)?),
            'd' | 'i' | 'u' => self.signed(whole(value)?, |n| n.to_string()),
            'x' => self.signed(whole(value)?, |n| self.prefixed("0x", &format!("{n:x}"))),
            'X' => self.signed(whole(value)?, |n| self.prefixed("0X", &format!("{n:X}"))),
            'o' => self.signed(whole(value)?, |n| self.prefixed("0o", &format!("{n:o}"))),
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                let number = python::number(value).ok_or_else(|| wrong(kind, value))?;
                self.float(kind, number)
            }
            'c' => match value {
                Value::Int(code) => u32::try_from(*code)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| wrong(kind, value))?
                    .to_string(),
                other => python::text(other)?.to_string(),
            },
            other => return Err(Stop::error(format!("unsupported format character `{other}`"))),
        };
        Ok(self.pad(body, !matches!(kind, 's' | 'r' | 'a' | 'c')))
    }

    fn cut(&self, text: &str) -> String {
        text.chars().take(self.precision.unwrap_or(usize::MAX)).collect()
    }

    fn prefixed(&self, prefix: &str, digits: &str) -> String {
        if self.alternate { format!("{prefix}{digits}") } else { digits.to_string() }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        }
    }

    fn signed(&self, number: i64, digits: impl Fn(u64) -> String) -> String {
        let written = digits(number.unsigned_abs());
        let width = self.precision.unwrap_or(0);
        format!("{}{written:0>width$}", self.sign(number < 0))
    }

    fn float(&self, kind: char, number: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        let size = number.abs();
        let body = match kind.to_ascii_lowercase() {
            'e' => exponent(size, precision),
            'g' => general(size, precision.max(1)),
            _ => format!("{size:.precision$}"),
        };
        let body = if kind.is_ascii_uppercase() { body.to_uppercase() } else { body };
        format!("{}{body}", self.sign(number < 0.0))
    }

    fn pad(&self, body: String, numeric: bool) -> String {
        let missing = self.width.saturating_sub(body.chars().count());
        if self.left {
            return body + &" ".repeat(missing);
        }
        if self.zero && numeric {
            let sign = body.len() - body.trim_start_matches(['-', '+', ' ']).len();
            let (sign, digits) = body.split_at(sign);
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        " ".repeat(missing) + &body
    }
}

#[expect(clippy::cast_possible_truncation, reason = "as Python's %d does with floats")]
fn whole(value: &Value) -> Result<i64, Stop> {
    match value {
        Value::Float(number) => Ok(*number as i64),
        other => python::integer(other).ok_or_else(|| wrong('d', other)),
    }
}

fn wrong(kind: char, value: &Value) -> Stop {
    let found = value.type_name();
    Stop::error(format!("the format `%{kind}` wants a number, not `{found}`"))
}
