//! The moments of both systems against their closed forms, with z-scores.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, Canvas, Drawing, EXACT, INK, LABEL_SIZE, TITLE_SIZE, Type, render, sequential,
};
use super::legend::{Legend, Sample};
use super::panel::{Marker, Measured, Panel, Rectangle, TIME_LABEL};
use super::scores::{Reach, Score, draw_scores};
use super::{
    Figure, FigureError, Rendered, Source, by_particles, every_run, nan_if_empty, rows_of,
};
use crate::table::rows::MomentRow;
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "moments",
    shows: "the moments of both systems against time, with their closed forms and z-scores",
    experiments: &["two-baths"],
    tables: &[MomentRow::FILE],
    further_tables: &[],
    source: Source::OneRun(moments),
    suits: every_run,
};

const SIZE: (u32, u32) = (1500, 1000);
const PLOTS: Rectangle = Rectangle {
    left: 96.0,
    top: 92.0,
    right: 1300.0,
    bottom: 938.0,
};
const LEGEND: (f64, f64) = (1322.0, 92.0);
/// Between the columns, and between the systems.
const GAPS: (f64, f64) = (54.0, 46.0);
/// The height of the panels of z-scores, and the gap above them.
const SCORES_HEIGHT: f64 = 126.0;
const SCORES_GAP: f64 = 14.0;
const LABEL_DISTANCE: f64 = 62.0;
const MARKER_RADIUS: f64 = 3.0;
const SCORE_RADIUS: f64 = 2.2;

/// About so many times get a marker, so that the exact curve can be seen between them.
const MARKED_TIMES: usize = 10;

/// The columns: the name in the table, and the heading with its unit.
const MOMENTS: [(&str, &str); 5] = [
    ("m1", "E V₁  (velocity)"),
    ("m2", "E V₁²  (velocity²)"),
    ("m4", "E V₁⁴  (velocity⁴)"),
    ("m11", "E V₁V₂  (velocity²)"),
    ("m22", "E V₁²V₂²  (velocity⁴)"),
];

/// The rows: the name in the table, and the heading.
const SYSTEMS: [(&str, &str); 2] = [("first", "First system"), ("second", "Second system")];

/// Draws `moments.csv`: the curves and, below them, the z-scores of each moment of each system, all
/// N in each panel.
///
/// # Errors
///
/// If the table cannot be read or holds none of the moments.
pub fn moments(tables: &TableSet) -> Result<Rendered, FigureError> {
    let rows = rows_of::<MomentRow>(tables)?;
    let time = Axis::time(rows.iter().map(|row| row.time), 4)
        .ok_or_else(|| FigureError::no_data(&[tables], MomentRow::FILE, "moments"))?;
    let particles = by_particles(&rows, |row| row.particles)
        .into_keys()
        .collect::<Vec<_>>();
    let count = particles.len();
    let colours = particles
        .into_iter()
        .enumerate()
        .map(|(index, number)| (number, sequential(index, count)))
        .collect();
    let mut times = rows.iter().map(|row| row.time).collect::<Vec<_>>();
    times.sort_by(f64::total_cmp);
    times.dedup();
    render(&Picture {
        reach: Reach::of(rows.iter().filter_map(|row| row.z)),
        stride: (times.len() / MARKED_TIMES).max(1),
        rows,
        time,
        colours,
    })
}

struct Picture {
    rows: Vec<MomentRow>,
    time: Axis,
    reach: Reach,
    /// One of so many times gets a marker.
    stride: usize,
    colours: Vec<(usize, RGBColor)>,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "Moments of the two systems",
            (PLOTS.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for column in 0..MOMENTS.len() {
            for row in 0..SYSTEMS.len() {
                self.draw_panels(canvas, column, row)?;
            }
        }
        let below = (PLOTS.middle(), PLOTS.bottom + 46.0);
        canvas.text(TIME_LABEL, below, Align::Centre, Type::plain(LABEL_SIZE))?;
        self.legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    /// The curves of a moment of a system, and below them its z-scores.
    fn draw_panels<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        column: usize,
        row: usize,
    ) -> Result<(), FigureError> {
        let (moment, heading) = MOMENTS[column];
        let (system, system_heading) = SYSTEMS[row];
        let rows = self
            .rows
            .iter()
            .filter(|row| row.moment == moment && row.system == system)
            .collect::<Vec<_>>();
        let cell = PLOTS.cell((column, row), (MOMENTS.len(), SYSTEMS.len()), GAPS);
        let scores_top = cell.bottom - SCORES_HEIGHT;
        let axis = Axis::linear(values(&rows), 6);
        let empty = axis.is_none();
        let curves = Panel {
            canvas,
            place: Rectangle {
                bottom: scores_top - SCORES_GAP,
                ..cell
            },
            across: self.time.clone(),
            up: axis.unwrap_or_else(Axis::unmarked),
        };
        let scores = Panel {
            canvas,
            place: Rectangle {
                top: scores_top,
                ..cell
            },
            across: self.time.clone(),
            up: self.reach.axis(),
        };
        curves.grid()?;
        if empty {
            curves.remark("no values")?;
        }
        self.draw_curves(&curves, &rows)?;
        draw_scores(&scores, &self.scores(&rows), SCORE_RADIUS, "no z-scores")?;
        for panel in [&curves, &scores] {
            panel.frame()?;
            panel.tick_labels_up()?;
        }
        scores.tick_labels_across()?;
        if row == 0 {
            curves.title(heading)?;
        }
        if column == 0 {
            curves.label_up(system_heading, LABEL_DISTANCE)?;
            scores.label_up("z-score", LABEL_DISTANCE)?;
        }
        Ok(())
    }

    fn draw_curves<B: DrawingBackend>(
        &self,
        panel: &Panel<'_, '_, B>,
        rows: &[&MomentRow],
    ) -> Result<(), FigureError> {
        let groups = self.coloured(rows);
        for (rows, colour) in &groups {
            panel.band(rows.iter().map(|row| measured(row).interval()), *colour)?;
        }
        for (index, (rows, colour)) in groups.iter().enumerate() {
            // Each N starts at another time: where the curves coincide, all colours are seen.
            let first = index * self.stride / groups.len();
            for row in rows.iter().skip(first).step_by(self.stride) {
                let point = measured(row).point();
                panel.marker(point, Marker::Filled(*colour), MARKER_RADIUS)?;
            }
        }
        for (rows, _) in &groups {
            let exact = rows.iter().map(|row| (row.time, nan_if_empty(row.exact)));
            panel.line(exact, EXACT)?;
        }
        Ok(())
    }

    /// The rows of each N that has any, by ascending N, with its colour.
    fn coloured<'a>(&self, rows: &[&'a MomentRow]) -> Vec<(Vec<&'a MomentRow>, RGBColor)> {
        let mut groups = by_particles(rows.iter().copied(), |row| row.particles);
        self.colours
            .iter()
            .filter_map(|(number, colour)| Some((groups.remove(number)?, *colour)))
            .collect()
    }

    fn scores(&self, rows: &[&MomentRow]) -> Vec<Score> {
        let mut scores = Vec::with_capacity(rows.len());
        for (rows, colour) in self.coloured(rows) {
            scores.extend(rows.into_iter().map(|row| Score {
                at: row.time,
                z: nan_if_empty(row.z),
                marker: Marker::Filled(colour),
            }));
        }
        scores
    }

    fn legend(&self) -> Legend {
        let exact = self.rows.iter().any(|row| row.exact.is_some());
        let legend = Legend::default()
            .particle_numbers(&self.colours, |colour| {
                Sample::Marker(Marker::Filled(colour))
            })
            .heading("Measured")
            .item(Sample::Marker(Marker::Filled(INK)), "mean");
        let legend = match self.stride {
            1 => legend,
            stride => legend.note(&format!("(1 in {stride} shown)")),
        };
        let legend = legend
            .item(Sample::Area(INK, 0.2), "±3.29 standard")
            .note("errors (99.9 %)")
            .heading("Theory")
            .item_if(exact, Sample::Line(EXACT), "exact moment");
        let rows = self.rows.iter().collect::<Vec<_>>();
        self.reach.legend(legend, &self.scores(&rows))
    }
}

/// The numbers that a vertical axis should hold: all values, and their bands, cut where they reach
/// beyond the values by a fifth of the values' range, since wider bands would flatten every curve.
fn values(rows: &[&MomentRow]) -> Vec<f64> {
    let mut values = rows
        .iter()
        .flat_map(|row| [Some(row.mean), row.exact])
        .flatten()
        .collect::<Vec<_>>();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = 0.2 * (high - low);
    for row in rows {
        let (_, lower, upper) = measured(row).interval();
        if lower.is_finite() && upper.is_finite() {
            values.extend([lower.max(low - room), upper.min(high + room)]);
        }
    }
    values
}

fn measured(row: &MomentRow) -> Measured {
    Measured {
        at: row.time,
        value: row.mean,
        std_error: nan_if_empty(row.std_error),
    }
}
