//! Fewer points for a screen, with the extremes among them.

/// At most `limit` indexes of `values`, ascending: the first and the last, and of each stretch of
/// equal length between them the smallest and the largest, so that no peak is lost. All of them
/// where they are few enough; `limit` is at least 2. NaN is kept only where a stretch has nothing
/// else.
///
/// Min-max decimation, as in Jugel, Jerzak, Hackenbroich and Markl, *M4: A Visualization-Oriented
/// Time Series Data Aggregation* (VLDB 2014).
///
/// ```
/// use suggestion::analysis::sample::extremes;
///
/// assert_eq!(extremes(&[0.0, 9.0, 1.0, 2.0, -5.0, 3.0, 3.0, 3.0], 4), [0, 1, 4, 7]);
/// assert_eq!(extremes(&[1.0, 2.0], 9), [0, 1]);
/// ```
pub fn extremes(values: &[f64], limit: usize) -> Vec<usize> {
    let count = values.len();
    let limit = limit.max(2);
    if count <= limit {
        return (0..count).collect();
    }
    let stretches = (limit - 2) / 2;
    let inner = count - 2;
    let mut kept = vec![0];
    for stretch in 0..stretches {
        let from = 1 + stretch * inner / stretches;
        let to = 1 + (stretch + 1) * inner / stretches;
        let numbers = || (from..to).filter(|it| !values[*it].is_nan());
        let order = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
        match (numbers().min_by(order), numbers().max_by(order)) {
            (Some(low), Some(high)) => {
                kept.push(low.min(high));
                kept.push(low.max(high));
            }
            _ => kept.push(from),
        }
    }
    kept.push(count - 1);
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_ends_are_kept() {
        let wave: Vec<f64> = (0..10_000).map(|it| (f64::from(it) * 0.37).sin()).collect();
        let mut values = wave;
        values[4321] = 50.0;
        values[77] = -50.0;
        values[5000] = f64::NAN;
        for limit in [2, 3, 4, 5, 100, 999, 1000, 9999, 10_000, 20_000] {
            let kept = extremes(&values, limit);
            assert!(kept.len() <= limit, "{limit}: {}", kept.len());
            assert!(kept.is_sorted_by(|a, b| a < b), "{limit}");
            assert_eq!((kept[0], kept[kept.len() - 1]), (0, 9999));
            if 4 <= limit {
                assert!(kept.contains(&4321) && kept.contains(&77), "{limit}");
            }
        }
        assert_eq!(extremes(&[], 5), [0; 0]);
        assert_eq!(extremes(&[f64::NAN; 9], 4), [0, 1, 8]);
    }
}
