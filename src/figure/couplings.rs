//! The loss by each coupling: E‖Δ‖²/N over the true W₂², against time.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, BOUND, Canvas, Drawing, GREY, INK, LOWER, MEASURED, Stroke, TITLE_SIZE, Type, UPPER,
    render,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_WORDS, Measured, Panel, Rectangle, TIME_LABEL};
use super::{
    Figure, FigureError, Rendered, Source, by_particles, every_run, nan_if_empty, rows_of,
};
use crate::table::rows::WassersteinRow;
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "couplings",
    shows: "E‖Δ‖²/N of four couplings over the confidence bracket of W₂² of the first marginals",
    experiments: &[
        "couplings-synchronous",
        "couplings-output",
        "couplings-aligned",
        "couplings-rank",
    ],
    tables: &[WassersteinRow::FILE],
    further_tables: &[],
    source: Source::EachOf(couplings),
    suits: every_run,
};

/// The couplings of the runs, in their order, with their colours.
const COUPLINGS: [(&str, RGBColor); 4] = [
    ("synchronous", UPPER),
    ("…, ranks paired in records", BOUND),
    ("aligned", LOWER),
    ("…, ranks paired every 0.02", MEASURED),
];

const SIZE: (u32, u32) = (1320, 520);
const PLOTS: Rectangle = Rectangle {
    left: 88.0,
    top: 86.0,
    right: 1010.0,
    bottom: 455.0,
};
const LEGEND: (f64, f64) = (1034.0, 86.0);
const GAPS: (f64, f64) = (26.0, 0.0);
const MOST_PANELS: usize = 3;
const BRACKET_OPACITY: f64 = 0.35;
/// Brackets whose limits are no farther off than this are thinner than a line.
const THIN: f64 = 0.03;
const TRUTH: Stroke = Stroke::dashed(INK, 1.4);

/// Draws `wasserstein.csv` of four runs that differ in the coupling. W₂² is read off
/// the bracket of each run: the geometric mean of its limits, drawn as a line at 1. How far
/// off they are is said in the legend, and shown as a band if that is wider than the line.
///
/// # Errors
///
/// If a table cannot be read, or none has limits.
pub fn couplings(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let mut panels: Vec<(usize, Vec<Curve>)> = vec![];
    for (index, tables) in sets.iter().enumerate() {
        let rows = rows_of::<WassersteinRow>(tables)?;
        for (particles, rows) in by_particles(&rows, |row| row.particles) {
            let curve = Curve::of(index, &rows);
            match panels.iter_mut().find(|(n, _)| *n == particles) {
                Some((_, curves)) => curves.push(curve),
                None => panels.push((particles, vec![curve])),
            }
        }
    }
    panels.truncate(MOST_PANELS);
    let no_data = |what| FigureError::no_data(sets, WassersteinRow::FILE, what);
    let every = || panels.iter().flat_map(|(_, curves)| curves);
    let points = || every().flat_map(|curve| &curve.points);
    let time = Axis::time(points().map(|point| point.at), 4).ok_or_else(|| no_data("times"))?;
    let ratios = points().map(|point| point.value).chain([1.0]);
    let ratio = Axis::log10(ratios).ok_or_else(|| no_data("limits of W₂²"))?;
    render(&Picture {
        panels,
        time,
        ratio,
    })
}

/// One coupling at one N.
struct Curve {
    coupling: usize,
    points: Vec<Measured>,
    /// The limits of W₂² over their geometric mean.
    limits: Vec<(f64, f64, f64)>,
}

impl Curve {
    fn of(coupling: usize, rows: &[&WassersteinRow]) -> Self {
        let mut curve = Curve {
            coupling,
            points: vec![],
            limits: vec![],
        };
        for row in rows {
            let limits = row.lower_limit.zip(row.upper_limit);
            let Some((low, high)) = limits.filter(|&(low, high)| low > 0.0 && high > 0.0) else {
                continue;
            };
            let middle = (low * high).sqrt();
            curve.points.push(Measured {
                at: row.time,
                value: nan_if_empty(row.coupling_upper) / middle,
                std_error: nan_if_empty(row.coupling_std_error) / middle,
            });
            curve.limits.push((row.time, low / middle, high / middle));
        }
        curve
    }
}

struct Picture {
    panels: Vec<(usize, Vec<Curve>)>,
    time: Axis,
    ratio: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "What a coupling gives away",
            (PLOTS.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for index in 0..self.panels.len() {
            self.draw_panel(canvas, index)?;
        }
        let mut legend = Legend::default().heading("E‖Δ‖²/N over W₂²");
        for (name, colour) in COUPLINGS {
            legend = legend.item(Sample::Bar(colour), name);
        }
        let off = self.farthest_limit();
        let mut legend = (legend.note(BAND_WORDS))
            .heading("Truth")
            .item(Sample::Line(TRUTH), "1: W₂² itself");
        if off > THIN {
            legend = legend.item(Sample::Area(GREY, BRACKET_OPACITY), "its bracket");
        }
        legend
            .note(&format!("known to ±{:.1} % at worst (99.9 %)", 100.0 * off))
            .draw(canvas, LEGEND)
    }
}

impl Picture {
    /// The largest relative distance of the limits of W₂² from their geometric mean.
    fn farthest_limit(&self) -> f64 {
        let curves = self.panels.iter().flat_map(|(_, curves)| curves);
        let limits = curves.flat_map(|curve| &curve.limits);
        limits.fold(0.0, |most: f64, &(_, _, high)| most.max(high - 1.0))
    }

    fn draw_panel<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        index: usize,
    ) -> Result<(), FigureError> {
        let (particles, curves) = &self.panels[index];
        let panel = Panel {
            canvas,
            place: PLOTS.cell((index, 0), (self.panels.len(), 1), GAPS),
            across: self.time.clone(),
            up: self.ratio.clone(),
        };
        panel.grid()?;
        let wide = self.farthest_limit() > THIN;
        for curve in curves.iter().filter(|_| wide) {
            panel.shade(curve.limits.iter().copied(), GREY, BRACKET_OPACITY)?;
        }
        panel.level(1.0, TRUTH)?;
        for curve in curves {
            let (_, colour) = COUPLINGS[curve.coupling % COUPLINGS.len()];
            let line = curve.points.iter().map(Measured::point);
            panel.line(line, Stroke::solid(colour, 1.6))?;
            for &point in &curve.points {
                panel.error_bar(point, colour)?;
            }
        }
        panel.frame()?;
        panel.title(&format!("N = {particles}"))?;
        panel.tick_labels_across()?;
        panel.label_across(TIME_LABEL)?;
        if index == 0 {
            panel.tick_labels_up()?;
            panel.label_up("E‖Δ‖²/N ÷ W₂²", 56.0)?;
        }
        Ok(())
    }
}
