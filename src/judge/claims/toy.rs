//! A claim about the whole sweep for tests: that the sweep has at least two N.

use super::{Claim, Scope};
use crate::experiment::Check;
use crate::judge::evidence::EvidenceKind;
use crate::judge::forecast::{Forecast, Prospect};
use crate::judge::{Evidence, Judgement, Verdict};

/// The claims that only tests find beside the ledger.
pub static TOYS: &[&dyn Claim] = &[&TwoSizes];

/// The probability that a right program's verdict is VOID, as far as the toy says.
pub const TOY_VOID: f64 = 1e-3;

struct TwoSizes;

impl Claim for TwoSizes {
    fn id(&self) -> &'static str {
        "toy-sweep"
    }

    fn headline(&self) -> &'static str {
        "Toy: several N"
    }

    fn statement(&self) -> &'static str {
        "Toy: a sweep has at least two N"
    }

    fn method(&self) -> &'static str {
        "the number of N is counted"
    }

    fn scope(&self) -> Scope {
        Scope::Sweep
    }

    fn judge_sweep(&self, sizes: &[Evidence], _check: &Check) -> Judgement {
        let verdict = match sizes.len() {
            0 | 1 => Verdict::Refuted,
            _ => Verdict::Holds,
        };
        let basis = EvidenceKind::Exact.of("number of N", "sizes");
        Judgement {
            estimate: Some(sizes.len() as f64),
            ..Judgement::bare(verdict, basis, "the N of the sweep were counted")
        }
    }

    fn forecast_sweep(&self, sizes: &[Prospect], _check: &Check) -> Option<Forecast> {
        let [holds, refuted] = match sizes.len() {
            0 | 1 => [0.0, 1.0],
            _ => [1.0, 0.0],
        };
        Some(Forecast {
            holds,
            refuted,
            void: TOY_VOID,
            ..Forecast::undecided(None)
        })
    }
}
