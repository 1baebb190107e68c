//! What holds for every stopping rule; each registered rule is held against every law, and for
//! each law there is a mutant that it catches.

mod mutants;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use suggestion::Direction;

use crate::fixture::rule;
use crate::registry::{self, Entry};
use crate::{Curve, Standing};

/// How many random cases; QALAM_FULL=1 asks for many more.
fn cases() -> u32 {
    [200, 2000][usize::from(std::env::var_os("QALAM_FULL").is_some())]
}

/// A trial as its reports arrived.
#[derive(Clone, Debug)]
struct Trial {
    standing: Standing,
    reports: Vec<(f64, f64)>,
}

/// A question to a rule.
#[derive(Clone, Debug)]
struct Case {
    way: Direction,
    judged: Trial,
    others: Vec<Trial>,
}

/// What a law looks at: a rule with settings, or a mutant of one.
struct Subject {
    /// The rule that it is, or was made from.
    entry: &'static Entry,
    settings: &'static [(&'static str, &'static str)],
    decide: Decision,
}

/// Why a trial is stopped, if it is.
type Decision = Box<dyn Fn(&Case) -> Option<String>>;

type Law = fn(&Subject, &Case) -> Result<(), String>;

/// Bounds and patience that the laws know.
const BOUNDS: &[(&str, &str)] = &[("lower", "-5"), ("upper", "5")];
const PATIENCE: &[(&str, &str)] = &[("patience", "3"), ("min_delta", "1")];

/// Settings beside the defaults that every law must hold for.
fn settings_of(name: &str) -> Vec<&'static [(&'static str, &'static str)]> {
    let more: &[&[(&str, &str)]] = match name {
        "medianstop" => {
            &[&[("average", "mean"), ("min_trials_required", "1")], &[("start_step", "1")]]
        }
        "percentile" => {
            &[&[("percentile", "10"), ("start_step", "2"), ("min_trials_required", "1")]]
        }
        "asha" => &[&[("brackets", "3"), ("reduction_factor", "2")], &[("grace_period", "3")]],
        "hyperband" => &[&[("max_resource", "9"), ("reduction_factor", "2")]],
        "threshold" => &[BOUNDS],
        "patient" => &[PATIENCE, &[("rule", "asha"), ("patience", "1")]],
        "wilcoxon" => &[&[("p_threshold", "0.4")]],
        "curve" => &[&[("probability", "0.5"), ("start_step", "3")]],
        _ => &[],
    };
    let mut all: Vec<&'static [(&'static str, &'static str)]> = vec![&[]];
    all.extend(more);
    all
}

fn subjects() -> Vec<Subject> {
    let of = |entry: &'static Entry| {
        settings_of(entry.name).into_iter().map(move |settings| Subject {
            entry,
            settings,
            decide: Box::new(move |case| {
                let (judged, others) = curves(case);
                rule(entry.name, settings, case.way).stop(&judged, &others)
            }),
        })
    };
    registry::rules().iter().flat_map(of).collect()
}

fn curves(case: &Case) -> (Curve, Vec<Curve>) {
    let curve = |name: &str, index: u64, it: &Trial| {
        Curve::new(name, index, it.standing, case.way, &it.reports)
    };
    let judged = curve("judged", 7, &case.judged);
    let others = (0..).zip(&case.others).map(|(i, it)| curve(&format!("t{i}"), i, it));
    (judged, others.collect())
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => -10.0..10.0f64,
        6 => (-6i8..=6).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::MAX),
    ]
}

fn trial(standing: impl Strategy<Value = Standing> + 'static) -> BoxedStrategy<Trial> {
    // Half of them report once a step, as programs do; the others whatever and whenever.
    let regular = prop::collection::vec(-6.0..6.0f64, 0..16)
        .prop_map(|values| (1..).map(f64::from).zip(values).collect::<Vec<_>>());
    let flat = (-6i8..=6, 0usize..16)
        .prop_map(|(value, count)| (1..=count).map(|it| (it as f64, f64::from(value))).collect());
    let wild = prop::collection::vec((0u8..12, value()), 0..16)
        .prop_map(|all| all.into_iter().map(|(step, value)| (f64::from(step), value)).collect());
    (standing, prop_oneof![3 => regular, 1 => flat, 4 => wild])
        .prop_map(|(standing, reports)| Trial { standing, reports })
        .boxed()
}

fn case() -> impl Strategy<Value = Case> {
    let way = prop_oneof![Just(Direction::Minimize), Just(Direction::Maximize)];
    let standing =
        prop_oneof![Just(Standing::Running), Just(Standing::Succeeded), Just(Standing::Stopped)];
    let others = prop::collection::vec(trial(standing), 0..10);
    (way, trial(Just(Standing::Running)), others).prop_map(|(way, judged, others)| Case {
        way,
        judged,
        others,
    })
}

/// The same cases at each run.
fn all_cases() -> impl Iterator<Item = Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = case();
    (0..cases()).map(move |_| strategy.new_tree(&mut runner).expect("a case").current())
}

/// Losses of a trial up to a step, that are numbers.
fn losses(way: Direction, trial: &Trial, until: f64) -> Vec<f64> {
    let known = trial.reports.iter().filter(|(step, it)| *step <= until && it.is_finite());
    known.map(|(_, value)| way.loss(*value)).collect()
}

fn last_step(trial: &Trial) -> f64 {
    let finite = trial.reports.iter().filter(|it| it.1.is_finite()).map(|it| it.0);
    finite.fold(f64::NEG_INFINITY, f64::max)
}

/// What a comparing rule ranks by: the mean for one over items, else the best so far.
fn statistic(name: &str, way: Direction, trial: &Trial, until: f64) -> f64 {
    let losses = losses(way, trial, until);
    match name {
        _ if losses.is_empty() => f64::INFINITY,
        "wilcoxon" => losses.iter().map(|it| it / losses.len() as f64).sum(),
        _ => losses.into_iter().fold(f64::INFINITY, f64::min),
    }
}

/// A relative rule never stops the curve that is best by its own statistic at that step.
fn the_leader_goes_on(subject: &Subject, case: &Case) -> Result<(), String> {
    let (name, way) = (subject.entry.name, case.way);
    // Katib's mean and the tests over items and curves know others whole.
    let whole =
        ["wilcoxon", "curve"].contains(&name) || subject.settings.contains(&("average", "mean"));
    let step = if whole { f64::INFINITY } else { last_step(&case.judged) };
    let mine = statistic(name, way, &case.judged, step);
    let leads = case.others.iter().all(|it| mine <= statistic(name, way, it, step));
    let alone = name == "patient" && subject.settings != settings_of("patient")[2];
    match (subject.decide)(case) {
        Some(why) if leads && subject.entry.compares && !alone => Err(why),
        _ => Ok(()),
    }
}

/// An absolute rule never stops a curve that meets its condition.
fn what_is_sound_goes_on(subject: &Subject, case: &Case) -> Result<(), String> {
    let values = || case.judged.reports.iter().map(|it| it.1);
    let bounded = subject.settings == BOUNDS;
    let sound = match subject.entry.name {
        "none" => true,
        "threshold" => values().all(|it| it.is_finite() && (!bounded || it.abs() <= 5.0)),
        "patient" if subject.settings == PATIENCE => improves(case),
        _ => return Ok(()),
    };
    match (subject.decide)(case) {
        Some(why) if sound => Err(why),
        _ => Ok(()),
    }
}

/// Whether one of the last three losses is better by 1 than all before.
fn improves(case: &Case) -> bool {
    let mut ordered = case.judged.reports.clone();
    ordered.retain(|it| it.1.is_finite());
    ordered.iter_mut().for_each(|it| it.1 = case.way.loss(it.1));
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let cut = ordered.len().saturating_sub(3);
    let least = |of: &[(f64, f64)]| of.iter().fold(f64::INFINITY, |least, it| least.min(it.1));
    let (before, last) = (least(&ordered[..cut]), least(&ordered[cut..]));
    cut == 0 || (last < before && 1.0 <= before - last)
}

/// The order in which reports arrived, and that of the other trials, changes nothing.
fn order_changes_nothing(subject: &Subject, case: &Case) -> Result<(), String> {
    let mut turned = case.clone();
    turned.judged.reports.reverse();
    turned.others.iter_mut().for_each(|it| it.reports.reverse());
    same(subject, case, &turned)
}

/// A decision depends on the reports up to it alone: asking about something else in between
/// changes nothing, and neither does what others report at later steps.
fn only_the_past_counts(subject: &Subject, case: &Case) -> Result<(), String> {
    let mut other = case.clone();
    other.judged.reports.truncate(2);
    let first = (subject.decide)(case);
    let _ = (subject.decide)(&other);
    if first != (subject.decide)(case) {
        return Err("a question changed the answer to another".into());
    }
    let name = subject.entry.name;
    let foresees = ["wilcoxon", "curve", "hyperband"].contains(&name)
        || subject.settings.contains(&("average", "mean"));
    let every_step = |it: &Trial| (1..).map(f64::from).zip(&it.reports).all(|(n, it)| n == it.0);
    if foresees || !every_step(&case.judged) || !case.others.iter().all(every_step) {
        return Ok(());
    }
    let mut past = case.clone();
    let step = last_step(&case.judged);
    past.others.iter_mut().for_each(|it| it.reports.retain(|it| it.0 <= step));
    same(subject, case, &past)
}

/// What is no number tells nothing, but for the rule that is about it.
fn what_is_no_number_tells_nothing(subject: &Subject, case: &Case) -> Result<(), String> {
    let mut clean = case.clone();
    let trials = clean.others.iter_mut().chain([&mut clean.judged]);
    let about = ["threshold", "patient"].contains(&subject.entry.name);
    trials.for_each(|it| it.reports.retain(|it| it.1.is_finite()));
    if about && clean.judged.reports.len() != case.judged.reports.len() {
        return Ok(());
    }
    same(subject, case, &clean)
}

/// Without anybody to compare with, and without a report, a trial goes on.
fn who_is_alone_goes_on(subject: &Subject, case: &Case) -> Result<(), String> {
    let silent =
        Case { judged: Trial { reports: Vec::new(), ..case.judged.clone() }, ..case.clone() };
    let alone = Case { others: Vec::new(), ..case.clone() };
    let compares = subject.entry.compares && subject.entry.name != "patient";
    let asked = [Some(silent), compares.then_some(alone)];
    match asked.iter().flatten().find_map(|it| (subject.decide)(it)) {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

/// Who is stopped is told why.
fn a_stop_says_why(subject: &Subject, case: &Case) -> Result<(), String> {
    match (subject.decide)(case) {
        Some(why) if why.len() < 20 => Err(why),
        _ => Ok(()),
    }
}

fn same(subject: &Subject, a: &Case, b: &Case) -> Result<(), String> {
    let (a, b) = ((subject.decide)(a), (subject.decide)(b));
    if a == b { Ok(()) } else { Err(format!("{a:?} and {b:?}")) }
}

const LAWS: &[(&str, Law)] = &[
    ("the leader goes on", the_leader_goes_on),
    ("what is sound goes on", what_is_sound_goes_on),
    ("order changes nothing", order_changes_nothing),
    ("only the past counts", only_the_past_counts),
    ("what is no number tells nothing", what_is_no_number_tells_nothing),
    ("who is alone goes on", who_is_alone_goes_on),
    ("a stop says why", a_stop_says_why),
];

#[test]
fn every_rule_keeps_every_law() {
    let subjects = subjects();
    for case in all_cases() {
        for subject in &subjects {
            for (name, law) in LAWS {
                if let Err(fault) = law(subject, &case) {
                    let Subject { entry, settings, .. } = subject;
                    panic!("{name}: not so for {entry:?} {settings:?}: {fault}\n{case:?}");
                }
            }
        }
    }
}

/// A law about rules that never fire would be kept by rules that never do.
#[test]
fn every_rule_but_none_stops_somebody() {
    for subject in subjects().iter().filter(|it| it.entry.name != "none") {
        let stops = all_cases().filter(|it| (subject.decide)(it).is_some()).count();
        assert!(0 < stops, "{:?} {:?}", subject.entry, subject.settings);
    }
}

/// The defaults that the table tells are those that hold.
#[test]
fn defaults_are_what_the_table_says() {
    for entry in registry::rules() {
        let defaults: Vec<(&str, &str)> =
            entry.settings.iter().map(|it| (it.name, it.default)).collect();
        let way = Direction::Minimize;
        let (unset, set) = (rule(entry.name, &[], way), rule(entry.name, &defaults, way));
        assert_eq!(format!("{unset:?}"), format!("{set:?}"));
        for it in entry.settings {
            assert!(it.meaning.ends_with('.') && it.meaning.len() < 200, "{}", it.name);
        }
    }
}
