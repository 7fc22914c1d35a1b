//! Lists put together: pairs, products, choices.

use super::{Filter, structural};
use crate::template::arguments::{Bound, items};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::value::Value;

/// No result is longer than this.
const LONGEST: usize = 1_000_000;

pub(super) const FILTERS: &[Filter] = &[
    structural("zip", &["*", "strict"], zip),
    structural("zip_longest", &["*", "fillvalue"], zip_longest),
    structural("product", &["*", "repeat"], product),
    structural("permutations", &["size"], |_, input, b| choices(input, b, true)),
    structural("combinations", &["size"], |_, input, b| choices(input, b, false)),
];

fn columns(input: &Value, arguments: &Bound) -> Result<Vec<Vec<Value>>, Stop> {
    std::iter::once(input).chain(&arguments.rest).map(items).collect()
}

fn zip(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let columns = columns(input, arguments)?;
    let shortest = columns.iter().map(Vec::len).min().unwrap_or(0);
    if arguments.flag(1, false)? && columns.iter().any(|column| column.len() != shortest) {
        return Err(Stop::error("the lists differ in length"));
    }
    Ok(Value::list(
        (0..shortest)
            .map(|row| Value::list(columns.iter().filter_map(|column| column.get(row).cloned()))),
    ))
}

fn zip_longest(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let columns = columns(input, arguments)?;
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let fill = arguments.value(1).cloned().unwrap_or(Value::Null);
    Ok(Value::list((0..longest).map(|row| {
        Value::list(columns.iter().map(|column| column.get(row).unwrap_or(&fill).clone()))
    })))
}

fn product(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let columns = columns(input, arguments)?;
    let times = usize::try_from(arguments.integer(1, 1)?).unwrap_or(1);
    let columns: Vec<Vec<Value>> = std::iter::repeat_n(columns, times.min(20)).flatten().collect();
    Ok(Value::list(all_of(&columns)?.into_iter().map(Value::list)))
}

/// Every choice of one item per column, the last column turning fastest.
pub(crate) fn all_of(columns: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, Stop> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in columns {
        if rows.len().saturating_mul(column.len()) > LONGEST {
            return Err(Stop::error(format!("gives more than {LONGEST} items")));
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                column.iter().map(move |item| {
                    let mut longer = row.clone();
                    longer.push(item.clone());
                    longer
                })
            })
            .collect();
    }
    Ok(rows)
}

fn choices(input: &Value, arguments: &Bound, ordered: bool) -> Result<Value, Stop> {
    let values = items(input)?;
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let size = usize::try_from(arguments.integer(0, length)?).unwrap_or(0);
    let mut found = Vec::new();
    let mut chosen = Vec::new();
    choose(&values, size, ordered, &mut chosen, &mut found)?;
    Ok(Value::list(found))
}

fn choose(
    values: &[Value],
    size: usize,
    ordered: bool,
    chosen: &mut Vec<usize>,
    found: &mut Vec<Value>,
) -> Result<(), Stop> {
    if chosen.len() == size {
        if found.len() == LONGEST {
            return Err(Stop::error(format!("gives more than {LONGEST} items")));
        }
        found.push(Value::list(chosen.iter().map(|index| values[*index].clone())));
        return Ok(());
    }
    let first = if ordered { 0 } else { chosen.last().map_or(0, |last| last + 1) };
    for index in first..values.len() {
        if !chosen.contains(&index) {
            chosen.push(index);
            choose(values, size, ordered, chosen, found)?;
            chosen.pop();
        }
    }
    Ok(())
}
