//! The search distribution over ordered axes, N(m, σ² A C A), and how a generation moves it.
//!
//! Equation numbers are those of Hansen's tutorial (arXiv:1604.00772). A is a diagonal that keeps
//! a margin on axes with levels (`margin.rs`), and the identity on all others.

use ndarray::Array1;

use super::covariance::Covariance;
use super::rate::Rate;
use super::strategy::Strategy;

/// σ is kept between these, far outside of what can matter in the unit cube.
const SIGMA: (f64, f64) = (1e-14, 1e3);

/// m, σ, C and A, with the paths that led to them.
#[derive(Clone, Debug)]
pub(super) struct Gaussian {
    pub(super) mean: Array1<f64>,
    pub(super) sigma: f64,
    pub(super) covariance: Covariance,
    /// The diagonal of A.
    pub(super) stretch: Array1<f64>,
    /// p_σ and p_c: the paths of the mean, whitened and not.
    pub(super) p_sigma: Array1<f64>,
    pub(super) p_c: Array1<f64>,
    /// How many generations moved it.
    pub(super) generation: u64,
}

impl Gaussian {
    /// A distribution that nothing has moved yet.
    pub(super) fn new(mean: Array1<f64>, sigma: f64, covariance: Covariance) -> Gaussian {
        let n = mean.len();
        Gaussian {
            mean,
            sigma: sigma.clamp(SIGMA.0, SIGMA.1),
            covariance,
            stretch: Array1::ones(n),
            p_sigma: Array1::zeros(n),
            p_c: Array1::zeros(n),
            generation: 0,
        }
    }

    /// x = m + σ A B D z, for z ~ N(0, I).
    pub(super) fn at(&self, z: &Array1<f64>) -> Array1<f64> {
        &self.mean + &(self.covariance.shaped(z) * &self.stretch * self.sigma) // (38)–(40)
    }

    /// Standard deviations along the axes.
    pub(super) fn deviations(&self) -> Array1<f64> {
        self.covariance.variances().mapv(f64::sqrt) * &self.stretch * self.sigma
    }

    /// y = A⁻¹ (x − m) / σ, the step that led to a point. A point that was not drawn from this
    /// distribution may be too far from it to be true: its step is cut off at a Mahalanobis length
    /// of √n + 2n / (n + 2) (Hansen, *Injecting External Solutions Into CMA-ES*,
    /// arXiv:1110.4181, §3).
    pub(super) fn step(&self, x: &Array1<f64>, drawn: bool) -> Array1<f64> {
        let y = (x - &self.mean) / &self.stretch / self.sigma;
        if drawn {
            return y;
        }
        let n = y.len() as f64;
        let longest = n.sqrt() + 2.0 * n / (n + 2.0);
        let length = norm(&self.covariance.whitened(&y));
        if length <= longest { y } else { y * (longest / length) }
    }

    /// Moves by one generation: the steps of its points, best first, with their weights.
    pub(super) fn learn(
        &mut self,
        strategy: &Strategy,
        steps: &[(f64, Array1<f64>)],
        rate: Option<&mut Rate>,
    ) {
        let before = rate.is_some().then(|| self.clone());
        let n = self.mean.len() as f64;
        let Strategy { mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi, .. } = *strategy;
        self.generation += 1;

        let mut y_w = Array1::zeros(self.mean.len());
        let parents = steps.iter().filter(|(w, _)| 0.0 < *w);
        parents.for_each(|(w, y)| y_w.scaled_add(*w, y)); // (41)
        let moved = &y_w * &self.stretch * self.sigma;
        self.mean += &moved; // (42)

        let whitened = self.covariance.whitened(&y_w);
        self.p_sigma *= 1.0 - c_sigma; // (43)
        self.p_sigma.scaled_add((c_sigma * (2.0 - c_sigma) * mu_eff).sqrt(), &whitened);
        let length = norm(&self.p_sigma);
        let sigma = self.sigma * ((c_sigma / d_sigma) * (length / chi - 1.0)).exp(); // (44)

        // h_σ: no rank-one update while the step size still grows fast.
        let settled = 1.0 - (1.0 - c_sigma).powf(2.0 * self.generation as f64);
        let h = if length / settled.sqrt() < (1.4 + 2.0 / (n + 1.0)) * chi { 1.0 } else { 0.0 };
        self.p_c *= 1.0 - c_c; // (45)
        self.p_c.scaled_add(h * (c_c * (2.0 - c_c) * mu_eff).sqrt(), &y_w);

        // (46): a bad point's step counts as if it were as long as steps are on average.
        let weight = |(w, y): &(f64, Array1<f64>)| match *w < 0.0 {
            true => w * n / (norm(&self.covariance.whitened(y)).powi(2) + 1e-8),
            false => *w,
        };
        let sum: f64 = steps.iter().map(|(w, _)| w).sum();
        let lost = (1.0 - h) * c_c * (2.0 - c_c);
        let keep = 1.0 + c_1 * lost - c_1 - c_mu * sum;
        let points = steps.iter().map(|step| (c_mu * weight(step), &step.1));
        let points: Vec<_> = points.chain([(c_1, &self.p_c)]).collect();
        self.covariance = self.covariance.updated(keep, &points); // (47)
        self.sigma = sigma.clamp(SIGMA.0, SIGMA.1);
        if let (Some(rate), Some(before)) = (rate, before) {
            rate.temper(&before, self);
        }
    }
}

/// ‖x‖.
pub(super) fn norm(x: &Array1<f64>) -> f64 {
    x.dot(x).sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// Three generations of six points in three dimensions, which shrink; the first point is the
    /// best.
    fn lived(mut rate: Option<Rate>) -> Gaussian {
        let strategy = Strategy::new(3, 6, false);
        let mean = array![0.5, 0.4, 0.6];
        let mut gaussian = Gaussian::new(mean, 0.3, Covariance::identity(3, false));
        for generation in 0..3 {
            let number = |i: usize, j: usize| {
                (0.1 * ((7 * i + 3 * j) % 10) as f64 + 0.05 * j as f64)
                    * (1.0 - 0.2 * f64::from(generation))
            };
            let step = |(i, w): (usize, &f64)| {
                let x = Array1::from_iter((0..3).map(|j| number(i, j)));
                (*w, gaussian.step(&x, true))
            };
            let steps: Vec<_> = strategy.weights.iter().enumerate().map(step).collect();
            gaussian.learn(&strategy, &steps, rate.as_mut());
        }
        gaussian
    }

    fn check(got: &Gaussian, mean: [f64; 3], sigma: f64, c: [[f64; 3]; 3]) {
        let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-9, "{got} {want}");
        got.mean.iter().zip(mean).for_each(|(got, want)| close(*got, want));
        close(got.sigma, sigma);
        got.covariance.matrix().iter().zip(c.as_flattened()).for_each(|(got, want)| {
            close(*got, *want);
        });
    }

    /// Python cmaes 0.13.1, `CMA(mean=[0.5, 0.4, 0.6], sigma=0.3, population_size=6)`, told the
    /// same three generations.
    #[test]
    fn generations_move_it_as_the_reference_does() {
        let got = lived(None);
        check(
            &got,
            [0.138_332_429_240_953_9, 0.177_590_274_778_134_2, 0.340_557_971_985_683_94],
            0.233_142_987_903_275_78,
            [
                [0.931_914_640_567_315_1, 0.154_657_402_382_001_12, 0.195_404_590_473_103_66],
                [0.154_657_402_382_001_1, 0.748_886_391_330_223_9, 0.192_265_014_403_708_77],
                [0.195_404_590_473_103_6, 0.192_265_014_403_708_77, 0.806_171_385_657_412_6],
            ],
        );
    }

    /// The same with `lr_adapt=True`.
    #[test]
    fn learning_rates_adapt_as_the_references_do() {
        let got = lived(Some(Rate::new(3)));
        check(
            &got,
            [0.151_138_823_731_094_36, 0.193_222_213_294_954_81, 0.369_976_121_634_737_2],
            0.273_165_108_440_064_64,
            [
                [1.188_377_466_208_716_3, 0.198_794_323_319_339_27, 0.228_687_880_619_500_63],
                [0.198_794_323_319_339_3, 0.955_732_051_645_053_4, 0.220_065_658_584_564_7],
                [0.228_687_880_619_500_68, 0.220_065_658_584_564_7, 0.992_040_497_651_850_9],
            ],
        );
    }

    #[test]
    fn a_foreign_point_is_never_far() {
        let gaussian = Gaussian::new(array![0.5, 0.5], 0.01, Covariance::identity(2, false));
        let far = array![0.9, 0.5];
        assert!((norm(&gaussian.step(&far, true)) - 40.0).abs() < 1e-9);
        let longest = 2.0f64.sqrt() + 1.0;
        assert!((norm(&gaussian.step(&far, false)) - longest).abs() < 1e-9);
        assert_eq!(
            gaussian.step(&array![0.5, 0.51], false),
            gaussian.step(&array![0.5, 0.51], true)
        );
    }
}
