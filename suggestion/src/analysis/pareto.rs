//! Which points no other point beats: the Pareto front, the fronts behind it, and how crowded they
//! are.
//!
//! A point dominates another if it is nowhere worse and somewhere better. Smaller is better, and a
//! NaN is worse than any number. Every point has the same length.

use std::cmp::Ordering;

/// Whether `a` is nowhere worse than `b` and somewhere better.
///
/// ```
/// use suggestion::analysis::pareto::dominates;
///
/// assert!(dominates(&[1.0, 2.0], &[1.0, 3.0]));
/// assert!(!dominates(&[1.0, 2.0], &[0.0, 3.0]));
/// assert!(!dominates(&[1.0, 2.0], &[1.0, 2.0]));
/// ```
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let pairs = || a.iter().zip(b);
    pairs().all(|(a, b)| at_most(*a, *b)) && pairs().any(|(a, b)| !at_most(*b, *a))
}

/// Whether `a` is as good as `b` or better.
fn at_most(a: f64, b: f64) -> bool {
    a <= b || b.is_nan()
}

/// The indexes of the points that no other dominates, ascending. Equal points are all among them.
///
/// ```
/// use suggestion::analysis::pareto::front;
///
/// assert_eq!(front(&[[1.0, 4.0], [2.0, 2.0], [3.0, 3.0], [4.0, 1.0]]), [0, 1, 3]);
/// ```
pub fn front<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let mut front: Vec<usize> = Vec::new();
    for i in in_order(points) {
        // What dominates a point comes before it.
        let beaten = |kept: &usize| dominates(points[*kept].as_ref(), points[i].as_ref());
        if !in_front_of(&front, points, beaten) {
            front.push(i);
        }
    }
    front.sort_unstable();
    front
}

/// For each point the number of the front it is on: 0 for those that no other dominates, 1 for
/// those that only these dominate, and so on.
///
/// Zhang, Tian, Cheng and Jin, *An Efficient Approach to Nondominated Sorting* (IEEE Trans. Evol.
/// Comput. 19, 2015), with the binary search ENS-BS: n log n comparisons for one or two
/// numbers a point, at most n² for more.
///
/// ```
/// use suggestion::analysis::pareto::ranks;
///
/// assert_eq!(ranks(&[[3.0, 3.0], [1.0, 4.0], [2.0, 2.0], [4.0, 4.0]]), [1, 0, 0, 2]);
/// ```
pub fn ranks<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let mut ranks = vec![0; points.len()];
    for (rank, front) in fronts(points).into_iter().enumerate() {
        front.into_iter().for_each(|i| ranks[i] = rank);
    }
    ranks
}

/// The indexes of the points on each front, the best front first, ascending within each.
///
/// ```
/// use suggestion::analysis::pareto::fronts;
///
/// assert_eq!(fronts(&[[3.0, 3.0], [1.0, 4.0], [2.0, 2.0]]), [vec![1, 2], vec![0]]);
/// ```
pub fn fronts<P: AsRef<[f64]>>(points: &[P]) -> Vec<Vec<usize>> {
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    for i in in_order(points) {
        // A point that a front dominates is dominated by each front before it too.
        let beaten = |kept: &usize| dominates(points[*kept].as_ref(), points[i].as_ref());
        let rank = fronts.partition_point(|front| in_front_of(front, points, beaten));
        match fronts.get_mut(rank) {
            Some(front) => front.push(i),
            None => fronts.push(vec![i]),
        }
    }
    fronts.iter_mut().for_each(|front| front.sort_unstable());
    fronts
}

/// Whether a member of `front`, whose members were added in order, dominates what `beaten` asks
/// about.
fn in_front_of<P: AsRef<[f64]>>(
    front: &[usize],
    points: &[P],
    beaten: impl Fn(&usize) -> bool,
) -> bool {
    match front.last() {
        None => false,
        // Of one or two numbers, the last member has the smallest last number of all.
        Some(last) if points[*last].as_ref().len() <= 2 => beaten(last),
        // Near ones are the likeliest to dominate.
        Some(_) => front.iter().rev().any(beaten),
    }
}

/// Indexes in the order of the first numbers, among equals of the next, and so on.
fn in_order<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let compare = |a: &usize, b: &usize| {
        let mut pairs = points[*a].as_ref().iter().zip(points[*b].as_ref());
        pairs
            .find_map(|(a, b)| Some(compared(*a, *b)).filter(|it| it.is_ne()))
            .unwrap_or(Ordering::Equal)
    };
    order.sort_by(compare);
    order
}

/// The order of two numbers: NaN is the largest, zeros are equal.
pub(crate) fn compared(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// How far the neighbours of each point are from each other, added up over all numbers, each
/// measured by its spread over the points: large where it is lonely, infinite at the ends.
///
/// Deb, Pratap, Agarwal and Meyarivan, *A Fast and Elitist Multiobjective Genetic Algorithm:
/// NSGA-II* (IEEE Trans. Evol. Comput. 6, 2002), §III.B. Made for the points of one front.
///
/// ```
/// use suggestion::analysis::pareto::crowding;
///
/// let front = [[0.0, 1.0], [0.2, 0.5], [1.0, 0.0]];
/// assert_eq!(crowding(&front), [f64::INFINITY, 2.0, f64::INFINITY]);
/// ```
pub fn crowding<P: AsRef<[f64]>>(points: &[P]) -> Vec<f64> {
    let mut distances = vec![0.0; points.len()];
    let numbers = points.first().map_or(0, |point| point.as_ref().len());
    for k in 0..numbers {
        // Halves, so that differences of huge numbers stay finite.
        let half = |i: usize| points[i].as_ref()[k] / 2.0;
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| compared(half(*a), half(*b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let spread = half(last) - half(first);
        // Where all are equal, nobody is at an end.
        if spread.is_nan() || spread <= 0.0 {
            continue;
        }
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        for three in order.windows(3) {
            distances[three[1]] += (half(three[2]) - half(three[0])) / spread;
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::points::points;

    /// Fronts as their definition has them, peeled off one after the other.
    fn peeled(points: &[Vec<f64>]) -> Vec<usize> {
        let mut ranks = vec![usize::MAX; points.len()];
        let mut rank = 0;
        while ranks.contains(&usize::MAX) {
            let open: Vec<usize> = (0..points.len()).filter(|i| ranks[*i] == usize::MAX).collect();
            let best = |i: &&usize| !open.iter().any(|j| dominates(&points[*j], &points[**i]));
            let best: Vec<usize> = open.iter().filter(best).copied().collect();
            best.into_iter().for_each(|i| ranks[i] = rank);
            rank += 1;
        }
        ranks
    }

    proptest! {
        /// Small whole numbers, so that many are equal.
        #[test]
        fn fronts_are_as_defined(
            flat in prop::collection::vec(0..5u8, 0..160),
            numbers in 1..5usize,
        ) {
            let points: Vec<Vec<f64>> = flat
                .chunks_exact(numbers)
                .map(|it| it.iter().map(|n| if *n == 4 { f64::NAN } else { f64::from(*n) }).collect())
                .collect();
            let ranks = ranks(&points);
            prop_assert_eq!(&ranks, &peeled(&points));
            let first: Vec<usize> = (0..points.len()).filter(|i| ranks[*i] == 0).collect();
            prop_assert_eq!(front(&points), first);
        }
    }

    /// Golden values: moocore 0.3.2, `pareto_rank` and `is_nondominated(keep_weakly=True)`.
    #[test]
    fn fronts_agree_with_a_reference() {
        let check = |numbers: usize, sizes: &[usize], sum: usize, first: &[usize]| {
            let points = points(100, numbers);
            let got: Vec<usize> = fronts(&points).iter().map(Vec::len).collect();
            assert_eq!(got, sizes);
            let ranks = ranks(&points);
            assert_eq!(
                ranks.iter().enumerate().map(|(i, rank)| rank * (i + 1)).sum::<usize>(),
                sum
            );
            assert_eq!(front(&points), first);
        };
        check(
            2,
            &[5, 7, 6, 7, 8, 5, 7, 10, 8, 9, 11, 5, 3, 3, 4, 2],
            34_618,
            &[24, 26, 71, 86, 93],
        );
        let first = [12, 16, 17, 27, 29, 30, 36, 47, 53, 57, 62, 76, 78, 81, 84, 90, 98];
        check(3, &[17, 16, 18, 17, 19, 8, 5], 12_732, &first);
        let first = [
            4, 6, 8, 9, 12, 13, 16, 20, 21, 22, 35, 39, 40, 43, 46, 54, 57, 59, 63, 64, 67, 73, 74,
            78, 83, 90, 91, 93, 94, 99,
        ];
        check(4, &[30, 32, 19, 16, 3], 6_445, &first);
    }

    #[test]
    fn crowding_is_relative_to_the_spread() {
        let ends = f64::INFINITY;
        assert_eq!(
            crowding(&[[0.0, 8.0], [1.0, 6.0], [3.0, 2.0], [4.0, 0.0]]),
            [ends, 1.5, 1.5, ends]
        );
        assert_eq!(crowding(&[[1.0], [1.0]]), [0.0, 0.0]);
        let huge = [[f64::MIN, f64::MAX], [0.0, 0.0], [f64::MAX, f64::MIN]];
        assert_eq!(crowding(&huge), [ends, 2.0, ends]);
        assert!(crowding::<[f64; 2]>(&[]).is_empty());
    }
}
