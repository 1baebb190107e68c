//! `wilcoxon`: stops a trial that is worse than the best one, item by item, beyond what chance
//! explains.
//!
//! For trials whose steps are items to average over (folds, instances, seeds) rather than time:
//! the values at steps that both have are pairs, and the signed-rank test (Wilcoxon, *Individual
//! Comparisons by Ranking Methods*, 1945) says how likely differences as large would be if the
//! trial were no worse. As Optuna's pruner of that name: zeros take up ranks and count for neither side, and a trial
//! whose mean is no worse goes on whatever the test says.

use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec};

use crate::curve::{Curve, Standing};
use crate::registry::{Entry, fits};
use crate::rule::Decide;

/// Up to so many pairs the distribution is counted out; beyond, it is as good as normal.
const EXACT_PAIRS_MAX: usize = 50;

pub(crate) const ENTRY: Entry = Entry {
    name: "wilcoxon",
    about: "Stops a trial that is worse than the best finished one at the steps that both have, by \
            a signed-rank test (Wilcoxon, 1945). For steps that are items to average over, such as \
            folds, in any order.",
    settings: &[
        SettingSpec {
            name: "p_threshold",
            default: "0.1",
            range: Range::Between {
                lo: 0.0,
                hi: 1.0,
                fault: "p_threshold should be in the range of (0, 1), got {}",
            },
            meaning: "How likely it may be at most that such differences are chance.",
        },
        SettingSpec {
            name: "start_step",
            default: "2",
            range: Range::Whole { min: 1, fault: "start_step must be greater than zero, got {}" },
            meaning: "How many steps both must have before a trial may be stopped.",
        },
    ],
    compares: true,
    inner: false,
    check: fits,
    make: |draft| {
        Box::new(Wilcoxon {
            direction: draft.direction,
            threshold: draft.settings.number("p_threshold").unwrap_or(0.1),
            start: draft.settings.size("start_step").unwrap_or(2),
        })
    },
};

#[derive(Debug)]
struct Wilcoxon {
    direction: Direction,
    threshold: f64,
    start: usize,
}

impl Decide for Wilcoxon {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        let done = others.iter().filter(|it| it.standing == Standing::Succeeded);
        let ranked = done.filter_map(|it| Some((it.mean_until(f64::INFINITY)?, &it.trial, it)));
        let (theirs, _, best) =
            ranked.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)))?;
        let mine = curve.mean_until(f64::INFINITY)?;
        if mine <= theirs {
            return None;
        }
        let pairs = pairs(&curve.by_step(), &best.by_step());
        let differences: Vec<f64> = pairs.iter().map(|(mine, theirs)| mine - theirs).collect();
        let mean: f64 = differences.iter().map(|it| it / differences.len() as f64).sum();
        if differences.len() < self.start || mean <= 0.0 {
            return None;
        }
        let p = chance(&differences);
        (p < self.threshold).then(|| {
            format!(
                "worse than {} at the {} steps that both have, by a mean of {}; the chance of such \
                 differences is {p:.3}, less than {}",
                best.trial,
                differences.len(),
                self.direction.loss(mean).abs(),
                self.threshold,
            )
        })
    }
}

/// The losses at steps that both have.
fn pairs(mine: &[(f64, f64)], theirs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let other = |step: f64| {
        let place = theirs.binary_search_by(|(at, _)| at.total_cmp(&step)).ok()?;
        Some(theirs[place].1)
    };
    mine.iter().filter_map(|(step, loss)| Some((*loss, other(*step)?))).collect()
}

/// How likely a sum of ranks of positive differences at least as large is, if each sign were
/// tossed. Differences of zero take up ranks, and count for neither side.
fn chance(differences: &[f64]) -> f64 {
    let mut sizes: Vec<(f64, f64)> = differences.iter().map(|it| (it.abs(), *it)).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Twice the rank, so that the middle of a tie is whole.
    let mut ranks: Vec<(usize, f64)> = Vec::new();
    for tie in sizes.chunk_by(|a, b| a.0 == b.0) {
        let (first, last) = (ranks.len() + 1, ranks.len() + tie.len());
        ranks.extend(tie.iter().map(|(_, difference)| (first + last, *difference)));
    }
    let tossed: Vec<usize> = ranks.iter().filter(|it| it.1 != 0.0).map(|it| it.0).collect();
    let positive: usize = ranks.iter().filter(|it| 0.0 < it.1).map(|it| it.0).sum();
    // Zeros would add the same half to every toss of the others, and are left out of the sums.
    if tossed.len() <= EXACT_PAIRS_MAX {
        return counted(&tossed, positive);
    }
    normal(&tossed, positive)
}

/// The same by the normal curve.
fn normal(ranks: &[usize], sum: usize) -> f64 {
    let (mut mean, mut variance) = (0.0, 0.0);
    for rank in ranks {
        let rank = *rank as f64;
        mean += rank / 2.0;
        variance += rank * rank / 4.0;
    }
    // One unit of a doubled rank is the smallest step of the sum; half of it is the correction.
    let z = (sum as f64 - 0.5 - mean) / f64::sqrt(variance);
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The share of all choices of signs whose positive ranks sum to at least `sum`.
fn counted(ranks: &[usize], sum: usize) -> f64 {
    let most: usize = ranks.iter().sum();
    let mut shares = vec![0.0; most + 1];
    shares[0] = 1.0;
    for rank in ranks {
        for at in (0..=most).rev() {
            let with = if *rank <= at { shares[at - rank] } else { 0.0 };
            shares[at] = shares[at] / 2.0 + with / 2.0;
        }
    }
    shares[sum.min(most)..].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{curve, rule};

    #[test]
    fn chances_are_those_of_the_tables() {
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-3, "{got} {want}");
        // Exact one-sided values of the signed-rank test: 1/2^n where all are worse.
        near(chance(&[1.0, 2.0, 3.0, 4.0]), 1.0 / 16.0);
        near(chance(&[1.0, 2.0, 3.0, 4.0, 5.0]), 1.0 / 32.0);
        // n = 5, sum of positive ranks 14 of 15: two choices of 32.
        near(chance(&[-1.0, 2.0, 3.0, 4.0, 5.0]), 2.0 / 32.0);
        near(chance(&[-1.0, -2.0, -3.0]), 1.0);
        // n = 10, W = 45: p = 0.0420 (one-sided, 43 of 1024).
        let tens: Vec<f64> = (1..=10)
            .map(|it| if it == 4 || it == 6 { -f64::from(it) } else { f64::from(it) })
            .collect();
        near(chance(&tens), 43.0 / 1024.0);
        // Beyond the count the normal curve says the same.
        let ranks: Vec<usize> = (1..=60).map(|it| 2 * it).collect();
        for sum in [1900, 2200, 2400] {
            let (exact, rough) = (counted(&ranks, sum), normal(&ranks, sum));
            assert!((exact - rough).abs() < 0.002, "{exact} {rough}");
        }
        near(chance(&[0.0, 0.0]), 1.0);
    }

    fn check(settings: &[(&str, &str)], values: &[f64], stopped: bool) {
        let way = Direction::Maximize;
        let others = [
            curve("good", Standing::Succeeded, way, &[0.9, 0.8, 0.7, 0.9, 0.8, 0.7]),
            curve("bad", Standing::Succeeded, way, &[0.1; 6]),
            curve("running", Standing::Running, way, &[1.0; 6]),
        ];
        let judged = curve("r", Standing::Running, way, values);
        let got = rule("wilcoxon", settings, way).stop(&judged, &others);
        assert_eq!(got.is_some(), stopped, "{settings:?} {values:?}: {got:?}");
    }

    #[test]
    fn who_is_worse_fold_by_fold_is_stopped() {
        check(&[], &[0.5, 0.4, 0.3], false);
        check(&[], &[0.5, 0.4, 0.3, 0.5], true);
        check(&[("p_threshold", "0.05")], &[0.5, 0.4, 0.3, 0.5], false);
        check(&[("p_threshold", "0.2")], &[0.5, 0.4, 0.3], true);
        check(&[("p_threshold", "0.2"), ("start_step", "4")], &[0.5, 0.4, 0.3], false);
        check(&[], &[0.9, 0.8, 0.7, 0.9], false);
        check(&[], &[0.95, 0.7, 0.75, 0.85], false);
    }
}
