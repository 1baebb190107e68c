//! What no point of a front dominates, cut into boxes.
//!
//! The region is swept along the last objective: between two points its cross-section is the same
//! region of one objective less. A box of the cross-section is drawn out for as long as it stays,
//! which makes about as many boxes as there are points for two objectives and twice as many for
//! three (Yang, Emmerich, Deutz and Bäck, *Efficient Computation of Expected Hypervolume Improvement
//! Using Box Decomposition Algorithms*, J. Glob. Optim. 75, 2019, §4).

use std::collections::BTreeMap;

use crate::analysis::pareto;

/// From where to where a box reaches in each objective.
pub(super) type Cell = Vec<(f64, f64)>;

/// The region below `reference` that no point of `front` dominates, as boxes that do not overlap.
/// They begin at −∞ where nothing bounds them.
pub(super) fn boxes(front: &[Vec<f64>], reference: &[f64]) -> Vec<Cell> {
    let below = |point: &&Vec<f64>| point.iter().zip(reference).all(|(x, r)| x < r);
    cut(front.iter().filter(below).map(|point| &point[..]).collect(), reference)
}

fn cut(points: Vec<&[f64]>, reference: &[f64]) -> Vec<Cell> {
    let Some((bound, base)) = reference.split_last() else { return Vec::new() };
    let last = base.len();
    if last == 0 {
        let least = points.iter().map(|point| point[0]).fold(*bound, f64::min);
        return vec![vec![(f64::NEG_INFINITY, least)]];
    }
    let mut points = points;
    points.sort_by(|a, b| a[last].total_cmp(&b[last]));
    let mut done = Vec::new();
    // The boxes of the cross-section, and since when they are.
    let mut open = Open::new();
    let mut shadows: Vec<&[f64]> = Vec::new();
    open.change(cut(Vec::new(), base), f64::NEG_INFINITY, &mut done);
    for point in points {
        let shadow = &point[..last];
        // What is in the shade of earlier ones changes nothing.
        if shadows.iter().any(|it| it.iter().zip(shadow).all(|(a, b)| a <= b)) {
            continue;
        }
        shadows.retain(|it| !pareto::dominates(shadow, it));
        shadows.push(shadow);
        open.change(cut(shadows.clone(), base), point[last], &mut done);
    }
    open.change(Vec::new(), *bound, &mut done);
    done
}

/// Boxes that are being drawn out, by the bits of their numbers.
struct Open(BTreeMap<Vec<u64>, (Cell, f64)>);

impl Open {
    fn new() -> Open {
        Open(BTreeMap::new())
    }

    /// From `now` on the cross-section is `cells`; boxes that are not among them are done.
    fn change(&mut self, cells: Vec<Cell>, now: f64, done: &mut Vec<Cell>) {
        let mut before = std::mem::take(&mut self.0);
        for cell in cells {
            let key = cell.iter().flat_map(|(lo, hi)| [lo.to_bits(), hi.to_bits()]).collect();
            let since = before.remove(&key).map_or(now, |(_, since)| since);
            self.0.insert(key, (cell, since));
        }
        for (mut cell, since) in before.into_values() {
            if since < now {
                cell.push((since, now));
                done.push(cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::hypervolume::hypervolume;
    use crate::analysis::points::points;

    /// The volume of the boxes within [0, 1]ᵐ.
    fn volume(boxes: &[Cell]) -> f64 {
        let size = |cell: &Cell| cell.iter().map(|(lo, hi)| hi - lo.max(0.0)).product::<f64>();
        boxes.iter().map(size).sum()
    }

    #[test]
    fn boxes_and_what_is_dominated_are_everything() {
        for m in 1..=4 {
            for n in [0, 1, 7, 30] {
                let points = points(n, m);
                let boxes = boxes(&points, &vec![1.0; m]);
                let all = volume(&boxes) + hypervolume(&points, &vec![1.0; m]);
                assert!((all - 1.0).abs() < 1e-12, "{n} points of {m}: {all}");
                // No point is in a box, nor are two boxes in each other.
                let inside = |point: &[f64], cell: &Cell| {
                    point.iter().zip(cell).all(|(x, (lo, hi))| lo < x && x < hi)
                };
                assert!(!points.iter().any(|it| boxes.iter().any(|cell| inside(it, cell))));
                let middle = |cell: &Cell| -> Vec<f64> {
                    cell.iter().map(|(lo, hi)| (lo.max(-1.0) + hi) / 2.0).collect()
                };
                for cell in &boxes {
                    let around = boxes.iter().filter(|other| inside(&middle(cell), other));
                    assert_eq!(around.count(), 1);
                }
            }
        }
    }

    #[test]
    fn there_are_few_boxes() {
        // Points of one front: on a sphere's corner.
        let front = |n: usize, m: usize| -> Vec<Vec<f64>> {
            let unit = |p: Vec<f64>| {
                let length = p.iter().map(|x| x * x).sum::<f64>().sqrt();
                p.iter().map(|x| 1.0 - x / length).collect()
            };
            points(n, m).into_iter().map(unit).collect()
        };
        assert_eq!(boxes(&front(50, 2), &[2.0; 2]).len(), 51);
        assert_eq!(boxes(&front(50, 3), &[2.0; 3]).len(), 101);
        assert!(boxes(&front(30, 4), &[2.0; 4]).len() < 400);
    }

    #[test]
    fn equal_points_and_points_beyond_are_survived() {
        let equal = vec![vec![0.5, 0.5]; 3];
        assert!((volume(&boxes(&equal, &[1.0, 1.0])) - 0.75).abs() < 1e-12);
        let beyond = [vec![0.5, 1.0], vec![2.0, 0.1]];
        assert!((volume(&boxes(&beyond, &[1.0, 1.0])) - 1.0).abs() < 1e-12);
    }
}
