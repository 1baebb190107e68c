//! When a conditional parameter counts: another parameter has one of some values.

use super::{Coordinate, Point};

/// What a parameter depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    /// Index of the parameter that decides.
    pub(super) parent: usize,
    /// The levels of it with which this parameter counts, ascending.
    pub(super) levels: Vec<u64>,
}

impl Condition {
    /// Whether it holds at `point`, whose deciding parameter is settled already.
    pub(super) fn holds(&self, point: &Point) -> bool {
        match point.0[self.parent] {
            Coordinate::Level(level) => self.levels.binary_search(&level).is_ok(),
            _ => false,
        }
    }
}

/// The conditional parameters in an order in which each comes after the one that decides about
/// it; on a circle, an index on it.
pub(super) fn order(conditions: &[Option<Condition>]) -> Result<Vec<usize>, usize> {
    let mut ordered: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = (0..conditions.len()).filter(|i| conditions[*i].is_some()).collect();
    while !open.is_empty() {
        let ready = |i: &usize| {
            let parent = conditions[*i].as_ref().map(|it| it.parent);
            parent.is_none_or(|parent| conditions[parent].is_none() || ordered.contains(&parent))
        };
        let (now, later): (Vec<usize>, Vec<usize>) = open.iter().partition(|i| ready(i));
        if now.is_empty() {
            return Err(open[0]);
        }
        ordered.extend(now);
        open = later;
    }
    Ok(ordered)
}
