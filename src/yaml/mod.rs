//! YAML documents with positions. The only code that sees the YAML library.

mod compose;
mod fault;
mod merge;
mod node;
mod place;
mod read;
mod scalar;
mod tag;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::value::Value;

pub use node::{Content, Node};
pub use place::place;
pub use read::{Sealed, Unseal, is_sealed, learn, read};
pub use write::{Flow, Style, to_yaml};

/// All documents of a text. Strings in them may be templates.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Diagnostic> {
    if let Some(problem) = fault::forbidden_character(source) {
        return Err(problem);
    }
    compose::Composer::new(source).documents()
}

/// The one document of a text; null if the text is empty.
pub fn parse_one(source: &Arc<Source>) -> Result<Node, Diagnostic> {
    let mut documents = parse(source)?.into_iter();
    let first = documents.next().unwrap_or_else(|| Node {
        content: Content::Scalar(Value::Null),
        span: Span::new(source, 0, 0),
    });
    match documents.next() {
        None => Ok(first),
        Some(second) => {
            Err(Diagnostic::new("expected one YAML document, and here starts a second")
                .at(&second.span)
                .hint("remove the `---` between them, or split the file"))
        }
    }
}

/// The one document of a text that is data: no string in it is a template (`from_yaml`).
pub fn parse_data(source: &Arc<Source>) -> Result<Value, Diagnostic> {
    parse_one(source).map(|node| tag::untrusted(node).to_value())
}
