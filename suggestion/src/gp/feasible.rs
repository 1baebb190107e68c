//! How likely a place keeps every constraint: a Gaussian process for each (Gelbart, Snoek and
//! Adams, *Bayesian Optimization with Unknown Constraints*, UAI 2014, §3.1).

use super::explain;
use super::kernel::{Hyper, Metric};
use super::model::Model;

use crate::history::Trial;
use crate::improvement::log_pi;

/// The constraints of a problem, as far as they are known.
pub(crate) struct Feasible {
    models: Vec<Model>,
}

impl Feasible {
    /// What `hypers`, one for each constraint, make of the trials.
    pub(crate) fn new(metric: &Metric, hypers: &[Hyper], trials: &[&Trial]) -> Feasible {
        let model = |(k, hyper): (usize, &Hyper)| {
            let (places, values) = broken(trials, k);
            Model::new(metric, hyper, &places, &values)
        };
        Feasible { models: hypers.iter().enumerate().map(model).collect() }
    }

    /// The numbers of a kernel for each of `constraints`.
    pub(crate) fn fitted(metric: &Metric, trials: &[&Trial], constraints: usize) -> Vec<Hyper> {
        let fitted = |k: usize| {
            let (places, values) = broken(trials, k);
            explain::likeliest(metric, &places, &values)
        };
        (0..constraints).map(fitted).collect()
    }

    /// Whether there are no constraints.
    pub(crate) fn is_certain(&self) -> bool {
        self.models.is_empty()
    }

    /// Adds a trial that has not ended, as if it came out as expected; answers whether it is then
    /// expected to keep all constraints.
    pub(crate) fn believe(&mut self, place: &[f64]) -> bool {
        let believed = self.models.iter_mut().map(|model| model.believe(place));
        believed.fold(f64::NEG_INFINITY, f64::max) <= 0.0
    }

    /// The log of the probability that each place keeps all constraints, were they independent.
    pub(crate) fn log_probability(&self, places: &[Vec<f64>]) -> Vec<f64> {
        let mut sums = vec![0.0; places.len()];
        for model in &self.models {
            for (sum, (mean, deviation)) in sums.iter_mut().zip(model.predict(places)) {
                *sum += log_pi(mean, deviation, 0.0);
            }
        }
        sums
    }
}

/// Where trials were measured, and by how much each breaks constraint `k`: asinh(v / s), where s
/// is the median size, so that 0 stays the bound and no outlier stretches the scale. What was not
/// measured of a measured trial counts as the largest.
fn broken<'a>(trials: &[&'a Trial], k: usize) -> (Vec<&'a [f64]>, Vec<f64>) {
    let measured: Vec<&Trial> =
        trials.iter().copied().filter(|trial| k < trial.violations.len()).collect();
    let violations: Vec<f64> = measured.iter().map(|trial| trial.violations[k]).collect();
    let mut sizes: Vec<f64> = violations.iter().map(|v| v.abs()).collect();
    sizes.retain(|size| size.is_finite() && 0.0 < *size);
    sizes.sort_by(f64::total_cmp);
    let scale = sizes.get(sizes.len() / 2).copied().unwrap_or(1.0);
    let largest = sizes.last().copied().unwrap_or(1.0);
    let value = |violation: &f64| {
        let known = if violation.is_nan() { largest } else { *violation };
        (known.clamp(-largest, largest) / scale).asinh()
    };
    let values = violations.iter().map(value).collect();
    (measured.iter().map(|trial| &trial.place[..]).collect(), values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{real, space};
    use crate::history::State;
    use crate::space::Point;

    fn trial(x: f64, violation: f64) -> Trial {
        Trial {
            index: 0,
            point: Point(Vec::new()),
            place: vec![x],
            state: State::Succeeded,
            losses: vec![0.0],
            violations: vec![violation],
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        }
    }

    #[test]
    fn the_bound_is_found_between_what_keeps_and_what_breaks_it() {
        let metric = Metric::new(&space(&[real("x", 0.0, 1.0)]));
        let mut trials: Vec<Trial> =
            (0..20).map(|i| f64::from(i) / 19.0).map(|x| trial(x, 40.0 * (x - 0.6))).collect();
        trials[19].violations = vec![f64::INFINITY];
        trials[18].violations = vec![f64::NAN];
        trials[0].violations = vec![f64::NEG_INFINITY];
        let trials: Vec<&Trial> = trials.iter().collect();
        let hypers = Feasible::fitted(&metric, &trials, 1);
        let mut feasible = Feasible::new(&metric, &hypers, &trials);
        let log = feasible.log_probability(&[vec![0.3], vec![0.6], vec![0.9]]);
        assert!(-1e-3 < log[0] && -3.0 < log[1] && log[1] < -0.1 && log[2] < -5.0, "{log:?}");
        assert!(feasible.believe(&[0.2]) && !feasible.believe(&[0.8]));
    }

    #[test]
    fn nothing_known_is_nothing_said() {
        let metric = Metric::new(&space(&[real("x", 0.0, 1.0)]));
        let hypers = Feasible::fitted(&metric, &[], 2);
        let log = Feasible::new(&metric, &hypers, &[]).log_probability(&[vec![0.5]]);
        assert!((log[0] - 0.25f64.ln()).abs() < 1e-12, "{log:?}");
    }
}
