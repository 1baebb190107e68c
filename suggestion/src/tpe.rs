//! `tpe`: tries what looks like the good trials and unlike the others.
//!
//! The tree-structured Parzen estimator of Bergstra et al., *Algorithms for Hyper-Parameter
//! Optimization* (NeurIPS 2011, §4), in the multivariate form of Falkner et al., *BOHB* (ICML 2018,
//! §4): trials are split by loss into good and others, each set becomes a density (`parzen.rs`),
//! and of some draws from the good density l the ones with the largest l/g are proposed, which is
//! where the expected improvement is largest.
//!
//! Running trials count among the others, so that a batch does not crowd (the constant liar of
//! Ginsbourger et al., 2010), and so do failed ones.

mod parzen;
mod split;

use parzen::Parzen;

use crate::registry::{Algorithm, fits};
use crate::seed::{Seed, Stream};
use crate::settings::{RANDOM_STATE, Range, SettingSpec, Settings};
use crate::sobol::Sobol;
use crate::space::Space;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

const CANDIDATES: Range =
    Range::Whole { min: 1, fault: "n_EI_candidates should be great than zero" };

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "tpe",
    about: "Learns where good trials lie and looks there first; for any space, 10 to 10,000 trials.",
    settings: &[
        SettingSpec {
            name: "gamma",
            default: "0.1",
            range: Range::Between {
                lo: 0.0,
                hi: 1.0,
                fault: "gamma should be in the range of (0, 1)",
            },
            meaning: "Share of the measured trials that count as good; never more than 25 of them.",
        },
        SettingSpec {
            name: "prior_weight",
            default: "1.0",
            range: Range::Between {
                lo: 0.0,
                hi: f64::INFINITY,
                fault: "prior_weight should be great than zero",
            },
            meaning: "Weight of the parameters' own distributions, in trials.",
        },
        SettingSpec {
            name: "n_EI_candidates",
            default: "24",
            range: CANDIDATES,
            meaning: "How many draws the best one is chosen from.",
        },
        SettingSpec {
            name: "n_ei_candidates",
            default: "24",
            range: CANDIDATES,
            meaning: "Another spelling of n_EI_candidates.",
        },
        SettingSpec {
            name: "n_startup_trials",
            default: "10",
            range: Range::Whole {
                min: 0,
                fault: "n_startup_trials should be great or equal than zero",
            },
            meaning: "How many trials must be measured before learning begins.",
        },
        RANDOM_STATE,
    ],
    check: fits,
    make: |problem| Box::new(Tpe::new(&problem.space, &problem.settings, problem.seed)),
};

struct Tpe {
    /// Share of good trials.
    gamma: f64,
    prior_weight: f64,
    candidates: usize,
    startup: usize,
    /// What is proposed until there is enough to learn from.
    first: Sobol,
}

impl Tpe {
    fn new(space: &Space, settings: &Settings, seed: Seed) -> Tpe {
        let candidates = settings.size("n_EI_candidates").or(settings.size("n_ei_candidates"));
        Tpe {
            gamma: settings.number("gamma").unwrap_or(0.1),
            prior_weight: settings.number("prior_weight").unwrap_or(1.0),
            candidates: candidates.unwrap_or(24).min(CANDIDATES_MAX),
            startup: settings.size("n_startup_trials").unwrap_or(10),
            first: Sobol::new(space.dimensions(), seed),
        }
    }
}

/// More draws than this change nothing but the time they take.
const CANDIDATES_MAX: usize = 10_000;

impl Suggester for Tpe {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let measured = turn.finished.iter().filter(|trial| trial.loss().is_some()).count();
        if measured < self.startup {
            let point = turn.space.believed(&self.first.point(turn.index));
            return Asked::Candidates(vec![Proposal::at(point)]);
        }

        let (good, others) = split::split(turn.finished, turn.active, self.gamma);
        let good = Parzen::fit(turn.space, &good, self.prior_weight);
        let others = Parzen::fit(turn.space, &others, self.prior_weight);
        let draw = |_| {
            let point = good.draw(turn.space, stream);
            let place = good.place(turn.space, &point);
            let gain = good.log_density(&place) - others.log_density(&place);
            (gain, point)
        };
        let mut candidates: Vec<_> = (0..self.candidates).map(draw).collect();
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
        Asked::Candidates(candidates.into_iter().map(|(_, point)| Proposal::at(point)).collect())
    }
}
