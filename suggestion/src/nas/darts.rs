//! `darts`: each trial is a whole search, by gradients, and receives what to search over.
//!
//! Liu, Simonyan and Yang, *DARTS: Differentiable Architecture Search* (ICLR 2019). All of the
//! method runs within the trial; here its settings and its space are written down as Katib's trial
//! programs read them. Trials differ only by their own chance, so any number may be asked for.

use proto::FieldError;
use proto::kinds::{NasConfig, ParameterAssignment};

use super::graph::{checked, layers};
use super::text::{list, object, quoted};
use crate::registry::{Algorithm, Draft};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec, Settings};
use crate::space::{Coordinate, Form, Point};
use crate::suggester::{Asked, Proposal, Suggester, Turn};

const fn whole(
    name: &'static str,
    default: &'static str,
    (min, fault): (u64, &'static str),
    meaning: &'static str,
) -> SettingSpec {
    SettingSpec { name, default, range: Range::Whole { min, fault }, meaning }
}

const fn number(
    name: &'static str,
    default: &'static str,
    fault: &'static str,
    meaning: &'static str,
) -> SettingSpec {
    SettingSpec { name, default, range: Range::AtLeast { min: 0.0, fault }, meaning }
}

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "darts",
    about: "Hands a differentiable architecture search to each trial; for nasConfig only.",
    settings: &[
        whole(
            "num_epochs",
            "50",
            (1, "num_epochs should be greater than zero"),
            "Epochs of a trial's search.",
        ),
        number(
            "w_lr",
            "0.025",
            "w_lr should be greater than or equal to zero",
            "Learning rate of the weights, at first.",
        ),
        number(
            "w_lr_min",
            "0.001",
            "w_lr_min should be greater than or equal to zero",
            "Learning rate of the weights, at last.",
        ),
        number(
            "w_momentum",
            "0.9",
            "w_momentum should be greater than or equal to zero",
            "Momentum of the weights.",
        ),
        number(
            "w_weight_decay",
            "0.0003",
            "w_weight_decay should be greater than or equal to zero",
            "Weight decay of the weights.",
        ),
        number(
            "w_grad_clip",
            "5.0",
            "w_grad_clip should be greater than or equal to zero",
            "Largest norm of the weights' gradient.",
        ),
        number(
            "alpha_lr",
            "0.0003",
            "alpha_lr should be greater than or equal to zero",
            "Learning rate of the architecture.",
        ),
        number(
            "alpha_weight_decay",
            "0.001",
            "alpha_weight_decay should be greater than or equal to zero",
            "Weight decay of the architecture.",
        ),
        SettingSpec {
            name: "batch_size",
            default: "128",
            range: Range::OrNone(&Range::Whole {
                min: 1,
                fault: "batch_size should be greater than or equal to one",
            }),
            meaning: "Images in a batch.",
        },
        whole(
            "num_workers",
            "4",
            (0, "num_workers should be greater than or equal to zero"),
            "Processes that load images.",
        ),
        whole(
            "init_channels",
            "16",
            (1, "init_channels should be greater than or equal to one"),
            "Channels of the first cell.",
        ),
        whole(
            "print_step",
            "50",
            (1, "print_step should be greater than or equal to one"),
            "Steps between two lines of a trial's output.",
        ),
        whole(
            "num_nodes",
            "4",
            (1, "num_nodes should be greater than or equal to one"),
            "Nodes of a cell.",
        ),
        whole(
            "stem_multiplier",
            "3",
            (1, "stem_multiplier should be greater than or equal to one"),
            "Channels of the stem, in those of the first cell.",
        ),
        RANDOM_STATE,
    ],
    check,
    make: |_| Box::new(Darts),
};

fn check(draft: &Draft) -> Vec<FieldError> {
    if !matches!(draft.space.form(), Form::Constant(_)) {
        return vec![FieldError::new("nasConfig", "darts needs one, in place of parameters")];
    }
    let written = draft.settings.written().iter().enumerate();
    let quoted =
        written.filter(|(_, (name, value))| format!("{name}{value}").contains(['"', '\'']));
    let fault = |(i, (name, _)): (usize, &(String, String))| {
        let why = format!("trials receive settings between quotes; leave those of {name} out");
        FieldError::new(format!("algorithm.algorithmSettings[{i}]"), why)
    };
    quoted.map(fault).collect()
}

struct Darts;

impl Suggester for Darts {
    fn ask(&mut self, turn: &Turn, _: &mut Stream) -> Asked {
        let point = turn.space.settled(Point(Vec::new()));
        Asked::Candidates(vec![Proposal { repeats: true, ..Proposal::at(point) }])
    }
}

/// What each trial receives; paths of faults begin below `nasConfig`.
pub(super) fn assignments(
    config: &NasConfig,
    settings: &Settings,
) -> Result<Vec<ParameterAssignment>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let layers = layers(config).map_err(|fault| faults.push(fault)).unwrap_or_default();
    let space = search_space(config).map_err(|more| faults.extend(more)).unwrap_or_default();
    if !faults.is_empty() {
        return Err(faults);
    }
    let assignment = |name: &str, value: String| ParameterAssignment { name: name.into(), value };
    Ok(vec![
        assignment("algorithm-settings", handed_on(settings)),
        assignment("search-space", list(space.iter().map(|name| quoted(name)))),
        assignment("num-layers", layers.to_string()),
    ])
}

/// The names of operations, each with each value of its first parameter as a square filter.
fn search_space(config: &NasConfig) -> Result<Vec<String>, Vec<FieldError>> {
    let mut names = Vec::new();
    for (operation, space) in checked(config)? {
        let kind = &operation.operation_type;
        if kind == "skip_connection" {
            names.push(kind.clone());
            continue;
        }
        let sizes =
            (0..space.axes().next().and_then(|axis| axis.levels).unwrap_or(0)).map(|level| {
                let mut units = vec![0.5; space.dimensions()];
                units[0] = 0.0;
                let mut point = space.point(&units);
                point.0[0] = Coordinate::Level(level);
                space.assignments(&point).swap_remove(0).value
            });
        names.extend(sizes.map(|size| format!("{kind}_{size}x{size}")));
    }
    Ok(names)
}

/// All settings: the defaults as the numbers they are, what was set as the text it was.
fn handed_on(settings: &Settings) -> String {
    let table = ALGORITHM.settings.iter().filter(|it| it.name != RANDOM_STATE.name);
    let mut all: Vec<(String, String)> =
        table.map(|it| (it.name.to_owned(), it.default.to_owned())).collect();
    for (name, value) in settings.written() {
        let value = if value == "None" { "null".into() } else { quoted(value) };
        match all.iter_mut().find(|it| it.0 == *name) {
            Some(it) => it.1 = value,
            None => all.push((name.clone(), value)),
        }
    }
    object(all)
}
