//! A report: one value of one metric of one trial, and where it was read.

use jiff::Timestamp;

/// Whose reports: trial names are unique only within a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrialKey {
    /// Namespace of the trial.
    pub namespace: String,
    /// Name of the trial.
    pub trial: String,
}

/// Where a report was read: the same place read again is the same report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// What was read, such as `<pod uid>/<container>/<restart>`, or `push`.
    pub source: String,
    /// Where in it: byte offset, or ordinal.
    pub offset: u64,
}

/// One value of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Name of the metric.
    pub metric: String,
    /// The value, as it was written.
    pub value: String,
    /// When it was measured; the zero time 0001-01-01 when nobody knows.
    pub time: Timestamp,
    /// The step (epoch, say) it belongs to, if the program says so.
    pub step: Option<i64>,
    /// Where it was read; a report without a position is told apart by time and value.
    pub position: Option<Position>,
}

/// A metric's values over a trial; texts as they were reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Name of the metric.
    pub metric: String,
    /// Smallest value that is a number; empty if none is.
    pub min: String,
    /// Largest value that is a number; empty if none is.
    pub max: String,
    /// The value with the latest time (of equal times, the last reported).
    pub latest: String,
    /// How many reports there are.
    pub count: u64,
}
