//! fANOVA: which share of the variance of the loss each parameter explains by itself.
//!
//! Hutter, Hoos and Leyton-Brown, *An Efficient Approach for Assessing Hyperparameter Importance*
//! (ICML 2014). A random forest learns the loss; each tree divides the space into boxes on which it
//! is constant, so that its mean over all other parameters, and the variance V_i of that mean, are
//! sums over boxes (their algorithm 2). The importance of a parameter is V_i / V, averaged over the
//! trees. The space is measured as it is searched: on a logarithmic parameter, decades are equal.

use super::shares;
use crate::forest::ensemble::{Ensemble, Recipe};
use crate::forest::table::Table;
use crate::forest::tree::{Growth, Side, Tree};
use crate::seed::Seed;
use crate::space::{Kind, Point, Space};

/// How many trees, and how deep: those of the reference implementation.
const TREES: usize = 64;
const DEPTH_MAX: usize = 64;

/// The share of each parameter of the space; they sum to 1, or are all 0 where nothing varies.
/// Parameters that some of the trials do not have, for want of a condition, have none. `losses` are
/// finite, one for each point; the cost grows with n log n.
pub fn fanova(space: &Space, points: &[Point], losses: &[f64], seed: Seed) -> Vec<f64> {
    let dimensions = space.dimensions();
    let places: Vec<Vec<f64>> = points.iter().map(|it| space.place(it)).collect();
    let axes: Vec<_> = space.axes().collect();
    let counts =
        |axis: &usize| axes[*axis].levels != Some(1) && places.iter().all(|it| !it[*axis].is_nan());
    let chosen: Vec<usize> = (0..dimensions).filter(counts).collect();
    if chosen.is_empty() || points.len() < 2 {
        return vec![0.0; dimensions];
    }
    let rows: Vec<Vec<f64>> =
        places.iter().map(|it| chosen.iter().map(|axis| it[*axis]).collect()).collect();
    let table = Table::new(chosen.iter().map(|it| axes[*it]), &rows);
    let growth = Growth {
        features: 1.0,
        split_min: 2.0,
        leaf_min: 1.0,
        depth_max: DEPTH_MAX,
        random: false,
    };
    let recipe = Recipe { members: TREES, bootstrap: true, growth, rounds: None };
    let Ensemble::Forest(trees) = recipe.fit(&table, losses, &mut seed.stream(0)) else {
        return vec![0.0; dimensions];
    };
    let whole: Vec<Side> = chosen
        .iter()
        .map(|it| match (axes[*it].kind, axes[*it].levels) {
            (Kind::Categorical, Some(levels)) => Side::Names(vec![true; levels as usize]),
            _ => Side::Between(0.0, 1.0),
        })
        .collect();
    let seen: Vec<Vec<f64>> = (0..chosen.len()).map(|axis| distinct(&rows, axis)).collect();
    let mut sums = vec![0.0; dimensions];
    for parts in trees.iter().filter_map(|tree| explained(tree, &whole, &seen)) {
        chosen.iter().zip(parts).for_each(|(axis, part)| sums[*axis] += part);
    }
    shares(sums)
}

/// The numbers of the trials on one axis, ascending.
fn distinct(rows: &[Vec<f64>], axis: usize) -> Vec<f64> {
    let mut values: Vec<f64> = rows.iter().map(|it| it[axis]).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// A side whose ends lie in the middle between two trials: where exactly a tree parts them is
/// chance, and would count as variance.
fn centred(side: &Side, seen: &[f64]) -> Side {
    let Side::Between(from, to) = side else { return side.clone() };
    let middle = |edge: f64| match seen.partition_point(|it| *it <= edge) {
        0 => edge,
        after if after == seen.len() => edge,
        after => seen[after - 1] / 2.0 + seen[after] / 2.0,
    };
    Side::Between(middle(*from), middle(*to))
}

/// V_i / V of each axis; none where the tree is constant.
fn explained(tree: &Tree, whole: &[Side], seen: &[Vec<f64>]) -> Option<Vec<f64>> {
    let mut boxes: Vec<(Vec<Side>, f64)> = Vec::new();
    tree.boxes(whole, |sides, mean| {
        let sides = sides.iter().zip(seen).map(|(side, seen)| centred(side, seen));
        boxes.push((sides.collect(), mean));
    });
    let volume = |sides: &[Side]| sides.iter().map(Side::share).product::<f64>();
    let volumes: Vec<f64> = boxes.iter().map(|(sides, _)| volume(sides)).collect();
    let weighted = || boxes.iter().zip(&volumes).map(|((_, value), weight)| (value, weight));
    let mean: f64 = weighted().map(|(value, weight)| value * weight).sum();
    let variance: f64 = weighted().map(|(value, weight)| (value - mean).powi(2) * weight).sum();
    if variance.is_nan() || variance <= 0.0 {
        return None;
    }
    let part = |axis: usize| marginal(&boxes, &volumes, axis, mean) / variance;
    Some((0..whole.len()).map(part).collect())
}

/// The variance, along one axis, of the mean over all others.
fn marginal(boxes: &[(Vec<Side>, f64)], volumes: &[f64], axis: usize, mean: f64) -> f64 {
    // Where the mean may change along the axis, and the share of it before each of these places.
    let mut edges: Vec<f64> = boxes.iter().flat_map(|(sides, _)| sides[axis].edges()).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    // Each box adds its value, weighted by its volume across the axis, between its edges.
    let mut steps = vec![0.0; edges.len() + 1];
    for ((sides, value), volume) in boxes.iter().zip(volumes) {
        let side = &sides[axis];
        let share = side.share();
        if share <= 0.0 {
            continue;
        }
        for (from, to) in side.spans() {
            let place = |edge: f64| edges.partition_point(|it| *it < edge);
            steps[place(from)] += value * volume / share;
            steps[place(to)] -= value * volume / share;
        }
    }
    let mut here = 0.0;
    let mut variance = 0.0;
    for (at, pair) in edges.windows(2).enumerate() {
        here += steps[at];
        variance += (here - mean).powi(2) * (pair[1] - pair[0]);
    }
    variance
}
