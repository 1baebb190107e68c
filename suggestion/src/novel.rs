//! Never the same point twice while others remain: what every algorithm's candidates go through.

use crate::grid::Lattice;
use crate::seed::Stream;
use crate::space::Point;
use crate::suggester::{Proposal, Turn};

/// How many neighbours of a repeated candidate are looked at before the space is searched through.
const NEIGHBOURS: u32 = 64;

/// The first candidate that repeats nothing; else a point near the best of them; else any point
/// that was never tried; else nothing: the space is exhausted.
pub(crate) fn first_new(
    turn: &Turn,
    candidates: Vec<Proposal>,
    stream: &mut Stream,
) -> Option<Proposal> {
    let best = candidates.first()?.clone();
    let new = |proposal: &Proposal| proposal.repeats || turn.is_open(&proposal.point);
    if let Some(proposal) = candidates.into_iter().find(new) {
        return Some(proposal);
    }
    let point = near(turn, &best.point, stream).or_else(|| any(turn, stream))?;
    Some(Proposal { point, ..best })
}

/// Whether every point was tried or is, where the points can be counted.
pub(crate) fn is_exhausted(turn: &Turn) -> bool {
    let Some(lattice) = Lattice::new(turn.space, None) else { return false };
    let tried = (turn.taken.len() + turn.active.len()) as u64;
    if tried < lattice.total && turn.space.is_plain() {
        return false;
    }
    let mut ranks = 0..lattice.reach(turn);
    !ranks.any(|rank| turn.is_open(&lattice.nth(turn.space, rank)))
}

/// A new point that differs from `center` on one axis, or on more the longer it takes.
fn near(turn: &Turn, center: &Point, stream: &mut Stream) -> Option<Point> {
    let dimensions = turn.space.dimensions();
    let neighbour = |attempt: u32| {
        let mut point = center.clone();
        for _ in 0..=attempt / 16 {
            let axis = usize::try_from(stream.below(dimensions as u64)).unwrap_or(0);
            point.0[axis] = turn.space.coordinate(axis, stream.unit());
        }
        turn.space.settled(point)
    };
    (0..NEIGHBOURS).map(neighbour).find(|point| turn.is_open(point))
}

/// Any new point of a space that can be counted.
fn any(turn: &Turn, stream: &mut Stream) -> Option<Point> {
    let lattice = Lattice::new(turn.space, None)?;
    let start = stream.below(lattice.total);
    let ranks = (0..lattice.reach(turn)).map(|i| {
        let to_the_end = lattice.total - start;
        if i < to_the_end { start + i } else { i - to_the_end }
    });
    ranks.map(|rank| lattice.nth(turn.space, rank)).find(|point| turn.is_open(point))
}
