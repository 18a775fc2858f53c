//! The relative width of the confidence bracket of W₂², and the relative distance of each bound
//! from W₂².

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{
    Align, BOUND, Canvas, Drawing, INK, LOWER, MEASURED, PAPER_BOUND, SUBTITLE_SIZE, Stroke,
    TITLE_SIZE, Type, UPPER, render, sequential,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_QUANTILE, Marker, Measured, Panel, Rectangle};
use super::{
    Figure, FigureError, Rendered, Source, by_particles, every_run, nan_if_empty, rows_of,
};
use crate::numerics::special::normal_quantile;
use crate::table::rows::WassersteinRow;
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "bracket",
    shows: "how narrow the confidence bracket of W₂² is, and what each bound gives away",
    experiments: &[
        "bracket-a-master-equation",
        "bracket-a",
        "bracket-b-master-equation",
        "bracket-b",
    ],
    tables: &[WassersteinRow::FILE],
    further_tables: &[],
    source: Source::EachOf(bracket),
    suits: every_run,
};

/// The two pairs of laws, a row of panels each, in the order of the runs: heading and wanted width.
const DATA: [(&str, Wanted); 2] = [
    ("A: N(1, 1) and a uniform law", Wanted::Everywhere(0.003)),
    (
        "B: N(0, 1) and a uniform law of the same variance",
        Wanted::At(3000.0, 0.05),
    ),
];
const CLOCKS: [&str; 2] = ["clock of Eq. (1)", "clock of Thm 6’s proof"];

/// The relative width that the bracket is to keep below at 95 %.
#[derive(Clone, Copy)]
enum Wanted {
    /// For every N.
    Everywhere(f64),
    /// For one N.
    At(f64, f64),
}

const SIZE: (u32, u32) = (1560, 860);
const WIDTHS: Rectangle = Rectangle {
    left: 92.0,
    top: 112.0,
    right: 610.0,
    bottom: 795.0,
};
const GIVEN_AWAY: Rectangle = Rectangle {
    left: 722.0,
    top: 112.0,
    right: 1300.0,
    bottom: 795.0,
};
const LEGEND: (f64, f64) = (1326.0, 112.0);
const GAPS: (f64, f64) = (22.0, 118.0);
const LABEL_DISTANCE: f64 = 62.0;
const PARTICLES_LABEL: &str = "Number of particles N";

/// Estimates of about the same size stand beside each other: N times this.
const ASIDE: f64 = 1.16;

const RADIUS: f64 = 3.2;
const LARGE_RADIUS: f64 = 4.6;
const SURER: Stroke = Stroke {
    colour: INK,
    width: 1.2,
    dash: Some((2.5, 3.5)),
};

/// Draws `wasserstein.csv` of four runs: two pairs of laws, each on both clocks.
///
/// On the left U/L − 1 of the limits L ≤ W₂² ≤ U, at all times after 0. The table has
/// limits of 99.9 %; those of 95 % are made of them. On the right what each bound
/// is off at the last time, |bound/√(LU) − 1|.
///
/// # Errors
///
/// If a table cannot be read, or none has limits.
pub fn bracket(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let runs = sets
        .iter()
        .map(|tables| Run::read(tables))
        .collect::<Result<Vec<_>, _>>()?;
    let no_data = |what| FigureError::no_data(sets, WassersteinRow::FILE, what);
    let rows = || runs.iter().flat_map(|run| &run.rows);
    let numbers = rows().flat_map(|row| [row.number(), ASIDE * row.number()]);
    let particles = Axis::log10(numbers).ok_or_else(|| no_data("particle numbers"))?;
    let particles = particles.with_ticks_at(by_particles(rows(), |row| row.particles).into_keys());
    let wanted = DATA.map(|(_, Wanted::Everywhere(width) | Wanted::At(_, width))| width);
    let widths = rows().flat_map(|row| [row.width_of_95(), row.width()]);
    let width = Axis::log10(widths.chain(wanted)).ok_or_else(|| no_data("limits of W₂²"))?;
    let off = runs.iter().flat_map(Run::last);
    let off = off.flat_map(|row| BOUNDS.map(|bound| (bound.off)(row).value));
    let off = Axis::log10(off).ok_or_else(|| no_data("bounds of W₂²"))?;
    render(&Picture {
        runs,
        particles,
        width,
        off,
    })
}

/// A row with what the figure makes of it.
impl WassersteinRow {
    fn number(&self) -> f64 {
        self.particles as f64
    }

    /// U/L − 1.
    fn width(&self) -> f64 {
        let (lower, upper) = self.limits();
        relative_width(lower, upper)
    }

    /// L and U of 99.9 %; NaN where there are none.
    fn limits(&self) -> (f64, f64) {
        (
            nan_if_empty(self.lower_limit),
            nan_if_empty(self.upper_limit),
        )
    }

    fn width_of_95(&self) -> f64 {
        let (lower, upper) = self.limits_of_95();
        relative_width(lower, upper)
    }

    /// Limits of 95 %, from the estimates and the limits of 99.9 %: these are as many
    /// standard errors off as normal quantiles say, or, of few replicas, a little more
    /// than the others are. So what is made of them is not too narrow where they rest on all
    /// control variates. A limit at the exact lower bound, or at the upper one, stays there.
    fn limits_of_95(&self) -> (f64, f64) {
        let shorter = -normal_quantile(0.025, 0.975) / BAND_QUANTILE;
        let (lower_limit, upper_limit) = self.limits();
        let lower = if lower_limit > self.gelbrich_lower {
            let dual_lower = nan_if_empty(self.dual_lower);
            dual_lower - shorter * (dual_lower - lower_limit)
        } else {
            lower_limit
        };
        // Where no upper bound is known, nothing is at it.
        let upper = if self.bound.is_some_and(|bound| upper_limit >= bound) {
            upper_limit
        } else {
            let pooled_upper = nan_if_empty(self.pooled_upper);
            pooled_upper + shorter * (upper_limit - pooled_upper)
        };
        (lower, upper)
    }

    /// √(LU).
    fn middle(&self) -> f64 {
        let (lower, upper) = self.limits();
        (lower * upper).sqrt()
    }

    /// |value/√(LU) − 1| with a reach of 99.9 %.
    fn off(&self, value: f64, reach: f64) -> Measured {
        Measured {
            at: self.number(),
            value: (value / self.middle() - 1.0).abs(),
            std_error: reach / BAND_QUANTILE / self.middle(),
        }
    }
}

/// The width of an interval relative to its lower end; NaN if that is not positive.
fn relative_width(lower: f64, upper: f64) -> f64 {
    if lower > 0.0 {
        upper / lower - 1.0
    } else {
        f64::NAN
    }
}

/// A bound as the right panels show it.
#[derive(Clone, Copy)]
struct Bound {
    name: &'static str,
    marker: Marker,
    radius: f64,
    off: fn(&WassersteinRow) -> Measured,
}

const BOUNDS: [Bound; 4] = [
    Bound {
        name: "E‖Δ‖²/N, above",
        marker: Marker::Filled(UPPER),
        radius: RADIUS,
        off: |row| {
            let reach = BAND_QUANTILE * nan_if_empty(row.coupling_std_error);
            row.off(nan_if_empty(row.coupling_upper), reach)
        },
    },
    Bound {
        name: "Gelbrich, below",
        marker: Marker::Filled(LOWER),
        radius: RADIUS,
        off: |row| row.off(row.gelbrich_lower, 0.0),
    },
    Bound {
        name: "pooled, above",
        marker: Marker::Open(BOUND),
        radius: LARGE_RADIUS,
        off: |row| {
            let pooled_upper = nan_if_empty(row.pooled_upper);
            let (_, upper_limit) = row.limits();
            let off = row.off(pooled_upper, upper_limit - pooled_upper);
            Measured {
                at: ASIDE * off.at,
                ..off
            }
        },
    },
    Bound {
        name: "dual, below",
        marker: Marker::Filled(MEASURED),
        radius: RADIUS,
        off: |row| {
            let dual_lower = nan_if_empty(row.dual_lower);
            let (lower_limit, _) = row.limits();
            row.off(dual_lower, dual_lower - lower_limit)
        },
    },
];

/// One run, after time 0, when nothing is left to be measured.
struct Run {
    rows: Vec<WassersteinRow>,
}

impl Run {
    fn read(tables: &TableSet) -> Result<Self, FigureError> {
        let mut rows = rows_of::<WassersteinRow>(tables)?;
        rows.retain(|row| row.time > 0.0);
        Ok(Run { rows })
    }

    /// Times, the earliest first.
    fn times(&self) -> Vec<f64> {
        let mut times: Vec<f64> = self.rows.iter().map(|row| row.time).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }

    fn at(&self, time: f64) -> impl Iterator<Item = &WassersteinRow> + Clone {
        self.rows.iter().filter(move |row| row.time == time)
    }

    /// The rows of the last time.
    fn last(&self) -> impl Iterator<Item = &WassersteinRow> + Clone {
        self.at(self.times().last().copied().unwrap_or(f64::NAN))
    }
}

struct Picture {
    runs: Vec<Run>,
    particles: Axis,
    width: Axis,
    off: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        let title = "How tightly W₂² of the first marginals is known";
        let face = Type::bold(TITLE_SIZE);
        canvas.text(title, (WIDTHS.left, 36.0), Align::Left, face)?;
        for (index, run) in self.runs.iter().enumerate() {
            let cell = (index % CLOCKS.len(), index / CLOCKS.len());
            self.draw_widths(canvas, cell, run)?;
            self.draw_given_away(canvas, cell, run)?;
        }
        self.legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    /// A panel with its frame of words. The first of a row has the row's heading.
    fn panel<'a, 'b, B: DrawingBackend>(
        &self,
        canvas: &'a Canvas<'b, B>,
        (plots, up, label): (Rectangle, &Axis, &str),
        (column, row): (usize, usize),
    ) -> Result<Panel<'a, 'b, B>, FigureError> {
        let panel = Panel {
            canvas,
            place: plots.cell((column, row), (CLOCKS.len(), DATA.len()), GAPS),
            across: self.particles.clone(),
            up: up.clone(),
        };
        panel.grid()?;
        let at = (panel.place.left, panel.place.top - 8.0);
        canvas.text(CLOCKS[column], at, Align::Left, Type::plain(SUBTITLE_SIZE))?;
        panel.tick_labels_across()?;
        panel.label_across(PARTICLES_LABEL)?;
        if column == 0 {
            let at = (panel.place.left, panel.place.top - 32.0);
            let face = Type::bold(SUBTITLE_SIZE);
            canvas.text(DATA[row].0, at, Align::Left, face)?;
            panel.tick_labels_up()?;
            panel.label_up(label, LABEL_DISTANCE)?;
        }
        Ok(panel)
    }

    fn draw_widths<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        cell: (usize, usize),
        run: &Run,
    ) -> Result<(), FigureError> {
        let panel = self.panel(canvas, (WIDTHS, &self.width, "U/L − 1"), cell)?;
        match DATA[cell.1].1 {
            Wanted::Everywhere(width) => panel.level(width, PAPER_BOUND)?,
            Wanted::At(particles, width) => {
                let beside = [0.5 * particles, 2.0 * particles];
                panel.line(beside.map(|at| (at, width)), PAPER_BOUND)?;
            }
        }
        let times = run.times();
        for (index, &time) in times.iter().enumerate() {
            let colour = sequential(index, times.len());
            let surer = run.at(time).map(|row| (row.number(), row.width()));
            panel.line(surer, Stroke { colour, ..SURER })?;
            let points = run.at(time).map(|row| (row.number(), row.width_of_95()));
            panel.line(points.clone(), Stroke::solid(colour, 1.6))?;
            for point in points {
                panel.marker(point, Marker::Filled(colour), RADIUS)?;
            }
        }
        panel.frame()
    }

    fn draw_given_away<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        cell: (usize, usize),
        run: &Run,
    ) -> Result<(), FigureError> {
        let label = "|bound/W₂² − 1|";
        let panel = self.panel(canvas, (GIVEN_AWAY, &self.off, label), cell)?;
        for bound in BOUNDS {
            let points = run.last().map(bound.off);
            let line = points.clone().map(|point| point.point());
            panel.line(line, Stroke::solid(bound.marker.colour(), 1.2))?;
            for point in points {
                panel.error_bar_with(point, bound.marker, bound.radius)?;
            }
        }
        panel.frame()
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default().heading("Left: L ≤ W₂² ≤ U");
        let times = self.runs.first().map(Run::times).unwrap_or_default();
        for (index, time) in times.iter().enumerate() {
            let colour = sequential(index, times.len());
            legend = legend.item(Sample::Curve(colour), &format!("t = {time}"));
        }
        legend = legend
            .item(Sample::Curve(INK), "limits of 95 %")
            .item(Sample::Line(SURER), "limits of 99.9 %")
            .item(Sample::Line(PAPER_BOUND), "wanted at 95 %")
            .heading(&match times.last() {
                Some(time) => format!("Right: t = {time}"),
                None => String::from("Right"),
            });
        for bound in BOUNDS {
            let sample = Sample::Marked(None, bound.marker, bound.radius);
            legend = legend.item(sample, bound.name);
        }
        legend
            .note("(bars of 99.9 %; W₂²:")
            .note("the middle of its limits)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_at_exact_bounds_stay_there() {
        let row = WassersteinRow {
            particles: 8,
            time: 1.0,
            replicas: 1000,
            sample: 8,
            batches: 1000,
            gelbrich_lower: 0.8,
            w2_squared: None,
            std_error: None,
            coupling_upper: Some(1.3),
            bound: Some(1.2),
            coupling_std_error: Some(0.01),
            dual_lower: Some(0.98),
            pooled_upper: Some(1.02),
            lower_limit: Some(0.9),
            upper_limit: Some(1.1),
            joint_lower: None,
            joint_upper: None,
            bracket_replicas: None,
            dual_std_error: None,
            pooled_std_error: None,
        };
        let (lower, upper) = row.limits_of_95();
        // 1.960/3.291 of the way.
        assert!((lower - 0.932_35).abs() < 1e-5 && (upper - 1.067_65).abs() < 1e-5);
        let clamped = WassersteinRow {
            gelbrich_lower: 0.9,
            bound: Some(1.1),
            ..row.clone()
        };
        assert_eq!(clamped.limits_of_95(), (0.9, 1.1));
        let unknown = WassersteinRow { bound: None, ..row };
        assert_eq!(unknown.limits_of_95(), (lower, upper));
    }
}
