//! Length-scales, variance, noise and the shares of the kernel: those that make the observations
//! most likely, with what is believed beforehand (maximum a posteriori), by L-BFGS.

use std::cell::RefCell;

use argmin::core::{ArgminError, CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use ndarray::Array1;

use super::kernel::Hyper;
use super::likelihood::Likelihood;

/// Iterations of L-BFGS.
const ITERATIONS: u64 = 40;

/// Looks at the likelihood in one climb. The line search has no bound of its own, and where it
/// meets what is no number it would look for ever.
const LOOKS: usize = 120;

/// How many steps L-BFGS remembers.
const MEMORY: usize = 7;

/// Where climbs begin: ln of the noise. Little of it and much are two different explanations.
const STARTS: [f64; 2] = [-8.0, -1.0];

/// Where a climb ended.
#[derive(Clone, Debug)]
pub(super) struct Top {
    /// The negative log of the posterior, up to a constant.
    pub(super) cost: f64,
    /// The numbers there.
    pub(super) hyper: Hyper,
    logs: Array1<f64>,
}

/// The tops that climbs from different beginnings lead to.
pub(super) fn fit(likelihood: &Likelihood) -> [Top; STARTS.len()] {
    STARTS.map(|noise| top(likelihood, likelihood.beforehand(noise)))
}

/// The top that is reached from another one, of straight axes, when axes may be bent too.
pub(super) fn bent(likelihood: &Likelihood, from: &Top) -> Top {
    let mut start = likelihood.beforehand(0.0);
    from.logs.iter().enumerate().for_each(|(i, log)| start[i] = *log);
    top(likelihood, start)
}

fn top(likelihood: &Likelihood, start: Array1<f64>) -> Top {
    let (cost, logs) = climbed(likelihood, start);
    Top { cost, hyper: likelihood.hyper(&logs), logs }
}

/// The best that a climb came by, with its cost: at least where it began.
fn climbed(likelihood: &Likelihood, start: Array1<f64>) -> (f64, Array1<f64>) {
    let (cost, gradient) = likelihood.cost_and_gradient(&start);
    let seen =
        Seen { looks: 1, best: (cost, start.clone()), last: (start.clone(), cost, gradient) };
    let climb = Climb { likelihood, seen: RefCell::new(seen) };
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_grad(1e-3)
        .and_then(|solver| solver.with_tolerance_cost(1e-6));
    if let Ok(solver) = solver {
        let run = Executor::new(&climb, solver)
            .configure(|state| state.param(start).max_iters(ITERATIONS))
            .ctrlc(false)
            .run();
        // Whatever ended it, the best that was seen counts.
        drop(run);
    }
    climb.seen.into_inner().best
}

/// A likelihood that is climbed, and what was seen of it.
struct Climb<'a> {
    likelihood: &'a Likelihood<'a>,
    seen: RefCell<Seen>,
}

struct Seen {
    looks: usize,
    /// Cost and numbers.
    best: (f64, Array1<f64>),
    /// Numbers, cost and gradient: these two are asked for one after the other.
    last: (Array1<f64>, f64, Array1<f64>),
}

impl Climb<'_> {
    /// Looks once, unless it was just there; refuses after [`LOOKS`] looks.
    fn look<T>(
        &self,
        logs: &Array1<f64>,
        read: impl FnOnce(&Seen) -> T,
    ) -> Result<T, argmin::core::Error> {
        let mut seen = self.seen.borrow_mut();
        if seen.last.0 != *logs {
            if seen.looks == LOOKS {
                let text = "looked often enough".to_owned();
                return Err(ArgminError::ConditionViolated { text }.into());
            }
            seen.looks += 1;
            let (cost, gradient) = self.likelihood.cost_and_gradient(logs);
            if cost < seen.best.0 || seen.best.0.is_nan() {
                seen.best = (cost, logs.clone());
            }
            seen.last = (logs.clone(), cost, gradient);
        }
        Ok(read(&seen))
    }
}

impl CostFunction for &Climb<'_> {
    type Param = Array1<f64>;
    type Output = f64;

    fn cost(&self, logs: &Array1<f64>) -> Result<f64, argmin::core::Error> {
        self.look(logs, |seen| seen.last.1)
    }
}

impl Gradient for &Climb<'_> {
    type Param = Array1<f64>;
    type Gradient = Array1<f64>;

    fn gradient(&self, logs: &Array1<f64>) -> Result<Array1<f64>, argmin::core::Error> {
        self.look(logs, |seen| seen.last.2.clone())
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
        let best =
            fit(&likelihood).into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost)).unwrap().hyper;
        assert!(best.weights[0] > 20.0 * best.weights[1], "{best:?}");
        assert!(best.noise < 1e-2, "{best:?}");
    }

    /// Once this went on for ever: among what is no number a line search finds no end.
    #[test]
    fn every_climb_ends() {
        let metric = Metric::new(&space(&[real("x", 0.0, 1.0)]));
        let places: [&[f64]; 4] = [&[0.1], &[0.1], &[0.5], &[0.9]];
        for values in [[f64::NEG_INFINITY, f64::NAN, f64::NAN, 0.0], [f64::NAN; 4], [1e308; 4]] {
            for Top { hyper, .. } in fit(&Likelihood::new(&metric, &places, &values)) {
                assert!(hyper.noise.is_finite() && 0.0 < hyper.noise, "{values:?}");
            }
        }
    }
}
