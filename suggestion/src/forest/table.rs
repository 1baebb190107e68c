//! What a tree is grown from: the places of the trials by columns, sorted once for all trees.

use crate::space::{Axis, Kind};

/// Rows are trials, columns are parameters.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

/// One parameter.
#[derive(Debug)]
pub(super) struct Column {
    /// Its number in each row; NaN where it is inactive.
    pub(super) values: Vec<f64>,
    pub(super) shape: Shape,
}

/// How a column can be divided.
#[derive(Debug)]
pub(super) enum Shape {
    /// By a threshold. The rows in ascending order, inactive ones at the end.
    Ordered(Vec<u32>),
    /// By a subset of so many names.
    Named(usize),
}

impl Table {
    /// The table of `places`, which have one number for each of `axes`.
    pub(crate) fn new<P: AsRef<[f64]>>(axes: impl Iterator<Item = Axis>, places: &[P]) -> Table {
        let column = |(a, axis): (usize, Axis)| {
            let values: Vec<f64> = places.iter().map(|place| place.as_ref()[a]).collect();
            let shape = match (axis.kind, axis.levels) {
                (Kind::Categorical, Some(levels)) => {
                    Shape::Named(usize::try_from(levels).unwrap_or(usize::MAX))
                }
                _ => Shape::Ordered(ascending(&values)),
            };
            Column { values, shape }
        };
        Table { columns: axes.enumerate().map(column).collect(), rows: places.len() }
    }

    /// The place of a row.
    pub(super) fn place(&self, row: usize) -> Vec<f64> {
        self.columns.iter().map(|column| column.values[row]).collect()
    }
}

/// The rows from the least number to the greatest, then those without one.
fn ascending(values: &[f64]) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..values.len() as u32).collect();
    let value = |row: &u32| values[*row as usize];
    rows.sort_by(|a, b| {
        let (a, b) = (value(a), value(b));
        a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(&b))
    });
    rows
}
