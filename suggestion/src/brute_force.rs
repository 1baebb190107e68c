//! `brute-force`: every point of a space that can be counted, in the order of the manifest.

use proto::FieldError;

use crate::grid::Lattice;
use crate::registry::{Algorithm, Draft};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::space::Axis;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "brute-force",
    about: "Tries every combination once, the last parameter fastest, and then ends.",
    settings: &[RANDOM_STATE],
    check,
    make: |problem| {
        let lattice =
            Lattice::new(&problem.space, None).expect("check refuses what cannot be counted");
        Box::new(BruteForce { lattice })
    },
};

/// What keeps a space from being counted.
fn check(draft: &Draft) -> Vec<FieldError> {
    let open = |(i, (axis, name)): (usize, (Axis, &str))| {
        let text = format!(
            "brute-force needs a step for the double parameter \"{name}\"; give one, or use sobol"
        );
        axis.levels
            .is_none()
            .then(|| FieldError::new(format!("parameters[{i}].feasibleSpace.step"), text))
    };
    let axes = draft.space.axes().zip(draft.space.names()).enumerate();
    let faults: Vec<_> = axes.filter_map(open).collect();
    if faults.is_empty() && draft.space.count().is_none() {
        let text = "have more than 2^64 combinations, too many for brute-force; use sobol";
        return vec![FieldError::new("parameters", text)];
    }
    faults
}

struct BruteForce {
    lattice: Lattice,
}

impl Suggester for BruteForce {
    fn ask(&mut self, turn: &Turn, _: &mut Stream) -> Asked {
        // All before this one came in their order, but for the owner's own points.
        let first = turn.index.saturating_sub(turn.problem.initial.len() as u64);
        let total = self.lattice.total;
        let ranks = (0..self.lattice.reach(turn)).map(|i| first.wrapping_add(i) % total);
        let mut points = ranks.map(|rank| self.lattice.nth(turn.space, rank));
        match points.find(|point| turn.is_open(point)) {
            Some(point) => Asked::Candidates(vec![Proposal::at(point)]),
            None => Asked::Exhausted,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{ask_all, experiment, int, names, real, texts};
    use crate::{Answer, Problem, Seed};

    #[test]
    fn every_point_comes_in_its_order() {
        let parameters = [int("a", 1, 2), names("c", 3)];
        let mut spec = experiment("brute-force", &[], &parameters);
        let own =
            [("a", "2"), ("c", "c1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        spec.initial_points = vec![own.into()];
        let problem = Problem::parse(&spec, Seed(5)).unwrap();
        let Answer::Exhausted(all) = ask_all(&problem, 4) else { panic!("6 and then the end") };
        let all: Vec<_> = all.iter().map(texts).collect();
        assert_eq!(all, ["2 c1", "1 c0", "1 c1", "1 c2", "2 c0", "2 c2"]);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let check = |parameters: &[proto::kinds::ParameterSpec], want: &str| {
            let faults = Problem::check(&experiment("brute-force", &[], parameters));
            assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), [want]);
        };
        check(
            &[int("n", 1, 3), real("lr", 0.0, 1.0)],
            "parameters[1].feasibleSpace.step: brute-force needs a step for the double parameter \
             \"lr\"; give one, or use sobol",
        );
        let wide: Vec<_> = (0..7).map(|i| int(&format!("n{i}"), 0, 1023)).collect();
        check(
            &wide,
            "parameters: have more than 2^64 combinations, too many for brute-force; use sobol",
        );
    }
}
