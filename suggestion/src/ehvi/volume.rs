//! The hypervolume that a prediction is expected to add to a front, in logs.
//!
//! A point y adds the volume of what it dominates and the front does not: over boxes [l, u] of that
//! region, Σ Πₖ ∫ P(yₖ ≤ t) dt from lₖ to uₖ. With ψ(b) = E max(b − yₖ, 0) = s h((b − μ) / s) the
//! integral is ψ(uₖ) − ψ(lₖ) (Yang et al., 2019, equation 15; Daulton, Balandat and Bakshy,
//! *Differentiable Expected Hypervolume Improvement*, NeurIPS 2020, §3).
//!
//! Far from the front all of it is too small for a number. So each ψ is divided by the one at the
//! reference point, whose logarithm is exact (Ament et al., *Unexpected Improvements to Expected
//! Improvement*, NeurIPS 2023), and where even the quotients vanish the distance to the reference
//! point still tells places apart.

use super::boxes::{Cell, boxes};

use crate::improvement::log_h;

/// The region below a reference point that a front leaves open.
pub(super) struct Volume {
    /// For each objective where boxes begin and end, ascending, from −∞ to the reference point.
    bounds: Vec<Vec<f64>>,
    /// For each box, for each objective, which bounds are its ends; one after another.
    boxes: Vec<(usize, usize)>,
}

impl Volume {
    /// What `front` leaves open below `reference`.
    pub(super) fn new(front: &[Vec<f64>], reference: &[f64]) -> Volume {
        let cells = boxes(front, reference);
        let bounds = |k: usize| {
            let ends = cells.iter().flat_map(|cell: &Cell| [cell[k].0, cell[k].1]);
            let mut ends: Vec<f64> = ends.chain([f64::NEG_INFINITY, reference[k]]).collect();
            ends.sort_by(f64::total_cmp);
            ends.dedup();
            ends
        };
        let bounds: Vec<Vec<f64>> = (0..reference.len()).map(bounds).collect();
        let at = |k: usize, x: f64| bounds[k].partition_point(|bound| *bound < x);
        let ends = cells
            .iter()
            .flat_map(|cell| cell.iter().enumerate().map(|(k, (lo, hi))| (at(k, *lo), at(k, *hi))));
        Volume { boxes: ends.collect(), bounds }
    }

    /// The log of the volume that is expected of a prediction: for each objective mean and standard
    /// deviation. Larger is better.
    pub(super) fn log_expected(&self, predicted: &[(f64, f64)]) -> f64 {
        let mut log = 0.0;
        let mut quotients: Vec<Vec<f64>> = Vec::with_capacity(predicted.len());
        for (bounds, (mean, deviation)) in self.bounds.iter().zip(predicted) {
            let psi = |bound: &f64| match (bound - mean) / deviation {
                f64::NEG_INFINITY => f64::NEG_INFINITY,
                z => log_h(z),
            };
            let all: Vec<f64> = bounds.iter().map(psi).collect();
            let whole = all[all.len() - 1];
            log += whole + deviation.ln();
            quotients.push(all.iter().map(|it| (it - whole).exp()).collect());
        }
        let share = |ends: &[(usize, usize)]| -> f64 {
            let each = ends.iter().zip(&quotients).map(|((lo, hi), q)| (q[*hi] - q[*lo]).max(0.0));
            each.product()
        };
        let sum: f64 = self.boxes.chunks_exact(self.bounds.len()).map(share).sum();
        log + sum.max(f64::MIN_POSITIVE).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::analysis::hypervolume::hypervolume;
    use crate::analysis::points::points;
    use crate::normal::quantile;

    #[test]
    fn the_expectation_is_that_of_many_draws() {
        let mut stream = Seed(7).stream(0);
        for m in 2..=4 {
            let front = points(12, m);
            let reference = vec![1.1; m];
            let before = hypervolume(&front, &reference);
            let predicted: Vec<(f64, f64)> = (0..m).map(|k| (0.3, 0.1 + 0.1 * k as f64)).collect();
            let mut gain = || {
                let mut all = front.clone();
                all.push(predicted.iter().map(|(m, s)| m + s * quantile(stream.unit())).collect());
                hypervolume(&all, &reference) - before
            };
            let n = 40_000;
            let gains: Vec<f64> = (0..n).map(|_| gain()).collect();
            let mean = gains.iter().sum::<f64>() / f64::from(n);
            let variance = gains.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / f64::from(n);
            let error = (variance / f64::from(n)).sqrt();
            let got = Volume::new(&front, &reference).log_expected(&predicted).exp();
            assert!((got - mean).abs() < 4.0 * error, "{m}: {got}, not {mean} ± {error}");
        }
    }

    #[test]
    fn hopeless_places_still_have_an_order() {
        let volume = Volume::new(&[vec![0.2, 0.8], vec![0.8, 0.2]], &[1.0, 1.0]);
        let at = |x: f64| volume.log_expected(&[(x, 0.01), (x, 0.02)]);
        let logs: Vec<f64> = (0..200).map(|i| at(0.1 * f64::from(i))).collect();
        assert!(logs.windows(2).all(|pair| pair[1] < pair[0]), "{logs:?}");
        assert!(logs.iter().all(|log| log.is_finite()));
    }

    #[test]
    fn certainty_adds_the_volume_itself() {
        let volume = Volume::new(&[vec![0.5, 0.5]], &[1.0, 1.0]);
        let got = volume.log_expected(&[(0.25, 1e-9), (0.25, 1e-9)]).exp();
        assert!((got - (0.75 * 0.75 - 0.25)).abs() < 1e-6, "{got}");
    }
}
