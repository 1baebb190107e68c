//! The kinds of object that a trial may run as.
