//! Whether two JSON texts say the same in the same order.

use serde_json::Value;

/// Where they differ first; nothing where they do not. Fields must be in the same order, floating point numbers have the same
/// bits, however their digits are written.
pub(crate) fn difference(ours: &str, kafkas: &str) -> Option<String> {
    if ours == kafkas {
        return None;
    }
    match (serde_json::from_str(ours), serde_json::from_str(kafkas)) {
        (Ok(ours), Ok(kafkas)) => between(&ours, &kafkas, String::new()),
        (Err(error), _) => Some(format!("ours is no JSON: {error}: {ours}")),
        (_, Err(error)) => Some(format!("Kafka's is no JSON: {error}")),
    }
}

fn between(ours: &Value, kafkas: &Value, path: String) -> Option<String> {
    match (ours, kafkas) {
        (Value::Object(one), Value::Object(two)) => {
            if !one.keys().eq(two.keys()) {
                let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>().join(" ");
                return Some(format!("{path}: the fields {}, not {}", names(one), names(two)));
            }
            one.iter().zip(two.values()).find_map(|((name, one), two)| between(one, two, format!("{path}.{name}")))
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => one
            .iter()
            .zip(two)
            .enumerate()
            .find_map(|(place, (one, two))| between(one, two, format!("{path}[{place}]"))),
        (Value::Number(one), Value::Number(two)) if !one.is_f64() || !two.is_f64() => {
            (one != two).then(|| format!("{path}: {one}, not {two}"))
        }
        (Value::Number(one), Value::Number(two)) => {
            let bits = |number: &serde_json::Number| number.as_f64().map(f64::to_bits);
            (bits(one) != bits(two)).then(|| format!("{path}: {one}, not {two}"))
        }
        (one, two) => (one != two).then(|| format!("{path}: {one}, not {two}")),
    }
}
