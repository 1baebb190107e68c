//! How long a trial would run: a linear model of the logarithm of the seconds.
//!
//! Snoek, Larochelle and Adams (NeurIPS 2012, §3.2) model ln seconds apart from the loss. A line is
//! enough to tell the slow side of an axis from the fast one. A name has for its number the mean of
//! its trials, so that each axis is one column however many names it has.

use std::collections::BTreeMap;

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_linear::{FittedLinearRegression, LinearRegression};
use ndarray::{Array1, Array2};

use crate::history::Trial;
use crate::space::{Kind, Space};

/// Fewer trials with times say nothing.
const TRIALS_MIN: usize = 3;

/// The newest so many count; the others say the same.
const TRIALS_MAX: usize = 1000;

/// Belief, in trials, that an axis has no influence; it keeps what no trial decides at rest.
const RIDGE: f64 = 1.0;

/// A model of ln seconds.
#[derive(Debug)]
pub(super) struct Seconds {
    /// The mean of ln seconds.
    mean: f64,
    axes: Vec<Encoding>,
    line: FittedLinearRegression<f64>,
}

/// The number that an axis is in the model, 0 where it is inactive.
#[derive(Debug)]
enum Encoding {
    /// From −½ to ½.
    Ordered,
    /// The mean of each name, from the mean of all.
    Named(BTreeMap<u64, f64>),
}

impl Encoding {
    fn number(&self, value: f64) -> f64 {
        match self {
            _ if value.is_nan() => 0.0,
            Encoding::Ordered => value - 0.5,
            Encoding::Named(means) => means.get(&(value as u64)).copied().unwrap_or(0.0),
        }
    }
}

impl Seconds {
    /// The model of the trials whose time is known; none where they are too few.
    pub(super) fn fit(space: &Space, finished: &[Trial]) -> Option<Seconds> {
        let known = finished.iter().rev().filter_map(|it| Some((&it.place[..], it.seconds?.ln())));
        let known: Vec<(&[f64], f64)> = known.take(TRIALS_MAX).collect();
        let n = known.len();
        if n < TRIALS_MIN {
            return None;
        }
        let mean = known.iter().map(|(_, log)| log).sum::<f64>() / n as f64;
        let encoding = |(a, axis): (usize, crate::space::Axis)| match axis.kind {
            Kind::Categorical => Encoding::Named(means(&known, a, mean)),
            _ => Encoding::Ordered,
        };
        let axes: Vec<Encoding> = space.axes().enumerate().map(encoding).collect();
        // Ridge regression as least squares: for each axis a row that says that it does nothing.
        let d = axes.len();
        let x = Array2::from_shape_fn((n + d, d), |(row, a)| match row.checked_sub(n) {
            None => axes[a].number(known[row].0[a]),
            Some(of) if of == a => RIDGE.sqrt(),
            Some(_) => 0.0,
        });
        let y = Array1::from_shape_fn(n + d, |row| known.get(row).map_or(0.0, |it| it.1 - mean));
        let line = LinearRegression::new().with_intercept(false).fit(&Dataset::new(x, y)).ok()?;
        Some(Seconds { mean, axes, line })
    }

    /// ln of the seconds that a trial at `place` is expected to run.
    pub(super) fn log(&self, place: &[f64]) -> f64 {
        let pairs = self.axes.iter().zip(place).zip(self.line.params());
        self.mean + pairs.map(|((axis, value), slope)| slope * axis.number(*value)).sum::<f64>()
    }
}

/// The mean of each name on an axis, from the mean of all and drawn to it by one trial.
fn means(known: &[(&[f64], f64)], axis: usize, mean: f64) -> BTreeMap<u64, f64> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (place, log) in known.iter().filter(|(place, _)| !place[axis].is_nan()) {
        let (count, sum) = sums.entry(place[axis] as u64).or_default();
        *count += 1.0;
        *sum += log - mean;
    }
    sums.into_iter().map(|(name, (count, sum))| (name, sum / (count + 1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{names, real, space};
    use crate::history::State;

    fn trial(space: &Space, units: &[f64], seconds: Option<f64>) -> Trial {
        let point = space.point(units);
        Trial {
            index: 0,
            place: space.place(&point),
            point,
            state: State::Succeeded,
            losses: vec![0.0],
            violations: Vec::new(),
            seconds,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        }
    }

    #[test]
    fn slow_sides_and_slow_names_are_told() {
        let space = space(&[real("x", 0.0, 1.0), names("c", 2), real("y", 0.0, 1.0)]);
        let units =
            |i: u32| [f64::from(i % 10) / 10.0, f64::from(i % 2) / 2.0, f64::from(i % 7) / 7.0];
        let time = |u: &[f64]| (2.0 * u[0] + 4.0 * u[1]).exp();
        let trials: Vec<Trial> =
            (0..100).map(|i| trial(&space, &units(i), Some(time(&units(i))))).collect();
        let seconds = Seconds::fit(&space, &trials).unwrap();
        for u in [[0.1, 0.0, 0.9], [0.8, 0.5, 0.1]] {
            let got = seconds.log(&space.place(&space.point(&u)));
            assert!((got - time(&u).ln()).abs() < 0.25, "{u:?}: {got}");
        }
        assert!(Seconds::fit(&space, &trials[..2]).is_none());
        let unknown: Vec<Trial> = (0..9).map(|i| trial(&space, &units(i), None)).collect();
        assert!(Seconds::fit(&space, &unknown).is_none());
    }
}
