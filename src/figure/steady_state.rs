//! The density of the steady state beside the bath and the Maxwellian.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, Canvas, Drawing, GREY, MEASURED, PAPER_BOUND, Point, Stroke, TITLE_SIZE, Type, UPPER,
    render,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_WORDS, Measured, Panel, Rectangle};
use super::{
    Figure, FigureError, Rendered, Source, by_particles, every_run, nan_if_empty, rows_of,
};
use crate::table::rows::{DensityRow, SteadyRow};
use crate::table::{Row, TableSet};

/// The committed experiments: three baths, each at three κ/β.
pub(super) const EXPERIMENTS: &[&str] = &[
    "steady-state-mixture-half",
    "steady-state-mixture-two",
    "steady-state-mixture-twenty",
    "steady-state-two-point-half",
    "steady-state-two-point-two",
    "steady-state-two-point-twenty",
    "steady-state-uniform-half",
    "steady-state-uniform-two",
    "steady-state-uniform-twenty",
];

pub(super) const FIGURE: Figure = Figure {
    name: "steady-state",
    shows: "the density of the steady state, the bath's and the Maxwellian of its temperature",
    experiments: EXPERIMENTS,
    tables: &[DensityRow::FILE, SteadyRow::FILE],
    further_tables: &[],
    source: Source::EachExperiment(steady_state),
    suits: every_run,
};

const SIZE: (u32, u32) = (1280, 960);
const PLOTS: Rectangle = Rectangle {
    left: 90.0,
    top: 92.0,
    right: 1020.0,
    bottom: 895.0,
};
const LEGEND: (f64, f64) = (1042.0, 92.0);
const GAPS: (f64, f64) = (26.0, 44.0);
const LABEL_DISTANCE: f64 = 56.0;
const BATH_OPACITY: f64 = 0.3;
/// Velocities shown, in standard deviations of the bath.
const REACH: f64 = 3.2;
/// A bath's density beyond this many times the others' leaves the panel.
const BATH_IN_VIEW: f64 = 1.3;

/// Draws `steady_density.csv` of each run, in a panel of its own: a row for each bath, with the
/// smallest and the largest N. Velocities are in units of the bath's standard deviation.
///
/// # Errors
///
/// If a table cannot be read, or none holds a density and a temperature.
pub fn steady_state(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let mut runs: Vec<Run> = vec![];
    for tables in sets {
        runs.extend(Run::read(tables)?);
    }
    let no_data = |what| FigureError::no_data(sets, DensityRow::FILE, what);
    if runs.is_empty() {
        return Err(no_data("densities"));
    }
    let largest = |of: &dyn Fn(&Cell) -> f64| {
        let cells = runs.iter().flat_map(|run| &run.curves);
        let values = cells.flat_map(|curve| &curve.cells).map(of);
        values.filter(|value| value.is_finite()).fold(0.0, f64::max)
    };
    let others = largest(&|cell| cell.measured.value).max(largest(&|cell| cell.maxwellian));
    let top = 1.1 * others.max(largest(&|cell| cell.bath).min(BATH_IN_VIEW * others));
    if !(top > 0.0 && top < 1e100) {
        return Err(no_data("positive densities"));
    }
    render(&Picture {
        rows: by_bath(runs, |run| &run.bath),
        across: Axis::linear_between(-REACH, REACH, 6),
        up: Axis::linear_between(0.0, top, 5),
    })
}

/// Groups runs by their bath, in the order in which baths appear.
pub(super) fn by_bath<R>(runs: Vec<R>, bath: impl Fn(&R) -> &Bath) -> Vec<Vec<R>> {
    let mut groups: Vec<Vec<R>> = vec![];
    for run in runs {
        let same = |group: &&mut Vec<R>| bath(&group[0]) == bath(&run);
        match groups.iter_mut().find(same) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

/// The law and the variance that tell one bath from another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bath {
    pub(super) law: &'static str,
    variance: f64,
}

impl Bath {
    /// The bath of a run, and κ/β of its largest N.
    pub(super) fn of(rows: &[SteadyRow]) -> Option<(Self, f64)> {
        let row = rows.iter().rev().find(|row| row.quantity == "m2")?;
        let bath = Self {
            law: row.bath,
            variance: row.exact,
        };
        (row.exact > 0.0 && row.exact.is_finite()).then_some((bath, row.pair_per_bath))
    }
}

/// A cell in units of the bath's standard deviation.
struct Cell {
    low: f64,
    high: f64,
    measured: Measured,
    bath: f64,
    maxwellian: f64,
}

struct Curve {
    particles: usize,
    colour: RGBColor,
    cells: Vec<Cell>,
}

struct Run {
    bath: Bath,
    pair_per_bath: f64,
    curves: Vec<Curve>,
}

impl Run {
    fn read(tables: &TableSet) -> Result<Option<Self>, FigureError> {
        let rows = rows_of::<DensityRow>(tables)?;
        let Some((bath, pair_per_bath)) = Bath::of(&rows_of::<SteadyRow>(tables)?) else {
            return Ok(None);
        };
        let unit = bath.variance.sqrt();
        let cell = |row: &DensityRow| Cell {
            low: row.low / unit,
            high: row.high / unit,
            measured: Measured {
                at: 0.5 * (row.low + row.high) / unit,
                value: row.density * unit,
                std_error: nan_if_empty(row.std_error) * unit,
            },
            bath: row.bath_density * unit,
            maxwellian: row.maxwellian * unit,
        };
        let mut groups: Vec<_> = by_particles(&rows, |row| row.particles)
            .into_iter()
            .collect();
        if groups.len() > 2 {
            let last = groups.len() - 1;
            groups.swap(1, last);
            groups.truncate(2);
        }
        let colours = if groups.len() == 1 {
            [MEASURED; 2]
        } else {
            [UPPER, MEASURED]
        };
        let curve = |((particles, rows), colour): ((usize, Vec<&DensityRow>), RGBColor)| Curve {
            particles,
            colour,
            cells: rows.into_iter().map(cell).collect(),
        };
        Ok(Some(Self {
            bath,
            pair_per_bath,
            curves: groups.into_iter().zip(colours).map(curve).collect(),
        }))
    }
}

struct Picture {
    rows: Vec<Vec<Run>>,
    across: Axis,
    up: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "The steady state is neither the bath nor a Maxwellian",
            (PLOTS.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(1);
        for (row, runs) in self.rows.iter().enumerate() {
            for (column, run) in runs.iter().enumerate() {
                let size = (columns, self.rows.len());
                let panel = Panel {
                    canvas,
                    place: PLOTS.cell((column, row), size, GAPS),
                    across: self.across.clone(),
                    up: self.up.clone(),
                };
                draw_run(&panel, run)?;
                if column == 0 {
                    panel.tick_labels_up()?;
                    panel.label_up("density × √K_g", LABEL_DISTANCE)?;
                }
                let below = self.rows.get(row + 1).map_or(0, Vec::len);
                if column >= below {
                    panel.tick_labels_across()?;
                    panel.label_across("velocity / √K_g")?;
                }
            }
        }
        self.legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    fn legend(&self) -> Legend {
        let mut legend = Legend::default().heading("Steady state, measured");
        let mut shown = vec![];
        for curve in self.rows.iter().flatten().flat_map(|run| &run.curves) {
            let entry = (curve.particles, curve.colour);
            if !shown.contains(&entry) && shown.len() < 6 {
                let sample = Sample::Line(Stroke::solid(curve.colour, 1.8));
                legend = legend.item(sample, &format!("N = {}", curve.particles));
                shown.push(entry);
            }
        }
        let mut cells =
            (self.rows.iter().flatten().flat_map(|run| &run.curves)).flat_map(|curve| &curve.cells);
        let leaves = cells.any(|cell| self.up.share(cell.bath).is_some_and(|share| share > 1.0));
        let mut legend = legend
            .item(Sample::Area(MEASURED, 0.2), BAND_WORDS)
            .note("(99.9 %)")
            .heading("Exact, over each cell")
            .item(Sample::Area(GREY, BATH_OPACITY), "bath g");
        if leaves {
            legend = legend.note("(point masses leave").note("the panel)");
        }
        legend
            .item(Sample::Line(PAPER_BOUND), "Maxwellian of")
            .note("equal temperature")
    }
}

fn draw_run<B: DrawingBackend>(panel: &Panel<'_, '_, B>, run: &Run) -> Result<(), FigureError> {
    panel.grid()?;
    if let Some(curve) = run.curves.first() {
        let edges = |cell: &Cell| [(cell.low, 0.0, cell.bath), (cell.high, 0.0, cell.bath)];
        let steps = curve.cells.iter().flat_map(edges);
        panel.shade(steps, GREY, BATH_OPACITY)?;
        let middle = |cell: &Cell| -> Point { (cell.measured.at, cell.maxwellian) };
        panel.line(curve.cells.iter().map(middle), PAPER_BOUND)?;
    }
    for curve in &run.curves {
        let measured = || curve.cells.iter().map(|cell| cell.measured);
        panel.band(measured().map(|at| at.interval()), curve.colour)?;
        let line = measured().map(|at| at.point());
        panel.line(line, Stroke::solid(curve.colour, 1.8))?;
    }
    panel.frame()?;
    let Run {
        bath,
        pair_per_bath,
        ..
    } = run;
    let ratio = (1e4 * pair_per_bath).round() / 1e4;
    panel.title(&format!("{} bath, κ/β = {ratio}", bath.law))
}
