//! Search by descent: new points are bred from the best of those that were tried.
//!
//! Made for trials that end one by one. There are no generations to wait for: whenever a point is
//! asked for, the survivors of all finished trials are its possible parents, so what is proposed
//! follows from the history alone.

pub(crate) mod de;
mod genome;
pub(crate) mod local_search;
pub(crate) mod nsga2;
pub(crate) mod nsga3;
pub(crate) mod regularized;
mod survival;
#[cfg(test)]
mod tests;

use genome::Genome;

use crate::history::Trial;
use crate::seed::Stream;
use crate::settings::{Range, SettingSpec};
use crate::sobol::Sobol;
use crate::space::Point;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

/// So many children are bred for one that is open; then `novel` looks near the last.
const ATTEMPTS: usize = 16;

/// More parents than this are no longer a choice.
const POPULATION_MAX: usize = 10_000;

/// `population_size`, as every algorithm here has it.
const fn population(default: &'static str) -> SettingSpec {
    SettingSpec {
        name: "population_size",
        default,
        range: Range::Whole { min: 2, fault: "population_size should be great or equal than two" },
        meaning: "How many trials are kept as parents.",
    }
}

/// `n_startup_trials`, as every algorithm here has it.
const STARTUP: SettingSpec = SettingSpec {
    name: "n_startup_trials",
    default: "10",
    range: Range::Whole { min: 0, fault: "n_startup_trials should be great or equal than zero" },
    meaning: "How many points are spread evenly before breeding begins.",
};

/// A setting that is a share, with the text that its fault has.
const fn share(
    name: &'static str,
    default: &'static str,
    fault: &'static str,
    meaning: &'static str,
) -> SettingSpec {
    SettingSpec { name, default, range: Range::Between { lo: 0.0, hi: 1.0, fault }, meaning }
}

/// The first of some children that is open, or the last of them.
fn first_open(turn: &Turn, mut child: impl FnMut() -> Proposal) -> Asked {
    let mut last = child();
    for _ in 1..ATTEMPTS {
        if turn.is_open(&last.point) {
            break;
        }
        last = child();
    }
    Asked::Candidates(vec![last])
}

/// The point of the initial design for this turn.
fn initial(turn: &Turn, design: &Sobol) -> Asked {
    Asked::Candidates(vec![Proposal::at(turn.space.believed(&design.point(turn.index)))])
}

/// A genetic algorithm: survivors, tournaments between two, crossover, mutation.
struct Genetic {
    genome: Genome,
    /// How many parents there are; none for a tenth of the trials: a short search needs few and
    /// good ones, a long one many different ones.
    population: Option<usize>,
    /// How many points the initial design has.
    startup: u64,
    /// The probability that a child has two parents.
    crossover: f64,
    /// The parents among some trials, as indexes, best first.
    survivors: fn(&[Trial], usize) -> Vec<usize>,
    kept: Fitted<Vec<usize>>,
    design: Sobol,
}

impl Genetic {
    fn child(&self, parents: &[&Point], stream: &mut Stream) -> Point {
        // Of two the one that is further in front.
        let mut pick = || {
            let mut place = || stream.below(parents.len() as u64);
            let best = place().min(place());
            parents[usize::try_from(best).unwrap_or(0)]
        };
        let (one, other) = (pick(), pick());
        let bred = if stream.unit() < self.crossover {
            self.genome.crossed(one, other, stream)
        } else {
            one.clone()
        };
        self.genome.mutated(&bred, stream)
    }
}

impl Suggester for Genetic {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let n = turn.finished.len();
        let population = self.population.unwrap_or((n / 10).clamp(10, 50));
        let survivors = self.survivors;
        let kept = self.kept.at(turn, n, |trials| survivors(trials, population));
        let parents: Vec<&Point> = kept.iter().map(|i| &turn.finished[*i].point).collect();
        if turn.index < self.startup || parents.len() < 2 {
            return initial(turn, &self.design);
        }
        first_open(turn, || Proposal::at(self.child(&parents, stream)))
    }
}
