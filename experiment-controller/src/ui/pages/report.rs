//! The report: one HTML page that needs nothing else.

use std::sync::Arc;

use axum::extract::State;

use super::Place;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::Trouble;

/// A self-contained page.
pub(crate) async fn report(
    State(_): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Result<String, Trouble> {
    super::key(&pass, place)?;
    Err(Trouble::missing("not yet"))
}
