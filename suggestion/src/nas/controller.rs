//! The controller: a recurrent network that draws architectures, after Zoph and Le, *Neural
//! Architecture Search with Reinforcement Learning* (ICLR 2017), in the form of Pham et al.,
//! *Efficient Neural Architecture Search via Parameter Sharing* (ICML 2018, arXiv:1802.03268,
//! §2.3 and appendix A).
//!
//! Layer by layer it steps twice. After the first step, a softmax over the hidden state h chooses
//! the operation, whose embedding is the next input. After the second, for each earlier layer j,
//! attention says whether layer i is connected with it:
//! P(j is an input of i) = σ(2 s), s = K tanh(q / T), q = vᵀ tanh(W₁ h_j + W₂ h_i),
//! where T is the temperature and K the constant that bounds the logits. The mean of the chosen
//! layers' states is the input of the next layer.
//!
//! A pass goes over `B` architectures at once: every matrix has one row for each.

mod backward;
mod cell;
mod forward;

pub(super) use forward::{Pass, Source};

use ndarray::Array2;

use crate::seed::Stream;

/// Weights are drawn evenly between −this and this (Pham et al., appendix A).
const INITIAL: f64 = 0.1;

/// How the controller draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) layers: usize,
    pub(super) choices: usize,
    /// Numbers in the hidden state: `H`.
    pub(super) hidden: usize,
    /// `T`: logits are divided by it.
    pub(super) temperature: f64,
    /// `K`: logits are kept between −K and K; unbounded where there is none.
    pub(super) tanh_const: Option<f64>,
}

/// What training wants beside reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wishes {
    /// Weight of the entropy of what is drawn: more of it, more variety.
    pub(super) entropy: f64,
    /// Weight of the divergence from the wanted share of connections.
    pub(super) skip: f64,
    /// Share of connections that is wanted.
    pub(super) skip_target: f64,
}

/// All that is learned. The gradient of a loss has the same shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    /// Of the recurrent cell: 2H × 4H; rows for input and state, columns for its four gates.
    cell: Array2<f64>,
    /// The input of the first layers: 1 × H.
    start: Array2<f64>,
    /// A row for each operation: N × H.
    embedding: Array2<f64>,
    /// H × N.
    softmax: Array2<f64>,
    /// `W₁`: H × H, for the earlier layer's state.
    earlier: Array2<f64>,
    /// `W₂`: H × H, for the state of the layer that is being connected.
    current: Array2<f64>,
    /// `v`: H × 1.
    attention: Array2<f64>,
}

impl Weights {
    /// Those of a controller that has learned nothing.
    pub(super) fn new(shape: &Shape, stream: &mut Stream) -> Weights {
        let mut weights = Weights::zeros(shape);
        for matrix in weights.all_mut() {
            matrix.mapv_inplace(|_| INITIAL * (2.0 * stream.unit() - 1.0));
        }
        weights
    }

    pub(super) fn zeros(shape: &Shape) -> Weights {
        let (h, n) = (shape.hidden, shape.choices);
        Weights {
            cell: Array2::zeros((2 * h, 4 * h)),
            start: Array2::zeros((1, h)),
            embedding: Array2::zeros((n, h)),
            softmax: Array2::zeros((h, n)),
            earlier: Array2::zeros((h, h)),
            current: Array2::zeros((h, h)),
            attention: Array2::zeros((h, 1)),
        }
    }

    fn all(&self) -> [&Array2<f64>; 7] {
        let Weights { cell, start, embedding, softmax, earlier, current, attention } = self;
        [cell, start, embedding, softmax, earlier, current, attention]
    }

    fn all_mut(&mut self) -> [&mut Array2<f64>; 7] {
        let Weights { cell, start, embedding, softmax, earlier, current, attention } = self;
        [cell, start, embedding, softmax, earlier, current, attention]
    }
}

/// Adam (Kingma and Ba, ICLR 2015, algorithm 1), with TensorFlow's constants.
#[derive(Clone, Debug)]
pub(super) struct Adam {
    m: Weights,
    v: Weights,
    t: i32,
}

impl Adam {
    pub(super) fn new(shape: &Shape) -> Adam {
        Adam { m: Weights::zeros(shape), v: Weights::zeros(shape), t: 0 }
    }

    /// One step of size `rate` down the gradient.
    pub(super) fn step(&mut self, weights: &mut Weights, gradient: &Weights, rate: f64) {
        const BETA_1: f64 = 0.9;
        const BETA_2: f64 = 0.999;
        const EPSILON: f64 = 1e-8;
        self.t = self.t.saturating_add(1);
        let alpha = rate * (1.0 - BETA_2.powi(self.t)).sqrt() / (1.0 - BETA_1.powi(self.t));
        let moments = self.m.all_mut().into_iter().zip(self.v.all_mut());
        let pairs = weights.all_mut().into_iter().zip(gradient.all());
        for ((theta, g), (m, v)) in pairs.zip(moments) {
            ndarray::Zip::from(theta).and(g).and(m).and(v).for_each(|theta, g, m, v| {
                *m = BETA_1 * *m + (1.0 - BETA_1) * g;
                *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
                *theta -= alpha * *m / (v.sqrt() + EPSILON);
            });
        }
    }
}

#[cfg(test)]
mod tests;
