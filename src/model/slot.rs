//! A particle of both copies of the gas.
//!
//! A slot holds (V, Δ) with Δ = V − V′, and no coupling may lose the relative
//! accuracy of Δ: it stays right however small it becomes, where V − V′ by
//! subtraction would drown in the rounding of V.

/// (V, Δ) of a particle.
pub type Slot = [f64; 2];

/// The slot of a particle with velocities V and V′.
#[inline(always)]
pub fn of(first: f64, second: f64) -> Slot {
    [first, first - second]
}

/// (V, V′) of a slot.
#[inline(always)]
pub fn velocities([first, difference]: Slot) -> (f64, f64) {
    (first, first - difference)
}

/// Δ = V − V′ of a slot.
#[inline(always)]
pub fn difference(slot: Slot) -> f64 {
    slot[1]
}

/// V′ of a slot without any rounding, as the sum of its rounded value and of the rounding error
/// (Knuth's two-sum). The lexicographic order of these pairs is the order of V′.
#[inline(always)]
pub fn exact_second([first, difference]: Slot) -> [f64; 2] {
    let second = first - difference;
    let subtracted = first - second;
    let error = (first - (second + subtracted)) - (difference - subtracted);
    [second, error]
}

/// The slot of a particle with V of one slot and V′ of another. Both slots are taken as exact, and
/// V − V′ is right to a few units in the last place.
#[inline(always)]
pub fn paired(first: Slot, second: Slot) -> Slot {
    let [rounded, error] = exact_second(second);
    [first[0], (first[0] - rounded) - error]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_anew_is_exact_where_subtraction_is_not() {
        // V′ is 1 − 1e-20 in one slot and 1 + 2⁻⁵² − 1e-20 in the other; V's are exchanged.
        let (one, other) = ([1.0, 1e-20], [1.0 + f64::EPSILON, 1e-20]);
        assert_eq!(exact_second(one), [1.0, -1e-20]);
        assert_eq!(paired(one, other), [1.0, 1e-20 - f64::EPSILON]);
        assert_eq!(paired(other, one)[1], f64::EPSILON + 1e-20);
        assert_eq!(paired(one, one), one);
        // Velocities that round to the same number are told apart.
        let lower = [1.0, 2e-20];
        assert!(exact_second(lower) < exact_second(one));
    }
}
