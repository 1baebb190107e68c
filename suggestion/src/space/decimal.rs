//! Numbers as people write them: whole digits and a power of ten, so that steps make no noise.

/// `digits` × 10^−`places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: i128,
    pub(super) places: u32,
}

/// More digits than this cannot be written as whole numbers of 128 bits after a few sums.
const PLACES_MAX: i32 = 30;

impl Decimal {
    /// Reads `-12.5e-3` and the like; nothing when it is no number or needs more than 36 digits.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix(['-', '+']) {
            Some(rest) => (mantissa.starts_with('-'), rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let all = format!("{whole}{fraction}");
        if whole.len() + fraction.len() == 0 && !mantissa.contains('0')
            || 36 < all.trim_start_matches('0').len()
            || !all.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let digits = if all.is_empty() { 0 } else { all.parse::<i128>().ok()? };
        let digits = if negative { -digits } else { digits };
        let places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        if digits == 0 {
            return Some(Decimal { digits, places: 0 });
        }
        match places {
            1..=PLACES_MAX => Some(Decimal { digits, places: places.unsigned_abs() }),
            ..=0 if -PLACES_MAX <= places => {
                let digits = digits.checked_mul(10i128.checked_pow(places.unsigned_abs())?)?;
                Some(Decimal { digits, places: 0 })
            }
            _ => None,
        }
    }

    /// The digits when written with `places` places, which are at least this number's own.
    pub(super) fn at(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(10i128.checked_pow(places.checked_sub(self.places)?)?)
    }

    /// Without a fraction, if it has none.
    pub(super) fn whole(self) -> Option<i128> {
        let unit = 10i128.checked_pow(self.places)?;
        (self.digits % unit == 0).then_some(self.digits / unit)
    }

    /// The nearest whole number; halves go away from zero.
    pub(super) fn rounded(self) -> i128 {
        let unit = 10i128.pow(self.places);
        let half = unit / 2 * self.digits.signum();
        (self.digits + half) / unit
    }

    /// The nearest floating-point number.
    pub(super) fn value(self) -> f64 {
        self.to_string().parse().expect("a decimal is written as a number")
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places = self.places as usize;
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.digits < 0 { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(out, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        let got = Decimal::parse(text).map(|decimal| decimal.to_string());
        assert_eq!(got.as_deref(), want, "{text}");
    }

    #[test]
    fn numbers_are_read_and_written_exactly() {
        check("0.02", Some("0.02"));
        check("-12.50e-3", Some("-0.0125"));
        check("1e3", Some("1000"));
        check("+.5", Some("0.5"));
        check("5.", Some("5"));
        check("0", Some("0"));
        check("0.000", Some("0"));
        check("1e-10", Some("0.0000000001"));
        check("", None);
        check(".", None);
        check("-", None);
        check("1.2.3", None);
        check("0x10", None);
        check("nan", None);
        check("1e-300", None);
        check("1e999999999999", None);
        check("--1", None);
    }

    #[test]
    fn rounding_goes_to_the_nearest() {
        for (text, want) in [("2.5", 3), ("2.4", 2), ("-2.5", -3), ("-0.4", 0), ("7", 7)] {
            assert_eq!(Decimal::parse(text).unwrap().rounded(), want, "{text}");
        }
    }
}
