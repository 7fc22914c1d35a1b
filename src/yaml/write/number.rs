//! Floating point numbers as Python prints them, made fit for YAML.

/// `1.5`, `1.0e+16`, `.inf`.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_string();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_string();
    }
    let text = format!("{value:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, power) = exponent.strip_prefix('-').map_or(('+', exponent), |power| ('-', power));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}e{sign}{power:0>2}")
}
