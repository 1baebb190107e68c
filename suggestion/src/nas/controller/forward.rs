//! Drawing architectures, or going over drawn ones.

use ndarray::{Array1, Array2, Axis};

use super::cell::{Step, sigmoid};
use super::{Shape, Weights};
use crate::seed::Stream;

/// Where the numbers of architectures come from.
pub(in super::super) enum Source<'a> {
    /// So many are drawn.
    Draw(usize, &'a mut Stream),
    /// They are given.
    Given(&'a [&'a [Vec<usize>]]),
}

/// A pass over some architectures, with all that its gradient needs.
pub(in super::super) struct Pass<'a> {
    pub(super) shape: &'a Shape,
    pub(super) weights: &'a Weights,
    pub(super) layers: Vec<Layer>,
    /// Architectures, as Katib writes them: row i has an operation and i connections.
    pub(in super::super) architectures: Vec<Vec<Vec<usize>>>,
}

/// A pass over one layer.
pub(super) struct Layer {
    /// The step that chooses the operation, and the one that chooses connections.
    pub(super) steps: [Step; 2],
    /// Logits of the operations before they were bounded, and probabilities: B × N.
    pub(super) logits: Array2<f64>,
    pub(super) shares: Array2<f64>,
    /// The state for attention, `h_j W₁`.
    pub(super) earlier: Array2<f64>,
    /// For each earlier layer.
    pub(super) links: Vec<Link>,
}

/// Whether an earlier layer is connected.
pub(super) struct Link {
    /// tanh(W₁ h_j + W₂ h_i): B × H.
    pub(super) attention: Array2<f64>,
    /// `q`, and P(connected), for each architecture.
    pub(super) query: Array1<f64>,
    pub(super) share: Array1<f64>,
}

impl Shape {
    /// A logit, bounded.
    pub(super) fn bounded(&self, logit: f64) -> f64 {
        let cooled = logit / self.temperature;
        self.tanh_const.map_or(cooled, |k| k * cooled.tanh())
    }

    /// The derivative of [`Shape::bounded`].
    pub(super) fn slope(&self, logit: f64) -> f64 {
        let cooled = logit / self.temperature;
        self.tanh_const.map_or(1.0, |k| k * (1.0 - cooled.tanh().powi(2))) / self.temperature
    }
}

impl<'a> Pass<'a> {
    /// Draws architectures, or goes over given ones.
    pub(in super::super) fn new(
        shape: &'a Shape,
        weights: &'a Weights,
        mut source: Source,
    ) -> Pass<'a> {
        let (batch, architectures) = match &source {
            Source::Draw(count, _) => (*count, vec![Vec::new(); *count]),
            Source::Given(all) => (all.len(), all.iter().map(|it| it.to_vec()).collect()),
        };
        let mut pass = Pass { shape, weights, layers: Vec::new(), architectures };
        let zeros = Array2::zeros((batch, shape.hidden));
        let first = &weights.start + &zeros;
        let (mut h, mut c, mut x) = (zeros.clone(), zeros, first.clone());
        for i in 0..shape.layers {
            let layer = pass.layer(i, (x, h, c), &mut source);
            (h, c) = (layer.steps[1].h.clone(), layer.steps[1].c.clone());
            pass.layers.push(layer);
            x = if i == 0 { first.clone() } else { pass.mixed(i) };
        }
        pass
    }

    /// A layer, from its input, state and memory.
    fn layer(
        &mut self,
        i: usize,
        (x, h, c): (Array2<f64>, Array2<f64>, Array2<f64>),
        source: &mut Source,
    ) -> Layer {
        let Weights { cell, embedding, softmax, earlier, current, attention, .. } = self.weights;
        let first = Step::new(cell, &x, &h, c);
        let logits = first.h.dot(softmax);
        let mut shares = logits.mapv(|logit| self.shape.bounded(logit));
        shares.rows_mut().into_iter().for_each(|mut row| {
            let most = row.fold(f64::NEG_INFINITY, |most, it| most.max(*it));
            row.mapv_inplace(|it| (it - most).exp());
            row /= row.sum();
        });
        if let Source::Draw(_, stream) = source {
            for (row, shares) in self.architectures.iter_mut().zip(shares.rows()) {
                let mut left = stream.unit();
                let drawn = shares.iter().position(|share| {
                    left -= share;
                    left < 0.0
                });
                row.push(vec![drawn.unwrap_or(shares.len() - 1)]);
            }
        }
        let chosen: Vec<usize> = self.architectures.iter().map(|rows| rows[i][0]).collect();
        let x = embedding.select(Axis(0), &chosen);
        let second = Step::new(cell, &x, &first.h, first.c.clone());

        let query = second.h.dot(current);
        let link = |before: &Layer| {
            let attended = (&query + &before.earlier).mapv(f64::tanh);
            let query = attended.dot(attention).remove_axis(Axis(1));
            let share = query.mapv(|q| sigmoid(2.0 * self.shape.bounded(q)));
            Link { attention: attended, query, share }
        };
        let links: Vec<Link> = self.layers.iter().map(link).collect();
        if let Source::Draw(_, stream) = source {
            for (b, rows) in self.architectures.iter_mut().enumerate() {
                let drawn = links.iter().map(|link| usize::from(stream.unit() < link.share[b]));
                rows[i].extend(drawn);
            }
        }
        let earlier = second.h.dot(earlier);
        Layer { steps: [first, second], logits, shares, earlier, links }
    }

    /// The input of the layer after `i`: the sum of the states that `i` is connected with, over
    /// one more than their number.
    fn mixed(&self, i: usize) -> Array2<f64> {
        let mut mixed = Array2::zeros(self.layers[i].steps[1].h.raw_dim());
        for (j, before) in self.layers[..i].iter().enumerate() {
            for (b, mut row) in mixed.rows_mut().into_iter().enumerate() {
                if self.architectures[b][i][j + 1] == 1 {
                    row += &before.steps[1].h.row(b);
                }
            }
        }
        for (b, mut row) in mixed.rows_mut().into_iter().enumerate() {
            row /= self.connections(b, i) + 1.0;
        }
        mixed
    }

    /// With how many earlier layers layer `i` is connected.
    pub(super) fn connections(&self, b: usize, i: usize) -> f64 {
        self.architectures[b][i][1..].iter().sum::<usize>() as f64
    }
}
