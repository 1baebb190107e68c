//! `enas`: a controller learns to draw good architectures.
//!
//! Zoph and Le, *Neural Architecture Search with Reinforcement Learning* (ICLR 2017), with the
//! controller of Pham et al., *Efficient Neural Architecture Search via Parameter Sharing* (ICML
//! 2018, arXiv:1802.03268); no weights are shared between trials. Settings are Katib's. Where
//! Katib's service rewards whatever it draws next with the mean metric of all trials, here each
//! trial's own architecture is rewarded with its own metric (`learner.rs`).

use proto::FieldError;

use super::controller::{Pass, Shape, Source, Wishes};
use super::graph::Network;
use super::learner::{BATCH, Learner, Method};
use crate::problem::Problem;
use crate::registry::{Algorithm, Draft};
use crate::seed::{Seed, Stream};
use crate::settings::{RANDOM_STATE, Range, SettingSpec, Settings};
use crate::space::Form;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

/// A hidden state of more numbers than this makes a suggestion take seconds.
const HIDDEN_MAX: usize = 512;

/// Architectures drawn for each suggestion; the first that was never tried is taken.
const CANDIDATES: usize = 8;

/// Katib's many small steps are taken as few larger ones of the same sum for each trial of a batch
/// (Goyal et al., arXiv:1706.02677, §2.1: the rate grows with the batch), none longer than this.
const RATE_MAX: f64 = 0.02;

/// Most steps for each trial.
const STEPS_MAX: f64 = 4.0;

/// Learning begins anew each so many trials, with as many before: so a long history takes no
/// longer than this twice over.
const WINDOW: usize = 400;

macro_rules! up_to {
    ($name:literal, $lo:literal, $hi:expr, $range:literal) => {
        Range::UpTo {
            lo: 0.0,
            hi: $hi,
            fault: concat!(
                "Algorithm Setting ",
                $name,
                ": {} with float type must be in range (",
                $lo,
                ", ",
                $range,
                ")"
            ),
        }
    };
}

macro_rules! whole {
    ($name:literal) => {
        Range::Whole {
            min: 1,
            fault: concat!(
                "Algorithm Setting ",
                $name,
                ": {} with int type must be in range [1, inf)"
            ),
        }
    };
}

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "enas",
    about: "Learns to draw good architectures, for nasConfig only; wants a hundred trials or more.",
    settings: &[
        SettingSpec {
            name: "controller_hidden_size",
            default: "64",
            range: whole!("controller_hidden_size"),
            meaning: "Numbers in the controller's state; at most 512.",
        },
        SettingSpec {
            name: "controller_temperature",
            default: "5.0",
            range: Range::OrNone(&up_to!("controller_temperature", "0", f64::INFINITY, "inf")),
            meaning: "What logits are divided by: the higher, the more evenly it draws.",
        },
        SettingSpec {
            name: "controller_tanh_const",
            default: "2.25",
            range: Range::OrNone(&up_to!("controller_tanh_const", "0", f64::INFINITY, "inf")),
            meaning: "Bound of the logits, so that no choice becomes certain.",
        },
        SettingSpec {
            name: "controller_entropy_weight",
            default: "0.00001",
            range: Range::OrNone(&up_to!("controller_entropy_weight", "0.0", f64::INFINITY, "inf")),
            meaning: "Weight of the entropy of what is drawn, beside reward.",
        },
        SettingSpec {
            name: "controller_baseline_decay",
            default: "0.999",
            range: up_to!("controller_baseline_decay", "0.0", 1.0, "1.0"),
            meaning: "How much of the mean reward is kept at each step.",
        },
        SettingSpec {
            name: "controller_learning_rate",
            default: "0.00005",
            range: up_to!("controller_learning_rate", "0.0", 1.0, "1.0"),
            meaning: "Size of a step.",
        },
        SettingSpec {
            name: "controller_skip_target",
            default: "0.4",
            range: up_to!("controller_skip_target", "0.0", 1.0, "1.0"),
            meaning: "Share of layers that should be connected.",
        },
        SettingSpec {
            name: "controller_skip_weight",
            default: "0.8",
            range: Range::OrNone(&up_to!("controller_skip_weight", "0.0", f64::INFINITY, "inf")),
            meaning: "Weight of that target, beside reward.",
        },
        SettingSpec {
            name: "controller_train_steps",
            default: "50",
            range: whole!("controller_train_steps"),
            meaning: "Steps for each trial; their sizes add up, and few are taken for all of them.",
        },
        SettingSpec {
            name: "controller_log_every_steps",
            default: "10",
            range: whole!("controller_log_every_steps"),
            meaning: "Nothing here: the controller writes no log.",
        },
        RANDOM_STATE,
    ],
    check,
    make: |problem| Box::new(Enas::new(problem)),
};

fn check(draft: &Draft) -> Vec<FieldError> {
    let mut faults = Vec::new();
    if !matches!(draft.space.form(), Form::Network(_)) {
        faults.push(FieldError::new("nasConfig", "enas needs one, in place of parameters"));
    }
    let hidden = draft.settings.size("controller_hidden_size");
    if let Some(hidden) = hidden.filter(|hidden| HIDDEN_MAX < *hidden) {
        let why = format!("controller_hidden_size must be at most {HIDDEN_MAX}, got {hidden}");
        faults.push(FieldError::new("algorithm.algorithmSettings", why));
    }
    faults
}

struct Enas {
    method: Method,
    seed: Seed,
    window: usize,
    /// What was learned from the trials since the window's start.
    learned: Fitted<(usize, Learner)>,
}

impl Enas {
    fn new(problem: &Problem) -> Enas {
        let (layers, choices) = match problem.space.form() {
            Form::Network(network) => (network.layers, network.choices()),
            _ => (0, 1),
        };
        // A stream that no suggestion has.
        let seed = Seed(problem.seed.0 ^ 0x656e_6173);
        Enas {
            method: method(&problem.settings, layers, choices),
            seed,
            window: WINDOW,
            learned: Fitted::none(),
        }
    }

    /// What was learned from all finished trials.
    fn learner(&mut self, turn: &Turn, network: &Network) -> &Learner {
        let n = turn.finished.len();
        let start = (n / self.window).saturating_sub(1) * self.window;
        let kept = self.learned.take(turn).filter(|(_, (since, _))| *since == start);
        let (done, (_, mut learner)) = kept.unwrap_or_else(|| {
            let objectives = turn.problem.objectives.len();
            let learner = Learner::new(&self.method, objectives, &mut self.seed.stream(u64::MAX));
            (start, (start, learner))
        });
        for i in done..n {
            let mut stream = self.seed.stream(i as u64);
            learner.learn(&self.method, network, &turn.finished[start..=i], &mut stream);
        }
        &self.learned.keep(turn, n, (start, learner)).1
    }
}

impl Suggester for Enas {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let Form::Network(network) = turn.space.form() else {
            return Asked::Exhausted;
        };
        let shape = self.method.shape;
        let learner = self.learner(turn, network);
        let pass = Pass::new(&shape, &learner.weights, Source::Draw(CANDIDATES, stream));
        let points = pass.architectures.iter().filter_map(|rows| network.point(rows));
        Asked::Candidates(points.map(Proposal::at).collect())
    }
}

/// How the settings want the controller to draw and to learn.
fn method(settings: &Settings, layers: usize, choices: usize) -> Method {
    let number = |name, default| settings.number(name).unwrap_or(default);
    let optional = |name, default| (!settings.is_none(name)).then(|| number(name, default));
    let steps = settings.whole("controller_train_steps").unwrap_or(50) as f64;
    let path = steps * number("controller_learning_rate", 5e-5) * BATCH as f64;
    let taken = (path / RATE_MAX).ceil().clamp(1.0, STEPS_MAX);
    Method {
        shape: Shape {
            layers,
            choices,
            hidden: settings.size("controller_hidden_size").unwrap_or(64),
            temperature: optional("controller_temperature", 5.0).unwrap_or(1.0),
            tanh_const: optional("controller_tanh_const", 2.25),
        },
        wishes: Wishes {
            entropy: optional("controller_entropy_weight", 1e-5).unwrap_or(0.0),
            skip: optional("controller_skip_weight", 0.8).unwrap_or(0.0),
            skip_target: number("controller_skip_target", 0.4),
        },
        steps: taken as usize,
        rate: (path / taken).min(RATE_MAX),
        decay: number("controller_baseline_decay", 0.999).powf(steps),
    }
}

#[cfg(test)]
mod tests;
