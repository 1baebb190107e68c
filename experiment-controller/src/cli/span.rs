//! Spans of time as people write and read them: `90s`, `10m`, `1h 5m`.

use std::time::Duration;

/// Reads `90`, `90s`, `10m`, `2h` or `1d`; plain numbers are seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return Err(format!("needs a span such as 90s, 10m or 2h, got \"{text}\"")),
    };
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && 0.0 <= number && number * factor < 1e10 => {
            Ok(Duration::from_secs_f64(number * factor))
        }
        _ => Err(format!("needs a span such as 90s, 10m or 2h, got \"{text}\"")),
    }
}

/// Two leading units at most: `52s`, `3m 20s`, `1h 5m`, `2d 3h`.
pub(crate) fn show(span: Duration) -> String {
    let seconds = span.as_secs();
    let two = |big: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit} {small}{part}"),
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => two(seconds / 60, "m", seconds % 60, "s"),
        3600..86400 => two(seconds / 3600, "h", seconds % 3600 / 60, "m"),
        _ => two(seconds / 86400, "d", seconds % 86400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(parse(text).ok().map(show).as_deref(), expect, "{text}");
        };
        check("5", Some("5s"));
        check("90s", Some("1m 30s"));
        check("10m", Some("10m"));
        check("1.5h", Some("1h 30m"));
        check("51h", Some("2d 3h"));
        check("2500ms", Some("2s"));
        check("", None);
        check("m", None);
        check("-1s", None);
        check("1y", None);
        check("nan", None);
    }
}
