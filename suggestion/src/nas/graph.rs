//! `spec.nasConfig`, checked and read: how many layers, and what each of them may do.
//!
//! The faults that Katib's services tell have their texts, every one at once, with paths below
//! `nasConfig`.

use proto::FieldError;
use proto::kinds::{ExperimentSpec, FeasibleSpace, NasConfig, Operation, ParameterSpec};

use crate::grid::Lattice;
use crate::space::{Coordinate, Point, Space};

/// More layers than this have more connections (2,016) than a search can learn anything of.
const LAYERS_MAX: usize = 64;

/// More operations than this are surely a slip in a range.
const OPERATIONS_MAX: u64 = 10_000;

/// A network to be found: layers in a row, each with an operation of its own, each with the
/// outputs of any earlier layers beside that of the layer before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Network {
    pub(crate) layers: usize,
    pub(super) input_sizes: Vec<i32>,
    pub(super) output_sizes: Vec<i32>,
    /// What a layer may do, each of the manifest's operations with each of its parameters' values.
    pub(super) operations: Vec<Choice>,
}

/// An operation with values for its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) kind: String,
    pub(super) values: Vec<(String, Value)>,
}

/// A value of an operation's parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// From a list.
    Text(String),
    /// As JSON writes it.
    Number(String),
}

impl Network {
    /// Reads a `nasConfig`.
    pub(super) fn parse(config: &NasConfig) -> Result<Network, Vec<FieldError>> {
        let mut faults = Vec::new();
        let graph = config.graph_config.clone().unwrap_or_default();
        for (name, what, sizes) in [
            ("inputSizes", "InputSizes", &graph.input_sizes),
            ("outputSizes", "OutputSizes", &graph.output_sizes),
        ] {
            if sizes.is_empty() {
                let why = format!("Missing {what} in GraphConfig");
                faults.push(FieldError::new(format!("graphConfig.{name}"), why));
            }
        }
        let layers = layers(config).map_err(|fault| faults.push(fault)).unwrap_or_default();
        if LAYERS_MAX < layers {
            let why = format!("must be at most {LAYERS_MAX}, got {layers}");
            faults.push(FieldError::new("graphConfig.numLayers", why));
        }
        let operations = operations(config).map_err(|more| faults.extend(more)).ok();
        match operations {
            Some(operations) if faults.is_empty() => Ok(Network {
                layers,
                input_sizes: graph.input_sizes,
                output_sizes: graph.output_sizes,
                operations,
            }),
            _ => Err(faults),
        }
    }

    /// How many operations a layer may choose from.
    pub(crate) fn choices(&self) -> usize {
        self.operations.len()
    }

    /// The axes of the space, layer by layer: its operation, then for each earlier layer whether
    /// it is connected. So the levels of a point are the numbers of an architecture, row by row.
    pub(super) fn parameters(&self) -> Vec<ParameterSpec> {
        let parameter = |name: String, levels: usize| {
            let list = (0..levels).map(|level| level.to_string()).collect();
            ParameterSpec {
                name,
                parameter_type: "categorical".into(),
                feasible_space: Some(FeasibleSpace { list, ..Default::default() }),
                ..Default::default()
            }
        };
        let layer = |i: usize| {
            let skips = (0..i).map(move |j| parameter(format!("layer {i} after {j}"), 2));
            std::iter::once(parameter(format!("layer {i}"), self.choices())).chain(skips)
        };
        (0..self.layers).flat_map(layer).collect()
    }

    /// The rows of a point's architecture.
    pub(crate) fn rows(&self, point: &Point) -> Vec<Vec<usize>> {
        let number = |coordinate: &Coordinate| match coordinate {
            Coordinate::Level(level) => usize::try_from(*level).unwrap_or(0),
            _ => 0,
        };
        let mut numbers = point.0.iter().map(number);
        (0..self.layers).map(|i| numbers.by_ref().take(i + 1).collect()).collect()
    }

    /// The point of an architecture; none where it is not of this network.
    pub(crate) fn point(&self, rows: &[Vec<usize>]) -> Option<Point> {
        let fits = |(i, row): (usize, &Vec<usize>)| {
            row.len() == i + 1 && row[0] < self.choices() && row[1..].iter().all(|skip| *skip < 2)
        };
        let fits = rows.len() == self.layers && rows.iter().enumerate().all(fits);
        let levels = rows.iter().flatten().map(|number| Coordinate::Level(*number as u64));
        fits.then(|| Point(levels.collect()))
    }
}

/// `graphConfig.numLayers`.
pub(super) fn layers(config: &NasConfig) -> Result<usize, FieldError> {
    let count = config.graph_config.as_ref().and_then(|graph| graph.num_layers).unwrap_or(0);
    let fault = match count {
        1.. => return Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        0 => "Missing NumLayers in GraphConfig".to_owned(),
        _ => format!("must be at least 1, got {count}"),
    };
    Err(FieldError::new("graphConfig.numLayers", fault))
}

/// `operations`, each with each combination of its parameters' values, the last of which changes
/// fastest.
fn operations(config: &NasConfig) -> Result<Vec<Choice>, Vec<FieldError>> {
    let mut choices = Vec::new();
    for (operation, space) in checked(config)? {
        let lattice = Lattice::new(&space, None).filter(|it| it.total <= OPERATIONS_MAX);
        let left = OPERATIONS_MAX - choices.len() as u64;
        let Some(lattice) = lattice.filter(|it| it.total <= left) else {
            let why = format!(
                "stand for more than {OPERATIONS_MAX} operations with all values of their \
                 parameters; narrow the ranges"
            );
            return Err(vec![FieldError::new("operations", why)]);
        };
        let choice = |rank| Choice {
            kind: operation.operation_type.clone(),
            values: values(&operation.parameters, &space, &lattice.nth(&space, rank)),
        };
        choices.extend((0..lattice.total).map(choice));
    }
    Ok(choices)
}

/// The operations with the spaces of their parameters.
pub(super) fn checked(config: &NasConfig) -> Result<Vec<(&Operation, Space)>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut read = Vec::new();
    if config.operations.is_empty() {
        faults.push(FieldError::new("operations", "must have at least one operation"));
    }
    for (i, operation) in config.operations.iter().enumerate() {
        match parameters(operation) {
            Ok(space) => read.push((operation, space)),
            Err(more) => {
                faults.extend(more.into_iter().map(|it| it.under(&format!("operations[{i}]"))));
            }
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// The space of an operation's parameters; first what Katib asks of them, then what every
/// parameter must keep.
fn parameters(operation: &Operation) -> Result<Space, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut told = |path: &str, why: &str| faults.push(FieldError::new(path, why));
    if operation.operation_type.is_empty() {
        told("operationType", "Missing operationType in Operation");
    }
    if operation.parameters.is_empty() {
        told("parameters", "Missing ParameterConfigs in Operation");
    }
    for (j, parameter) in operation.parameters.iter().enumerate() {
        if let Some((field, why)) = missing(parameter) {
            told(&format!("parameters[{j}]{field}"), &why);
        }
        if parameter.when.is_some() || parameter.prior.is_some() {
            told(&format!("parameters[{j}]"), "the parameters of operations have no when or prior");
        }
    }
    let names = operation.parameters.iter().map(|it| &it.name);
    let spaces = operation.parameters.iter().filter_map(|it| it.feasible_space.as_ref());
    let texts = names.chain(spaces.flat_map(|it| &it.list)).chain([&operation.operation_type]);
    for text in texts.filter(|text| text.contains(['"', '\''])) {
        let why =
            format!("trials receive names and values between quotes, got {text}: leave those out");
        told("", &why);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let parameters = operation.parameters.clone();
    Space::parse(&ExperimentSpec { parameters, ..Default::default() })
}

/// What Katib finds missing in a parameter of an operation: the field and the text.
fn missing(parameter: &ParameterSpec) -> Option<(&'static str, String)> {
    let feasible = parameter.feasible_space.clone().unwrap_or_default();
    let (field, why) = match parameter.parameter_type.as_str() {
        _ if parameter.name.is_empty() => (".name", "Missing Name in ParameterConfig"),
        "" | "unknown" => (".parameterType", "Missing ParameterType in ParameterConfig"),
        "categorical" | "discrete" if feasible.list.is_empty() => {
            (".feasibleSpace.list", "Missing List in ParameterConfig.feasibleSpace")
        }
        "int" | "double" if feasible.min.is_empty() && feasible.max.is_empty() => {
            (".feasibleSpace", "Missing Max and Min in ParameterConfig.feasibleSpace")
        }
        "double" => match feasible.step.trim().parse::<f64>() {
            Ok(step) if 0.0 < step => return None,
            Err(why) if !feasible.step.is_empty() => {
                let text = format!(
                    "failed to validate ParameterConfig.feasibleSpace: step \"{}\": {why}",
                    feasible.step
                );
                return Some((".feasibleSpace.step", text));
            }
            _ => (
                ".feasibleSpace.step",
                "Step parameter should be > 0 in ParameterConfig.feasibleSpace",
            ),
        },
        _ => return None,
    };
    Some((field, why.to_owned()))
}

/// The values of an operation's parameters at a point of their space.
fn values(specs: &[ParameterSpec], space: &Space, point: &Point) -> Vec<(String, Value)> {
    let value = |(spec, it): (&ParameterSpec, proto::kinds::ParameterAssignment)| {
        let value = match spec.parameter_type.as_str() {
            "int" => Value::Number(it.value),
            // Katib's programs read a double as one, whole or not.
            "double" if !it.value.contains(['.', 'e']) => Value::Number(it.value + ".0"),
            "double" => Value::Number(it.value),
            _ => Value::Text(it.value),
        };
        (it.name, value)
    };
    specs.iter().zip(space.assignments(point)).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{int, names, network, real, stepped};

    fn check(config: &NasConfig, want: &[&str]) {
        let faults = Network::parse(config).err().unwrap_or_default();
        let got: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn operations_are_counted_as_katib_counts_them() {
        let mut config = network(2);
        config.operations[0].parameters = vec![names("a", 2), int("b", 3, 4)];
        config.operations[1].parameters = vec![stepped("c", "0.5", "1.2", "0.5")];
        let got = Network::parse(&config).unwrap().operations;
        let of = |kind: &str, values: &[(&str, Value)]| Choice {
            kind: kind.into(),
            values: values.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect(),
        };
        let (text, number) =
            (|it: &str| Value::Text(it.into()), |it: &str| Value::Number(it.into()));
        let want = [
            of("convolution", &[("a", text("c0")), ("b", number("3"))]),
            of("convolution", &[("a", text("c0")), ("b", number("4"))]),
            of("convolution", &[("a", text("c1")), ("b", number("3"))]),
            of("convolution", &[("a", text("c1")), ("b", number("4"))]),
            of("reduction", &[("c", number("0.5"))]),
            of("reduction", &[("c", number("1.0"))]),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn faults_come_all_at_once_in_katibs_words() {
        check(
            &NasConfig::default(),
            &[
                "graphConfig.inputSizes: Missing InputSizes in GraphConfig",
                "graphConfig.outputSizes: Missing OutputSizes in GraphConfig",
                "graphConfig.numLayers: Missing NumLayers in GraphConfig",
                "operations: must have at least one operation",
            ],
        );
        let mut config = network(65);
        let mut bad = real("", 0.0, 1.0);
        let mut typeless = int("t", 0, 1);
        typeless.parameter_type.clear();
        let mut unbounded = int("u", 0, 1);
        unbounded.feasible_space = None;
        let open = stepped("o", "0", "1", "x");
        config.operations[0].parameters =
            vec![bad.clone(), typeless, names("n", 0), unbounded, open];
        bad.name = "step".into();
        config.operations[1] =
            Operation { parameters: vec![bad, int("x", 1, 0)], ..Default::default() };
        config.operations.push(Operation { operation_type: "it's".into(), ..Default::default() });
        check(
            &config,
            &[
                "graphConfig.numLayers: must be at most 64, got 65",
                "operations[0].parameters[0].name: Missing Name in ParameterConfig",
                "operations[0].parameters[1].parameterType: Missing ParameterType in ParameterConfig",
                "operations[0].parameters[2].feasibleSpace.list: Missing List in \
                 ParameterConfig.feasibleSpace",
                "operations[0].parameters[3].feasibleSpace: Missing Max and Min in \
                 ParameterConfig.feasibleSpace",
                "operations[0].parameters[4].feasibleSpace.step: failed to validate \
                 ParameterConfig.feasibleSpace: step \"x\": invalid float literal",
                "operations[1].operationType: Missing operationType in Operation",
                "operations[1].parameters[0].feasibleSpace.step: Step parameter should be > 0 in \
                 ParameterConfig.feasibleSpace",
                "operations[2].parameters: Missing ParameterConfigs in Operation",
                "operations[2]: trials receive names and values between quotes, got it's: leave \
                 those out",
            ],
        );
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let mut config = network(1);
        config.operations[0].parameters = vec![int("a", 1, 0)];
        check(
            &config,
            &[
                "operations[0].parameters[0].feasibleSpace.min: must not be above max, got min \"1\" \
               and max \"0\"",
            ],
        );
        config.operations[0].parameters = vec![int("a", 0, 9_999)];
        check(
            &config,
            &["operations: stand for more than 10000 operations with all values of their \
               parameters; narrow the ranges"],
        );
    }

    #[test]
    fn points_are_architectures() {
        let network = Network::parse(&network(3)).unwrap();
        let rows = vec![vec![2], vec![0, 1], vec![1, 0, 1]];
        let point = network.point(&rows).unwrap();
        assert_eq!(point.key(), [2, 0, 1, 1, 0, 1]);
        assert_eq!(network.rows(&point), rows);
        for bad in [
            vec![vec![0], vec![0, 1]],
            vec![vec![9], vec![0, 1], vec![1, 0, 1]],
            vec![vec![0], vec![0, 2], vec![1, 0, 1]],
            vec![vec![0], vec![0], vec![1, 0, 1]],
        ] {
            assert_eq!(network.point(&bad), None, "{bad:?}");
        }
    }
}
