//! Many trees that disagree: their mean is the prediction, their disagreement its variance.
//!
//! - *Random forest* (Breiman, *Random Forests*, Machine Learning 45, 2001): each tree sees a
//!   bootstrap sample, each division a share of the axes. Mean and variance of a place are those
//!   of a mixture of the trees' leaves, by the law of total variance (Hutter et al. 2014, §4.3.2).
//! - *Extra-trees* (Geurts, Ernst and Wehenkel 2006): all trials, random divisions.
//! - *Gradient boosting* (Friedman, *Greedy function approximation: a gradient boosting machine*,
//!   Annals of Statistics 29, 2001, algorithm 2: squared loss) of shallow trees. One boosted model
//!   has no variance, so several are made on bootstrap samples, and their variance is taken; that
//!   keeps the mean and needs no three models for three quantiles.

use crate::seed::Stream;

use super::table::Table;
use super::tree::{Growth, Tree};

/// A model of the loss.
#[derive(Clone, Debug)]
pub(crate) enum Ensemble {
    /// Trees of equal standing.
    Forest(Vec<Tree>),
    /// Boosted models of equal standing.
    Boosted(Vec<Boosted>),
}

/// How to make one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    /// How many trees, or boosted models.
    pub(crate) members: usize,
    /// Each learns from a sample of the rows, drawn with replacement.
    pub(crate) bootstrap: bool,
    pub(crate) growth: Growth,
    /// Trees of each boosted model; none for a forest.
    pub(crate) rounds: Option<usize>,
}

/// How much of each tree's answer a boosted model believes.
const RATE: f64 = 0.15;

/// A sum of trees, each grown on what the ones before it left over.
#[derive(Clone, Debug)]
pub(crate) struct Boosted {
    base: f64,
    trees: Vec<Tree>,
}

impl Recipe {
    /// Random forest of so many trees. Leaves may be single trials: larger ones, as in SMAC3, blur
    /// the valley that is searched for.
    pub(crate) fn forest(members: usize) -> Recipe {
        let growth = Growth {
            features: 5.0 / 6.0,
            split_min: 3.0,
            leaf_min: 1.0,
            depth_max: usize::MAX,
            random: false,
        };
        Recipe { members, bootstrap: true, growth, rounds: None }
    }

    /// So many extremely randomised trees.
    pub(crate) fn extra(members: usize) -> Recipe {
        let forest = Recipe::forest(members);
        let growth = Growth { features: 1.0, random: true, ..forest.growth };
        Recipe { bootstrap: false, growth, ..forest }
    }

    /// So many boosted models.
    pub(crate) fn boosted(members: usize) -> Recipe {
        let growth = Growth { depth_max: 3, ..Recipe::forest(members).growth };
        Recipe { members, bootstrap: true, growth, rounds: Some(40) }
    }

    /// The model of `targets`, one for each row of the table.
    pub(crate) fn fit(&self, table: &Table, targets: &[f64], stream: &mut Stream) -> Ensemble {
        let n = targets.len();
        let mut weights = || match self.bootstrap {
            true => bootstrap(n, stream),
            false => vec![1.0; n],
        };
        let samples: Vec<_> = (0..self.members).map(|_| weights()).collect();
        match self.rounds {
            None => {
                let tree =
                    |weights: &Vec<f64>| Tree::grow(table, targets, weights, &self.growth, stream);
                Ensemble::Forest(samples.iter().map(tree).collect())
            }
            Some(rounds) => {
                let model = |weights: &Vec<f64>| {
                    Boosted::fit(table, targets, weights, &self.growth, rounds, stream)
                };
                Ensemble::Boosted(samples.iter().map(model).collect())
            }
        }
    }
}

/// How often each of `n` rows is in a sample of `n`.
fn bootstrap(n: usize, stream: &mut Stream) -> Vec<f64> {
    let mut weights = vec![0.0; n];
    for _ in 0..n {
        weights[stream.below(n as u64) as usize] += 1.0;
    }
    weights
}

impl Boosted {
    fn fit(
        table: &Table,
        targets: &[f64],
        weights: &[f64],
        growth: &Growth,
        rounds: usize,
        stream: &mut Stream,
    ) -> Boosted {
        let count: f64 = weights.iter().sum();
        let total: f64 = weights.iter().zip(targets).map(|(weight, target)| weight * target).sum();
        let base = if 0.0 < count { total / count } else { 0.0 };
        let mut rest: Vec<f64> = targets.iter().map(|target| target - base).collect();
        let round = |_| {
            let tree = Tree::grow(table, &rest, weights, growth, stream);
            for (row, rest) in rest.iter_mut().enumerate() {
                *rest -= RATE * tree.leaf(&table.place(row)).mean;
            }
            tree
        };
        let trees = (0..rounds).map(round).collect();
        Boosted { base, trees }
    }

    fn predict(&self, place: &[f64]) -> f64 {
        self.base + self.trees.iter().map(|tree| RATE * tree.leaf(place).mean).sum::<f64>()
    }

    /// Every tree learns that what was left over is left over beside its own answer.
    fn tell(&mut self, place: &[f64], target: f64) {
        let rest = target - self.predict(place);
        for tree in &mut self.trees {
            let target = tree.leaf(place).mean + rest;
            tree.tell(place, target);
        }
    }
}

impl Ensemble {
    /// Mean and variance at a place.
    pub(crate) fn predict(&self, place: &[f64]) -> (f64, f64) {
        match self {
            Ensemble::Forest(trees) => mixture(
                trees.len(),
                trees.iter().map(|tree| {
                    let leaf = tree.leaf(place);
                    (leaf.mean, leaf.variance)
                }),
            ),
            Ensemble::Boosted(models) => {
                mixture(models.len(), models.iter().map(|model| (model.predict(place), 0.0)))
            }
        }
    }

    /// Learns one more observation without growing anew: the leaves where it ends take it in.
    pub(crate) fn tell(&mut self, place: &[f64], target: f64) {
        match self {
            Ensemble::Forest(trees) => trees.iter_mut().for_each(|it| it.tell(place, target)),
            Ensemble::Boosted(models) => models.iter_mut().for_each(|it| it.tell(place, target)),
        }
    }
}

/// Mean and variance of a mixture in equal parts, of means and variances.
fn mixture(n: usize, parts: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut mean, mut spread, mut within) = (0.0, 0.0, 0.0);
    for (i, (part, variance)) in parts.enumerate() {
        // Welford's update, in which nothing cancels.
        let step = part - mean;
        mean += step / (i + 1) as f64;
        spread += step * (part - mean);
        within += variance;
    }
    let n = n.max(1) as f64;
    (mean, spread / n + within / n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::space::{Axis, Kind};

    const REAL: Axis = Axis { kind: Kind::Real, levels: None };

    fn recipes() -> [Recipe; 3] {
        [Recipe::forest(30), Recipe::extra(30), Recipe::boosted(6)]
    }

    fn wave(x: &[f64]) -> f64 {
        (5.0 * x[0]).sin() + x[1]
    }

    /// Places with x₀ below ½ alone, and the model of the wave there.
    fn learned(recipe: &Recipe) -> (Vec<Vec<f64>>, Ensemble) {
        let mut stream = Seed(3).stream(0);
        let places: Vec<Vec<f64>> =
            (0..150).map(|_| vec![stream.unit() / 2.0, stream.unit(), stream.unit()]).collect();
        let targets: Vec<f64> = places.iter().map(|x| wave(x)).collect();
        let table = Table::new([REAL; 3].into_iter(), &places);
        let ensemble = recipe.fit(&table, &targets, &mut stream);
        (places, ensemble)
    }

    /// The errors at new places are small beside the spread of the wave, which is about 0.5.
    #[test]
    fn all_learn_a_wave() {
        for recipe in recipes() {
            let (_, ensemble) = learned(&recipe);
            let mut stream = Seed(4).stream(0);
            let square = |_| {
                let x = [stream.unit() / 2.0, stream.unit(), stream.unit()];
                (ensemble.predict(&x).0 - wave(&x)).powi(2)
            };
            let error = ((0..200).map(square).sum::<f64>() / 200.0).sqrt();
            assert!(error < 0.2, "{recipe:?}: {error}");
        }
    }

    #[test]
    fn an_observation_moves_the_mean_towards_it() {
        for recipe in recipes() {
            let (places, mut ensemble) = learned(&recipe);
            let (before, _) = ensemble.predict(&places[0]);
            ensemble.tell(&places[0], before + 3.0);
            let (after, _) = ensemble.predict(&places[0]);
            assert!(before < after && after < before + 3.0, "{recipe:?}: {before} to {after}");
        }
    }

    #[test]
    fn a_believed_expectation_makes_surer() {
        let (places, mut ensemble) = learned(&Recipe::forest(30));
        let (mean, variance) = ensemble.predict(&places[0]);
        ensemble.tell(&places[0], mean);
        let (same, less) = ensemble.predict(&places[0]);
        assert!((same - mean).abs() < variance.sqrt());
        assert!(less < 0.9 * variance, "{variance} to {less}");
    }

    /// The variance of all draws is the mean of the variances and the variance of the means.
    #[test]
    fn mixtures_follow_the_law_of_total_variance() {
        let (mean, variance) = mixture(2, [(1.0, 4.0), (5.0, 2.0)].into_iter());
        assert_eq!((mean, variance), (3.0, 4.0 + 3.0));
    }
}
