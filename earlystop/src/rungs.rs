//! Rungs: the steps at which successive halving sorts trials out, in one bracket or several.
//!
//! A bracket is a ladder of its own: its trials are compared with each other alone. Which trial is
//! in which bracket follows from its index, so that nothing has to be remembered.

use suggestion::Direction;

use crate::curve::Curve;

/// The ladders of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rungs {
    /// Step of the lowest rung of the first bracket; each further bracket begins one rung higher.
    pub(crate) lowest: f64,
    /// Each rung is this many times as high as the one below; of its trials one in so many goes on.
    pub(crate) factor: f64,
    /// How many brackets there are, at least 1.
    pub(crate) brackets: usize,
    /// No rung at this step or above: a trial that is nearly done is let go on.
    pub(crate) end: f64,
}

/// Multiples of it spread as evenly over [0, 1) as any sequence does, wherever one stops.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

impl Rungs {
    /// The bracket of a trial: bracket `k` of `n` gets as large a share of all trials as in
    /// Hyperband (Li et al., JMLR 2018, algorithm 1), most in the one that begins lowest.
    pub(crate) fn bracket(&self, index: u64) -> usize {
        let share = |k: usize| {
            let above = (self.brackets - 1 - k) as f64;
            self.brackets as f64 / (above + 1.0) * self.factor.powf(above)
        };
        let all: f64 = (0..self.brackets).map(share).sum();
        // Counted from zero up to where the fraction of a float still tells neighbours apart.
        let place = ((index % (1 << 32)) as f64 + 0.5) * GOLDEN;
        let mut left = place.fract() * all;
        for bracket in 0..self.brackets - 1 {
            left -= share(bracket);
            if left < 0.0 {
                return bracket;
            }
        }
        self.brackets - 1
    }

    /// The highest rung of a bracket that `step` has reached.
    pub(crate) fn reached(&self, bracket: usize, step: f64) -> Option<f64> {
        let mut rung = self.lowest * self.factor.powi(i32::try_from(bracket).unwrap_or(i32::MAX));
        let mut highest = None;
        while rung <= step && rung < self.end {
            highest = Some(rung);
            rung *= self.factor;
        }
        highest
    }

    /// Why a trial is not among the best of its rung; none while it is, while too few have come
    /// there, or while it leads all others by now.
    pub(crate) fn stop(
        &self,
        curve: &Curve,
        others: &[&Curve],
        direction: Direction,
    ) -> Option<String> {
        let step = curve.last_step()?;
        let bracket = self.bracket(curve.index);
        let rung = self.reached(bracket, step)?;
        let mine = curve.best_until(rung)?;
        let leads = others
            .iter()
            .filter_map(|it| it.best_until(step))
            .all(|it| curve.best_until(step) <= Some(it));
        if leads {
            return None;
        }
        let there = |it: &&&Curve| self.bracket(it.index) == bracket && it.has_reached(rung);
        let mut losses: Vec<f64> =
            others.iter().filter(there).filter_map(|it| it.best_until(rung)).collect();
        losses.push(mine);
        losses.sort_by(f64::total_cmp);
        let kept = (losses.len() as f64 / self.factor).floor() as usize;
        // Among fewer than `factor` nobody is known to be outside of the best.
        let bar = losses[kept.checked_sub(1)?];
        (bar < mine).then(|| {
            let which = match self.brackets {
                1 => String::new(),
                _ => format!(" of bracket {bracket}"),
            };
            format!(
                "best value {} at the rung of step {rung}{which} is not among the best {kept} of \
                 {} trials that came there, which have {} or better",
                direction.loss(mine),
                losses.len(),
                direction.loss(bar),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rungs(brackets: usize) -> Rungs {
        Rungs { lowest: 2.0, factor: 3.0, brackets, end: 100.0 }
    }

    #[test]
    fn rungs_grow_by_the_factor_and_end() {
        let check = |bracket: usize, step: f64, want: Option<f64>| {
            assert_eq!(rungs(2).reached(bracket, step), want, "{bracket} {step}");
        };
        check(0, 1.9, None);
        check(0, 2.0, Some(2.0));
        check(0, 17.0, Some(6.0));
        check(0, 18.0, Some(18.0));
        check(0, 1e9, Some(54.0));
        check(1, 5.0, None);
        check(1, 6.0, Some(6.0));
    }

    #[test]
    fn brackets_get_hyperbands_shares_from_the_first_trials_on() {
        // Three brackets by threes: 9, 4.5 and 3 of 16.5.
        let mut counts = [0; 3];
        (0..33).for_each(|index| counts[rungs(3).bracket(index)] += 1);
        let near = |got: i32, want: i32| (got - want).abs() <= 1;
        assert!(near(counts[0], 18) && near(counts[1], 9) && near(counts[2], 6), "{counts:?}");
        assert!((0..9).map(|it| rungs(3).bracket(it)).any(|it| it != rungs(3).bracket(0)));
        assert_eq!(rungs(1).bracket(u64::MAX), 0);
    }
}
