//! Rules that are wrong in one way each: the law about it must catch them, or it says nothing.

use std::cell::Cell;

use super::*;

/// The rule with its first extra settings, and a decision of its own.
fn mutant(
    name: &str,
    settings: &'static [(&'static str, &'static str)],
    decide: impl Fn(&Case) -> bool + 'static,
) -> Subject {
    let entry = registry::find(name).expect("a rule");
    let why = || "it was found wanting by a mutant".to_owned();
    Subject { entry, settings, decide: Box::new(move |case| decide(case).then(why)) }
}

fn caught(law: Law, subject: &Subject) -> bool {
    all_cases().any(|case| law(subject, &case).is_err())
}

fn best(case: &Case, trial: &Trial) -> f64 {
    losses(case.way, trial, f64::INFINITY).into_iter().fold(f64::INFINITY, f64::min)
}

/// Stops whom the rule lets go, and the other way round.
fn contrary(case: &Case) -> bool {
    let mine = best(case, &case.judged);
    !case.others.is_empty() && case.others.iter().all(|it| mine < best(case, it))
}

#[test]
fn a_rule_that_stops_the_leader_is_caught() {
    for name in ["medianstop", "percentile", "asha", "hyperband", "curve"] {
        assert!(caught(the_leader_goes_on, &mutant(name, &[], contrary)), "{name}");
    }
    let mean = |case: &Case| {
        let mean = |it: &Trial| statistic("wilcoxon", case.way, it, f64::INFINITY);
        let mine = mean(&case.judged);
        mine.is_finite() && !case.others.is_empty() && case.others.iter().all(|it| mine <= mean(it))
    };
    assert!(caught(the_leader_goes_on, &mutant("wilcoxon", &[], mean)));
    // Off by one: the best of a rung is stopped with the rest.
    let none_kept = |case: &Case| {
        let mine = statistic("asha", case.way, &case.judged, 1.0);
        let at_rung = |it: &Trial| statistic("asha", case.way, it, 1.0);
        mine.is_finite() && 2 < case.others.iter().filter(|it| at_rung(it).is_finite()).count()
    };
    assert!(caught(the_leader_goes_on, &mutant("asha", &[], none_kept)));
}

#[test]
fn a_rule_that_stops_what_is_sound_is_caught() {
    let open = |case: &Case| case.judged.reports.iter().any(|it| !(-5.0 < it.1 && it.1 < 5.0));
    assert!(caught(what_is_sound_goes_on, &mutant("threshold", BOUNDS, open)));
    let one_sided = |case: &Case| case.judged.reports.iter().any(|it| 4.0 < it.1);
    assert!(caught(what_is_sound_goes_on, &mutant("threshold", BOUNDS, one_sided)));
    // Two reports in place of three.
    let hasty = |case: &Case| {
        let mut short = case.clone();
        short.judged.reports.pop();
        3 < case.judged.reports.len() && !improves(&short)
    };
    assert!(caught(what_is_sound_goes_on, &mutant("patient", PATIENCE, hasty)));
    assert!(caught(what_is_sound_goes_on, &mutant("none", &[], |_| true)));
}

#[test]
fn a_rule_that_looks_at_arrival_is_caught() {
    let newest = |case: &Case| {
        let last = |it: &Trial| it.reports.last().map_or(0.0, |it| case.way.loss(it.1));
        case.others.iter().any(|it| last(it) < last(&case.judged))
    };
    assert!(caught(order_changes_nothing, &mutant("medianstop", &[], newest)));
}

#[test]
fn a_rule_that_remembers_or_foresees_is_caught() {
    let asked = Cell::new(0);
    let remembers = move |_: &Case| {
        asked.set(asked.get() + 1);
        asked.get() % 3 == 0
    };
    assert!(caught(only_the_past_counts, &mutant("asha", &[], remembers)));
    let foresees = |case: &Case| {
        let mine = best(case, &case.judged);
        case.others.iter().any(|it| best(case, it) < mine)
    };
    assert!(caught(only_the_past_counts, &mutant("percentile", &[], foresees)));
}

#[test]
fn a_rule_that_is_misled_by_what_is_no_number_is_caught() {
    let counts = |case: &Case| 4 < case.judged.reports.len();
    assert!(caught(what_is_no_number_tells_nothing, &mutant("medianstop", &[], counts)));
    let compares = |case: &Case| {
        let worst = |it: &Trial| it.reports.iter().map(|it| it.1).fold(f64::NEG_INFINITY, f64::max);
        case.others.iter().any(|it| worst(it).is_infinite())
    };
    assert!(caught(what_is_no_number_tells_nothing, &mutant("asha", &[], compares)));
}

#[test]
fn a_rule_that_stops_who_is_alone_is_caught() {
    let alone = |case: &Case| case.others.is_empty();
    assert!(caught(who_is_alone_goes_on, &mutant("hyperband", &[], alone)));
    let silent = |case: &Case| case.judged.reports.is_empty();
    assert!(caught(who_is_alone_goes_on, &mutant("threshold", &[], silent)));
}

#[test]
fn a_rule_that_gives_no_reason_is_caught() {
    let mut mute = mutant("none", &[], |_| true);
    mute.decide = Box::new(|_| Some(String::new()));
    assert!(caught(a_stop_says_why, &mute));
}
