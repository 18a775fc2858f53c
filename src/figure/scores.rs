//! z-scores against time: their axis, their panel and their legend.

use plotters::prelude::DrawingBackend;

use super::FigureError;
use super::axis::Axis;
use super::canvas::{GREY, INK, Stroke, VIOLATION};
use super::legend::{Legend, Sample};
use super::panel::{Marker, Panel};

/// Beyond this a sound z-score has a chance of about 6 in 100 000.
const ALARM: f64 = 4.0;
/// The z axis never reaches further; what lies beyond is marked at its edge.
const LARGEST_Z: f64 = 8.0;

const ALARM_LINE: Stroke = Stroke::dashed(VIOLATION, 1.2);

/// A z-score at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    pub(super) at: f64,
    pub(super) z: f64,
    pub(super) marker: Marker,
}

/// The largest |z| on the z axis of a figure, which reaches as far below 0 as above it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach(f64);

impl Reach {
    /// Holds all z-scores, if they are not too large, and always the alarm lines.
    pub(super) fn of(scores: impl IntoIterator<Item = f64>) -> Self {
        let largest = scores
            .into_iter()
            .map(f64::abs)
            .filter(|z| z.is_finite())
            .fold(0.0, f64::max);
        Self((1.15 * largest).clamp(1.35 * ALARM, LARGEST_Z))
    }

    pub(super) fn axis(self) -> Axis {
        Axis::linear_between(-self.0, self.0, 6)
    }

    fn hides(self, z: f64) -> bool {
        z.is_finite() && z.abs() > self.0
    }

    /// The legend entries of [`draw_scores`]; none if there is no z-score.
    pub(super) fn legend(self, legend: Legend, scores: &[Score]) -> Legend {
        if !scores.iter().any(|score| score.z.is_finite()) {
            return legend;
        }
        let beyond = scores.iter().any(|score| self.hides(score.z));
        let untrusted = scores
            .iter()
            .any(|score| matches!(score.marker, Marker::Hollow));
        legend
            .heading("z-scores")
            .item(Sample::Line(ALARM_LINE), "±4")
            .item_if(untrusted, Sample::Marker(Marker::Hollow), "not trusted")
            .item_if(beyond, Sample::Beyond(INK), "beyond the axis")
    }
}

/// Draws z-scores, with the grid and the alarm lines beneath, into a panel whose vertical axis is
/// [`Reach::axis`]. Without any z-score the remark stands there instead.
pub(super) fn draw_scores<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    scores: &[Score],
    radius: f64,
    remark: &str,
) -> Result<(), FigureError> {
    panel.grid()?;
    if scores.iter().any(|score| score.z.is_finite()) {
        panel.level(0.0, Stroke::solid(GREY, 1.0))?;
    } else {
        panel.remark(remark)?;
    }
    for level in [-ALARM, ALARM] {
        panel.level(level, ALARM_LINE)?;
    }
    for score in scores {
        let place = (score.at, score.z);
        panel.marker(place, score.marker, radius)?;
        panel.beyond(place, score.marker.colour())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_the_alarm_lines_and_has_a_limit() {
        assert_eq!(Reach::of([]), Reach(1.35 * ALARM));
        assert_eq!(Reach::of([f64::NAN, f64::INFINITY, 0.5]), Reach::of([]));
        assert_eq!(Reach::of([1.0, -6.0]), Reach(1.15 * 6.0));
        assert_eq!(Reach::of([100.0]), Reach(LARGEST_Z));
        assert!(Reach::of([100.0]).hides(-100.0));
        assert!(!Reach::of([100.0]).hides(f64::NAN));
        assert!(!Reach::of([5.0]).hides(5.0));
    }
}
