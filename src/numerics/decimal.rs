//! Fractions of numbers as decimal arithmetic gives them.
//!
//! In binary arithmetic a tenth of 0.7 is a number that is written 0.06999999999999999. People type decimal numbers,
//! and mean decimal fractions.

/// A decimal number: digits · 10^exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The digits as an integer below 10¹⁷.
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// The decimal number of fewest digits that reads back to this number, which is finite and not negative.
    pub fn of(number: f64) -> Decimal {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').expect("there is an exponent");
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        let exponent: i32 = exponent.parse().expect("it is a whole number");
        Decimal {
            digits: digits.parse().expect("there are at most 17 digits"),
            exponent: exponent - fraction.len() as i32,
        }
    }

    /// The binary number that is nearest to this one times `numerator`/`denominator`. Equal fractions give equal
    /// numbers; the decimal number itself, or any short one, gives the number that it reads as.
    pub fn fraction(self, numerator: u64, denominator: u64) -> f64 {
        let mut scaled = u128::from(self.digits) * u128::from(numerator);
        if scaled == 0 {
            return 0.0;
        }
        let mut exponent = self.exponent;
        while let Some(next) = scaled.checked_mul(10) {
            scaled = next;
            exponent -= 1;
        }
        let denominator = u128::from(denominator);
        let (quotient, rest) = (scaled / denominator, scaled % denominator);
        // The last digit is followed by a further one if the quotient goes on, in case the quotient looks like the
        // middle between two numbers.
        let text = format!("{quotient}{}e{}", u8::from(rest > 0), exponent - 1);
        text.parse().expect("it is a decimal number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_taken_apart() {
        for (number, digits, exponent) in [
            (0.0, 0, 0),
            (1.0, 1, 0),
            (0.07, 7, -2),
            (12.5, 125, -1),
            (4e60, 4, 60),
            (1e-60, 1, -60),
            (1.0 / 3.0, 3333333333333333, -16),
            (9007199254740993.0, 9007199254740992, 0),
        ] {
            assert_eq!(Decimal::of(number), Decimal { digits, exponent });
            assert_eq!(Decimal::of(number).fraction(1, 1), number);
        }
    }

    #[test]
    fn fractions_are_those_of_decimal_numbers() {
        let tenth_of = |number: f64| Decimal::of(number).fraction(1, 10);
        assert_eq!(
            [0.7, 1.1, 5e-7, 3e60].map(tenth_of),
            [0.07, 0.11, 5e-8, 3e59]
        );
        assert_eq!(Decimal::of(0.7).fraction(3, 7), 0.3);
        assert_eq!(Decimal::of(0.1).fraction(3, 1), 0.3);
        assert_eq!(Decimal::of(1.0).fraction(1, 3), 1.0 / 3.0);
        assert_eq!(Decimal::of(1e17).fraction(u64::MAX, u64::MAX), 1e17);
        // A seventh of 7 · middle ± 1 lies less than a seventh of a unit beside the middle between 2⁵³ and
        // 2⁵³ + 2.
        let middle = 9007199254740993u64;
        let [below, above] =
            [7 * middle - 1, 7 * middle + 1].map(|n| Decimal::of(1.0).fraction(n, 7));
        assert_eq!([below, above], [9007199254740992.0, 9007199254740994.0]);
    }
}
