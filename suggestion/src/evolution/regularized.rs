//! `regularized-evolution`: breeds from the young, so that luck dies out.
//!
//! Real, Aggarwal, Huang and Le, *Regularized Evolution for Image Classifier Architecture Search*
//! (AAAI 2019, algorithm 1): the population is the trials that were measured last; some of them are
//! drawn, and the best of these has a child with one mutation.

use super::genome::Genome;
use super::{POPULATION_MAX, STARTUP, first_open, initial, population};

use crate::history::Trial;
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::sobol::Sobol;
use crate::standing;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "regularized-evolution",
    about: "Mutates the best of some of the youngest trials; for names and noisy results.",
    settings: &[
        population("25"),
        STARTUP,
        SettingSpec {
            name: "sample_size",
            default: "10",
            range: Range::Whole { min: 1, fault: "sample_size should be great than zero" },
            meaning: "How many of the population are drawn; the best of them has a child.",
        },
        RANDOM_STATE,
    ],
    check: fits,
    make: |problem| Box::new(Regularized::new(problem)),
};

struct Regularized {
    genome: Genome,
    population: usize,
    sample: u64,
    startup: u64,
    design: Sobol,
}

impl Regularized {
    fn new(problem: &Problem) -> Regularized {
        let Problem { space, settings, seed, .. } = problem;
        Regularized {
            genome: Genome::new(space),
            population: settings.size("population_size").unwrap_or(25).min(POPULATION_MAX),
            sample: settings.whole("sample_size").unwrap_or(10).min(POPULATION_MAX as u64),
            startup: settings.whole("n_startup_trials").unwrap_or(10),
            design: Sobol::new(space.dimensions(), *seed),
        }
    }
}

impl Suggester for Regularized {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let scores = standing::scores(turn);
        let measured = turn.finished.iter().zip(scores).rev();
        let young: Vec<(&Trial, f64)> = measured
            .filter_map(|(trial, score)| Some((trial, score?)))
            .take(self.population)
            .collect();
        // While the first are running there is nobody to breed from yet.
        if turn.index < self.startup || young.is_empty() {
            return initial(turn, &self.design);
        }
        first_open(turn, || {
            let mut drawn = || usize::try_from(stream.below(young.len() as u64)).unwrap_or(0);
            let sample = (0..self.sample).map(|_| drawn());
            let best = sample.min_by(|a, b| young[*a].1.total_cmp(&young[*b].1)).unwrap_or(0);
            Proposal::at(self.genome.step(&young[best].0.point, stream))
        })
    }
}
