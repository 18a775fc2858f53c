//! The kinds of evidence that verdicts rest on, and the quantities that show them.

use serde::Serialize;

/// The kind of evidence that a verdict rests on; of a verdict that decides nothing, the kind that
/// came nearest to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Computed from the config, without sampling.
    Exact,
    /// A measured decay rate.
    Rate,
    /// Measured moments, with their exact standard errors.
    Moments,
    /// Moments of the steady state, and the bound on the distance of two starts from it.
    SteadyState,
    /// W₂² of batches of pooled velocities.
    Batches,
    /// Confidence brackets of W₂².
    Bracket,
    /// The mechanism of the paper's proof: the synchronous coupling contracts.
    Mechanism,
    /// A self-check of the program that failed.
    SelfCheck,
}

impl EvidenceKind {
    /// All kinds.
    pub const ALL: [EvidenceKind; 8] = [
        EvidenceKind::Exact,
        EvidenceKind::Rate,
        EvidenceKind::Moments,
        EvidenceKind::SteadyState,
        EvidenceKind::Batches,
        EvidenceKind::Bracket,
        EvidenceKind::Mechanism,
        EvidenceKind::SelfCheck,
    ];

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            EvidenceKind::Exact => "exact",
            EvidenceKind::Rate => "rate",
            EvidenceKind::Moments => "moments",
            EvidenceKind::SteadyState => "steady-state",
            EvidenceKind::Batches => "batches",
            EvidenceKind::Bracket => "bracket",
            EvidenceKind::Mechanism => "mechanism",
            EvidenceKind::SelfCheck => "self-check",
        }
    }

    /// This evidence, shown by a quantity with a short name.
    pub fn of(self, quantity: impl Into<String>, symbol: impl Into<String>) -> Basis {
        Basis {
            evidence: self,
            quantity: quantity.into(),
            symbol: symbol.into(),
        }
    }

    /// This evidence, shown by a quantity at a time: the symbol names it to four digits.
    pub fn at(self, quantity: &str, symbol: &str, time: f64) -> Basis {
        let digits = format!("{time:.3e}");
        let rounded: f64 = digits.parse().expect("the digits of a number are one");
        self.of(
            format!("{quantity} at t = {time}"),
            format!("{symbol}({rounded})"),
        )
    }
}

/// The evidence that a verdict rests on, and the quantity that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The kind of evidence.
    pub evidence: EvidenceKind,
    /// The measured quantity, in words.
    pub quantity: String,
    /// A short name of the quantity, such as `rate`, or `W2²(3)` for a squared distance at t = 3.
    pub symbol: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_tables_and_of_json_are_the_same() {
        for kind in EvidenceKind::ALL {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.name());
        }
    }

    #[test]
    fn times_are_exact_in_words_and_short_in_symbols() {
        let time = 0.1 + 0.2;
        let basis = EvidenceKind::Bracket.at("bracket of W2 squared", "W2²", time);
        assert_eq!(
            basis.quantity,
            "bracket of W2 squared at t = 0.30000000000000004"
        );
        assert_eq!(basis.symbol, "W2²(0.3)");
    }
}
