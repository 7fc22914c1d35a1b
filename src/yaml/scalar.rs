//! Plain scalars as YAML 1.1 reads them, which is how Ansible's own reader does.
//!
//! Source: the YAML 1.1 type repository (bool, int, float, null) with `PyYAML`'s choices: `y` and `n`
//! are strings, a float needs a dot and a signed exponent, dates stay strings.

use std::sync::LazyLock;

use fancy_regex::Regex;

use crate::value::Value;

static INT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+\
                   |[1-9][0-9_]*(?::[0-5]?[0-9])+)$";
    Regex::new(pattern).expect("the pattern is a constant that a test compiles")
});

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$";
    Regex::new(pattern).expect("the pattern is a constant that a test compiles")
});

static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$";
    Regex::new(pattern).expect("the pattern is a constant that a test compiles")
});

/// Whether other readers than this one would take a plain text for a date.
pub fn is_timestamp(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && matches(&TIMESTAMP, text)
}

/// A number that has the form of an integer but no room in 64 bits, or no digits.
#[derive(Debug, PartialEq, Eq)]
pub struct BadInteger;

/// What a plain scalar means; `None` for a string.
pub fn resolve(text: &str) -> Result<Option<Value>, BadInteger> {
    if let Some(value) = word(text) {
        return Ok(Some(value));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return Ok(None);
    }
    if matches(&INT, text) {
        return integer(text).map(Value::Int).map(Some).ok_or(BadInteger);
    }
    Ok(matches(&FLOAT, text).then(|| Value::Float(float(text))))
}

/// The words for null and truth values.
pub fn word(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            Some(Value::Bool(true))
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        _ => None,
    }
}

fn matches(pattern: &Regex, text: &str) -> bool {
    pattern.is_match(text).unwrap_or(false)
}

/// Sign and the rest, underscores dropped.
fn signed(text: &str) -> (i8, String) {
    let digits = text.replace('_', "");
    match digits.strip_prefix('-') {
        Some(rest) => (-1, rest.to_string()),
        None => (1, digits.strip_prefix('+').unwrap_or(&digits).to_string()),
    }
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = signed(text);
    let sign = i128::from(sign);
    let magnitude = if let Some(binary) = digits.strip_prefix("0b") {
        i128::from_str_radix(binary, 2).ok()?
    } else if let Some(hex) = digits.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if digits.contains(':') {
        sexagesimal(&digits)?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(&digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    i64::try_from(sign * magnitude).ok()
}

/// `12:30:45` is 45045, as a time in seconds or an angle.
fn sexagesimal(digits: &str) -> Option<i128> {
    digits
        .split(':')
        .try_fold(0_i128, |sum, part| sum.checked_mul(60)?.checked_add(part.parse::<i128>().ok()?))
}

fn float(text: &str) -> f64 {
    let (sign, digits) = signed(text);
    let sign = f64::from(sign);
    match digits.to_ascii_lowercase().as_str() {
        ".inf" => sign * f64::INFINITY,
        ".nan" => f64::NAN,
        digits if digits.contains(':') => {
            let parts = digits.split(':').map(|part| part.parse::<f64>().unwrap_or(0.0));
            sign * parts.fold(0.0, |sum, part| sum * 60.0 + part)
        }
        digits => sign * digits.parse::<f64>().unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        resolve(text).unwrap().unwrap_or_else(|| Value::data(text))
    }

    /// Expected values were read off `PyYAML` 6.0.3.
    #[test]
    fn numbers_are_read_as_pyyaml_reads_them() {
        for (text, expected) in [
            ("0644", 420),
            ("0_7", 7),
            ("0_", 0),
            ("00", 0),
            ("-0", 0),
            ("1__0", 10),
            ("0x1F", 31),
            ("-0b11", -3),
            ("12:30:45", 45045),
            ("190:20:30", 685_230),
            ("-1:30", -90),
            ("+1_0:30", 630),
        ] {
            assert_eq!(read(text), Value::Int(expected), "{text}");
        }
        for (text, expected) in [
            ("1.", 1.0),
            (".5", 0.5),
            (".5_", 0.5),
            ("1.5e+3", 1500.0),
            ("1.5E-3", 0.0015),
            ("1.e+1", 10.0),
            ("1:30.", 90.0),
            ("-.INF", f64::NEG_INFINITY),
        ] {
            assert_eq!(read(text), Value::Float(expected), "{text}");
        }
    }

    #[test]
    fn near_misses_are_strings() {
        let words = [
            "0o17",
            "089",
            "1e3",
            "1.0e3",
            "+.5",
            "-.5",
            "._5",
            "y",
            "n",
            "yEs",
            "nULL",
            "1:60",
            "0:0",
            "01:30",
            "0x",
            "0b2",
            "1,000",
            "2024-01-01",
            "..",
            "-",
            "+",
        ];
        for text in words {
            assert_eq!(read(text), Value::data(text), "{text}");
        }
    }

    #[test]
    fn an_integer_beyond_64_bits_is_refused() {
        assert_eq!(resolve("123456789012345678901234567890"), Err(BadInteger));
        assert_eq!(resolve("0x_"), Err(BadInteger));
        assert_eq!(read("-9223372036854775808"), Value::Int(i64::MIN));
    }
}
