//! What a trial may spend more or less of (epochs, rows, trees): the parameter whose value the
//! algorithm decides for each trial, in place of searching it.
//!
//! It is no axis of the space: the same point at two resources is one configuration, seen twice.

use proto::FieldError;
use proto::kinds::{ExperimentSpec, ParameterAssignment, ParameterSpec};

use crate::settings::Settings;
use crate::space::Space;

/// The setting that names the parameter.
pub(crate) const RESOURCE_NAME: &str = "resource_name";

/// Most characters of a label's value.
const LABEL_CHARS_MAX: usize = 63;

/// The parameter, and what its manifest says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    name: String,
    /// Which parameter of the manifest it is.
    place: usize,
    /// Whether it comes in whole numbers only.
    whole: bool,
    min: f64,
    max: f64,
}

impl Resource {
    /// Name of the parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The least that a trial may spend.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The most that a trial may spend, in the words of its manifest.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// An amount as it can be spent, and its text: whole where it must be.
    pub(crate) fn amount(&self, wanted: f64) -> (f64, String) {
        // What three thirds come to by arithmetic is one.
        let amount = if self.whole { (wanted + 1e-9).floor() } else { wanted };
        (amount, format!("{amount}"))
    }

    /// The amount among some values.
    pub(crate) fn read(&self, assignments: &[ParameterAssignment]) -> Option<f64> {
        let own = assignments.iter().find(|it| it.name == self.name)?;
        own.value.trim().parse().ok().filter(|it: &f64| it.is_finite())
    }

    /// Puts the amount among some values, in its place of the manifest.
    pub(crate) fn assign(&self, assignments: &mut Vec<ParameterAssignment>, value: String) {
        let place = self.place.min(assignments.len());
        assignments.insert(place, ParameterAssignment { name: self.name.clone(), value });
    }
}

/// An amount as a label may hold it.
pub(crate) fn label(amount: f64) -> String {
    let text = amount.to_string();
    if text.len() <= LABEL_CHARS_MAX { text } else { format!("{amount:e}") }
}

/// Parts the resource that the settings name from the rest of the space; `whole` is all of it.
///
/// Errors, with paths below `spec`: no parameter has that name, it is no number, something stands
/// on it, or nothing is left to search.
pub(crate) fn parted(
    spec: &ExperimentSpec,
    settings: &Settings,
    whole: Space,
) -> Result<(Space, Option<Resource>), Vec<FieldError>> {
    let Some(name) = settings.word(RESOURCE_NAME) else { return Ok((whole, None)) };
    let fault = |path: String, text: String| vec![FieldError::new(path, text)];
    let Some(place) = spec.parameters.iter().position(|it| it.name == name) else {
        let text = "value of resource_name setting must be in parameters.";
        return Err(fault("algorithm.algorithmSettings".into(), text.into()));
    };
    let resource = read(&spec.parameters[place], place)
        .map_err(|it| vec![it.under(&format!("parameters[{place}]"))])?;
    let stands = |path: String| {
        let text = format!(
            "\"{name}\" is decided by the algorithm for each trial, so nothing can stand on it"
        );
        fault(path, text)
    };
    for (i, other) in spec.parameters.iter().enumerate() {
        if other.when.as_ref().is_some_and(|it| it.parameter == name) {
            return Err(stands(format!("parameters[{i}].when.parameter")));
        }
    }
    if let Some(i) = spec.forbidden.iter().position(|it| it.contains_key(name)) {
        return Err(stands(format!("forbidden[{i}].{name}")));
    }
    let mut rest = spec.clone();
    rest.parameters.remove(place);
    if rest.parameters.is_empty() {
        let text = format!("must have at least one parameter beside the resource \"{name}\"");
        return Err(fault("parameters".into(), text));
    }
    Ok((Space::parse(&rest)?, Some(resource)))
}

fn read(spec: &ParameterSpec, place: usize) -> Result<Resource, FieldError> {
    let kind = spec.parameter_type.as_str();
    let feasible = spec.feasible_space.clone().unwrap_or_default();
    let texts = match kind {
        "int" | "double" => vec![feasible.min, feasible.max],
        "discrete" => feasible.list,
        _ => {
            let text = format!(
                "the resource \"{}\" is an amount: it must be int, double or discrete, got \
                 \"{kind}\"",
                spec.name
            );
            return Err(FieldError::new("parameterType", text));
        }
    };
    if spec.when.is_some() {
        let text = format!("the resource \"{}\" counts in every trial; leave it out", spec.name);
        return Err(FieldError::new("when", text));
    }
    let numbers: Vec<f64> = texts.iter().filter_map(|it| it.trim().parse().ok()).collect();
    let min = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let max = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if min <= 0.0 {
        let text = format!("the resource \"{}\" must be more than 0, got {min}", spec.name);
        return Err(FieldError::new("feasibleSpace.min", text));
    }
    let whole = kind == "int" || (kind == "discrete" && numbers.iter().all(|it| it.fract() == 0.0));
    Ok(Resource { name: spec.name.clone(), place, whole, min, max })
}
