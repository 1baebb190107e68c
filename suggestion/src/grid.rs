//! `grid`: every combination once, in an order that spreads from the start.

use proto::FieldError;

use crate::registry::{Algorithm, Draft};
use crate::seed::{Seed, Stream};
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::space::{Coordinate, Kind, Point, Space};
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "grid",
    about: "Tries every combination once, in an order that spreads, and then ends.",
    settings: &[
        SettingSpec {
            name: "default_grid_points",
            default: "none: a double without a step is refused",
            range: Range::Whole { min: 1, fault: "default_grid_points should be great than zero" },
            meaning: "How many values a double without a step is divided into.",
        },
        RANDOM_STATE,
    ],
    check,
    make: |problem| {
        let points = problem.settings.whole("default_grid_points");
        let lattice =
            Lattice::new(&problem.space, points).expect("check refuses what cannot be counted");
        Box::new(Grid { lattice, seed: problem.seed })
    },
};

/// What keeps a grid from being tried as asked.
fn check(draft: &Draft) -> Vec<FieldError> {
    let Draft { space, settings, trials_max, .. } = draft;
    let points = settings.whole("default_grid_points");
    let open = |(i, (axis, name)): (usize, (crate::space::Axis, &str))| {
        let text = format!(
            "grid needs a step for the double parameter \"{name}\", or the setting \
             default_grid_points"
        );
        (axis.levels.is_none() && points.is_none())
            .then(|| FieldError::new(format!("parameters[{i}].feasibleSpace.step"), text))
    };
    let mut faults: Vec<_> = space.axes().zip(space.names()).enumerate().filter_map(open).collect();
    if !faults.is_empty() {
        return faults;
    }
    match (Lattice::new(space, points), trials_max) {
        (None, _) => faults.push(FieldError::new(
            "parameters",
            "have more than 2^64 combinations, too many for grid; use sobol",
        )),
        (Some(lattice), Some(max)) if lattice.total < *max => faults.push(FieldError::new(
            "maxTrialCount",
            format!(
                "must not exceed the {} combinations of the grid, got {max}; lower it or leave it \
                 out",
                lattice.total
            ),
        )),
        _ => {}
    }
    faults
}

struct Grid {
    lattice: Lattice,
    seed: Seed,
}

impl Suggester for Grid {
    fn ask(&mut self, turn: &Turn, _: &mut Stream) -> Asked {
        // What was tried out of turn is skipped.
        let ranks = (0..self.lattice.reach(turn)).map(|i| turn.index.wrapping_add(i));
        let mut points = ranks.map(|rank| self.lattice.spread(turn.space, rank, self.seed));
        match points.find(|point| turn.is_open(point)) {
            Some(point) => Asked::Candidates(vec![Proposal::at(point)]),
            None => Asked::Exhausted,
        }
    }
}

/// Where conditions make combinations equal or some are forbidden, so many are looked through for
/// one that is open.
const SEARCHED_MAX: u64 = 1 << 20;

/// The combinations of all levels, numbered from 0.
pub(crate) struct Lattice {
    /// How many levels each axis has.
    levels: Vec<u64>,
    /// How many combinations there are.
    pub(crate) total: u64,
}

impl Lattice {
    /// All combinations, with `points` levels on each axis that has none of its own; nothing
    /// where they cannot be counted.
    pub(crate) fn new(space: &Space, points: Option<u64>) -> Option<Lattice> {
        let levels = space.axes().map(|axis| axis.levels.or(points)).collect::<Option<Vec<_>>>()?;
        let total = levels.iter().try_fold(1u64, |total, n| total.checked_mul(*n))?;
        Some(Lattice { levels, total })
    }

    /// Of how many consecutive combinations one must be open, if any is: at most as many as were
    /// tried are not, where each is a point of its own.
    pub(crate) fn reach(&self, turn: &Turn) -> u64 {
        let tried = (turn.taken.len() + turn.active.len()) as u64;
        let reach = if turn.space.is_plain() { tried + 1 } else { tried.max(SEARCHED_MAX) };
        self.total.min(reach)
    }

    /// Combination number `rank`, below `total`; the last parameter varies fastest.
    pub(crate) fn nth(&self, space: &Space, mut rank: u64) -> Point {
        let mut coordinates = vec![Coordinate::Inactive; self.levels.len()];
        for (i, axis) in space.axes().enumerate().rev() {
            let (n, digit) = (self.levels[i], rank % self.levels[i]);
            rank /= n;
            coordinates[i] = match axis.kind {
                Kind::Real if n == 1 => space.coordinate(i, 0.5),
                Kind::Real => space.coordinate(i, digit as f64 / (n - 1) as f64),
                _ => Coordinate::Level(digit),
            };
        }
        space.settled(Point(coordinates))
    }

    /// Every combination once over `total` turns. Steps of about the golden ratio of the whole
    /// keep any first few far apart (Weyl's sequence); the seed says where to begin.
    fn spread(&self, space: &Space, turn: u64, seed: Seed) -> Point {
        let total = u128::from(self.total);
        let golden = (self.total as f64 * 0.618_033_988_749_894_9) as u64;
        let stride = (golden.max(1)..=self.total).find(|stride| gcd(*stride, self.total) == 1);
        let walked = u128::from(stride.unwrap_or(1)) * (u128::from(turn) % total);
        let rank = (u128::from(seed.0) + walked) % total;
        self.nth(space, u64::try_from(rank).expect("a rank is below the total"))
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ask_all, experiment, int, names, real, stepped, texts};
    use crate::{Answer, Problem};

    #[test]
    fn every_combination_comes_once_and_then_no_more() {
        let parameters = [int("a", 1, 3), stepped("b", "0.01", "0.04", "0.01"), names("c", 2)];
        let problem = Problem::parse(&experiment("grid", &[], &parameters), Seed(5)).unwrap();
        let Answer::Exhausted(all) = ask_all(&problem, 7) else { panic!("24 and then the end") };
        let mut all: Vec<_> = all.iter().map(texts).collect();
        assert_eq!(all.len(), 24);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24);
        assert_eq!(all[0], "1 0.01 c0");
    }

    fn check(settings: &[(&str, &str)], trials_max: Option<i32>, want: &[&str]) {
        let mut spec = experiment("grid", settings, &[int("n", 1, 3), real("lr", 0.0, 1.0)]);
        spec.max_trial_count = trials_max;
        let got: Vec<_> = Problem::check(&spec).iter().map(ToString::to_string).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        check(
            &[],
            Some(5),
            &["parameters[1].feasibleSpace.step: grid needs a step for the double parameter \
               \"lr\", or the setting default_grid_points"],
        );
        check(&[("default_grid_points", "4")], Some(12), &[]);
        check(
            &[("default_grid_points", "4")],
            Some(13),
            &["maxTrialCount: must not exceed the 12 combinations of the grid, got 13; lower it \
               or leave it out"],
        );
        check(
            &[("default_grid_points", "9223372036854775807")],
            None,
            &["parameters: have more than 2^64 combinations, too many for grid; use sobol"],
        );
    }

    #[test]
    fn the_first_few_are_spread() {
        let problem =
            Problem::parse(&experiment("grid", &[], &[int("a", 0, 99)]), Seed(0)).unwrap();
        let lattice = Lattice::new(&problem.space, None).unwrap();
        let mut first: Vec<_> =
            (0..10).map(|turn| lattice.spread(&problem.space, turn, Seed(0)).key()[0]).collect();
        first.sort_unstable();
        let gap = first.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(gap <= Some(20), "{first:?}");
    }
}
