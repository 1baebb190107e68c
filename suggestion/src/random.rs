//! `random`: each suggestion drawn from the parameters' distributions, on its own.

use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::space::{Point, Space};
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "random",
    about: "Draws each suggestion from the parameters' distributions, on its own.",
    settings: &[RANDOM_STATE],
    check: fits,
    make: |_| Box::new(Random),
};

struct Random;

impl Suggester for Random {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        Asked::Candidates(vec![Proposal::at(draw(turn.space, stream))])
    }
}

/// A point drawn from the parameters' distributions.
pub(crate) fn draw(space: &Space, stream: &mut Stream) -> Point {
    let units: Vec<_> = (0..space.dimensions()).map(|_| stream.unit()).collect();
    space.believed(&units)
}
