//! The legend, which stands to the right of the plots.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::Color;

use super::FigureError;
use super::canvas::{Align, Canvas, Point, Stroke, TICK_SIZE, Type};
use super::panel::{Marker, draw_marker, draw_triangle};

const ROW_HEIGHT: f64 = 22.0;
const NOTE_RISE: f64 = 5.0;
const SAMPLE_WIDTH: f64 = 28.0;
const GAP: f64 = 8.0;

/// More ordered entries than this are thinned out: the colours in between explain themselves.
const MOST_ORDERED_ENTRIES: usize = 12;

/// The sign that stands beside a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    Line(Stroke),
    /// A line through markers.
    Curve(RGBColor),
    /// A marker with an error bar.
    Bar(RGBColor),
    /// A marker of this radius, on a line if there is one.
    Marked(Option<Stroke>, Marker, f64),
    /// A shaded area of this opacity.
    Area(RGBColor, f64),
    Marker(Marker),
    /// The sign for a value beyond the axis.
    Beyond(RGBColor),
}

enum Entry {
    Heading(String),
    Item(Sample, String),
    Note(String),
    Space,
}

/// The entries of a legend, from top to bottom.
#[derive(Default)]
pub(super) struct Legend {
    entries: Vec<Entry>,
}

impl Legend {
    pub(super) fn heading(mut self, text: &str) -> Self {
        if !self.entries.is_empty() {
            self.entries.push(Entry::Space);
        }
        self.entries.push(Entry::Heading(text.to_owned()));
        self
    }

    pub(super) fn item(mut self, sample: Sample, label: &str) -> Self {
        self.entries.push(Entry::Item(sample, label.to_owned()));
        self
    }

    /// An entry that is only there when the figure shows such a thing.
    pub(super) fn item_if(self, shown: bool, sample: Sample, label: &str) -> Self {
        if shown {
            self.item(sample, label)
        } else {
            self
        }
    }

    /// A second line for the item before.
    pub(super) fn note(mut self, text: &str) -> Self {
        self.entries.push(Entry::Note(text.to_owned()));
        self
    }

    /// A heading and an entry for each number of particles, with its colour.
    pub(super) fn particle_numbers(
        self,
        numbers: &[(usize, RGBColor)],
        sample: fn(RGBColor) -> Sample,
    ) -> Self {
        let stride = numbers.len().div_ceil(MOST_ORDERED_ENTRIES).max(1);
        let last = numbers.len().saturating_sub(1);
        numbers
            .iter()
            .enumerate()
            .filter(|(index, _)| index % stride == 0 || *index == last)
            .fold(
                self.heading("Particles N"),
                |legend, (_, (number, colour))| legend.item(sample(*colour), &number.to_string()),
            )
    }

    /// Draws the legend with its upper left corner at the point.
    pub(super) fn draw<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        (left, top): Point,
    ) -> Result<(), FigureError> {
        let mut y = top;
        for entry in &self.entries {
            if matches!(entry, Entry::Note(_)) {
                // Small print belongs to the item above it.
                y -= NOTE_RISE;
            }
            let base_line = y + 0.5 * ROW_HEIGHT + 0.3 * TICK_SIZE;
            let label_at = (left + SAMPLE_WIDTH + GAP, base_line);
            match entry {
                Entry::Heading(text) => {
                    let face = Type::bold(TICK_SIZE);
                    canvas.text(text, (left, base_line), Align::Left, face)?;
                }
                Entry::Item(sample, label) => {
                    draw_sample(canvas, (left, y + 0.5 * ROW_HEIGHT), *sample)?;
                    canvas.text(label, label_at, Align::Left, Type::plain(TICK_SIZE))?;
                }
                Entry::Note(text) => {
                    canvas.text(text, label_at, Align::Left, Type::plain(TICK_SIZE))?;
                }
                Entry::Space => {}
            }
            y += match entry {
                Entry::Space => 0.6 * ROW_HEIGHT,
                _ => ROW_HEIGHT,
            };
        }
        Ok(())
    }
}

fn draw_sample<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    (left, y): Point,
    sample: Sample,
) -> Result<(), FigureError> {
    let right = left + SAMPLE_WIDTH;
    let middle = (0.5 * (left + right), y);
    match sample {
        Sample::Line(stroke) => canvas.line(&[(left, y), (right, y)], stroke),
        Sample::Curve(colour) => {
            canvas.line(&[(left, y), (right, y)], Stroke::solid(colour, 2.0))?;
            draw_marker(canvas, middle, Marker::Filled(colour), 3.0)
        }
        Sample::Bar(colour) => {
            let stroke = Stroke::solid(colour, 1.3);
            let (x, _) = middle;
            canvas.line(&[(x, y - 8.0), (x, y + 8.0)], stroke)?;
            for end in [y - 8.0, y + 8.0] {
                canvas.line(&[(x - 3.0, end), (x + 3.0, end)], stroke)?;
            }
            draw_marker(canvas, middle, Marker::Filled(colour), 3.2)
        }
        Sample::Marked(stroke, marker, radius) => {
            if let Some(stroke) = stroke {
                canvas.line(&[(left, y), (right, y)], stroke)?;
            }
            draw_marker(canvas, middle, marker, radius)
        }
        Sample::Area(colour, opacity) => canvas.polygon(
            &[
                (left, y - 7.0),
                (right, y - 7.0),
                (right, y + 7.0),
                (left, y + 7.0),
            ],
            colour.mix(opacity),
        ),
        Sample::Marker(marker) => draw_marker(canvas, middle, marker, 3.2),
        Sample::Beyond(colour) => draw_triangle(canvas, (middle.0, y - 4.0), 8.0, colour),
    }
}
