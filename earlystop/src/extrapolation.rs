//! `curve`: stops a trial whose learning curve will probably not reach the best one.
//!
//! Extrapolation of learning curves (Domhan, Springenberg, Hutter, *Speeding up Automatic
//! Hyperparameter Optimization of Deep Neural Networks by Extrapolation of Learning Curves*,
//! IJCAI 2015): many parametric shapes are fitted, and their forecasts count by how well they
//! explain what was seen. There by Markov chains over all parameters; here each shape is linear
//! once its exponent is fixed, so a grid of exponents with the closed form of Bayesian linear
//! regression gives weights and forecasts without any sampling: the same curve, the same answer.

use std::f64::consts::{E, SQRT_2};

use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec};

use crate::curve::{Curve, Standing};
use crate::registry::{Entry, fits};
use crate::rule::Decide;

/// Longer curves are thinned out to so many points before they are fitted.
const POINTS_MAX: usize = 100;

pub(crate) const ENTRY: Entry = Entry {
    name: "curve",
    about: "Stops a trial that will probably not beat the best one by its last step, by \
            extrapolating its learning curve (Domhan et al., IJCAI 2015).",
    settings: &[
        SettingSpec {
            name: "probability",
            default: "0.05",
            range: Range::Between {
                lo: 0.0,
                hi: 1.0,
                fault: "probability should be in the range of (0, 1), got {}",
            },
            meaning: "A trial whose chance to beat the best one is smaller is stopped.",
        },
        SettingSpec {
            name: "max_resource",
            default: "None",
            range: Range::OrNone(&Range::Whole {
                min: 1,
                fault: "max_resource must be greater than zero, got {}",
            }),
            meaning: "The step for which the forecast is made; None takes the last step of the \
                      longest trial that succeeded, and stops nobody before one has.",
        },
        SettingSpec {
            name: "start_step",
            default: "5",
            range: Range::Whole { min: 3, fault: "start_step must be at least three, got {}" },
            meaning: "How many steps a trial must have reported before its curve is trusted.",
        },
    ],
    compares: true,
    inner: false,
    check: fits,
    make: |draft| {
        Box::new(Extrapolation {
            direction: draft.direction,
            probability: draft.settings.number("probability").unwrap_or(0.05),
            most: draft.settings.size("max_resource").map(|it| it as f64),
            start: draft.settings.size("start_step").unwrap_or(5),
        })
    },
};

#[derive(Debug)]
struct Extrapolation {
    direction: Direction,
    /// Chance below which a trial is given up.
    probability: f64,
    /// The step for which the forecast is made.
    most: Option<f64>,
    start: usize,
}

impl Decide for Extrapolation {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        let done = others.iter().filter(|it| it.standing == Standing::Succeeded);
        let longest = || done.filter_map(|it| it.last_step()).max_by(f64::total_cmp);
        let end = self.most.or_else(longest)?;
        let bar = others.iter().filter_map(|it| it.best()).min_by(f64::total_cmp)?;
        let points = curve.by_step();
        if curve.best()? <= bar || points.len() < self.start || curve.has_reached(end) {
            return None;
        }
        let chance = chance_below(&thinned(points), end, bar)?;
        (chance < self.probability).then(|| {
            format!(
                "the chance that it beats {} by step {end} is {chance:.3}, less than {}, by its \
                 first {} reports",
                self.direction.loss(bar),
                self.probability,
                curve.count(),
            )
        })
    }
}

/// At most [`POINTS_MAX`] points, the first and the last among them.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= POINTS_MAX {
        return points;
    }
    let place = |it: usize| it * (points.len() - 1) / (POINTS_MAX - 1);
    (0..POINTS_MAX).map(|it| points[place(it)]).collect()
}

/// The shapes that a loss falls by, from 1 (or infinity) towards 0; `t` is at least 1.
fn shapes(end: f64) -> Vec<Box<dyn Fn(f64) -> f64>> {
    let mut all: Vec<Box<dyn Fn(f64) -> f64>> = Vec::new();
    for power in [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0] {
        all.push(Box::new(move |t: f64| t.powf(-power)));
    }
    for rate in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0] {
        all.push(Box::new(move |t: f64| (-rate * t / end).exp()));
    }
    for power in [0.5, 1.0, 2.0] {
        all.push(Box::new(move |t: f64| (t + E).ln().powf(-power)));
    }
    for (middle, power) in [(0.1, 2.0), (0.1, 4.0), (0.3, 2.0), (0.3, 4.0), (0.5, 2.0), (0.5, 4.0)]
    {
        all.push(Box::new(move |t: f64| 1.0 / (1.0 + (t / (middle * end)).powf(power))));
    }
    all
}

/// The chance that the loss at step `end` is below `bar`; none where the curve cannot be fitted.
fn chance_below(points: &[(f64, f64)], end: f64, bar: f64) -> Option<f64> {
    // Steps count from 1, and losses in units of their own spread.
    let first = points.first()?.0;
    let end = end - first + 1.0;
    let least = points.iter().map(|it| it.1).min_by(f64::total_cmp)?;
    let most = points.iter().map(|it| it.1).max_by(f64::total_cmp)?;
    // A flat curve has no spread of its own: then it is the way to the bar that counts.
    let spread = (most - least).max((bar - least).abs() / 10.0);
    let scaled: Vec<(f64, f64)> =
        points.iter().map(|(step, loss)| (step - first + 1.0, (loss - least) / spread)).collect();
    let bar = (bar - least) / spread;
    if !(spread.is_finite() && bar.is_finite() && 1.0 < end) {
        return None;
    }
    let fits: Vec<Fit> = shapes(end).iter().filter_map(|it| Fit::of(&scaled, it, end)).collect();
    let top = fits.iter().map(|it| it.evidence).max_by(f64::total_cmp)?;
    let (mut all, mut below) = (0.0, 0.0);
    for fit in &fits {
        let weight = (fit.evidence - top).exp();
        all += weight;
        below += weight * student(fit.freedom, (bar - fit.mean) / fit.scale);
    }
    Some(below / all)
}

/// One shape fitted to a curve, and its forecast.
struct Fit {
    /// Logarithm of how likely the curve is under this shape, but for a term common to all.
    evidence: f64,
    /// Forecast: a Student distribution of this mean, scale and degrees of freedom.
    mean: f64,
    scale: f64,
    freedom: f64,
}

/// Prior of the noise's precision: a gamma distribution of this shape and rate, which believes in
/// a standard deviation near a tenth of the curve's spread.
const NOISE: (f64, f64) = (1.0, 0.01);
/// Prior variance of level and slope, in units of the noise's.
const LOOSE: f64 = 100.0;

impl Fit {
    /// Bayesian regression of `loss = level + slope · shape(t)` with a normal-inverse-gamma prior.
    fn of(points: &[(f64, f64)], shape: &impl Fn(f64) -> f64, end: f64) -> Option<Fit> {
        let (n, mut sx, mut sxx, mut sy, mut sxy, mut syy) =
            (points.len() as f64, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (t, y) in points {
            let x = shape(*t);
            sx += x;
            sxx += x * x;
            sy += y;
            sxy += x * y;
            syy += y * y;
        }
        // Precision matrix of the two coefficients, and its inverse.
        let (a, b, d) = (n + 1.0 / LOOSE, sx, sxx + 1.0 / LOOSE);
        let determinant = a * d - b * b;
        let (va, vb, vd) = (d / determinant, -b / determinant, a / determinant);
        let (level, slope) = (va * sy + vb * sxy, vb * sy + vd * sxy);
        if slope < 0.0 {
            // It would get worse with time: not what this family is for.
            return None;
        }
        let alpha = NOISE.0 + n / 2.0;
        let rate = NOISE.1 + (syy - level * sy - slope * sxy).max(0.0) / 2.0;
        let x = shape(end);
        let uncertainty = va + 2.0 * vb * x + vd * x * x;
        let fit = Fit {
            evidence: -0.5 * determinant.ln() - alpha * rate.ln(),
            mean: level + slope * x,
            scale: (rate / alpha * (1.0 + uncertainty)).sqrt(),
            freedom: 2.0 * alpha,
        };
        let sound = fit.evidence.is_finite() && fit.mean.is_finite() && 0.0 < fit.scale;
        sound.then_some(fit)
    }
}

/// The cumulative Student distribution, by Wallace's normal approximation (*Bounds on normal
/// approximations to Student's and the chi-square distributions*, 1959): within 0.01 from three
/// degrees of freedom on.
fn student(freedom: f64, t: f64) -> f64 {
    let size = (freedom * (t * t / freedom).ln_1p()).sqrt();
    let z = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * size * t.signum();
    0.5 * libm::erfc(-z / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{curve, rule};

    /// A loss that falls from 1 to `limit` as a power of the epoch, with a little wobble.
    fn falling(limit: f64, power: f64, epochs: usize) -> Vec<f64> {
        let wobble = |epoch: usize| [0.004, -0.003, 0.001, -0.002][epoch % 4];
        let loss = |epoch: usize| {
            limit + (1.0 - limit) * ((epoch + 1) as f64).powf(-power) + wobble(epoch)
        };
        (0..epochs).map(loss).collect()
    }

    fn chance(values: &[f64], end: f64, bar: f64) -> f64 {
        let points: Vec<(f64, f64)> = (1..).map(f64::from).zip(values.iter().copied()).collect();
        chance_below(&points, end, bar).unwrap()
    }

    #[test]
    fn student_is_that_of_the_tables() {
        // Upper 5 % points of the t distribution.
        for (freedom, t) in [(3.0, 2.353), (5.0, 2.015), (10.0, 1.812), (30.0, 1.697)] {
            assert!((student(freedom, t) - 0.95).abs() < 0.01, "{freedom}");
            assert!((student(freedom, -t) - 0.05).abs() < 0.01, "{freedom}");
        }
    }

    #[test]
    fn the_forecast_is_near_where_the_curve_goes() {
        for (limit, power) in [(0.1, 0.5), (0.3, 1.0), (0.2, 2.0)] {
            let known = falling(limit, power, 15);
            let last = falling(limit, power, 60)[59];
            assert!(chance(&known, 60.0, last - 0.15) < 0.1, "{limit} {power}");
            assert!(0.9 < chance(&known, 60.0, last + 0.15), "{limit} {power}");
        }
    }

    fn check(values: &[f64], stopped: bool) {
        let way = Direction::Minimize;
        let others = [curve("best", Standing::Succeeded, way, &falling(0.1, 1.0, 60))];
        let judged = curve("r", Standing::Running, way, values);
        let got = rule("curve", &[], way).stop(&judged, &others);
        assert_eq!(got.is_some(), stopped, "{values:?}: {got:?}");
    }

    #[test]
    fn who_levels_out_too_high_is_stopped_and_who_still_falls_is_not() {
        check(&falling(0.5, 1.5, 4), false);
        check(&falling(0.5, 1.5, 12), true);
        check(&falling(0.0, 0.6, 12), false);
        check(&[0.9; 12], true);
        check(&[0.05; 12], false);
    }

    #[test]
    fn long_curves_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..5000).map(|it| (f64::from(it), 0.0)).collect();
        let thin = thinned(points);
        assert_eq!((thin.len(), thin[0].0, thin[99].0), (100, 0.0, 4999.0));
    }
}
