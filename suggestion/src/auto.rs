//! `auto`: what is tried when the owner names no algorithm.
//!
//! Gaussian processes (`gp.rs`) find the most in the fewest trials, until they are sure of the wrong
//! region; so every few suggestions `tpe` is asked for a second opinion. It draws by chance from
//! where good trials are and follows no model of the whole, and what it finds the Gaussian
//! processes learn too. The shares are chosen by measurement (docs/search.md).

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
    make: |problem| Box::new(Auto::new(problem)),
};

/// The share of suggestions that are the second opinion.
const SECOND: f64 = 0.15;

struct Auto {
    first: Gp,
    second: Box<dyn Suggester>,
    startup: usize,
}

impl Auto {
    fn new(problem: &Problem) -> Auto {
        let first = Gp::new(problem);
        let startup = first.startup();
        Auto { first, second: (tpe::MULTIVARIATE.make)(problem), startup }
    }
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
