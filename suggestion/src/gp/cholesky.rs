//! The Cholesky factor of a matrix that grows by rows: L Lᵀ = K.
//!
//! Row after row (Cholesky–Banachiewicz), so that a factor that grew is bit for bit the factor
//! made at once.

/// A lower triangular matrix, rows packed one after another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Factor {
    rows: Vec<f64>,
    n: usize,
}

impl Factor {
    /// Row `i`, up to the diagonal.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        let start = i * (i + 1) / 2;
        &self.rows[start..start + i + 1]
    }

    /// Adds the row of K whose entries with the earlier ones are `row`, and with itself
    /// `diagonal`. A pivot below `least` is raised to it: the matrix was not definite enough.
    pub(crate) fn grow(&mut self, row: &[f64], diagonal: f64, least: f64) {
        let start = self.rows.len();
        self.rows.extend_from_slice(row);
        let (before, new) = self.rows.split_at_mut(start);
        for i in 0..new.len() {
            let at = i * (i + 1) / 2;
            let other = &before[at..at + i + 1];
            new[i] = (new[i] - dot(&new[..i], &other[..i])) / other[i];
        }
        let pivot = diagonal - dot(new, new);
        self.rows.push(pivot.max(least).sqrt());
        self.n += 1;
    }

    /// Solves L x = b, in place.
    pub(crate) fn forward(&self, b: &mut [f64]) {
        for i in 0..self.n {
            let row = self.row(i);
            b[i] = (b[i] - dot(&b[..i], &row[..i])) / row[i];
        }
    }

    /// Solves Lᵀ x = b, in place.
    pub(crate) fn backward(&self, b: &mut [f64]) {
        for i in (0..self.n).rev() {
            let row = self.row(i);
            b[i] /= row[i];
            let x = b[i];
            for (b, l) in b[..i].iter_mut().zip(row) {
                *b -= l * x;
            }
        }
    }

    /// Σ ln Lᵢᵢ: half the log of the determinant.
    pub(crate) fn half_log_determinant(&self) -> f64 {
        (0..self.n).map(|i| self.row(i)[i].ln()).sum()
    }

    /// L⁻¹, all n × n of it, row-major.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            let row = self.row(i);
            let (before, here) = inverse.split_at_mut(i * n);
            for (k, l) in row[..i].iter().enumerate() {
                let other = &before[k * n..k * n + k + 1];
                for (x, o) in here[..=k].iter_mut().zip(other) {
                    *x -= l * o;
                }
            }
            here[i] = 1.0;
            for x in &mut here[..=i] {
                *x /= row[i];
            }
        }
        inverse
    }
}

/// Σ aᵢ bᵢ, in an order that a processor can do eight at a time.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize) -> Vec<Vec<f64>> {
        let entry = |i: usize, j: usize| {
            let r = (i as f64 - j as f64).abs() / 3.0;
            (-r).exp() + if i == j { 0.1 } else { 0.0 }
        };
        (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
    }

    fn factor(k: &[Vec<f64>]) -> Factor {
        let mut factor = Factor::default();
        k.iter().enumerate().for_each(|(i, row)| factor.grow(&row[..i], row[i], 1e-12));
        factor
    }

    #[test]
    fn the_factor_times_itself_is_the_matrix() {
        let k = matrix(23);
        let l = factor(&k);
        for (i, row) in k.iter().enumerate() {
            for (j, want) in row.iter().enumerate().take(i + 1) {
                let product = dot(&l.row(i)[..=j], &l.row(j)[..=j]);
                assert!((product - want).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn systems_are_solved_and_inverses_inverted() {
        let k = matrix(17);
        let l = factor(&k);
        let want: Vec<f64> = (0..17).map(|i| (i as f64).sin()).collect();
        let mut x: Vec<f64> = k.iter().map(|row| dot(row, &want)).collect();
        l.forward(&mut x);
        l.backward(&mut x);
        assert!(x.iter().zip(&want).all(|(x, want)| (x - want).abs() < 1e-10));

        let inverse = l.inverse();
        for i in 0..17 {
            for j in 0..17 {
                let column: Vec<f64> = (0..17).map(|k| inverse[k * 17 + j]).collect();
                let entry = dot(l.row(i), &column[..=i]);
                let want = if i == j { 1.0 } else { 0.0 };
                assert!((entry - want).abs() < 1e-12, "{i} {j}");
            }
        }
    }
}
