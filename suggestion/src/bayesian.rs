//! `bayesianoptimization`: a model of the loss, and an acquisition function that says where it is
//! worth looking; what Katib gives through scikit-optimize, under the same settings.
//!
//! Models: a Gaussian process, or trees (`forest/ensemble.rs`). Acquisition functions
//! (`improvement.rs`): expected improvement, probability of improvement, the lower confidence
//! bound, the first two also per second (Snoek, Larochelle and Adams, *Practical Bayesian
//! Optimization of Machine Learning Algorithms*, NeurIPS 2012, §3.2), and a portfolio of the three
//! (`bayesian/hedge.rs`).

mod hedge;
mod seconds;

use seconds::Seconds;

use crate::forest::candidates::{self, Effort};
use crate::forest::ensemble::Recipe;
use crate::forest::model::Model;
use crate::gp::surrogate;
use crate::history::Trial;
use crate::improvement::{lcb, log_ei, log_pi};
use crate::random;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec, Settings};
use crate::sobol::Sobol;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "bayesianoptimization",
    about: "Learns a model of the loss and looks where it promises most; models to choose from.",
    settings: &[
        SettingSpec {
            name: "base_estimator",
            default: "GP",
            range: Range::Choice {
                of: &["GP", "RF", "ET", "GBRT"],
                fault: "base_estimator {} is not supported in Bayesian optimization",
            },
            meaning: "The model: Gaussian process, random forest, extra-trees or boosted trees.",
        },
        SettingSpec {
            name: "n_initial_points",
            default: "10",
            range: Range::Whole {
                min: 0,
                fault: "n_initial_points should be great or equal than zero",
            },
            meaning: "How many trials must have ended before learning begins.",
        },
        SettingSpec {
            name: "acq_func",
            default: "gp_hedge",
            range: Range::Choice {
                of: &["gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"],
                fault: "acq_func {} is not supported in Bayesian optimization",
            },
            meaning: "What is maximised; ps is per second, gp_hedge learns which of three to trust.",
        },
        SettingSpec {
            name: "acq_optimizer",
            default: "auto",
            range: Range::Choice {
                of: &["auto", "sampling", "lbfgs"],
                fault: "acq_optimizer {} is not supported in Bayesian optimization",
            },
            meaning: "How it is maximised: by draws alone, or from the best of them uphill.",
        },
        RANDOM_STATE,
    ],
    check: fits,
    make: |problem| Box::new(Bayesian::new(problem)),
};

/// The label that says which acquisition function proposed a trial.
const LABEL: &str = "acquisition";

/// How much better than the best a trial should be, in standard deviations of the losses.
const XI: f64 = 0.01;

/// Deviations below the mean that the lower confidence bound reaches.
const KAPPA: f64 = 1.96;

/// What says where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acquisition {
    Lcb,
    Ei,
    Pi,
}

impl Acquisition {
    /// Those of the portfolio.
    const ALL: [Acquisition; 3] = [Acquisition::Lcb, Acquisition::Ei, Acquisition::Pi];

    /// Its name in the settings and on labels.
    fn name(self) -> &'static str {
        match self {
            Acquisition::Lcb => "LCB",
            Acquisition::Ei => "EI",
            Acquisition::Pi => "PI",
        }
    }

    /// How worthwhile a prediction is; larger is better.
    fn score(self, (mean, variance): (f64, f64), best: f64) -> f64 {
        let deviation = variance.sqrt();
        match self {
            Acquisition::Lcb => -lcb(mean, deviation, KAPPA),
            Acquisition::Ei => log_ei(mean, deviation, best - XI),
            Acquisition::Pi => log_pi(mean, deviation, best - XI),
        }
    }
}

/// Each so-many-th suggestion of trees is drawn at random, as in `forest`: where they are flat, they
/// see no reason to look elsewhere.
const INTERLEAVE: u64 = 6;

struct Bayesian {
    initial: usize,
    estimator: &'static str,
    /// One, or several to choose from.
    acquisitions: &'static [Acquisition],
    per_second: bool,
    effort: Effort,
    /// What is proposed until there is enough to learn from.
    first: Sobol,
    model: Fitted<Option<Learned>>,
}

/// What was learned from the finished trials.
#[derive(Debug)]
struct Learned {
    model: Model,
    seconds: Option<Seconds>,
}

impl Bayesian {
    fn new(problem: &crate::Problem) -> Bayesian {
        let settings: &Settings = &problem.settings;
        let (acquisitions, per_second): (&[Acquisition], bool) = match settings.text("acq_func") {
            Some("LCB") => (&[Acquisition::Lcb], false),
            Some("EI") => (&[Acquisition::Ei], false),
            Some("PI") => (&[Acquisition::Pi], false),
            Some("EIps") => (&[Acquisition::Ei], true),
            Some("PIps") => (&[Acquisition::Pi], true),
            _ => (&Acquisition::ALL, false),
        };
        Bayesian {
            initial: settings.size("n_initial_points").unwrap_or(10),
            estimator: settings.text("base_estimator").unwrap_or("GP"),
            acquisitions,
            per_second,
            effort: match settings.text("acq_optimizer") {
                Some("sampling") => Effort::DRAWS,
                _ => Effort::USUAL,
            },
            first: Sobol::new(problem.space.dimensions(), problem.seed),
            model: Fitted::none(),
        }
    }

    /// The model of the finished trials; none while they are too few, or tell nothing.
    fn learned(&mut self, turn: &Turn) -> Option<&Learned> {
        let n = turn.finished.len();
        if n < self.initial {
            return None;
        }
        let (estimator, per_second) = (self.estimator, self.per_second);
        let learn = |finished: &[Trial]| {
            let model = fit(estimator, turn, finished)?;
            let seconds = if per_second { Seconds::fit(turn.space, finished) } else { None };
            Some(Learned { model, seconds })
        };
        self.model.at(turn, n, learn).as_ref()
    }
}

/// The model that a base estimator makes of the finished trials.
fn fit(estimator: &str, turn: &Turn, finished: &[Trial]) -> Option<Model> {
    let recipe = match estimator {
        "RF" => Recipe::forest(100),
        "ET" => Recipe::extra(100),
        "GBRT" => Recipe::boosted(10),
        _ => {
            return Model::fit(finished, turn.problem.seed, |places, targets, _| {
                surrogate::learn(turn.space, places, targets)
            });
        }
    };
    Model::of_trees(&recipe, turn.space, finished, turn.problem.seed)
}

impl Suggester for Bayesian {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let (acquisitions, effort) = (self.acquisitions, self.effort);
        let trees = self.estimator != "GP";
        let Some(Learned { model, seconds }) = self.learned(turn) else {
            let point = turn.space.believed(&self.first.point(turn.index));
            return Asked::Candidates(vec![Proposal::at(point)]);
        };
        if trees && turn.index % INTERLEAVE == INTERLEAVE - 1 {
            return Asked::Candidates(vec![Proposal::at(random::draw(turn.space, stream))]);
        }
        let surrogate = model.surrogate.believing(turn.active);
        let acquisition = hedge::choose(acquisitions, turn.finished, &*model.surrogate, stream);
        let score = |place: &[f64]| {
            let score = acquisition.score(surrogate.predict(place), model.best);
            score - seconds.as_ref().map_or(0.0, |seconds| seconds.log(place))
        };
        let points = candidates::search(turn.space, &model.starts, effort, stream, score);
        let label = (LABEL.to_owned(), acquisition.name().to_owned());
        let proposal = |point| Proposal { labels: [label.clone()].into(), ..Proposal::at(point) };
        Asked::Candidates(points.into_iter().map(proposal).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{experiment, names, real, told};
    use crate::{Answer, History, Problem, Seed, suggest};
    use proto::kinds::Setting;

    fn settings(set: &[(&str, &str)]) -> Result<Settings, String> {
        let setting = |(name, value): &(&str, &str)| Setting {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        let set: Vec<Setting> = set.iter().map(setting).collect();
        Settings::parse(ALGORITHM.name, ALGORITHM.settings, &set).map_err(|faults| {
            faults.into_iter().map(|it| it.message).collect::<Vec<_>>().join("; ")
        })
    }

    /// The losses of 40 trials, and how many seconds all of them ran.
    fn search(set: &[(&str, &str)], seed: u64) -> (Vec<f64>, f64) {
        let spec = experiment("random", &[], &[real("x", 0.0, 1.0), names("c", 3)]);
        let mut problem = Problem::parse(&spec, Seed(seed)).unwrap();
        (problem.algorithm, problem.settings) = (&ALGORITHM, settings(set).unwrap());
        let mut lived: Vec<crate::Told> = Vec::new();
        for index in 0..40 {
            let history = History::new(&problem, lived.clone());
            let Answer::Proposals(mut all) = suggest(&problem, &history, index, 1).unwrap() else {
                panic!("{set:?} ended early")
            };
            let suggested = all.remove(0);
            let x: f64 = suggested.assignments[0].value.parse().unwrap();
            let c = if suggested.assignments[1].value == "c1" { 0.0 } else { 0.5 };
            let mut trial = told(index, suggested.assignments, Some((x - 0.3).powi(2) + c));
            (trial.labels, trial.seconds) = (suggested.labels, Some((3.0 * x).exp()));
            lived.push(trial);
        }
        let losses = lived.iter().map(|trial| trial.metrics["loss"]).collect();
        (losses, lived.iter().filter_map(|trial| trial.seconds).sum())
    }

    #[test]
    fn faults_read_as_katibs() {
        let check = |name, value, want: &str| {
            assert_eq!(settings(&[(name, value)]).err().unwrap_or_default(), want);
        };
        check("base_estimator", "GBRT", "");
        check(
            "base_estimator",
            "gp",
            "base_estimator gp is not supported in Bayesian optimization",
        );
        check("acq_func", "UCB", "acq_func UCB is not supported in Bayesian optimization");
        check("acq_optimizer", "", "acq_optimizer  is not supported in Bayesian optimization");
        check("n_initial_points", "-1", "n_initial_points should be great or equal than zero");
        check("random_state", "-1", "random_state should be great or equal than zero");
        check("xi", "1", "unknown setting xi for algorithm bayesianoptimization");
    }

    /// Of 30 trials after the initial ones 4.5 are in the valley by chance. With each model more
    /// than that are, over all acquisition functions together; 30 of 120 or more by chance with a
    /// probability of 0.002. (Per second is worth more elsewhere: another test.)
    #[test]
    fn every_model_goes_to_the_valley() {
        let in_valley = |estimator, acquisition| {
            let (losses, _) =
                search(&[("base_estimator", estimator), ("acq_func", acquisition)], 5);
            losses[10..].iter().filter(|loss| **loss < 0.05).count()
        };
        let counts = ["GP", "RF", "ET", "GBRT"].map(|estimator| {
            ["gp_hedge", "LCB", "EI", "PI"].map(|acquisition| in_valley(estimator, acquisition))
        });
        let all = |of: &[usize; 4]| of.iter().sum::<usize>();
        assert!(counts.iter().all(|of| 30 <= all(of)), "{counts:?}");
    }

    #[test]
    fn draws_alone_suffice_where_they_are_asked_for() {
        let set = [("base_estimator", "ET"), ("acq_optimizer", "sampling")];
        let inside = search(&set, 5).0[30..].iter().filter(|loss| **loss < 0.05).count();
        assert!(5 <= inside, "{inside}");
    }

    #[test]
    fn per_second_spends_less() {
        let spent =
            |acquisition| search(&[("base_estimator", "ET"), ("acq_func", acquisition)], 5).1;
        let (plain, per_second) = (spent("EI"), spent("EIps"));
        assert!(per_second < plain, "{per_second} s, not less than {plain} s");
    }
}
