//! The tables of estimates: what is measured beside what is exactly known.

use crate::{table, tables};

table! {
    /// ‖Δ‖² summed over particles, at each record time.
    #[file("discrepancy.csv")]
    #[one_row_per("N and record time")]
    #[written("by every run without `[calibration]`")]
    pub struct DiscrepancyRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// Record time t.
        #[unit("time")]
        pub time: f64,
        /// Number of replicas.
        #[unit("-")]
        pub replicas: u64,
        /// Mean of ‖Δ‖² over replicas.
        #[unit("velocity²")]
        pub mean: f64,
        /// Standard error of `mean`, from the spread of the replicas.
        #[unit("velocity²")]
        #[empty("the variance is infinite or not known to be finite, there is one replica, or `mean` has underflowed to 0")]
        pub std_error: Option<f64>,
        /// The exact mean E‖Δ(t)‖².
        #[unit("velocity²")]
        #[empty("no closed form is known: under the aligned coupling, and with rematching")]
        pub exact_mean: Option<f64>,
        /// The exact standard error of `mean`.
        #[unit("velocity²")]
        #[empty("the variance is infinite, or no closed form of it is known: under another coupling than the synchronous one, and with rematching")]
        pub exact_std_error: Option<f64>,
        /// The z-score (mean − exact_mean)/exact_std_error.
        #[unit("-")]
        #[empty("`exact_mean` or `exact_std_error` is empty, `exact_std_error` is 0, or `mean` has underflowed")]
        #[infinite("`exact_std_error` is too small to be divided by")]
        pub z: Option<f64>,
        /// The bound e^{−μt} E‖Δ(0)‖² that the proof of Theorem 6 prints.
        #[unit("velocity²")]
        pub bound: f64,
        /// Whether z is nearly normal. It is not where few replicas carry the mean or its variance, where rounding of
        /// velocities may have made it, nor where the mean has underflowed. Where no exact error is known, this says
        /// whether the measured one is at most a tenth of the mean.
        #[unit("-")]
        #[earlier("true")]
        pub trusted: bool,
    }
}

table! {
    /// Squared distances W₂² of the first marginals of both copies, per particle, and the bounds of them, at each record
    /// time of `[wasserstein]`.
    #[file("wasserstein.csv")]
    #[one_row_per("N and record time of `[wasserstein]`")]
    #[written("by runs with `[wasserstein]` and without `[calibration]`")]
    pub struct WassersteinRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// Record time t.
        #[unit("time")]
        pub time: f64,
        /// Number of replicas in whole batches.
        #[unit("-")]
        pub replicas: u64,
        /// Number of pooled velocities of a batch.
        #[unit("-")]
        pub sample: usize,
        /// Number of independent batches.
        #[unit("-")]
        pub batches: u64,
        /// Gelbrich's bound from exact moments, which is at most W₂².
        #[unit("velocity²")]
        pub gelbrich_lower: f64,
        /// Mean over batches of W₂² of the pooled velocities; its expectation is at least W₂².
        #[unit("velocity²")]
        #[empty("there are fewer than two batches")]
        pub w2_squared: Option<f64>,
        /// Standard error of `w2_squared` over batches.
        #[unit("velocity²")]
        #[empty("there are fewer than two batches, or the variance of ‖Δ‖² is infinite or not known to be finite")]
        pub std_error: Option<f64>,
        /// Mean over batches of ‖Δ‖²/N of the same velocities, which is at least `w2_squared`.
        #[unit("velocity²")]
        #[empty("there are fewer than two batches")]
        pub coupling_upper: Option<f64>,
        /// Theorem 7 as printed, squared: e^{−μt} W₂²(f, h).
        #[unit("velocity²")]
        #[empty("the distance of the initial laws is not known")]
        pub bound: Option<f64>,
        /// Standard error of `coupling_upper` over batches.
        #[unit("velocity²")]
        #[empty("there are fewer than two batches, or the variance of ‖Δ‖² is infinite or not known to be finite")]
        pub coupling_std_error: Option<f64>,
        /// The cross-fitted dual estimate, of all velocities kept; its expectation is at most W₂².
        #[unit("velocity²")]
        #[empty("there is no bracket: fewer than four whole replicas were kept, or few replicas or collisions carry it")]
        pub dual_lower: Option<f64>,
        /// W₂² of all velocities kept, pooled, less control variates; its expectation is at least W₂².
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        #[earlier("")]
        pub pooled_upper: Option<f64>,
        /// Lower confidence limit of W₂²: it is at most W₂² with probability 0.9995.
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        pub lower_limit: Option<f64>,
        /// Upper confidence limit of W₂²: it is at least W₂² with probability 0.9995.
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        pub upper_limit: Option<f64>,
        /// Lower confidence limit of W₂,N²/N of the joint laws, with the same probability.
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        pub joint_lower: Option<f64>,
        /// Upper confidence limit of W₂,N²/N of the joint laws, with the same probability.
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        pub joint_upper: Option<f64>,
        /// Number of replicas that the estimates and limits from `dual_lower` on are made of: the first ones.
        #[unit("-")]
        #[empty("there is no bracket")]
        #[earlier("")]
        pub bracket_replicas: Option<u64>,
        /// Standard error of `dual_lower` over these replicas.
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        #[earlier("")]
        pub dual_std_error: Option<f64>,
        /// Standard error of `pooled_upper` over these replicas: the larger one of two estimates of it.
        #[unit("velocity²")]
        #[empty("there is no bracket")]
        #[earlier("")]
        pub pooled_std_error: Option<f64>,
    }
}

table! {
    /// Rates at which quantities decay, with intervals of 99.9 %.
    #[file("rates.csv")]
    #[one_row_per("N and quantity")]
    #[written("by every run without `[calibration]`")]
    pub struct RateRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// The quantity that decays: `discrepancy`, `energy`, `first-moment` or `pair-moment`.
        #[unit("-")]
        pub quantity: &'static str,
        /// Number of replicas.
        #[unit("-")]
        pub replicas: u64,
        /// Measured decay rate.
        #[unit("1/time")]
        #[empty("the means determine no rate; `kac plan` says why")]
        pub rate: Option<f64>,
        /// Standard error of `rate`: the larger one of the two that follow.
        #[unit("1/time")]
        #[empty("there is no rate")]
        pub std_error: Option<f64>,
        /// Standard error of `rate` that is known before sampling.
        #[unit("1/time")]
        #[empty("there is no rate")]
        pub exact_std_error: Option<f64>,
        /// Standard error of `rate` from the spread of the replicas.
        #[unit("1/time")]
        #[empty("there is no rate")]
        pub empirical_std_error: Option<f64>,
        /// Level of the interval.
        #[unit("-")]
        pub confidence: f64,
        /// Lower end of the interval of `rate`.
        #[unit("1/time")]
        #[empty("there is no rate")]
        pub ci_low: Option<f64>,
        /// Upper end of the interval of `rate`.
        #[unit("1/time")]
        #[empty("there is no rate")]
        pub ci_high: Option<f64>,
        /// The exact rate of the process.
        #[unit("1/time")]
        #[empty("the quantity does not decay at one rate: ‖Δ‖² under another coupling than the synchronous one, and with rematching")]
        pub predicted: Option<f64>,
        /// The z-score (rate − predicted)/std_error.
        #[unit("-")]
        #[empty("there is no rate, `predicted` is empty, or `std_error` is 0")]
        #[infinite("`std_error` is too small to be divided by")]
        pub z: Option<f64>,
    }
}

table! {
    /// Moments of the velocities of either copy, at each record time.
    #[file("moments.csv")]
    #[one_row_per("N, record time, copy and moment; one particle has no joint moments")]
    #[written("by every run without `[calibration]`")]
    pub struct MomentRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// Record time t.
        #[unit("time")]
        pub time: f64,
        /// The copy of the gas: `first` or `second`.
        #[unit("-")]
        pub system: &'static str,
        /// The moment: `m1` = E V₁, `m2` = E V₁², `m4` = E V₁⁴, `m11` = E V₁V₂ or `m22` = E V₁²V₂².
        #[unit("-")]
        pub moment: &'static str,
        /// Mean over replicas.
        #[unit("velocity to the power of the moment")]
        pub mean: f64,
        /// Standard error of `mean`, from the spread of the replicas.
        #[unit("as `mean`")]
        #[empty("the variance is infinite or not known, or there is one replica")]
        pub std_error: Option<f64>,
        /// The exact moment.
        #[unit("as `mean`")]
        #[empty("it is infinite or not known, or it overflows")]
        pub exact: Option<f64>,
        /// The z-score (mean − exact)/exact_std_error.
        #[unit("-")]
        #[empty("`exact` or `exact_std_error` is empty, `exact_std_error` is 0, or `mean` has underflowed")]
        #[infinite("`exact_std_error` is too small to be divided by")]
        pub z: Option<f64>,
        /// The exact standard error of `mean`.
        #[unit("as `mean`")]
        #[empty("the variance is infinite or not known, or it overflows")]
        #[earlier("")]
        pub exact_std_error: Option<f64>,
        /// Whether z is nearly normal. It is not where few replicas carry the mean or its variance, where the variance
        /// is infinite, where rounding of velocities may have made it, nor where the mean has underflowed.
        #[unit("-")]
        #[earlier("true")]
        pub trusted: bool,
    }
}

table! {
    /// Quantities at the end of the run, and rates, to be compared between numbers of particles. Limits are of 99.9 %.
    #[file("scaling.csv")]
    #[one_row_per("N and quantity of which something is known")]
    #[written("by every run without `[calibration]`")]
    pub struct ScalingRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// The quantity: `decay_rate`, `discrepancy_per_particle`, `relative_variance`, `gelbrich_lower`, `w2_squared`,
        /// `coupling_upper`, `joint_w2_squared`, `joint_excess` or `collisions`. Distances are squared and per particle.
        #[unit("-")]
        pub quantity: &'static str,
        /// The measured value, or the exact one where `std_error` is empty and `exact` equals it.
        #[unit("1/time for `decay_rate` and `collisions`, - for `relative_variance`, velocity² otherwise")]
        #[empty("only limits are known")]
        pub value: Option<f64>,
        /// Standard error of `value`.
        #[unit("as `value`")]
        #[empty("the value is exact, or the data do not tell its error")]
        pub std_error: Option<f64>,
        /// The exact value, in closed form.
        #[unit("as `value`")]
        #[empty("no closed form is known")]
        pub exact: Option<f64>,
        /// Standard error of `value` that is known before sampling.
        #[unit("as `value`")]
        #[empty("no closed form of it is known")]
        #[earlier("")]
        pub exact_std_error: Option<f64>,
        /// Lower confidence limit: it is at most the quantity with probability 0.9995.
        #[unit("as `value`")]
        #[empty("the quantity is not a distance, or has no bracket")]
        pub lower_limit: Option<f64>,
        /// Upper confidence limit: it is at least the quantity with probability 0.9995.
        #[unit("as `value`")]
        #[empty("the quantity is not a distance, or has no bracket")]
        pub upper_limit: Option<f64>,
        /// The meaning of the quantity in words.
        #[unit("-")]
        #[earlier("unknown")]
        pub meaning: &'static str,
        #[not_in_file(true)]
        /// Whether `value` is not known to be far from normal.
        pub nearly_normal: bool,
    }
}

table! {
    /// The exponent a in quantity ~ N^a over all N of a sweep, at the end of the run.
    #[file("exponents.csv")]
    #[one_row_per("quantity that has an exponent")]
    #[written("by runs over three N or more without `[calibration]`")]
    pub struct ExponentRow {
        /// The quantity. `decay_rate`, `discrepancy_per_particle`, `relative_variance` and `collisions` are measured;
        /// `w2`, `joint_w2` and `joint_excess` lie between confidence limits.
        #[unit("-")]
        pub quantity: &'static str,
        /// Number of N that the exponent was fitted to.
        #[unit("-")]
        pub sizes: usize,
        /// The exponent a; between confidence limits the middle of the interval.
        #[unit("-")]
        pub exponent: f64,
        /// Standard error of `exponent`, which is known before sampling.
        #[unit("-")]
        #[empty("the quantity lies between confidence limits")]
        pub std_error: Option<f64>,
        /// Level of the interval; between confidence limits it is at least this.
        #[unit("-")]
        pub confidence: f64,
        /// Lower end of the interval of `exponent`.
        #[unit("-")]
        pub ci_low: f64,
        /// Upper end of the interval of `exponent`.
        #[unit("-")]
        pub ci_high: f64,
        /// The exponent of the exact values at the same N with the same weights.
        #[unit("-")]
        #[empty("the quantity lies between confidence limits")]
        pub exact: Option<f64>,
        /// The z-score (exponent − exact)/std_error.
        #[unit("-")]
        #[empty("the quantity lies between confidence limits, or `std_error` is 0")]
        #[infinite("`std_error` is too small to be divided by")]
        pub z: Option<f64>,
        /// The exponent for N → ∞ of a distance between chaotic laws. At finite N the distance itself differs from its
        /// limit by a multiple of 1/N.
        #[unit("-")]
        #[empty("the quantity is no such distance")]
        pub limit: Option<f64>,
        /// The weighted sum χ² of the squares that a power law leaves.
        #[unit("-")]
        #[empty("the quantity lies between confidence limits")]
        #[infinite("the standard errors are too small to be divided by")]
        pub chi_squared: Option<f64>,
        /// Degrees of freedom of `chi_squared`: sizes − 2.
        #[unit("-")]
        #[empty("the quantity lies between confidence limits")]
        pub degrees: Option<usize>,
        /// The probability of at least this χ² under a power law.
        #[unit("-")]
        #[empty("the quantity lies between confidence limits")]
        pub p_value: Option<f64>,
        /// Whether a power law fits: p_value ≥ 1 − confidence, or a line passes through all confidence limits.
        #[unit("-")]
        pub power_law: bool,
    }
}

table! {
    /// Quantities of the steady state beside their exact values.
    #[file("steady_state.csv")]
    #[one_row_per("N and quantity")]
    #[written("by runs with `[steady_state]`")]
    pub struct SteadyRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// The quantity: a moment as `m2` = E V₁² or `m22` = E V₁²V₂², `pair-correlation`, `excess-kurtosis`, or
        /// `w2_upper`, which bounds W₂² between the two starts, per particle.
        #[unit("-")]
        pub quantity: &'static str,
        /// Mean over replicas, of averages over time.
        #[unit("velocity to the power of the moment; - for `excess-kurtosis`, velocity² for `w2_upper`")]
        pub value: f64,
        /// Standard error of `value`, from the spread of the replicas.
        #[unit("as `value`")]
        #[empty("the variance is infinite, there is one replica, or the value has underflowed to 0")]
        pub std_error: Option<f64>,
        /// The exact value.
        #[unit("as `value`")]
        pub exact: f64,
        /// The exact standard error of `value`.
        #[unit("as `value`")]
        #[empty("it is infinite or not known")]
        pub exact_std_error: Option<f64>,
        /// The z-score (value − exact)/(the larger one of the two standard errors).
        #[unit("-")]
        #[empty("`std_error` is empty, or both standard errors are 0")]
        #[infinite("the standard error is too small to be divided by")]
        pub z: Option<f64>,
        /// The time from which on it was measured.
        #[unit("time")]
        pub time: f64,
        /// Number of replicas.
        #[unit("-")]
        pub replicas: u64,
        /// The ratio κ/β of the rates of pair and bath collisions.
        #[unit("-")]
        pub pair_per_bath: f64,
        /// The name of the bath's law.
        #[unit("-")]
        pub bath: &'static str,
        /// Whether z is nearly normal: many replicas carry the mean, and the bath velocities of the run determine its
        /// variance.
        #[unit("-")]
        #[earlier("true")]
        pub trusted: bool,
    }
}

table! {
    /// The density of one velocity in the steady state, averaged over a cell.
    #[file("steady_density.csv")]
    #[one_row_per("N and cell")]
    #[written("by runs with `[steady_state]`")]
    pub struct DensityRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// Lower end of the cell.
        #[unit("velocity")]
        pub low: f64,
        /// Upper end of the cell.
        #[unit("velocity")]
        pub high: f64,
        /// Measured density of the steady state.
        #[unit("1/velocity")]
        pub density: f64,
        /// Standard error of `density` over replicas.
        #[unit("1/velocity")]
        #[empty("there is one replica, or no velocity was in the cell")]
        pub std_error: Option<f64>,
        /// Exact density of the bath.
        #[unit("1/velocity")]
        pub bath_density: f64,
        /// Exact density of the Maxwellian of the same temperature.
        #[unit("1/velocity")]
        pub maxwellian: f64,
    }
}

table! {
    /// The exact excess kurtosis of the steady state along the ratio κ/β of the rates.
    #[file("steady_kurtosis.csv")]
    #[one_row_per("N and κ/β")]
    #[written("by runs with `[steady_state]`")]
    pub struct KurtosisRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// The ratio κ/β of the rates of pair and bath collisions.
        #[unit("-")]
        pub pair_per_bath: f64,
        /// The excess kurtosis m4/m2² − 3 of the steady state.
        #[unit("-")]
        #[empty("it is infinite or not known")]
        pub excess_kurtosis: Option<f64>,
        /// The excess kurtosis for N → ∞.
        #[unit("-")]
        #[empty("it is infinite or not known")]
        pub limit: Option<f64>,
    }
}

tables! {
    /// The tables of estimates of a run, for one N or several.
    pub struct Tables {
        pub discrepancy: DiscrepancyRow,
        pub wasserstein: WassersteinRow,
        pub rates: RateRow,
        pub moments: MomentRow,
        pub scaling: ScalingRow,
        pub exponents: ExponentRow,
        pub steady_state: SteadyRow,
        pub steady_density: DensityRow,
        pub steady_kurtosis: KurtosisRow,
    }
}
