//! How the estimates depend on the number of particles.

use std::path::Path;

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, BOUND, Canvas, Drawing, EXACT, LOWER, MEASURED, Stroke, TITLE_SIZE, Type, UPPER, render,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_WORDS, Marker, Measured, Panel, Rectangle};
use super::tables::{self, Row, Scaling};
use super::{Figure, FigureError, Rendered, Source};

pub(super) const FIGURE: Figure = Figure {
    name: "scaling",
    shows: "decay rate, discrepancy, bracket of W₂² and relative variance against N",
    experiments: &["scaling"],
    tables: &[Scaling::FILE],
    source: Source::OneFolder(scaling),
};

const SIZE: (u32, u32) = (1240, 840);
const PLOTS: Rectangle = Rectangle {
    left: 96.0,
    top: 86.0,
    right: 985.0,
    bottom: 775.0,
};
const LEGEND: (f64, f64) = (1008.0, 86.0);
const GAPS: (f64, f64) = (96.0, 100.0);
const COLUMNS: usize = 2;

/// The decay rate is expected to agree with its exact value to this share.
const RATE_TOLERANCE: f64 = 0.01;

/// How a quantity is drawn.
#[derive(Clone, Copy)]
enum Look {
    /// An estimate: a line through filled markers with error bars, and its exact value.
    Estimate(RGBColor),
    /// An estimate in large open markers without a line, which show what lies beneath.
    Open(RGBColor),
    /// A closed form: a thin line through small marks.
    Closed(RGBColor),
}

impl Look {
    fn stroke(self) -> Option<Stroke> {
        match self {
            Self::Estimate(colour) => Some(Stroke::solid(colour, 1.4)),
            Self::Open(_) => None,
            Self::Closed(colour) => Some(Stroke::solid(colour, 1.2)),
        }
    }

    /// The marker and its radius.
    fn marker(self) -> (Marker, f64) {
        match self {
            Self::Estimate(colour) => (Marker::Filled(colour), 3.2),
            Self::Open(colour) => (Marker::Open(colour), 5.5),
            Self::Closed(colour) => (Marker::Filled(colour), 2.2),
        }
    }

    fn sample(self) -> Sample {
        let (marker, radius) = self.marker();
        match self {
            Self::Estimate(colour) => Sample::Bar(colour),
            Self::Open(_) | Self::Closed(_) => Sample::Marked(self.stroke(), marker, radius),
        }
    }
}

const ESTIMATE: Look = Look::Estimate(MEASURED);
const COUPLING: Look = Look::Estimate(UPPER);
const SAMPLES: Look = Look::Open(MEASURED);
const GELBRICH: Look = Look::Closed(LOWER);

/// One panel: a title, the name of its vertical axis, and the quantities in it.
struct Plot {
    title: &'static str,
    label: &'static str,
    /// Later ones are drawn on top.
    quantities: &'static [(&'static str, Look)],
    /// The exact value ± this share is shaded.
    tolerance: Option<f64>,
}

const PLOTS_SHOWN: [Plot; 4] = [
    Plot {
        title: "Decay rate of E‖Δ‖²",
        label: "rate  (1/time)",
        quantities: &[("decay_rate", ESTIMATE)],
        tolerance: Some(RATE_TOLERANCE),
    },
    Plot {
        title: "Discrepancy per particle",
        label: "E‖Δ‖²/N  (velocity²)",
        quantities: &[("discrepancy_per_particle", ESTIMATE)],
        tolerance: None,
    },
    Plot {
        title: "Bracket of W₂²",
        label: "W₂² per particle  (velocity²)",
        quantities: &[
            ("coupling_upper", COUPLING),
            ("gelbrich_lower", GELBRICH),
            ("w2_squared", SAMPLES),
        ],
        tolerance: None,
    },
    Plot {
        title: "Relative variance of ‖Δ‖²",
        label: "Var‖Δ‖² / (E‖Δ‖²)²  (dimensionless)",
        quantities: &[("relative_variance", ESTIMATE)],
        tolerance: None,
    },
];

/// Draws `scaling.csv`: four panels against N on a binary logarithmic axis. Quantities that the
/// panels do not name are ignored; a panel whose quantities are absent says so.
///
/// # Errors
///
/// If the table cannot be read or holds none of the quantities.
pub fn scaling(tables: &Path) -> Result<Rendered, FigureError> {
    let rows = tables::read::<Scaling>(tables)?;
    let file = tables.join(Scaling::FILE);
    let shown = |row: &&Scaling| {
        is_shown(&row.quantity) && (row.value.is_finite() || row.exact.is_finite())
    };
    let numbers = rows.iter().filter(shown).map(|row| row.particles as f64);
    let across = Axis::log2(numbers).ok_or_else(|| {
        FigureError::no_data(&file, "decay rate, discrepancy, distance or variance")
    })?;
    render(&Picture { rows, across })
}

fn is_shown(quantity: &str) -> bool {
    PLOTS_SHOWN
        .iter()
        .flat_map(|plot| plot.quantities)
        .any(|(name, _)| *name == quantity)
}

struct Picture {
    rows: Vec<Scaling>,
    across: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "Dependence on the number of particles",
            (PLOTS.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for (index, plot) in PLOTS_SHOWN.iter().enumerate() {
            self.draw_plot(canvas, index, plot)?;
        }
        legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    /// The rows of a quantity by ascending N.
    fn series(&self, quantity: &str) -> Vec<&Scaling> {
        let rows = self.rows.iter().filter(|row| row.quantity == quantity);
        tables::by_particles(rows).into_values().flatten().collect()
    }

    fn draw_plot<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        index: usize,
        plot: &Plot,
    ) -> Result<(), FigureError> {
        let place = PLOTS.cell((index % COLUMNS, index / COLUMNS), (COLUMNS, 2), GAPS);
        let values = plot
            .quantities
            .iter()
            .flat_map(|(quantity, _)| self.series(quantity))
            .flat_map(|row| values(row, plot.tolerance))
            .collect::<Vec<_>>();
        let axis = Axis::linear_or_log10(&values, 6);
        let empty = axis.is_none();
        let panel = Panel {
            canvas,
            place,
            across: self.across.clone(),
            up: axis.unwrap_or_else(Axis::unmarked),
        };
        panel.grid()?;
        if empty {
            panel.remark("no values in the table")?;
        }
        for (quantity, look) in plot.quantities {
            draw_series(&panel, &self.series(quantity), *look, plot.tolerance)?;
        }
        panel.frame()?;
        panel.title(plot.title)?;
        panel.tick_labels_up()?;
        panel.tick_labels_across()?;
        panel.label_across("Number of particles N")?;
        panel.label_up(plot.label, 60.0)
    }
}

/// Everything that a row puts on the vertical axis. The reach of an error bar counts only where it
/// does not cross zero, so that it cannot forbid a logarithmic axis.
fn values(row: &Scaling, tolerance: Option<f64>) -> [f64; 6] {
    let (_, low, high) = measured(row).interval();
    let tolerance = tolerance.unwrap_or(0.0);
    let reach = |end: f64| if end * row.value > 0.0 { end } else { f64::NAN };
    [
        row.value,
        row.exact,
        row.exact * (1.0 - tolerance),
        row.exact * (1.0 + tolerance),
        reach(low),
        reach(high),
    ]
}

fn measured(row: &Scaling) -> Measured {
    Measured {
        at: row.particles as f64,
        value: row.value,
        std_error: row.std_error,
    }
}

fn draw_series<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    rows: &[&Scaling],
    look: Look,
    tolerance: Option<f64>,
) -> Result<(), FigureError> {
    let at = |row: &Scaling| row.particles as f64;
    if let Some(tolerance) = tolerance {
        let band = rows.iter().map(|row| {
            let (low, high) = (row.exact * (1.0 - tolerance), row.exact * (1.0 + tolerance));
            (at(row), low, high)
        });
        panel.shade(band, BOUND, TOLERANCE_OPACITY)?;
    }
    if let Some(stroke) = look.stroke().filter(|_| rows.len() > 1) {
        let line = rows.iter().map(|row| (at(row), row.value));
        panel.line(line, stroke)?;
    }
    // A closed form is its own exact value, which would hide it.
    if !matches!(look, Look::Closed(_)) {
        panel.line(rows.iter().map(|row| (at(row), row.exact)), EXACT)?;
    }
    let (marker, radius) = look.marker();
    rows.iter()
        .try_for_each(|row| panel.error_bar_with(measured(row), marker, radius))
}

fn legend() -> Legend {
    Legend::default()
        .heading("Measured")
        .item(ESTIMATE.sample(), "estimate")
        .note(BAND_WORDS)
        .note("(99.9 %)")
        .heading("Theory")
        .item(Sample::Line(EXACT), "exact value")
        .item(Sample::Area(BOUND, TOLERANCE_OPACITY), "exact rate ± 1 %")
        .heading("Bracket of W₂²")
        .item(COUPLING.sample(), "E‖Δ‖²/N, upper")
        .note("bound (coupling)")
        .item(SAMPLES.sample(), "W₂² of the samples")
        .item(GELBRICH.sample(), "lower bound")
        .note("(Gelbrich)")
}

const TOLERANCE_OPACITY: f64 = 0.2;
