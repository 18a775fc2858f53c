//! The two ways in which the initial velocities of the copies are paired.

/// The joint law of (V_i(0), V′_i(0)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Comonotone: one uniform through both quantile functions.
    Optimal,
    /// V and V′ independent.
    Independent,
}

impl Pairing {
    /// Both pairings.
    pub const ALL: [Pairing; 2] = [Pairing::Optimal, Pairing::Independent];

    /// The name used in configs.
    pub fn name(self) -> &'static str {
        match self {
            Pairing::Optimal => "optimal",
            Pairing::Independent => "independent",
        }
    }
}
