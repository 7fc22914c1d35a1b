//! Many host names in few words: `web[01-08]`.

use std::collections::BTreeMap;

/// The names, runs of numbers folded: `db1, web[01-03]`.
pub fn hosts<S: AsRef<str>>(names: &[S]) -> String {
    let mut stems: Vec<(String, String, BTreeMap<u64, usize>)> = Vec::new();
    for name in names {
        let (head, digits, tail) = split(name.as_ref());
        let Ok(number) = digits.parse::<u64>() else {
            stems.push((name.as_ref().to_string(), String::new(), BTreeMap::new()));
            continue;
        };
        let known = stems.iter_mut().find(|(stem, rest, numbers)| {
            stem == head && rest == tail && numbers.values().next() == Some(&digits.len())
        });
        match known {
            Some((_, _, numbers)) => {
                numbers.insert(number, digits.len());
            }
            None => stems.push((head.into(), tail.into(), [(number, digits.len())].into())),
        }
    }
    let folded: Vec<String> = stems
        .iter()
        .flat_map(|(head, tail, numbers)| {
            if numbers.is_empty() {
                return vec![head.clone()];
            }
            runs(numbers).into_iter().map(|run| format!("{head}{run}{tail}")).collect()
        })
        .collect();
    folded.join(", ")
}

/// The name around its last number.
fn split(name: &str) -> (&str, &str, &str) {
    let label = name.find('.').unwrap_or(name.len());
    // A number in the first label names the host; an address is a name like any other.
    let is_address = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b':');
    let end = name[..label].rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1);
    match end.filter(|_| !is_address) {
        None => (name, "", ""),
        Some(end) => {
            let start = name[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
            (&name[..start], &name[start..end], &name[end..])
        }
    }
}

fn runs(numbers: &BTreeMap<u64, usize>) -> Vec<String> {
    let mut runs: Vec<(u64, u64, usize)> = Vec::new();
    for (&number, &width) in numbers {
        match runs.last_mut() {
            Some((_, last, _)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number, width)),
        }
    }
    runs.into_iter()
        .map(|(first, last, width)| {
            if first == last {
                format!("{first:0width$}")
            } else {
                format!("[{first:0width$}-{last:0width$}]")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::hosts;

    #[test]
    fn runs_of_numbers_are_folded() {
        assert_eq!(hosts(&["web01", "web02", "web03", "db"]), "web[01-03], db");
        assert_eq!(hosts(&["web1", "web3"]), "web1, web3");
        assert_eq!(hosts(&["10.0.0.1", "10.0.0.2"]), "10.0.0.1, 10.0.0.2");
        assert_eq!(hosts(&["n1.example.org", "n2.example.org"]), "n[1-2].example.org");
    }
}
