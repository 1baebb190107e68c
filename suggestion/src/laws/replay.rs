//! A live search is only a cache: asked in the midst of anything, it answers what a search that
//! is told everything at once answers.

use proptest::prelude::*;

use super::task::{Outcome, outcome, tasks};
use super::{all_problems, cases, suggestions};
use crate::fixture::told;
use crate::{History, Live, Problem, State, Told, suggest};

/// One thing that happens to a search.
#[derive(Clone, Debug)]
enum Event {
    /// So many suggestions are asked for, and begun.
    Ask(usize),
    /// The trial at this share of all that run comes to something.
    End(f64, Outcome),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (1..4usize).prop_map(Event::Ask),
        3 => (0.0..1.0f64, outcome()).prop_map(|(which, outcome)| Event::End(which, outcome)),
    ]
}

/// Lives through `events`; answers the first ask whose answers differ, if any.
fn first_difference(problem: &Problem, events: &[Event]) -> Result<(), String> {
    let mut live = Live::new(problem.clone());
    let mut trials: Vec<Told> = Vec::new();
    let mut completions = 0;
    for event in events {
        match event {
            Event::Ask(count) => {
                let first = trials.len() as u64;
                let kept = live.ask(first, *count);
                let history = History::new(problem, trials.clone());
                let replayed = suggest(problem, &history, first, *count);
                if kept != replayed {
                    return Err(format!(
                        "{:?} at {first}: {kept:?}, {replayed:?}",
                        problem.algorithm
                    ));
                }
                for (it, index) in
                    suggestions(kept.map_err(|why| why.to_string())?).into_iter().zip(first..)
                {
                    let begun = Told {
                        state: State::Active,
                        completion: None,
                        labels: it.labels,
                        ..told(index, it.assignments, None)
                    };
                    live.tell(begun.clone());
                    trials.push(begun);
                }
            }
            Event::End(which, outcome) => {
                let running: Vec<_> =
                    (0..trials.len()).filter(|i| trials[*i].completion.is_none()).collect();
                let Some(i) = running.get((which * running.len() as f64) as usize) else {
                    continue;
                };
                let ended = outcome.of(trials[*i].clone());
                if ended.state == State::Active {
                    continue;
                }
                trials[*i] = Told { completion: Some(completions), ..ended };
                completions += 1;
                live.tell(trials[*i].clone());
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(4))]

    /// Cached equals replayed, whatever the order of completions.
    #[test]
    fn a_live_search_answers_as_from_nothing(
        task in tasks(),
        events in prop::collection::vec(event(), 1..25),
        seed in any::<u64>(),
    ) {
        for problem in all_problems(&task, seed) {
            prop_assert_eq!(first_difference(&problem, &events), Ok(()));
        }
    }
}
