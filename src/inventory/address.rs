//! Host names as inventories write them: a port, ranges, IPv6 in brackets.

use std::net::Ipv6Addr;

/// More hosts than this from one line are taken for a slip of the finger.
const MOST: usize = 100_000;

/// The hosts of a pattern such as `web[01:10:2].example.com:2222`, and their port.
///
/// Errors are a clause that says what is wrong with the pattern.
pub fn expand(pattern: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (names, port) = split_port(pattern)?;
    if names.parse::<Ipv6Addr>().is_ok() {
        return Ok((vec![names.to_string()], port));
    }
    let hosts = ranges(names)?;
    match hosts.iter().find(|host| !is_plausible(host)) {
        Some(host) => Err(format!("`{host}` is not a host name")),
        None => Ok((hosts, port)),
    }
}

/// Names may hold what aliases hold in practice; blanks and marks of patterns they may not.
fn is_plausible(host: &str) -> bool {
    !host.is_empty()
        && !host.starts_with('-')
        && !host.contains(|c: char| {
            c.is_whitespace() || c.is_control() || ":,;[]{}()&!*?\"'`".contains(c)
        })
}

/// Takes a port off: `host:port`, `[ipv6]:port`.
pub fn split_port(pattern: &str) -> Result<(&str, Option<u16>), String> {
    if pattern.parse::<Ipv6Addr>().is_ok() {
        return Ok((pattern, None));
    }
    if let Some((inside, after)) = pattern.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && inside.parse::<Ipv6Addr>().is_ok()
    {
        return match after.strip_prefix(':') {
            None if after.is_empty() => Ok((inside, None)),
            Some(port) => Ok((inside, Some(number(port)?))),
            None => Err(format!("unexpected `{after}` after the address")),
        };
    }
    match colons_outside_brackets(pattern).as_slice() {
        [] => Ok((pattern, None)),
        [colon] => Ok((&pattern[..*colon], Some(number(&pattern[colon + 1..])?))),
        _ => Err(format!(
            "`{pattern}` has several colons; an IPv6 address with a port needs brackets"
        )),
    }
}

fn colons_outside_brackets(pattern: &str) -> Vec<usize> {
    let mut depth = 0;
    let mut found = Vec::new();
    for (at, c) in pattern.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ':' if depth == 0 => found.push(at),
            _ => {}
        }
    }
    found
}

fn number(port: &str) -> Result<u16, String> {
    match port.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ if port.is_empty() => Err("a `:` at the end must be followed by a port".to_string()),
        _ => Err(format!("`{port}` is not a port (1 to 65535)")),
    }
}

/// Expands all ranges, the first one slowest.
fn ranges(pattern: &str) -> Result<Vec<String>, String> {
    let Some((head, rest)) = pattern.split_once('[') else {
        return Ok(vec![pattern.to_string()]);
    };
    let (range, tail) = rest.split_once(']').ok_or("`[` is opened and never closed")?;
    let tails = ranges(tail)?;
    let steps = range_values(range)?;
    if steps.len() * tails.len() > MOST {
        return Err(format!("the range gives more than {MOST} hosts"));
    }
    Ok(steps
        .iter()
        .flat_map(|step| tails.iter().map(move |tail| format!("{head}{step}{tail}")))
        .collect())
}

fn range_values(range: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match parts.as_slice() {
        [begin, end] => (*begin, *end, "1"),
        [begin, end, step] => (*begin, *end, *step),
        _ => {
            return Err(format!(
                "the range `[{range}]` is not `[begin:end]` or `[begin:end:step]`"
            ));
        }
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    let step: usize = step
        .parse()
        .ok()
        .filter(|step| *step > 0)
        .ok_or_else(|| format!("the step `{step}` of a range must be a positive number"))?;
    let values = if is_letter(begin) && is_letter(end) {
        letters(begin, end)
    } else {
        numbers(begin, end, step)?
    };
    if values.is_empty() {
        return Err(format!("the range `[{range}]` ends before it begins"));
    }
    Ok(values.into_iter().step_by(step).collect())
}

fn is_letter(text: &str) -> bool {
    text.len() == 1 && text.as_bytes()[0].is_ascii_alphabetic()
}

/// `a` to `z`, then `A` to `Z`.
fn letters(begin: &str, end: &str) -> Vec<String> {
    let all: Vec<String> = ('a'..='z').chain('A'..='Z').map(String::from).collect();
    let place = |letter: &str| all.iter().position(|other| other == letter);
    match (place(begin), place(end)) {
        (Some(begin), Some(end)) if begin <= end => all[begin..=end].to_vec(),
        _ => Vec::new(),
    }
}

/// Every number from `begin` to `end`; the caller takes each `step`-th.
fn numbers(begin: &str, end: &str, step: usize) -> Result<Vec<String>, String> {
    let parse = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<usize>().ok().filter(|_| digits).ok_or_else(|| {
            format!("`{text}` is no bound of a range: both must be numbers, or both single letters")
        })
    };
    let (from, to) = (parse(begin)?, parse(end)?);
    let padded = begin.len() > 1 && begin.starts_with('0');
    if padded && begin.len() != end.len() {
        return Err(format!(
            "the bounds `{begin}` and `{end}` must have the same number of digits"
        ));
    }
    if to.saturating_sub(from) / step > MOST {
        return Err(format!("the range gives more than {MOST} hosts"));
    }
    let width = if padded { begin.len() } else { 0 };
    Ok((from..=to).map(|number| format!("{number:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(pattern: &str) -> String {
        match expand(pattern) {
            Ok((hosts, None)) => hosts.join(" "),
            Ok((hosts, Some(port))) => format!("{} @{port}", hosts.join(" ")),
            Err(message) => format!("error: {message}"),
        }
    }

    #[test]
    fn ranges_expand() {
        assert_eq!(hosts("web[01:03]"), "web01 web02 web03");
        assert_eq!(hosts("web[01:10:4]x"), "web01x web05x web09x");
        assert_eq!(hosts("db-[a:c].x:23"), "db-a.x db-b.x db-c.x @23");
        assert_eq!(hosts("[y:B]"), "y z A B");
        assert_eq!(hosts("r[1:2]h[:1]"), "r1h0 r1h1 r2h0 r2h1");
        assert_eq!(hosts("10.0.0.[9:11]"), "10.0.0.9 10.0.0.10 10.0.0.11");
    }

    #[test]
    fn addresses_and_ports_are_told_apart() {
        assert_eq!(hosts("fe80::1"), "fe80::1");
        assert_eq!(hosts("[::1]:22"), "::1 @22");
        assert_eq!(hosts("[::1]"), "::1");
        assert_eq!(hosts("h:2222"), "h @2222");
    }

    #[test]
    fn bad_patterns_say_what_is_wrong() {
        for (pattern, expected) in [
            ("h:", "a `:` at the end must be followed by a port"),
            ("h:70000", "`70000` is not a port (1 to 65535)"),
            ("h[3:1]", "the range `[3:1]` ends before it begins"),
            ("h[c:a]", "the range `[c:a]` ends before it begins"),
            ("h[01:3]", "the bounds `01` and `3` must have the same number of digits"),
            ("h[1:x]", "`x` is no bound of a range: both must be numbers, or both single letters"),
            ("h[1:3", "`[` is opened and never closed"),
            ("h[1]", "the range `[1]` is not `[begin:end]` or `[begin:end:step]`"),
            ("h[1:3:0]", "the step `0` of a range must be a positive number"),
            ("h[1:999999]", "the range gives more than 100000 hosts"),
            ("a b", "`a b` is not a host name"),
            ("-oProxyCommand=x", "`-oProxyCommand=x` is not a host name"),
        ] {
            assert_eq!(hosts(pattern), format!("error: {expected}"), "{pattern}");
        }
    }
}
