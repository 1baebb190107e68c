//! Losses made fit for a Gaussian process: monotone changes of them, to mean 0 and variance 1.
//!
//! Where the best are is what matters; how bad the bad ones are would only stretch the scale. Some
//! losses are smooth as they are, others only in logs, so several changes are tried, and the
//! likelihood of the losses themselves says which explains them: for that each change tells the
//! log of its Jacobian (Snelson et al., *Warped Gaussian Processes*, NeurIPS 2003, equation 6).

/// A monotone change, in terms of the least loss, the median and the spread between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Warp {
    /// As they are; far outliers are drawn in.
    Linear,
    /// As they are up to the median, and the logarithm of what is beyond, at the same slope.
    HalfLog,
    /// ln(loss − least + c · spread), for this c.
    Log(f64),
}

/// Every change that is tried.
pub(super) const WARPS: [Warp; 4] = [Warp::Linear, Warp::HalfLog, Warp::Log(1.0), Warp::Log(0.1)];

/// Beyond so many spreads above the median a loss is an outlier.
const OUTLIER: f64 = 20.0;

/// What is further than so many spreads away is all the same: beyond are only overflows.
const FAR: f64 = 1e100;

impl Warp {
    /// The changed losses, in the same order, and the log of the Jacobian of the change.
    pub(crate) fn apply(self, losses: &[f64]) -> (Vec<f64>, f64) {
        let Some((least, median, spread)) = scale(losses) else {
            return (vec![0.0; losses.len()], 0.0);
        };
        let mut jacobian = 0.0;
        let change = |loss: &f64| {
            // Halves first, so that the widest range does not overflow.
            let above = |other: f64| ((loss / 2.0 - other / 2.0) / (spread / 2.0)).min(FAR);
            let (x, above_least) = (above(median), above(least));
            match self {
                Warp::Linear => x.min(OUTLIER),
                Warp::HalfLog if x <= 0.0 => x,
                Warp::HalfLog => {
                    jacobian -= x.ln_1p();
                    x.ln_1p()
                }
                Warp::Log(c) => {
                    jacobian -= (above_least + c).ln();
                    (above_least + c).ln()
                }
            }
        };
        let mut values: Vec<f64> = losses.iter().map(change).collect();
        let deviation = standardise(&mut values);
        (values, jacobian - losses.len() as f64 * (deviation.ln() + spread.ln()))
    }
}

/// The least, the median, and the spread between them, or up to the largest where half of the
/// losses are the least; nothing where all losses are equal.
fn scale(losses: &[f64]) -> Option<(f64, f64, f64)> {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, largest) = (*sorted.first()?, *sorted.last()?);
    let median = sorted[(sorted.len() - 1) / 2];
    let to = if least < median { median } else { largest };
    let spread = (to / 2.0 - least / 2.0).min(f64::MAX / 4.0) * 2.0;
    (0.0 < spread).then_some((least, median, spread))
}

/// To mean 0 and variance 1; answers the standard deviation before.
fn standardise(values: &mut [f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let deviation = if 0.0 < variance { variance.sqrt() } else { 1.0 };
    values.iter_mut().for_each(|value| *value = (*value - mean) / deviation);
    deviation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_outliers_are_drawn_in() {
        let losses = [3.0, 1.0, 2.0, 1e3, 2.5, 40.0, 1.5];
        for warp in WARPS {
            let (values, _) = warp.apply(&losses);
            for i in 0..losses.len() {
                for j in 0..losses.len() {
                    let kept = losses[i] >= losses[j] || values[i] <= values[j];
                    assert!(kept, "{warp:?}: {values:?}");
                }
            }
            assert!(values.iter().all(|it| it.abs() < 3.0), "{warp:?}: {values:?}");
        }
    }

    #[test]
    fn the_jacobian_is_the_volume_of_the_change() {
        // Holding least, median, spread and the final scale, each value is moved by itself.
        let losses = [0.0, 0.4, 1.0, 1.7, 2.9];
        for warp in WARPS {
            let (values, jacobian) = warp.apply(&losses);
            // Between two moves of the same size the Jacobian of all is the product of slopes;
            // the slopes are read off a denser set of losses with the same scale.
            let raw = |x: f64| match warp {
                Warp::Linear => x - 1.0,
                Warp::HalfLog if x <= 1.0 => x - 1.0,
                Warp::HalfLog => (x - 1.0).ln_1p(),
                Warp::Log(c) => (x + c).ln(),
            };
            let stretch = (values[4] - values[0]) / (raw(2.9) - raw(0.0));
            let h = 1e-6;
            let slope = |x: f64| (raw(x + h) - raw(x - h)) / (2.0 * h) * stretch;
            let want: f64 = losses.iter().map(|x| slope(*x).ln()).sum();
            assert!((jacobian - want).abs() < 1e-5, "{warp:?}: {jacobian} {want}");
        }
    }

    #[test]
    fn nothing_to_tell_apart_is_all_the_same() {
        for warp in WARPS {
            assert!(warp.apply(&[]).0.is_empty());
            assert_eq!(warp.apply(&[5.0; 3]), (vec![0.0; 3], 0.0));
            for extremes in [
                [f64::MIN, 0.0, f64::MAX, -f64::MAX, 1.0, 1.0],
                [1.0, 1.001, 1.002, 1.003, 1.004, f64::MAX],
                [1.0, 1.0 + 1e-15, 1.0 + 1e-14, 1.0, 1e300, f64::MAX],
                [f64::MIN, 1.0, 1.001, 1.002, 1.003, 1.004],
            ] {
                let (values, jacobian) = warp.apply(&extremes);
                let all = values.iter().chain([&jacobian]);
                assert!(all.clone().all(|it| it.is_finite()), "{warp:?}: {values:?}");
            }
            let half = [1.0, 1.0, 1.0, 2.0];
            assert!(warp.apply(&half).0.iter().all(|it| it.is_finite()), "{warp:?}");
        }
    }
}
