//! The trials that no other beats in all objectives, kept as trials come: one comparison with
//! each of them for a new one.

use std::collections::BTreeMap;

use suggestion::analysis::pareto::{crowding, dominates};

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
        let earlier = (self.completion, name) < (other.completion, other_name);
        dominates(&self.losses, &other.losses) || (self.losses == other.losses && earlier)
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

    /// All names, those that stand most alone first, by their crowding distance.
    pub(super) fn spread(&self) -> Vec<&str> {
        let losses: Vec<&[f64]> = self.0.values().map(|it| &it.losses[..]).collect();
        let mut order: Vec<(f64, &str)> =
            crowding(&losses).into_iter().zip(self.0.keys().map(String::as_str)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        order.into_iter().map(|(_, name)| name).collect()
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
