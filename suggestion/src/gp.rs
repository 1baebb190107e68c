pub(crate) mod cholesky;
pub(crate) mod fit;
pub(crate) mod kernel;
