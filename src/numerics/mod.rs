//! Rules and quantiles that estimates of all kinds share.

pub mod interval;
pub mod trust;
