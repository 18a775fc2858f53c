//! Velocities of some particles of both copies, apart from the slots.

/// Some particles of both copies: V, V′ and Δ = V − V′ of each.
///
/// Δ is carried, not subtracted, where the coupling allows it.
#[derive(Debug, Clone)]
pub struct Particles {
    count: usize,
    first: [f64; Self::MOST],
    second: [f64; Self::MOST],
    difference: [f64; Self::MOST],
}

impl Default for Particles {
    fn default() -> Self {
        Particles {
            count: 0,
            first: [0.0; Self::MOST],
            second: [0.0; Self::MOST],
            difference: [0.0; Self::MOST],
        }
    }
}

impl Particles {
    /// The largest number of particles that can be read at once.
    pub const MOST: usize = 256;

    /// V of each particle.
    pub fn first(&self) -> &[f64] {
        &self.first[..self.count]
    }

    /// V′ of each particle.
    pub fn second(&self) -> &[f64] {
        &self.second[..self.count]
    }

    /// Δ of each particle.
    pub fn difference(&self) -> &[f64] {
        &self.difference[..self.count]
    }

    /// Makes room for `count` particles: V, V′ and Δ.
    pub(super) fn hold(&mut self, count: usize) -> [&mut [f64]; 3] {
        self.count = count;
        [&mut self.first, &mut self.second, &mut self.difference].map(|array| &mut array[..count])
    }
}
