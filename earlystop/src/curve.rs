//! What one trial reported over its life.

/// A trial's reports of the objective, in the owner's units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Name of the trial.
    pub trial: String,
    /// (step, value) in any order. What is not a finite number tells nothing and is left out.
    pub reports: Vec<(f64, f64)>,
}

impl Curve {
    /// The finite values reported up to `step`, in the order of steps. Within a step the smaller
    /// comes first, so that the order of arrival changes nothing.
    pub fn values_until(&self, step: f64) -> Vec<f64> {
        let known = |(at, value): &(f64, f64)| *at <= step && value.is_finite();
        let mut reports: Vec<_> = self.reports.iter().copied().filter(known).collect();
        reports.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        reports.into_iter().map(|(_, value)| value).collect()
    }

    /// The last step with a finite value.
    pub fn last_step(&self) -> Option<f64> {
        let finite = self.reports.iter().filter(|(at, value)| !at.is_nan() && value.is_finite());
        finite.map(|(at, _)| *at).max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_the_order_of_steps_without_what_is_no_number() {
        let reports = vec![(3.0, 0.3), (1.0, 0.1), (2.0, f64::NAN), (4.0, 0.4), (1.0, 0.05)];
        let curve = Curve { trial: "t".into(), reports };
        assert_eq!(curve.values_until(3.0), [0.05, 0.1, 0.3]);
        assert_eq!(curve.last_step(), Some(4.0));
        assert_eq!(Curve::default().last_step(), None);
    }
}
