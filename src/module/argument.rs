//! The types that an argument can have, and how YAML values become them, as Ansible converts.

use std::fmt;

use secrecy::SecretString;

use crate::value::{Map, Str, Value};

/// A type that an argument can have.
pub trait Argument: Sized {
    /// Its name in documentation.
    const KIND: &'static str;

    /// Whether people must not see its value.
    const SECRET: bool = false;

    /// The typed value; the error says what is wrong, as a clause.
    fn read(value: &Value) -> Result<Self, String>;

    /// The values it may take, if they are few.
    fn choices() -> Vec<&'static str> {
        vec![]
    }

    /// What it is when it is not given; none if it must be given.
    fn missing() -> Option<Self> {
        None
    }
}

/// A value that may be left out.
pub type Omittable<T> = Option<T>;

impl<T: Argument> Argument for Option<T> {
    const KIND: &'static str = T::KIND;
    const SECRET: bool = T::SECRET;

    fn read(value: &Value) -> Result<Self, String> {
        if matches!(value, Value::Null) { Ok(None) } else { T::read(value).map(Some) }
    }

    fn choices() -> Vec<&'static str> {
        T::choices()
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

fn expected(kind: &str, value: &Value) -> String {
    match value {
        Value::Unknown(unknown) => unknown.to_string(),
        Value::Str(text) if !text.is_secret() => {
            format!("{kind} is expected, not the string {:?}", text.as_str())
        }
        _ => format!("{kind} is expected, not a value of type `{}`", value.type_name()),
    }
}

impl Argument for String {
    const KIND: &'static str = "string";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Str(text) => Ok(text.as_str().to_string()),
            Value::Int(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::Bool(true) => Ok("True".into()),
            Value::Bool(false) => Ok("False".into()),
            _ => Err(expected("a string", value)),
        }
    }
}

/// A string that keeps its secrecy.
impl Argument for Str {
    const KIND: &'static str = "string";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Str(text) => Ok(text.clone().untrusted()),
            _ => String::read(value).map(Self::data),
        }
    }
}

impl Argument for bool {
    const KIND: &'static str = "bool";

    fn read(value: &Value) -> Result<Self, String> {
        let word = match value {
            Value::Bool(truth) => return Ok(*truth),
            Value::Int(1) => return Ok(true),
            Value::Int(0) => return Ok(false),
            Value::Str(text) => text.as_str().to_ascii_lowercase(),
            _ => return Err(expected("a boolean", value)),
        };
        match word.as_str() {
            "yes" | "on" | "1" | "true" | "t" | "y" => Ok(true),
            "no" | "off" | "0" | "false" | "f" | "n" => Ok(false),
            _ => Err(expected("a boolean", value)),
        }
    }
}

impl Argument for i64 {
    const KIND: &'static str = "int";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(number) => Ok(*number),
            Value::Str(text) => {
                text.as_str().trim().parse().map_err(|_| expected("an integer", value))
            }
            _ => Err(expected("an integer", value)),
        }
    }
}

impl Argument for f64 {
    const KIND: &'static str = "float";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            #[expect(clippy::cast_precision_loss, reason = "seconds and sizes, far below 2^53")]
            Value::Int(number) => Ok(*number as f64),
            Value::Float(number) => Ok(*number),
            Value::Str(text) => {
                text.as_str().trim().parse().map_err(|_| expected("a number", value))
            }
            _ => Err(expected("a number", value)),
        }
    }
}

/// An argument that Ansible has and this program does not; only its absence is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsupported;

impl Argument for Unsupported {
    const KIND: &'static str = "not supported";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null | Value::Bool(false) => Ok(Self),
            _ => Err("is not supported by mxprov".into()),
        }
    }

    fn missing() -> Option<Self> {
        Some(Self)
    }
}

/// A list of strings; one string with commas is a list too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl Argument for Words {
    const KIND: &'static str = "list of strings";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::List(items) => {
                items.iter().map(String::read).collect::<Result<_, _>>().map(Self)
            }
            Value::Str(text) if text.as_str().trim().is_empty() => Ok(Self::default()),
            Value::Str(text) => {
                Ok(Self(text.as_str().split(',').map(|word| word.trim().to_string()).collect()))
            }
            _ => Ok(Self(vec![String::read(value).map_err(|_| expected("a list", value))?])),
        }
    }
}

impl From<[&str; 0]> for Words {
    fn from(_: [&str; 0]) -> Self {
        Self::default()
    }
}

impl std::ops::Deref for Words {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

/// A list of any values, as they are.
impl Argument for Vec<Value> {
    const KIND: &'static str = "list";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::List(items) => Ok(items.to_vec()),
            Value::Map(_) | Value::Null => Err(expected("a list", value)),
            other => Ok(vec![other.clone()]),
        }
    }
}

impl Argument for Map {
    const KIND: &'static str = "dict";

    fn read(value: &Value) -> Result<Self, String> {
        value.as_map().cloned().ok_or_else(|| expected("a mapping", value))
    }
}

/// Any value.
impl Argument for Value {
    const KIND: &'static str = "any";

    fn read(value: &Value) -> Result<Self, String> {
        Ok(value.clone())
    }
}

/// A string that people must not see.
#[derive(Clone)]
pub struct Hidden(pub SecretString);

impl Argument for Hidden {
    const KIND: &'static str = "secret string";
    const SECRET: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(|text| Self(text.into())).map_err(|_| "a string is expected".into())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::value::MASK)
    }
}

/// A file mode: octal as a number or a string, or a symbolic one (`u=rw,g+r`), or `preserve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// The bits, 0 to 0o7777.
    Bits(u32),
    /// Symbolic changes, relative to the mode that is there.
    Symbolic(String),
    /// As the source has it.
    Preserve,
}

impl Argument for Mode {
    const KIND: &'static str = "mode";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(bits) => match u32::try_from(*bits) {
                Ok(bits) if bits <= 0o7777 => Ok(Self::Bits(bits)),
                _ => Err(format!(
                    "{bits} is not a file mode; write it as a string with a leading zero, \"0644\""
                )),
            },
            Value::Str(text) => Self::parse(text.as_str()),
            _ => Err(expected("a file mode", value)),
        }
    }
}

impl Mode {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "preserve" {
            return Ok(Self::Preserve);
        }
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return match u32::from_str_radix(digits, 8) {
                Ok(bits) if bits <= 0o7777 => Ok(Self::Bits(bits)),
                _ => Err(format!("`{text}` is not an octal file mode")),
            };
        }
        match symbolic(text, 0, false) {
            Some(_) => Ok(Self::Symbolic(text.to_string())),
            None => Err(format!("`{text}` is not a file mode")),
        }
    }

    /// The bits that result on a file which has `current`; none for [`Mode::Preserve`].
    pub fn resolve(&self, current: u32, directory: bool) -> Option<u32> {
        match self {
            Self::Bits(bits) => Some(*bits),
            Self::Symbolic(text) => symbolic(text, current, directory),
            Self::Preserve => None,
        }
    }
}

/// The mode after symbolic changes as chmod(1) describes them; none if the text is not one.
fn symbolic(text: &str, current: u32, directory: bool) -> Option<u32> {
    let mut mode = current;
    for clause in text.split(',') {
        let operator = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(operator);
        if !who.chars().all(|letter| "ugoa".contains(letter)) {
            return None;
        }
        let who = if who.is_empty() { "a" } else { who };
        let permissions = &rest[1..];
        for letter in
            who.chars().flat_map(|letter| if letter == 'a' { "ugo".chars() } else { one(letter) })
        {
            let shift = match letter {
                'u' => 6,
                'g' => 3,
                _ => 0,
            };
            let bits = permission_bits(permissions, mode, shift, directory)?;
            let mask = 0o7 << shift | special_mask(letter);
            match &rest[..1] {
                "+" => mode |= bits,
                "-" => mode &= !bits,
                _ => mode = mode & !mask | bits,
            }
        }
    }
    Some(mode)
}

fn one(letter: char) -> std::str::Chars<'static> {
    match letter {
        'u' => "u".chars(),
        'g' => "g".chars(),
        _ => "o".chars(),
    }
}

fn special_mask(letter: char) -> u32 {
    match letter {
        'u' => 0o4000,
        'g' => 0o2000,
        _ => 0,
    }
}

fn permission_bits(permissions: &str, mode: u32, shift: u32, directory: bool) -> Option<u32> {
    let mut bits = 0;
    for letter in permissions.chars() {
        bits |= match letter {
            'r' => 4 << shift,
            'w' => 2 << shift,
            'x' => 1 << shift,
            'X' if directory || mode & 0o111 != 0 => 1 << shift,
            'X' => 0,
            's' if shift == 6 => 0o4000,
            's' if shift == 3 => 0o2000,
            's' => 0,
            't' => 0o1000,
            'u' => (mode >> 6 & 7) << shift,
            'g' => (mode >> 3 & 7) << shift,
            'o' => (mode & 7) << shift,
            _ => return None,
        };
    }
    Some(bits)
}

/// Declares an argument with few possible values, some with several spellings.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $enum_doc:literal])*
        $visibility:vis enum $name:ident {
            $($(#[doc = $doc:literal])* $variant:ident = $word:literal $(| $other:literal)*),* $(,)?
        }
    ) => {
        $(#[doc = $enum_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[doc = $doc])* $variant,)*
        }

        impl $crate::module::Argument for $name {
            const KIND: &'static str = "string";

            fn read(value: &$crate::value::Value) -> Result<Self, String> {
                let text = match value {
                    $crate::value::Value::Bool(true) => "yes".to_string(),
                    $crate::value::Value::Bool(false) => "no".to_string(),
                    other => <String as $crate::module::Argument>::read(other)?,
                };
                match text.as_str() {
                    $($word $(| $other)* => Ok(Self::$variant),)*
                    _ => Err(format!(
                        "{} is expected, not `{text}`",
                        $crate::diagnostic::list_or([$($word),*])
                    )),
                }
            }

            fn choices() -> Vec<&'static str> {
                vec![$($word),*]
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_chmod_reads_them() {
        assert_eq!(Mode::read(&Value::Int(0o644)), Ok(Mode::Bits(0o644)));
        assert_eq!(Mode::read(&Value::data("0755")), Ok(Mode::Bits(0o755)));
        let symbolic = Mode::read(&Value::data("u=rwX,g=rX,o=")).expect("is a mode");
        assert_eq!(symbolic.resolve(0o644, false), Some(0o640));
        assert_eq!(symbolic.resolve(0o755, true), Some(0o750));
        assert_eq!(
            Mode::read(&Value::data("g+s")).expect("mode").resolve(0o755, true),
            Some(0o2755)
        );
        assert!(Mode::read(&Value::Int(99999)).is_err());
        assert!(Mode::read(&Value::data("rw")).is_err());
    }
}
