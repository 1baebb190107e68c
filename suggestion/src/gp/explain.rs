//! Explanations of what was observed: changes of the losses and numbers of the kernel, each with
//! how far it is believed.
//!
//! Few trials leave several explanations open (rough or smooth, noise or detail). Trusting the
//! best alone is how a search gets stuck, so a few are kept and weighed by their likelihood,
//! tempered, since it is too sure of itself where the model is not quite right.

use super::fit;
use super::kernel::{Hyper, Metric};
use super::likelihood::Likelihood;
use super::warp::{WARPS, Warp};

/// How many explanations are kept.
const KEPT: usize = 3;

/// The power of the likelihood in the weights.
const TEMPER: f64 = 0.3;

/// An explanation that is this much less believed than the best is none.
const NEGLIGIBLE: f64 = 0.05;

/// One explanation.
#[derive(Clone, Debug)]
pub(crate) struct Explanation {
    /// How far it is believed; all together 1.
    pub(crate) weight: f64,
    /// How the losses are changed.
    pub(crate) warp: Warp,
    /// The numbers of the kernel.
    pub(crate) hyper: Hyper,
}

/// Explanations of `losses` at `places`; at least one.
pub(crate) fn explanations(metric: &Metric, places: &[&[f64]], losses: &[f64]) -> Vec<Explanation> {
    among(&WARPS, metric, places, losses)
}

/// The numbers of a kernel that explain `values` best, as they are.
pub(crate) fn likeliest(metric: &Metric, places: &[&[f64]], values: &[f64]) -> Hyper {
    let [one, other] = fit::fit(&Likelihood::new(metric, places, values));
    if other.0 < one.0 { other.1 } else { one.1 }
}

/// Explanations of `losses` at `places` by some changes of the losses; at least one.
pub(crate) fn among(
    warps: &[Warp],
    metric: &Metric,
    places: &[&[f64]],
    losses: &[f64],
) -> Vec<Explanation> {
    let mut found: Vec<(f64, Explanation)> = Vec::new();
    for warp in warps.iter().copied() {
        let (values, jacobian) = warp.apply(losses);
        let likelihood = Likelihood::new(metric, places, &values);
        for (cost, hyper) in fit::fit(&likelihood) {
            found.push((cost - jacobian, Explanation { weight: 0.0, warp, hyper }));
        }
    }
    // Costs that are no numbers last.
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let least = found[0].0;
    let mut kept: Vec<Explanation> = Vec::new();
    for (cost, mut explanation) in found {
        explanation.weight = (TEMPER * (least - cost)).exp();
        let known = kept.iter().any(|other| same(other, &explanation));
        let believed = NEGLIGIBLE < explanation.weight || kept.is_empty();
        if believed && !known && kept.len() < KEPT {
            kept.push(explanation);
        }
    }
    if kept[0].weight.is_nan() {
        kept.truncate(1);
        kept[0].weight = 1.0;
    }
    let total: f64 = kept.iter().map(|it| it.weight).sum();
    kept.iter_mut().for_each(|it| it.weight /= total);
    kept
}

/// Whether two climbs ended at the same top.
fn same(one: &Explanation, other: &Explanation) -> bool {
    let noise = (one.hyper.noise / other.hyper.noise).ln().abs();
    one.warp == other.warp && noise < 0.2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{real, space};

    fn explained(loss: fn(f64) -> f64) -> Vec<Explanation> {
        let metric = Metric::new(&space(&[real("x", 0.0, 1.0)]));
        let mut stream = Seed(3).stream(0);
        let places: Vec<[f64; 1]> = (0..40).map(|_| [stream.unit()]).collect();
        let losses: Vec<f64> = places.iter().map(|x| loss(x[0])).collect();
        let places: Vec<&[f64]> = places.iter().map(|it| &it[..]).collect();
        explanations(&metric, &places, &losses)
    }

    #[test]
    fn what_is_smooth_in_logs_is_explained_in_logs() {
        assert!(matches!(explained(|x| (12.0 * (x - 0.4).abs()).exp())[0].warp, Warp::Log(_)));
        assert_eq!(explained(|x| (9.0 * x).sin())[0].warp, Warp::Linear);
    }

    #[test]
    fn nothing_to_explain_is_explained() {
        for loss in [|_| 1.0, |x: f64| (x * 1e300) * 1e8] {
            let all = explained(loss);
            assert!((all.iter().map(|it| it.weight).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
