//! The home's door: the rules of this folder, run by its API before an object is stored.

use platform::cluster::admission::{Admission, Outcome, Review};
use proto::kinds::GROUP;

use super::{check_beyond_types, complete};

/// Completes and checks experiments. Types and field names of every kind are the API's own work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Door;

impl Admission for Door {
    fn applies(&self, group: &str, kind: &str) -> bool {
        group == GROUP && kind == "Experiment"
    }

    fn review(&self, review: Review<'_>) -> Outcome {
        complete(review.object);
        check_beyond_types(review.object, review.old, review.lookup)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_door_completes_and_refuses() {
        let door = Door;
        assert!(door.applies("kubeflow.org", "Experiment") && !door.applies("batch", "Job"));
        let mut object = json!({"kind": "Experiment", "metadata": {"name": "e"}, "spec": {}});
        let nothing = |_: &str, _: &str, _: &str| None;
        let review = Review { object: &mut object, old: None, lookup: &nothing };
        let outcome = door.review(review);
        assert!(outcome.errors.iter().any(|it| it.path == "spec.objective"), "{outcome:?}");
        assert_eq!(object["spec"]["parallelTrialCount"], 3);
    }
    #[test]
    fn what_is_no_object_is_survived() {
        for old in [json!([0]), json!(null), json!("x")] {
            for object in [json!([]), json!({}), json!({"spec": []})] {
                let mut object = object;
                let review =
                    Review { object: &mut object, old: Some(&old), lookup: &|_, _, _| None };
                drop(Door.review(review));
            }
        }
    }
}
