//! Lookups that shape lists: what `with_*` stands on.

use super::file::opened;
use super::{Lookup, lookup};
use crate::template::arguments::{Arguments, Bound, list, mapping};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::filter;
use crate::template::member::whole;
use crate::template::{python, text_format};
use crate::value::Value;

pub(super) const LOOKUPS: &[Lookup] = &[
    lookup("items", &["*"], |_, b| opened(&b.rest)),
    lookup("list", &["*"], |_, b| Ok(b.rest.clone())),
    lookup("flattened", &["*"], |_, b| Ok(flattened(&b.rest))),
    lookup("dict", &["*"], dict),
    lookup("nested", &["*"], nested),
    lookup("cartesian", &["*"], nested),
    lookup("together", &["*"], together),
    lookup("indexed_items", &["*"], indexed_items),
    lookup("subelements", &["*"], subelements),
    lookup("random_choice", &["*"], random_choice),
    lookup("sequence", &["*", "start", "end", "stride", "count", "format"], sequence),
];

/// No sequence is longer than this.
const LONGEST: i64 = 1_000_000;

fn flattened(terms: &[Value]) -> Vec<Value> {
    terms
        .iter()
        .flat_map(|term| match term {
            Value::List(inner) => flattened(inner),
            Value::Null => vec![],
            other => vec![other.clone()],
        })
        .collect()
}

fn dict(_: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let mut entries = Vec::new();
    for term in opened(&arguments.rest)? {
        entries.extend(
            whole(mapping(&term)?)?.iter().map(|(key, value)| {
                Value::map([("key", key.to_value()), ("value", value.clone())])
            }),
        );
    }
    Ok(entries)
}

fn columns(terms: &[Value]) -> Result<Vec<Vec<Value>>, Stop> {
    let column = |term: &Value| match term {
        Value::List(inner) => Ok(inner.as_ref().clone()),
        Value::Unknown(unknown) => Err(Stop::Unknown(unknown.clone())),
        other => Ok(vec![other.clone()]),
    };
    terms.iter().map(column).collect()
}

fn nested(_: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    if arguments.rest.is_empty() {
        return Err(Stop::error("wants at least one list"));
    }
    let rows = filter::together::all_of(&columns(&arguments.rest)?)?;
    Ok(rows.into_iter().map(|row| Value::list(flattened(&row))).collect())
}

fn together(_: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let columns = columns(&arguments.rest)?;
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let row = |row: usize| {
        Value::list(columns.iter().map(|column| column.get(row).cloned().unwrap_or(Value::Null)))
    };
    Ok((0..longest).map(row).collect())
}

fn indexed_items(_: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let values = opened(&arguments.rest)?.into_iter();
    Ok(values
        .enumerate()
        .map(|(index, value)| {
            Value::list([Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), value])
        })
        .collect())
}

fn subelements(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let terms = match arguments.rest.as_slice() {
        [Value::List(terms)] => terms.as_ref().clone(),
        terms => terms.to_vec(),
    };
    let [outer, path, options @ ..] = terms.as_slice() else {
        return Err(Stop::error("wants a list and the name of a list inside of its items"));
    };
    let skip = options.first().and_then(|o| o.get("skip_missing")).cloned();
    let given = Arguments::of([path.clone(), skip.unwrap_or(Value::Bool(false))]);
    let pairs = session.filter("subelements", outer.clone(), given)?;
    Ok(list(&pairs)?.to_vec())
}

fn random_choice(_: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let values = opened(&arguments.rest)?;
    if values.is_empty() {
        return Ok(values);
    }
    Ok(vec![values[rand::random_range(0..values.len())].clone()])
}

/// `start=1 end=9 stride=2 format=%02d`, or `1-9/2:%02d`.
fn sequence(_: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let option = |index: usize| arguments.set(index).map(python::text).transpose();
    let given = Sequence {
        start: option(1)?.as_deref().map(integer).transpose()?,
        end: option(2)?.as_deref().map(integer).transpose()?,
        stride: option(3)?.as_deref().map(integer).transpose()?,
        count: option(4)?.as_deref().map(integer).transpose()?,
        format: option(5)?.map(|format| format.to_string()),
    };
    if arguments.rest.is_empty() {
        return given.values();
    }
    let mut values = Vec::new();
    for term in &arguments.rest {
        let mut sequence = given.clone();
        sequence.read(&python::text(term)?)?;
        values.extend(sequence.values()?);
    }
    Ok(values)
}

#[derive(Clone)]
struct Sequence {
    start: Option<i64>,
    end: Option<i64>,
    stride: Option<i64>,
    count: Option<i64>,
    format: Option<String>,
}

/// A number, `0x` and `0` for hexadecimal and octal ones.
fn integer(text: &str) -> Result<i64, Stop> {
    let text = text.trim();
    let parsed = if let Some(digits) = text.strip_prefix("0x") {
        i64::from_str_radix(digits, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        i64::from_str_radix(text.trim_start_matches("0o"), 8)
    } else {
        text.parse()
    };
    parsed.map_err(|_| Stop::error(format!("`{text}` is no number")))
}

impl Sequence {
    fn read(&mut self, term: &str) -> Result<(), Stop> {
        if !term.contains('=') {
            return self.read_short(term);
        }
        for word in term.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "start" => self.start = Some(integer(value)?),
                "end" => self.end = Some(integer(value)?),
                "stride" => self.stride = Some(integer(value)?),
                "count" => self.count = Some(integer(value)?),
                "format" => self.format = Some(value.to_string()),
                other => return Err(Stop::error(format!("unknown option `{other}`"))),
            }
        }
        Ok(())
    }

    fn read_short(&mut self, term: &str) -> Result<(), Stop> {
        let (term, format) = term.split_once(':').map_or((term, None), |(t, f)| (t, Some(f)));
        let (range, stride) = term.split_once('/').map_or((term, None), |(r, s)| (r, Some(s)));
        match range.split_once('-').filter(|(start, _)| !start.is_empty()) {
            Some((start, end)) => {
                (self.start, self.end) = (Some(integer(start)?), Some(integer(end)?));
            }
            None => self.end = Some(integer(range)?),
        }
        if let Some(stride) = stride {
            self.stride = Some(integer(stride)?);
        }
        if let Some(format) = format {
            self.format = Some(format.to_string());
        }
        Ok(())
    }

    fn values(&self) -> Result<Vec<Value>, Stop> {
        let start = self.start.unwrap_or(1);
        let stride = self.stride.unwrap_or(1);
        let end = match (self.count, self.end) {
            (Some(_), Some(_)) => return Err(Stop::error("`count` and `end` exclude each other")),
            (Some(0), _) => return Ok(Vec::new()),
            (Some(count), None) => start + (count - 1) * stride,
            (None, Some(end)) => end,
            (None, None) => return Err(Stop::error("wants `end` or `count`")),
        };
        if stride == 0 || (stride > 0 && end < start) || (stride < 0 && end > start) {
            if stride != 0 && self.count.is_none() && self.stride.is_none() {
                return Err(Stop::error(format!("cannot count from {start} to {end}"))
                    .hint("to count down, set `stride=-1`"));
            }
            return Ok(Vec::new());
        }
        if (end - start) / stride > LONGEST {
            return Err(Stop::error(format!("gives more than {LONGEST} items")));
        }
        let mut values = Vec::new();
        let mut at = start;
        while if stride > 0 { at <= end } else { at >= end } {
            let text = match &self.format {
                Some(format) => text_format::percent(format, &[Value::Int(at)], None)?,
                None => at.to_string().into(),
            };
            values.push(Value::data(text));
            at += stride;
        }
        Ok(values)
    }
}
