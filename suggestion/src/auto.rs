//! `auto`: what is tried when the owner names no algorithm.
//!
//! Gaussian processes (`gp.rs`) find the most in the fewest trials, until they are sure of the wrong
//! region; so every few suggestions `tpe` is asked for a second opinion. It draws by chance from
//! where good trials are and follows no model of the whole, and what it finds the Gaussian
//! processes learn too. The shares are chosen by measurement (docs/search.md).
//!
//! Two to four objectives are searched by `ehvi` with `motpe` (which is the same `tpe`, splitting by
//! fronts) as the second opinion, more by `motpe` alone.

use crate::ehvi::{self, Ehvi};
use crate::gp::{self, Gp};
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::suggester::{Asked, Suggester, Turn};
use crate::tpe;

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "auto",
    about: "The best that there is for the problem, as measured; take it unless you know better.",
    settings: &[gp::STARTUP, RANDOM_STATE],
    check: fits,
    make,
};

/// The share of suggestions that are the second opinion.
const SECOND: f64 = 0.15;

struct Auto {
    first: Box<dyn Suggester>,
    second: Box<dyn Suggester>,
    startup: usize,
}

/// The search for as many objectives as the problem has.
fn make(problem: &Problem) -> Box<dyn Suggester> {
    let second = (tpe::MULTIVARIATE.make)(problem);
    let (first, startup): (Box<dyn Suggester>, _) = match problem.objectives.len() {
        ..=1 => {
            let first = Gp::new(problem);
            let startup = first.startup();
            (Box::new(first), startup)
        }
        2..=ehvi::OBJECTIVES_MAX => {
            let first = Ehvi::new(problem);
            let startup = first.startup();
            (Box::new(first), startup)
        }
        _ => return second,
    };
    Box::new(Auto { first, second, startup })
}

impl Suggester for Auto {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let measured = turn.finished.iter().filter(|trial| trial.loss().is_some()).count();
        // Drawn in any case, so that the first opinion is the same with or without a second.
        let second = stream.unit() < SECOND;
        if second && self.startup <= measured {
            return self.second.ask(turn, stream);
        }
        self.first.ask(turn, stream)
    }
}
