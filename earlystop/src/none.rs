//! `none`: stops nobody. For a manifest whose rule is chosen elsewhere, and to measure what a rule
//! is worth.

use crate::curve::Curve;
use crate::registry::{Entry, fits};
use crate::rule::Decide;

pub(crate) const ENTRY: Entry = Entry {
    name: "none",
    about: "Stops nobody: every trial runs to its end.",
    settings: &[],
    compares: false,
    inner: false,
    check: fits,
    make: |_| Box::new(None),
};

#[derive(Debug)]
struct None;

impl Decide for None {
    fn stop(&self, _: &Curve, _: &[&Curve]) -> Option<String> {
        Option::None
    }
}
