//! A plot inside a page: a rectangle with two axes, and what can be drawn in it.
//!
//! Everything is clipped to the rectangle. A coordinate that an axis cannot show (an empty cell, a
//! zero on a logarithmic axis) interrupts a line or a band and drops a marker.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::{Color, WHITE};

use super::FigureError;
use super::axis::Axis;
use super::canvas::{
    Align, Canvas, GREY, GRID, INK, LABEL_SIZE, Point, SUBTITLE_SIZE, Stroke, TICK_SIZE, Type,
};

/// Standard normal quantile that leaves 0.1 % in both tails together: bands hold 99.9 %.
pub(super) const BAND_QUANTILE: f64 = 3.290_526_731_491_895;

/// The half-width of the bands and bars of all figures, in words.
pub(super) const BAND_WORDS: &str = "±3.29 standard errors";

/// The name of every time axis.
pub(super) const TIME_LABEL: &str = "Time t";

const TICK_LENGTH: f64 = 5.0;
const MINOR_TICK_LENGTH: f64 = 3.0;
const BAND_OPACITY: f64 = 0.2;
/// Half the width at which a value without neighbours is drawn.
const LONE_HALF_WIDTH: f64 = 7.0;

/// A rectangle of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rectangle {
    pub(super) fn new(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    pub(super) fn middle(&self) -> f64 {
        0.5 * (self.left + self.right)
    }

    pub(super) fn centre_height(&self) -> f64 {
        0.5 * (self.top + self.bottom)
    }

    /// The cell of a grid that fills the rectangle, counted from the upper left.
    pub(super) fn cell(
        &self,
        (column, row): (usize, usize),
        (columns, rows): (usize, usize),
        (gap_across, gap_down): (f64, f64),
    ) -> Self {
        let width = (self.right - self.left + gap_across) / columns as f64 - gap_across;
        let height = (self.bottom - self.top + gap_down) / rows as f64 - gap_down;
        let left = self.left + column as f64 * (width + gap_across);
        let top = self.top + row as f64 * (height + gap_down);
        Self::new(left, top, left + width, top + height)
    }

    fn outline(&self) -> [Point; 5] {
        [
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
            (self.left, self.top),
        ]
    }
}

/// A marker for a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Marker {
    Filled(RGBColor),
    /// A circle that hides nothing.
    Open(RGBColor),
    /// For values that are not trusted.
    Hollow,
}

impl Marker {
    pub(super) fn colour(self) -> RGBColor {
        match self {
            Self::Filled(colour) | Self::Open(colour) => colour,
            Self::Hollow => GREY,
        }
    }
}

/// A measured value, with its standard error, at a place on the horizontal axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) at: f64,
    pub(super) value: f64,
    pub(super) std_error: f64,
}

impl Measured {
    /// (at, low, high) of the 99.9 % interval.
    pub(super) fn interval(&self) -> (f64, f64, f64) {
        let reach = BAND_QUANTILE * self.std_error;
        (self.at, self.value - reach, self.value + reach)
    }

    pub(super) fn point(&self) -> Point {
        (self.at, self.value)
    }
}

/// A plot: where it is, its axes, and the page that it is on.
pub(super) struct Panel<'a, 'b, B: DrawingBackend> {
    pub(super) canvas: &'a Canvas<'b, B>,
    pub(super) place: Rectangle,
    pub(super) across: Axis,
    pub(super) up: Axis,
}

impl<B: DrawingBackend> Panel<'_, '_, B> {
    /// Draws the grid. To be called before any data.
    pub(super) fn grid(&self) -> Result<(), FigureError> {
        let stroke = Stroke::solid(GRID, 1.0);
        let Rectangle {
            left,
            top,
            right,
            bottom,
        } = self.place;
        for tick in &self.across.ticks {
            let x = self.x(tick.share);
            self.canvas.line(&[(x, top), (x, bottom)], stroke)?;
        }
        for tick in &self.up.ticks {
            let y = self.y(tick.share);
            self.canvas.line(&[(left, y), (right, y)], stroke)?;
        }
        Ok(())
    }

    /// Draws the frame and the tick marks. To be called after all data.
    pub(super) fn frame(&self) -> Result<(), FigureError> {
        let Rectangle { left, bottom, .. } = self.place;
        let stroke = Stroke::solid(INK, 1.0);
        for (share, length) in marks(&self.across) {
            let x = self.x(share);
            self.canvas
                .line(&[(x, bottom), (x, bottom + length)], stroke)?;
        }
        for (share, length) in marks(&self.up) {
            let y = self.y(share);
            self.canvas.line(&[(left, y), (left - length, y)], stroke)?;
        }
        self.canvas.line(&self.place.outline(), stroke)
    }

    /// Labels the ticks of the horizontal axis.
    pub(super) fn tick_labels_across(&self) -> Result<(), FigureError> {
        let face = Type::plain(TICK_SIZE);
        let base_line = self.place.bottom + TICK_LENGTH + TICK_SIZE;
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.across.ticks {
            let half_width = 0.5 * self.canvas.text_width(&tick.label, face)?;
            let x = self.x(tick.share);
            // A label that would touch the one before is left out; its mark stays.
            if x - half_width > free_from {
                self.canvas
                    .text(&tick.label, (x, base_line), Align::Centre, face)?;
                free_from = x + half_width + 6.0;
            }
        }
        Ok(())
    }

    /// Labels the ticks of the vertical axis.
    pub(super) fn tick_labels_up(&self) -> Result<(), FigureError> {
        let face = Type::plain(TICK_SIZE);
        for tick in &self.up.ticks {
            let base_line = self.y(tick.share) + 0.3 * TICK_SIZE;
            let x = self.place.left - TICK_LENGTH - 4.0;
            self.canvas
                .text(&tick.label, (x, base_line), Align::Right, face)?;
        }
        Ok(())
    }

    /// Names the horizontal axis, below its tick labels.
    pub(super) fn label_across(&self, label: &str) -> Result<(), FigureError> {
        let base_line = self.place.bottom + TICK_LENGTH + TICK_SIZE + 6.0 + LABEL_SIZE;
        let point = (self.place.middle(), base_line);
        self.canvas
            .text(label, point, Align::Centre, Type::plain(LABEL_SIZE))
    }

    /// Names the vertical axis; `distance` is from the axis to the base line of the text.
    pub(super) fn label_up(&self, label: &str, distance: f64) -> Result<(), FigureError> {
        let point = (self.place.left - distance, self.place.centre_height());
        self.canvas
            .text_upward(label, point, Type::plain(LABEL_SIZE))
    }

    /// A heading above the panel.
    pub(super) fn title(&self, title: &str) -> Result<(), FigureError> {
        let point = (self.place.left, self.place.top - 8.0);
        self.canvas
            .text(title, point, Align::Left, Type::bold(SUBTITLE_SIZE))
    }

    /// A word in the middle of a panel that has nothing to show.
    pub(super) fn remark(&self, remark: &str) -> Result<(), FigureError> {
        let point = (self.place.middle(), self.place.centre_height());
        let face = Type::plain(LABEL_SIZE).coloured(GREY);
        self.canvas.text(remark, point, Align::Centre, face)
    }

    /// A line through the points, interrupted where a coordinate is missing. A point without
    /// neighbours is a short dash.
    pub(super) fn line(
        &self,
        points: impl IntoIterator<Item = Point>,
        stroke: Stroke,
    ) -> Result<(), FigureError> {
        let places = points.into_iter().map(|point| self.position(point));
        for run in runs(places) {
            let run = match run.as_slice() {
                [(x, y)] => vec![(x - LONE_HALF_WIDTH, *y), (x + LONE_HALF_WIDTH, *y)],
                _ => run,
            };
            for piece in clip_line(&run, &self.place) {
                self.canvas.line(&piece, stroke)?;
            }
        }
        Ok(())
    }

    /// A horizontal line across the whole panel.
    pub(super) fn level(&self, value: f64, stroke: Stroke) -> Result<(), FigureError> {
        match self.up.share(value) {
            Some(share) if (0.0..=1.0).contains(&share) => {
                let y = self.y(share);
                let ends = [(self.place.left, y), (self.place.right, y)];
                self.canvas.line(&ends, stroke)
            }
            _ => Ok(()),
        }
    }

    /// A vertical line across the whole panel.
    pub(super) fn upright(&self, at: f64, stroke: Stroke) -> Result<(), FigureError> {
        match self.across.share(at) {
            Some(share) if (0.0..=1.0).contains(&share) => {
                let x = self.x(share);
                let ends = [(x, self.place.top), (x, self.place.bottom)];
                self.canvas.line(&ends, stroke)
            }
            _ => Ok(()),
        }
    }

    /// The area between two values, across the whole panel.
    pub(super) fn belt(
        &self,
        values: [f64; 2],
        colour: RGBColor,
        opacity: f64,
    ) -> Result<(), FigureError> {
        let [Some(low), Some(high)] = values.map(|value| self.up.clamped_share(value)) else {
            return Ok(());
        };
        let Rectangle { left, right, .. } = self.place;
        let belt = Rectangle::new(left, self.y(high), right, self.y(low));
        self.canvas.polygon(&belt.outline(), colour.mix(opacity))
    }

    /// The area between two curves, given as (at, low, high). A low end that a logarithmic axis
    /// cannot show is the lower edge of the panel.
    pub(super) fn band(
        &self,
        bounds: impl IntoIterator<Item = (f64, f64, f64)>,
        colour: RGBColor,
    ) -> Result<(), FigureError> {
        self.shade(bounds, colour, BAND_OPACITY)
    }

    /// As [`Panel::band`], with an opacity from 0 to 1.
    pub(super) fn shade(
        &self,
        bounds: impl IntoIterator<Item = (f64, f64, f64)>,
        colour: RGBColor,
        opacity: f64,
    ) -> Result<(), FigureError> {
        let edges = bounds.into_iter().map(|(at, low, high)| {
            let share = self.across.share(at)?;
            let inside = (-1e-9..=1.0 + 1e-9).contains(&share);
            let (low, high) = (self.up.clamped_share(low)?, self.up.clamped_share(high)?);
            inside.then(|| (self.x(share), self.y(low), self.y(high)))
        });
        for run in runs(edges) {
            let corners = match run.as_slice() {
                // A single value has no width; a narrow bar shows its interval.
                [(x, low, high)] => {
                    let (left, right) = (x - LONE_HALF_WIDTH, x + LONE_HALF_WIDTH);
                    vec![(left, *high), (right, *high), (right, *low), (left, *low)]
                }
                edges => {
                    let upper = edges.iter().map(|&(x, _, high)| (x, high));
                    let lower = edges.iter().rev().map(|&(x, low, _)| (x, low));
                    upper.chain(lower).collect()
                }
            };
            self.canvas.polygon(&corners, colour.mix(opacity))?;
        }
        Ok(())
    }

    /// A marker, if the point is inside the panel.
    pub(super) fn marker(
        &self,
        point: Point,
        marker: Marker,
        radius: f64,
    ) -> Result<(), FigureError> {
        match self.position(point) {
            Some(place) if self.holds(place) => draw_marker(self.canvas, place, marker, radius),
            _ => Ok(()),
        }
    }

    /// A 99.9 % error bar with caps and a filled marker.
    pub(super) fn error_bar(
        &self,
        measured: Measured,
        colour: RGBColor,
    ) -> Result<(), FigureError> {
        self.error_bar_with(measured, Marker::Filled(colour), 3.2)
    }

    /// As [`Panel::error_bar`], with any marker.
    pub(super) fn error_bar_with(
        &self,
        measured: Measured,
        marker: Marker,
        radius: f64,
    ) -> Result<(), FigureError> {
        let Some(share) = self.across.share(measured.at) else {
            return Ok(());
        };
        let x = self.x(share);
        let marked = self.up.share(measured.value).map(|share| self.y(share));
        // An open marker hides nothing, so the bar itself leaves its inside free.
        let free = match marker {
            Marker::Open(_) => radius,
            Marker::Filled(_) | Marker::Hollow => 0.0,
        };
        let (_, low, high) = measured.interval();
        if let (Some(low), Some(high)) = (self.up.clamped_share(low), self.up.clamped_share(high)) {
            let (low, high) = (self.y(low), self.y(high));
            let middle = marked.unwrap_or(low).max(high).min(low);
            let stroke = Stroke::solid(marker.colour(), 1.3);
            for (start, end) in [(middle + free, low), (middle - free, high)] {
                if (end - middle).abs() >= free {
                    self.canvas.line(&[(x, start), (x, end)], stroke)?;
                    self.canvas
                        .line(&[(x - 3.0, end), (x + 3.0, end)], stroke)?;
                }
            }
        }
        match marked {
            Some(y) if self.holds((x, y)) => draw_marker(self.canvas, (x, y), marker, radius),
            _ => Ok(()),
        }
    }

    /// A triangle at the edge of the panel, for a value beyond it.
    pub(super) fn beyond(&self, (at, value): Point, colour: RGBColor) -> Result<(), FigureError> {
        let (Some(x), Some(share)) = (self.across.share(at), self.up.share(value)) else {
            return Ok(());
        };
        let x = self.x(x);
        let (edge, inwards) = if share > 1.0 {
            (self.place.top + 2.0, 8.0)
        } else if share < 0.0 {
            (self.place.bottom - 2.0, -8.0)
        } else {
            return Ok(());
        };
        draw_triangle(self.canvas, (x, edge), inwards, colour)
    }

    /// Where a point of the data lies on the page, which may be outside the panel.
    pub(super) fn position(&self, (at, value): Point) -> Option<Point> {
        Some((
            self.x(self.across.share(at)?),
            self.y(self.up.share(value)?),
        ))
    }

    fn holds(&self, (x, y): Point) -> bool {
        // Half a pixel more, because a value at the end of an axis belongs to it.
        let (left, right) = (self.place.left - 0.5, self.place.right + 0.5);
        let (top, bottom) = (self.place.top - 0.5, self.place.bottom + 0.5);
        (left..=right).contains(&x) && (top..=bottom).contains(&y)
    }

    fn x(&self, share: f64) -> f64 {
        self.place.left + share * (self.place.right - self.place.left)
    }

    fn y(&self, share: f64) -> f64 {
        self.place.bottom - share * (self.place.bottom - self.place.top)
    }
}

fn marks(axis: &Axis) -> impl Iterator<Item = (f64, f64)> {
    let major = axis.ticks.iter().map(|tick| (tick.share, TICK_LENGTH));
    let minor = axis.minor.iter().map(|&share| (share, MINOR_TICK_LENGTH));
    minor.chain(major)
}

/// A triangle whose tip is at the point; the sign of `depth` says on which side of the tip, in
/// pixels downwards, its base lies.
pub(super) fn draw_triangle<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    (x, y): Point,
    depth: f64,
    colour: RGBColor,
) -> Result<(), FigureError> {
    let corners = [(x, y), (x - 4.5, y + depth), (x + 4.5, y + depth)];
    canvas.polygon(&corners, colour.to_rgba())
}

/// A marker at a point of the page.
pub(super) fn draw_marker<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    place: Point,
    marker: Marker,
    radius: f64,
) -> Result<(), FigureError> {
    match marker {
        Marker::Filled(colour) => {
            canvas.disc(place, radius + 0.6, WHITE)?;
            canvas.disc(place, radius, colour)
        }
        Marker::Open(colour) => canvas.circle(place, radius, Stroke::solid(colour, 1.4)),
        Marker::Hollow => canvas.ring(place, radius, GREY),
    }
}

/// The longest stretches without a gap.
fn runs<T>(items: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut runs = vec![Vec::new()];
    for item in items {
        match (item, runs.last_mut()) {
            (Some(item), Some(run)) => run.push(item),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// The parts of a line inside a rectangle.
fn clip_line(points: &[Point], place: &Rectangle) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let Some((from, to)) = clip_segment(pair[0], pair[1], place) else {
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// The part of a segment inside a rectangle (Liang and Barsky's algorithm).
fn clip_segment(from: Point, to: Point, place: &Rectangle) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let edges = [
        (-dx, from.0 - place.left),
        (dx, place.right - from.0),
        (-dy, from.1 - place.top),
        (dy, place.bottom - from.1),
    ];
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (direction, distance) in edges {
        if direction == 0.0 {
            if distance < 0.0 {
                return None;
            }
        } else if direction < 0.0 {
            enter = enter.max(distance / direction);
        } else {
            leave = leave.min(distance / direction);
        }
    }
    let along = |share: f64| match share {
        // The ends are returned as they came, so that neighbouring segments join.
        0.0 => from,
        1.0 => to,
        _ => (from.0 + share * dx, from.1 + share * dy),
    };
    (enter < leave).then(|| (along(enter), along(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_leaves_and_joined_where_it_does_not() {
        let place = Rectangle::new(0.0, 0.0, 10.0, 10.0);
        let points = [(1.0, 5.0), (5.0, 5.0), (5.0, 15.0), (8.0, 15.0), (8.0, 5.0)];
        assert_eq!(
            clip_line(&points, &place),
            [
                vec![(1.0, 5.0), (5.0, 5.0), (5.0, 10.0)],
                vec![(8.0, 10.0), (8.0, 5.0)],
            ]
        );
    }

    #[test]
    fn gaps_separate_runs() {
        let items = [None, Some(1), Some(2), None, None, Some(3)];
        assert_eq!(runs(items.into_iter()), [vec![1, 2], vec![3]]);
    }

    #[test]
    fn cells_fill_a_rectangle() {
        let whole = Rectangle::new(10.0, 0.0, 110.0, 50.0);
        let last = whole.cell((1, 0), (2, 1), (20.0, 5.0));
        assert_eq!((last.left, last.right), (70.0, 110.0));
        assert_eq!((last.top, last.bottom), (0.0, 50.0));
    }
}
