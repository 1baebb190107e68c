//! Doing what was decided for a suggestion: asking, in process or at an address.

use ::suggestion::Seed;
use kube::ResourceExt;
use proto::kinds::{Experiment, ExperimentSpec, Setting, Suggestion};

use super::kept::News;
use super::remote;
use super::search::{self, Question};
use super::verdict::Verdict;

use crate::controllers::world::World;
use crate::experiment::SEED_ANNOTATION;
use crate::stopping;

/// An answer, and the settings that the service wants back next time.
pub(super) type Answered = (Verdict, Vec<Setting>);

/// Asks for `count` assignments, the first of which is number `first`.
pub(super) async fn ask(
    world: &World,
    experiment: &Experiment,
    spec: ExperimentSpec,
    suggestion: &Suggestion,
    first: u32,
    count: u32,
) -> Answered {
    let begins = suggestion.status.as_ref().is_none_or(|it| it.suggestion_count == 0);
    if begins {
        match stopping::refusal(world, suggestion).await {
            Ok(None) => {}
            Ok(Some(why)) => return (Verdict::Refused(why), Vec::new()),
            Err(why) => return (Verdict::Unavailable(why), Vec::new()),
        }
    }
    let name = spec.algorithm.as_ref().map_or("", |it| it.algorithm_name.as_str()).to_owned();
    match world.config.address(&name).await {
        Ok(None) => {}
        Ok(Some(address)) => {
            return remote::ask(world, experiment, &spec, suggestion, &address, count).await;
        }
        Err(why) => return (Verdict::Unavailable(why), Vec::new()),
    }
    let uid = experiment.uid().unwrap_or_default();
    let seed = suggestion.annotations().get(SEED_ANNOTATION).and_then(|it| it.parse().ok());
    let seed = seed.map_or_else(|| super::seed(&spec, &uid), Seed);
    let kept = world.searches.take(&uid, &spec, seed);
    let news = world.with_trials(&uid, |it| News::of(&spec, suggestion, it, kept.as_ref()));
    let question = Question {
        experiment: experiment.name_any(),
        uid: uid.clone(),
        spec,
        seed,
        kept,
        news,
        first: u64::from(first),
        count: count as usize,
    };
    match tokio::task::spawn_blocking(move || search::ask(question)).await {
        Ok((verdict, kept)) => {
            kept.into_iter().for_each(|it| world.searches.put(&uid, it));
            (verdict, Vec::new())
        }
        Err(why) => (Verdict::Refused(format!("the algorithm broke off: {why}")), Vec::new()),
    }
}
