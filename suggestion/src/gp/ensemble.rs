//! What a few explanations say together of places that were not tried.

use super::explain::Explanation;
use super::kernel::Metric;
use super::posterior::Posterior;

use crate::improvement::{lcb, log_ei, log_pi};

/// Several posteriors of the same observations.
pub(crate) struct Ensemble {
    members: Vec<Member>,
}

struct Member {
    weight: f64,
    posterior: Posterior,
    values: Vec<f64>,
    /// Its means where trials were, in their order.
    means: Vec<f64>,
    /// The least of them: known by its mean, noise does not pass for luck.
    best: f64,
}

impl Ensemble {
    /// What `explanations` make of `losses` at `places`; at least one of each.
    pub(crate) fn new(
        metric: &Metric,
        explanations: &[Explanation],
        places: &[&[f64]],
        losses: &[f64],
    ) -> Ensemble {
        let member = |explanation: &Explanation| {
            let mut posterior = Posterior::new(metric.clone(), explanation.hyper.clone());
            places.iter().for_each(|place| posterior.add(place));
            let (values, _) = explanation.warp.apply(losses);
            posterior.observe(&values);
            let means: Vec<f64> = places.iter().map(|place| posterior.mean(place)).collect();
            let best = means.iter().copied().fold(f64::INFINITY, f64::min);
            Member { weight: explanation.weight, posterior, values, means, best }
        };
        Ensemble { members: explanations.iter().map(member).collect() }
    }

    /// Lets only some trials be what is improved upon; at least one.
    pub(crate) fn improve_on(&mut self, counts: &[bool]) {
        for member in &mut self.members {
            let known = member.means.iter().zip(counts).filter(|(_, counts)| **counts);
            member.best = known.map(|(mean, _)| *mean).fold(f64::INFINITY, f64::min);
        }
    }

    /// Adds trials that have no losses yet, as if they had what is expected of them (the kriging
    /// believer of Ginsbourger et al., 2010).
    pub(crate) fn believe<'a>(&mut self, places: impl Iterator<Item = &'a [f64]> + Clone) {
        for member in &mut self.members {
            for place in places.clone() {
                member.values.push(member.posterior.mean(place));
                member.posterior.add(place);
                member.posterior.observe(&member.values);
            }
        }
    }

    /// The noise, as a share of the variance of what was observed.
    pub(crate) fn noise(&self) -> f64 {
        self.members.iter().map(|it| it.weight * it.posterior.hyper().noise).sum()
    }

    /// The trials by their expected losses, the best first.
    pub(crate) fn order(&self) -> Vec<usize> {
        let n = self.members.first().map_or(0, |it| it.means.len());
        let mean = |i: usize| self.members.iter().map(|it| it.weight * it.means[i]).sum();
        let means: Vec<f64> = (0..n).map(mean).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| means[*a].total_cmp(&means[*b]).then(a.cmp(b)));
        order
    }

    /// The log of the improvement that is expected at each place, as all members together see it.
    pub(crate) fn log_ei(&self, places: &[Vec<f64>]) -> Vec<f64> {
        let mut sums = vec![f64::NEG_INFINITY; places.len()];
        for member in &self.members {
            let log_weight = member.weight.ln();
            let predicted = member.posterior.predict(places);
            for (sum, (mean, variance)) in sums.iter_mut().zip(predicted) {
                *sum = log_sum(*sum, log_weight + log_ei(mean, variance.sqrt(), member.best));
            }
        }
        sums
    }

    /// Three opinions of each place, smaller is better: the logs of the expected improvement and of
    /// its probability, both negative, and the lower confidence bound `kappa` deviations down.
    pub(crate) fn opinions(&self, places: &[Vec<f64>], kappa: f64) -> Vec<[f64; 3]> {
        let none = [f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0];
        let mut all = vec![none; places.len()];
        for member in &self.members {
            let log_weight = member.weight.ln();
            let predicted = member.posterior.predict(places);
            for ([ei, pi, bound], (mean, variance)) in all.iter_mut().zip(predicted) {
                let deviation = variance.sqrt();
                *ei = log_sum(*ei, log_weight + log_ei(mean, deviation, member.best));
                *pi = log_sum(*pi, log_weight + log_pi(mean, deviation, member.best));
                *bound += member.weight * lcb(mean, deviation, kappa);
            }
        }
        all.into_iter().map(|[ei, pi, bound]| [-ei, -pi, bound]).collect()
    }

    /// How much better than the average each place is expected to be.
    pub(crate) fn gain(&self, places: &[Vec<f64>]) -> Vec<f64> {
        let mean = |place: &Vec<f64>| -> f64 {
            self.members.iter().map(|it| it.weight * it.posterior.mean(place)).sum()
        };
        places.iter().map(|place| -mean(place)).collect()
    }
}

/// ln(eᵃ + eᵇ).
fn log_sum(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}
