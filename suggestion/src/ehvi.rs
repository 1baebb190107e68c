//! `ehvi`: two to four objectives, each with a Gaussian process, and the place that is expected to
//! add most to the volume that the front dominates.
//!
//! Expected hypervolume improvement (Emmerich, Giannakoglou and Naujoks, *Single- and Multiobjective
//! Evolutionary Optimization Assisted by Gaussian Random Field Metamodels*, IEEE Trans. Evol.
//! Comput. 10, 2006), exact by boxes (`ehvi/boxes.rs`) and in logs (`ehvi/volume.rs`). Under
//! constraints it is multiplied by the probability that they are kept, and the front is of trials
//! that keep them; while none does, that probability is all that counts (Gelbart, Snoek and Adams,
//! UAI 2014). Running trials are believed to come out as expected.

mod boxes;
mod models;
mod volume;

use proto::FieldError;

use models::{Fit, Models};
use volume::Volume;

use crate::acquire::{self, Effort};
use crate::analysis::{hypervolume, pareto};
use crate::chart::Chart;
use crate::gp::kernel::Metric;
use crate::gp::lesson::{self, Lesson};
use crate::gp::{Belief, STARTUP, added};
use crate::problem::Problem;
use crate::registry::{Algorithm, Draft};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::sobol::Sobol;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "ehvi",
    about: "Gaussian processes for 2 to 4 objectives: finds the widest front in few trials.",
    settings: &[STARTUP, RANDOM_STATE],
    check,
    make: |problem| Box::new(Ehvi::new(problem)),
};

/// The most objectives: boxes grow with the square of the front for four, with its cube for five.
pub(crate) const OBJECTIVES_MAX: usize = 4;

/// What keeps the objectives from being searched so.
fn check(draft: &Draft) -> Vec<FieldError> {
    let fault = |text: String| vec![FieldError::new("objectives", text)];
    match draft.objectives {
        0 | 1 => fault("must be 2 to 4 for ehvi, got 1; use gp or auto".into()),
        2..=OBJECTIVES_MAX => Vec::new(),
        n => fault(format!("must be 2 to 4 for ehvi, got {n}; use nsga3, motpe or auto")),
    }
}

/// From how many members of the front places nearby are looked at.
const CENTERS: usize = 8;

/// How many candidates are answered, in case that the first are taken.
const CANDIDATES: usize = 64;

/// How far the reference point is beyond the worst of the front, in its extent.
const BEYOND: f64 = 0.1;

/// See the file's head.
pub(crate) struct Ehvi {
    first: Sobol,
    startup: usize,
    fit: Fitted<Fit>,
}

impl Ehvi {
    /// For a problem whose algorithm has the setting [`STARTUP`].
    pub(crate) fn new(problem: &Problem) -> Ehvi {
        let d = problem.space.dimensions();
        let startup = problem.settings.size(STARTUP.name).unwrap_or(d.clamp(5, 10));
        // Two trials are the least that can be told apart.
        let first = Sobol::new(d, problem.seed);
        Ehvi { first, startup: startup.max(2), fit: Fitted::none() }
    }

    /// How many trials are measured before learning begins.
    pub(crate) fn startup(&self) -> usize {
        self.startup
    }
}

impl Suggester for Ehvi {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let lesson = Lesson::new(turn.finished);
        if lesson.measured < self.startup {
            let point = turn.space.believed(&self.first.point(turn.index));
            return Asked::Candidates(vec![Proposal::at(point)]);
        }
        let metric = Metric::new(turn.space);
        let n = lesson::checkpoint(turn.finished.len());
        let fit = self.fit.at(turn, n, |finished| Fit::new(turn.problem, &metric, finished));
        let mut models = Models::new(&metric, fit, &lesson, turn.finished);
        turn.active.iter().for_each(|trial| models.believe(&trial.place));

        let front = front_of(&models);
        let volume = front.as_ref().map(|front| {
            let points = front.iter().map(|i| models.points[*i].means.clone()).collect::<Vec<_>>();
            Volume::new(&points, &reference(&points, &models))
        });
        let near = front.unwrap_or_else(|| lesson.order().into_iter().take(CENTERS).collect());
        let near = some(near, CENTERS, stream).into_iter();
        let centers: Vec<Vec<f64>> = near.map(|i| models.points[i].place.clone()).collect();
        let chart = Chart::new(turn.space);
        let belief = Belief::new(turn);
        let score = |places: &[Vec<f64>]| {
            let mut scores = models.log_feasible(places);
            if let Some(volume) = &volume {
                let predicted = models.predict(places);
                let logs: Vec<f64> = predicted.iter().map(|it| volume.log_expected(it)).collect();
                scores = added(scores, &logs);
            }
            belief.added(scores, places)
        };
        let found = acquire::maximise(&chart, &centers, Effort::usual(chart.axes()), stream, score);
        let best = found.iter().take(CANDIDATES);
        Asked::Candidates(best.map(|(_, place)| Proposal::at(chart.point(place))).collect())
    }
}

/// At most `count` of `all`, at random (the first steps of Fisher and Yates' shuffle).
fn some(mut all: Vec<usize>, count: usize, stream: &mut Stream) -> Vec<usize> {
    for k in 0..count.min(all.len()) {
        let other = k + stream.below((all.len() - k) as u64) as usize;
        all.swap(k, other);
    }
    all.truncate(count);
    all
}

/// So many members of the front are kept at most, those that dominate most together: boxes grow
/// with their number.
fn front_max(objectives: usize) -> usize {
    [100, 100, 60, 30][objectives.clamp(1, OBJECTIVES_MAX) - 1]
}

/// The trials that no other beats among those that keep all constraints; nothing while none does.
fn front_of(models: &Models) -> Option<Vec<usize>> {
    let kept: Vec<usize> = (0..models.points.len()).filter(|i| models.points[*i].kept).collect();
    let means: Vec<&[f64]> = kept.iter().map(|i| &models.points[*i].means[..]).collect();
    let most = front_max(means.first()?.len());
    let mut front: Vec<usize> = pareto::front(&means);
    if most < front.len() {
        let points: Vec<Vec<f64>> = front.iter().map(|i| means[*i].to_vec()).collect();
        let reference = reference(&points, models);
        let chosen = hypervolume::subset(&points, &reference, most);
        front = chosen.into_iter().map(|i| front[i]).collect();
    }
    Some(front.into_iter().map(|i| kept[i]).collect())
}

/// The point below which volume counts: a little beyond the worst of the front. Where the front is
/// a single point in an objective, the worst of all trials stands for it.
fn reference(front: &[Vec<f64>], models: &Models) -> Vec<f64> {
    let extent = |numbers: &mut dyn Iterator<Item = f64>| {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (least, most) = numbers.fold(ends, |(lo, hi), x| (lo.min(x), hi.max(x)));
        (most - least, most)
    };
    let of = |k: usize| {
        let (length, worst) = extent(&mut front.iter().map(|point| point[k]));
        if 0.0 < length {
            return worst + BEYOND * length;
        }
        let (length, worst) = extent(&mut models.points.iter().map(|it| it.means[k]));
        worst + if 0.0 < length { BEYOND * length } else { 1.0 }
    };
    (0..models.objectives()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use crate::fixture::{experiment, int};
    use crate::{Problem, Seed};

    #[test]
    fn other_numbers_of_objectives_are_told_the_way_out() {
        let check = |objectives: usize, want: &[&str]| {
            let mut spec = experiment("ehvi", &[], &[int("x", 0, 9)]);
            let one = spec.objective.take().unwrap();
            let named = |i: usize| format!("loss{i}");
            spec.objectives = vec![one; objectives];
            for (i, it) in spec.objectives.iter_mut().enumerate() {
                it.objective_metric_name = named(i);
            }
            let faults = Problem::parse(&spec, Seed(1)).err().unwrap_or_default();
            let got: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(got, want);
        };
        check(1, &["objectives: must be 2 to 4 for ehvi, got 1; use gp or auto"]);
        check(2, &[]);
        check(4, &[]);
        check(5, &["objectives: must be 2 to 4 for ehvi, got 5; use nsga3, motpe or auto"]);
    }
}
