//! What to do next for an experiment: values in, a value out.

use super::verdict::Verdict;
use crate::index::Tally;

/// How many assignments may wait for their trials: the suggestion holds them all, and must not
/// outgrow what an API takes.
const REQUEST_MAX: u32 = 500;

/// How many trials the owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// How many run at once.
    pub parallel: u32,
    /// How many complete; no bound when none.
    pub trials_max: Option<u32>,
    /// How many may fail before the experiment does; no bound when none.
    pub failures_max: Option<u32>,
}

impl Budget {
    /// How many assignments a new experiment asks for.
    pub(super) fn first_request(&self) -> u32 {
        self.parallel.min(self.trials_max.unwrap_or(u32::MAX)).min(REQUEST_MAX)
    }
}

/// How far the experiment is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// How many trials stand how.
    pub tally: Tally,
    /// The best trial is at least as good as the goal.
    pub goal_reached: bool,
    /// Assignments that have no trial yet.
    pub proposed: u32,
    /// The search has nothing beyond those.
    pub exhausted: bool,
    /// Its owner asks for its end.
    pub stop_wanted: bool,
    /// Its owner wants no new trials for now.
    pub paused: bool,
    /// There is a best trial.
    pub measured: bool,
    /// The search gave up, and why.
    pub search_failed: Option<String>,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// End the experiment.
    Finish(Verdict),
    /// Stop this many of the newest unfinished trials.
    Shrink(u32),
    /// Make trials of proposed assignments, and ask the search for more.
    Grow {
        /// How many trials to make now.
        create: u32,
        /// How many more assignments to ask for.
        request: u32,
    },
    /// Nothing to do until something changes.
    Wait,
}

/// Decides. A trial that ended without metrics counts as completed and as failed, here and
/// everywhere.
pub(super) fn plan(budget: &Budget, seen: &Progress) -> Plan {
    if let Some(verdict) = verdict(budget, seen) {
        return Plan::Finish(verdict);
    }
    let active = seen.tally.active();
    if budget.parallel < active {
        return Plan::Shrink(active - budget.parallel);
    }
    if seen.paused {
        return Plan::Wait;
    }

    let left = budget.trials_max.map_or(u32::MAX, |max| max - seen.tally.completed());
    let missing = budget.parallel.min(left).saturating_sub(active);
    let create = missing.min(seen.proposed);
    let request = if seen.exhausted { 0 } else { (missing - create).min(REQUEST_MAX) };
    if (create, request) == (0, 0) { Plan::Wait } else { Plan::Grow { create, request } }
}

fn verdict(budget: &Budget, seen: &Progress) -> Option<Verdict> {
    let tally = &seen.tally;
    let failed = tally.failed + tally.metrics_unavailable;
    if seen.goal_reached {
        return Some(Verdict::GoalReached);
    }
    if budget.failures_max.is_some_and(|max| 0 < failed && max <= failed) {
        return Some(Verdict::TooManyFailures);
    }
    if budget.trials_max.is_some_and(|max| max <= tally.completed()) {
        return Some(Verdict::TrialsMaxReached);
    }
    if seen.stop_wanted {
        return Some(Verdict::Stopped { measured: seen.measured });
    }
    if let Some(why) = &seen.search_failed {
        return Some(Verdict::SuggestionFailed(why.clone()));
    }
    let nothing_left = seen.exhausted && seen.proposed == 0 && tally.active() == 0;
    nothing_left.then_some(Verdict::SpaceExhausted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget { parallel: 3, trials_max: Some(10), failures_max: Some(2) }
    }

    fn check(change: impl FnOnce(&mut Progress), want: Plan) {
        let mut seen = Progress::default();
        change(&mut seen);
        assert_eq!(plan(&budget(), &seen), want, "{seen:?}");
    }

    #[test]
    fn trials_are_made_up_to_the_budget() {
        check(|_| {}, Plan::Grow { create: 0, request: 3 });
        check(|it| it.proposed = 2, Plan::Grow { create: 2, request: 1 });
        check(|it| it.proposed = 9, Plan::Grow { create: 3, request: 0 });
        check(|it| it.tally.running = 3, Plan::Wait);
        let late = |it: &mut Progress| {
            it.tally.succeeded = 8;
            it.tally.metrics_unavailable = 1;
            it.proposed = 2;
        };
        check(late, Plan::Grow { create: 1, request: 0 });
    }

    #[test]
    fn a_huge_budget_is_asked_for_in_portions() {
        let huge = Budget { parallel: u32::MAX, trials_max: None, failures_max: None };
        let next = plan(&huge, &Progress::default());
        assert_eq!(next, Plan::Grow { create: 0, request: REQUEST_MAX });
        assert_eq!((huge.first_request(), budget().first_request()), (REQUEST_MAX, 3));
    }

    #[test]
    fn a_pause_makes_no_trials_and_ends_nothing_but_what_is_through() {
        check(|it| (it.paused, it.proposed) = (true, 3), Plan::Wait);
        let through = |it: &mut Progress| (it.paused, it.tally.succeeded) = (true, 10);
        check(through, Plan::Finish(Verdict::TrialsMaxReached));
        let crowd = |it: &mut Progress| (it.paused, it.tally.running) = (true, 5);
        check(crowd, Plan::Shrink(2));
    }

    #[test]
    fn too_many_are_stopped() {
        let crowd = |it: &mut Progress| (it.tally.running, it.tally.pending) = (3, 2);
        check(crowd, Plan::Shrink(2));
    }

    #[test]
    fn an_end_is_told_with_its_reason() {
        check(|it| it.goal_reached = true, Plan::Finish(Verdict::GoalReached));
        check(|it| it.tally.succeeded = 10, Plan::Finish(Verdict::TrialsMaxReached));
        let failing = |it: &mut Progress| {
            (it.tally.failed, it.tally.metrics_unavailable) = (1, 1);
        };
        check(failing, Plan::Finish(Verdict::TooManyFailures));
        check(|it| it.exhausted = true, Plan::Finish(Verdict::SpaceExhausted));
        let stopped = |it: &mut Progress| (it.stop_wanted, it.tally.running) = (true, 2);
        check(stopped, Plan::Finish(Verdict::Stopped { measured: false }));
        let measured = |it: &mut Progress| (it.stop_wanted, it.measured) = (true, true);
        check(measured, Plan::Finish(Verdict::Stopped { measured: true }));
        let both = |it: &mut Progress| (it.stop_wanted, it.tally.succeeded) = (true, 10);
        check(both, Plan::Finish(Verdict::TrialsMaxReached));
        check(
            |it| it.search_failed = Some("no".into()),
            Plan::Finish(Verdict::SuggestionFailed("no".into())),
        );
    }

    #[test]
    fn what_still_runs_or_is_proposed_is_waited_for() {
        let last = |it: &mut Progress| (it.exhausted, it.tally.running) = (true, 1);
        check(last, Plan::Wait);
        let proposed = |it: &mut Progress| (it.exhausted, it.proposed) = (true, 1);
        check(proposed, Plan::Grow { create: 1, request: 0 });
    }

    #[test]
    fn no_failure_ever_ends_an_experiment_that_allows_none_before_the_first() {
        let strict = Budget { failures_max: Some(0), ..budget() };
        assert!(matches!(plan(&strict, &Progress::default()), Plan::Grow { .. }));
        let mut seen = Progress::default();
        seen.tally.failed = 1;
        assert_eq!(plan(&strict, &seen), Plan::Finish(Verdict::TooManyFailures));
    }
}
