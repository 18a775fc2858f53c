//! All tests but those that must be alone in their program: one program is linked faster than forty,
//! and its threads are busy to the end. `cargo test --release --test suite NAME` runs the tests whose
//! paths contain `NAME`.

mod adversaries;
mod bad_input;
mod bench;
mod bracket;
mod bracket_verdicts;
mod calibration;
mod common;
mod couplings;
mod coverage;
mod documented;
mod engines;
mod exit_codes;
mod faults;
mod figures;
mod formats;
mod generator;
mod joint;
mod keys;
mod laws;
mod limits;
mod marks;
mod narrow_bracket;
mod odd_laws;
mod output_folder;
mod plan;
mod reading;
mod recomputed;
mod reproducible;
mod rounding;
mod scaling;
mod sequential;
mod shards;
mod small;
mod spread;
mod steady_state;
mod tables;
mod terminal;
mod theory;
mod unseen;
mod verdicts;
mod wasserstein;
