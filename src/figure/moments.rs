//! The moments of both systems against their closed forms.

use std::path::Path;

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, Canvas, Drawing, EXACT, INK, LABEL_SIZE, Stroke, TITLE_SIZE, Type, render, sequential,
};
use super::legend::{Legend, Sample};
use super::panel::{Measured, Panel, Rectangle, TIME_LABEL};
use super::tables::{self, Moment, Row};
use super::{Figure, FigureError, Rendered, Source};

pub(super) const FIGURE: Figure = Figure {
    name: "moments",
    shows: "the moments of both systems against time, with their closed forms",
    experiments: &["two-baths"],
    tables: &[Moment::FILE],
    source: Source::OneFolder(moments),
};

const SIZE: (u32, u32) = (1500, 780);
const PLOTS: Rectangle = Rectangle {
    left: 96.0,
    top: 92.0,
    right: 1300.0,
    bottom: 712.0,
};
const LEGEND: (f64, f64) = (1322.0, 92.0);
const GAPS: (f64, f64) = (62.0, 44.0);

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

/// Draws `moments.csv`: a panel for each moment of each system, all N in each.
///
/// # Errors
///
/// If the table cannot be read or holds none of the moments.
pub fn moments(tables: &Path) -> Result<Rendered, FigureError> {
    let rows = tables::read::<Moment>(tables)?;
    let file = tables.join(Moment::FILE);
    let shown = |row: &&Moment| row.mean.is_finite() || row.exact.is_finite();
    let time = Axis::time(rows.iter().filter(shown).map(|row| row.time), 4)
        .ok_or_else(|| FigureError::no_data(&file, "moments"))?;
    let particles = tables::by_particles(&rows).into_keys().collect::<Vec<_>>();
    let count = particles.len();
    let colours = particles
        .into_iter()
        .enumerate()
        .map(|(index, number)| (number, sequential(index, count)))
        .collect();
    render(&Picture {
        rows,
        time,
        colours,
    })
}

struct Picture {
    rows: Vec<Moment>,
    time: Axis,
    colours: Vec<(u64, RGBColor)>,
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
                self.draw_panel(canvas, column, row)?;
            }
        }
        let below = (PLOTS.middle(), PLOTS.bottom + 47.0);
        canvas.text(TIME_LABEL, below, Align::Centre, Type::plain(LABEL_SIZE))?;
        self.legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    fn draw_panel<B: DrawingBackend>(
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
        let axis = Axis::linear(values(&rows), 6);
        let empty = axis.is_none();
        let panel = Panel {
            canvas,
            place: PLOTS.cell((column, row), (MOMENTS.len(), SYSTEMS.len()), GAPS),
            across: self.time.clone(),
            up: axis.unwrap_or_else(Axis::unmarked),
        };
        panel.grid()?;
        if empty {
            panel.remark("no values")?;
        }
        self.draw_curves(&panel, &rows)?;
        panel.frame()?;
        panel.tick_labels_up()?;
        if row == 0 {
            panel.title(heading)?;
        }
        if row + 1 == SYSTEMS.len() {
            panel.tick_labels_across()?;
        }
        if column == 0 {
            panel.label_up(system_heading, 62.0)?;
        }
        Ok(())
    }

    fn draw_curves<B: DrawingBackend>(
        &self,
        panel: &Panel<'_, '_, B>,
        rows: &[&Moment],
    ) -> Result<(), FigureError> {
        let groups = tables::by_particles(rows.iter().copied());
        let coloured = || {
            self.colours
                .iter()
                .filter_map(|(number, colour)| Some((groups.get(number)?, *colour)))
        };
        for (rows, colour) in coloured() {
            panel.band(rows.iter().map(|row| measured(row).interval()), colour)?;
        }
        for (rows, colour) in coloured() {
            let line = rows.iter().map(|row| (row.time, row.mean));
            panel.line(line, Stroke::solid(colour, 1.8))?;
        }
        for (rows, _) in coloured() {
            panel.line(rows.iter().map(|row| (row.time, row.exact)), EXACT)?;
        }
        Ok(())
    }

    fn legend(&self) -> Legend {
        let exact = self.rows.iter().any(|row| row.exact.is_finite());
        Legend::default()
            .particle_numbers(&self.colours, |colour| {
                Sample::Line(Stroke::solid(colour, 1.8))
            })
            .heading("Measured")
            .item(Sample::Area(INK, 0.2), "±3.29 standard")
            .note("errors (99.9 %)")
            .heading("Theory")
            .item_if(exact, Sample::Line(EXACT), "exact moment")
    }
}

/// What a vertical axis should hold: all values, and their bands unless these are much wider than
/// the values' own range, which would flatten every curve.
fn values(rows: &[&Moment]) -> Vec<f64> {
    let mut values = rows
        .iter()
        .flat_map(|row| [row.mean, row.exact])
        .filter(|value| value.is_finite())
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

fn measured(row: &Moment) -> Measured {
    Measured {
        at: row.time,
        value: row.mean,
        std_error: row.std_error,
    }
}
