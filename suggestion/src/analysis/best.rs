//! How the best grew better over a search: the curve that people look at first.

use crate::history::{History, Trial};

/// The smallest loss up to and including each; nothing before the first that was measured.
///
/// ```
/// use suggestion::analysis::best::so_far;
///
/// let losses = [None, Some(3.0), Some(4.0), None, Some(1.0)];
/// assert_eq!(so_far(losses), [None, Some(3.0), Some(3.0), Some(3.0), Some(1.0)]);
/// ```
pub fn so_far(losses: impl IntoIterator<Item = Option<f64>>) -> Vec<Option<f64>> {
    let mut best: Option<f64> = None;
    let grow = |loss: Option<f64>| {
        best = match (best, loss) {
            (Some(best), Some(loss)) => Some(best.min(loss)),
            (best, loss) => best.or(loss),
        };
        best
    };
    losses.into_iter().map(grow).collect()
}

/// The first objective's best loss after each trial of a history that ended, in the order of
/// completion; what breaks a constraint does not count.
pub fn of(history: &History) -> Vec<Option<f64>> {
    let loss = |trial: &Trial| trial.loss().filter(|_| trial.is_feasible());
    so_far(history.finished.iter().map(loss))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{experiment, int, told};
    use crate::{Problem, Seed};

    #[test]
    fn completions_order_the_curve() {
        let problem =
            Problem::parse(&experiment("random", &[], &[int("x", 0, 9)]), Seed(1)).unwrap();
        let told = |index: u64, completion, loss| {
            let x =
                proto::kinds::ParameterAssignment { name: "x".into(), value: index.to_string() };
            crate::Told { completion: Some(completion), ..told(index, vec![x], loss) }
        };
        let told = vec![told(0, 2, Some(1.0)), told(1, 0, Some(5.0)), told(2, 1, None)];
        let curve = of(&History::new(&problem, told));
        assert_eq!(curve, [Some(5.0), Some(5.0), Some(1.0)]);
    }
}
