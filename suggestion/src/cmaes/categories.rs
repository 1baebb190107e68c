//! The search distribution over names: a probability for each, moved along the natural gradient.
//!
//! CatCMA with Margin of Hamano et al. (arXiv:2504.07884, §3), after CatCMA (GECCO 2024,
//! arXiv:2405.09962); its step size is the adaptive one of Akimoto, Shirakawa et al., *Adaptive
//! Stochastic Natural Gradient Method for One-Shot Neural Architecture Search* (ICML 2019, ASNG):
//! long while updates agree, short when they are noise.

use super::margin;

/// ASNG's threshold of the signal-to-noise ratio.
const ALPHA: f64 = 1.5;

/// The probabilities of the levels of all categorical axes, and how steady their way was.
#[derive(Clone, Debug)]
pub(super) struct Categories {
    /// q: for each axis the probability of each level.
    pub(super) shares: Vec<Vec<f64>>,
    /// No probability falls below this, by axis.
    least: Vec<f64>,
    /// δ, s, γ and Δ of ASNG: how far an update goes, the path of updates, its expected square if
    /// they are noise, and what δ follows inversely, one generation later.
    delta: f64,
    path: Vec<f64>,
    gamma: f64,
    slowness: f64,
}

impl Categories {
    /// Even probabilities on axes of so many levels; `discrete` is how many axes have a margin.
    pub(super) fn even(levels: &[usize], discrete: usize) -> Categories {
        let alpha = margin::alpha(discrete);
        Categories {
            shares: levels.iter().map(|k| vec![1.0 / *k as f64; *k]).collect(),
            least: levels.iter().map(|k| alpha / (*k as f64 - 1.0)).collect(),
            delta: 1.0,
            path: vec![0.0; levels.iter().map(|k| k - 1).sum()],
            gamma: 0.0,
            slowness: 1.0,
        }
    }

    /// The level at share `u` of axis `axis`.
    pub(super) fn level(&self, axis: usize, u: f64) -> usize {
        let shares = &self.shares[axis];
        let mut sum = 0.0;
        let above = |share: &f64| {
            sum += share;
            u < sum
        };
        shares.iter().position(above).unwrap_or(shares.len() - 1)
    }

    /// Moves a share of the way to how often the levels occur in some points.
    pub(super) fn lean(&mut self, points: &[(f64, Vec<Option<usize>>)], share: f64) {
        let gradient = self.gradient(points);
        for (shares, gradient) in self.shares.iter_mut().zip(gradient) {
            shares.iter_mut().zip(gradient).for_each(|(q, g)| *q += share * g);
        }
        self.keep_margin();
    }

    /// Moves by one generation: its parents' weights, and their level on each axis where they
    /// have one.
    pub(super) fn learn(&mut self, parents: &[(f64, Vec<Option<usize>>)]) {
        let gradient = self.gradient(parents);
        let whitened = self.whitened(&gradient);
        let length = whitened.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length < 1e-12 {
            return;
        }
        for (shares, gradient) in self.shares.iter_mut().zip(&gradient) {
            let moves = shares.iter_mut().zip(gradient);
            moves.for_each(|(share, gradient)| *share += self.delta / length * gradient);
        }
        self.delta = 1.0 / self.slowness;
        let beta = (self.delta / (self.path.len() as f64).sqrt()).min(1.0);
        for (path, x) in self.path.iter_mut().zip(&whitened) {
            *path = (1.0 - beta) * *path + (beta * (2.0 - beta)).sqrt() * x / length;
        }
        self.gamma = (1.0 - beta).powi(2) * self.gamma + beta * (2.0 - beta);
        let square: f64 = self.path.iter().map(|x| x * x).sum();
        self.slowness *= (beta * (self.gamma - square / ALPHA)).exp();
        self.keep_margin();
    }

    /// Σ wᵢ (cᵢ − q): the natural gradient of the expected quality, for each axis.
    fn gradient(&self, parents: &[(f64, Vec<Option<usize>>)]) -> Vec<Vec<f64>> {
        let mut all: Vec<_> = self.shares.iter().map(|shares| vec![0.0; shares.len()]).collect();
        for (weight, levels) in parents {
            for (axis, level) in levels.iter().enumerate() {
                let Some(level) = level else { continue };
                for (k, share) in self.shares[axis].iter().enumerate() {
                    let one = if k == *level { 1.0 } else { 0.0 };
                    all[axis][k] += weight * (one - share);
                }
            }
        }
        all
    }

    /// F^(1/2) times a gradient, in the coordinates without each axis' last level (ASNG, appendix
    /// B).
    fn whitened(&self, gradient: &[Vec<f64>]) -> Vec<f64> {
        let one = |(shares, gradient): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
            let last = shares.len() - 1;
            let sum: f64 = gradient[..last].iter().sum();
            let rest = sum / (shares[last] + shares[last].sqrt());
            let pairs = shares[..last].iter().zip(gradient);
            pairs.map(|(share, g)| g / share.sqrt() + share.sqrt() * rest).collect()
        };
        self.shares.iter().zip(gradient).flat_map(one).collect()
    }

    /// Raises what fell below the margin, at the cost of all in the measure of what they have
    /// above it.
    fn keep_margin(&mut self) {
        for (shares, least) in self.shares.iter_mut().zip(&self.least) {
            shares.iter_mut().for_each(|share| *share = share.max(*least));
            let sum: f64 = shares.iter().sum();
            let spare = sum - least * shares.len() as f64;
            if 0.0 < spare {
                let take = (sum - 1.0) / spare;
                shares.iter_mut().for_each(|share| *share -= take * (*share - least));
            }
            let sum: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python cmaes 0.13.1, `CatCMAwM(x_space=[[0, 1]] * 2, c_space=[3, 2], population_size=6)`,
    /// three updates of its categorical part.
    #[test]
    fn shares_move_as_the_references_do() {
        let mut got = Categories::even(&[3, 2], 2);
        let weights = [0.637_042_571_241_216_8, 0.284_570_257_438_032_94, 0.078_387_171_320_750_33];
        for generation in 0..3 {
            let point = |(i, w): (usize, &f64)| (*w, vec![Some((i + generation) % 3), Some(i / 2)]);
            got.learn(&weights.iter().enumerate().map(point).collect::<Vec<_>>());
        }
        let want = [0.253_503_355_906_725_7, 0.188_299_924_681_566_75, 0.558_196_719_411_707_7];
        for (got, want) in got.shares[0].iter().zip(want) {
            assert!((got - want).abs() < 1e-7, "{got} {want}");
        }
        assert!((got.shares[1][0] - 0.854_400_374_531_753_2).abs() < 1e-7);
        assert!((got.slowness - 1.945_270_644_054_741).abs() < 1e-7);
    }

    #[test]
    fn no_level_is_ever_given_up() {
        let mut got = Categories::even(&[4], 1);
        (0..500).for_each(|_| got.learn(&[(1.0, vec![Some(2)])]));
        let least = margin::alpha(1) / 3.0;
        assert!(got.shares[0].iter().all(|share| least - 1e-12 <= *share), "{got:?}");
        assert!(0.7 < got.shares[0][2], "{got:?}");
        let before = got.shares.clone();
        got.learn(&[(1.0, vec![None])]);
        assert_eq!(got.shares, before, "an inactive axis says nothing");
    }

    #[test]
    fn levels_are_as_likely_as_their_shares() {
        let mut got = Categories::even(&[4], 1);
        got.shares[0] = vec![0.1, 0.2, 0.3, 0.4];
        let count =
            |level| (0..1000).filter(|i| got.level(0, f64::from(*i) / 1000.0) == level).count();
        let counts = [0, 1, 2, 3].map(count);
        let near = counts.iter().zip([100, 200, 300, 400]).all(|(n, want)| n.abs_diff(want) <= 1);
        assert!(near, "{counts:?}");
        assert_eq!(got.level(0, 1.0), 3);
    }
}
