//! When a run has come to its end, and how the next one begins.
//!
//! IPOP: Auger and Hansen, *A restart CMA evolution strategy with increasing population size* (CEC
//! 2005). BIPOP: Hansen, *Benchmarking a BI-population CMA-ES on the BBOB-2009 function testbed*
//! (GECCO 2009), §2.

use std::collections::VecDeque;

use super::gaussian::Gaussian;
use super::strategy::Strategy;

/// Restarts never make generations larger than this.
const POPULATION_MAX: usize = 1 << 16;

/// What follows the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restarts {
    /// Nothing: there is but one run.
    None,
    /// A run with larger generations.
    Ipop,
    /// Whichever has had fewer trials: a run with larger generations, or one with small ones.
    Bipop,
}

/// What has been spent on which kind of run.
#[derive(Clone, Debug, Default)]
pub(super) struct Spent {
    /// How often generations were enlarged.
    enlarged: i32,
    large: u64,
    small: u64,
    is_small: bool,
}

impl Spent {
    /// Counts one trial of the run.
    pub(super) fn count(&mut self) {
        if self.is_small { self.small += 1 } else { self.large += 1 }
    }

    /// The next run's points in a generation, and the share of the first run's step size; `units`
    /// are two numbers by chance.
    pub(super) fn next(
        &mut self,
        restarts: Restarts,
        first: usize,
        growth: f64,
        units: [f64; 2],
    ) -> (usize, f64) {
        let enlarged =
            |times: i32| ((first as f64 * growth.powi(times)) as usize).clamp(2, POPULATION_MAX);
        self.is_small = restarts == Restarts::Bipop && 0 < self.enlarged && self.small < self.large;
        if !self.is_small {
            if self.enlarged == 0 {
                // The very first run belongs to neither kind.
                self.large = 0;
            }
            self.enlarged += 1;
            return (enlarged(self.enlarged), 1.0);
        }
        let ratio = (0.5 * enlarged(self.enlarged) as f64 / first as f64).max(1.0);
        let small = first as f64 * ratio.powf(units[0] * units[0]);
        ((small as usize).max(2), 10f64.powf(-2.0 * units[1]))
    }
}

/// What the generations of a run came to, as far as its end is seen in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// The best scores of the last generations.
    last: VecDeque<f64>,
    /// The largest of the best scores of all generations.
    highest: Option<f64>,
}

impl Record {
    /// Notes the best and the worst score of a generation, and says whether the run is at its end
    /// (Hansen's tutorial, B.3): equal scores for many generations, steps too short to matter, or
    /// a shape that is degenerate. Scores count as equal where they differ by less than 1e-9 of
    /// what the run has gained, so that the objective's scale does not matter.
    pub(super) fn ends(
        &mut self,
        (best, worst): (f64, f64),
        gaussian: &Gaussian,
        strategy: &Strategy,
    ) -> bool {
        let n = gaussian.mean.len();
        let many = 10 + (30 * n).div_ceil(strategy.lambda);
        self.last.push_back(best);
        if many < self.last.len() {
            self.last.pop_front();
        }
        let highest = self.highest.map_or(best, |highest| highest.max(best));
        self.highest = Some(highest);
        let lo = self.last.iter().copied().fold(best, f64::min);
        let hi = self.last.iter().copied().fold(worst, f64::max);
        let flat = self.last.len() == many && hi - lo <= 1e-9 * (highest - lo);
        let (shortest, longest) = gaussian.covariance.extent();
        let reach = gaussian.deviations().iter().copied().fold(0.0, f64::max);
        flat || 0 < n && (reach < 1e-9 || 1e7 * shortest < longest)
    }
}
