//! Inventories in INI form.
//!
//! Source: Ansible's documentation, "How to build your inventory" and the `ini` inventory plugin.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::address::expand;
use super::draft::Draft;
use super::literal;
use super::words::split;
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::value::Value;

/// What the lines of a section mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hosts,
    Vars,
    Children,
}

/// A line with its place.
#[derive(Clone, Copy)]
struct Line<'a> {
    source: &'a Arc<Source>,
    start: usize,
    text: &'a str,
}

impl Line<'_> {
    /// The place of bytes `start..end` of the line.
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, self.start + start, self.start + end)
    }

    fn whole(&self) -> Span {
        self.span(0, self.text.len())
    }
}

/// A group that was referred to before anything defined it.
struct Pending {
    group: String,
    span: Span,
    kind: Kind,
}

/// Reads an INI inventory into `draft`.
pub fn read(source: &Arc<Source>, draft: &mut Draft) -> Result<(), Diagnostic> {
    let mut reader = Reader {
        draft,
        section: ("ungrouped".to_string(), Kind::Hosts),
        defined: IndexSet::new(),
        pending: vec![],
        waiting: IndexMap::new(),
    };
    reader.defined.extend(reader.draft.groups.keys().cloned());
    let mut start = 0;
    for raw in source.text.split_inclusive('\n') {
        let text = raw.trim_start().trim_start_matches('\u{feff}');
        let indent = raw.len() - text.len();
        let text = text.trim_end();
        if !text.is_empty() && !text.starts_with(['#', ';']) {
            reader.line(Line { source, start: start + indent, text })?;
        }
        start += raw.len();
    }
    reader.finish()
}

struct Reader<'a> {
    draft: &'a mut Draft,
    section: (String, Kind),
    defined: IndexSet<String>,
    pending: Vec<Pending>,
    /// Children that are not there yet, with the parents that wait for them: they are joined where the
    /// child's own section stands, which decides the order of children as in Ansible.
    waiting: IndexMap<String, Vec<(String, Span)>>,
}

impl Reader<'_> {
    fn line(&mut self, line: Line) -> Result<(), Diagnostic> {
        if line.text.starts_with('[') && is_header(line.text) {
            return self.header(line);
        }
        match self.section.1 {
            Kind::Hosts => self.hosts(line),
            Kind::Vars => self.variable(line),
            Kind::Children => self.child(line),
        }
    }

    fn header(&mut self, line: Line) -> Result<(), Diagnostic> {
        let close = line.text.find(']').ok_or_else(|| {
            Diagnostic::new("a section is opened with `[` and never closed").at(&line.whole())
        })?;
        let title = &line.text[1..close];
        let (name, kind) = title.split_once(':').unwrap_or((title, ""));
        let span = line.span(1, 1 + name.len());
        super::draft::check_name("group", name, Some(&span))?;
        let kind = match kind {
            "" if !title.contains(':') => Kind::Hosts,
            "vars" => Kind::Vars,
            "children" => Kind::Children,
            other => {
                return Err(Diagnostic::new(format!("`[{title}]` has the unknown kind `{other}`"))
                    .at(&line.span(2 + name.len(), close))
                    .suggest(other, ["vars", "children"])
                    .hint("a section is `[group]`, `[group:vars]` or `[group:children]`"));
            }
        };
        self.draft.group(name, Some(&span))?;
        if kind == Kind::Vars {
            self.refer(name, &span, kind);
        } else {
            self.defined.insert(name.to_string());
            for (parent, span) in self.waiting.shift_remove(name).unwrap_or_default() {
                self.draft.add_child(&parent, name, Some(&span))?;
            }
        }
        self.section = (name.to_string(), kind);
        Ok(())
    }

    /// Notes a group that some section must define, here or further down.
    fn refer(&mut self, group: &str, span: &Span, kind: Kind) {
        self.pending.push(Pending { group: group.to_string(), span: span.clone(), kind });
    }

    fn hosts(&mut self, line: Line) -> Result<(), Diagnostic> {
        let words = split(line.text).map_err(|problem| {
            Diagnostic::new(problem.message).at(&line.span(problem.at, problem.at + 1))
        })?;
        if let Some(cut) = words.cut {
            self.warn_cut(&line.span(cut, line.text.len()));
        }
        let Some((first, rest)) = words.words.split_first() else { return Ok(()) };
        let span = line.span(first.start, first.end);
        let (hosts, port) = expand(&first.text).map_err(|message| bad_host(&message, &span))?;
        let group = self.section.0.clone();
        for host in &hosts {
            self.draft.add_host(host, &group, Some(&span))?;
            if let Some(port) = port {
                self.draft.host_var(host, "ansible_port", Value::Int(port.into()));
            }
        }
        for word in rest {
            let span = line.span(word.start, word.end);
            let Some((key, text)) = word.text.split_once('=') else {
                return Err(not_an_assignment(&word.text, &span));
            };
            let place = value_place(line, word.start, word.end);
            let value = literal::value(text, &place);
            for host in &hosts {
                self.draft.host_var(host, key, value.clone());
            }
        }
        Ok(())
    }

    fn warn_cut(&mut self, span: &Span) {
        self.draft.warnings.push(
            Diagnostic::new("this `#` starts a comment, and the value ends before it")
                .at(span)
                .hint("put the value in quotes if the `#` belongs to it"),
        );
    }

    fn variable(&mut self, line: Line) -> Result<(), Diagnostic> {
        let Some((key, value)) = line.text.split_once('=') else {
            return Err(
                Diagnostic::new("expected `key=value` in a `:vars` section").at(&line.whole())
            );
        };
        let text = value.trim();
        let start = key.len() + 1 + (value.len() - value.trim_start().len());
        let span = line.span(start, start + text.len());
        let value = literal::value(text, &span);
        let group = self.section.0.clone();
        self.draft.group_var(&group, key.trim(), value, &line.whole())
    }

    fn child(&mut self, line: Line) -> Result<(), Diagnostic> {
        let name = line.text.split('#').next().unwrap_or_default().trim_end();
        let span = line.span(0, name.len());
        if name.contains(char::is_whitespace) || name.contains('=') {
            return Err(Diagnostic::new("a `:children` section holds one group name per line")
                .at(&span)
                .hint("variables of a group go into a `:vars` section"));
        }
        self.refer(name, &span, Kind::Children);
        let parent = self.section.0.clone();
        if self.draft.groups.contains_key(name) {
            return self.draft.add_child(&parent, name, Some(&span));
        }
        self.waiting.entry(name.to_string()).or_default().push((parent, span));
        Ok(())
    }

    fn finish(self) -> Result<(), Diagnostic> {
        for pending in self.pending {
            if self.defined.contains(&pending.group) {
                continue;
            }
            let name = &pending.group;
            let message = match pending.kind {
                Kind::Vars => {
                    format!("`[{name}:vars]` gives variables to the unknown group `{name}`")
                }
                _ => format!("the child group `{name}` is not defined"),
            };
            return Err(Diagnostic::new(message)
                .at(&pending.span)
                .suggest(name, self.defined.iter().map(String::as_str))
                .hint(format!("add a section `[{name}]`, even an empty one")));
        }
        Ok(())
    }
}

/// A line that starts with `[` is a header unless it is a host such as `[::1]:22` or `[a:c]x`.
fn is_header(text: &str) -> bool {
    match text.find(']') {
        None => !text.contains('='),
        Some(close) => {
            let after = text[close + 1..].trim_start();
            let title = &text[1..close];
            (after.is_empty() || after.starts_with('#'))
                && title.parse::<std::net::Ipv6Addr>().is_err()
        }
    }
}

fn bad_host(message: &str, span: &Span) -> Diagnostic {
    Diagnostic::new(message).at(span)
}

fn not_an_assignment(word: &str, span: &Span) -> Diagnostic {
    Diagnostic::new(format!("expected `key=value` after the host, found `{word}`"))
        .at(span)
        .hint("one host per line; a value with blanks needs quotes")
}

/// The place of the value in `key=value`, without plain quotes around it.
fn value_place(line: Line, start: usize, end: usize) -> Span {
    let word = &line.text[start..end];
    let value = word.find('=').map_or(0, |equals| equals + 1);
    let text = &word[value..];
    let quoted = text.len() >= 2
        && text.starts_with(['"', '\''])
        && text.ends_with(&text[..1])
        && text.matches(&text[..1]).count() == 2;
    let cut = usize::from(quoted);
    line.span(start + value + cut, end - cut)
}
