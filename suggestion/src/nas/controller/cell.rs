//! The recurrent cell: a long short-term memory (Hochreiter and Schmidhuber, 1997) without biases.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, Slice, Zip, concatenate};

/// The gates, in the order of their columns.
const INPUT: usize = 0;
const FORGET: usize = 1;
const OUTPUT: usize = 2;
const VALUE: usize = 3;

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What a step of the cell came to.
pub(super) struct Step {
    /// Input and state before it, side by side: B × 2H.
    input: Array2<f64>,
    /// Memory before it.
    memory: Array2<f64>,
    /// Its gates: B × H each.
    gates: [Array2<f64>; 4],
    /// tanh(c).
    bounded: Array2<f64>,
    /// Memory after it: `c`.
    pub(super) c: Array2<f64>,
    /// State after it: `h`.
    pub(super) h: Array2<f64>,
}

/// Columns `from * n` to `to * n`.
fn columns(matrix: &Array2<f64>, n: usize, from: usize, to: usize) -> ArrayView2<'_, f64> {
    matrix.slice_axis(Axis(1), Slice::from(from * n..to * n))
}

impl Step {
    /// [i f o g] = [x h] W; c′ = σ(f) c + σ(i) tanh(g); h′ = σ(o) tanh(c′).
    pub(super) fn new(
        weights: &Array2<f64>,
        x: &Array2<f64>,
        h: &Array2<f64>,
        memory: Array2<f64>,
    ) -> Step {
        let n = h.ncols();
        let input = concatenate![Axis(1), *x, *h];
        let sums = input.dot(weights);
        let gate = |k: usize, bound: fn(f64) -> f64| columns(&sums, n, k, k + 1).mapv(bound);
        let gates = [
            gate(INPUT, sigmoid),
            gate(FORGET, sigmoid),
            gate(OUTPUT, sigmoid),
            gate(VALUE, f64::tanh),
        ];
        let c = &gates[FORGET] * &memory + &gates[INPUT] * &gates[VALUE];
        let bounded = c.mapv(f64::tanh);
        let h = &gates[OUTPUT] * &bounded;
        Step { input, memory, gates, bounded, c, h }
    }

    /// From the gradients of state and memory after the step, those of the input and the state
    /// before it (`dc` becomes that of the memory before it); and that of [x h] W, for
    /// [`gradient`].
    pub(super) fn back(
        &self,
        weights: &Array2<f64>,
        dh: &Array2<f64>,
        dc: &mut Array2<f64>,
    ) -> (Array2<f64>, Array2<f64>, Back<'_>) {
        let n = self.h.ncols();
        let [i, f, o, g] = &self.gates;
        Zip::from(&mut *dc)
            .and(dh)
            .and(&self.bounded)
            .and(o)
            .for_each(|dc, dh, bounded, o| *dc += dh * o * (1.0 - bounded * bounded));
        let through = |d: &Array2<f64>, other: &Array2<f64>, gate: &Array2<f64>| {
            Zip::from(d).and(other).and(gate).map_collect(|d, other, s| d * other * s * (1.0 - s))
        };
        let sums = concatenate![
            Axis(1),
            through(dc, g, i),
            through(dc, &self.memory, f),
            through(dh, &self.bounded, o),
            Zip::from(&*dc).and(i).and(g).map_collect(|dc, i, g| dc * i * (1.0 - g * g))
        ];
        *dc *= f;

        let before = sums.dot(&weights.t());
        let (dx, dh) = (columns(&before, n, 0, 1).to_owned(), columns(&before, n, 1, 2).to_owned());
        (dx, dh, Back { input: self.input.view(), sums })
    }
}

/// A step's part in the gradient of the weights.
pub(super) struct Back<'a> {
    input: ArrayView2<'a, f64>,
    sums: Array2<f64>,
}

/// The gradient of the weights: one large product of all steps is sooner made than many small.
pub(super) fn gradient(steps: &[Back], dw: &mut Array2<f64>) {
    let inputs: Vec<_> = steps.iter().map(|step| step.input).collect();
    let sums: Vec<_> = steps.iter().map(|step| step.sums.view()).collect();
    if let (Ok(inputs), Ok(sums)) = (concatenate(Axis(0), &inputs), concatenate(Axis(0), &sums)) {
        general_mat_mul(1.0, &inputs.t(), &sums, 1.0, dw);
    }
}
