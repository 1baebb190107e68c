//! Whether two numbers rise and fall together.

/// Spearman's rank correlation, −1 … 1: Pearson's of the ranks, equal numbers sharing the mean of
/// theirs. None for fewer than two pairs, or where one of the two never changes. Pairs with a NaN
/// are left out.
///
/// Spearman, *The Proof and Measurement of Association between Two Things* (Am. J. Psychol. 15,
/// 1904).
///
/// ```
/// use suggestion::analysis::correlation::spearman;
///
/// assert_eq!(spearman(&[1.0, 2.0, 3.0], &[1.0, 10.0, 100.0]), Some(1.0));
/// assert_eq!(spearman(&[1.0, 2.0, f64::NAN], &[5.0, 4.0, 0.0]), Some(-1.0));
/// assert_eq!(spearman(&[1.0, 2.0], &[3.0, 3.0]), None);
/// ```
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs = a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|(a, b)| (*a, *b)).unzip();
    pearson(&ranks(&a), &ranks(&b))
}

/// Ranks from 0, those of equal numbers averaged.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = |at: &usize| values[order[*at]] == values[order[start]];
        let end = (start..order.len()).take_while(same).count() + start;
        let rank = (start + end - 1) as f64 / 2.0;
        order[start..end].iter().for_each(|it| ranks[*it] = rank);
        start = end;
    }
    ranks
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (x, y) = (mean(a), mean(b));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| of(a - x, b - y)).sum()
    };
    let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    (0.0 < scale).then(|| (sum(&|a, b| a * b) / scale).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_scipy() {
        // scipy.stats.spearmanr of SciPy 1.x on the same numbers, ties included.
        let a = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0];
        let b = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0, 2.0, 8.0];
        let got = spearman(&a, &b).unwrap();
        assert!((got - GOLDEN).abs() < 1e-12, "{got}");
    }

    const GOLDEN: f64 = 0.134_715_062_810_912_67;

    #[test]
    fn what_never_changes_goes_with_nothing() {
        assert_eq!(spearman(&[], &[]), None);
        assert_eq!(spearman(&[1.0], &[2.0]), None);
        assert_eq!(spearman(&[0.0, -0.0, 1.0], &[1.0, 1.0, 2.0]), Some(1.0));
        assert_eq!(
            spearman(&[f64::NEG_INFINITY, 0.0, f64::INFINITY], &[3.0, 2.0, 1.0]),
            Some(-1.0)
        );
    }
}
