//! Amounts as Kubernetes writes them: `500m`, `2`, `1Gi`.

use std::ops::Add;

/// An amount, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

impl Amount {
    /// So many.
    #[must_use]
    pub fn whole(count: i64) -> Amount {
        Amount(i128::from(count) * 1000)
    }

    /// The whole number from here up; 0 for what is below.
    #[must_use]
    pub fn rounded(self) -> u64 {
        u64::try_from((self.0.max(0) + 999) / 1000).unwrap_or(u64::MAX)
    }
}

impl Add for Amount {
    type Output = Amount;

    fn add(self, other: Amount) -> Amount {
        Amount(self.0.saturating_add(other.0))
    }
}

/// What a unit multiplies by, in thousandths.
const UNITS: [(&str, i128); 14] = [
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
    ("Ei", 1000 << 60),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("", 1000),
];

/// Reads an amount; parts of a thousandth are rounded up.
#[must_use]
pub fn parse(text: &str) -> Option<Amount> {
    let (unit, factor) = UNITS.iter().find(|(unit, _)| {
        text.strip_suffix(unit)
            .is_some_and(|it| it.ends_with(|it: char| it.is_ascii_digit() || it == '.'))
    })?;
    let digits = text.strip_suffix(unit)?;
    if unit.is_empty() && digits.contains(['e', 'E']) {
        let number: f64 = digits.parse().ok()?;
        return number.is_finite().then(|| Amount((number * 1000.0).ceil() as i128));
    }
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |it: &str| it.bytes().all(|it| it.is_ascii_digit()) && it.len() <= 18;
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let whole = whole.trim_start_matches(['-', '+']);
    if !plain(whole) || !plain(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let number = |it: &str| if it.is_empty() { Some(0) } else { it.parse::<i128>().ok() };
    let scale = 10_i128.pow(u32::try_from(part.len()).ok()?);
    let small = number(part)?.checked_mul(*factor)?;
    let small = small / scale + i128::from(small % scale != 0);
    Some(Amount(sign * number(whole)?.checked_mul(*factor)?.checked_add(small)?))
}

/// Writes an amount of a resource: memory in the largest binary unit that is exact.
#[must_use]
pub fn print(resource: &str, amount: Amount) -> String {
    let Amount(thousandths) = amount;
    if thousandths % 1000 != 0 {
        return format!("{thousandths}m");
    }
    let whole = thousandths / 1000;
    let bytes = resource.ends_with("memory") || resource.ends_with("storage");
    for (unit, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] {
        if bytes && whole != 0 && whole % (1 << shift) == 0 {
            return format!("{}{unit}", whole >> shift);
        }
    }
    whole.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, thousandths) in [
            ("1", Some(1000)),
            ("500m", Some(500)),
            ("0.5", Some(500)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("1Ki", Some(1_024_000)),
            ("2k", Some(2_000_000)),
            ("1e3", Some(1_000_000)),
            ("-1", Some(-1000)),
            ("", None),
            ("Gi", None),
            ("1x", None),
            ("1.2.3", None),
        ] {
            assert_eq!(parse(text), thousandths.map(Amount), "{text}");
        }
        for (resource, text, shown) in [
            ("cpu", "1.5", "1500m"),
            ("cpu", "2000m", "2"),
            ("memory", "2048Mi", "2Gi"),
            ("pods", "3", "3"),
        ] {
            assert_eq!(print(resource, parse(text).unwrap()), shown);
        }
    }
}
