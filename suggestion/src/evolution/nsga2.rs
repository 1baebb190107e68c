//! `nsga2`: for several objectives, breeds from what no other trial beats.
//!
//! Deb, Pratap, Agarwal and Meyarivan, *A Fast and Elitist Multiobjective Genetic Algorithm:
//! NSGA-II* (IEEE Trans. Evol. Comput. 6, 2002): survivors by nondominated front and crowding
//! distance (§III), tournaments of two, constraints before objectives (§VI). Without generations:
//! each child may descend from every trial that ended before it was asked for.

use super::genome::Genome;
use super::{Genetic, POPULATION_MAX, STARTUP, population, share, survival};

use crate::analysis::pareto;
use crate::history::Trial;
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::sobol::Sobol;
use crate::suggester::Fitted;

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "nsga2",
    about: "Breeds from what no other trial beats; for several objectives and many trials.",
    settings: SETTINGS,
    check: fits,
    make: |problem| Box::new(genetic(problem, survivors)),
};

/// What can be set of `nsga2` and `nsga3`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    population("a tenth of the trials, from 10 to 50"),
    STARTUP,
    share(
        "crossover_prob",
        "0.9",
        "crossover_prob should be in the range of (0, 1)",
        "The probability that a child has two parents.",
    ),
    share(
        "swapping_prob",
        "0.5",
        "swapping_prob should be in the range of (0, 1)",
        "The probability that a parameter is crossed between two parents.",
    ),
    share(
        "mutation_prob",
        "one of the parameters that count",
        "mutation_prob should be in the range of (0, 1)",
        "The probability that a parameter of a child mutates.",
    ),
    index(
        "crossover_eta",
        "20",
        "How close a crossed child stays to a parent; smaller goes further.",
    ),
    index("mutation_eta", "5", "How close a mutant stays to its origin; smaller goes further."),
    RANDOM_STATE,
];

/// A setting that is a distribution index.
const fn index(name: &'static str, default: &'static str, meaning: &'static str) -> SettingSpec {
    let fault = "eta should be great than zero";
    SettingSpec {
        name,
        default,
        range: Range::Between { lo: 0.0, hi: f64::INFINITY, fault },
        meaning,
    }
}

/// The genetic algorithm of a problem, with these survivors.
pub(super) fn genetic(problem: &Problem, survivors: fn(&[Trial], usize) -> Vec<usize>) -> Genetic {
    let Problem { space, settings, seed, .. } = problem;
    let mut genome = Genome::new(space);
    genome.rate = settings.number("mutation_prob");
    genome.swap = settings.number("swapping_prob").unwrap_or(genome.swap);
    genome.crossing = settings.number("crossover_eta").unwrap_or(genome.crossing);
    genome.mutation = settings.number("mutation_eta").unwrap_or(genome.mutation);
    Genetic {
        genome,
        population: settings.size("population_size").map(|size| size.min(POPULATION_MAX)),
        crossover: settings.number("crossover_prob").unwrap_or(0.9),
        startup: settings.whole("n_startup_trials").unwrap_or(10),
        survivors,
        kept: Fitted::none(),
        design: Sobol::new(space.dimensions(), *seed),
    }
}

/// The best `count` by front, within a front by crowding.
fn survivors(trials: &[Trial], count: usize) -> Vec<usize> {
    let mut kept = Vec::new();
    for mut front in survival::fronts(trials) {
        let losses: Vec<&[f64]> = front.iter().map(|i| trials[*i].losses.as_slice()).collect();
        let crowding = pareto::crowding(&losses);
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|a, b| crowding[*b].total_cmp(&crowding[*a]));
        front = order.into_iter().map(|at| front[at]).collect();
        kept.extend(front);
        if count <= kept.len() {
            break;
        }
    }
    kept.truncate(count);
    kept
}
