//! Bars: rules that name a metric, a comparison and a value, as Katib's collectors apply them.

use earlystop::Direction;
use proto::kinds::EarlyStoppingRule;

/// From when on a bar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// It was there when the trial began: a report that missed it counts for good.
    Start,
    /// It may have been raised since: only how the trial stands now counts.
    Now,
}

/// How a trial misses a bar; none while it keeps it, or has too few reports.
///
/// Of the objective (which has a direction, `way`) the best value so far is compared, of other
/// metrics the value itself.
pub(super) fn missed(
    bar: &EarlyStoppingRule,
    way: Option<Direction>,
    reports: &[(f64, f64)],
    since: Since,
) -> Option<String> {
    let value: f64 = bar.value.trim().parse().ok()?;
    let start = usize::try_from(bar.start_step).unwrap_or(0).max(1);
    let compares = |it: f64| match bar.comparison.as_str() {
        "less" => it < value,
        "greater" => value < it,
        "equal" => it == value,
        _ => false,
    };
    let finite = reports.iter().map(|it| it.1).filter(|it| it.is_finite());
    let better = |best: &mut Option<f64>, it: f64| {
        let best_now = match (way, *best) {
            (Some(way), Some(best)) if way.loss(best) <= way.loss(it) => best,
            _ => it,
        };
        *best = Some(best_now);
        Some(best_now)
    };
    let mut judged: Vec<(usize, f64)> = (1..).zip(finite.scan(None, better)).collect();
    if since == Since::Now {
        judged.drain(..judged.len().saturating_sub(1));
    }
    let (count, it) = judged.into_iter().find(|(count, it)| start <= *count && compares(*it))?;
    let what = if way.is_some() { "best " } else { "" };
    let side = if bar.comparison == "equal" { "equal to" } else { bar.comparison.as_str() };
    let than = if bar.comparison == "equal" { "" } else { " than" };
    Some(format!("{what}{} {it} is {side}{than} {value} after {count} reports", bar.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        comparison: &str,
        start_step: i32,
        way: Option<Direction>,
        values: &[f64],
        want: &str,
    ) {
        let bar = EarlyStoppingRule {
            name: "m".into(),
            value: "0.5".into(),
            comparison: comparison.into(),
            start_step,
        };
        let reports: Vec<(f64, f64)> = (1..).map(f64::from).zip(values.iter().copied()).collect();
        let got = missed(&bar, way, &reports, Since::Start).unwrap_or_default();
        assert_eq!(got, want, "{comparison} {start_step} {values:?}");
    }

    #[test]
    fn bars_hold_as_in_katibs_collector() {
        use Direction::{Maximize, Minimize};
        check("less", 2, Some(Maximize), &[0.1], "");
        check(
            "less",
            2,
            Some(Maximize),
            &[0.1, 0.4],
            "best m 0.4 is less than 0.5 after 2 reports",
        );
        check("less", 2, Some(Maximize), &[0.6, 0.1, 0.1], "");
        check(
            "greater",
            1,
            Some(Minimize),
            &[0.6],
            "best m 0.6 is greater than 0.5 after 1 reports",
        );
        check("greater", 2, Some(Minimize), &[0.4, 0.9], "");
        check("less", 1, None, &[0.6, 0.4, 0.7], "m 0.4 is less than 0.5 after 2 reports");
        check("equal", 0, None, &[0.5], "m 0.5 is equal to 0.5 after 1 reports");
        check("less", 1, Some(Maximize), &[f64::NAN], "");
        check("unknown", 1, None, &[0.1], "");
    }

    #[test]
    fn a_bar_that_is_raised_later_looks_at_now() {
        let bar = EarlyStoppingRule {
            name: "m".into(),
            value: "0.5".into(),
            comparison: "less".into(),
            start_step: 1,
        };
        let way = Some(Direction::Maximize);
        let reports = [(1.0, 0.1), (2.0, 0.6)];
        assert!(missed(&bar, way, &reports, Since::Start).is_some());
        assert_eq!(missed(&bar, way, &reports, Since::Now), None);
        assert!(missed(&bar, way, &reports[..1], Since::Now).is_some());
    }
}
