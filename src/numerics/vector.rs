//! Stages that are written once and compiled for several instruction sets.
//!
//! A stage is a loop over arrays without branches, made of + − × ÷ √ and bit operations only. These
//! are exact or correctly rounded on every machine, and a multiplication is never fused with an
//! addition. So every instruction set gives the same bits, and wider ones are faster.

use crate::text::quote::quoted;
use std::sync::OnceLock;
use thiserror::Error;

/// The environment variable that chooses instructions.
const VARIABLE: &str = "KAC_INSTRUCTIONS";

/// The error that the environment names instructions which cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{VARIABLE} = {wanted:?} is not available on this machine; write one of {available}, or unset it for the fastest"
)]
pub struct NoSuchInstructions {
    /// The value of the environment variable.
    pub wanted: String,
    /// The names that are available.
    pub available: String,
}

/// A set of vector instructions. A value of this type is proof that the machine has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instructions(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The instructions that every machine of this architecture has: SSE2 on x86-64.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// All instruction sets that this machine has, the slowest first.
    pub fn available() -> Vec<Instructions> {
        let mut available = vec![Instructions(Level::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            let narrow = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
            if narrow {
                available.push(Instructions(Level::Avx2));
            }
            if narrow
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
            {
                available.push(Instructions(Level::Avx512));
            }
        }
        available
    }

    /// The instructions that the environment variable `KAC_INSTRUCTIONS` names (`sse2`, `avx2`,
    /// `avx512`), for comparisons of speed. `None` if it is empty or not set.
    ///
    /// # Errors
    ///
    /// If the machine does not have these instructions, or none have this name.
    pub fn wanted() -> Result<Option<Instructions>, NoSuchInstructions> {
        match std::env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()).map(Some),
            _ => Ok(None),
        }
    }

    /// The instructions of this name.
    fn named(name: &str) -> Result<Instructions, NoSuchInstructions> {
        let available = Self::available();
        let names: Vec<&str> = available.iter().map(|found| found.name()).collect();
        let found = available.iter().find(|found| found.name() == name);
        found.copied().ok_or_else(|| NoSuchInstructions {
            wanted: quoted(name),
            available: names.join(", "),
        })
    }

    /// The instructions that are [`wanted`](Instructions::wanted) if the machine has them, else the
    /// fastest that it has. No result depends on the choice.
    pub fn best() -> Instructions {
        static BEST: OnceLock<Instructions> = OnceLock::new();
        *BEST.get_or_init(|| {
            let fastest = || Self::available().pop();
            let wanted = Self::wanted().ok().flatten();
            (wanted.or_else(fastest)).expect("there is always the portable one")
        })
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable if cfg!(target_arch = "x86_64") => "sse2",
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }

    pub(crate) fn level(self) -> Level {
        self.0
    }
}

/// Compiles a stage for every instruction set; the first argument of the function it makes chooses
/// one.
///
/// The stages stay functions of their own: when they are inlined into each other, a compiler falls
/// back to scalar code.
macro_rules! vectorised {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $(<$generic:ident: $bound:path>)?
        ($($argument:ident: $type:ty),* $(,)?) $body:block
    ) => {
        $(#[$attribute])*
        #[inline(never)]
        $visibility fn $name $(<$generic: $bound>)? (instructions: $crate::numerics::vector::Instructions, $($argument: $type),*) {
            #[inline(always)]
            fn stage $(<$generic: $bound>)? ($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2 $(<$generic: $bound>)? ($($argument: $type),*) {
                stage($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
            fn avx512 $(<$generic: $bound>)? ($($argument: $type),*) {
                stage($($argument),*)
            }

            use $crate::numerics::vector::Level;
            match instructions.level() {
                Level::Portable => stage($($argument),*),
                // SAFETY: `Instructions` only has levels that were detected.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { avx2($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => unsafe { avx512($($argument),*) },
            }
        }
    };
}
pub(crate) use vectorised;
