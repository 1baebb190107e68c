//! What was learned of the losses, by whatever kind of model.

use std::fmt::Debug;

use crate::history::Trial;
use crate::seed::{Seed, Stream};
use crate::space::{Point, Space};

use super::ensemble::{Ensemble, Recipe};
use super::lesson::Lesson;
use super::table::Table;

/// A model of the loss that says how sure it is.
pub(crate) trait Surrogate: Debug + Send {
    /// Mean and variance at a place.
    fn predict(&self, place: &[f64]) -> (f64, f64);

    /// The same after all `active` trials came to what it expects of them.
    fn believing(&self, active: &[Trial]) -> Box<dyn Surrogate>;
}

impl Surrogate for Ensemble {
    fn predict(&self, place: &[f64]) -> (f64, f64) {
        Ensemble::predict(self, place)
    }

    fn believing(&self, active: &[Trial]) -> Box<dyn Surrogate> {
        let mut ensemble = self.clone();
        for trial in active {
            let (mean, _) = ensemble.predict(&trial.place);
            ensemble.tell(&trial.place, mean);
        }
        Box::new(ensemble)
    }
}

/// What was learned from the finished trials.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) surrogate: Box<dyn Surrogate>,
    /// The least target of a trial.
    pub(crate) best: f64,
    /// Where the best trials were, best first.
    pub(crate) starts: Vec<Point>,
}

/// From so many of the best trials the search for the next point starts.
const STARTS: usize = 8;

/// The streams of fits, one for each number of finished trials: indexes that no suggestion reaches.
const FITS: u64 = 1 << 62;

impl Model {
    /// What `learn` makes of places, targets and chance; none where no trial tells anything.
    pub(crate) fn fit(
        finished: &[Trial],
        seed: Seed,
        learn: impl FnOnce(&[&[f64]], &[f64], &mut Stream) -> Box<dyn Surrogate>,
    ) -> Option<Model> {
        let Lesson { trials, targets } = Lesson::new(finished);
        let best = *targets.first()?;
        let places: Vec<&[f64]> = trials.iter().map(|i| &finished[*i].place[..]).collect();
        let mut stream = seed.stream(FITS + finished.len() as u64);
        let surrogate = learn(&places, &targets, &mut stream);
        let starts = trials.iter().take(STARTS).map(|i| finished[*i].point.clone()).collect();
        Some(Model { surrogate, best, starts })
    }

    /// A model of trees.
    pub(crate) fn of_trees(
        recipe: &Recipe,
        space: &Space,
        finished: &[Trial],
        seed: Seed,
    ) -> Option<Model> {
        Model::fit(finished, seed, |places, targets, stream| {
            Box::new(recipe.fit(&Table::new(space.axes(), places), targets, stream))
        })
    }
}
