//! The names that must lead to the host.

use crate::resource::dns::{canonical, is_below};
use crate::value::Value;

/// One name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The name, canonical.
    pub name: String,
    /// What answers there: `matrix`, `element and dimension`.
    pub component: String,
    /// It must lead straight to the host (UDP cannot pass a content delivery network).
    pub direct: bool,
    /// Another server answers there, and knowingly so.
    pub elsewhere: bool,
}

/// The domain, the Matrix name if it has one, and those of components; each name once.
pub fn subjects(
    domain: &str,
    matrix_name: Option<&str>,
    names: &[Value],
) -> Result<Vec<Subject>, String> {
    let mut all = vec![subject(domain, "@", "the domain", false)?];
    if let Some(label) = matrix_name {
        add(&mut all, subject(domain, label, "matrix", false)?);
    }
    for entry in names {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let (Some(label), Some(component)) = (text("name"), text("component")) else {
            return Err("an entry of `names` must have `name` and `component`".into());
        };
        let direct = match entry.get("direct") {
            None | Some(Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err(format!("`direct` of `{component}` must be true or false")),
        };
        add(&mut all, subject(domain, label, component, direct)?);
    }
    Ok(all)
}

fn add(all: &mut Vec<Subject>, one: Subject) {
    match all.iter_mut().find(|known| known.name == one.name) {
        Some(known) => {
            known.direct |= one.direct;
            known.component = format!("{} and {}", known.component, one.component);
        }
        None => all.push(one),
    }
}

/// The whole name of a label below the domain, canonical.
pub fn name_below(domain: &str, label: &str) -> Result<String, String> {
    match label.trim() {
        "@" | "" => Ok(domain.to_string()),
        whole if whole.ends_with('.') => canonical(whole),
        label => match canonical(label)? {
            whole if is_below(&whole, domain) => Ok(whole),
            label => canonical(&format!("{label}.{domain}")),
        },
    }
}

fn subject(domain: &str, label: &str, component: &str, direct: bool) -> Result<Subject, String> {
    let name = name_below(domain, label)?;
    Ok(Subject { name, component: component.to_string(), direct, elsewhere: false })
}
