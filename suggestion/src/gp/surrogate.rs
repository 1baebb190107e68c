//! One Gaussian process as a model of losses that are on a fit scale already, for algorithms that
//! take any model.

use crate::forest::model::Surrogate;
use crate::history::Trial;
use crate::space::Space;

use super::explain;
use super::kernel::Metric;
use super::posterior::Posterior;

/// A Gaussian process and what it was told.
#[derive(Clone, Debug)]
struct Told {
    posterior: Posterior,
    values: Vec<f64>,
}

/// The most probable Gaussian process for `values` (about mean 0, variance 1) at `places`.
pub(crate) fn learn(space: &Space, places: &[&[f64]], values: &[f64]) -> Box<dyn Surrogate> {
    let metric = Metric::new(space);
    let hyper = explain::likeliest(&metric, places, values);
    let mut posterior = Posterior::new(metric, hyper);
    places.iter().for_each(|place| posterior.add(place));
    posterior.observe(values);
    Box::new(Told { posterior, values: values.to_vec() })
}

impl Surrogate for Told {
    fn predict(&self, place: &[f64]) -> (f64, f64) {
        self.posterior.predict(&[place.to_vec()])[0]
    }

    fn believing(&self, active: &[Trial]) -> Box<dyn Surrogate> {
        let mut told = self.clone();
        for trial in active {
            told.values.push(told.posterior.mean(&trial.place));
            told.posterior.add(&trial.place);
            told.posterior.observe(&told.values);
        }
        Box::new(told)
    }
}
