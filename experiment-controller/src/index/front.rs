//! The trials that no other beats in all objectives, kept as trials come: one comparison with
//! each of them for a new one.

use std::collections::BTreeMap;

use super::Record;

/// Names of the trials that no other beats, with what they are compared by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Front(BTreeMap<String, Standing>);

/// Losses, and the completion number that decides between equal ones.
#[derive(Clone, Debug, PartialEq)]
struct Standing {
    losses: Vec<f64>,
    completion: i64,
}

impl Standing {
    /// Whether this makes the other one needless: nowhere worse, and better somewhere or earlier.
    fn beats(&self, name: &str, other: &Standing, other_name: &str) -> bool {
        let pairs = || self.losses.iter().zip(&other.losses);
        let earlier = (self.completion, name) < (other.completion, other_name);
        pairs().all(|(a, b)| a <= b) && (earlier || pairs().any(|(a, b)| a < b))
    }
}

impl Front {
    /// Takes in a trial. One that is not feasible, or has but one objective, changes nothing.
    pub(super) fn add(&mut self, name: &str, record: &Record) {
        if record.losses.len() < 2 || !record.is_feasible() {
            return;
        }
        let completion = record.completion.unwrap_or(i64::MAX);
        let new = Standing { losses: record.losses.clone(), completion };
        if self.0.iter().any(|(known, it)| it.beats(known, &new, name)) {
            return;
        }
        self.0.retain(|known, it| !new.beats(name, it, known));
        self.0.insert(name.to_owned(), new);
    }

    /// Takes a trial out; answers whether it was among them.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// All names, those that stand most alone first: by the crowding distance of NSGA-II (Deb,
    /// Pratap, Agarwal and Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002, §III.B).
    pub(super) fn spread(&self) -> Vec<&str> {
        let all: Vec<(&String, &Standing)> = self.0.iter().collect();
        let mut distance = vec![0.0; all.len()];
        let objectives = all.first().map_or(0, |(_, it)| it.losses.len());
        for objective in 0..objectives {
            let loss = |i: usize| all[i].1.losses[objective];
            let mut order: Vec<usize> = (0..all.len()).collect();
            order.sort_by(|a, b| loss(*a).total_cmp(&loss(*b)));
            let (first, last) = (order[0], order[order.len() - 1]);
            let range = loss(last) - loss(first);
            distance[first] = f64::INFINITY;
            distance[last] = f64::INFINITY;
            for three in order.windows(3).filter(|_| 0.0 < range) {
                distance[three[1]] += (loss(three[2]) - loss(three[0])) / range;
            }
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by(|a, b| distance[*b].total_cmp(&distance[*a]).then(a.cmp(b)));
        order.into_iter().map(|i| all[i].0.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::*;

    fn record(losses: &[f64], completion: i64) -> Record {
        Record {
            index: 0,
            class: Class::Succeeded,
            completion: Some(completion),
            assignments: Vec::new(),
            observation: Default::default(),
            labels: Default::default(),
            started: None,
            ended: None,
            losses: losses.to_vec(),
            excess: 0.0,
            reached: false,
        }
    }

    fn front(all: &[(&str, [f64; 2])]) -> Front {
        let mut front = Front::default();
        for (completion, (name, losses)) in (1..).zip(all) {
            front.add(name, &record(losses, completion));
        }
        front
    }

    fn check(all: &[(&str, [f64; 2])], want: &[&str]) {
        assert_eq!(front(all).0.keys().collect::<Vec<_>>(), want, "{all:?}");
    }

    #[test]
    fn who_is_beaten_leaves() {
        check(&[("a", [2.0, 2.0]), ("b", [1.0, 3.0])], &["a", "b"]);
        check(&[("a", [2.0, 2.0]), ("b", [1.0, 2.0])], &["b"]);
        check(&[("a", [1.0, 2.0]), ("b", [2.0, 2.0])], &["a"]);
        check(&[("b", [1.0, 1.0]), ("a", [1.0, 1.0])], &["b"]);
    }

    #[test]
    fn who_is_infeasible_or_has_one_objective_is_left_out() {
        let mut front = Front::default();
        front.add("a", &record(&[1.0], 1));
        front.add("b", &Record { excess: 0.1, ..record(&[1.0, 1.0], 2) });
        assert_eq!(front, Front::default());
    }

    #[test]
    fn ends_come_first_and_then_who_stands_alone() {
        let front = front(&[
            ("a", [0.0, 9.0]),
            ("b", [1.0, 8.0]),
            ("c", [2.0, 7.0]),
            ("d", [5.0, 3.0]),
            ("e", [9.0, 0.0]),
        ]);
        assert_eq!(front.spread(), ["a", "e", "d", "c", "b"]);
        assert_eq!(Front::default().spread(), [""; 0]);
    }
}
