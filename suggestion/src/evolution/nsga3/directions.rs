//! Reference directions: how they are laid out, and which one a point is near.

/// More directions than this are not looked at: with very many objectives even the corners of the
/// simplex are.
const DIRECTIONS_MAX: usize = 10_000;

/// Points spread evenly over the simplex of `numbers` shares, at most about `count` where there can
/// be so few (Das and Dennis, *Normal-Boundary Intersection*, SIAM J. Optim. 8, 1998). Where all of
/// them would be on the edge, a second layer half way to the middle is added (Deb and Jain, §V).
pub(super) fn all(numbers: usize, count: usize) -> Vec<Vec<f64>> {
    let fits = |divisions: &usize| layer_size(numbers, *divisions) <= count.min(DIRECTIONS_MAX);
    let divisions = (2..=count).take_while(fits).last().unwrap_or(1);
    let mut layer = layer(numbers, divisions);
    if divisions < numbers && 1 < numbers {
        let middle = 1.0 / numbers as f64;
        let inner: Vec<Vec<f64>> = layer
            .iter()
            .map(|point| point.iter().map(|share| share / 2.0 + middle / 2.0).collect())
            .collect();
        layer.extend(inner);
    }
    layer
}

/// How many points a layer has: (divisions + numbers − 1) over (numbers − 1).
fn layer_size(numbers: usize, divisions: usize) -> usize {
    (1..numbers).fold(1, |size: usize, k| size.saturating_mul(divisions + k) / k)
}

/// All ways to divide so many equal parts among the numbers.
fn layer(numbers: usize, divisions: usize) -> Vec<Vec<f64>> {
    let mut points: Vec<(Vec<f64>, usize)> = vec![(Vec::new(), divisions)];
    for k in 0..numbers {
        let last = k + 1 == numbers;
        let longer = |(point, left): &(Vec<f64>, usize)| -> Vec<(Vec<f64>, usize)> {
            let parts = if last { *left..=*left } else { 0..=*left };
            let with = |part: usize| {
                let mut point = point.clone();
                point.push(part as f64 / divisions as f64);
                (point, left - part)
            };
            parts.map(with).collect()
        };
        points = points.iter().flat_map(longer).collect();
    }
    points.into_iter().map(|(point, _)| point).collect()
}

/// The direction whose line from the origin is nearest to a point, and how far away that is.
pub(super) fn nearest(directions: &[Vec<f64>], point: &[f64]) -> (usize, f64) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let away = |direction: &Vec<f64>| {
        let along = dot(direction, point) / dot(direction, direction);
        let off = point.iter().zip(direction).map(|(x, share)| (x - along * share).powi(2));
        off.sum::<f64>().sqrt()
    };
    let all = directions.iter().map(away).enumerate();
    all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

/// The solution of a system of linear equations, row by row; none where there is not one.
pub(super) fn solved(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))?;
        rows.swap(k, pivot);
        right.swap(k, pivot);
        if rows[k][k].abs() < f64::MIN_POSITIVE || !rows[k][k].is_finite() {
            return None;
        }
        let (above, below) = rows.split_at_mut(k + 1);
        for (i, row) in below.iter_mut().enumerate() {
            let factor = row[k] / above[k][k];
            row.iter_mut().zip(&above[k]).skip(k).for_each(|(x, pivot)| *x -= factor * pivot);
            right[k + 1 + i] -= factor * right[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|column| rows[k][column] * right[column]).sum();
        right[k] = (right[k] - known) / rows[k][k];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_spread_over_the_simplex() {
        let check = |numbers, count, want: usize| {
            let all = all(numbers, count);
            assert_eq!(all.len(), want, "{numbers} numbers");
            for point in &all {
                assert!((point.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        };
        check(1, 20, 1);
        check(2, 20, 20);
        // Das and Dennis: 12 divisions of three numbers make 91, of which 92 has room.
        check(3, 92, 91);
        // Two layers, each of 8 points.
        check(8, 20, 16);
    }

    #[test]
    fn equations_are_solved() {
        let got = solved(vec![vec![0.0, 2.0], vec![4.0, 1.0]], vec![2.0, 9.0]);
        assert_eq!(got, Some(vec![2.0, 1.0]));
        assert_eq!(solved(vec![vec![1.0, 2.0], vec![2.0, 4.0]], vec![1.0, 1.0]), None);
    }
}
