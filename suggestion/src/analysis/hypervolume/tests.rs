//! Hypervolumes against a reference library, and what holds for all of them.

use proptest::prelude::*;

use super::*;
use crate::analysis::points::points;

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-13, "{got} is not {want}");
}

/// Golden values: moocore 0.3.2, `hypervolume(points, ref=ones)`; of one number, 1 − the least.
#[test]
fn volumes_agree_with_a_reference() {
    let check = |numbers: usize, of_20: f64, of_100: f64| {
        let reference = vec![1.0; numbers];
        close(hypervolume(&points(20, numbers), &reference), of_20);
        close(hypervolume(&points(100, numbers), &reference), of_100);
    };
    check(1, 0.934_580_688_025_762_6, 0.996_426_610_924_067_4);
    check(2, 0.794_553_927_967_319_3, 0.929_907_152_524_741_8);
    check(3, 0.609_317_604_992_860_3, 0.820_537_424_070_927_8);
    check(4, 0.422_297_359_113_336_05, 0.675_696_552_426_468_1);
    check(5, 0.351_400_955_441_455_94, 0.515_865_554_828_014_8);
}

/// Golden values: moocore 0.3.2, `hv_contributions(points, ref=ones, ignore_dominated=False)`:
/// their sum, the largest and whose it is.
#[test]
fn contributions_agree_with_a_reference() {
    let check = |numbers: usize, sum: f64, largest: f64, whose: usize| {
        let all = contributions(&points(100, numbers), &vec![1.0; numbers]);
        close(all.iter().sum(), sum);
        close(all[whose], largest);
        assert!(all.iter().all(|one| *one <= all[whose]));
    };
    check(2, 0.038_007_663_893_876_18, 0.020_321_420_032_256_1, 93);
    check(3, 0.095_066_246_074_663_41, 0.035_358_182_390_994_75, 90);
    check(4, 0.131_530_558_585_578_38, 0.041_173_277_922_685_88, 73);
}

/// Golden values: Optuna 5.0's `_solve_hssp` on the nondominated of 30 points, and what moocore
/// 0.3.2 gives the choice.
#[test]
fn the_greedy_choice_agrees_with_a_reference() {
    let check = |numbers: usize, want: [usize; 5], volume: f64| {
        let points = points(30, numbers);
        let front = crate::analysis::pareto::front(&points);
        let front: Vec<Vec<f64>> = front.into_iter().map(|i| points[i].clone()).collect();
        let reference = vec![1.0; numbers];
        let mut chosen = subset(&front, &reference, 5);
        let kept: Vec<Vec<f64>> = chosen.iter().map(|i| front[*i].clone()).collect();
        close(hypervolume(&kept, &reference), volume);
        chosen.sort_unstable();
        assert_eq!(chosen, want);
    };
    check(3, [2, 3, 4, 6, 7], 0.716_801_571_119_203_4);
    check(4, [4, 5, 6, 10, 11], 0.485_839_593_026_807_46);
}

/// The greedy choice by its definition, which computes every volume at every step.
fn plain_subset(points: &[Vec<f64>], reference: &[f64], count: usize) -> Vec<f64> {
    let (mut chosen, mut volumes): (Vec<Vec<f64>>, Vec<f64>) = Default::default();
    for _ in 0..count.min(points.len()) {
        let with = |point: &Vec<f64>| {
            let more: Vec<Vec<f64>> = chosen.iter().chain([point]).cloned().collect();
            hypervolume(&more, reference)
        };
        let mut best = &points[0];
        points.iter().for_each(|point| best = if with(best) < with(point) { point } else { best });
        volumes.push(with(best));
        chosen.push(best.clone());
    }
    volumes
}

/// Up to 12 points of 1 to 5 numbers: whole ones, so that every volume is exact.
fn some() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>)> {
    (1..6usize).prop_flat_map(|numbers| {
        let point = prop::collection::vec((0..8u8).prop_map(f64::from), numbers);
        (prop::collection::vec(point, 1..12), Just(vec![7.0; numbers]))
    })
}

proptest! {
    /// By counting the unit cells below the reference that some point dominates.
    #[test]
    fn volumes_are_as_defined((points, reference) in some()) {
        let numbers = reference.len();
        let cell = |mut rank: u64| -> Vec<f64> {
            let digit = |_| { let digit = rank % 7; rank /= 7; digit as f64 };
            (0..numbers).map(digit).collect()
        };
        let covered = |cell: &Vec<f64>| {
            points.iter().any(|point| point.iter().zip(cell).all(|(x, c)| x <= c))
        };
        let count = (0..7u64.pow(numbers as u32)).map(cell).filter(covered).count();
        prop_assert_eq!(hypervolume(&points, &reference), count as f64);
    }

    #[test]
    fn order_changes_nothing_and_more_points_take_nothing((points, reference) in some()) {
        let whole = hypervolume(&points, &reference);
        let mut turned = points.clone();
        turned.reverse();
        prop_assert_eq!(hypervolume(&turned, &reference), whole);
        let fewer = hypervolume(&points[1..], &reference);
        prop_assert!(fewer <= whole);
        if points[1..].iter().any(|other| dominates(other, &points[0])) {
            prop_assert_eq!(fewer, whole);
        }
    }

    #[test]
    fn a_contribution_is_what_is_lost((points, reference) in some()) {
        let whole = hypervolume(&points, &reference);
        for (i, contribution) in contributions(&points, &reference).into_iter().enumerate() {
            let mut others = points.clone();
            others.remove(i);
            prop_assert_eq!(contribution, whole - hypervolume(&others, &reference));
        }
    }

    #[test]
    fn each_choice_adds_most((points, reference) in some(), count in 0..14usize) {
        let chosen = subset(&points, &reference, count);
        prop_assert_eq!(chosen.len(), count.min(points.len()));
        let distinct: std::collections::BTreeSet<_> = chosen.iter().collect();
        prop_assert_eq!(distinct.len(), chosen.len());
        for (n, want) in plain_subset(&points, &reference, count).into_iter().enumerate() {
            let kept: Vec<_> = chosen[..=n].iter().map(|i| points[*i].clone()).collect();
            prop_assert_eq!(hypervolume(&kept, &reference), want);
        }
    }
}

/// Seconds, for people: `cargo test --release -p suggestion seconds -- --ignored --nocapture`.
#[test]
#[ignore = "for people"]
fn seconds() {
    for numbers in 2..=5 {
        // On a sphere, where no point dominates another.
        let mut points = points(1_000, numbers);
        for point in &mut points {
            let norm = point.iter().map(|x| x * x).sum::<f64>().sqrt();
            point.iter_mut().for_each(|x| *x = 1.0 - *x / norm);
        }
        let reference = vec![1.1; numbers];
        let time = |what: &str, work: &dyn Fn() -> f64| {
            let begin = std::time::Instant::now();
            let value = work();
            eprintln!("{numbers} objectives, {what}: {:?} ({value})", begin.elapsed());
        };
        time("volume", &|| hypervolume(&points, &reference));
        time("25 chosen", &|| subset(&points, &reference, 25).len() as f64);
        time("ranks", &|| crate::analysis::pareto::ranks(&points).len() as f64);
        if numbers < 5 {
            time("contributions", &|| contributions(&points, &reference).iter().sum());
        }
    }
}
