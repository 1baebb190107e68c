//! Where a node of a tree is divided: by a threshold on an axis with an order, by a subset on a
//! categorical one.
//!
//! The best division has the largest gain Σ_L² / n_L + Σ_R² / n_R − Σ² / n, where Σ is a sum of
//! targets and n how many they are: by so much the sum of squares falls (Breiman et al. 1984,
//! §8.4). Of all subsets of names the best is among those that take the names by mean target from
//! below (their §4.2.2 and theorem 4.5, after Fisher 1958). A threshold is drawn anywhere between
//! the two values that it parts, so that a forest bends smoothly between trials (Hutter et al.,
//! *Algorithm runtime prediction: Methods & evaluation*, Artificial Intelligence 206, 2014, §4.3.2).
//! Extra-trees draw the threshold anywhere among the values (Geurts, Ernst and Wehenkel,
//! *Extremely randomized trees*, Machine Learning 63, 2006).

use crate::seed::Stream;

/// A question to a place.
#[derive(Clone, Debug)]
pub(super) struct Split {
    pub(super) axis: usize,
    pub(super) rule: Rule,
}

/// Which numbers of an axis go to the first child.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// Those up to `at`, and inactive ones where it says so.
    Below { at: f64, inactive: bool },
    /// The names with a bit, and inactive ones where it says so.
    Among { names: Box<[u64]>, inactive: bool },
}

impl Split {
    pub(super) fn is_first(&self, place: &[f64]) -> bool {
        self.rule.is_first(place[self.axis])
    }
}

impl Rule {
    pub(super) fn is_first(&self, value: f64) -> bool {
        match self {
            Rule::Below { inactive, .. } | Rule::Among { inactive, .. } if value.is_nan() => {
                *inactive
            }
            Rule::Below { at, .. } => value <= *at,
            Rule::Among { names, .. } => {
                let name = value as usize;
                names.get(name / 64).is_some_and(|word| word >> (name % 64) & 1 == 1)
            }
        }
    }
}

/// Gains below this share of the sum of squares are rounding.
const GAIN_MIN: f64 = 1e-12;

/// Some targets: how many by weight, and their sum.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: f64,
    total: f64,
}

impl std::ops::Add for Sum {
    type Output = Sum;

    fn add(self, other: Sum) -> Sum {
        Sum { count: self.count + other.count, total: self.total + other.total }
    }
}

impl std::ops::Sub for Sum {
    type Output = Sum;

    fn sub(self, other: Sum) -> Sum {
        Sum { count: self.count - other.count, total: self.total - other.total }
    }
}

impl Sum {
    /// Σ² / n.
    fn square(self) -> f64 {
        self.total * self.total / self.count
    }
}

/// The rows of one node, to be divided.
pub(super) struct Search<'a> {
    pub(super) targets: &'a [f64],
    pub(super) weights: &'a [f64],
    pub(super) members: &'a [u32],
    /// No child has fewer rows.
    pub(super) leaf_min: f64,
    /// Divisions are drawn, not looked for.
    pub(super) random: bool,
}

/// The gain of a division, and the division.
type Found = (f64, Rule);

impl Search<'_> {
    fn one(&self, row: u32) -> Sum {
        let weight = self.weights[row as usize];
        Sum { count: weight, total: weight * self.targets[row as usize] }
    }

    fn sum(&self, rows: &[u32]) -> Sum {
        rows.iter().fold(Sum::default(), |sum, row| sum + self.one(*row))
    }

    /// The gain of giving `first` to the first child and the rest of `all` to the second; none
    /// where a child would be too small, or nothing is gained.
    fn gain(&self, all: Sum, first: Sum) -> Option<f64> {
        let second = all - first;
        if first.count.min(second.count) < self.leaf_min.max(0.5) {
            return None;
        }
        let gain = first.square() + second.square() - all.square();
        (GAIN_MIN * (first.square() + second.square()) < gain).then_some(gain)
    }

    /// The best threshold; `rows` are in ascending order, inactive ones last.
    pub(super) fn threshold(
        &self,
        values: &[f64],
        rows: &[u32],
        stream: &mut Stream,
    ) -> Option<Found> {
        let value = |i: usize| values[rows[i] as usize];
        let active = rows.partition_point(|row| !values[*row as usize].is_nan());
        let inactive = self.sum(&rows[active..]);
        let all = self.sum(&rows[..active]) + inactive;
        let last = active.checked_sub(1)?;
        // Either side for inactive rows; where there are none, the larger.
        let sides = |first: Sum| {
            let with = self.gain(all, first + inactive).map(|gain| (gain, true));
            if inactive.count == 0.0 {
                return with.map(|(gain, _)| (gain, all.count < 2.0 * first.count));
            }
            let without = self.gain(all, first).map(|gain| (gain, false));
            better(with, without)
        };
        let (lo, hi) = (value(0), value(last));
        if self.random && lo < hi {
            let at = lo + stream.unit() * (hi - lo);
            let first = rows[..active].partition_point(|row| values[*row as usize] <= at);
            let (gain, inactive) = sides(self.sum(&rows[..first]))?;
            return Some((gain, Rule::Below { at, inactive }));
        }
        let mut best: Option<(f64, usize, bool)> = None;
        let mut first = Sum::default();
        for (i, row) in rows.iter().enumerate().take(active) {
            first = first + self.one(*row);
            // After the last, the inactive rows alone make the second child.
            if i < last && value(i) == value(i + 1) {
                continue;
            }
            let found =
                if i < last { sides(first) } else { self.gain(all, first).map(|g| (g, false)) };
            if let Some((gain, inactive)) = found
                && best.is_none_or(|(most, ..)| most < gain)
            {
                best = Some((gain, i, inactive));
            }
        }
        let (gain, i, inactive) = best?;
        let at = if i < last { between(value(i), value(i + 1), stream) } else { f64::INFINITY };
        Some((gain, Rule::Below { at, inactive }))
    }

    /// The best subset of names.
    pub(super) fn subset(
        &self,
        values: &[f64],
        levels: usize,
        stream: &mut Stream,
    ) -> Option<Found> {
        // Inactive rows share a name of their own, after all others.
        let name = |row: u32| {
            let value = values[row as usize];
            if value.is_nan() { levels } else { value as usize }
        };
        let mut rows: Vec<(usize, Sum)> =
            self.members.iter().map(|row| (name(*row), self.one(*row))).collect();
        rows.sort_by_key(|(name, _)| *name);
        let mut groups: Vec<(usize, Sum)> = Vec::new();
        for (name, sum) in rows {
            match groups.last_mut() {
                Some((known, known_sum)) if *known == name => *known_sum = *known_sum + sum,
                _ => groups.push((name, sum)),
            }
        }
        let all = groups.iter().fold(Sum::default(), |sum, (_, one)| sum + *one);
        let (gain, count) = if self.random {
            shuffle(&mut groups, stream);
            let count = 1 + stream.below(groups.len().saturating_sub(1) as u64) as usize;
            let first = groups[..count].iter().fold(Sum::default(), |sum, (_, one)| sum + *one);
            (self.gain(all, first)?, count)
        } else {
            let mean = |sum: &Sum| sum.total / sum.count;
            groups.sort_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)).then(a.0.cmp(&b.0)));
            let mut first = Sum::default();
            let gains = groups.iter().enumerate().filter_map(|(i, (_, one))| {
                first = first + *one;
                Some((self.gain(all, first)?, i + 1))
            });
            gains.reduce(|best, next| if best.0 < next.0 { next } else { best })?
        };
        Some((gain, among(&groups, count, levels, stream)))
    }
}

/// The rule that gives the names of the first `count` groups to the first child, and names that
/// no row has to either by chance: nothing is known of them.
fn among(groups: &[(usize, Sum)], count: usize, levels: usize, stream: &mut Stream) -> Rule {
    let mut names: Box<[u64]> = (0..levels / 64 + 1).map(|_| stream.bits()).collect();
    for (i, (name, _)) in groups.iter().enumerate() {
        let bit = 1 << (name % 64);
        let word = &mut names[name / 64];
        *word = if i < count { *word | bit } else { *word & !bit };
    }
    let inactive = names[levels / 64] >> (levels % 64) & 1 == 1;
    Rule::Among { names, inactive }
}

/// A number from `lo` on and below `hi`.
fn between(lo: f64, hi: f64, stream: &mut Stream) -> f64 {
    let at = lo + stream.unit() * (hi - lo);
    if at < hi { at } else { lo }
}

/// Any order, all equally likely (Fisher and Yates).
fn shuffle<T>(items: &mut [T], stream: &mut Stream) {
    for i in (1..items.len()).rev() {
        items.swap(i, stream.below(i as u64 + 1) as usize);
    }
}

/// The division with the larger gain, of two that may not be.
fn better(a: Option<(f64, bool)>, b: Option<(f64, bool)>) -> Option<(f64, bool)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.0 < b.0 { b } else { a }),
        (a, b) => a.or(b),
    }
}
