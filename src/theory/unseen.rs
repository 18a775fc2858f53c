//! The part of the laws that a sample of both copies is expected to lack, and its largest effect on W₂².
//!
//! No error bar shows a part of a law that is so rare that a sample has none of it. But the laws at time 0 and the bath
//! are known exactly. So sizes that fewer than about a hundred draws of the run exceed are told apart from the others,
//! and the moments beyond them are bounded. Write M for W₂² of the first marginals and J for W₂,N²/N of the joint laws;
//! everything below holds for both, under every pairing, coupling and rematching of the config, since neither depends
//! on these.
//!
//! Let Δ₀ = Q_f(u) − Q_h(u) be the optimally paired initial difference and d₂ = E Δ₀². For R replicas, c₁ is the size
//! that |Δ₀| exceeds with probability 100/(RN), and c = `cut`·c₁.
//!
//! * *Clipping.* Replace U(0) by V(0) − clip(Δ₀, −c, c). Under the synchronous coupling the mean square of the change
//!   decays at β/2 (Theorem 6's proof with w = 0), so √M changes by at most ε = e^{−βt/4} √(E(|Δ₀| − c)₊²) (Minkowski).
//! * *Leaving out.* W₂² is jointly convex. If T is the event that some particle of a replica
//!   has |Δ₀| > c, M ≤ M(given not T) + m with
//!   m = E[‖Δ(t)‖²/N; T] ≤ e^{−βt/2} (E[Δ₀²; |Δ₀| > c] + (N−1) P(|Δ₀| > c) d₂).
//! * *Bath velocities* are left out likewise, with c_g from the RNβt draws up to t. Both copies share them, and in the
//!   weight ‖Δ‖² the number of bath collisions of a replica is Poisson of mean (N − ½)βt, so the lost part is exactly
//!   m_g = d₂ e^{−βt/2} (1 − e^{−(N−½)βt P(|w| > c_g)}).
//!
//! A sample without draws beyond the cuts is a sample of the clipped laws, or of the laws from which these draws are
//! left out. If L is a limit above the distance of these, U = min((√L + ε)², L + m) + m_g is a limit above the distance
//! of the laws themselves.
//!
//! Where the copies are not both product laws, each is clipped about its own mean, with RN/2 for RN. Then ε is the sum
//! over both copies, and m is the sum of E[(|V − E V| + |E V − E U|)² + Var U; |V − E V| > c] + (N−1) P(|V − E V| > c)
//! E Δ(0)², with U the other copy.
//!
//! Not claimed: draws between c₁ and c may be missing. They are left to error bars; with a cut of 2 they do little harm
//! (`docs/bracket.md`).

use super::sizes::{Beyond, Sizes};
use super::{System, Theory};
use crate::law::joint::Joint;

/// The number of draws of a run that are expected to exceed the size c₁.
const DRAWS: f64 = 100.0;

/// c/c₁ of limits that decide claims.
pub const CUT: f64 = 2.0;
/// c/c₁ of limits by which a program is found to be at fault: more is bounded, and less is left to error bars.
pub const CUT_FOR_VOID: f64 = 1.5;

/// Powers of velocities whose exact means control variates take.
pub const POWERS: [i32; 3] = [1, 2, 4];
/// The sizes that a sample may lack in these powers: sizes beyond 1.25 times the size that a tenth of a draw is
/// expected to exceed, and beyond 1.5 times the size that seven draws are expected to exceed. For a normal law with a
/// million draws both are beyond six standard deviations.
const MAY_LACK: [(f64, f64); 2] = [(0.1, 1.25), (7.0, 1.5)];

/// The amounts that are added to an upper limit for draws that a sample is expected to lack.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Unseen {
    /// ε, the amount by which the root of W₂² can be larger.
    pub distance: f64,
    /// m, the amount by which W₂² can be larger.
    pub square: f64,
    /// m_g, the amount by which W₂² can be larger because of bath velocities.
    pub of_bath: f64,
}

impl Unseen {
    /// The limit U that an upper limit L of a squared distance is raised to.
    pub fn raised(&self, limit: f64) -> f64 {
        let root = limit.max(0.0).sqrt() + self.distance;
        (root * root).min(limit + self.square) + self.of_bath
    }

    /// The largest limit L ≥ 0 for which U is at most this; `None` if U of L = 0 is larger.
    pub fn lowered(&self, raised: f64) -> Option<f64> {
        let rest = raised - self.of_bath;
        let root = rest.max(0.0).sqrt() - self.distance;
        let by_clipping = root.max(0.0) * root.max(0.0);
        (self.raised(0.0) <= raised).then_some(by_clipping.max(rest - self.square))
    }
}

/// The means of powers of the sizes that so many draws may lack; sizes are at most `largest`.
fn lacking(sizes: &Sizes, draws: f64, largest: f64) -> [f64; 3] {
    POWERS.map(|power| {
        let beyond = MAY_LACK.map(|(expected, factor)| {
            let cut = factor * sizes.exceeded_with(expected / draws);
            if cut < largest {
                sizes.power_beyond(cut, power)
            } else {
                0.0
            }
        });
        beyond[0].max(beyond[1])
    })
}

/// The cut, `cut` times the size that so many draws exceed a hundred times, and the moments beyond it.
fn beyond_cut(sizes: &Sizes, draws: f64, cut: f64) -> (f64, Beyond) {
    let cut = cut * sizes.exceeded_with(DRAWS / draws);
    (cut, sizes.beyond(cut))
}

impl Theory {
    /// The amounts that limits at a time, made from so many replicas, must allow for; `cut` is c/c₁.
    pub fn unseen(&self, time: f64, replicas: f64, cut: f64) -> Unseen {
        let decay = libm::exp(-0.5 * self.rates.bath * time);
        let draws = replicas * self.count();
        let at_start = if self.joints == [Joint::Product; 2] {
            self.unseen_of_products(draws, cut)
        } else {
            self.unseen_of_others(draws, cut)
        };
        Unseen {
            distance: decay.sqrt() * at_start.distance,
            square: decay * at_start.square,
            of_bath: decay * self.initial_second() * self.share_of_rare_bath(time, replicas, cut),
        }
    }

    /// Upper bounds on the parts of the exact means of V, V² and V⁴ of a copy at a time that come from draws which so
    /// many replicas may lack: initial velocities, whose squares and fourth powers decay at β/2 and 5β/8 at least, and
    /// bath velocities. Control variates hold a sample against these means.
    pub fn unseen_powers(&self, copy: System, time: f64, replicas: f64) -> [f64; 3] {
        let per_particle = self.rates.bath * time;
        let draws = replicas * self.count();
        let largest = match self.joints[copy as usize] {
            Joint::Sphere => (self.count() * self.second_moment(copy, 0.0)).sqrt(),
            _ => f64::INFINITY,
        };
        let initial = lacking(self.draws.about_zero(copy), draws, largest);
        let of_bath = match draws * per_particle {
            0.0 => [0.0; 3],
            draws => lacking(self.draws.bath_sizes(), draws, f64::INFINITY),
        };
        let met = -libm::expm1(-per_particle);
        let decays = [0.5, 0.5, 0.625].map(|rate| libm::exp(-rate * per_particle));
        std::array::from_fn(|k| decays[k] * initial[k] + met * of_bath[k])
    }

    /// E Δ(0)²: d₂ where W₂²(0) is known, else that of the copies as they are paired.
    fn initial_second(&self) -> f64 {
        self.initial_w2().unwrap_or(self.difference().second)
    }

    fn unseen_of_products(&self, draws: f64, cut: f64) -> Unseen {
        let (cut, beyond) = beyond_cut(self.draws.difference_sizes(), draws, cut);
        let others = (self.count() - 1.0) * beyond.probability * self.initial_second();
        Unseen {
            distance: beyond.clipped(cut).sqrt(),
            square: beyond.square + others,
            of_bath: 0.0,
        }
    }

    fn unseen_of_others(&self, draws: f64, cut: f64) -> Unseen {
        let mut sum = Unseen::default();
        for (copy, other) in [
            (System::First, System::Second),
            (System::Second, System::First),
        ] {
            let [(mean, _), (mean_of_other, variance)] =
                [copy, other].map(|copy| self.mean_and_variance(copy, 0.0));
            let apart = (mean - mean_of_other).abs();
            let sizes = self.draws.about(copy, mean);
            let (cut, beyond) = beyond_cut(sizes, 0.5 * draws, cut);
            let own = beyond.square
                + 2.0 * apart * beyond.size
                + (apart * apart + variance) * beyond.probability;
            let others = (self.count() - 1.0) * beyond.probability * self.difference().second;
            sum.distance += beyond.clipped(cut).sqrt();
            sum.square += own + others;
        }
        sum
    }

    /// The share of E‖Δ(t)‖² that comes from replicas with a bath velocity beyond the cut.
    fn share_of_rare_bath(&self, time: f64, replicas: f64, cut: f64) -> f64 {
        let per_particle = self.rates.bath * time;
        let draws = replicas * self.count() * per_particle;
        if draws == 0.0 {
            return 0.0;
        }
        let (_, beyond) = beyond_cut(self.draws.bath_sizes(), draws, cut);
        -libm::expm1(-(self.count() - 0.5) * per_particle * beyond.probability)
    }
}
