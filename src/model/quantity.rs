//! The two copies, the moments that are measured, and the quantities that decay.

/// One of the two copies of the gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// V.
    First,
    /// V′.
    Second,
}

impl System {
    /// Both copies, in order.
    pub const ALL: [System; 2] = [System::First, System::Second];

    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            System::First => "first",
            System::Second => "second",
        }
    }
}

/// A moment of one copy, for an exchangeable law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// E V_1.
    M1,
    /// E V_1².
    M2,
    /// E V_1⁴.
    M4,
    /// E V_1 V_2.
    M11,
    /// E V_1² V_2².
    M22,
}

impl Moment {
    /// All moments that are measured, in the order of the tables.
    pub const ALL: [Moment; 5] = [Moment::M1, Moment::M2, Moment::M4, Moment::M11, Moment::M22];

    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Moment::M1 => "m1",
            Moment::M2 => "m2",
            Moment::M4 => "m4",
            Moment::M11 => "m11",
            Moment::M22 => "m22",
        }
    }

    /// True if the moment is of two particles.
    pub fn is_joint(self) -> bool {
        matches!(self, Moment::M11 | Moment::M22)
    }
}

/// A quantity X that decays exponentially in the mean: E X(t) = e^{−rt} E X(0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// S = ‖Δ‖² under the synchronous coupling without rematching; r = β/2
    /// (Theorem 6's proof).
    Discrepancy,
    /// ΣV_i² − N g_2; r = β/2 (Lemma 1).
    Energy,
    /// ΣV_i; r = κ + β (Lemma 2).
    FirstMoment,
    /// Σ_{k≠l} V_k V_l; r = 2κ − κ/(N−1) + 2β (Lemma 2).
    PairMoment,
}

impl Quantity {
    /// All decaying quantities, in the order of the tables.
    pub const ALL: [Quantity; 4] = [
        Quantity::Discrepancy,
        Quantity::Energy,
        Quantity::FirstMoment,
        Quantity::PairMoment,
    ];

    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Discrepancy => "discrepancy",
            Quantity::Energy => "energy",
            Quantity::FirstMoment => "first-moment",
            Quantity::PairMoment => "pair-moment",
        }
    }

    /// True if the quantity is of two particles and their collisions.
    pub fn needs_pairs(self) -> bool {
        matches!(self, Quantity::FirstMoment | Quantity::PairMoment)
    }
}
