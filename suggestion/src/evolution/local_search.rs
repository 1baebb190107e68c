//! `local-search`: tries the neighbours of the best, one after the other, and begins anew where
//! none is better.
//!
//! White, Nolen and Savani, *Exploring the Loss Landscape in Neural Architecture Search* (UAI 2021,
//! algorithm 1, moving at the first improvement): some first points, then the neighbours of the best
//! of them. Neighbours differ on one axis: by another name, by the next level up or down, or by one
//! of a few lengths on an axis that is long.

use super::genome::Genome;
use super::{STARTUP, initial};

use crate::history::Trial;
use crate::problem::Problem;
use crate::random;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::sobol::Sobol;
use crate::space::{Axis, Coordinate, Kind, Point};
use crate::standing;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "local-search",
    about: "Tries the neighbours of the best, and begins anew where none is better; for names.",
    settings: &[STARTUP, RANDOM_STATE],
    check: fits,
    make: |problem| {
        let Problem { space, settings, seed, .. } = problem;
        Box::new(LocalSearch {
            genome: Genome::new(space),
            initial: settings.whole("n_startup_trials").unwrap_or(10),
            design: Sobol::new(space.dimensions(), *seed),
        })
    },
};

/// The label that says with which suggestion a descent began.
const DESCENT: &str = "descent";

/// How far neighbours are on an axis that is longer than these steps.
const LENGTHS: [f64; 3] = [0.2, 0.05, 0.0125];

struct LocalSearch {
    genome: Genome,
    initial: u64,
    design: Sobol,
}

impl Suggester for LocalSearch {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        if turn.index < self.initial {
            return initial(turn, &self.design);
        }
        let all = || turn.finished.iter().chain(turn.active);
        let descent = all().map(descent).max().unwrap_or(0);
        let scores = standing::scores(turn);
        let measured = turn.finished.iter().zip(scores);
        let best = measured
            .filter(|(trial, _)| descent == self::descent(trial))
            .filter_map(|(trial, score)| Some((score?, trial)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, best)) = best
            && let Some(point) = self.neighbour(turn, &best.point, stream)
        {
            return Asked::Candidates(vec![labelled(point, descent)]);
        }
        // Nobody near is better, or what began a descent still runs: another one begins.
        Asked::Candidates(vec![labelled(random::draw(turn.space, stream), turn.index)])
    }
}

impl LocalSearch {
    /// An open neighbour of a point: all of them in a random order, until one is.
    fn neighbour(&self, turn: &Turn, center: &Point, stream: &mut Stream) -> Option<Point> {
        let mut moves: Vec<(usize, Coordinate)> =
            (0..center.0.len()).flat_map(|axis| self.moves(axis, center.0[axis])).collect();
        while !moves.is_empty() {
            let pick = usize::try_from(stream.below(moves.len() as u64)).unwrap_or(0);
            let (axis, coordinate) = moves.swap_remove(pick);
            let mut point = center.clone();
            point.0[axis] = coordinate;
            let point = turn.space.settled(point);
            if turn.is_open(&point) {
                return Some(point);
            }
        }
        None
    }

    /// Where a point can move on one axis.
    fn moves(&self, axis: usize, own: Coordinate) -> Vec<(usize, Coordinate)> {
        let Axis { kind, levels } = self.genome.axes()[axis];
        let mut to: Vec<Coordinate> = match (own, levels) {
            (Coordinate::Inactive, _) => Vec::new(),
            (Coordinate::Level(_), Some(levels)) if kind == Kind::Categorical => {
                (0..levels).map(Coordinate::Level).collect()
            }
            (own, _) => {
                let at = self.genome.unit(axis, own);
                let both = LENGTHS.iter().flat_map(|length| [at - length, at + length]);
                both.map(|unit| self.genome.coordinate(axis, unit)).collect()
            }
        };
        if let (Coordinate::Level(level), Some(levels)) = (own, levels) {
            to.extend(level.checked_sub(1).map(Coordinate::Level));
            to.extend((level + 1 < levels).then_some(Coordinate::Level(level + 1)));
        }
        to.retain(|coordinate| *coordinate != own);
        to.sort_by_key(|coordinate| Point(vec![*coordinate]).key());
        to.dedup();
        to.into_iter().map(|coordinate| (axis, coordinate)).collect()
    }
}

/// With which suggestion the descent of a trial began; 0 for the first.
fn descent(trial: &Trial) -> u64 {
    trial.labels.get(DESCENT).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn labelled(point: Point, descent: u64) -> Proposal {
    let labels = [(DESCENT.to_owned(), descent.to_string())].into();
    Proposal { labels, ..Proposal::at(point) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{experiment, int, names, texts, told};
    use crate::{Answer, History, Seed, State, Told, suggest};

    /// Lives through `n` trials with a loss for each text.
    fn lived(problem: &Problem, n: u64, loss: impl Fn(&str) -> f64) -> Vec<(String, Told)> {
        let mut all: Vec<(String, Told)> = Vec::new();
        for index in 0..n {
            let history = History::new(problem, all.iter().map(|it| it.1.clone()).collect());
            let Answer::Proposals(mut one) = suggest(problem, &history, index, 1).unwrap() else {
                panic!("there is more")
            };
            let one = one.remove(0);
            let (text, labels) = (texts(&one), one.labels.clone());
            let told = told(index, one.assignments, Some(loss(&text)));
            all.push((text, Told { labels, state: State::Succeeded, ..told }));
        }
        all
    }

    #[test]
    fn neighbours_of_the_best_come_before_anything_else() {
        let parameters = [names("a", 5), names("b", 5), names("c", 5)];
        let spec = experiment("local-search", &[("n_startup_trials", "1")], &parameters);
        let problem = Problem::parse(&spec, Seed(1)).unwrap();
        // Nothing is better than the first, so all of its 12 neighbours come, and then another.
        let all = lived(&problem, 14, |_| 1.0);
        let differ =
            |text: &str| all[0].0.split(' ').zip(text.split(' ')).filter(|(a, b)| a != b).count();
        assert!(all[1..13].iter().all(|(text, _)| differ(text) == 1));
        assert!(1 < differ(&all[13].0));
        assert_eq!(all[13].1.labels[DESCENT], "13");
    }

    #[test]
    fn a_slope_is_walked_down() {
        let parameters = [int("a", 0, 9), int("b", 0, 9)];
        let spec = experiment("local-search", &[("n_startup_trials", "2")], &parameters);
        let problem = Problem::parse(&spec, Seed(4)).unwrap();
        let loss = |text: &str| text.split(' ').map(|n| n.parse::<f64>().unwrap()).sum();
        let best = lived(&problem, 40, loss).into_iter().map(|it| it.1.metrics["loss"]);
        assert_eq!(best.fold(f64::INFINITY, f64::min), 0.0);
    }
}
