//! Axes bent so that the losses change evenly along them: Kumaraswamy's distribution function,
//! 1 − (1 − xᵃ)ᵇ, monotone from [0, 1] onto [0, 1] (Snoek et al., *Input Warping for Bayesian
//! Optimization of Non-Stationary Functions*, ICML 2014, which takes the Beta distribution's; this
//! one has a closed form, and HEBO takes it: Cowen-Rivers et al., JAIR 2022, §4.1).
//!
//! It mends a wrong choice between a linear and a logarithmic scale, in either direction.

/// How near an end of the axis a place may be: the derivatives have no limit there.
const END: f64 = 1e-6;

/// How one axis is bent; a = b = 1 leaves it straight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bend {
    /// a: below 1 the beginning of the axis is stretched.
    pub(crate) a: f64,
    /// b: below 1 its end is.
    pub(crate) b: f64,
}

impl Bend {
    /// Out of ln a and ln b.
    pub(super) fn of_logs(ln_a: f64, ln_b: f64) -> Bend {
        Bend { a: ln_a.clamp(-3.0, 3.0).exp(), b: ln_b.clamp(-3.0, 3.0).exp() }
    }

    /// Where `x` goes; what is no number (an inactive axis) stays that.
    pub(crate) fn at(self, x: f64) -> f64 {
        let x = x.clamp(0.0, 1.0);
        1.0 - (1.0 - x.powf(self.a)).powf(self.b)
    }

    /// The derivatives of that by ln a and ln b.
    pub(super) fn slopes(self, x: f64) -> (f64, f64) {
        let x = x.clamp(END, 1.0 - END);
        let power = x.powf(self.a);
        let rest = (1.0 - power).max(f64::MIN_POSITIVE);
        let by_a = self.a * self.b * rest.powf(self.b - 1.0) * power * x.ln();
        let by_b = -self.b * rest.powf(self.b) * rest.ln();
        (by_a, by_b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_order_are_kept_and_one_is_straight() {
        for (ln_a, ln_b) in [(0.0, 0.0), (1.0, -0.5), (-2.0, 2.0), (9.0, -9.0)] {
            let bend = Bend::of_logs(ln_a, ln_b);
            assert_eq!((bend.at(0.0), bend.at(1.0)), (0.0, 1.0));
            assert!(bend.at(f64::NAN).is_nan());
            let all: Vec<f64> = (0..=100).map(|i| bend.at(f64::from(i) / 100.0)).collect();
            assert!(all.windows(2).all(|pair| pair[0] <= pair[1]), "{bend:?}");
        }
        assert!((Bend::of_logs(0.0, 0.0).at(0.3) - 0.3).abs() < 1e-15);
    }

    #[test]
    fn slopes_are_derivatives() {
        for (ln_a, ln_b) in [(0.0, 0.0), (1.0, -0.5), (-0.7, 0.9)] {
            for x in [0.01, 0.3, 0.9] {
                let h = 1e-6;
                let at = |da: f64, db: f64| Bend::of_logs(ln_a + da, ln_b + db).at(x);
                let by_a = (at(h, 0.0) - at(-h, 0.0)) / (2.0 * h);
                let by_b = (at(0.0, h) - at(0.0, -h)) / (2.0 * h);
                let got = Bend::of_logs(ln_a, ln_b).slopes(x);
                assert!((got.0 - by_a).abs() < 1e-7 && (got.1 - by_b).abs() < 1e-7, "{x}: {got:?}");
            }
        }
    }
}
