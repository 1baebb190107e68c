//! The question that a search algorithm answers: space, objectives, algorithm, seed.

use proto::FieldError;
use proto::kinds::{ExperimentSpec, ParameterAssignment};

use crate::nas;
use crate::objective::{Constraint, Objective};
use crate::registry::{self, Algorithm, Draft};
use crate::resource::{self, Resource};
use crate::seed::Seed;
use crate::settings::Settings;
use crate::space::{Point, Space};
use crate::suggester::Suggester;

/// The algorithm of a manifest that names none.
const DEFAULT: &str = "auto";

/// What is searched for, and how.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where to search; without the resource, if there is one.
    pub space: Space,
    /// The parameter whose value the algorithm decides for each trial, where it does.
    pub resource: Option<Resource>,
    /// What is wanted; at least one, the first is the one that curves report.
    pub objectives: Vec<Objective>,
    /// What a trial must keep to count as feasible.
    pub constraints: Vec<Constraint>,
    /// What is tried first.
    pub initial: Vec<Point>,
    /// How many trials there may be, where there is a bound.
    pub trials_max: Option<u64>,
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
        let objectives = objectives(spec).map_err(|more| faults.extend(more)).ok();
        let constraints = constraints(spec).map_err(|more| faults.extend(more)).ok();
        let search = search(spec).map_err(|more| faults.extend(more)).ok();
        let (Some(objectives), Some(constraints), Some(search)) = (objectives, constraints, search)
        else {
            return Err(faults);
        };
        let Search { space, resource, initial, algorithm, settings } = search;
        let seed = settings.whole("random_state").map_or(seed, Seed);
        let trials_max = trials_max(spec);
        Ok(Problem {
            space,
            resource,
            objectives,
            constraints,
            initial,
            trials_max,
            algorithm,
            settings,
            seed,
        })
    }

    /// Every fault of parameters, algorithm name and settings, and whether they fit each other,
    /// with paths below `spec`; empty when the space can be searched. Objectives and constraints
    /// are not looked at.
    pub fn check(spec: &ExperimentSpec) -> Vec<FieldError> {
        search(spec).err().unwrap_or_default()
    }

    /// The algorithm, ready to be asked.
    pub(crate) fn suggester(&self) -> Box<dyn Suggester> {
        (self.algorithm.make)(self)
    }
}

/// `spec.objective`, or all of `spec.objectives`.
fn objectives(spec: &ExperimentSpec) -> Result<Vec<Objective>, Vec<FieldError>> {
    if spec.objectives.is_empty() {
        let Some(objective) = &spec.objective else {
            return Err(vec![FieldError::new("objective", "must be specified")]);
        };
        return Ok(vec![Objective::parse(objective).map_err(|it| below("objective", it))?]);
    }
    let mut faults = Vec::new();
    if spec.objective.is_some() {
        let why = "stands in place of objective; leave that one out";
        faults.push(FieldError::new("objectives", why));
    }
    let mut read: Vec<Objective> = Vec::new();
    for (i, objective) in spec.objectives.iter().enumerate() {
        let at = format!("objectives[{i}]");
        match Objective::parse(objective) {
            Ok(it) if read.iter().any(|known| known.metric == it.metric) => {
                let why = format!("\"{}\" is the metric of another objective too", it.metric);
                faults.push(FieldError::new(format!("{at}.objectiveMetricName"), why));
            }
            Ok(it) => read.push(it),
            Err(more) => faults.extend(below(&at, more)),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// `spec.constraints`.
fn constraints(spec: &ExperimentSpec) -> Result<Vec<Constraint>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for (i, constraint) in spec.constraints.iter().enumerate() {
        match Constraint::parse(constraint) {
            Ok(it) => read.push(it),
            Err(more) => faults.extend(below(&format!("constraints[{i}]"), more)),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// `spec.initialPoints`.
fn initial(
    spec: &ExperimentSpec,
    space: &Space,
    resource: Option<&Resource>,
) -> Result<Vec<Point>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for (i, values) in spec.initial_points.iter().enumerate() {
        let assignment = |(name, value): (&String, &String)| ParameterAssignment {
            name: name.clone(),
            value: value.clone(),
        };
        let mut known = space.assigned();
        // It may be given, and is decided all the same.
        known.extend(resource.map(Resource::name));
        for name in values.keys().filter(|name| !known.contains(&name.as_str())) {
            let why = format!("there is no parameter \"{name}\"");
            faults.push(FieldError::new(format!("initialPoints[{i}].{name}"), why));
        }
        match space.point_of(&values.iter().map(assignment).collect::<Vec<_>>()) {
            Some(point) => read.push(point),
            None => {
                let why = "needs a value of its feasible space for each parameter";
                faults.push(FieldError::new(format!("initialPoints[{i}]"), why));
            }
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// How many trials there may be.
fn trials_max(spec: &ExperimentSpec) -> Option<u64> {
    spec.max_trial_count.and_then(|count| u64::try_from(count).ok())
}

/// Where and how to search.
struct Search {
    space: Space,
    resource: Option<Resource>,
    initial: Vec<Point>,
    algorithm: &'static Algorithm,
    settings: Settings,
}

/// Where and how to search.
fn search(spec: &ExperimentSpec) -> Result<Search, Vec<FieldError>> {
    let mut faults = Vec::new();
    let how = algorithm(spec);
    let settings = how.as_ref().map(|(_, settings)| settings.clone()).unwrap_or_default();
    let space = space(spec, &settings).map_err(|more| faults.extend(more)).ok();
    let how = how.map_err(|more| faults.extend(below("algorithm", more))).ok();
    let (space, resource) = match space.map(|space| resource::parted(spec, &settings, space)) {
        Some(Ok((space, resource))) => (Some(space), resource),
        Some(Err(more)) => {
            faults.extend(more);
            (None, None)
        }
        None => (None, None),
    };
    let points = |space: &Space| {
        initial(spec, space, resource.as_ref()).map_err(|more| faults.extend(more)).ok()
    };
    let initial = space.as_ref().and_then(points).unwrap_or_default();
    let (Some(space), Some((algorithm, settings)), true) = (space, how, faults.is_empty()) else {
        return Err(faults);
    };
    let (trials_max, objectives) = (trials_max(spec), spec.objectives.len().max(1));
    let resource_of = resource.as_ref();
    let draft =
        Draft { space: &space, settings: &settings, trials_max, objectives, resource: resource_of };
    let faults = (algorithm.check)(&draft);
    if faults.is_empty() {
        Ok(Search { space, resource, initial, algorithm, settings })
    } else {
        Err(faults)
    }
}

/// The space of `spec.parameters`, or that of `spec.nasConfig`.
fn space(spec: &ExperimentSpec, settings: &Settings) -> Result<Space, Vec<FieldError>> {
    let name = spec.algorithm.as_ref().map_or("", |it| it.algorithm_name.as_str());
    let fault = |path, why: &str| Err(vec![FieldError::new(path, why)]);
    match nas::space(spec, name, settings) {
        None if spec.parameters.is_empty() => {
            fault("parameters", "must have at least one parameter")
        }
        None => Space::parse(spec),
        Some(_) if !spec.parameters.is_empty() => {
            fault("nasConfig", "stands in place of parameters; leave one of the two out")
        }
        Some(_) if !spec.forbidden.is_empty() => {
            fault("forbidden", "names parameters, and an architecture has none; leave it out")
        }
        Some(space) => space,
    }
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
    use crate::fixture::{experiment, int, network, real, search};

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
        let names: Vec<_> = registry::algorithms().iter().map(|known| known.name).collect();
        let text = format!(
            "algorithm.algorithmName: unknown algorithm name hyper; there are: {}",
            names.join(", ")
        );
        check(&experiment("hyper", &[], &[int("x", 0, 1)]), &[&text]);
        check(&experiment("random", &[], &[]), &["parameters: must have at least one parameter"]);
        let mut spec = experiment("", &[], &[int("x", 0, 1)]);
        assert_eq!(Problem::parse(&spec, Seed(1)).unwrap().algorithm.name, "auto");
        spec.algorithm = None;
        assert_eq!(Problem::parse(&spec, Seed(1)).unwrap().algorithm.name, "auto");
    }

    #[test]
    fn networks_stand_in_place_of_parameters() {
        let mut spec = search("random", &[], network(2));
        check(&spec, &[]);
        spec.forbidden = vec![[("layer 0".to_owned(), "1".to_owned())].into()];
        check(&spec, &["forbidden: names parameters, and an architecture has none; leave it out"]);
        spec.forbidden.clear();
        let initial = |text: &str| vec![[("architecture".to_owned(), text.to_owned())].into()];
        spec.initial_points = initial("[[2], [0, 1]]");
        let point = |spec| Problem::parse(spec, Seed(1)).unwrap().initial[0].key();
        assert_eq!(point(&spec), [2, 0, 1]);
        spec.initial_points = initial("[[2]]");
        check(&spec, &["initialPoints[0]: needs a value of its feasible space for each parameter"]);
        spec.parameters = vec![int("x", 0, 1)];
        check(&spec, &["nasConfig: stands in place of parameters; leave one of the two out"]);
        for algorithm in ["enas", "darts"] {
            let want = format!("nasConfig: {algorithm} needs one, in place of parameters");
            check(&experiment(algorithm, &[], &[int("x", 0, 1)]), &[&want]);
        }
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
