//! A manifest's parameters, checked and read: every fault at once.

use std::collections::BTreeMap;

use proto::FieldError;
use proto::kinds::{ExperimentSpec, FeasibleSpace, ParameterSpec, Prior, When};

use super::belief::{self, Belief};
use super::condition::{self, Condition};
use super::decimal::Decimal;
use super::domain::{Domain, Reals, Steps};
use super::ruler::Ruler;
use super::{Coordinate, Form, Parameter, Space};

/// Reads `spec.parameters` and `spec.forbidden`; paths of faults begin with their names.
pub(super) fn space(spec: &ExperimentSpec) -> Result<Space, Vec<FieldError>> {
    let mut parameters = parameters(&spec.parameters)?;
    let mut faults = Vec::new();
    for (i, one) in spec.parameters.iter().enumerate() {
        let at = format!("parameters[{i}]");
        let mut told = |fault: FieldError| faults.push(fault.under(&at));
        if let Some(it) = &one.when {
            parameters[i].condition = when(it, &parameters).map_err(&mut told).ok();
        }
        if let Some(it) = &one.prior {
            parameters[i].belief = prior(it, &parameters[i].domain).map_err(&mut told).ok();
        }
    }
    let conditions: Vec<_> = parameters.iter().map(|it| it.condition.clone()).collect();
    let conditional = condition::order(&conditions).unwrap_or_else(|i| {
        let at = format!("parameters[{i}].when.parameter");
        faults.push(FieldError::new(at, "depends on itself, by way of what it names"));
        Vec::new()
    });
    let forbidden = forbidden(&spec.forbidden, &parameters, &mut faults);
    let space = Space { parameters, conditional, forbidden, form: Form::Values };
    if faults.is_empty() { Ok(space) } else { Err(faults) }
}

/// The parameters without what relates them to each other.
fn parameters(specs: &[ParameterSpec]) -> Result<Vec<Parameter>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parameters = Vec::new();
    for (i, spec) in specs.iter().enumerate() {
        let at = format!("parameters[{i}]");
        if spec.name.is_empty() {
            faults.push(FieldError::new(format!("{at}.name"), "must be specified"));
        } else if let Some(first) = seen.insert(&spec.name, i) {
            let text = format!("\"{}\" is also the name of parameters[{first}]", spec.name);
            faults.push(FieldError::new(format!("{at}.name"), text));
        }
        match domain(spec) {
            Ok(domain) => {
                let axis = domain.axis();
                let name = spec.name.clone();
                parameters.push(Parameter { name, domain, axis, condition: None, belief: None });
            }
            Err(more) => faults.extend(more.into_iter().map(|fault| fault.under(&at))),
        }
    }
    if faults.is_empty() { Ok(parameters) } else { Err(faults) }
}

/// Reads `when`; the path of a fault is below the parameter.
fn when(it: &When, parameters: &[Parameter]) -> Result<Condition, FieldError> {
    let known = parameters.iter().position(|parameter| parameter.name == it.parameter);
    let Some(parent) = known else {
        let why = format!("there is no parameter \"{}\"", it.parameter);
        return Err(FieldError::new("when.parameter", why));
    };
    if parameters[parent].axis.levels.is_none() {
        let why = format!(
            "\"{}\" has no values that can be listed; it needs a step, or to be an int, discrete \
             or categorical parameter",
            it.parameter
        );
        return Err(FieldError::new("when.parameter", why));
    }
    if it.values.is_empty() {
        return Err(FieldError::new("when.in", "must have at least one value"));
    }
    let mut levels = Vec::new();
    for (i, text) in it.values.iter().enumerate() {
        let Some(Coordinate::Level(level)) = parameters[parent].domain.coordinate_of(text) else {
            let why = format!("\"{}\" has no value \"{text}\"", it.parameter);
            return Err(FieldError::new(format!("when.in[{i}]"), why));
        };
        levels.push(level);
    }
    levels.sort_unstable();
    levels.dedup();
    Ok(Condition { parent, levels })
}

/// Reads `prior`; the path of a fault is below the parameter.
fn prior(it: &Prior, domain: &Domain) -> Result<Belief, FieldError> {
    let Some(coordinate) = domain.coordinate_of(&it.value) else {
        let why = format!("must be a value of the parameter, got \"{}\"", it.value);
        return Err(FieldError::new("prior.value", why));
    };
    let Some(width) = Belief::width(&it.confidence) else {
        let why = format!("must be low, medium or high, got \"{}\"", it.confidence);
        return Err(FieldError::new("prior.confidence", why));
    };
    Ok(Belief { center: belief::center(domain, coordinate), width })
}

/// Reads `spec.forbidden`.
fn forbidden(
    all: &[BTreeMap<String, String>],
    parameters: &[Parameter],
    faults: &mut Vec<FieldError>,
) -> Vec<Vec<(usize, Coordinate)>> {
    let mut read = Vec::new();
    for (i, combination) in all.iter().enumerate() {
        if combination.is_empty() {
            faults.push(FieldError::new(format!("forbidden[{i}]"), "forbids everything"));
        }
        let mut parts = Vec::new();
        for (name, text) in combination {
            let at = format!("forbidden[{i}].{name}");
            let Some(known) = parameters.iter().position(|it| it.name == *name) else {
                faults.push(FieldError::new(at, format!("there is no parameter \"{name}\"")));
                continue;
            };
            match parameters[known].domain.coordinate_of(text) {
                Some(coordinate) => parts.push((known, coordinate)),
                None => faults.push(FieldError::new(at, format!("has no value \"{text}\""))),
            }
        }
        read.push(parts);
    }
    read
}

fn domain(spec: &ParameterSpec) -> Result<Domain, Vec<FieldError>> {
    let whole = match spec.parameter_type.as_str() {
        "double" => Some(false),
        "int" => Some(true),
        "discrete" | "categorical" => None,
        other => {
            let text =
                format!("\"{other}\" is not supported; use double, int, discrete or categorical");
            return Err(vec![FieldError::new("parameterType", text)]);
        }
    };
    let Some(feasible) = &spec.feasible_space else {
        return Err(vec![FieldError::new("feasibleSpace", "must be specified")]);
    };
    let domain = match whole {
        Some(whole) => numeric(feasible, whole),
        None => listed(feasible, spec.parameter_type == "discrete"),
    };
    domain.map_err(|faults| faults.into_iter().map(|it| it.under("feasibleSpace")).collect())
}

/// Choices of a discrete (numbers) or categorical (names) parameter.
fn listed(feasible: &FeasibleSpace, numbers: bool) -> Result<Domain, Vec<FieldError>> {
    let mut faults = Vec::new();
    for (name, text) in [("min", &feasible.min), ("max", &feasible.max), ("step", &feasible.step)] {
        if !text.is_empty() {
            let why = format!("a parameter with a list has no {name}, got \"{text}\"");
            faults.push(FieldError::new(name, why));
        }
    }
    distribution(feasible, &mut faults);
    if feasible.list.is_empty() {
        faults.push(FieldError::new("list", "must have at least one choice"));
    }
    let mut choices: Vec<(f64, String)> = Vec::new();
    let mut known: BTreeMap<(u64, &str), usize> = BTreeMap::new();
    for (i, text) in feasible.list.iter().enumerate() {
        let at = format!("list[{i}]");
        let value = if numbers { text.trim().parse().unwrap_or(f64::NAN) } else { 0.0 };
        if !f64::is_finite(value) {
            let why = format!(
                "a discrete parameter needs numbers, got \"{text}\"; use categorical for names"
            );
            faults.push(FieldError::new(at, why));
            continue;
        }
        // + 0.0 makes −0 and 0 the same number.
        let key = if numbers { ((value + 0.0).to_bits(), "") } else { (0, text.as_str()) };
        if let Some(first) = known.insert(key, i) {
            let why = format!("\"{text}\" is the same choice as list[{first}]");
            faults.push(FieldError::new(at, why));
        }
        choices.push((value, text.clone()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if numbers {
        choices.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let (values, texts) = choices.into_iter().unzip();
    Ok(if numbers { Domain::Ordinal { texts, values } } else { Domain::Categorical { texts } })
}

/// Bounds of a double or int (`whole`) parameter.
fn numeric(feasible: &FeasibleSpace, whole: bool) -> Result<Domain, Vec<FieldError>> {
    let mut faults = Vec::new();
    if !feasible.list.is_empty() {
        let why = "a parameter with min and max has no list; use discrete or categorical";
        faults.push(FieldError::new("list", why));
    }
    let (log, normal) = distribution(feasible, &mut faults);
    let min = bound("min", &feasible.min, whole, log, &mut faults);
    let max = bound("max", &feasible.max, whole, false, &mut faults);
    let step = step(&feasible.step, &mut faults);
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        let why = format!(
            "must not be above max, got min \"{}\" and max \"{}\"",
            feasible.min, feasible.max
        );
        faults.push(FieldError::new("min", why));
    }
    let (Some(min), Some(max), true) = (min, max, faults.is_empty()) else { return Err(faults) };

    let one = Decimal { digits: 1, places: 0 };
    let step = match step {
        // A step below one would name whole numbers twice.
        Some(step) if whole && step.value() < 1.0 => Some(one),
        None if whole || min == max => Some(one),
        step => step,
    };
    let Some(step) = step else {
        return Ok(Domain::Real(Reals::new(min, max, log, normal)));
    };
    let steps = steps(feasible, step, whole).map_err(|fault| vec![fault])?;
    let ruler = (1 < steps.levels).then(|| {
        let last = steps.between(steps.levels - 1);
        let top = last + (last - steps.between(steps.levels - 2)) / 2.0;
        Ruler::new(log, normal, min, top.min(max)).widened(steps.between(1), last)
    });
    Ok(Domain::Steps(Steps { ruler, ..steps }))
}

/// The levels between the bounds, exactly.
fn steps(feasible: &FeasibleSpace, step: Decimal, whole: bool) -> Result<Steps, FieldError> {
    let exact = |name: &str, text: &str| {
        let why = format!("needs at most 30 places to have steps, got \"{text}\"");
        Decimal::parse(text).ok_or_else(|| FieldError::new(name, why))
    };
    let (min, max) = (exact("min", &feasible.min)?, exact("max", &feasible.max)?);
    let places = min.places.max(max.places).max(step.places);
    let levels = || {
        let (start, end, step) = (min.at(places)?, max.at(places)?, step.at(places)?);
        let levels = u64::try_from(end.checked_sub(start)? / step).ok()?.checked_add(1)?;
        Some(Steps { start, step, places, levels, whole, ruler: None })
    };
    levels()
        .ok_or_else(|| FieldError::new("step", "is too fine for these bounds; use a larger one"))
}

/// Whether logarithms and whether a normal distribution are asked for.
fn distribution(feasible: &FeasibleSpace, faults: &mut Vec<FieldError>) -> (bool, bool) {
    match feasible.distribution.as_str() {
        "" | "uniform" => (false, false),
        "logUniform" => (true, false),
        "normal" => (false, true),
        "logNormal" => (true, true),
        other => {
            let why = format!(
                "\"{other}\" is not supported; use uniform, logUniform, normal or logNormal"
            );
            faults.push(FieldError::new("distribution", why));
            (false, false)
        }
    }
}

fn bound(
    name: &str,
    text: &str,
    whole: bool,
    positive: bool,
    faults: &mut Vec<FieldError>,
) -> Option<f64> {
    let why = if text.is_empty() {
        "must be specified".to_owned()
    } else {
        match text.trim().parse::<f64>() {
            Ok(x) if !x.is_finite() => format!("must be finite, got \"{text}\""),
            Ok(_) if whole && Decimal::parse(text).and_then(Decimal::whole).is_none() => {
                format!("an int parameter needs a whole number, got \"{text}\"")
            }
            Ok(x) if positive && x <= 0.0 => {
                format!("a logarithmic distribution needs min > 0, got \"{text}\"")
            }
            Ok(x) => return Some(x),
            Err(_) => format!("needs a number, got \"{text}\""),
        }
    };
    faults.push(FieldError::new(name, why));
    None
}

fn step(text: &str, faults: &mut Vec<FieldError>) -> Option<Decimal> {
    if text.is_empty() {
        return None;
    }
    let step = Decimal::parse(text).filter(|step| 0 < step.digits);
    if step.is_none() {
        let why = format!("needs a number > 0 with at most 30 places, got \"{text}\"");
        faults.push(FieldError::new("step", why));
    }
    step
}
