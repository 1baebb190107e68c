//! Length-scales, variance, noise and the shares of the kernel: those that make the observations
//! most likely, with what is believed beforehand (maximum a posteriori), by L-BFGS.

use argmin::core::{CostFunction, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use ndarray::Array1;

use super::kernel::Hyper;
use super::likelihood::{Likelihood, beforehand, hyper};

/// Iterations of L-BFGS.
const ITERATIONS: u64 = 40;

/// How many steps L-BFGS remembers.
const MEMORY: usize = 7;

/// Where climbs begin: ln of the noise. Little of it and much are two different explanations.
const STARTS: [f64; 2] = [-8.0, -1.0];

/// The tops that climbs from different beginnings lead to: the cost (the negative log of the
/// posterior, up to a constant) and the numbers.
pub(super) fn fit(likelihood: &Likelihood) -> [(f64, Hyper); STARTS.len()] {
    let d = likelihood.axes();
    let climb = |noise: f64| {
        let start = beforehand(d, noise);
        let top = climbed(likelihood, start.clone()).unwrap_or(start);
        (likelihood.cost_and_gradient(&top).0, hyper(&top, d))
    };
    STARTS.map(climb)
}

/// The best that a climb came by; nothing where it could not begin.
fn climbed(likelihood: &Likelihood, start: Array1<f64>) -> Option<Array1<f64>> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_grad(1e-3)
        .ok()?
        .with_tolerance_cost(1e-6)
        .ok()?;
    let run = Executor::new(likelihood, solver)
        .configure(|state| state.param(start).max_iters(ITERATIONS))
        .ctrlc(false)
        .run()
        .ok()?;
    run.state().get_best_param().cloned()
}

impl CostFunction for &Likelihood<'_> {
    type Param = Array1<f64>;
    type Output = f64;

    fn cost(&self, logs: &Array1<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.cost_and_gradient(logs).0)
    }
}

impl Gradient for &Likelihood<'_> {
    type Param = Array1<f64>;
    type Gradient = Array1<f64>;

    fn gradient(&self, logs: &Array1<f64>) -> Result<Array1<f64>, argmin::core::Error> {
        Ok(self.cost_and_gradient(logs).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{names, real, space};
    use crate::gp::kernel::Metric;

    #[test]
    fn axes_that_matter_have_short_lengths() {
        let space = space(&[real("x", 0.0, 1.0), real("y", 0.0, 1.0), names("c", 3)]);
        let mut stream = Seed(5).stream(0);
        let mut place = || [stream.unit(), stream.unit(), stream.below(3) as f64];
        let places: Vec<[f64; 3]> = (0..60).map(|_| place()).collect();
        let values: Vec<f64> = places.iter().map(|x| (9.0 * x[0]).sin() + 0.3 * x[2]).collect();
        let places: Vec<&[f64]> = places.iter().map(|it| &it[..]).collect();
        let likelihood = Likelihood::new(&Metric::new(&space), &places, &values);
        let best = fit(&likelihood).into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1;
        assert!(best.weights[0] > 20.0 * best.weights[1], "{best:?}");
        assert!(best.noise < 1e-2, "{best:?}");
    }
}
