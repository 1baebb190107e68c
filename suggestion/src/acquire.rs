//! Where an acquisition function is largest: places everywhere, places near the best trials, and
//! then smaller and smaller steps from the most promising of both.
//!
//! The steps are mutations rather than gradients, so that names, levels and numbers are searched
//! alike (White et al., *BANANAS*, AAAI 2021, found mutation the better way on discrete spaces).

use crate::chart::Chart;
use crate::seed::Stream;

/// How hard is searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Places anywhere.
    pub(crate) anywhere: usize,
    /// Places near each of the best trials.
    pub(crate) near: usize,
    /// From how many places steps are taken.
    pub(crate) starts: usize,
    /// How many times.
    pub(crate) rounds: usize,
    /// Steps from each place each time.
    pub(crate) steps: usize,
}

impl Effort {
    /// What a suggestion in milliseconds affords, for `d` parameters.
    pub(crate) fn usual(d: usize) -> Effort {
        Effort { anywhere: 256, near: 40, starts: 6, rounds: 10, steps: (8 + d).min(24) }
    }
}

/// A place and what the acquisition function says of it; larger is better.
pub(crate) type Scored = (f64, Vec<f64>);

/// The best places found, best first. `score` is asked for many at once; `known` are the places
/// of the best trials.
pub(crate) fn maximise(
    chart: &Chart,
    known: &[Vec<f64>],
    effort: Effort,
    stream: &mut Stream,
    mut score: impl FnMut(&[Vec<f64>]) -> Vec<f64>,
) -> Vec<Scored> {
    let d = chart.axes() as f64;
    let mut places: Vec<Vec<f64>> = (0..effort.anywhere).map(|_| chart.anywhere(stream)).collect();
    for center in known {
        for k in 0..effort.near {
            let (share, step) = [(0.3, 0.2), (0.5, 0.05), (1.0 / d, 0.3), (1.0, 0.01)][k % 4];
            places.push(chart.near(center, share, step, stream));
        }
    }
    let mut all = scored(&mut score, places);
    let mut starts = spread(&all, effort.starts);
    let mut steps = vec![0.1; starts.len()];
    for _ in 0..effort.rounds {
        let mut children = Vec::with_capacity(starts.len() * effort.steps);
        for ((_, place), step) in starts.iter().zip(&steps) {
            for k in 0..effort.steps {
                let share = [1.0, 1.0 / d, 0.5, 2.0 / d][k % 4];
                children.push(chart.near(place, share, *step, stream));
            }
        }
        let children = scored(&mut score, children);
        for (i, start) in starts.iter_mut().enumerate() {
            let mine = &children[i * effort.steps..(i + 1) * effort.steps];
            let best = mine.iter().max_by(|a, b| a.0.total_cmp(&b.0));
            match best {
                Some(best) if start.0 < best.0 => *start = best.clone(),
                _ => steps[i] *= 0.4,
            }
        }
        all.extend(children);
    }
    all.extend(starts);
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

fn scored(score: &mut impl FnMut(&[Vec<f64>]) -> Vec<f64>, places: Vec<Vec<f64>>) -> Vec<Scored> {
    let scores = score(&places);
    let sound = |score: f64| if score.is_nan() { f64::NEG_INFINITY } else { score };
    scores.into_iter().map(sound).zip(places).collect()
}

/// The best `count` places that are not the same.
fn spread(all: &[Scored], count: usize) -> Vec<Scored> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*b].0.total_cmp(&all[*a].0).then(a.cmp(b)));
    let mut chosen: Vec<Scored> = Vec::new();
    for i in order {
        if chosen.len() == count {
            break;
        }
        if chosen.iter().all(|(_, place)| *place != all[i].1) {
            chosen.push(all[i].clone());
        }
    }
    chosen
}
