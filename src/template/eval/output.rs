//! What a template emits: pieces, since a template of one piece gives that piece's own type.

use std::sync::Arc;

use super::Session;
use crate::template::failure::{Stop, known};
use crate::template::{python, secret};
use crate::value::{Str, Value};

/// The pieces emitted so far.
#[derive(Default)]
pub(crate) struct Output {
    pieces: Vec<Piece>,
}

enum Piece {
    Text(Arc<str>),
    Value(Value),
}

impl Output {
    /// Emits a text of the template.
    pub fn text(&mut self, text: &Arc<str>) {
        if !text.is_empty() {
            self.pieces.push(Piece::Text(Arc::clone(text)));
        }
    }

    /// Emits a value.
    pub fn value(&mut self, value: Value) {
        self.pieces.push(Piece::Value(value));
    }

    /// All as one text. Its secret parts are learned; the whole is secret only if it is one piece.
    pub fn into_text(self, session: &Session<'_>) -> Result<Str, Stop> {
        if let [Piece::Value(Value::Str(text))] = self.pieces.as_slice() {
            return Ok(text.clone().untrusted());
        }
        let mut whole = String::new();
        for piece in self.pieces {
            match piece {
                Piece::Text(text) => whole.push_str(&text),
                // As Ansible does: nothing is shown for them.
                Piece::Value(Value::Null | Value::Omit) => {}
                Piece::Value(value) => {
                    let is_secret = secret::inside(&value);
                    let text = python::text(&known(value)?)?;
                    if is_secret {
                        session.learn(&text);
                    }
                    whole.push_str(&text);
                }
            }
        }
        Ok(Str::data(whole))
    }

    /// The value of the only piece, or all as one text. What shows nothing does not count.
    pub fn into_native(mut self, session: &Session<'_>) -> Result<Value, Stop> {
        self.pieces.retain(|piece| !matches!(piece, Piece::Value(Value::Null | Value::Omit)));
        match self.pieces.as_slice() {
            [] => return Ok(Value::Null),
            [Piece::Value(value)] => return Ok(value.clone()),
            // A newline after a value that is not text is that of a block scalar.
            [Piece::Value(value), Piece::Text(text)]
                if &**text == "\n" && !matches!(value, Value::Str(_)) =>
            {
                return Ok(value.clone());
            }
            _ => {}
        }
        self.into_text(session).map(Value::Str)
    }
}
