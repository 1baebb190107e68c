//! The values that one parameter may take: text ⇄ coordinate.

use super::decimal::Decimal;
use super::ruler::Ruler;
use super::{Axis, Coordinate, Kind};

/// The values of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Domain {
    /// Every number from `lo` to `hi`, `lo` < `hi`.
    Real(Reals),
    /// Evenly spaced numbers.
    Steps(Steps),
    /// Numbers from a list: their texts in ascending order, and their values.
    Ordinal { texts: Vec<String>, values: Vec<f64> },
    /// Names from a list, in the owner's order.
    Categorical { texts: Vec<String> },
}

/// The numbers between two bounds, to 12 or 13 digits: enough for any use, few enough that a value
/// that went through text and back is the same point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reals {
    lo: f64,
    hi: f64,
    ruler: Ruler,
    /// How many places are kept; where none, 12 significant digits are.
    places: Option<i32>,
}

impl Reals {
    /// The numbers from `lo` to `hi`, `lo` < `hi`; a wide logarithmic range keeps its small
    /// numbers apart by significant digits.
    pub(super) fn new(lo: f64, hi: f64, log: bool, normal: bool) -> Reals {
        let wide = log && 2.0 < hi / lo;
        let range = (hi / 2.0 - lo / 2.0).log10().floor() as i32;
        let places = (!wide).then_some(12 - range);
        Reals { lo, hi, ruler: Ruler::new(log, normal, lo, hi), places }
    }

    /// The number at share `u`.
    fn value(&self, u: f64) -> f64 {
        let x = self.ruler.value(u);
        let text = match self.places {
            Some(places @ 0..=300) => format!("{x:.*}", places.unsigned_abs() as usize),
            Some(_) if x.abs() < 1.0 => "0".into(),
            Some(places) => {
                let digits = x.abs().log10().floor() as i32 + places;
                format!("{x:.*e}", usize::try_from(digits).unwrap_or(0))
            }
            None => format!("{x:.11e}"),
        };
        text.parse::<f64>().unwrap_or(x).clamp(self.lo, self.hi)
    }
}

/// `start`, `start + step`, … : `levels` numbers, kept as whole multiples of 10^−`places`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    pub(super) start: i128,
    pub(super) step: i128,
    pub(super) places: u32,
    pub(super) levels: u64,
    /// Written as whole numbers (int).
    pub(super) whole: bool,
    /// None where there is but one level.
    pub(super) ruler: Option<Ruler>,
}

impl Steps {
    /// The exact number at `level`.
    fn decimal(&self, level: u64) -> Decimal {
        let digits = self.start + self.step * i128::from(level);
        let exact = Decimal { digits, places: self.places };
        if self.whole { Decimal { digits: exact.rounded(), places: 0 } } else { exact }
    }

    /// The level whose number is nearest to `x`.
    fn nearest(&self, x: f64) -> u64 {
        let unit = 10f64.powi(-self.places.cast_signed());
        let level = ((x - self.start as f64 * unit) / (self.step as f64 * unit)).round();
        (level.max(0.0) as u64).min(self.levels - 1)
    }

    /// The number in the middle between `level` − 1 and `level`.
    pub(super) fn between(&self, level: u64) -> f64 {
        let unit = 10f64.powi(-self.places.cast_signed());
        (self.start as f64 + self.step as f64 * (level as f64 - 0.5)) * unit
    }

    /// The share of the distribution that belongs to `level`, as its ends.
    fn cell(&self, level: u64) -> (f64, f64) {
        let Some(ruler) = &self.ruler else { return (0.0, 1.0) };
        let lo = if level == 0 { 0.0 } else { ruler.unit(self.between(level)) };
        let hi = if level + 1 == self.levels { 1.0 } else { ruler.unit(self.between(level + 1)) };
        (lo, hi)
    }
}

impl Domain {
    pub(super) fn axis(&self) -> Axis {
        match self {
            Domain::Real(_) => Axis { kind: Kind::Real, levels: None },
            Domain::Steps(steps) => Axis { kind: Kind::Integer, levels: Some(steps.levels) },
            Domain::Ordinal { texts, .. } => {
                Axis { kind: Kind::Ordinal, levels: Some(texts.len() as u64) }
            }
            Domain::Categorical { texts } => {
                Axis { kind: Kind::Categorical, levels: Some(texts.len() as u64) }
            }
        }
    }

    /// The coordinate at `u` in [0, 1], exactly as it will be read back from its text.
    pub(super) fn coordinate(&self, u: f64) -> Coordinate {
        let level = |n: usize| Coordinate::Level(((u * n as f64) as u64).min(n as u64 - 1));
        match self {
            Domain::Real(reals) => Coordinate::Real(reals.ruler.unit(reals.value(u))),
            Domain::Steps(steps) => Coordinate::Level(match &steps.ruler {
                Some(ruler) => steps.nearest(ruler.value(u)),
                None => 0,
            }),
            Domain::Ordinal { texts, .. } | Domain::Categorical { texts } => level(texts.len()),
        }
    }

    /// The ends of a coordinate's share of [0, 1]; both the same for a real one.
    pub(super) fn cell(&self, coordinate: Coordinate) -> (f64, f64) {
        match (self, coordinate) {
            (_, Coordinate::Inactive) => (0.0, 1.0),
            (_, Coordinate::Real(u)) => (u, u),
            (Domain::Steps(steps), Coordinate::Level(level)) => steps.cell(level),
            (domain, Coordinate::Level(level)) => {
                let n = domain.axis().levels.unwrap_or(1) as f64;
                (level as f64 / n, (level + 1) as f64 / n)
            }
        }
    }

    /// The value of a coordinate times `factor`, within the bounds; another one where there is one
    /// that near. None where values are not for multiplying.
    pub(super) fn scaled(&self, coordinate: Coordinate, factor: f64) -> Option<Coordinate> {
        match (self, coordinate) {
            (Domain::Real(reals), Coordinate::Real(u)) => {
                let x = (reals.value(u) * factor).clamp(reals.lo, reals.hi);
                Some(self.coordinate(reals.ruler.unit(x)))
            }
            (Domain::Steps(steps), Coordinate::Level(level)) => {
                let from = steps.decimal(level).value();
                let x = from * factor;
                let up = from < x || (from == x && 1.0 < factor);
                let to = match steps.nearest(x) {
                    to if to != level => to,
                    _ if up => (level + 1).min(steps.levels - 1),
                    _ => level.saturating_sub(1),
                };
                Some(Coordinate::Level(to))
            }
            _ => None,
        }
    }

    /// The text of a coordinate; none where it is inactive or of another domain.
    pub(super) fn text(&self, coordinate: Coordinate) -> Option<String> {
        match (self, coordinate) {
            (Domain::Real(reals), Coordinate::Real(u)) => Some(shortest(reals.value(u))),
            (Domain::Steps(steps), Coordinate::Level(level)) => {
                (level < steps.levels).then(|| steps.decimal(level).to_string())
            }
            (
                Domain::Ordinal { texts, .. } | Domain::Categorical { texts },
                Coordinate::Level(level),
            ) => texts.get(usize::try_from(level).ok()?).cloned(),
            _ => None,
        }
    }

    /// The coordinate of a text; none where this domain has no such value. Numbers may be written
    /// in any way (`3`, `3.0`, `0.020000000000000004`).
    pub(super) fn coordinate_of(&self, text: &str) -> Option<Coordinate> {
        let number = || text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= 1e-9 * scale.abs();
        match self {
            Domain::Real(Reals { lo, hi, ruler, .. }) => {
                let x = number()?;
                let inside = *lo <= x && x <= *hi || close(x, *lo, *lo) || close(x, *hi, *hi);
                inside.then(|| Coordinate::Real(ruler.unit(x.clamp(*lo, *hi))))
            }
            Domain::Steps(steps) => {
                let level = steps.nearest(number()?);
                let exact = steps.decimal(level);
                if Decimal::parse(text) == Some(exact) {
                    return Some(Coordinate::Level(level));
                }
                let step = steps.between(1) - steps.between(0);
                let value = exact.value();
                close(number()?, value, value.abs() + step).then_some(Coordinate::Level(level))
            }
            Domain::Ordinal { texts, values } => {
                let exact = texts.iter().position(|known| known == text);
                let equal = || {
                    let x = number()?;
                    values.iter().position(|value| close(x, *value, *value))
                };
                exact.or_else(equal).map(|level| Coordinate::Level(level as u64))
            }
            Domain::Categorical { texts } => {
                let level = texts.iter().position(|known| known == text)?;
                Some(Coordinate::Level(level as u64))
            }
        }
    }
}

/// The shortest text that reads back as exactly `x`; very large and small ones with an exponent.
fn shortest(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".into()
    } else if (1e-5..1e16).contains(&size) {
        format!("{x}")
    } else {
        format!("{x:e}")
    }
}
