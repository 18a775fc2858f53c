//! Sorting real numbers as integers.

/// An integer whose order is the order of `f64::total_cmp`.
#[inline(always)]
pub fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ (((bits as i64 >> 63) as u64) | (1 << 63))
}

/// The number of a key.
#[inline(always)]
pub fn value(key: u64) -> f64 {
    let sign = ((!key as i64) >> 63) as u64;
    f64::from_bits(key ^ (sign | (1 << 63)))
}

/// The ranks of some numbers: the index of the lowest one, of the next one, and so on. The value is
/// kept between uses for its memory.
///
/// The method sorts integers that hold the leading bits of a number's [`key`] and its index, which
/// takes half the time of sorting pairs. Among up to some 10⁷ numbers few are not told apart by the
/// leading bits, unless they are equal; these are sorted again.
#[derive(Debug, Default)]
pub struct Ranks {
    keys: Vec<u64>,
    packed: Vec<u64>,
    order: Vec<u32>,
}

impl Ranks {
    /// Ranks fewer than 2³² numbers in the order of `f64::total_cmp`. `tied` is given the indices
    /// of equal numbers, in order, and may change their order.
    pub fn sort(
        &mut self,
        numbers: impl ExactSizeIterator<Item = f64>,
        mut tied: impl FnMut(&mut [u32]),
    ) {
        let index_bits = usize::BITS - numbers.len().saturating_sub(1).leading_zeros();
        let index = (1 << index_bits) - 1;
        self.keys.clear();
        self.keys.extend(numbers.map(key));
        self.packed.clear();
        let packed = self.keys.iter().zip(0..);
        (self.packed).extend(packed.map(|(key, number)| key & !index | number));
        self.packed.sort_unstable();
        self.order.clear();
        let order = self.packed.iter().map(|packed| (packed & index) as u32);
        self.order.extend(order);
        let mut rest = &mut self.order[..];
        for alike in self.packed.chunk_by(|one, other| (one ^ other) <= index) {
            let (order, after) = rest.split_at_mut(alike.len());
            rest = after;
            if order.len() > 1 {
                let key = |&number: &u32| self.keys[number as usize];
                // Equal keys are in order already, and the sort is stable.
                order.sort_by_key(key);
                let equal = order.chunk_by_mut(|one, other| key(one) == key(other));
                equal.filter(|equal| equal.len() > 1).for_each(&mut tied);
            }
        }
    }

    /// The index of the number of each rank.
    pub fn order(&self) -> &[u32] {
        &self.order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_like_numbers() {
        let mut numbers = [3.5, -0.0, 0.0, -1e-300, f64::MIN, 1e300, -2.0, 7.0];
        let mut keys: Vec<u64> = numbers.iter().map(|&x| key(x)).collect();
        numbers.sort_by(f64::total_cmp);
        keys.sort_unstable();
        for (x, k) in numbers.iter().zip(keys) {
            assert_eq!(x.to_bits(), value(k).to_bits());
        }
    }

    /// Numbers that are spread over many sizes, that differ only beyond the leading bits, and that
    /// are often equal.
    #[test]
    fn ranks_are_those_of_a_plain_sort() {
        let wide = |k: i32| libm::sin(f64::from(k)) * libm::exp(f64::from(k % 50) - 25.0);
        let near = |k: i32| 1.0 + f64::EPSILON * f64::from(k * 7919 % 1000 / 3);
        let tied = |k: i32| f64::from(k * 7919 % 11 - 5) * 0.0_f64.max(f64::from(k % 3));
        let mut ranks = Ranks::default();
        for (number, has_equal) in [(wide as fn(i32) -> f64, false), (near, true), (tied, true)] {
            for count in [0, 1, 2, 3, 1000, 1024, 1025] {
                let numbers: Vec<f64> = (0..count).map(number).collect();
                let mut expected: Vec<u32> = (0..count as u32).collect();
                expected.sort_by(|&i, &j| numbers[i as usize].total_cmp(&numbers[j as usize]));
                ranks.sort(numbers.iter().copied(), |_| ());
                assert_eq!(ranks.order(), expected);

                let mut equal = vec![];
                ranks.sort(numbers.iter().copied(), |tied| {
                    equal.push(tied.to_vec());
                    tied.reverse();
                });
                let bits = |&i: &u32| numbers[i as usize].to_bits();
                let runs = expected.chunk_by(|one, other| bits(one) == bits(other));
                let runs = runs.filter(|run| run.len() > 1);
                assert!(equal.iter().map(Vec::as_slice).eq(runs.clone()));
                assert_eq!(!equal.is_empty(), has_equal && count > 3);
                let mut reversed = expected.clone();
                for run in reversed.chunk_by_mut(|one, other| bits(one) == bits(other)) {
                    run.reverse();
                }
                assert_eq!(ranks.order(), reversed);
            }
        }
    }
}
