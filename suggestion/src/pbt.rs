//! `pbt`: trains a population, in which losers go on from the checkpoints of winners.
//!
//! Jaderberg et al., *Population Based Training of Neural Networks* (arXiv:1711.09846, 2017); the
//! population is in `population.rs`. Settings and texts are Katib's. Where Katib hands a loser the
//! winner's values and its own old weights, it gets the winner's weights here, as in the paper; and
//! who does not lose goes on with the values that it has.

use proto::FieldError;

use crate::novel;
use crate::population::{self, FOLDER, Next, Population, RESAMPLE, SIZE, THRESHOLD};
use crate::problem::Problem;
use crate::registry::{Algorithm, Draft};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::suggester::{Asked, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "pbt",
    about: "Trains a population: the worst go on from checkpoints of the best, with values nearby. \
            Finds schedules, not only values.",
    settings: &[FOLDER, SIZE, THRESHOLD, RESAMPLE, RANDOM_STATE],
    check,
    make: |problem| Box::new(Pbt::new(problem)),
};

fn check(draft: &Draft) -> Vec<FieldError> {
    let set = draft.settings;
    let missing: Vec<&str> = [
        (set.word(FOLDER.name).is_none(), FOLDER.name),
        (set.whole(SIZE.name).is_none(), SIZE.name),
        (set.number(THRESHOLD.name).is_none(), THRESHOLD.name),
    ]
    .into_iter()
    .filter_map(|(is_missing, name)| is_missing.then_some(name))
    .collect();
    let text = format!("Required params missing: {}", missing.join(", "));
    let fault = (!missing.is_empty()).then(|| FieldError::new("algorithm.algorithmSettings", text));
    fault.into_iter().collect()
}

/// The population of a problem's settings.
pub(crate) fn population(problem: &Problem) -> Population {
    let set = &problem.settings;
    Population {
        size: set.size(SIZE.name).unwrap_or(10),
        threshold: set.number(THRESHOLD.name).unwrap_or(0.2),
    }
}

struct Pbt {
    population: Population,
    resample: Option<f64>,
}

impl Pbt {
    fn new(problem: &Problem) -> Pbt {
        let resample = problem.settings.number(RESAMPLE.name);
        Pbt { population: population(problem), resample }
    }
}

impl Suggester for Pbt {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let next = self.population.next(turn, novel::is_exhausted(turn), stream);
        let proposal = match next {
            None => return Asked::Exhausted,
            Some(Next::Wait(why)) => return Asked::Wait(why),
            Some(Next::Begin(seat)) => seat.begin(crate::fidelity::draw(turn, stream)),
            Some(Next::GoOn(seat, own)) => seat.go_on(own, own.point.clone()),
            Some(Next::Exploit(seat, winner)) => {
                let near = population::explored(turn, &winner.point, self.resample, stream);
                seat.go_on(winner, near)
            }
        };
        Asked::Candidates(vec![proposal])
    }

    fn places_given(&self) -> bool {
        true
    }
}
