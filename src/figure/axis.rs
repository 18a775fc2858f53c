//! Axes: from values to a range, ticks and tick labels.
//!
//! Every function accepts any table content. Values that an axis cannot show (not finite, or not
//! positive on a logarithmic axis) have no position and are skipped; a range without extent is
//! padded.

/// Values beyond this are not shown: the difference of two of them could overflow.
const LARGEST: f64 = 1e300;

/// A logarithmic axis shows at most this many decades below its largest value, so that the
/// rounding errors of a quantity that is zero do not decide the range.
const MOST_DECADES: f64 = 12.0;

/// A range narrower than this share of its values is regarded as a single value.
const SMALLEST_RELATIVE_SPAN: f64 = 1e-9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Log10,
    Log2,
}

impl Scale {
    /// The value, or its logarithm on a logarithmic scale; `None` if the scale cannot show it.
    fn place(self, value: f64) -> Option<f64> {
        let place = match self {
            Self::Linear => value,
            Self::Log10 if value > 0.0 => value.log10(),
            Self::Log2 if value > 0.0 => value.log2(),
            Self::Log10 | Self::Log2 => return None,
        };
        (place.abs() <= LARGEST).then_some(place)
    }
}

/// A labelled place on an axis.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    /// Share of the axis, 0 to 1.
    pub(super) share: f64,
    pub(super) label: String,
}

/// One axis of a panel.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<Tick>,
    /// Shares of the axis that get a short mark and no label.
    pub(super) minor: Vec<f64>,
}

impl Axis {
    /// A linear axis that holds the values, with about `count` ticks; `None` without any value.
    pub(super) fn linear(values: impl IntoIterator<Item = f64>, count: usize) -> Option<Self> {
        let (low, high) = extent(values, Scale::Linear)?;
        let (low, high) = padded(low, high, 0.06);
        Some(Self::linear_between(low, high, count))
    }

    /// A linear axis for time, which needs less room beside the first and the last value.
    pub(super) fn time(values: impl IntoIterator<Item = f64>, count: usize) -> Option<Self> {
        let (low, high) = extent(values, Scale::Linear)?;
        let (low, high) = padded(low, high, 0.02);
        Some(Self::linear_between(low, high, count))
    }

    /// A linear axis with exactly this range.
    pub(super) fn linear_between(low: f64, high: f64, count: usize) -> Self {
        let mut axis = Self::bare(Scale::Linear, low, high);
        axis.ticks = round_values(low, high, count)
            .into_iter()
            .map(|(value, label)| axis.tick(value, label))
            .collect();
        axis
    }

    /// A decadic logarithmic axis; `None` without any positive value.
    pub(super) fn log10(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(values, Scale::Log10)?;
        let low = low.max(high - MOST_DECADES);
        let padding = (0.04 * (high - low)).max(0.02);
        let mut axis = Self::bare(Scale::Log10, low - padding, high + padding);
        axis.add_decades();
        Some(axis)
    }

    /// This axis with ticks at these numbers in place of its own.
    pub(super) fn with_ticks_at(mut self, numbers: impl IntoIterator<Item = usize>) -> Self {
        let ticks = numbers.into_iter().filter_map(|number| {
            let place = self.scale.place(number as f64)?;
            Some(self.tick(place, number.to_string()))
        });
        self.ticks = ticks
            .filter(|tick| (0.0..=1.0).contains(&tick.share))
            .collect();
        self
    }

    /// A binary logarithmic axis, for particle numbers; `None` without any positive value.
    pub(super) fn log2(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(values, Scale::Log2)?;
        // Half an octave beside a single value makes sure that a power of two is on the axis.
        let padding = if high - low < 1.0 { 0.6 } else { 0.35 };
        let mut axis = Self::bare(Scale::Log2, low - padding, high + padding);
        axis.add_powers_of_two();
        Some(axis)
    }

    /// Logarithmic if all values are positive and they differ by more than a factor of three.
    pub(super) fn linear_or_log10(values: &[f64], count: usize) -> Option<Self> {
        let (low, high) = extent(values.iter().copied(), Scale::Linear)?;
        if low > 0.0 && high / low > 3.0 {
            Self::log10(values.iter().copied())
        } else {
            Self::linear(values.iter().copied(), count)
        }
    }

    /// A linear axis on which the names stand at 0, 1, 2, …
    pub(super) fn names(names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        let mut axis = Self::bare(Scale::Linear, -0.5, names.len() as f64 - 0.5);
        axis.ticks = (0..)
            .zip(names)
            .map(|(place, name)| axis.tick(f64::from(place), name))
            .collect();
        axis
    }

    /// An axis without ticks, for a panel that has nothing to show.
    pub(super) fn unmarked() -> Self {
        Self::bare(Scale::Linear, 0.0, 1.0)
    }

    fn bare(scale: Scale, low: f64, high: f64) -> Self {
        Self {
            scale,
            low,
            high,
            ticks: Vec::new(),
            minor: Vec::new(),
        }
    }

    /// Share of the axis at which a value lies: 0 to 1 inside, beyond that outside. `None` for a
    /// value that the axis cannot show.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        self.scale.place(value).map(|place| self.share_of(place))
    }

    /// As [`Axis::share`], but kept inside the axis, and with the axis' end for a value that is too
    /// small for a logarithm. `None` for NaN.
    pub(super) fn clamped_share(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        let share = match self.scale {
            Scale::Linear => self.share_of(value.clamp(-LARGEST, LARGEST)),
            Scale::Log10 | Scale::Log2 => self.share(value.min(LARGEST)).unwrap_or(0.0),
        };
        Some(share.clamp(0.0, 1.0))
    }

    fn share_of(&self, place: f64) -> f64 {
        (place - self.low) / (self.high - self.low)
    }

    fn tick(&self, place: f64, label: String) -> Tick {
        Tick {
            share: self.share_of(place),
            label,
        }
    }

    /// Whole numbers inside the axis.
    fn whole_places(&self) -> std::ops::RangeInclusive<i32> {
        // The low end and the high end of a logarithmic axis are far inside the range of i32.
        self.low.ceil() as i32..=self.high.floor() as i32
    }

    fn add_decades(&mut self) {
        let decades = self.whole_places();
        let count = decades.clone().count();
        if count < 3 {
            self.add_digits();
            return;
        }
        let stride = count.div_ceil(7) as i32;
        for decade in decades {
            if decade % stride == 0 {
                let tick = self.tick(f64::from(decade), power_of_ten(decade));
                self.ticks.push(tick);
            }
        }
        if stride == 1 {
            self.add_minor_digits();
        }
    }

    fn add_minor_digits(&mut self) {
        let decades = self.low.floor() as i32..=self.high.floor() as i32;
        self.minor = decades
            .flat_map(|decade| {
                (2..10).map(move |digit| f64::from(decade) + f64::from(digit).log10())
            })
            .filter(|place| (self.low..=self.high).contains(place))
            .map(|place| self.share_of(place))
            .collect();
    }

    /// An axis with fewer than three powers of ten gets 1, 2 and 5 times them, or, when it is
    /// narrower still, the ticks of a linear axis.
    fn add_digits(&mut self) {
        let decades = self.low.floor() as i32..=self.high.floor() as i32;
        let ticks = decades
            .flat_map(|decade| [1, 2, 5].map(|digit| (digit, decade)))
            .map(|(digit, decade)| {
                let place = f64::from(decade) + f64::from(digit).log10();
                self.tick(place, digit_times_power(digit, decade))
            })
            .filter(|tick| (0.0..=1.0).contains(&tick.share))
            .collect::<Vec<_>>();
        self.ticks = if ticks.len() >= 3 {
            self.add_minor_digits();
            ticks
        } else {
            round_values(10_f64.powf(self.low), 10_f64.powf(self.high), 5)
                .into_iter()
                .filter_map(|(value, label)| Some(self.tick(Scale::Log10.place(value)?, label)))
                .collect()
        };
    }

    fn add_powers_of_two(&mut self) {
        let exponents = self.whole_places();
        let stride = exponents.clone().count().div_ceil(11) as i32;
        self.ticks = exponents
            .filter(|exponent| exponent % stride == 0)
            .map(|exponent| self.tick(f64::from(exponent), power_of_two(exponent)))
            .collect();
    }
}

/// The smallest and the largest place among the values that the scale can show.
fn extent(values: impl IntoIterator<Item = f64>, scale: Scale) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter_map(|value| scale.place(value))
        .fold(None, |range, place| match range {
            None => Some((place, place)),
            Some((low, high)) => Some((place.min(low), place.max(high))),
        })
}

fn padded(low: f64, high: f64, share: f64) -> (f64, f64) {
    let magnitude = low.abs().max(high.abs());
    let span = high - low;
    let padding = if span > SMALLEST_RELATIVE_SPAN * magnitude {
        share * span
    } else if magnitude > 1e-290 {
        0.5 * magnitude
    } else {
        1.0
    };
    (low - padding, high + padding)
}

/// Multiples of 1, 2 or 5 times a power of ten inside the range, about `count` of them, with labels.
fn round_values(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / count.max(1) as f64;
    let exponent = rough.log10().floor();
    let power = 10_f64.powf(exponent);
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digit * power >= rough * 0.999)
        .unwrap_or(10.0);
    let step = digit * power;
    let exponent = if digit < 10.0 {
        exponent
    } else {
        exponent + 1.0
    };
    let first = (low / step).ceil();
    // The bound is there for steps so small beside the values that adding one changes nothing.
    (0..=4 * count)
        .map(|index| (first + index as f64) * step)
        .take_while(|&value| value <= high)
        .map(|value| (value, decimal(value, step, exponent as i32)))
        .collect()
}

/// A multiple of `step`, whose leading digit has this exponent, without digits that are not needed.
fn decimal(value: f64, step: f64, exponent: i32) -> String {
    let value = if value.abs() < 0.5 * step { 0.0 } else { value };
    let text = if (-4..=5).contains(&exponent) {
        format!("{value:.*}", exponent.min(0).unsigned_abs() as usize)
    } else if value == 0.0 {
        "0".to_owned()
    } else {
        // The ticks share a power of ten, so that the factors can be compared.
        let factor = value / 10_f64.powi(exponent);
        format!("{factor:.0}×{}", power_of_ten(exponent))
    };
    text.replace('-', "−")
}

fn digit_times_power(digit: i32, decade: i32) -> String {
    match decade {
        -3..=-1 => format!(
            "{:.*}",
            decade.unsigned_abs() as usize,
            f64::from(digit) * 10_f64.powi(decade)
        ),
        0..=4 => format!("{}", digit * 10_i32.pow(decade.unsigned_abs())),
        _ if digit == 1 => power_of_ten(decade),
        _ => format!("{digit}×{}", power_of_ten(decade)),
    }
}

fn power_of_two(exponent: i32) -> String {
    match exponent {
        0..=16 => format!("{}", 1 << exponent),
        _ => format!("2{}", superscript(exponent)),
    }
}

fn power_of_ten(exponent: i32) -> String {
    format!("10{}", superscript(exponent))
}

/// An integer in superscript digits.
pub(super) fn superscript(number: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    number
        .to_string()
        .chars()
        .map(|character| match character.to_digit(10) {
            Some(digit) => DIGITS[digit as usize],
            None => '⁻',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn decades_are_superscripts() {
        let axis = Axis::log10([1.0, 1e-3, 0.0, -1.0, f64::NAN]).unwrap();
        assert_eq!(labels(&axis), ["10⁻³", "10⁻²", "10⁻¹", "10⁰"]);
    }

    #[test]
    fn a_narrow_logarithmic_axis_has_plain_labels() {
        let axis = Axis::log10([0.1, 0.4]).unwrap();
        assert_eq!(labels(&axis), ["0.1", "0.2", "0.3", "0.4"]);
        let axis = Axis::log10([0.1, 0.9]).unwrap();
        assert_eq!(labels(&axis), ["0.1", "0.2", "0.5"]);
    }

    #[test]
    fn linear_labels_have_the_digits_they_need_and_a_true_minus() {
        let axis = Axis::linear_between(-1.0, 1.0, 4);
        assert_eq!(labels(&axis), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        let axis = Axis::linear_between(0.0, 4e-7, 4);
        assert_eq!(labels(&axis), ["0", "1×10⁻⁷", "2×10⁻⁷", "3×10⁻⁷", "4×10⁻⁷"]);
    }

    #[test]
    fn particle_numbers_are_powers_of_two() {
        let axis = Axis::log2([1.0, 8.0]).unwrap();
        assert_eq!(labels(&axis), ["1", "2", "4", "8"]);
        assert_eq!(labels(&Axis::log2([3.0]).unwrap()), ["2", "4"]);
    }

    #[test]
    fn only_a_wide_range_is_logarithmic() {
        let scale = |values: &[f64]| Axis::linear_or_log10(values, 5).map(|axis| axis.scale);
        assert_eq!(scale(&[1.0, 2.9]), Some(Scale::Linear));
        assert_eq!(scale(&[1.0, 3.1]), Some(Scale::Log10));
        assert_eq!(scale(&[-1.0, 3.1]), Some(Scale::Linear));
        assert_eq!(scale(&[f64::NAN]), None);
    }

    #[test]
    fn a_single_value_lies_in_the_middle() {
        for value in [0.0, 5.0, -3.0, 1e-320, 1e299] {
            let axis = Axis::linear([value], 5).unwrap();
            let share = axis.share(value).unwrap();
            assert!((share - 0.5).abs() < 1e-6, "{value}: {share}");
        }
    }

    #[test]
    fn extreme_values_have_no_position_or_a_finite_one() {
        let extremes = [
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            0.0,
            f64::INFINITY,
        ];
        let axes = [
            Axis::linear(extremes, 5).unwrap(),
            Axis::log10(extremes).unwrap(),
            Axis::log2(extremes).unwrap(),
        ];
        for axis in axes {
            for value in extremes {
                assert!(axis.share(value).is_none_or(f64::is_finite));
                assert!((0.0..=1.0).contains(&axis.clamped_share(value).unwrap()));
            }
        }
    }

    #[test]
    fn no_usable_value_means_no_axis() {
        assert!(Axis::linear([f64::NAN], 5).is_none());
        assert!(Axis::log10([0.0, -1.0]).is_none());
    }
}
