//! What the controller learns from finished trials, one after another in the order of completion.
//!
//! A trial's reward is its standing: the share of trials so far that are worse than it. So neither
//! the metric's unit nor a few wild values matter (Wierstra et al., *Natural Evolution
//! Strategies*, JMLR 2014, §3.1, fitness shaping). Beside each trial, a few of the best so far are
//! made more likely (Abolafia et al., *Neural Program Synthesis with Priority Queue Training*,
//! arXiv:1801.03526, §3): with as few trials as people can pay for, their own rewards alone teach
//! little, and to go over the bad ones again teaches what is never drawn any more.

use crate::history::Trial;
use crate::seed::Stream;

use super::controller::{Adam, Pass, Shape, Source, Weights, Wishes};
use super::graph::Network;

/// How many of the best trials each trial is learned with.
const REPLAYED: usize = 3;

/// Trials in a batch.
pub(super) const BATCH: usize = 1 + REPLAYED;

/// The share of trials that count as the best.
const BEST: f64 = 0.1;

/// The advantage of the best: one standard deviation of rewards.
const ADVANTAGE: f64 = 1.0;

/// How the controller learns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) shape: Shape,
    pub(super) wishes: Wishes,
    /// Steps down the gradient for each trial, and the size of each.
    pub(super) steps: usize,
    pub(super) rate: f64,
    /// How much of the baseline is kept at each trial.
    pub(super) decay: f64,
}

/// A controller, and what it has seen.
#[derive(Debug)]
pub(super) struct Learner {
    pub(super) weights: Weights,
    adam: Adam,
    /// For each objective, the keys of all trials seen, ascending.
    standings: Vec<Vec<Key>>,
    /// The mean of rewards, of which late ones weigh more; and the sum of their weights.
    baseline: f64,
    weight: f64,
}

/// How good a trial is in one objective: measured and feasible ones by loss, then infeasible ones
/// by how far they are off, then the others.
type Key = (u8, f64);

impl Learner {
    /// One that has seen nothing.
    pub(super) fn new(method: &Method, objectives: usize, stream: &mut Stream) -> Learner {
        Learner {
            weights: Weights::new(&method.shape, stream),
            adam: Adam::new(&method.shape),
            standings: vec![Vec::new(); objectives],
            baseline: 0.0,
            weight: 0.0,
        }
    }

    /// Learns the last of some trials, after all that came before it.
    pub(super) fn learn(
        &mut self,
        method: &Method,
        network: &Network,
        trials: &[Trial],
        stream: &mut Stream,
    ) {
        let Some(last) = trials.last() else { return };
        for (objective, standing) in self.standings.iter_mut().enumerate() {
            let key = key(last, objective);
            standing.insert(standing.partition_point(|it| before(it, &key)), key);
        }
        let reward = self.reward(last);
        self.weight = method.decay * self.weight + 1.0;
        self.baseline += (reward - self.baseline) / self.weight;

        let best = self.best(trials);
        for _ in 0..method.steps {
            let mut batch = vec![(last, reward - self.baseline)];
            for _ in 0..REPLAYED.min(best.len()) {
                let drawn = usize::try_from(stream.below(best.len() as u64)).unwrap_or(0);
                batch.push((best[drawn], ADVANTAGE));
            }
            let rows: Vec<_> = batch.iter().map(|(trial, _)| network.rows(&trial.point)).collect();
            let given: Vec<_> = rows.iter().map(Vec::as_slice).collect();
            let advantages: Vec<f64> = batch.iter().map(|(_, advantage)| *advantage).collect();
            let pass = Pass::new(&method.shape, &self.weights, Source::Given(&given));
            let gradient = pass.gradient(&advantages, &method.wishes);
            self.adam.step(&mut self.weights, &gradient, method.rate);
        }
    }

    /// The best of some trials that were seen; none where no trial is better than others.
    fn best<'a>(&self, trials: &'a [Trial]) -> Vec<&'a Trial> {
        let mut rewarded: Vec<_> = trials.iter().map(|trial| (self.reward(trial), trial)).collect();
        rewarded.sort_by(|a, b| b.0.total_cmp(&a.0));
        rewarded.truncate((trials.len() as f64 * BEST).ceil() as usize);
        rewarded.retain(|(reward, _)| 0.0 < *reward);
        rewarded.into_iter().map(|(_, trial)| trial).collect()
    }

    /// The reward of a trial that was seen: its standing, of variance one over all trials; the
    /// mean of its standings where there are several objectives.
    fn reward(&self, trial: &Trial) -> f64 {
        let standing = |(objective, all): (usize, &Vec<Key>)| {
            let key = key(trial, objective);
            let better = all.partition_point(|it| before(it, &key));
            let equal = all[better..].partition_point(|it| !before(&key, it));
            let worse = all.len() - better - equal;
            (worse as f64 + 0.5 * equal as f64) / all.len() as f64
        };
        let sum: f64 = self.standings.iter().enumerate().map(standing).sum();
        // An even distribution on [0, 1] has the variance 1 / 12.
        (sum / self.standings.len() as f64 - 0.5) * 12.0f64.sqrt()
    }
}

fn key(trial: &Trial, objective: usize) -> Key {
    match trial.losses.get(objective) {
        Some(loss) if trial.is_feasible() => (0, *loss),
        // Not a number where the constraint's metric was not reported: worse than any that was.
        Some(_) => (1, trial.violations.iter().map(|it| it.max(0.0)).sum()),
        None => (2, 0.0),
    }
}

fn before(one: &Key, other: &Key) -> bool {
    one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).is_lt()
}
