//! Two copies of Kac's gas under one coupling, simulated exactly, and the
//! statistics that judge how fast they forget where they came from.
pub mod cli;
pub mod command;
pub mod config;
pub mod coupling;
pub mod estimate;
pub mod experiment;
pub mod figure;
pub mod judge;
pub mod law;
pub mod measure;
pub mod model;
pub mod observe;
pub mod random;
pub mod simulate;
pub mod special;
pub mod theory;
pub mod verify;
pub mod wasserstein;
pub mod write;
