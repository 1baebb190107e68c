//! `de`: moves each of some points along the differences between others, and keeps the better.
//!
//! Differential evolution (Storn and Price, J. Global Optim. 11, 1997) with the strategy
//! current-to-pbest/1 and an archive (Zhang and Sanderson, *JADE*, IEEE Trans. Evol. Comput. 13,
//! 2009) and steps that learn from success (Tanabe and Fukunaga, *Success-History Based Parameter
//! Adaptation for Differential Evolution*, CEC 2013). Equation numbers are the last one's.
//!
//! Suggestion i belongs to member i modulo the size of the population, which stands at the best of
//! its trials: so nobody waits for a generation, and every member follows from the history.

mod memory;

use memory::{Memory, Step};

use super::genome::Genome;
use super::{POPULATION_MAX, first_open, initial, population};

use crate::history::Trial;
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::sobol::Sobol;
use crate::space::{Coordinate, Kind, Point};
use crate::standing;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "de",
    about: "Moves points along the differences between others; for numbers and many trials.",
    settings: &[population("12"), RANDOM_STATE],
    check: fits,
    make: |problem| {
        let Problem { space, settings, seed, .. } = problem;
        Box::new(Differential {
            genome: Genome::new(space),
            size: settings.size("population_size").unwrap_or(12).clamp(4, POPULATION_MAX),
            design: Sobol::new(space.dimensions(), *seed),
        })
    },
};

/// The share of the members whose places are followed: JADE's p.
const FOLLOWED: f64 = 0.2;

/// The probability that a name is drawn anew: one that no member has would never come back.
const DRAWN: f64 = 0.05;

struct Differential {
    genome: Genome,
    size: usize,
    design: Sobol,
}

impl Suggester for Differential {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let members = Members::new(turn.finished, &standing::scores(turn), self.size);
        if turn.index < self.size as u64 || members.best.len() < 4 {
            return initial(turn, &self.design);
        }
        let own = members.of(turn.index, stream);
        first_open(turn, || {
            let step = members.memory.step(stream);
            let point = self.moved(&members, own, step, stream);
            Proposal { labels: step.labels(), ..Proposal::at(point) }
        })
    }
}

impl Differential {
    /// Equation 6, and binomial crossover (equation 4).
    fn moved(&self, members: &Members, own: &Point, step: Step, stream: &mut Stream) -> Point {
        let followed = (FOLLOWED * members.best.len() as f64).ceil().max(2.0);
        let ahead = pick(&members.best[..followed as usize], stream);
        let one = pick(&members.best, stream);
        let other = pick(&members.all, stream);
        let always = stream.below(own.0.len() as u64);
        let mut child = own.clone();
        for (axis, gene) in child.0.iter_mut().enumerate() {
            if axis as u64 != always && step.crossing <= stream.unit() {
                continue;
            }
            let known = [ahead.0[axis], one.0[axis]];
            *gene = match *gene {
                Coordinate::Inactive => known[0],
                own if self.genome.axes()[axis].kind == Kind::Categorical => {
                    self.renamed(axis, own, known, step.factor, stream)
                }
                own => {
                    let at = |coordinate| match coordinate {
                        Coordinate::Inactive => self.genome.unit(axis, own),
                        coordinate => self.genome.unit(axis, coordinate),
                    };
                    let pull = at(ahead.0[axis]) - at(own);
                    let difference = at(one.0[axis]) - at(other.0[axis]);
                    let to = at(own) + step.factor * (pull + difference);
                    self.genome.coordinate(axis, inside(at(own), to))
                }
            };
        }
        self.genome.settled(child, stream)
    }

    /// A name moves to a known one with the probability of a step's length.
    fn renamed(
        &self,
        axis: usize,
        own: Coordinate,
        known: [Coordinate; 2],
        factor: f64,
        stream: &mut Stream,
    ) -> Coordinate {
        if stream.unit() < DRAWN && self.genome.axes()[axis].levels != Some(1) {
            return self.genome.other(axis, own, stream);
        }
        let moves = known.map(|name| name != Coordinate::Inactive && stream.unit() < factor);
        match moves {
            [true, _] => known[0],
            [_, true] => known[1],
            _ => own,
        }
    }
}

/// Half way to the bound where a step would leave the axis.
fn inside(from: f64, to: f64) -> f64 {
    match to {
        _ if to < 0.0 => from / 2.0,
        _ if 1.0 < to => from / 2.0 + 0.5,
        _ => to,
    }
}

fn pick<'a>(points: &[&'a Point], stream: &mut Stream) -> &'a Point {
    points[usize::try_from(stream.below(points.len() as u64)).unwrap_or(0)]
}

/// Where the members of the population stand.
struct Members<'a> {
    size: usize,
    /// The best trial of each member that has one.
    own: Vec<Option<(f64, &'a Point)>>,
    /// The members' places, best first.
    best: Vec<&'a Point>,
    /// The same and the archive: places that members left.
    all: Vec<&'a Point>,
    memory: Memory,
}

impl<'a> Members<'a> {
    /// Lives through the trials in the order of completion.
    fn new(trials: &'a [Trial], scores: &[Option<f64>], size: usize) -> Members<'a> {
        let mut own: Vec<Option<(f64, &Point)>> = vec![None; size];
        let mut left: Vec<&Point> = Vec::new();
        let mut memory = Memory::new(size);
        for (trial, score) in trials.iter().zip(scores) {
            let Some(score) = *score else { continue };
            let member = &mut own[(trial.index % size as u64) as usize];
            let gain = member.map(|(best, _)| best - score);
            if gain.is_none_or(|gain| 0.0 <= gain) {
                left.extend(member.replace((score, &trial.point)).map(|(_, point)| point));
            }
            memory.learn(Step::of(&trial.labels), gain);
        }
        let mut ranked: Vec<(f64, &Point)> = own.iter().flatten().copied().collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let best: Vec<&Point> = ranked.into_iter().map(|(_, point)| point).collect();
        // As many that were left as there are members, the last ones.
        let archive = left.iter().rev().take(size).copied();
        let all = best.iter().copied().chain(archive).collect();
        Members { size, own, best, all, memory }
    }

    /// The place of the member to which a suggestion belongs; another's where it has none.
    fn of(&self, index: u64, stream: &mut Stream) -> &'a Point {
        let own = self.own[(index % self.size as u64) as usize];
        own.map_or_else(|| pick(&self.best, stream), |(_, point)| point)
    }
}
