//! PED-ANOVA: how far the best trials are, in each parameter, from all of them.
//!
//! Watanabe, Bansal and Hutter, *PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
//! Arbitrary Subspaces* (IJCAI 2023): the Pearson divergence of two densities, one of the best
//! tenth of the trials and one of all, each estimated on a grid with kernels whose width is Scott's.
//! A parameter that not all trials have counts by how often the best have it (theorem 4.2 of Ito et
//! al., *Conditional PED-ANOVA*, 2026).

use super::shares;
use crate::normal;
use crate::space::{Axis, Coordinate, Kind, Point, Space};

/// The share of trials that count as the best.
const BEST: f64 = 0.1;
/// Cells of the grid of a parameter that has more values.
const CELLS: usize = 50;
/// How much a flat density weighs beside the trials.
const PRIOR: f64 = 1.0;
/// The narrowest kernel, in cells: nine tenths of it lie in its own cell.
const WIDTH_MIN: f64 = 0.5 / 1.64;

/// The share of each parameter of the space; they sum to 1, or are all 0 where the best differ in
/// nothing. `losses` are finite, one for each point; the cost grows with n.
pub fn ped_anova(space: &Space, points: &[Point], losses: &[f64]) -> Vec<f64> {
    let dimensions = space.dimensions();
    let best = best(losses);
    let count = best.iter().filter(|it| **it).count();
    if points.len() < 2 || count == points.len() {
        return vec![0.0; dimensions];
    }
    let axes: Vec<Axis> = space.axes().collect();
    let importance = |axis: usize| {
        let cells = |only_best: bool| -> Vec<usize> {
            let wanted = points.iter().zip(&best).filter(|(_, it)| !only_best || **it);
            wanted.filter_map(|(point, _)| cell(point.0[axis], axes[axis])).collect()
        };
        let (good, all) = (cells(true), cells(false));
        let size = size(axes[axis]);
        if size < 2 || good.is_empty() || all.len() < 2 {
            return 0.0;
        }
        let share_of_best = good.len() as f64 / count as f64;
        let share_of_all = all.len() as f64 / points.len() as f64;
        let named = axes[axis].kind == Kind::Categorical;
        let density = |cells: &[usize]| density(cells, size, named);
        share_of_best.powi(2) / share_of_all * divergence(&density(&good), &density(&all))
    };
    shares((0..dimensions).map(importance).collect())
}

/// Which trials are among the best tenth; equals of the last of them are.
fn best(losses: &[f64]) -> Vec<bool> {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = (BEST * losses.len() as f64).ceil() as usize;
    let cut = sorted.get(last.saturating_sub(1)).copied().unwrap_or(f64::INFINITY);
    losses.iter().map(|it| *it <= cut).collect()
}

/// How many cells an axis has.
fn size(axis: Axis) -> usize {
    let levels = axis.levels.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    if axis.kind == Kind::Categorical { levels } else { levels.min(CELLS) }
}

/// The cell of a coordinate; none where it is inactive.
fn cell(coordinate: Coordinate, axis: Axis) -> Option<usize> {
    let size = size(axis);
    let share = match coordinate {
        Coordinate::Inactive => return None,
        Coordinate::Level(level) if axis.levels.is_none_or(|it| it <= size as u64) => {
            return Some(level as usize);
        }
        Coordinate::Level(level) => level as f64 / (axis.levels.unwrap_or(2) - 1) as f64,
        Coordinate::Real(unit) => unit,
    };
    // Cells stand at equal distances, the first and the last at the ends.
    let place = (share * (size - 1) as f64 - 0.5).ceil().max(0.0) as usize;
    Some(place.min(size - 1))
}

/// Σ q (p / q − 1)².
fn divergence(best: &[f64], all: &[f64]) -> f64 {
    let term = |(p, q): (&f64, &f64)| q * (p / q - 1.0).powi(2);
    best.iter().zip(all).map(term).sum()
}

/// The density of observations over the cells.
fn density(cells: &[usize], size: usize, named: bool) -> Vec<f64> {
    let mut counts = vec![0.0; size];
    cells.iter().for_each(|it| counts[*it] += 1.0);
    let kernels: Vec<(usize, f64)> =
        counts.iter().copied().enumerate().filter(|(_, count)| 0.0 < *count).collect();
    let total = cells.len() as f64 + PRIOR;
    let floor = 1e-12;
    if named {
        // Each name that was seen keeps a little for the others.
        let little = PRIOR / (kernels.len() + 1) as f64;
        let row = 1.0 + little * size as f64;
        let seen: f64 = kernels.iter().map(|(_, count)| count * little / row).sum();
        let flat = PRIOR / size as f64;
        return counts.iter().map(|it| (it / row + seen + flat) / total + floor).collect();
    }
    let width = width(&kernels, cells.len() as f64);
    let mut density = vec![floor; size];
    let mut add = |middle: f64, width: f64, weight: f64| {
        for (place, mass) in density.iter_mut().zip(bell(middle, width, size)) {
            *place += weight / total * mass;
        }
    };
    kernels.iter().for_each(|(cell, count)| add(*cell as f64, width, *count));
    add((size - 1) as f64 / 2.0, size as f64, PRIOR);
    density
}

/// Scott's width, with the spread of the middle half where outliers widen the other.
fn width(kernels: &[(usize, f64)], total: f64) -> f64 {
    let mean = kernels.iter().map(|(cell, count)| *cell as f64 * count).sum::<f64>() / total;
    let squares: f64 =
        kernels.iter().map(|(cell, count)| (*cell as f64 - mean).powi(2) * count).sum();
    let deviation = (squares / (total - 1.0).max(1.0)).sqrt();
    let mut sum = 0.0;
    let sums: Vec<f64> = kernels
        .iter()
        .map(|(_, count)| {
            sum += count;
            sum
        })
        .collect();
    let quarter = sums.partition_point(|it| *it < (total / 4.0).floor());
    let three = sums.partition_point(|it| *it <= (total * 3.0 / 4.0).floor());
    let cell = |at: usize| kernels[at.min(kernels.len() - 1)].0 as f64;
    let middle_half = cell(three) - cell(quarter);
    (1.059 * (middle_half / 1.34).min(deviation) * total.powf(-0.2)).max(WIDTH_MIN)
}

/// The mass of a normal distribution in each cell, cut off at the ends.
fn bell(middle: f64, width: f64, size: usize) -> impl Iterator<Item = f64> {
    let below = move |edge: f64| normal::cdf((edge - 0.5 - middle) / width);
    let whole = below(size as f64) - below(0.0);
    (0..size).map(move |it| (below((it + 1) as f64) - below(it as f64)) / whole)
}
