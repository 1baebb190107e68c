//! The scalars of TensorBoard's event files, one report a line.

use std::io::{self, Write};
use std::path::Path;

use super::Watch;

use crate::events::{Folder, Found};
use crate::parse::collected;

/// A folder of event files.
pub(super) struct Events(Folder);

impl Events {
    /// The files below `folder` that hold any of `metrics`.
    pub(super) fn new(folder: &Path, metrics: &[String]) -> Events {
        Events(Folder::new(folder, metrics))
    }
}

impl Watch for Events {
    fn look(&mut self, out: &mut dyn Write) -> io::Result<bool> {
        let all = self.0.read()?;
        for found in &all {
            match found {
                Found::Value { metric, scalar, place: (file, offset) } => {
                    let (step, place) = (Some(scalar.step), Some((file.as_str(), *offset)));
                    let line = collected::line(metric, &scalar.value, scalar.time, step, place);
                    writeln!(out, "{line}")?;
                }
                Found::Other(tag) => writeln!(out, "not wanted: {}", collected::name_line(tag))?,
                Found::Damaged(file, why) => writeln!(out, "{file}: {why}")?,
            }
        }
        out.flush()?;
        Ok(!all.is_empty())
    }
}
