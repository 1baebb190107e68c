//! What one trial reported over its life, and what rules ask of it.

use suggestion::Direction;

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on.
    Running,
    /// It ended by itself, measured.
    Succeeded,
    /// A rule ended it.
    Stopped,
}

/// A trial's reports of the objective as losses (smaller is better), in the order of steps.
///
/// Within a step the smaller comes first, so that the order of arrival changes nothing. What is
/// no finite number compares with nothing; only the step of the first such report is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name of the trial.
    pub trial: String,
    /// Which suggestion of its experiment it is, from 0.
    pub index: u64,
    /// How it stands.
    pub standing: Standing,
    /// (step, loss), ordered by both.
    points: Vec<(f64, f64)>,
    /// Smallest loss and mean of the losses up to each point.
    so_far: Vec<(f64, f64)>,
    /// Step of the first report that was NaN or infinite.
    broken: Option<f64>,
}

impl Curve {
    /// The curve of a trial. `reports` are (step, value) in any order, in the owner's units.
    pub fn new(
        trial: &str,
        index: u64,
        standing: Standing,
        direction: Direction,
        reports: &[(f64, f64)],
    ) -> Curve {
        let known = reports.iter().filter(|(step, _)| !step.is_nan());
        let broken = known.clone().filter(|(_, value)| !value.is_finite()).map(|it| it.0);
        let broken = broken.min_by(f64::total_cmp);
        let finite = known.filter(|(_, value)| value.is_finite());
        let mut points: Vec<(f64, f64)> =
            finite.map(|(step, value)| (*step, direction.loss(*value))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut so_far = Vec::with_capacity(points.len());
        let (mut best, mut sum, mut mean, mut count) = (f64::INFINITY, 0.0, 0.0, 0.0);
        for (_, loss) in &points {
            best = loss.min(best);
            sum += loss;
            count += 1.0;
            // Huge values overflow a sum; divided before they are added, they do not.
            mean = mean * ((count - 1.0) / count) + loss / count;
            let mean = if f64::is_finite(sum) { sum / count } else { mean };
            // No rounding makes a mean better than the best.
            so_far.push((best, mean.max(best)));
        }
        Curve { trial: trial.to_owned(), index, standing, points, so_far, broken }
    }

    /// The last step with a finite value.
    pub fn last_step(&self) -> Option<f64> {
        self.points.last().map(|(step, _)| *step)
    }

    /// How many finite values were reported up to `step`.
    pub fn count_until(&self, step: f64) -> usize {
        self.points.partition_point(|(at, _)| *at <= step)
    }

    /// How many finite values were reported.
    pub fn count(&self) -> usize {
        self.points.len()
    }

    /// The smallest loss up to `step`.
    pub fn best_until(&self, step: f64) -> Option<f64> {
        let count = self.count_until(step);
        self.so_far[..count].last().map(|(best, _)| *best)
    }

    /// The smallest loss of all.
    pub fn best(&self) -> Option<f64> {
        self.so_far.last().map(|(best, _)| *best)
    }

    /// The mean of the losses up to `step`.
    pub fn mean_until(&self, step: f64) -> Option<f64> {
        let count = self.count_until(step);
        self.so_far[..count].last().map(|(_, mean)| *mean)
    }

    /// The mean of the first `count` losses, or of all where there are fewer.
    pub fn mean_of_first(&self, count: usize) -> Option<f64> {
        self.so_far[..count.min(self.points.len())].last().map(|(_, mean)| *mean)
    }

    /// Whether something was reported at `step` or after it.
    pub fn has_reached(&self, step: f64) -> bool {
        self.last_step().is_some_and(|last| step <= last)
    }

    /// (step, loss) in the order of steps.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The step of the first report that was NaN or infinite.
    pub fn broken(&self) -> Option<f64> {
        self.broken
    }

    /// One loss for each step, the mean of what was reported at it, in the order of steps.
    pub fn by_step(&self) -> Vec<(f64, f64)> {
        let same = |a: &(f64, f64), b: &(f64, f64)| a.0 == b.0;
        let mean = |of: &[(f64, f64)]| {
            let count = of.len() as f64;
            (of[0].0, of.iter().map(|(_, loss)| loss / count).sum())
        };
        self.points.chunk_by(same).map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(direction: Direction, reports: &[(f64, f64)]) -> Curve {
        Curve::new("t", 0, Standing::Running, direction, reports)
    }

    #[test]
    fn reports_come_in_the_order_of_steps_as_losses() {
        let reports =
            [(3.0, 0.3), (1.0, 0.1), (2.0, f64::NAN), (4.0, 0.4), (1.0, 0.05), (f64::NAN, 9.0)];
        let it = curve(Direction::Maximize, &reports);
        assert_eq!(it.points(), [(1.0, -0.1), (1.0, -0.05), (3.0, -0.3), (4.0, -0.4)]);
        assert_eq!((it.last_step(), it.broken()), (Some(4.0), Some(2.0)));
        assert_eq!((it.count_until(3.5), it.best_until(3.5)), (3, Some(-0.3)));
        assert!(it.has_reached(4.0) && !it.has_reached(4.5));
        assert_eq!(it.by_step().len(), 3);
        assert_eq!(curve(Direction::Minimize, &[]).best(), None);
    }

    #[test]
    fn means_do_not_overflow() {
        let it = curve(Direction::Minimize, &[(1.0, f64::MAX), (2.0, f64::MAX), (3.0, f64::MAX)]);
        assert!(it.mean_until(3.0).unwrap().is_finite());
        let it = curve(Direction::Minimize, &[(1.0, 1.0), (2.0, 2.0), (3.0, 6.0)]);
        let near = |mean: Option<f64>, want: f64| (mean.unwrap() - want).abs() < 1e-12;
        assert!(near(it.mean_until(2.0), 1.5) && near(it.mean_until(9.0), 3.0));
        assert!(near(it.mean_of_first(2), 1.5) && near(it.mean_of_first(9), 3.0));
    }
}
