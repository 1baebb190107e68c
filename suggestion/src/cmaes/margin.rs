//! A margin on axes with levels: the neighbours of the mean's level never become too unlikely.
//!
//! CMA-ES with Margin of Hamano et al., *CMA-ES with Margin: Lower-Bounding Marginal Probability
//! for Mixed-Integer Black-Box Optimization* (GECCO 2022, arXiv:2205.13482), §4: after each
//! generation the mean and the diagonal A are moved as little as needed for every neighbouring
//! level to keep the probability α.

use crate::normal;

/// The probability of a jump away from the mean's level is kept at least this, for `axes` axes
/// with levels: then a point jumps on any of them with probability 0.27 or more (Hamano et al.,
/// *CatCMA with Margin*, arXiv:2504.07884, §3).
pub(super) fn alpha(axes: usize) -> f64 {
    1.0 - 0.73f64.powf(1.0 / axes.max(1) as f64)
}

/// Where a mean stands on an axis with levels: the ends of its level's cell, none where there is
/// no neighbour on that side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) lo: Option<f64>,
    pub(super) hi: Option<f64>,
}

/// The mean and the standard deviation that keep the margin, for those that the update led to.
pub(super) fn kept(cell: Cell, mean: f64, deviation: f64, alpha: f64) -> (f64, f64) {
    let far = -normal::quantile(alpha);
    match (cell.lo, cell.hi) {
        (None, None) => (mean, deviation),
        (None, Some(hi)) => (mean.max(hi - far * deviation), deviation),
        (Some(lo), None) => (mean.min(lo + far * deviation), deviation),
        (Some(lo), Some(hi)) => {
            let (below, above) =
                (normal::cdf((lo - mean) / deviation), normal::cdf((mean - hi) / deviation));
            if alpha / 2.0 <= below.min(above) {
                return (mean, deviation);
            }
            let within = 1.0 - below - above;
            let (below, above) = (below.max(alpha / 2.0), above.max(alpha / 2.0));
            // What the sides were raised by is taken from all in the measure of what they can give.
            let excess = 1.0 - below - above - within;
            let given = excess / (below + above + within - 1.5 * alpha);
            let lowered = |p: f64| (p + given * (p - alpha / 2.0)).clamp(1e-12, 0.499_999);
            let (left, right) =
                (-normal::quantile(lowered(below)), -normal::quantile(lowered(above)));
            ((lo * right + hi * left) / (left + right), (hi - lo) / (left + right))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The probabilities of the level below and of the one above.
    fn sides(cell: Cell, (mean, deviation): (f64, f64)) -> (f64, f64) {
        let below = cell.lo.map_or(0.0, |lo| normal::cdf((lo - mean) / deviation));
        let above = cell.hi.map_or(0.0, |hi| normal::cdf((mean - hi) / deviation));
        (below, above)
    }

    #[test]
    fn neighbours_keep_their_probability() {
        let alpha = alpha(5);
        for mean in [0.41, 0.45, 0.5, 0.599] {
            for deviation in [1e-9, 0.001, 0.05, 0.2] {
                let inner = Cell { lo: Some(0.4), hi: Some(0.6) };
                let (below, above) = sides(inner, kept(inner, mean, deviation, alpha));
                let enough = alpha / 2.0 - 1e-6 <= below.min(above) && below.max(above) < 0.5;
                assert!(enough, "{mean} {deviation}: {below} {above}");
                let first = Cell { lo: None, hi: Some(0.6) };
                let (_, above) = sides(first, kept(first, mean, deviation, alpha));
                assert!(alpha - 1e-6 <= above, "{mean} {deviation}: {above}");
                let last = Cell { lo: Some(0.4), hi: None };
                let (below, _) = sides(last, kept(last, mean, deviation, alpha));
                assert!(alpha - 1e-6 <= below, "{mean} {deviation}: {below}");
            }
        }
    }

    #[test]
    fn what_has_room_is_left_alone() {
        let inner = Cell { lo: Some(0.4), hi: Some(0.6) };
        assert_eq!(kept(inner, 0.47, 0.2, 0.05), (0.47, 0.2));
        assert_eq!(kept(Cell { lo: None, hi: None }, 0.3, 1e-9, 0.05), (0.3, 1e-9));
    }
}
