//! Where an acquisition function is largest: points drawn from the parameters' distributions, then
//! steps of one parameter at a time from the best of them and from the best trials, for as long as
//! they lead up (Hutter, Hoos and Leyton-Brown, *Sequential model-based optimization for general
//! algorithm configuration*, LION 2011, §4.3: the one-exchange neighbourhood).

use crate::random;
use crate::seed::Stream;
use crate::space::{Kind, Point, Space};

/// How long to search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Points drawn.
    pub(crate) draws: usize,
    /// How many of the best of them are starts beside the given ones.
    pub(crate) starts: usize,
    /// Steps from one start.
    pub(crate) steps: usize,
    /// Neighbours that are looked at for one step.
    pub(crate) neighbours: usize,
}

impl Effort {
    /// What a suggestion in milliseconds affords.
    pub(crate) const USUAL: Effort = Effort { draws: 600, starts: 4, steps: 10, neighbours: 24 };
    /// Draws alone.
    pub(crate) const DRAWS: Effort = Effort { draws: 10_000, starts: 0, steps: 0, neighbours: 0 };
}

/// Lengths of steps on an axis with an order, as standard deviations.
const LENGTHS: [f64; 4] = [0.2, 0.05, 0.2, 0.0125];

/// So many points are answered.
const ANSWERS: usize = 64;

/// A point and its score; larger is better.
type Scored = (f64, Point);

/// The points with the largest `score` that were found, best first.
pub(crate) fn search(
    space: &Space,
    starts: &[Point],
    effort: Effort,
    stream: &mut Stream,
    score: impl Fn(&[f64]) -> f64,
) -> Vec<Point> {
    let scored = |point: Point| (score(&space.place(&point)), point);
    let mut found: Vec<Scored> =
        (0..effort.draws).map(|_| scored(random::draw(space, stream))).collect();
    sort(&mut found);
    let drawn: Vec<Point> =
        found.iter().take(effort.starts).map(|(_, point)| point.clone()).collect();
    for start in starts.iter().cloned().chain(drawn) {
        let mut here = scored(start);
        for _ in 0..effort.steps {
            let neighbours = (0..effort.neighbours).map(|k| neighbour(space, &here.1, k, stream));
            let mut neighbours: Vec<Scored> = neighbours.map(&scored).collect();
            sort(&mut neighbours);
            let best = neighbours.first().cloned();
            found.extend(neighbours.into_iter().take(ANSWERS));
            match best {
                Some(best) if here.0 < best.0 => here = best,
                _ => break,
            }
        }
    }
    sort(&mut found);
    found.truncate(ANSWERS);
    found.into_iter().map(|(_, point)| point).collect()
}

/// Best first; of equal ones the earlier.
fn sort(points: &mut [Scored]) {
    points.sort_by(|a, b| b.0.total_cmp(&a.0));
}

/// The same point but for one parameter: neighbour `k` of those that are looked at.
fn neighbour(space: &Space, point: &Point, k: usize, stream: &mut Stream) -> Point {
    let mut point = point.clone();
    let i = stream.below(space.dimensions() as u64) as usize;
    let axis = space.axes().nth(i);
    let unit = match axis.map(|axis| axis.kind) {
        Some(Kind::Categorical) | None => stream.unit(),
        Some(_) => {
            let (lo, hi) = space.cell(i, point.0[i]);
            let middle = lo / 2.0 + hi / 2.0;
            let length = LENGTHS[k % LENGTHS.len()].max(hi - lo);
            crate::normal::truncated(middle, length, 0.0, 1.0, stream.unit())
        }
    };
    point.0[i] = space.coordinate(i, unit);
    space.settled(point)
}
