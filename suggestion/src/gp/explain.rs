//! Explanations of what was observed: changes of the losses and numbers of the kernel, each with
//! how far it is believed.
//!
//! Few trials leave several explanations open (rough or smooth, noise or detail). Trusting the
//! best alone is how a search gets stuck, so a few are kept and weighed by their likelihood,
//! tempered, since it is too sure of itself where the model is not quite right.

use super::fit::{self, Top};
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
    if other.cost < one.cost { other.hyper } else { one.hyper }
}

/// Explanations of `losses` at `places` by some changes of the losses; at least one.
pub(crate) fn among(
    warps: &[Warp],
    metric: &Metric,
    places: &[&[f64]],
    losses: &[f64],
) -> Vec<Explanation> {
    weighed(found(warps, metric, places, losses))
}

/// The same, and then axes may be bent, as far as that explains more.
pub(crate) fn bent(metric: &Metric, places: &[&[f64]], losses: &[f64]) -> Vec<Explanation> {
    let mut found = found(&WARPS, metric, places, losses);
    found.truncate(KEPT);
    for it in &mut found {
        let (values, jacobian) = it.warp.apply(losses);
        let likelihood = Likelihood::new(metric, places, &values).bending(places);
        let top = fit::bent(&likelihood, &it.top);
        if top.cost - jacobian < it.cost {
            (it.cost, it.top) = (top.cost - jacobian, top);
        }
    }
    weighed(found)
}

/// A change of the losses, and where a climb under it ended.
struct Found {
    cost: f64,
    warp: Warp,
    top: Top,
}

/// Every change from every beginning, without those that say the same; the likeliest first.
fn found(warps: &[Warp], metric: &Metric, places: &[&[f64]], losses: &[f64]) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for warp in warps.iter().copied() {
        let (values, jacobian) = warp.apply(losses);
        let likelihood = Likelihood::new(metric, places, &values);
        let tops = fit::fit(&likelihood).into_iter();
        all.extend(tops.map(|top| Found { cost: top.cost - jacobian, warp, top }));
    }
    // Costs that are no numbers last.
    all.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let mut apart: Vec<Found> = Vec::new();
    for it in all {
        if apart.iter().all(|other| !same(other, &it)) {
            apart.push(it);
        }
    }
    apart
}

/// The likeliest few, each with how far it is believed.
fn weighed(mut found: Vec<Found>) -> Vec<Explanation> {
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let least = found[0].cost;
    let explanation = |it: Found| Explanation {
        weight: (TEMPER * (least - it.cost)).exp(),
        warp: it.warp,
        hyper: it.top.hyper,
    };
    let mut kept: Vec<Explanation> = found.into_iter().take(KEPT).map(explanation).collect();
    if kept[0].weight.is_nan() {
        kept.truncate(1);
        kept[0].weight = 1.0;
    }
    kept.retain(|it| NEGLIGIBLE < it.weight);
    let total: f64 = kept.iter().map(|it| it.weight).sum();
    kept.iter_mut().for_each(|it| it.weight /= total);
    kept
}

/// Whether two climbs ended at the same top.
fn same(one: &Found, other: &Found) -> bool {
    let noise = (one.top.hyper.noise / other.top.hyper.noise).ln().abs();
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
