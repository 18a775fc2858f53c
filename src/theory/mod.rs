//! Closed forms, which depend on the config alone.
//!
//! One function per formula, for every N ≥ 1, both clocks and every law; each
//! says which lemma or equation it is. Where a formula needs a moment that is
//! infinite, the answer is `None`.
//!
//! With p = κ/(N−1) (and κ = p = 0 when N = 1), for one copy with an
//! exchangeable initial law:
//!
//! ```text
//! m_1(t)  = e^{−(κ+β)t} m_1(0)                               Lemma 2
//! m_11(t) = e^{−(2κ−p+2β)t} m_11(0)                          Lemma 2
//! m_2(t)  = g_2 + (m_2(0) − g_2) e^{−βt/2}                   Lemma 1
//! d/dt m_4  = −(κ/4 + 5β/8) m_4 + (3/4)κ m_22 + (3/4)β g_2 m_2 + (3/8)β g_4
//! d/dt m_22 = p (m_4/4 − (3/4) m_22) + β (g_2 m_2 − m_22)
//! ```
//!
//! The last two are rows of the system that [`hierarchy`] generates; for ‖Δ‖²
//! see [`Theory::synchronous_relative_variance`].

pub mod assignment;
mod centred;
mod discrepancy;
mod draws;
pub mod gelbrich;
pub mod hierarchy;
mod joint;
mod levels;
pub mod pairing;
pub mod products;
pub mod sizes;
mod spread;
pub mod steady;
pub mod unseen;

use crate::law::HIGHEST_ORDER;
use crate::law::Law;
use crate::law::joint::Joint;
use crate::model::Rates;
use crate::model::coupling::{CouplingKind, Rematch};
pub use crate::model::quantity::{Moment, Quantity, System};
pub use centred::CentredPower;
pub use draws::Draws;
use hierarchy::MomentSystem;
use joint::JointDifference;
use ndarray::Array1;
use pairing::{DifferenceMoments, Pairing};
use std::sync::{Arc, OnceLock};

/// Moments of a one-particle law, from order 0 on; `None` where infinite.
type RawMoments = [Option<f64>; HIGHEST_ORDER as usize + 1];

/// The moments of degree 4 that enter variances of low moments.
const FOURTH_DEGREE: [&[u32]; 4] = [&[4], &[2, 2], &[2, 1, 1], &[1, 1, 1, 1]];

/// The moments of degree 8 that enter variances of moments of degree 4.
const EIGHTH_DEGREE: [&[u32]; 4] = [&[8], &[4, 4], &[4, 2, 2], &[2, 2, 2, 2]];

/// The moments of Δ that enter E ‖Δ‖^{2k}, k = 1 to 4.
const POWERS_OF_DISCREPANCY: [&[u32]; 11] = [
    &[2],
    &[4],
    &[2, 2],
    &[6],
    &[4, 2],
    &[2, 2, 2],
    &[8],
    &[6, 2],
    &[4, 4],
    &[4, 2, 2],
    &[2, 2, 2, 2],
];

fn raw_moments(law: &Law) -> RawMoments {
    std::array::from_fn(|order| match order {
        0 => Some(1.0),
        _ => law.moment(order as u32),
    })
}

fn moments_about_mean(law: &Law) -> RawMoments {
    std::array::from_fn(|order| match order {
        0 => Some(1.0),
        1 => Some(0.0),
        _ => law.central_moment(order as u32),
    })
}

/// The closed forms for one N.
#[derive(Debug, Clone)]
pub struct Theory {
    particles: usize,
    rates: Rates,
    bath: RawMoments,
    bath_variance: f64,
    /// Moments of the laws that the copies are made from.
    initial: [RawMoments; 2],
    /// Moments of the laws that the copies are made from, about their means.
    about_mean: [RawMoments; 2],
    /// The dependence between the particles of each copy.
    joints: [Joint; 2],
    /// Moments of the initial differences of copies that are not both product laws.
    joint_difference: Option<JointDifference>,
    joint_moments: Option<DifferenceMoments>,
    coupling: CouplingKind,
    /// The laws that the copies are made from, and the bath.
    draws: Arc<Draws>,
    rematch: Rematch,
    /// Degree-4 system, if the bath's fourth moment is finite.
    system: Option<MomentSystem>,
    /// Degree-8 system, if the bath's moments to the eighth are finite.
    eighth: Option<MomentSystem>,
    /// Degree-8 system of Δ, for which the bath is at rest.
    difference_system: MomentSystem,
    /// Systems for the powers 2 and 4 about the mean, computed when they are first asked for.
    centred: [OnceLock<MomentSystem>; 2],
    /// Systems for the variances of averages, computed when they are first asked for.
    spreads: [OnceLock<MomentSystem>; spread::GROUPS.len()],
}

impl Theory {
    /// The closed forms of a gas of `particles` with these rates (κ is ignored
    /// when N = 1), bath, initial laws and coupling.
    pub fn new(
        particles: usize,
        rates: Rates,
        bath: &Law,
        initial: (&Law, &Law),
        pairing: Pairing,
        coupling: CouplingKind,
    ) -> Self {
        let laws = [initial.0.clone(), initial.1.clone()];
        let draws = Draws::new(laws, bath.clone(), pairing);
        Theory::of_draws(particles, rates, Arc::new(draws), coupling)
    }

    /// The closed forms with laws that are shared by gases of other N or with other rates.
    pub fn of_draws(
        particles: usize,
        rates: Rates,
        draws: Arc<Draws>,
        coupling: CouplingKind,
    ) -> Self {
        let (bath, [first, second]) = (draws.bath(), draws.laws());
        let rates = rates.for_particles(particles);
        let bath_moments = raw_moments(bath);
        let bath_variance = bath.variance();
        // Only even moments of the bath enter, and g_2 is its variance.
        let bath_moment = |order: u32| match order {
            2 => bath_variance,
            _ => bath_moments[order as usize].expect("a finite moment of the bath"),
        };
        let system = |wanted: &[&[u32]], bath_moment: &dyn Fn(u32) -> f64| {
            MomentSystem::new(particles, rates.pair, rates.bath, wanted, bath_moment)
        };
        let finite = |orders: &[usize]| orders.iter().all(|&order| bath_moments[order].is_some());
        Theory {
            particles,
            rates,
            bath: bath_moments,
            bath_variance,
            initial: [raw_moments(first), raw_moments(second)],
            about_mean: [moments_about_mean(first), moments_about_mean(second)],
            joints: [Joint::Product; 2],
            joint_difference: None,
            joint_moments: None,
            coupling,
            rematch: Rematch::Never,
            system: finite(&[4]).then(|| system(&FOURTH_DEGREE, &bath_moment)),
            eighth: (finite(&[4, 6, 8]) && has_eighth_powers(bath_variance))
                .then(|| system(&EIGHTH_DEGREE, &bath_moment)),
            difference_system: system(&POWERS_OF_DISCREPANCY, &|_| 0.0),
            centred: Default::default(),
            spreads: Default::default(),
            draws,
        }
    }

    /// The laws, to be shared.
    pub fn draws(&self) -> &Arc<Draws> {
        &self.draws
    }

    /// d₂ and d₄ of the initial difference.
    fn difference(&self) -> DifferenceMoments {
        (self.joint_moments).unwrap_or_else(|| *self.draws.difference())
    }

    /// d₆ and d₈ of the initial difference.
    fn higher_difference(&self) -> [Option<f64>; 2] {
        match &self.joint_difference {
            None => self.draws.higher_difference(),
            Some(joint) => [6, 8].map(|order| joint.moment(&[order])),
        }
    }

    /// These closed forms for copies whose particles are not independent at time 0; the laws of the closed forms are
    /// those that the joint laws are made from.
    pub fn with_joints(self, joints: [Joint; 2], pairing: Pairing) -> Self {
        if joints == [Joint::Product; 2] {
            return self;
        }
        let difference = JointDifference {
            particles: self.particles,
            joints,
            laws: self.initial,
            about_mean: self.about_mean,
            pairing,
        };
        Theory {
            joints,
            joint_moments: Some(DifferenceMoments {
                second: known(difference.moment(&[2])),
                fourth: difference.moment(&[4]),
                second_error: 0.0,
                fourth_error: 0.0,
                variance_of_square: difference.variance_of_square(),
            }),
            joint_difference: Some(difference),
            ..self
        }
    }

    /// A moment of a copy at time 0, for a partition; `None` where it is infinite.
    fn initial_moment(&self, copy: System, partition: &[u32]) -> Option<f64> {
        let moments = &self.initial[copy as usize];
        let of_law = |order: u32| moments[order as usize];
        self.joints[copy as usize].moment(self.particles, partition, of_law)
    }

    /// The moments of a copy at time 0 in a system. Moments of odd order that are infinite count as 0: they only enter
    /// moments such as E V_1³V_2, which feed nothing.
    fn start(&self, system: &MomentSystem, copy: System) -> Array1<f64> {
        let moments = &self.initial[copy as usize];
        let of_law = |order: u32| Some(moments[order as usize].unwrap_or(0.0));
        system.start(|partition| {
            known(self.joints[copy as usize].moment(self.particles, partition, of_law))
        })
    }

    /// κ and β; κ is 0 when N = 1.
    pub fn rates(&self) -> Rates {
        self.rates
    }

    /// These closed forms where the second copy is rematched; by default it is not.
    pub fn rematched(self, rematch: Rematch) -> Self {
        Theory { rematch, ..self }
    }

    /// g_2 = K_g, the bath's variance.
    pub fn bath_variance(&self) -> f64 {
        self.bath_variance
    }

    pub(crate) fn count(&self) -> f64 {
        self.particles as f64
    }

    /// p = κ/(N−1), the rate of one unordered pair; 0 when N = 1.
    fn rate_of_one_pair(&self) -> f64 {
        if self.particles == 1 {
            0.0
        } else {
            self.rates.pair / (self.count() - 1.0)
        }
    }

    /// The decay rate of a quantity; see [`Quantity`].
    pub fn decay_rate(&self, quantity: Quantity) -> f64 {
        let Rates { pair, bath } = self.rates;
        match quantity {
            Quantity::Discrepancy | Quantity::Energy => 0.5 * bath,
            Quantity::FirstMoment => pair + bath,
            Quantity::PairMoment => 2.0 * pair - self.rate_of_one_pair() + 2.0 * bath,
        }
    }

    /// Cov(V_i(0), V′_i(0)).
    fn initial_covariance(&self) -> f64 {
        let [first, second] = System::ALL.map(|copy| self.variance(copy, 0.0));
        let apart = self.first_moment(System::First, 0.0) - self.first_moment(System::Second, 0.0);
        0.5 * (first + second + apart * apart - self.difference().second)
    }

    /// The times at which the second copy's particles are permuted, if there are any.
    pub fn rematch(&self) -> Rematch {
        self.rematch
    }

    /// True if ‖Δ‖² is that of Theorem 6's proof: under the synchronous coupling without rematching. Then e^{βt/2}‖Δ‖²
    /// is a martingale of known variance.
    pub fn is_of_theorem_6(&self) -> bool {
        self.coupling == CouplingKind::Synchronous && self.rematch == Rematch::Never
    }

    /// W₂² of the joint laws of both copies at time 0, per particle; `None` where it is not known.
    pub fn initial_w2(&self) -> Option<f64> {
        let is_known = self.joint_difference.is_none() || self.joints == [Joint::Sphere; 2];
        is_known.then(|| self.draws.optimal().second)
    }

    /// The kurtosis of V² of one velocity, for the law that a copy starts from or for the bath, whichever is larger;
    /// `None` where it is infinite. It is 0 for a law of one size, of which nothing varies.
    pub fn kurtosis_of_squares(&self, copy: System) -> Option<f64> {
        let of_law = |moments: &RawMoments| {
            let [second, fourth, sixth, eighth] = [2, 4, 6, 8].map(|order: usize| moments[order]);
            let (second, fourth, sixth, eighth) = (second?, fourth?, sixth?, eighth?);
            let square = second * second;
            let variance = fourth - square;
            let about_mean =
                eighth - 4.0 * sixth * second + 6.0 * fourth * square - 3.0 * square * square;
            let is_constant = variance <= 1e-12 * fourth;
            Some(if is_constant {
                0.0
            } else {
                about_mean / (variance * variance)
            })
        };
        Some(of_law(&self.initial[copy as usize])?.max(of_law(&self.bath)?))
    }

    /// True if a sample shows how the signs of mirrored copies are drawn. Where velocities of both signs come from the
    /// law that a copy is made from, at least a hundred of the rarer sign must be expected in so many replicas, or
    /// none; where all particles of a replica share a sign, there must be at least twenty replicas.
    pub fn are_signs_carried(&self, replicas: f64) -> bool {
        const MANY: f64 = 100.0;
        const NONE: f64 = 1e-6;
        const REPLICAS: f64 = 20.0;
        let is_carried = |(joint, law): (Joint, &Law)| {
            let below = law.cdf(0.0);
            let rarer = below.min(1.0 - below) * self.count() * replicas;
            let are_many = !(NONE..MANY).contains(&rarer);
            match joint {
                Joint::Product | Joint::Sphere => true,
                Joint::MirroredEqual => are_many && replicas >= REPLICAS,
                Joint::MirroredOpposite => are_many,
            }
        };
        self.joints
            .into_iter()
            .zip(self.draws.laws())
            .all(is_carried)
    }

    /// E V_1(t)² = g_2 + (m_2(0) − g_2)e^{−βt/2} (Lemma 1).
    pub fn second_moment(&self, copy: System, time: f64) -> f64 {
        let start = known(self.initial_moment(copy, &[2]));
        let exponent = -0.5 * self.rates.bath * time;
        // The expression is written so that neither term is lost where the other one is much larger.
        start * libm::exp(exponent) - self.bath_variance * libm::expm1(exponent)
    }

    /// Var V_1(t) = Var V_1(0) e^{−βt/2} + g_2 (1 − e^{−βt/2}) + (E V_1(0))² (e^{−βt/2} − e^{−2(κ+β)t}) (Lemmas 1 and
    /// 2), a sum of terms that are not negative.
    pub fn variance(&self, copy: System, time: f64) -> f64 {
        let mean = self.first_moment(copy, 0.0);
        let start = match self.joints[copy as usize] {
            Joint::Product => known(self.about_mean[copy as usize][2]),
            _ => known(self.initial_moment(copy, &[2])),
        };
        let exponent = -0.5 * self.rates.bath * time;
        let lag = (2.0 * self.decay_rate(Quantity::FirstMoment) - 0.5 * self.rates.bath) * time;
        let of_mean = -mean * mean * libm::exp(exponent) * libm::expm1(-lag);
        start * libm::exp(exponent) - self.bath_variance * libm::expm1(exponent) + of_mean
    }

    /// E V_1(t) = e^{−(κ+β)t} E V_1(0) (Lemma 2).
    pub fn first_moment(&self, copy: System, time: f64) -> f64 {
        let rate = self.decay_rate(Quantity::FirstMoment);
        known(self.initial_moment(copy, &[1])) * libm::exp(-rate * time)
    }

    /// E V_1V_2(t) (Lemma 2); it starts from (E V_1(0))² for product laws.
    fn pair_moment(&self, copy: System, time: f64) -> f64 {
        let start = known(self.initial_moment(copy, &[1, 1]));
        let rate = self.decay_rate(Quantity::PairMoment);
        start * libm::exp(-rate * time)
    }

    /// All moments of degree up to 4.
    fn fourth_order(&self, copy: System, time: f64) -> Option<Array1<f64>> {
        let system = self.system.as_ref()?;
        self.initial[copy as usize][4]?;
        Some(system.at(&self.start(system, copy), time))
    }

    /// A moment of a copy at a time; `None` where it is infinite, or where it is of two particles and there is one.
    pub fn moment(&self, copy: System, moment: Moment, time: f64) -> Option<f64> {
        if moment.is_joint() && self.particles == 1 {
            return None;
        }
        match moment {
            Moment::M1 => Some(self.first_moment(copy, time)),
            Moment::M2 => Some(self.second_moment(copy, time)),
            Moment::M11 => Some(self.pair_moment(copy, time)),
            Moment::M4 | Moment::M22 => {
                let partition: &[u32] = if moment == Moment::M4 { &[4] } else { &[2, 2] };
                let moments = self.fourth_order(copy, time)?;
                Some(moments[self.system.as_ref()?.position(partition)?])
            }
        }
    }

    /// E X(0) of a decaying quantity; values of the size of rounding count as 0.
    pub fn initial_mean(&self, quantity: Quantity, copy: System) -> f64 {
        let n = self.count();
        let at_start = |partition: &[u32]| known(self.initial_moment(copy, partition));
        let (mean, second) = (at_start(&[1]), at_start(&[2]));
        let unless_rounding = |value: f64, scale: f64| {
            if value.abs() <= 1e-12 * scale {
                0.0
            } else {
                value
            }
        };
        match quantity {
            Quantity::Discrepancy => n * self.difference().second,
            Quantity::Energy => {
                n * unless_rounding(second - self.bath_variance, second + self.bath_variance)
            }
            Quantity::FirstMoment => n * unless_rounding(mean, second.sqrt()),
            Quantity::PairMoment => n * (n - 1.0) * unless_rounding(at_start(&[1, 1]), second),
        }
    }

    /// The copy on which a quantity is judged: the second, unless its E X(0)
    /// is 0; then the first. `None` if both are 0.
    pub fn judged_copy(&self, quantity: Quantity) -> Option<System> {
        [System::Second, System::First]
            .into_iter()
            .find(|&copy| self.initial_mean(quantity, copy) != 0.0)
    }

    /// Var X(t)/(E X(t))², which is that of the martingale M = e^{rt}X, r the quantity's exact rate; `None` where it
    /// is infinite or not known, or E X is 0. It can overflow.
    pub fn relative_variance(&self, quantity: Quantity, copy: System, time: f64) -> Option<f64> {
        let mean = self.initial_mean(quantity, copy);
        if mean == 0.0 {
            return None;
        }
        let n = self.count();
        let (average, terms): (&[u32], f64) = match quantity {
            Quantity::Discrepancy if self.is_of_theorem_6() => {
                return self.synchronous_variance(time);
            }
            Quantity::Discrepancy => return None,
            Quantity::Energy => (&[2], n),
            Quantity::FirstMoment => (&[1], n),
            Quantity::PairMoment => (&[1, 1], n * (n - 1.0)),
        };
        let variance = self.variance_of_average(copy, average, time)?;
        let growth = libm::exp(self.decay_rate(quantity) * time) * terms / mean;
        Some(variance * growth * growth)
    }

    /// A moment of degree 4; 0 for one of more particles than there are (its weight is 0 then too).
    fn joint(&self, moments: &Array1<f64>, partition: &[u32]) -> f64 {
        let system = self.system.as_ref();
        system.map_or(0.0, |system| moment_of(system, moments, partition))
    }

    /// (E V_1, E V_1²) of a copy at a time.
    pub fn low_moments(&self, copy: System, time: f64) -> (f64, f64) {
        (
            self.first_moment(copy, time),
            self.second_moment(copy, time),
        )
    }

    /// (E V_1, Var V_1) of a copy at a time.
    pub fn mean_and_variance(&self, copy: System, time: f64) -> (f64, f64) {
        (self.first_moment(copy, time), self.variance(copy, time))
    }

    /// The size with which an error of a moment is to be compared: the moment itself, or its approximate value for
    /// velocities of mean other than 0.
    pub fn moment_size(&self, copy: System, moment: Moment, time: f64) -> Option<f64> {
        let exact = self.moment(copy, moment, time)?;
        let energy = self.second_moment(copy, time);
        Some(match moment {
            Moment::M1 => energy.sqrt(),
            // About the spread of (ΣV)²/N² where the mean of V is 0.
            Moment::M11 => energy / self.count() + exact.abs(),
            _ => exact,
        })
    }

    /// ΣV_i/N and ΣV_i²/N of a copy after exactly one collision: the mean of each, and its standard deviation over
    /// replicas. `None` where that is infinite, or nothing collides.
    ///
    /// One jump of the embedded chain is 1 + 𝓛/Λ, with 𝓛 the generator and Λ = (κ/2 + β)N the rate of all
    /// collisions (Lemma 3).
    pub fn after_one_collision(&self, copy: System) -> Option<[(f64, f64); 2]> {
        let n = self.count();
        let all = self.rates.total(self.particles);
        let system = self.system.as_ref()?;
        self.initial[copy as usize][4]?;
        if all == 0.0 {
            return None;
        }
        let start = self.start(system, copy);
        let after = &start + &(system.derivative(&start) / all);
        let fourth = self.joint(&after, &[4]) + (n - 1.0) * self.joint(&after, &[2, 2]);
        let (mean, second) = self.low_moments(copy, 0.0);
        let mean = mean * (1.0 - self.decay_rate(Quantity::FirstMoment) / all);
        let second = second - 0.5 * self.rates.bath * (second - self.bath_variance) / all;
        let pairs = self.pair_moment(copy, 0.0);
        let pairs = pairs * (1.0 - self.decay_rate(Quantity::PairMoment) / all);
        let deviation = |square: f64, mean: f64| (square - mean * mean).max(0.0).sqrt();
        Some([
            (mean, deviation((second + (n - 1.0) * pairs) / n, mean)),
            (second, deviation(fourth / n, second)),
        ])
    }

    /// Gelbrich's lower bound on W₂² of the first marginals at a time, from the
    /// exact first and second moments.
    pub fn gelbrich_squared(&self, time: f64) -> f64 {
        let [first, second] = System::ALL.map(|copy| self.mean_and_variance(copy, time));
        gelbrich::gelbrich_lower(first, second)
    }

    /// The coupling of the two copies.
    pub fn coupling(&self) -> CouplingKind {
        self.coupling
    }

    /// True if the fourth moments of this copy are finite at all times.
    pub fn has_fourth_moment(&self, copy: System) -> bool {
        self.initial[copy as usize][4].is_some() && self.bath[4].is_some()
    }
}

/// True if eighth powers of velocities of this variance, or of a bath at rest, neither overflow nor vanish.
fn has_eighth_powers(variance: f64) -> bool {
    variance == 0.0 || (1e-72..1e72).contains(&variance)
}

/// A moment out of the vector of a system; 0 for one of more particles than there are.
fn moment_of(system: &MomentSystem, moments: &Array1<f64>, partition: &[u32]) -> f64 {
    let position = system.position(partition);
    position.map_or(0.0, |position| moments[position])
}

/// The first two moments are finite for every law in use.
fn known(moment: Option<f64>) -> f64 {
    moment.expect("every law has a finite second moment")
}
