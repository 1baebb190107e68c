//! The gradient of REINFORCE (Williams, 1992; Zoph and Le, §3.2) through a pass.
//!
//! The loss is the mean over architectures a of
//! −A(a) log π(a) − w H(π) + λ / (L − 1) Σ KL(P(connected) ‖ target),
//! where A is the advantage, H the entropy of the drawn choices (given those before them), and the
//! sum goes over all pairs of layers.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis};

use super::cell::{self, Back};
use super::forward::{Layer, Pass};
use super::{Weights, Wishes};

/// Targets nearer than this to 0 or 1 would forbid what they do not want.
const TARGET_MIN: f64 = 1e-6;

/// What flows back from later layers.
struct Flow {
    /// Gradients of the state and the memory.
    dh: Array2<f64>,
    dc: Array2<f64>,
    /// Gradient of the next layer's input.
    dx: Array2<f64>,
    /// For each layer, the gradient of its state by way of the inputs it became part of, and that
    /// of its state for attention.
    states: Vec<Array2<f64>>,
    earlier: Vec<Array2<f64>>,
}

impl Pass<'_> {
    /// The gradient, given each architecture's advantage.
    pub(in super::super) fn gradient(&self, advantages: &[f64], wishes: &Wishes) -> Weights {
        let mut gradient = Weights::zeros(self.shape);
        let zeros = Array2::zeros((advantages.len(), self.shape.hidden));
        let each = vec![zeros.clone(); self.shape.layers];
        let mut flow = Flow {
            dh: zeros.clone(),
            dc: zeros.clone(),
            dx: zeros,
            states: each.clone(),
            earlier: each,
        };
        let mut steps = Vec::new();
        for i in (0..self.shape.layers).rev() {
            steps.extend(self.back(i, &mut flow, advantages, wishes, &mut gradient));
        }
        cell::gradient(&steps, &mut gradient.cell);
        gradient.start += &flow.dx.sum_axis(Axis(0)).insert_axis(Axis(0));
        gradient
    }

    /// Through layer `i`; answers its steps' part in the gradient of the cell.
    fn back(
        &self,
        i: usize,
        flow: &mut Flow,
        advantages: &[f64],
        wishes: &Wishes,
        gradient: &mut Weights,
    ) -> [Back<'_>; 2] {
        let layer = &self.layers[i];
        let [first, second] = &layer.steps;
        if i == 0 {
            gradient.start += &flow.dx.sum_axis(Axis(0)).insert_axis(Axis(0));
        } else {
            self.unmix(i, flow);
            let queries = self.queries(i, flow, advantages, wishes, gradient);
            general_mat_mul(1.0, &second.h.t(), &queries, 1.0, &mut gradient.current);
            flow.dh += &queries.dot(&self.weights.current.t());
        }
        general_mat_mul(1.0, &second.h.t(), &flow.earlier[i], 1.0, &mut gradient.earlier);
        flow.dh += &flow.earlier[i].dot(&self.weights.earlier.t());
        flow.dh += &flow.states[i];
        let cell = &self.weights.cell;
        let (embedded, mut dh, later) = second.back(cell, &flow.dh, &mut flow.dc);
        for (rows, from) in self.architectures.iter().zip(embedded.rows()) {
            let mut row = gradient.embedding.row_mut(rows[i][0]);
            row += &from;
        }

        let logits = self.logits(layer, i, advantages, wishes);
        general_mat_mul(1.0, &first.h.t(), &logits, 1.0, &mut gradient.softmax);
        dh += &logits.dot(&self.weights.softmax.t());
        let (dx, dh, sooner) = first.back(cell, &dh, &mut flow.dc);
        (flow.dx, flow.dh) = (dx, dh);
        [later, sooner]
    }

    /// Hands the gradient of the next layer's input to the states that it was made of.
    fn unmix(&self, i: usize, flow: &mut Flow) {
        for (j, state) in flow.states[..i].iter_mut().enumerate() {
            for (b, mut row) in state.rows_mut().into_iter().enumerate() {
                if self.architectures[b][i][j + 1] == 1 {
                    row.scaled_add(1.0 / (self.connections(b, i) + 1.0), &flow.dx.row(b));
                }
            }
        }
    }

    /// The gradient of `h_i W₂` by way of layer `i`'s connections.
    fn queries(
        &self,
        i: usize,
        flow: &mut Flow,
        advantages: &[f64],
        wishes: &Wishes,
        gradient: &mut Weights,
    ) -> Array2<f64> {
        let batch = advantages.len() as f64;
        let target = wishes.skip_target.clamp(TARGET_MIN, 1.0 - TARGET_MIN);
        let skip = wishes.skip / (self.shape.layers as f64 - 1.0);
        let v = self.weights.attention.column(0);
        let mut queries = Array2::zeros(flow.dh.raw_dim());
        for (j, link) in self.layers[i].links.iter().enumerate() {
            let slope = |b: usize| {
                let (q, p) = (link.query[b], link.share[b]);
                let (s, spread) = (self.shape.bounded(q), 2.0 * p * (1.0 - p));
                let connected = self.architectures[b][i][j + 1] as f64;
                // The logit of p is 2 s.
                let reward = advantages[b] * 2.0 * (connected - p);
                let entropy = -2.0 * s * spread;
                let divergence = (2.0 * s - (target / (1.0 - target)).ln()) * spread;
                let ds = -reward - wishes.entropy * entropy + skip * divergence;
                ds * self.shape.slope(q) / batch
            };
            let dq: Array1<f64> = (0..advantages.len()).map(slope).collect();
            let column = dq.view().insert_axis(Axis(1));
            general_mat_mul(1.0, &link.attention.t(), &column, 1.0, &mut gradient.attention);
            let through = link.attention.mapv(|a| 1.0 - a * a) * v * column;
            queries += &through;
            flow.earlier[j] += &through;
        }
        queries
    }

    /// The gradient of the logits of layer `i`'s operations.
    fn logits(&self, layer: &Layer, i: usize, advantages: &[f64], wishes: &Wishes) -> Array2<f64> {
        let batch = advantages.len() as f64;
        let mut gradient = layer.logits.mapv(|logit| self.shape.slope(logit) / batch);
        for (b, mut row) in gradient.rows_mut().into_iter().enumerate() {
            let shares = layer.shares.row(b);
            let log = |p: f64| p.max(f64::MIN_POSITIVE).ln();
            let entropy: f64 = -shares.iter().map(|p| p * log(*p)).sum::<f64>();
            for (k, (slope, p)) in row.iter_mut().zip(shares).enumerate() {
                let chosen = f64::from(u8::from(k == self.architectures[b][i][0]));
                let reward = advantages[b] * (chosen - p);
                *slope *= -reward + wishes.entropy * p * (log(*p) + entropy);
            }
        }
        gradient
    }
}
