//! The confidence bracket of W₂² against time, for up to four N.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{
    Align, Canvas, Drawing, LOWER, MEASURED, PAPER_BOUND, Stroke, TITLE_SIZE, Type, UPPER, render,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_WORDS, Measured, Panel, Rectangle, TIME_LABEL};
use super::{Figure, FigureError, Rendered, Source, by_particles, nan_if_empty, rows_of};
use crate::table::rows::WassersteinRow;
use crate::table::{self, Row, TableError, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "wasserstein",
    shows: "the confidence bracket of W₂² of the first marginals against time",
    experiments: &["theorem7"],
    tables: &[WassersteinRow::FILE],
    further_tables: &[],
    source: Source::OneRun(wasserstein),
    suits: has_samples,
};

/// Whether there are two batches or more of pooled velocities: without them only bounds are left.
fn has_samples(tables: &TableSet) -> Result<bool, TableError> {
    let rows: Vec<WassersteinRow> = table::read(tables)?;
    Ok(rows.iter().any(|row| row.w2_squared.is_some()))
}

const SIZE: (u32, u32) = (1200, 800);
const PLOTS: Rectangle = Rectangle {
    left: 92.0,
    top: 86.0,
    right: 925.0,
    bottom: 735.0,
};
const LEGEND: (f64, f64) = (948.0, 86.0);
const GAPS: (f64, f64) = (26.0, 50.0);
const MOST_PANELS: usize = 4;

/// Draws `wasserstein.csv`: Gelbrich's lower bound, the distance of the samples, the coupling's
/// upper bound and the paper's bound, per particle. With more than four N, the smallest, the
/// largest and two between are shown. All panels share their axes.
///
/// # Errors
///
/// If the table cannot be read or holds no positive value.
pub fn wasserstein(tables: &TableSet) -> Result<Rendered, FigureError> {
    let rows = rows_of::<WassersteinRow>(tables)?;
    let no_data = |what| FigureError::no_data(&[tables], WassersteinRow::FILE, what);
    let brackets = spread(brackets(&rows), MOST_PANELS);
    let every = || brackets.iter().flat_map(|bracket| &bracket.points);
    let time =
        Axis::time(every().map(|point| point.measured.at), 5).ok_or_else(|| no_data("times"))?;
    let distance = Axis::log10(every().flat_map(BracketPoint::values))
        .ok_or_else(|| no_data("positive values"))?;
    render(&Picture {
        brackets,
        time,
        distance,
    })
}

/// The bracket of one N.
pub(super) struct Bracket {
    pub(super) particles: usize,
    pub(super) points: Vec<BracketPoint>,
}

/// The three numbers that always stand in this order, and the paper's bound.
pub(super) struct BracketPoint {
    pub(super) lower: f64,
    /// The lower limit by duality; not a number where there is none.
    pub(super) dual: f64,
    pub(super) measured: Measured,
    pub(super) upper: Measured,
    pub(super) bound: f64,
}

impl BracketPoint {
    pub(super) fn values(&self) -> [f64; 4] {
        [
            self.lower,
            self.measured.value,
            self.upper.value,
            self.bound,
        ]
    }
}

/// The brackets of all N, ascending.
pub(super) fn brackets(rows: &[WassersteinRow]) -> Vec<Bracket> {
    by_particles(rows, |row| row.particles)
        .into_iter()
        .map(|(particles, rows)| Bracket {
            particles,
            points: rows.into_iter().map(bracket_point).collect(),
        })
        .collect()
}

fn bracket_point(row: &WassersteinRow) -> BracketPoint {
    BracketPoint {
        lower: row.gelbrich_lower,
        dual: nan_if_empty(row.lower_limit),
        measured: Measured {
            at: row.time,
            value: nan_if_empty(row.w2_squared),
            std_error: nan_if_empty(row.std_error),
        },
        upper: Measured {
            at: row.time,
            value: nan_if_empty(row.coupling_upper),
            std_error: nan_if_empty(row.coupling_std_error),
        },
        bound: nan_if_empty(row.bound),
    }
}

/// At most `most` items, the first and the last among them, the others evenly between.
fn spread<T>(items: Vec<T>, most: usize) -> Vec<T> {
    let count = items.len();
    if count <= most {
        return items;
    }
    let chosen = (0..most)
        .map(|place| place * (count - 1) / (most - 1))
        .collect::<Vec<_>>();
    items
        .into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(_, item)| item)
        .collect()
}

/// Draws a bracket with its shading into a panel whose grid has been drawn.
pub(super) fn draw_bracket<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    points: &[BracketPoint],
) -> Result<(), FigureError> {
    let whole = points
        .iter()
        .map(|point| (point.measured.at, point.lower, point.upper.value));
    panel.shade(whole, BRACKET.0, BRACKET.1)?;
    let between_limits = points.iter().map(|point| {
        (
            point.measured.at,
            point.lower.max(point.dual),
            point.measured.value,
        )
    });
    panel.shade(between_limits, LIMITS.0, LIMITS.1)?;
    let curve = |value: fn(&BracketPoint) -> f64| {
        points
            .iter()
            .map(move |point| (point.measured.at, value(point)))
    };
    panel.line(curve(|point| point.upper.value), UPPER_LINE)?;
    panel.line(curve(|point| point.lower), LOWER_LINE)?;
    if has_dual(points) {
        panel.line(curve(|point| point.dual), DUAL_LINE)?;
    }
    panel.line(curve(|point| point.measured.value), MEASURED_LINE)?;
    panel.line(curve(|point| point.bound), PAPER_BOUND)?;
    points.iter().try_for_each(|point| {
        panel.error_bar(point.upper, UPPER)?;
        panel.error_bar(point.measured, MEASURED)
    })
}

fn has_dual(points: &[BracketPoint]) -> bool {
    points.iter().any(|point| point.dual.is_finite())
}

/// The legend entries of [`draw_bracket`] for these points.
pub(super) fn bracket_legend(legend: Legend, points: &[BracketPoint]) -> Legend {
    let legend = legend
        .item(Sample::Bar(UPPER), "E‖Δ‖²/N, upper bound")
        .note("(coupling)")
        .item(Sample::Bar(MEASURED), "W₂² of the samples")
        .note(BAND_WORDS)
        .note("(99.9 %)");
    let legend = if has_dual(points) {
        legend
            .item(Sample::Line(DUAL_LINE), "lower limit (duality)")
            .note("(99.9 %)")
    } else {
        legend
    };
    legend
        .item(Sample::Line(LOWER_LINE), "exact lower bound")
        .note("(Gelbrich)")
        .item(Sample::Line(PAPER_BOUND), "paper: e^(−μt) W₂²(0)")
}

/// The legend entries for the shading of [`draw_bracket`].
pub(super) fn shading_legend(legend: Legend) -> Legend {
    legend
        .item(
            Sample::Area(LIMITS.0, LIMITS.1 + BRACKET.1),
            "confidence limits",
        )
        .item(Sample::Area(BRACKET.0, BRACKET.1), "exact, coupling bounds")
}

struct Picture {
    brackets: Vec<Bracket>,
    time: Axis,
    distance: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "Confidence bracket of W₂² between the first marginals",
            (PLOTS.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for index in 0..self.brackets.len() {
            self.draw_panel(canvas, index)?;
        }
        let points = &self.brackets[0].points;
        let legend = bracket_legend(Legend::default().heading("Curves"), points);
        shading_legend(legend.heading("True W₂² lies between")).draw(canvas, LEGEND)
    }
}

impl Picture {
    /// Columns and rows of the panels.
    fn grid(&self) -> (usize, usize) {
        match self.brackets.len() {
            0 | 1 => (1, 1),
            2 => (2, 1),
            _ => (2, 2),
        }
    }

    fn draw_panel<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        index: usize,
    ) -> Result<(), FigureError> {
        let (columns, rows) = self.grid();
        let (column, row) = (index % columns, index / columns);
        let Some(bracket) = self.brackets.get(index) else {
            return Ok(());
        };
        let panel = Panel {
            canvas,
            place: PLOTS.cell((column, row), (columns, rows), GAPS),
            across: self.time.clone(),
            up: self.distance.clone(),
        };
        panel.grid()?;
        draw_bracket(&panel, &bracket.points)?;
        panel.frame()?;
        panel.title(&format!("N = {}", bracket.particles))?;
        if column == 0 {
            panel.tick_labels_up()?;
            panel.label_up("W₂² per particle  (velocity²)", 58.0)?;
        }
        // The axis is named where no panel stands below.
        if index + columns >= self.brackets.len() {
            panel.tick_labels_across()?;
            panel.label_across(TIME_LABEL)?;
        }
        Ok(())
    }
}

const BRACKET: (plotters::prelude::RGBColor, f64) = (UPPER, 0.17);
const LIMITS: (plotters::prelude::RGBColor, f64) = (MEASURED, 0.28);
const UPPER_LINE: Stroke = Stroke::solid(UPPER, 1.6);
const DUAL_LINE: Stroke = Stroke::dashed(LOWER, 1.6);
const LOWER_LINE: Stroke = Stroke::solid(LOWER, 1.8);
const MEASURED_LINE: Stroke = Stroke::solid(MEASURED, 1.4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_always_shown() {
        assert_eq!(spread((0..10).collect(), 4), [0, 3, 6, 9]);
        assert_eq!(spread(vec![7], 4), [7]);
        assert_eq!(spread((0..5).collect(), 4), [0, 1, 2, 4]);
    }
}
