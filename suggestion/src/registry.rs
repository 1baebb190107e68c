//! Every search algorithm there is: to be listed here is to be under the laws.

use proto::FieldError;

use crate::evolution::{de, local_search, nsga2, nsga3, regularized};
use crate::problem::Problem;
use crate::settings::{SettingSpec, Settings};
use crate::space::Space;
use crate::suggester::Suggester;
use crate::{
    auto, bayesian, brute_force, cmaes, ehvi, forest, gp, grid, halton, nas, parego, random, sobol,
    tpe,
};

/// A search algorithm by name, with what can be set.
pub struct Algorithm {
    /// Name in `algorithm.algorithmName`.
    pub name: &'static str,
    /// One sentence: what it does, and when to take it.
    pub about: &'static str,
    /// What can be set.
    pub settings: &'static [SettingSpec],
    /// What does not fit the algorithm, with paths below `spec`.
    pub(crate) check: fn(&Draft) -> Vec<FieldError>,
    /// Makes it; the problem has been checked.
    pub(crate) make: fn(&Problem) -> Box<dyn Suggester>,
}

/// A problem before its algorithm has agreed to it.
pub(crate) struct Draft<'a> {
    /// Where to search.
    pub(crate) space: &'a Space,
    /// The algorithm's settings, each checked for itself.
    pub(crate) settings: &'a Settings,
    /// How many trials there may be.
    pub(crate) trials_max: Option<u64>,
    /// How many objectives there are; at least 1.
    pub(crate) objectives: usize,
}

impl std::fmt::Debug for Algorithm {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

const ALGORITHMS: &[Algorithm] = &[
    auto::ALGORITHM,
    gp::ALGORITHM,
    gp::hebo::ALGORITHM,
    ehvi::ALGORITHM,
    parego::ALGORITHM,
    tpe::ALGORITHM,
    bayesian::ALGORITHM,
    forest::ALGORITHM,
    tpe::MULTIVARIATE,
    tpe::MOTPE,
    cmaes::ALGORITHM,
    random::ALGORITHM,
    sobol::ALGORITHM,
    halton::ALGORITHM,
    grid::ALGORITHM,
    brute_force::ALGORITHM,
    nsga2::ALGORITHM,
    nsga3::ALGORITHM,
    de::ALGORITHM,
    regularized::ALGORITHM,
    local_search::ALGORITHM,
    nas::enas::ALGORITHM,
    nas::darts::ALGORITHM,
];

/// Every algorithm, for listings, validation and laws.
pub fn algorithms() -> &'static [Algorithm] {
    ALGORITHMS
}

/// The algorithm called `name`.
pub fn find(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
}

/// For algorithms that fit every space.
pub(crate) fn fits(_: &Draft) -> Vec<FieldError> {
    Vec::new()
}
