//! The excess kurtosis of the steady state, which is 0 for a Maxwellian, against κ/β.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, BOUND, Canvas, Drawing, GREY, INK, Stroke, TITLE_SIZE, Type, render, sequential,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_QUANTILE, BAND_WORDS, Marker, Measured, Panel, Rectangle};
use super::steady_state::{Bath, EXPERIMENTS, by_bath};
use super::{
    Figure, FigureError, Rendered, Source, by_particles, every_run, nan_if_empty, rows_of,
};
use crate::table::rows::{KurtosisRow, SteadyRow};
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "kurtosis",
    shows: "excess kurtosis of the steady state against κ/β, and its limit for N → ∞",
    experiments: EXPERIMENTS,
    tables: &[SteadyRow::FILE, KurtosisRow::FILE],
    further_tables: &[],
    source: Source::EachExperiment(kurtosis),
    suits: every_run,
};

const SIZE: (u32, u32) = (1280, 760);
const UPPER_ROW: Rectangle = Rectangle {
    left: 90.0,
    top: 92.0,
    right: 1050.0,
    bottom: 450.0,
};
const LOWER_ROW: Rectangle = Rectangle {
    left: 90.0,
    top: 490.0,
    right: 1050.0,
    bottom: 695.0,
};
const LEGEND: (f64, f64) = (1076.0, 92.0);
const GAPS: (f64, f64) = (64.0, 0.0);
const LABEL_DISTANCE: f64 = 50.0;
const LIMIT: Stroke = Stroke::dashed(INK, 1.8);
/// Standard errors shown, at least.
const SCORES: f64 = 4.5;
/// Scores of different N stand beside each other: the factor between two neighbours.
const BESIDE: f64 = 1.12;
const QUANTITY: &str = "excess-kurtosis";

/// Draws the excess kurtosis of `steady_state.csv` and the exact curves of `steady_kurtosis.csv` of
/// each run: a column for each bath; below, how far from the exact value each one lies.
///
/// # Errors
///
/// If a table cannot be read, or none holds a kurtosis at a positive κ/β.
pub fn kurtosis(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let mut runs: Vec<Run> = vec![];
    for tables in sets {
        runs.extend(Run::read(tables)?);
    }
    let no_data = |what| FigureError::no_data(sets, SteadyRow::FILE, what);
    let places = runs.iter().flat_map(Run::places);
    let across = Axis::log10(places).ok_or_else(|| no_data("positive κ/β"))?;
    let mut numbers: Vec<usize> = (runs.iter().flat_map(|run| &run.measured))
        .map(|row| row.particles)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let count = numbers.len();
    let colour = |(index, number)| (number, sequential(index, count));
    let measured = runs.iter().flat_map(|run| &run.measured);
    let scores = measured.filter_map(|row| row.z);
    let furthest = scores.filter(|z| z.is_finite()).map(f64::abs);
    let furthest = furthest.fold(SCORES, f64::max).min(1e6);
    render(&Picture {
        colours: numbers.into_iter().enumerate().map(colour).collect(),
        columns: by_bath(runs, |run| &run.bath),
        across,
        scores: Axis::linear_between(-furthest, furthest, 5),
    })
}

struct Run {
    bath: Bath,
    measured: Vec<SteadyRow>,
    curves: Vec<KurtosisRow>,
}

impl Run {
    fn read(tables: &TableSet) -> Result<Option<Self>, FigureError> {
        let rows = rows_of::<SteadyRow>(tables)?;
        let curves = rows_of::<KurtosisRow>(tables)?;
        let run = Bath::of(&rows).map(|(bath, _)| Self {
            bath,
            measured: rows
                .into_iter()
                .filter(|row| row.quantity == QUANTITY)
                .collect(),
            curves,
        });
        Ok(run)
    }

    fn places(&self) -> impl Iterator<Item = f64> + '_ {
        let measured = self.measured.iter().map(|row| row.pair_per_bath);
        measured.chain(self.curves.iter().map(|row| row.pair_per_bath))
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let measured = self.measured.iter().map(|row| row.value);
        let curves = self.curves.iter();
        let exact = curves.flat_map(|row| [row.excess_kurtosis, row.limit]);
        measured.chain(exact.flatten())
    }
}

struct Picture {
    columns: Vec<Vec<Run>>,
    colours: Vec<(usize, RGBColor)>,
    across: Axis,
    scores: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "Excess kurtosis of the steady state: 0 for a Maxwellian",
            (UPPER_ROW.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for (column, runs) in self.columns.iter().enumerate() {
            let cell = |row: &Rectangle| row.cell((column, 0), (self.columns.len(), 1), GAPS);
            let values = runs.iter().flat_map(Run::values).chain([0.0]);
            let panel = Panel {
                canvas,
                place: cell(&UPPER_ROW),
                across: self.across.clone(),
                up: Axis::linear(values, 6).unwrap_or_else(Axis::unmarked),
            };
            self.draw_values(&panel, runs)?;
            let scores = Panel {
                canvas,
                place: cell(&LOWER_ROW),
                across: self.across.clone(),
                up: self.scores.clone(),
            };
            self.draw_scores(&scores, runs)?;
            if column == 0 {
                panel.label_up("m4/m2² − 3  (dimensionless)", LABEL_DISTANCE)?;
                scores.label_up("z-score", LABEL_DISTANCE)?;
            }
        }
        Legend::default()
            .particle_numbers(&self.colours, |colour| {
                Sample::Marked(
                    Some(Stroke::solid(colour, 1.4)),
                    Marker::Filled(colour),
                    3.4,
                )
            })
            .note("line: exact")
            .note("marker: measured")
            .item(Sample::Line(LIMIT), "N → ∞: 3β/(2κ + 5β)")
            .note("of the bath’s")
            .heading("Lower row")
            .item(Sample::Marker(Marker::Filled(INK)), "(measured − exact)")
            .note("/standard error")
            .item(Sample::Area(BOUND, 0.15), BAND_WORDS)
            .note("(99.9 %)")
            .draw(canvas, LEGEND)
    }
}

impl Picture {
    fn draw_values<B: DrawingBackend>(
        &self,
        panel: &Panel<'_, '_, B>,
        runs: &[Run],
    ) -> Result<(), FigureError> {
        panel.grid()?;
        panel.level(0.0, Stroke::solid(GREY, 1.2))?;
        // The runs of a bath have the same curves.
        if let Some(run) = runs.first() {
            let curves = by_particles(&run.curves, |row| row.particles);
            for (number, colour) in &self.colours {
                let rows = curves.get(number).into_iter().flatten();
                let line = rows.map(|row| (row.pair_per_bath, nan_if_empty(row.excess_kurtosis)));
                panel.line(line, Stroke::solid(*colour, 1.4))?;
            }
            if let Some(rows) = curves.values().next() {
                let line = rows
                    .iter()
                    .map(|row| (row.pair_per_bath, nan_if_empty(row.limit)));
                panel.line(line, LIMIT)?;
            }
        }
        for row in runs.iter().flat_map(|run| &run.measured) {
            let measured = Measured {
                at: row.pair_per_bath,
                value: row.value,
                std_error: nan_if_empty(row.std_error),
            };
            panel.error_bar_with(measured, Marker::Filled(self.colour(row.particles)), 3.4)?;
        }
        panel.frame()?;
        let law = runs.first().map_or("", |run| run.bath.law);
        panel.title(&format!("{law} bath"))?;
        panel.tick_labels_up()
    }

    fn draw_scores<B: DrawingBackend>(
        &self,
        panel: &Panel<'_, '_, B>,
        runs: &[Run],
    ) -> Result<(), FigureError> {
        panel.grid()?;
        panel.belt([-BAND_QUANTILE, BAND_QUANTILE], BOUND, 0.15)?;
        panel.level(0.0, Stroke::solid(GREY, 1.2))?;
        for row in runs.iter().flat_map(|run| &run.measured) {
            let index = self.colours.iter().position(|(n, _)| *n == row.particles);
            let aside = index.unwrap_or(0) as f64 - 0.5 * (self.colours.len() as f64 - 1.0);
            let at = row.pair_per_bath * libm::pow(BESIDE, aside);
            let marker = Marker::Filled(self.colour(row.particles));
            panel.marker((at, nan_if_empty(row.z)), marker, 3.4)?;
        }
        panel.frame()?;
        panel.tick_labels_up()?;
        panel.tick_labels_across()?;
        panel.label_across("κ/β")
    }

    fn colour(&self, particles: usize) -> RGBColor {
        let found = self.colours.iter().find(|(number, _)| *number == particles);
        found.map_or(INK, |(_, colour)| *colour)
    }
}
