//! What the trials show.

use std::sync::Arc;

use axum::extract::State;

use super::Place;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{Correlation, Importance, Pareto};

/// What was computed before.
#[derive(Default)]
pub(crate) struct Analyses;

pub(crate) async fn importance(
    State(_): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<Importance> {
    super::key(&pass, place)?;
    Err(Trouble::missing("not yet"))
}

pub(crate) async fn correlation(
    State(_): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<Correlation> {
    super::key(&pass, place)?;
    Err(Trouble::missing("not yet"))
}

pub(crate) async fn pareto(State(_): State<Arc<Ui>>, pass: Pass, place: Place) -> Answer<Pareto> {
    super::key(&pass, place)?;
    Err(Trouble::missing("not yet"))
}
