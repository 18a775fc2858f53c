//! Two copies of Kac's gas in contact with a thermostat, simulated exactly
//! under one coupling, and the statistics that judge how fast they forget where
//! they came from.
//!
//! The subject is J. Evans, "Non-Equilibrium Steady States in Kac's Model
//! Coupled to a Thermostat". Comments name its lemmas,
//! theorems and equations.
//!
//! # A run without files
//!
//! ```
//! use kac_coupling::experiment::{Check, Expectation, Experiment};
//! use kac_coupling::law::{Normal, Uniform};
//! use kac_coupling::measure::Engine;
//! use kac_coupling::model::Clock;
//! use kac_coupling::verify::{Results, Sampling, verify};
//!
//! let bath = Normal::new(0.0, 1.0)?.into();
//! let (first, second) = (Normal::new(2.0, 1.0)?.into(), Uniform::new(-3.0, 3.0)?.into());
//! let experiment = Experiment {
//!     sweep: vec![(8, 2000)],
//!     checks: vec![Check {
//!         claim: "theorem-6-coupling".to_string(),
//!         expect: Expectation::Holds,
//!         tolerance: 0.2,
//!         confidence: 0.99,
//!     }],
//!     ..Experiment::new(Clock::Theorem6, (1.0, 1.0), bath, first, second)
//! };
//! let finished = |_: &Results| Ok::<(), std::convert::Infallible>(());
//! let Ok(results) = verify(&experiment, Engine::Block, Sampling::Full, &|_| (), finished);
//! assert_eq!(results.verdicts[0].verdict, "HOLDS");
//! # Ok::<(), kac_coupling::law::LawError>(())
//! ```
//!
//! A config becomes an experiment with [`config::load`]; closed forms are in [`theory`], laws in
//! [`law`]. `ARCHITECTURE.md` tells how the modules hang together.
//!
//! # Symbols
//!
//! | symbol | in code | meaning |
//! | --- | --- | --- |
//! | N | `particles` | number of particles of a copy |
//! | λ, μ | `lambda`, `mu` | the paper's rates, read on a clock |
//! | κ | `rates.pair` | rate at which one particle takes part in pair collisions |
//! | β | `rates.bath` | rate at which one particle meets the bath |
//! | p | `rate_of_one_pair` | κ/(N−1), the rate of one unordered pair |
//! | g, g₂ = K_g, g₄ | `bath` | the bath's law, its second and fourth moments |
//! | w | `bath_velocity` | velocity of a bath particle |
//! | θ | `cos`, `sin` | angle of a collision, uniform on \[0, 2π) |
//! | V, V′ | `first`, `second` | velocities of the two copies |
//! | f, h | `first`, `second` | laws of V_i(0) and V′_i(0) |
//! | Δ | `difference` | V − V′ |
//! | S = ‖Δ‖² | `discrepancy` | Σ Δ_i² |
//! | A | `quartic` | Σ Δ_i⁴ |
//! | d2, d4 | `difference.second`, `.fourth` | E Δ_i(0)², E Δ_i(0)⁴ |
//! | m1, m2, m4, m11, m22 | [`theory::Moment`] | E V₁, E V₁², E V₁⁴, E V₁V₂, E V₁²V₂² |
//! | m6, m42, m222, m8 | [`theory::steady::MOMENTS`] | E V₁⁶, E V₁⁴V₂², E V₁²V₂²V₃², E V₁⁸ of the steady state |
//! | M | `martingale` | e^{rt}X for a quantity X that decays at rate r |
//! | a | `exponent` | quantity ~ N^a |
//! | τ | `tolerance` | relative width of "equal" |
//! | R | `replicas` | number of independent coupled pairs |

pub mod bracket;
pub mod cli;
pub mod command;
pub mod config;
pub mod estimate;
pub mod experiment;
pub mod figure;
pub mod judge;
pub mod key;
pub mod law;
pub mod measure;
pub mod model;
pub mod numerics;
pub mod random;
pub mod simulate;
pub mod table;
pub mod text;
pub mod theory;
pub mod threads;
pub mod verify;
pub mod write;
