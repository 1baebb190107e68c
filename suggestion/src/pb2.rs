//! `pb2`: as `pbt`, but a bandit says where a loser goes on to.
//!
//! Parker-Holder, Nguyen, Roberts, *Provably Efficient Online Hyperparameter Optimization with
//! Population-Based Bandits* (NeurIPS 2020). What a generation gained, f_t(x), is modelled by a
//! Gaussian process whose kernel forgets: k((x, t), (x', t')) = k_SE(x, x') (1 − ω)^(|t − t'| / 2)
//! (equation 5; Bogunovic et al., *Time-Varying Gaussian Process Bandit Optimization*, AISTATS
//! 2016). A loser takes a winner's checkpoint, and the numbers with the largest upper confidence
//! bound μ + √β σ, β = 0.2 + max(0, ln 0.4 n); members of its generation that have begun count as
//! measured at the mean (equation 6). Names and listed numbers change as in `pbt`.

use crate::gp::Factor;
use crate::history::{State, Trial};
use crate::novel;
use crate::pbt;
use crate::population::{self, Next, Population, RESAMPLE, SIZE, THRESHOLD};
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, SettingSpec};
use crate::space::{Coordinate, Kind, Point, Space};
use crate::suggester::{Asked, Suggester, Turn};
use crate::{normal, standing};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "pb2",
    about: "Population-based training that models which values help now; for small populations and \
            mostly numbers.",
    settings: &[
        SettingSpec { default: "none: $(QALAM_TRIAL_DIR)", ..population::FOLDER },
        SettingSpec { default: "10", ..SIZE },
        SettingSpec { default: "0.2", ..THRESHOLD },
        SettingSpec {
            meaning: "How likely a name or listed number of a member that exploits is drawn anew.",
            default: "none: the neighbour in the list is taken",
            ..RESAMPLE
        },
        RANDOM_STATE,
    ],
    check: fits,
    make: |problem| {
        let resample = problem.settings.number(RESAMPLE.name);
        Box::new(Pb2 { population: pbt::population(problem), resample })
    },
};

/// The newest gains that are learnt from; older ones are forgotten by the kernel, too.
const GAINS_MAX: usize = 100;

/// Fewer gains than this teach nothing.
const GAINS_MIN: usize = 4;

/// How many places are looked at: one half anywhere, one near the winner.
const CANDIDATES: usize = 400;

struct Pb2 {
    population: Population,
    resample: Option<f64>,
}

/// Where a member was, and when.
#[derive(Clone, Debug)]
struct Place {
    x: Vec<f64>,
    t: f64,
}

impl Pb2 {
    /// The values of a member that takes a winner's checkpoint.
    fn explored(&self, turn: &Turn, winner: &Point, stream: &mut Stream) -> Point {
        let near = population::explored(turn, winner, self.resample, stream);
        let axes = numbers(turn.space);
        let gains = gains(turn, &axes);
        if axes.is_empty() || gains.len() < GAINS_MIN {
            return near;
        }
        let now = turn.trials().filter_map(population::generation).max().unwrap_or(0) as f64;
        let mut model = Model::fit(gains);
        let begun = turn.active.iter().filter(|it| it.continues.is_some());
        begun.for_each(|it| model.believe(place(turn.space, &axes, it)));

        let center = units(turn.space, &axes, winner);
        let mut best: Option<(f64, Vec<f64>)> = None;
        for i in 0..CANDIDATES {
            let x: Vec<f64> = match i % 2 {
                0 => axes.iter().map(|_| stream.unit()).collect(),
                _ => center.iter().map(|u| moved(*u, stream)).collect(),
            };
            let bound = model.bound(&Place { x: x.clone(), t: now });
            if best.as_ref().is_none_or(|(most, _)| *most < bound) {
                best = Some((bound, x));
            }
        }
        let mut point = near;
        for (axis, u) in axes.iter().zip(best.map(|(_, x)| x).unwrap_or_default()) {
            if point.0[*axis] != Coordinate::Inactive {
                point.0[*axis] = turn.space.coordinate(*axis, u);
            }
        }
        turn.space.settled(point)
    }
}

/// A step from a place on an axis, a tenth of it long.
fn moved(u: f64, stream: &mut Stream) -> f64 {
    (u + 0.1 * normal::quantile(stream.unit().max(1e-12))).clamp(0.0, 1.0)
}

/// The axes that are numbers with even spacing.
fn numbers(space: &Space) -> Vec<usize> {
    let is_number = |kind: Kind| matches!(kind, Kind::Real | Kind::Integer);
    let axes = space.axes().enumerate().filter(|(_, axis)| is_number(axis.kind));
    axes.filter(|(_, axis)| axis.levels != Some(1)).map(|(i, _)| i).collect()
}

fn units(space: &Space, axes: &[usize], point: &Point) -> Vec<f64> {
    axes.iter().map(|axis| space.unit(*axis, point.0[*axis])).collect()
}

fn place(space: &Space, axes: &[usize], trial: &Trial) -> Place {
    let t = population::generation(trial).unwrap_or(0) as f64;
    Place { x: units(space, axes, &trial.point), t }
}

/// What each trial gained over the one that it continues, standardised; the newest ones.
fn gains(turn: &Turn, axes: &[usize]) -> Vec<(Place, f64)> {
    let scores = standing::scores(turn);
    let known: std::collections::BTreeMap<u64, f64> = (turn.finished.iter().zip(&scores))
        .filter_map(|(trial, score)| Some((trial.index, (*score)?)))
        .collect();
    let gain = |trial: &Trial| {
        let gain = known.get(&trial.continues?)? - known.get(&trial.index)?;
        (trial.state == State::Succeeded && gain.is_finite())
            .then(|| (place(turn.space, axes, trial), gain))
    };
    let mut gains: Vec<(Place, f64)> = turn.finished.iter().filter_map(gain).collect();
    gains.drain(..gains.len().saturating_sub(GAINS_MAX));
    let n = gains.len().max(1) as f64;
    let mean = gains.iter().map(|(_, gain)| gain / n).sum::<f64>();
    let deviation = gains.iter().map(|(_, gain)| (gain - mean).powi(2) / n).sum::<f64>().sqrt();
    // Huge gains that cannot be squared teach nothing.
    let scale = if deviation.is_finite() && 0.0 < deviation { deviation } else { f64::INFINITY };
    gains.iter_mut().for_each(|(_, gain)| *gain = (*gain - mean) / scale);
    gains
}

/// The scales of the kernel: length, ω, and the variance of noise.
type Scales = (f64, f64, f64);

/// A Gaussian process over places and times.
struct Model {
    scales: Scales,
    places: Vec<Place>,
    factor: Factor,
    /// L⁻¹ y.
    white: Vec<f64>,
    /// How many were measured.
    measured: usize,
}

impl Model {
    /// The scales of a grid under which the gains are most likely.
    fn fit(gains: Vec<(Place, f64)>) -> Model {
        let mut best: Option<(f64, Model)> = None;
        for length in [0.1, 0.2, 0.4, 0.8, 1.6] {
            for forgets in [0.0, 0.1, 0.3] {
                for noise in [0.01, 0.1, 0.5] {
                    let mut model = Model::new((length, forgets, noise));
                    gains.iter().for_each(|(place, gain)| model.learn(place.clone(), *gain));
                    let fit: f64 = model.white.iter().map(|z| -z * z / 2.0).sum();
                    let fit = fit - model.factor.half_log_determinant();
                    if best.as_ref().is_none_or(|(most, _)| *most < fit) {
                        best = Some((fit, model));
                    }
                }
            }
        }
        best.map_or_else(|| Model::new((0.4, 0.1, 0.1)), |(_, model)| model)
    }

    fn new(scales: Scales) -> Model {
        let (places, white, factor) = (Vec::new(), Vec::new(), Factor::default());
        Model { scales, places, factor, white, measured: 0 }
    }

    /// Equation 5.
    fn kernel(&self, one: &Place, other: &Place) -> f64 {
        let (length, forgets, _) = self.scales;
        let squares: f64 = one.x.iter().zip(&other.x).map(|(a, b)| (a - b).powi(2)).sum();
        let near = (-squares / (2.0 * length * length)).exp();
        near * (1.0f64 - forgets).powf((one.t - other.t).abs() / 2.0)
    }

    fn row(&self, place: &Place) -> Vec<f64> {
        self.places.iter().map(|other| self.kernel(place, other)).collect()
    }

    fn learn(&mut self, place: Place, gain: f64) {
        let row = self.row(&place);
        self.factor.grow(&row, 1.0 + self.scales.2, 1e-9);
        let last = self.factor.row(self.places.len());
        let (before, pivot) = last.split_at(self.places.len());
        let known: f64 = before.iter().zip(&self.white).map(|(l, z)| l * z).sum();
        self.white.push((gain - known) / pivot[0]);
        self.places.push(place);
        self.measured += 1;
    }

    /// Takes a place as measured at its mean.
    fn believe(&mut self, place: Place) {
        let (mean, _) = self.posterior(&place);
        self.learn(place, mean);
        self.measured -= 1;
    }

    /// Mean and variance of the gain at a place.
    fn posterior(&self, place: &Place) -> (f64, f64) {
        let mut row = self.row(place);
        self.factor.forward(&mut row);
        let mean = row.iter().zip(&self.white).map(|(a, z)| a * z).sum();
        (mean, (1.0 - row.iter().map(|a| a * a).sum::<f64>()).max(0.0))
    }

    /// The upper confidence bound.
    fn bound(&self, place: &Place) -> f64 {
        let beta = 0.2 + (0.4 * self.measured as f64).ln().max(0.0);
        let (mean, variance) = self.posterior(place);
        mean + (beta * variance).sqrt()
    }
}

impl Suggester for Pb2 {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let next = self.population.next(turn, novel::is_exhausted(turn), stream);
        let proposal = match next {
            None => return Asked::Exhausted,
            Some(Next::Wait(why)) => return Asked::Wait(why),
            Some(Next::Begin(seat)) => seat.begin(crate::fidelity::draw(turn, stream)),
            Some(Next::GoOn(seat, own)) => seat.go_on(own, own.point.clone()),
            Some(Next::Exploit(seat, winner)) => {
                seat.go_on(winner, self.explored(turn, &winner.point, stream))
            }
        };
        Asked::Candidates(vec![proposal])
    }

    fn places_given(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, t: f64) -> Place {
        Place { x: vec![x], t }
    }

    #[test]
    fn the_bound_is_high_where_gains_were_and_where_nothing_is_known() {
        let gains = (0..10).map(|i| {
            let x = f64::from(i) / 20.0;
            (at(x, 3.0), if i == 5 { 2.0 } else { -1.0 })
        });
        let mut model = Model::new((0.05, 0.1, 0.01));
        gains.for_each(|(place, gain)| model.learn(place, gain));
        let bound = |x: f64| model.bound(&at(x, 4.0));
        assert!(bound(0.05) < bound(0.25), "{} {}", bound(0.05), bound(0.25));
        assert!(bound(0.05) < bound(0.95), "{} {}", bound(0.05), bound(0.95));
        // What is believed in draws nobody else.
        let before = bound(0.95);
        model.believe(at(0.95, 4.0));
        assert!(model.bound(&at(0.95, 4.0)) < before);
    }

    #[test]
    fn old_gains_are_forgotten() {
        let mut model = Model::new((0.2, 0.3, 0.01));
        model.learn(at(0.5, 0.0), 2.0);
        let mean = |t: f64| model.posterior(&at(0.5, t)).0;
        assert!(mean(20.0) < 0.2 && 1.9 < mean(0.0), "{} {}", mean(20.0), mean(0.0));
    }
}
