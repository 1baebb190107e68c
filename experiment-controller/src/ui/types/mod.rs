//! What the dashboard's API asks and answers, as JSON: types without behaviour.
//!
//! `ui/api.d.ts` and `/api/v1/openapi.json` are generated from them, comments included; a test says
//! when the first is stale.

mod access;
mod analysis;
mod cluster;
mod curve;
mod experiment;
mod manifest;
mod number;
mod stream;
mod trial;

pub(crate) use access::*;
pub(crate) use analysis::*;
pub(crate) use cluster::*;
pub(crate) use curve::*;
pub(crate) use experiment::*;
pub(crate) use manifest::*;
pub(crate) use number::*;
pub(crate) use stream::*;
pub(crate) use trial::*;
