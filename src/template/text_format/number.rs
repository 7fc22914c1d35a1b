//! Floats with an exponent.

/// `%e`
pub(super) fn exponent(number: f64, precision: usize) -> String {
    let written = format!("{number:.precision$e}");
    let (digits, power) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}

/// `%g`: the shorter of fixed and exponent, without trailing zeros.
pub(super) fn general(number: f64, precision: usize) -> String {
    let scientific = exponent(number, precision - 1);
    let power = scientific.split_once('e').and_then(|(_, power)| power.parse::<i64>().ok());
    let power = power.unwrap_or(0);
    let limit = i64::try_from(precision).unwrap_or(i64::MAX);
    if number != 0.0 && (power < -4 || power >= limit) {
        let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{power}", trimmed(digits));
    }
    let places = usize::try_from(limit - 1 - power).unwrap_or(0);
    trimmed(&format!("{number:.places$}")).to_string()
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}
