//! The tables of components and secrets, as the playbooks have them.

use std::path::Path;

use crate::diagnostic::{Diagnostic, did_you_mean, list_or};
use crate::files::Files;
use crate::yaml::{Node, parse_one};

const COMPONENTS: &str = "playbooks/vars/components.yml";
const SECRETS: &str = "playbooks/vars/secrets.yml";

/// What can run, and the secrets of it.
#[derive(Debug)]
pub struct Catalogue {
    /// Names of components.
    pub components: Vec<String>,
    /// All secrets.
    pub secrets: Vec<Secret>,
}

/// One line of the table of secrets.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The variable.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// How it is come by.
    pub kind: Kind,
}

/// How a secret is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// So many random letters and digits.
    Token(usize),
    /// A signing key of Synapse.
    SigningKey,
    /// Only the user knows it.
    Given,
}

impl Catalogue {
    /// Reads both tables.
    pub fn read(files: &dyn Files) -> Result<Self, Diagnostic> {
        let components = table(files, COMPONENTS, "mxprov_catalogue")?;
        let names = components.as_mapping().unwrap_or_default();
        let names = names.iter().filter_map(|(key, _)| key.as_str().map(str::to_owned)).collect();
        let secrets = table(files, SECRETS, "mxprov_secrets")?;
        let secrets = secrets.as_sequence().unwrap_or_default();
        let secrets = secrets.iter().map(secret).collect::<Result<_, _>>()?;
        Ok(Self { components: names, secrets })
    }

    /// Refuses a name that is not in the table.
    pub fn knows(&self, component: &str) -> Result<(), Diagnostic> {
        if self.components.iter().any(|known| known == component) {
            return Ok(());
        }
        let known = self.components.iter().map(String::as_str);
        let problem = Diagnostic::new(format!("there is no component `{component}`"));
        Err(match did_you_mean(component, known.clone()) {
            Some(other) => problem.hint(format!("did you mean `{other}`?")),
            None => problem.hint(format!("known are {}", list_or(known))),
        })
    }
}

fn table(files: &dyn Files, path: &str, name: &str) -> Result<Node, Diagnostic> {
    let source = files.source(Path::new(path))?;
    let page = parse_one(&source)?;
    match page.entry(name) {
        Some((_, node)) => Ok(node.clone()),
        None => Err(Diagnostic::new(format!("`{name}` is not there")).at(&page.span)),
    }
}

fn secret(node: &Node) -> Result<Secret, Diagnostic> {
    let word = |name: &str| {
        node.entry(name)
            .and_then(|(_, value)| value.as_str().map(str::to_owned))
            .ok_or_else(|| Diagnostic::new(format!("`{name}` is missing")).at(&node.span))
    };
    let length = || {
        let length = match node.entry("length").map(|(_, value)| value.to_value()) {
            Some(crate::value::Value::Int(length)) => usize::try_from(length).ok(),
            _ => None,
        };
        length
            .filter(|length| *length >= 16)
            .ok_or_else(|| Diagnostic::new("`length` is a number, 16 at least").at(&node.span))
    };
    let kind = match word("kind")?.as_str() {
        "token" => Kind::Token(length()?),
        "signing_key" => Kind::SigningKey,
        "given" => Kind::Given,
        other => {
            let problem = format!("`kind` is token, signing_key or given, not `{other}`");
            return Err(Diagnostic::new(problem).at(&node.span));
        }
    };
    Ok(Secret { name: word("name")?, purpose: word("purpose")?, kind })
}

/// What somebody who wants a component should know.
pub fn warning(component: &str) -> Option<&'static str> {
    match component {
        "sliding_sync" => Some(
            "sliding_sync is the archived proxy; today's clients use what Synapse has built in",
        ),
        "dimension" => Some("dimension is archived, and its authors advise against running it"),
        _ => None,
    }
}
