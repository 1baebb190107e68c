//! Which steps led to better places: the success history of SHADE.

use std::collections::BTreeMap;

use crate::normal;
use crate::seed::Stream;

/// How many means are remembered: SHADE's H, for short searches.
const MEANS: usize = 5;

/// How a member moves: along how much of the differences, and on which share of the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// F.
    pub(super) factor: f64,
    /// CR.
    pub(super) crossing: f64,
}

impl Step {
    /// What a trial that moves so is labelled with.
    pub(super) fn labels(self) -> BTreeMap<String, String> {
        let label = |(name, value): (&str, f64)| (name.to_owned(), value.to_string());
        [("factor", self.factor), ("crossing", self.crossing)].map(label).into()
    }

    /// The step of a trial with these labels, if it was one.
    pub(super) fn of(labels: &BTreeMap<String, String>) -> Option<Step> {
        let number = |name: &str| {
            let value: f64 = labels.get(name)?.parse().ok()?;
            (0.0..=1.0).contains(&value).then_some(value)
        };
        Some(Step { factor: number("factor")?, crossing: number("crossing")? })
    }
}

/// Means of the steps that succeeded.
pub(super) struct Memory {
    means: [Step; MEANS],
    /// Which mean is the next to be replaced.
    next: usize,
    /// How many trials make a generation, and how many of this one have ended.
    generation: usize,
    ended: usize,
    /// The steps of this generation that succeeded, and what they gained.
    successes: Vec<(Step, f64)>,
}

impl Memory {
    pub(super) fn new(generation: usize) -> Memory {
        let means = [Step { factor: 0.5, crossing: 0.5 }; MEANS];
        Memory { means, next: 0, generation, ended: 0, successes: Vec::new() }
    }

    /// Hears of a trial that ended, in the order of completion.
    pub(super) fn learn(&mut self, step: Option<Step>, gain: Option<f64>) {
        let success = step.zip(gain).filter(|(_, gain)| 0.0 < *gain);
        self.successes.extend(success);
        self.ended += 1;
        if self.ended < self.generation {
            return;
        }
        self.ended = 0;
        if let Some(mean) = mean(&std::mem::take(&mut self.successes)) {
            self.means[self.next] = mean;
            self.next = (self.next + 1) % MEANS;
        }
    }

    /// Draws a step around one of the means (equations 7 and 8).
    pub(super) fn step(&self, stream: &mut Stream) -> Step {
        let mean = self.means[usize::try_from(stream.below(MEANS as u64)).unwrap_or(0)];
        // A Cauchy number; what is not positive is drawn again, a few times.
        let mut cauchy =
            || mean.factor + 0.1 * (std::f64::consts::PI * (stream.unit() - 0.5)).tan();
        let factor = (0..8).map(|_| cauchy()).find(|factor| 0.0 < *factor).unwrap_or(mean.factor);
        let crossing = mean.crossing + 0.1 * normal::quantile(stream.unit());
        Step { factor: factor.min(1.0), crossing: crossing.clamp(0.0, 1.0) }
    }
}

/// The means of some steps by what they gained: Lehmer's of the factors (equations 9 to 13).
fn mean(successes: &[(Step, f64)]) -> Option<Step> {
    let total: f64 = successes.iter().map(|(_, gain)| gain).sum();
    let weight = |gain: f64| if total.is_finite() { gain / total } else { 1.0 };
    let sum = |of: &dyn Fn(Step) -> f64| -> f64 {
        successes.iter().map(|(step, gain)| weight(*gain) * of(*step)).sum()
    };
    let factor = sum(&|step| step.factor * step.factor) / sum(&|step| step.factor);
    let crossing = sum(&|step| step.crossing) / sum(&|_| 1.0);
    (factor.is_finite() && crossing.is_finite()).then_some(Step { factor, crossing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    #[test]
    fn means_follow_success() {
        let mut memory = Memory::new(2);
        let step = |factor, crossing| Some(Step { factor, crossing });
        memory.learn(step(0.2, 0.2), Some(-1.0));
        memory.learn(None, Some(3.0));
        assert_eq!((memory.means[0].factor, memory.next), (0.5, 0), "nobody succeeded");
        memory.learn(step(0.4, 0.8), Some(1.0));
        memory.learn(step(0.8, 0.0), Some(3.0));
        // (0.25·0.16 + 0.75·0.64) / (0.25·0.4 + 0.75·0.8), and 0.25·0.8.
        let got = memory.means[0];
        assert!((got.factor - 0.52 / 0.7).abs() < 1e-15 && (got.crossing - 0.2).abs() < 1e-15);
        assert_eq!(memory.means[1].factor, 0.5);
    }

    #[test]
    fn steps_survive_as_labels() {
        let mut stream = Seed(1).stream(0);
        for _ in 0..100 {
            let step = Memory::new(5).step(&mut stream);
            assert!(0.0 < step.factor && (0.0..=1.0).contains(&step.crossing));
            assert_eq!(Step::of(&step.labels()), Some(step));
        }
        assert_eq!(Step::of(&[("factor".into(), "nan".into())].into()), None);
    }
}
