//! The shape of a search distribution: a covariance matrix, or for many axes its diagonal alone.

use linfa_linalg::eigh::EighInto;
use ndarray::{Array1, Array2, Axis};

/// Eigenvalues are kept above this share of the largest one.
const CONDITION: f64 = 1e-14;

/// C, with what draws and distances need of it.
#[derive(Clone, Debug)]
pub(super) enum Covariance {
    /// Every entry; C = B D² Bᵀ.
    Full { c: Array2<f64>, b: Array2<f64>, d: Array1<f64> },
    /// The diagonal alone.
    Diagonal(Array1<f64>),
}

impl Covariance {
    /// The identity.
    pub(super) fn identity(n: usize, separable: bool) -> Covariance {
        if separable {
            return Covariance::Diagonal(Array1::ones(n));
        }
        Covariance::Full { c: Array2::eye(n), b: Array2::eye(n), d: Array1::ones(n) }
    }

    /// A given matrix, or its diagonal.
    pub(super) fn of(c: Array2<f64>, separable: bool) -> Covariance {
        if separable { Covariance::Diagonal(c.diag().to_owned()) } else { decomposed(c) }
    }

    /// The variance along each axis.
    pub(super) fn variances(&self) -> Array1<f64> {
        match self {
            Covariance::Full { c, .. } => c.diag().to_owned(),
            Covariance::Diagonal(variances) => variances.clone(),
        }
    }

    /// The matrix.
    pub(super) fn matrix(&self) -> Array2<f64> {
        match self {
            Covariance::Full { c, .. } => c.clone(),
            Covariance::Diagonal(variances) => Array2::from_diag(variances),
        }
    }

    /// The smallest and the largest standard deviation along principal axes.
    pub(super) fn extent(&self) -> (f64, f64) {
        let ends = |d: &mut dyn Iterator<Item = f64>| {
            d.fold((f64::INFINITY, 0.0f64), |(lo, hi), d| (lo.min(d), hi.max(d)))
        };
        match self {
            Covariance::Full { d, .. } => ends(&mut d.iter().copied()),
            Covariance::Diagonal(variances) => ends(&mut variances.iter().map(|v| v.sqrt())),
        }
    }

    /// The mean of the logarithms of the standard deviations along principal axes.
    pub(super) fn log_deviation(&self) -> f64 {
        match self {
            Covariance::Full { d, .. } => d.mapv(f64::ln).mean(),
            Covariance::Diagonal(variances) => variances.mapv(|v| 0.5 * v.ln()).mean(),
        }
        .unwrap_or(0.0)
    }

    /// B D z ~ N(0, C), for z ~ N(0, I).
    pub(super) fn shaped(&self, z: &Array1<f64>) -> Array1<f64> {
        match self {
            Covariance::Full { b, d, .. } => b.dot(&(d * z)),
            Covariance::Diagonal(variances) => variances.mapv(f64::sqrt) * z,
        }
    }

    /// C^(−1/2) y.
    pub(super) fn whitened(&self, y: &Array1<f64>) -> Array1<f64> {
        match self {
            Covariance::Full { b, d, .. } => b.dot(&(b.t().dot(y) / d)),
            Covariance::Diagonal(variances) => y / &variances.mapv(f64::sqrt),
        }
    }

    /// `keep` C + Σ wᵢ yᵢ yᵢᵀ, over weights and points.
    pub(super) fn updated(&self, keep: f64, points: &[(f64, &Array1<f64>)]) -> Covariance {
        match self {
            Covariance::Full { c, .. } => {
                let n = c.nrows();
                let rows = Array2::from_shape_fn((points.len(), n), |(i, j)| points[i].1[j]);
                let weighted =
                    Array2::from_shape_fn((n, points.len()), |(j, i)| points[i].0 * points[i].1[j]);
                decomposed(c * keep + weighted.dot(&rows))
            }
            Covariance::Diagonal(variances) => {
                let mut sum = variances * keep;
                points.iter().for_each(|(w, y)| sum.scaled_add(*w, &y.mapv(|y| y * y)));
                let largest = sum.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
                Covariance::Diagonal(sum.mapv(|v| v.max(CONDITION * largest)))
            }
        }
    }
}

/// A symmetric matrix with its eigenvalues, which are made positive where they are not.
fn decomposed(c: Array2<f64>) -> Covariance {
    let c = (&c + &c.t()) * 0.5;
    let n = c.nrows();
    let Ok((values, b)) = c.clone().eigh_into() else {
        return Covariance::identity(n, false);
    };
    let largest = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let least = CONDITION * largest;
    let d = values.mapv(|value| value.max(least).sqrt());
    let sound = values.iter().all(|value| least <= *value);
    let c = if sound { c } else { (&b * &(&d * &d).insert_axis(Axis(0))).dot(&b.t()) };
    Covariance::Full { c, b, d }
}
