//! One explanation of one number that each trial has: an objective's loss, or by how much a
//! constraint is broken.

use super::kernel::{Hyper, Metric};
use super::posterior::Posterior;

/// A Gaussian process and what it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    posterior: Posterior,
    values: Vec<f64>,
}

impl Model {
    /// What `hyper` makes of `values` at `places`.
    pub(crate) fn new(metric: &Metric, hyper: &Hyper, places: &[&[f64]], values: &[f64]) -> Model {
        let mut posterior = Posterior::new(metric.clone(), hyper.clone());
        places.iter().for_each(|place| posterior.add(place));
        posterior.observe(values);
        Model { posterior, values: values.to_vec() }
    }

    /// Adds a place that has no value yet, as if it had what is expected there (the kriging
    /// believer of Ginsbourger et al., 2010); answers that.
    pub(crate) fn believe(&mut self, place: &[f64]) -> f64 {
        let mean = self.posterior.mean(place);
        self.values.push(mean);
        self.posterior.add(place);
        self.posterior.observe(&self.values);
        mean
    }

    /// The mean at one place.
    pub(crate) fn mean(&self, place: &[f64]) -> f64 {
        self.posterior.mean(place)
    }

    /// Mean and standard deviation at each place.
    pub(crate) fn predict(&self, places: &[Vec<f64>]) -> Vec<(f64, f64)> {
        let rooted = |(mean, variance): (f64, f64)| (mean, variance.sqrt());
        self.posterior.predict(places).into_iter().map(rooted).collect()
    }
}
