//! Searches over network architectures: `spec.nasConfig` in place of `spec.parameters`.
//!
//! A network ([`graph`]) becomes a space like any other, with an axis for what each layer does and
//! one for each connection between layers, so that every algorithm can search it. Its trials
//! receive what Katib's do ([`text`]). Two algorithms are for networks alone: `enas`, whose
//! controller learns to draw them ([`enas`]), and `darts`, whose trials search by themselves
//! ([`darts`]).

mod controller;
pub(crate) mod darts;
pub(crate) mod enas;
mod graph;
mod learner;
mod text;

pub(crate) use graph::Network;

use std::sync::Arc;

use proto::FieldError;
use proto::kinds::ExperimentSpec;

use crate::settings::Settings;
use crate::space::{Form, Space};

/// The space of `spec.nasConfig`, none where there is no such thing; paths of faults begin with
/// `nasConfig`.
///
/// `darts` needs no choice: its space is one point, with the search described to each trial.
pub(crate) fn space(
    spec: &ExperimentSpec,
    algorithm: &str,
    settings: &Settings,
) -> Option<Result<Space, Vec<FieldError>>> {
    let config = spec.nas_config.as_ref()?;
    let space = if algorithm == darts::ALGORITHM.name {
        darts::assignments(config, settings).and_then(|it| Space::of_form(&[], Form::Constant(it)))
    } else {
        Network::parse(config).and_then(|network| {
            Space::of_form(&network.parameters(), Form::Network(Arc::new(network)))
        })
    };
    Some(space.map_err(|faults| faults.into_iter().map(|it| it.under("nasConfig")).collect()))
}
