//! TensorBoard's event files: records (`record`), what is in one (`event`), and the scalars of a
//! folder as it grows (`folder`).

mod event;
mod folder;
mod record;

pub use event::Scalar;
pub use folder::{Folder, Found};
