//! JSON as Python's `json.dumps` writes it, which is how Ansible turns values into files.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};

/// `{"a": 1, "b": [1, 2]}`, everything beyond ASCII escaped.
pub fn dump(value: &serde_json::Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Python);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        // A tree of JSON values has nothing that cannot be written to memory.
        Err(error) => error.to_string(),
    }
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for letter in fragment.chars() {
            if letter.is_ascii() {
                write!(writer, "{letter}")?;
            } else {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_looks_like_pythons() {
        let value = serde_json::json!({"a": [1, true, null], "b": {"c": "ä\n\u{1f600}"}});
        assert_eq!(
            super::dump(&value),
            r#"{"a": [1, true, null], "b": {"c": "\u00e4\n\ud83d\ude00"}}"#
        );
    }
}
