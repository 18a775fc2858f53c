//! The decay of E‖Δ‖² for every N, against the exact curve and the paper's bound, with z-scores.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, Canvas, Drawing, EXACT, INK, PAPER_BOUND, Stroke, TITLE_SIZE, Type, render, sequential,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_WORDS, Marker, Measured, Panel, Rectangle, TIME_LABEL};
use super::scores::{Reach, Score, draw_scores};
use super::{
    Figure, FigureError, Rendered, Source, by_particles, every_run, nan_if_empty, rows_of,
};
use crate::table::rows::DiscrepancyRow;
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "decay",
    shows: "E‖Δ‖² against time for every N, with the exact curve, the paper's bound and z-scores",
    experiments: &["theorem6"],
    tables: &[DiscrepancyRow::FILE],
    further_tables: &[],
    source: Source::OneRun(decay),
    suits: every_run,
};

const SIZE: (u32, u32) = (1200, 820);
const UPPER: Rectangle = Rectangle {
    left: 92.0,
    top: 62.0,
    right: 945.0,
    bottom: 520.0,
};
const LOWER: Rectangle = Rectangle {
    left: 92.0,
    top: 548.0,
    right: 945.0,
    bottom: 755.0,
};
const LEGEND: (f64, f64) = (968.0, 62.0);
const LABEL_DISTANCE: f64 = 58.0;

/// Draws `discrepancy.csv`: E‖Δ‖²/E‖Δ(0)‖² on a logarithmic axis, and z-scores below it.
///
/// Each N is divided by its exact value at the first time, or, where there is none, by its bound or
/// its mean there.
///
/// # Errors
///
/// If the table cannot be read or holds no positive mean.
pub fn decay(tables: &TableSet) -> Result<Rendered, FigureError> {
    let rows = rows_of::<DiscrepancyRow>(tables)?;
    let curves = curves(&rows);
    let no_data = |what| FigureError::no_data(&[tables], DiscrepancyRow::FILE, what);
    let every = || curves.iter().flat_map(|curve| &curve.points);
    let time =
        Axis::time(every().map(|point| point.measured.at), 8).ok_or_else(|| no_data("times"))?;
    let share =
        Axis::log10(every().flat_map(|point| [point.measured.value, point.exact, point.bound]))
            .ok_or_else(|| no_data("positive means"))?;
    render(&Picture {
        reach: Reach::of(every().map(|point| point.z)),
        curves,
        time,
        share,
    })
}

/// The points of one N, divided by the value at the first time.
pub(super) struct Curve {
    pub(super) particles: usize,
    pub(super) points: Vec<CurvePoint>,
}

pub(super) struct CurvePoint {
    pub(super) measured: Measured,
    pub(super) exact: f64,
    pub(super) bound: f64,
    z: f64,
    trusted: bool,
}

impl CurvePoint {
    pub(super) fn marker(&self, colour: RGBColor) -> Marker {
        if self.trusted {
            Marker::Filled(colour)
        } else {
            Marker::Hollow
        }
    }
}

/// The curves of all N, ascending.
pub(super) fn curves(rows: &[DiscrepancyRow]) -> Vec<Curve> {
    by_particles(rows, |row| row.particles)
        .into_iter()
        .map(|(particles, rows)| normalised(particles, &rows))
        .collect()
}

fn normalised(particles: usize, rows: &[&DiscrepancyRow]) -> Curve {
    let first = rows
        .iter()
        .min_by(|left, right| left.time.total_cmp(&right.time));
    let unit = first
        .into_iter()
        .flat_map(|row| [nan_if_empty(row.exact_mean), row.bound, row.mean])
        .find(|value| value.is_finite() && *value > 0.0)
        .unwrap_or(f64::NAN);
    let points = rows
        .iter()
        .map(|row| CurvePoint {
            measured: Measured {
                at: row.time,
                value: row.mean / unit,
                std_error: nan_if_empty(row.std_error) / unit,
            },
            exact: nan_if_empty(row.exact_mean) / unit,
            bound: row.bound / unit,
            z: nan_if_empty(row.z),
            trusted: row.trusted,
        })
        .collect();
    Curve { particles, points }
}

struct Picture {
    curves: Vec<Curve>,
    time: Axis,
    share: Axis,
    reach: Reach,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "Decay of the mean squared distance of the coupled copies",
            (UPPER.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        self.draw_decay(canvas)?;
        self.draw_scores(canvas)?;
        self.legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    fn coloured(&self) -> impl Iterator<Item = (&Curve, RGBColor)> {
        let count = self.curves.len();
        let colour = move |index| sequential(index, count);
        self.curves
            .iter()
            .enumerate()
            .map(move |(index, curve)| (curve, colour(index)))
    }

    fn points(&self) -> impl Iterator<Item = &CurvePoint> {
        self.curves.iter().flat_map(|curve| &curve.points)
    }

    fn scores(&self) -> Vec<Score> {
        let of_curve = |(curve, colour): (&Curve, RGBColor)| {
            let score = |point: &CurvePoint| Score {
                at: point.measured.at,
                z: point.z,
                marker: point.marker(colour),
            };
            curve.points.iter().map(score).collect::<Vec<_>>()
        };
        self.coloured().flat_map(of_curve).collect()
    }

    fn draw_decay<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        let panel = Panel {
            canvas,
            place: UPPER,
            across: self.time.clone(),
            up: self.share.clone(),
        };
        panel.grid()?;
        for (curve, colour) in self.coloured() {
            let intervals = curve.points.iter().map(|point| point.measured.interval());
            panel.band(intervals, colour)?;
        }
        for (curve, colour) in self.coloured() {
            let line = curve.points.iter().map(|point| point.measured.point());
            panel.line(line, Stroke::solid(colour, 1.8))?;
        }
        for (curve, colour) in self.coloured() {
            // The trusted markers of many N would hide one another: their lines say enough.
            for point in curve.points.iter().filter(|point| !point.trusted) {
                panel.marker(point.measured.point(), point.marker(colour), 2.6)?;
            }
        }
        for curve in &self.curves {
            let exact = curve
                .points
                .iter()
                .map(|point| (point.measured.at, point.exact));
            panel.line(exact, EXACT)?;
        }
        // Divided by its start, the bound is one curve for every N.
        let bounded = |curve: &&Curve| curve.points.iter().any(|point| point.bound.is_finite());
        if let Some(curve) = self.curves.iter().rev().find(bounded) {
            let bound = curve
                .points
                .iter()
                .map(|point| (point.measured.at, point.bound));
            panel.line(bound, PAPER_BOUND)?;
        }
        panel.frame()?;
        panel.tick_labels_up()?;
        panel.label_up("E‖Δ(t)‖² / E‖Δ(0)‖²  (dimensionless)", LABEL_DISTANCE)
    }

    fn draw_scores<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        let panel = Panel {
            canvas,
            place: LOWER,
            across: self.time.clone(),
            up: self.reach.axis(),
        };
        draw_scores(
            &panel,
            &self.scores(),
            3.0,
            "no z-scores: the exact mean or its standard error is not known",
        )?;
        panel.frame()?;
        panel.tick_labels_up()?;
        panel.tick_labels_across()?;
        panel.label_across(TIME_LABEL)?;
        panel.label_up("z-score (dimensionless)", LABEL_DISTANCE)
    }

    fn legend(&self) -> Legend {
        let numbers = self
            .coloured()
            .map(|(curve, colour)| (curve.particles, colour))
            .collect::<Vec<_>>();
        let has =
            |shown: fn(&CurvePoint) -> f64| self.points().any(|point| shown(point).is_finite());
        let legend = Legend::default()
            .particle_numbers(&numbers, Sample::Curve)
            .heading("Measured")
            .item(Sample::Area(INK, 0.2), BAND_WORDS)
            .note("(99.9 %)")
            .heading("Theory")
            .item_if(
                has(|point| point.exact),
                Sample::Line(EXACT),
                "exact E‖Δ(t)‖²",
            )
            .item_if(
                has(|point| point.bound),
                Sample::Line(PAPER_BOUND),
                "bound e^(−μt)",
            );
        self.reach.legend(legend, &self.scores())
    }
}
