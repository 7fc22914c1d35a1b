//! Lookups in tables: CSV and INI files.

use super::{Lookup, lookup};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::{Folder, file, python, regex};
use crate::value::{Str, Value};

pub(super) const LOOKUPS: &[Lookup] = &[
    lookup("csvfile", &["*", "file", "delimiter", "col", "default", "keycol"], csvfile),
    lookup("ini", &["*", "section", "file", "default", "re", "type"], ini),
];

fn text(session: &Session<'_>, name: &str) -> Result<Str, Stop> {
    let found = session.context.files.find(Folder::Files, name);
    let path = found.ok_or_else(|| Stop::error(format!("there is no file `{name}`")))?;
    file::text(session, &path)
}

/// A term's key and its `name=value` words over the lookup's options.
fn words(term: &str) -> (String, Vec<(String, String)>) {
    let mut key = Vec::new();
    let mut options = Vec::new();
    for word in term.split(' ') {
        match word.split_once('=') {
            Some((name, value)) => options.push((name.to_string(), value.to_string())),
            None => key.push(word),
        }
    }
    (key.join(" "), options)
}

struct Options<'a> {
    bound: &'a Bound,
    words: Vec<(String, String)>,
}

impl Options<'_> {
    fn get(&self, name: &str, index: usize, default: &str) -> Result<String, Stop> {
        match self.words.iter().find(|(known, _)| known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => Ok(self.bound.text_or(index, default)?.to_string()),
        }
    }
}

fn csvfile(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let mut values = Vec::new();
    for term in &arguments.rest {
        let (key, words) = words(&python::text(term)?);
        let options = Options { bound: arguments, words };
        let delimiter = match options.get("delimiter", 2, "TAB")?.as_str() {
            "TAB" | "t" | "\\t" => '\t',
            other => other.chars().next().unwrap_or('\t'),
        };
        let number = |text: String| {
            text.parse::<usize>().map_err(|_| Stop::error(format!("`{text}` is no column")))
        };
        let column = number(options.get("col", 3, "1")?)?;
        let key_column = number(options.get("keycol", 5, "0")?)?;
        let table = text(session, &options.get("file", 1, "ansible.csv")?)?;
        let row = rows(table.as_str(), delimiter)
            .into_iter()
            .find(|row| row.get(key_column) == Some(&key));
        let found = match row {
            Some(row) => row
                .get(column)
                .cloned()
                .ok_or_else(|| Stop::error(format!("the row of `{key}` has no column {column}")))?,
            None => match arguments.set(4) {
                Some(default) => python::text(default)?.to_string(),
                None => continue,
            },
        };
        values.push(Value::data(found));
    }
    Ok(values)
}

/// RFC 4180: fields in quotes may hold delimiters, newlines and doubled quotes.
fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(field) = rows.last_mut().and_then(|row| row.last_mut()) else { break };
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted || field.is_empty() => quoted = !quoted,
            '\n' if !quoted => rows.push(vec![String::new()]),
            '\r' if !quoted => {}
            c if c == delimiter && !quoted => {
                if let Some(row) = rows.last_mut() {
                    row.push(String::new());
                }
            }
            c => field.push(c),
        }
    }
    rows
}

fn ini(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let mut values = Vec::new();
    for term in &arguments.rest {
        let (key, words) = words(&python::text(term)?);
        let options = Options { bound: arguments, words };
        let properties = options.get("type", 5, "ini")? == "properties";
        let section =
            if properties { String::new() } else { options.get("section", 1, "global")? };
        let content = text(session, &options.get("file", 2, "ansible.ini")?)?;
        let entries = section_of(content.as_str(), &section);
        if arguments.flag(4, false)? {
            let pattern = regex::compile(&key, regex::Flags::default())?;
            for (name, value) in entries {
                if regex::finds(&pattern, &name)? {
                    values.push(Value::data(value));
                }
            }
            continue;
        }
        let found = entries.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(&key));
        values.push(match found {
            Some((_, value)) => Value::data(value),
            None => arguments.set(3).cloned().unwrap_or_else(|| Value::data("")),
        });
    }
    Ok(values)
}

fn section_of(text: &str, wanted: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_string();
        } else if section == wanted {
            match trimmed.split_once(['=', ':']) {
                Some((name, value)) => {
                    entries.push((name.trim().to_string(), value.trim().to_string()));
                }
                None => entries.push((trimmed.to_string(), String::new())),
            }
        }
    }
    entries
}
