//! The names under which the estimator is known, and what can be set.

use super::Tpe;
use crate::Problem;
use crate::registry::{Algorithm, fits};
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::suggester::Suggester;

/// Katib's `tpe`, with the settings of both of its services.
pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "tpe",
    about: "Learns where good trials lie and looks there first; for any space, 10 to 100,000 trials.",
    settings: &[
        GAMMA,
        SettingSpec {
            name: "prior_weight",
            default: "1.0",
            range: Range::Between {
                lo: 0.0,
                hi: f64::INFINITY,
                fault: "prior_weight should be great than zero",
            },
            meaning: "Weight of the parameters' own distributions, in trials; among the good ones half \
                      of it, unless there are categorical parameters.",
        },
        SettingSpec {
            name: "n_EI_candidates",
            default: "24",
            range: CANDIDATES,
            meaning: "How many draws the best one is chosen from.",
        },
        SettingSpec { meaning: "Another spelling of n_EI_candidates.", ..N_EI_CANDIDATES },
        N_STARTUP_TRIALS,
        RANDOM_STATE,
    ],
    check: fits,
    make,
};

/// Katib's `multivariate-tpe`.
pub(crate) const MULTIVARIATE: Algorithm = Algorithm {
    name: "multivariate-tpe",
    about: "The same as tpe, by the name and with the settings of Katib's Optuna service.",
    settings: &[N_STARTUP_TRIALS, N_EI_CANDIDATES, RANDOM_STATE],
    check: fits,
    make,
};

/// The estimator for several objectives.
pub(crate) const MOTPE: Algorithm = Algorithm {
    name: "motpe",
    about: "Learns where trials lie that no other beats in every objective, and looks there first.",
    settings: &[GAMMA, N_STARTUP_TRIALS, N_EI_CANDIDATES, RANDOM_STATE],
    check: fits,
    make,
};

fn make(problem: &Problem) -> Box<dyn Suggester> {
    Box::new(Tpe::new(problem))
}

const CANDIDATES: Range =
    Range::Whole { min: 1, fault: "n_EI_candidates should be great than zero" };

const GAMMA: SettingSpec = SettingSpec {
    name: "gamma",
    default: "0.1",
    range: Range::Between { lo: 0.0, hi: 1.0, fault: "gamma should be in the range of (0, 1)" },
    meaning: "Share of the measured trials that count as good; with one objective never more than \
              25 of them.",
};

const N_EI_CANDIDATES: SettingSpec = SettingSpec {
    name: "n_ei_candidates",
    default: "24",
    range: CANDIDATES,
    meaning: "How many draws the best one is chosen from.",
};

const N_STARTUP_TRIALS: SettingSpec = SettingSpec {
    name: "n_startup_trials",
    default: "10",
    range: Range::Whole { min: 0, fault: "n_startup_trials should be great or equal than zero" },
    meaning: "How many trials must be measured before learning begins.",
};
