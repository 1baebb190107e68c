//! How much of the space below a reference point is dominated: one number for a whole front.
//!
//! Exact for any number of objectives, and fast up to four: with n points n log n for two (a
//! staircase) and three (Beume, Fonseca, López-Ibáñez, Paquete and Vahrenhold, *On the Complexity
//! of Computing the Hypervolume Indicator*, IEEE Trans. Evol. Comput. 13, 2009: the staircase is
//! swept along the third). From four on the volume is cut into slices along the last objective, and
//! each point adds what it alone dominates of its slice (While, Bradstreet and Barone, *A Fast Way
//! of Calculating Exact Hypervolumes*, IEEE Trans. Evol. Comput. 16, 2012).
//!
//! Only what is below the reference point in every objective counts. Smaller is better.

mod stairs;

use super::pareto::{compared, dominates};
use stairs::Stairs;

/// The volume that `points` dominate below `reference`.
///
/// ```
/// use suggestion::analysis::hypervolume::hypervolume;
///
/// assert_eq!(hypervolume(&[[1.0, 2.0], [2.0, 1.0]], &[3.0, 3.0]), 3.0);
/// assert_eq!(hypervolume(&[[1.0, 3.0]], &[3.0, 3.0]), 0.0);
/// ```
pub fn hypervolume<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> f64 {
    let points: Vec<&[f64]> = points.iter().map(AsRef::as_ref).collect();
    volume(&inside(&points, reference), reference)
}

/// For each point, the volume that no other point dominates: what would be lost without it.
///
/// ```
/// use suggestion::analysis::hypervolume::contributions;
///
/// let points = [[1.0, 2.0], [2.0, 1.0], [2.0, 2.0]];
/// assert_eq!(contributions(&points, &[3.0, 3.0]), [1.0, 1.0, 0.0]);
/// ```
pub fn contributions<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> Vec<f64> {
    let points: Vec<&[f64]> = points.iter().map(AsRef::as_ref).collect();
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.retain(|i| is_inside(points[*i], reference));
    order.sort_by(|a, b| compared_last(points[*a], points[*b]));
    let alone = |i: usize| {
        if !is_inside(points[i], reference) {
            return 0.0;
        }
        let others = order.iter().filter(|j| **j != i).map(|j| points[*j]).collect::<Vec<_>>();
        exclusive(points[i], &others, reference)
    };
    (0..points.len()).map(alone).collect()
}

/// At most `count` of the points that together dominate much: each the one that adds most to those
/// before it, of equal ones the first. Their volume is at least 1 − 1/e of what the best choice has
/// (Guerreiro, Fonseca and Paquete, *Greedy Hypervolume Subset Selection in Low Dimensions*, Evol.
/// Comput. 24, 2016).
///
/// ```
/// use suggestion::analysis::hypervolume::subset;
///
/// let points = [[1.0, 4.0], [2.0, 2.0], [4.0, 1.0], [1.5, 3.5]];
/// assert_eq!(subset(&points, &[5.0, 5.0], 3), [1, 0, 2]);
/// ```
pub fn subset<P: AsRef<[f64]>>(points: &[P], reference: &[f64], count: usize) -> Vec<usize> {
    let points: Vec<&[f64]> = points.iter().map(AsRef::as_ref).collect();
    // What each would add to what was chosen when this was computed; later it adds no more.
    let mut gains: Vec<(usize, f64, usize)> = (0..points.len())
        .map(|i| {
            let all =
                if is_inside(points[i], reference) { size(points[i], reference) } else { 0.0 };
            (i, all, 0)
        })
        .collect();
    let mut below: Vec<&[f64]> = Vec::new();
    let mut chosen = Vec::new();
    while chosen.len() < count.min(points.len()) {
        let largest = (0..gains.len()).max_by(|a, b| {
            let (a, b) = (&gains[*a], &gains[*b]);
            compared(a.1, b.1).then(b.0.cmp(&a.0))
        });
        let Some(at) = largest else { break };
        let (i, gain, when) = gains[at];
        // What adds nothing goes on adding nothing.
        if when < chosen.len() && 0.0 < gain {
            gains[at] = (i, exclusive(points[i], &below, reference).min(gain), chosen.len());
            continue;
        }
        gains.swap_remove(at);
        chosen.push(i);
        if 0.0 < gain {
            let place = below.partition_point(|it| compared_last(it, points[i]).is_lt());
            below.insert(place, points[i]);
        }
    }
    chosen
}

/// Whether a point is below the reference in every objective.
fn is_inside(point: &[f64], reference: &[f64]) -> bool {
    point.iter().zip(reference).all(|(x, r)| x < r)
}

fn inside<'a>(points: &[&'a [f64]], reference: &[f64]) -> Vec<&'a [f64]> {
    points.iter().copied().filter(|point| is_inside(point, reference)).collect()
}

/// By the last objective.
fn compared_last(a: &[f64], b: &[f64]) -> std::cmp::Ordering {
    let last = |point: &[f64]| point.last().copied().unwrap_or_default();
    compared(last(a), last(b))
}

/// The volume between a point and the reference.
fn size(point: &[f64], reference: &[f64]) -> f64 {
    point.iter().zip(reference).map(|(x, r)| r - x).product()
}

/// The volume that points below the reference dominate; each has as many numbers as `reference`,
/// or more, which do not count.
fn volume(points: &[&[f64]], reference: &[f64]) -> f64 {
    let Some((bound, base)) = reference.split_last() else { return 0.0 };
    let last = base.len();
    if last == 0 {
        return points.iter().map(|point| bound - point[0]).fold(0.0, f64::max);
    }
    if last == 1 {
        let mut stairs = Stairs::below(base[0], *bound);
        return points.iter().map(|point| stairs.add(point[0], point[1])).sum();
    }
    let mut order: Vec<&[f64]> = points.iter().map(|point| &point[..=last]).collect();
    order.sort_by(|a, b| compared_last(a, b));
    if last == 2 {
        let mut stairs = Stairs::below(base[0], base[1]);
        let slice = |point: &&[f64]| stairs.add(point[0], point[1]) * (bound - point[2]);
        return order.iter().map(slice).sum();
    }
    // The front of the projections so far, in the order of their last number.
    let mut front: Vec<&[f64]> = Vec::new();
    let mut sum = 0.0;
    for point in order {
        let projection = &point[..last];
        let gain = exclusive(projection, &front, base);
        if 0.0 < gain {
            sum += gain * (bound - point[last]);
            front.retain(|kept| !dominates(projection, kept));
            let place = front.partition_point(|kept| compared_last(kept, projection).is_lt());
            front.insert(place, projection);
        }
    }
    sum
}

/// The volume that `point` dominates and none of `others`, which come in the order of their last
/// number; all are below the reference.
fn exclusive(point: &[f64], others: &[&[f64]], reference: &[f64]) -> f64 {
    let limit = |other: &[f64], k: usize| other[k].max(point[k]);
    match reference.len() {
        0 => 0.0,
        1 => {
            others.iter().fold(reference[0], |bound, other| bound.min(other[0])).max(point[0])
                - point[0]
        }
        2 => {
            let mut stairs = Stairs::below(reference[0], reference[1]);
            let shaded: f64 =
                others.iter().map(|other| stairs.add(limit(other, 0), limit(other, 1))).sum();
            (size(point, reference) - shaded).max(0.0)
        }
        3 => exclusive_of_three(point, others, reference),
        numbers => {
            let limited: Vec<Vec<f64>> = others
                .iter()
                .map(|other| (0..numbers).map(|k| limit(other, k)).collect())
                .collect();
            let kept: Vec<&[f64]> =
                super::pareto::front(&limited).into_iter().map(|i| limited[i].as_slice()).collect();
            (size(point, reference) - volume(&kept, reference)).max(0.0)
        }
    }
}

/// [`exclusive`] of three objectives: what of the point's rectangle is not yet in the shade of
/// others is swept along the third.
fn exclusive_of_three(point: &[f64], others: &[&[f64]], reference: &[f64]) -> f64 {
    let whole = size(&point[..2], &reference[..2]);
    let mut stairs = Stairs::below(reference[0], reference[1]);
    let (mut open, mut height, mut sum) = (whole, point[2], 0.0);
    for other in others {
        let (x, y) = (other[0].max(point[0]), other[1].max(point[1]));
        let shade = stairs.add(x, y);
        if 0.0 < shade {
            let next = other[2].max(height);
            sum += open * (next - height);
            height = next;
            open = (open - shade).max(0.0);
        }
        // All of it is in the shade from here on.
        if x == point[0] && y == point[1] {
            return sum;
        }
    }
    sum + open * (reference[2] - height)
}

#[cfg(test)]
mod tests;
