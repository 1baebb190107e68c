//! The question that a search algorithm answers: space, objectives, algorithm, seed.

use proto::FieldError;
use proto::kinds::ExperimentSpec;

use crate::objective::Objective;
use crate::registry::{self, Algorithm};
use crate::seed::Seed;
use crate::settings::Settings;
use crate::space::Space;
use crate::suggester::Suggester;

/// The algorithm of a manifest that names none.
const DEFAULT: &str = "auto";

/// What is searched for, and how.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where to search.
    pub space: Space,
    /// What is wanted; at least one, the first is the one that curves report.
    pub objectives: Vec<Objective>,
    /// How to search.
    pub algorithm: &'static Algorithm,
    /// The algorithm's checked settings.
    pub settings: Settings,
    /// Where all randomness comes from: `random_state` where it is set.
    pub seed: Seed,
}

impl Problem {
    /// Parses a manifest's spec; answers every fault at once, with paths below `spec`.
    ///
    /// `seed` is used unless the settings have a `random_state`.
    pub fn parse(spec: &ExperimentSpec, seed: Seed) -> Result<Problem, Vec<FieldError>> {
        let mut faults = Vec::new();
        let objective = match &spec.objective {
            None => Err(vec![FieldError::new("objective", "must be specified")]),
            Some(objective) => {
                let under = |faults: Vec<FieldError>| below("objective", faults);
                Objective::parse(objective).map_err(under)
            }
        };
        let objective = objective.map_err(|more| faults.extend(more)).ok();
        let search = search(spec).map_err(|more| faults.extend(more)).ok();
        match (objective, search) {
            (Some(objective), Some((space, algorithm, settings))) => {
                let seed = settings.whole("random_state").map_or(seed, Seed);
                Ok(Problem { space, objectives: vec![objective], algorithm, settings, seed })
            }
            _ => Err(faults),
        }
    }

    /// Every fault of parameters, algorithm name and settings, and whether they fit each other,
    /// with paths below `spec`; empty when the space can be searched. The objective is not looked
    /// at.
    pub fn check(spec: &ExperimentSpec) -> Vec<FieldError> {
        search(spec).err().unwrap_or_default()
    }

    /// The algorithm, ready to be asked.
    pub(crate) fn suggester(&self) -> Box<dyn Suggester> {
        (self.algorithm.make)(&self.space, &self.settings, self.seed)
    }
}

/// Where and how to search.
fn search(spec: &ExperimentSpec) -> Result<(Space, &'static Algorithm, Settings), Vec<FieldError>> {
    let mut faults = Vec::new();
    if spec.parameters.is_empty() {
        faults.push(FieldError::new("parameters", "must have at least one parameter"));
    }
    let space = Space::parse(&spec.parameters).map_err(|more| faults.extend(more)).ok();
    let how = algorithm(spec).map_err(|more| faults.extend(below("algorithm", more))).ok();
    let (Some(space), Some((algorithm, settings)), true) = (space, how, faults.is_empty()) else {
        return Err(faults);
    };
    let trials_max = spec.max_trial_count.and_then(|count| u64::try_from(count).ok());
    let faults = (algorithm.check)(&space, &settings, trials_max);
    if faults.is_empty() { Ok((space, algorithm, settings)) } else { Err(faults) }
}

/// The algorithm and its settings; paths of faults are below `algorithm`.
fn algorithm(spec: &ExperimentSpec) -> Result<(&'static Algorithm, Settings), Vec<FieldError>> {
    let spec = spec.algorithm.clone().unwrap_or_default();
    let name = Some(spec.algorithm_name.as_str()).filter(|name| !name.is_empty());
    let name = name.unwrap_or(DEFAULT);
    let Some(algorithm) = registry::find(name) else {
        let known: Vec<_> = registry::algorithms().iter().map(|known| known.name).collect();
        let text = format!("unknown algorithm name {name}; there are: {}", known.join(", "));
        return Err(vec![FieldError::new("algorithmName", text)]);
    };
    let settings = Settings::parse(algorithm.name, algorithm.settings, &spec.algorithm_settings)?;
    Ok((algorithm, settings))
}

fn below(parent: &str, faults: Vec<FieldError>) -> Vec<FieldError> {
    faults.into_iter().map(|fault| fault.under(parent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{experiment, int, real};

    fn check(spec: &ExperimentSpec, want: &[&str]) {
        let faults = Problem::parse(spec, Seed(1)).err().unwrap_or_default();
        let got: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn faults_of_all_parts_come_at_once() {
        let mut spec = experiment("tpe", &[("gamma", "2"), ("depth", "1")], &[real("x", 1.0, 0.0)]);
        spec.objective = None;
        check(
            &spec,
            &[
                "objective: must be specified",
                r#"parameters[0].feasibleSpace.min: must not be above max, got min "1" and max "0""#,
                "algorithm.algorithmSettings[0].value: gamma should be in the range of (0, 1)",
                "algorithm.algorithmSettings[1].name: unknown setting depth for algorithm tpe",
            ],
        );
        assert_eq!(Problem::check(&spec).len(), 3);
    }

    #[test]
    fn algorithms_are_found_by_name() {
        check(
            &experiment("hyper", &[], &[int("x", 0, 1)]),
            &["algorithm.algorithmName: unknown algorithm name hyper; \
               there are: auto, tpe, random, sobol, grid"],
        );
        check(&experiment("random", &[], &[]), &["parameters: must have at least one parameter"]);
        let mut spec = experiment("", &[], &[int("x", 0, 1)]);
        assert_eq!(Problem::parse(&spec, Seed(1)).unwrap().algorithm.name, "auto");
        spec.algorithm = None;
        assert_eq!(Problem::parse(&spec, Seed(1)).unwrap().algorithm.name, "auto");
    }

    #[test]
    fn random_state_is_the_seed() {
        let seed = |settings: &[(&str, &str)]| {
            let spec = experiment("random", settings, &[int("x", 0, 1)]);
            Problem::parse(&spec, Seed(1)).unwrap().seed
        };
        assert_eq!(seed(&[]), Seed(1));
        assert_eq!(seed(&[("random_state", "42")]), Seed(42));
    }
}
