//! Reads a YAML file of the controller, one that is vaulted as a whole too.

use std::path::Path;
use std::sync::Arc;

use super::{Content, Node, parse_one};
use crate::diagnostic::{Diagnostic, Label, Source, Span};
use crate::files::Files;
use crate::value::{Encrypted, Redactor, Value};

/// Opens texts that are vaulted as a whole; `vault/` has the real one.
pub trait Unseal: Send + Sync {
    /// The clear text of a file that starts with `$ANSIBLE_VAULT;`.
    fn unseal(&self, sealed: &Arc<Source>) -> Result<String, Diagnostic>;

    /// Where the secrets are to be made known.
    fn redactor(&self) -> &Redactor;
}

/// An [`Unseal`] for those who were given no password.
#[derive(Default)]
pub struct Sealed(Redactor);

impl Unseal for Sealed {
    fn unseal(&self, sealed: &Arc<Source>) -> Result<String, Diagnostic> {
        Err(Diagnostic::new("this file is vaulted, and no vault password was given")
            .at(&Span::new(sealed, 0, sealed.text.find('\n').unwrap_or(sealed.text.len())))
            .hint("give one with `--vault-password-file` or `--ask-vault-pass`"))
    }

    fn redactor(&self) -> &Redactor {
        &self.0
    }
}

/// Numbers from here on are told apart from ports and years, and are masked as secrets.
const SHORTEST_NUMBER: u64 = 100_000;

/// Whether a text is vaulted as a whole.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with("$ANSIBLE_VAULT;")
}

/// The one document of a file. In a vaulted file every string is secret, and the places keep their
/// line and column, but show nothing of the text.
pub fn read(files: &dyn Files, unseal: &dyn Unseal, path: &Path) -> Result<Node, Diagnostic> {
    let source = files.source(path)?;
    if !is_sealed(&source.text) {
        return parse_one(&source);
    }
    let clear = Source::new(source.name.clone(), unseal.unseal(&source)?);
    let blank = blanked(&clear);
    let redactor = unseal.redactor();
    match parse_one(&clear) {
        Ok(node) => {
            learn(&node, redactor);
            Ok(secret(node, &blank))
        }
        Err(problem) => {
            redactor.learn(&clear.text);
            Err(hidden(problem, &blank))
        }
    }
}

/// Makes every text of a document known as a secret, and long numbers.
pub fn learn(node: &Node, redactor: &Redactor) {
    match &node.content {
        Content::Scalar(Value::Str(text)) => redactor.learn(text.as_str()),
        Content::Scalar(Value::Int(number)) if number.unsigned_abs() >= SHORTEST_NUMBER => {
            redactor.learn(&number.to_string());
        }
        Content::Scalar(_) => {}
        Content::Sequence(items) => items.iter().for_each(|item| learn(item, redactor)),
        Content::Mapping(entries) => entries.iter().for_each(|(_, value)| learn(value, redactor)),
    }
}

/// A text of the same shape that tells nothing.
fn blanked(clear: &Source) -> Arc<Source> {
    let text: String =
        clear.text.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
    Source::new(clear.name.clone(), text)
}

fn moved(span: &Span, blank: &Arc<Source>) -> Span {
    Span::new(blank, span.start, span.end)
}

/// The problem without what it quotes from the text.
fn hidden(problem: Diagnostic, blank: &Arc<Source>) -> Diagnostic {
    let message = if problem.message.contains('`') {
        "the decrypted text is not YAML that can be read".to_string()
    } else {
        problem.message
    };
    let move_label = |label: Label| Label { span: moved(&label.span, blank), text: label.text };
    Diagnostic {
        message,
        span: problem.span.map(|span| moved(&span, blank)),
        labels: problem.labels.into_iter().map(move_label).collect(),
        trace: problem.trace,
        hints: vec!["look at it with `mxprov vault view`".to_string()],
    }
}

fn secret(node: Node, blank: &Arc<Source>) -> Node {
    let content = match node.content {
        Content::Scalar(value) => Content::Scalar(secret_scalar(value, blank)),
        Content::Sequence(items) => {
            Content::Sequence(items.into_iter().map(|item| secret(item, blank)).collect())
        }
        Content::Mapping(entries) => Content::Mapping(
            entries
                .into_iter()
                .map(|(key, value)| (relocated(key, blank), secret(value, blank)))
                .collect(),
        ),
    };
    Node { content, span: moved(&node.span, blank) }
}

/// Keys are names, not secrets; only their place moves.
fn relocated(key: Node, blank: &Arc<Source>) -> Node {
    let span = moved(&key.span, blank);
    let content = match key.content {
        Content::Scalar(Value::Str(text)) => {
            Content::Scalar(Value::Str(text.with_origin(Some(span.clone()))))
        }
        other => other,
    };
    Node { content, span }
}

fn secret_scalar(value: Value, blank: &Arc<Source>) -> Value {
    match value {
        Value::Str(text) => {
            let origin = text.origin().map(|span| moved(span, blank));
            Value::Str(text.secret().with_origin(origin))
        }
        Value::Encrypted(inner) => {
            let origin = inner.origin.as_ref().map(|span| moved(span, blank));
            Value::Encrypted(Arc::new(Encrypted::new(inner.envelope.clone(), origin)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Tree;

    /// Opens nothing real: the text after the first line is the clear text.
    #[derive(Default)]
    struct Open(Redactor);

    impl Unseal for Open {
        fn unseal(&self, sealed: &Arc<Source>) -> Result<String, Diagnostic> {
            Ok(sealed.text.split_once('\n').unwrap().1.to_string())
        }

        fn redactor(&self) -> &Redactor {
            &self.0
        }
    }

    #[test]
    fn a_vaulted_file_gives_secrets_with_places_that_show_nothing() {
        let tree = Tree::new([("v.yml", "$ANSIBLE_VAULT;1.1;AES256\na: hidden1\n")]);
        let open = Open::default();
        let node = read(&tree, &open, Path::new("v.yml")).unwrap();
        let value = node.entry("a").unwrap().1;
        assert_eq!(format!("{:?}", value.to_value()), crate::value::MASK);
        assert_eq!(value.span.to_string(), "v.yml:1:4");
        assert_eq!(value.span.text(), "*******");
        assert_eq!(open.0.mask("is hidden1"), format!("is {}", crate::value::MASK));
    }

    #[test]
    fn a_fault_in_a_vaulted_file_does_not_quote_it() {
        let tree = Tree::new([("v.yml", "$ANSIBLE_VAULT;1.1;AES256\na: {{ hidden1 }}\n")]);
        let problem = read(&tree, &Open::default(), Path::new("v.yml")).unwrap_err();
        assert!(!format!("{problem:?}").contains("hidden1"));
        assert_eq!(problem.span.unwrap().to_string(), "v.yml:1:4");
    }

    #[test]
    fn without_a_password_the_file_is_named() {
        let tree = Tree::new([("v.yml", "$ANSIBLE_VAULT;1.1;AES256\n3031\n")]);
        let problem = read(&tree, &Sealed::default(), Path::new("v.yml")).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "v.yml:1:1: this file is vaulted, and no vault password was given"
        );
    }
}
