//! Numerics without a model: special functions, sorting, vector instructions, quantiles, and the
//! rules by which estimates are trusted.

pub mod binomial;
pub mod decimal;
pub mod interval;
pub mod sorting;
pub mod special;
pub mod trust;
pub mod vector;
pub mod wasserstein;
