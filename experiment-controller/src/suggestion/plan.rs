//! What to do next for a suggestion: values in, a value out.

/// How many assignments are asked for at once: what a search answers is held in memory, and more
/// can be asked for after that.
const COUNT_MAX: u32 = 1000;

/// How far a suggestion is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// How many assignments are wanted since the experiment began.
    pub requests: u32,
    /// How many were made.
    pub made: u32,
    /// The space holds nothing new.
    pub exhausted: bool,
    /// The search gave up.
    pub failed: bool,
    /// The experiment has ended.
    pub over: bool,
    /// The experiment may go on after its end, and the search is to stay ready.
    pub stays: bool,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Ask for `count` assignments, the first of which is number `first`.
    Ask {
        /// Which suggestion comes first, from 0.
        first: u32,
        /// How many.
        count: u32,
    },
    /// Say that the search has done its work.
    Settle,
    /// Nothing to do until something changes.
    Wait,
}

/// Decides.
pub(super) fn plan(seen: &Progress) -> Plan {
    if seen.over {
        return if seen.stays || seen.failed { Plan::Wait } else { Plan::Settle };
    }
    if seen.failed || seen.exhausted || seen.requests <= seen.made {
        return Plan::Wait;
    }
    Plan::Ask { first: seen.made, count: (seen.requests - seen.made).min(COUNT_MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Progress), want: Plan) {
        let mut seen = Progress { requests: 5, made: 3, ..Default::default() };
        change(&mut seen);
        assert_eq!(plan(&seen), want, "{seen:?}");
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        check(|_| {}, Plan::Ask { first: 3, count: 2 });
        check(|it| it.requests = u32::MAX, Plan::Ask { first: 3, count: COUNT_MAX });
        check(|it| it.made = 5, Plan::Wait);
        check(|it| it.exhausted = true, Plan::Wait);
        check(|it| it.failed = true, Plan::Wait);
    }

    #[test]
    fn an_ended_experiment_asks_no_more() {
        check(|it| it.over = true, Plan::Settle);
        check(|it| (it.over, it.stays) = (true, true), Plan::Wait);
        check(|it| (it.over, it.failed) = (true, true), Plan::Wait);
    }
}
