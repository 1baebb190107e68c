//! The measure of a numeric parameter: values ⇄ [0, 1] so that equal lengths are equally likely.

use crate::normal;

/// Turns values of a bounded distribution into their cumulative share, and back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ruler {
    /// Works on logarithms.
    log: bool,
    /// Mean and standard deviation where the distribution is normal, in the ruler's scale.
    normal: Option<(f64, f64)>,
    /// Ends, in the ruler's scale.
    lo: f64,
    hi: f64,
}

impl Ruler {
    /// A ruler from `min` to `max`, `min` < `max`; `0 < min` where `log`.
    ///
    /// The normal distributions are Katib's: mean in the middle of the bounds, which are three
    /// standard deviations away; cut off at the bounds.
    pub(super) fn new(log: bool, normal: bool, min: f64, max: f64) -> Ruler {
        let scale = |x: f64| if log { x.ln() } else { x };
        let (lo, hi) = (scale(min), scale(max));
        let normal = normal.then(|| (lo / 2.0 + hi / 2.0, hi / 6.0 - lo / 6.0));
        Ruler { log, normal, lo, hi }
    }

    /// The same ruler with ends moved outward, so that the first and the last of evenly spaced
    /// values own as wide a cell as their neighbours: half the first and the last gap.
    pub(super) fn widened(mut self, first_gap_middle: f64, last_gap_middle: f64) -> Ruler {
        self.lo -= self.scaled(first_gap_middle) - self.lo;
        self.hi += self.hi - self.scaled(last_gap_middle);
        self
    }

    /// The share of the distribution below `x`.
    pub(super) fn unit(&self, x: f64) -> f64 {
        let t = self.scaled(x);
        let u = match self.normal {
            None => (t / 2.0 - self.lo / 2.0) / (self.hi / 2.0 - self.lo / 2.0),
            Some((mu, sigma)) => {
                let below = |t: f64| normal::cdf((t - mu) / sigma);
                (below(t) - below(self.lo)) / (below(self.hi) - below(self.lo))
            }
        };
        u.clamp(0.0, 1.0)
    }

    /// The value that has share `u` of the distribution below it.
    pub(super) fn value(&self, u: f64) -> f64 {
        let t = match self.normal {
            // Not lo + u (hi − lo), which overflows and which misses hi at u = 1.
            None => self.lo * (1.0 - u) + self.hi * u,
            Some((mu, sigma)) => normal::truncated(mu, sigma, self.lo, self.hi, u),
        };
        if self.log { t.exp() } else { t }
    }

    fn scaled(&self, x: f64) -> f64 {
        if self.log { x.ln() } else { x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_shares_invert_each_other() {
        for (log, normal) in [(false, false), (true, false), (false, true), (true, true)] {
            let ruler = Ruler::new(log, normal, 0.001, 10.0);
            for i in 0..=20 {
                let u = f64::from(i) / 20.0;
                let again = ruler.unit(ruler.value(u));
                assert!((again - u).abs() < 1e-9, "log {log}, normal {normal}: {u} → {again}");
            }
        }
    }

    #[test]
    fn the_widest_bounds_do_not_overflow() {
        let ruler = Ruler::new(false, false, f64::MIN, f64::MAX);
        assert_eq!(ruler.unit(0.0), 0.5);
        assert_eq!(ruler.value(0.5), 0.0);
        assert_eq!(ruler.value(1.0), f64::MAX);
    }
}
