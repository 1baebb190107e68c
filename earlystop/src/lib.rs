//! When to give a trial up: pure rules over curves.
