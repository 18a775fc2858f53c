//! The estimates against the number of particles.

use std::path::Path;

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, BOUND, Canvas, Drawing, EXACT, LOWER, MEASURED, SUBTITLE_SIZE, Stroke, TICK_SIZE,
    TITLE_SIZE, Type, UPPER, render,
};
use super::legend::{Legend, Sample};
use super::panel::{BAND_QUANTILE, BAND_WORDS, Marker, Measured, Panel, Rectangle};
use super::{Figure, FigureError, Rendered, Source, by_particles, nan_if_empty, rows_of};
use crate::table::rows::{ExponentRow, ScalingRow};
use crate::table::{self, Row, TableError, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "scaling",
    shows: "decay rate, discrepancy, distances and collisions against N, and their exponents",
    experiments: &["scaling", "scaling-rank"],
    tables: &[ScalingRow::FILE],
    further_tables: &[ExponentRow::FILE],
    source: Source::EachExperiment(scaling),
    suits: has_several_sizes,
};

/// Whether there are several N.
fn has_several_sizes(tables: &TableSet) -> Result<bool, TableError> {
    let rows: Vec<ScalingRow> = table::read(tables)?;
    Ok(by_particles(&rows, |row| row.particles).len() > 1)
}

/// The coupling of the copies of each experiment, in words.
const COUPLINGS: [(&str, &str); 2] = [
    (FIGURE.experiments[0], "synchronous"),
    (FIGURE.experiments[1], "ranks paired every 0.1"),
];

/// The words for the experiment that the folder of a run is named after.
fn coupling_of(folder: &Path) -> Option<&'static str> {
    let named = |&(name, _): &(&str, &str)| folder.file_name().is_some_and(|file| file == name);
    COUPLINGS.into_iter().find(named).map(|(_, words)| words)
}

const SIZE: (u32, u32) = (1640, 920);
const PLOTS: Rectangle = Rectangle {
    left: 96.0,
    top: 124.0,
    right: 1385.0,
    bottom: 858.0,
};
const LEGEND: (f64, f64) = (1408.0, 124.0);
const GAPS: (f64, f64) = (96.0, 150.0);
const COLUMNS: usize = 3;
/// Between the lines above a panel.
const LINE_HEIGHT: f64 = 20.0;

/// The decay rate is expected to agree with its exact value to this share.
const RATE_TOLERANCE: f64 = 0.01;

/// The markers, lines or areas that show a quantity.
#[derive(Clone, Copy)]
enum Look {
    /// An estimate: a line through filled markers with error bars, and its exact value.
    Estimate(RGBColor),
    /// An estimate in large open markers without a line, which show what lies beneath.
    Open(RGBColor),
    /// A closed form: a thin line through small marks.
    Closed(RGBColor),
    /// The area between limits, with edges.
    Limits(RGBColor),
}

impl Look {
    fn stroke(self) -> Option<Stroke> {
        match self {
            Self::Estimate(colour) => Some(Stroke::solid(colour, 1.4)),
            Self::Open(_) => None,
            Self::Closed(colour) | Self::Limits(colour) => Some(Stroke::solid(colour, 1.2)),
        }
    }

    /// The marker and its radius.
    fn marker(self) -> Option<(Marker, f64)> {
        match self {
            Self::Estimate(colour) => Some((Marker::Filled(colour), 3.2)),
            Self::Open(colour) => Some((Marker::Open(colour), 5.5)),
            Self::Closed(colour) => Some((Marker::Filled(colour), 2.2)),
            Self::Limits(_) => None,
        }
    }

    fn sample(self) -> Sample {
        match (self, self.marker()) {
            (Self::Open(_) | Self::Closed(_), Some((marker, radius))) => {
                Sample::Marked(self.stroke(), marker, radius)
            }
            (Self::Limits(colour), _) => Sample::Area(colour, LIMITS_OPACITY),
            (Self::Estimate(colour) | Self::Open(colour) | Self::Closed(colour), _) => {
                Sample::Bar(colour)
            }
        }
    }

    fn is_limits(self) -> bool {
        matches!(self, Self::Limits(_))
    }

    /// Whether a row has what this look shows.
    fn shows(self, row: &ScalingRow) -> bool {
        match self {
            Self::Limits(_) => row.lower_limit.is_some() && row.upper_limit.is_some(),
            _ => row.value.is_some() || row.exact.is_some(),
        }
    }
}

const ESTIMATE: Look = Look::Estimate(MEASURED);
const SAMPLES: Look = Look::Open(MEASURED);
const GELBRICH: Look = Look::Closed(LOWER);
const FIRST: Look = Look::Limits(MEASURED);
const JOINT: Look = Look::Limits(UPPER);
/// Olive: no other colour of the figure is near it.
const EXCESS: Look = Look::Limits(RGBColor(122, 112, 0));

/// One panel: a title, the name of its vertical axis, and the quantities in it.
struct Plot {
    title: &'static str,
    label: &'static str,
    /// Later ones are drawn on top.
    quantities: &'static [(&'static str, Look)],
    /// The exact value ± this share is shaded.
    tolerance: Option<f64>,
    /// The exponents above it, each after some words.
    exponents: &'static [(&'static str, &'static str)],
}

const PLOTS_SHOWN: [Plot; 6] = [
    Plot {
        title: "Decay rate of E‖Δ‖²",
        label: "rate  (1/time)",
        quantities: &[("decay_rate", ESTIMATE)],
        tolerance: Some(RATE_TOLERANCE),
        exponents: &[("", "decay_rate")],
    },
    Plot {
        title: "Discrepancy per particle",
        label: "E‖Δ‖²/N  (velocity²)",
        quantities: &[("discrepancy_per_particle", ESTIMATE)],
        tolerance: None,
        exponents: &[("", "discrepancy_per_particle")],
    },
    Plot {
        title: "Relative variance of ‖Δ‖²",
        label: "Var‖Δ‖² / (E‖Δ‖²)²  (dimensionless)",
        quantities: &[("relative_variance", ESTIMATE)],
        tolerance: None,
        exponents: &[("", "relative_variance")],
    },
    Plot {
        title: "W₂² of first marginals, W₂,N²/N of joint laws",
        label: "per particle  (velocity²)",
        quantities: &[
            ("joint_w2_squared", JOINT),
            ("w2_squared", FIRST),
            ("gelbrich_lower", GELBRICH),
            ("w2_squared", SAMPLES),
        ],
        tolerance: None,
        exponents: &[("W₂ ~ ", "w2"), ("W₂,N ~ ", "joint_w2")],
    },
    Plot {
        title: "Excess of paired ranks over W₂²",
        label: "excess per particle  (velocity²)",
        quantities: &[("joint_excess", EXCESS)],
        tolerance: None,
        exponents: &[("", "joint_excess")],
    },
    Plot {
        title: "Collisions of a replica",
        label: "collisions  (1/time)",
        quantities: &[("collisions", ESTIMATE)],
        tolerance: None,
        exponents: &[("", "collisions")],
    },
];

/// Draws `scaling.csv`: six panels against N on a binary logarithmic axis, with the exponents of
/// `exponents.csv` where there is one. Of several runs each quantity and each exponent is shown
/// from the first that has it, and each panel says how its copies are coupled. Quantities that the
/// panels do not name are ignored; a panel whose quantities are absent says so.
///
/// # Errors
///
/// If a table cannot be read, or none holds any of the quantities.
pub fn scaling(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let mut runs = vec![];
    let mut exponents = vec![];
    for tables in sets {
        runs.push(rows_of::<ScalingRow>(tables)?);
        if tables.bytes(ExponentRow::FILE).is_some() {
            exponents.extend(rows_of::<ExponentRow>(tables)?);
        }
    }
    let shown = |row: &&ScalingRow| {
        let plots = PLOTS_SHOWN.iter().flat_map(|plot| plot.quantities);
        let mut looks = plots.filter(|(name, _)| *name == row.quantity);
        looks.any(|(_, look)| look.shows(row))
    };
    let rows = runs.iter().flatten().filter(shown);
    let across = Axis::log2(rows.map(|row| row.particles as f64)).ok_or_else(|| {
        let what = "decay rate, discrepancy, distance or variance";
        FigureError::no_data(sets, ScalingRow::FILE, what)
    })?;
    let several = sets.len() > 1;
    let couplings = sets
        .iter()
        .map(|tables| coupling_of(tables.folder()).filter(|_| several));
    render(&Picture {
        couplings: couplings.collect(),
        runs,
        exponents,
        across,
    })
}

struct Picture {
    /// The coupling of each run, which is told where several are shown.
    couplings: Vec<Option<&'static str>>,
    /// The rows of each run.
    runs: Vec<Vec<ScalingRow>>,
    /// The exponents of all runs, in their order.
    exponents: Vec<ExponentRow>,
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
        for (row, plots) in PLOTS_SHOWN.chunks(COLUMNS).enumerate() {
            let lines: Vec<Vec<String>> = plots.iter().map(|plot| self.lines(plot)).collect();
            let most = lines.iter().map(Vec::len).max().unwrap_or(0);
            for (column, (plot, lines)) in plots.iter().zip(&lines).enumerate() {
                let place = PLOTS.cell((column, row), (COLUMNS, 2), GAPS);
                self.draw_plot(canvas, place, plot)?;
                draw_lines(canvas, place, plot.title, lines, most)?;
            }
        }
        legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    /// The first run that has a quantity.
    fn run(&self, quantity: &str, look: Look) -> Option<usize> {
        let has = |rows: &Vec<ScalingRow>| {
            let mut rows = rows.iter().filter(|row| row.quantity == quantity);
            rows.any(|row| look.shows(row))
        };
        self.runs.iter().position(has)
    }

    /// The rows of a quantity by ascending N.
    fn series(&self, quantity: &str, look: Look) -> Vec<&ScalingRow> {
        let Some(run) = self.run(quantity, look) else {
            return vec![];
        };
        let rows = self.runs[run].iter();
        let rows = rows.filter(|row| row.quantity == quantity);
        by_particles(rows, |row| row.particles)
            .into_values()
            .flatten()
            .collect()
    }

    /// The lines of text above a panel, below its title.
    fn lines(&self, plot: &Plot) -> Vec<String> {
        let line = |&(words, quantity): &(&str, &str)| {
            let mut exponents = self.exponents.iter();
            let exponent = exponents.find(|exponent| exponent.quantity == quantity)?;
            Some(format!("{words}{}", power_of_particles(exponent)?))
        };
        let exponents = plot.exponents.iter().filter_map(line);
        self.coupling(plot).into_iter().chain(exponents).collect()
    }

    /// The coupling of the copies in a panel, in words: that of its limits, and that of its marks.
    fn coupling(&self, plot: &Plot) -> Option<String> {
        let of = |limits: bool| {
            let mut quantities = plot
                .quantities
                .iter()
                .filter(|(_, look)| look.is_limits() == limits);
            quantities.find_map(|&(quantity, look)| self.couplings[self.run(quantity, look)?])
        };
        match (of(true), of(false)) {
            (Some(limits), Some(marks)) if limits != marks => {
                Some(format!("limits: {limits}, marks: {marks}"))
            }
            (limits, marks) => limits.or(marks).map(str::to_owned),
        }
    }

    fn draw_plot<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        place: Rectangle,
        plot: &Plot,
    ) -> Result<(), FigureError> {
        let every = || {
            let quantities = plot.quantities.iter();
            quantities.map(|&(quantity, look)| (self.series(quantity, look), look))
        };
        let values = every()
            .flat_map(|(rows, look)| {
                let values = rows
                    .into_iter()
                    .map(|row| values(row, look, plot.tolerance));
                values.collect::<Vec<_>>()
            })
            .flatten()
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
        for (rows, look) in every() {
            match look {
                Look::Limits(colour) => draw_limits(&panel, &rows, colour)?,
                _ => draw_series(&panel, &rows, look, plot.tolerance)?,
            }
        }
        panel.frame()?;
        panel.tick_labels_up()?;
        panel.tick_labels_across()?;
        panel.label_across("Number of particles N")?;
        panel.label_up(plot.label, 60.0)
    }
}

/// Draws a title and the lines under it, above `place`; the title stands as high as for `most`
/// lines.
fn draw_lines<B: DrawingBackend>(
    canvas: &Canvas<'_, B>,
    place: Rectangle,
    title: &str,
    lines: &[String],
    most: usize,
) -> Result<(), FigureError> {
    let top = place.top - 8.0 - LINE_HEIGHT * most as f64;
    let at = |line: usize| (place.left, top + LINE_HEIGHT * line as f64);
    canvas.text(title, at(0), Align::Left, Type::bold(SUBTITLE_SIZE))?;
    (1..).zip(lines).try_for_each(|(line, words)| {
        canvas.text(words, at(line), Align::Left, Type::plain(TICK_SIZE))
    })
}

/// N^(a ± b), b being 3.29 standard errors, or N^[a, b] between confidence limits, and what is expected.
/// `None` if the exponent is not known.
fn power_of_particles(row: &ExponentRow) -> Option<String> {
    let reach = 0.5 * (row.ci_high - row.ci_low);
    if !(reach.is_finite() && row.exponent.is_finite()) {
        return None;
    }
    let digits = digits_for(reach);
    let mut words = if let Some(std_error) = row.std_error {
        let reach = BAND_QUANTILE * std_error;
        format!("N^({:.digits$} ± {reach:.digits$})", row.exponent)
    } else {
        // Rounded outwards, limits stay limits.
        let unit = 10_f64.powi(digits as i32);
        let low = (row.ci_low * unit).floor() / unit;
        let high = (row.ci_high * unit).ceil() / unit;
        format!("N^[{low:.digits$}, {high:.digits$}]")
    };
    for (name, value) in [("exact", row.exact), ("limit", row.limit)] {
        if let Some(value) = value {
            words += &format!(", {name} {}", expected(value, digits));
        }
    }
    if !row.power_law {
        words += ", no power law";
    }
    Some(words.replace('-', "−"))
}

/// Decimals that leave two digits of a number below 1, six at most.
fn digits_for(reach: f64) -> usize {
    (0..6)
        .find(|&digits| reach * 10_f64.powi(digits) >= 9.5)
        .unwrap_or(6) as usize
}

/// An expected exponent, as an integer or a half where it is one.
fn expected(value: f64, digits: usize) -> String {
    if value == value.round() {
        format!("{value:.0}")
    } else if value == 0.5 {
        "½".to_owned()
    } else {
        format!("{value:.digits$}")
    }
}

/// Everything that a row puts on the vertical axis. The reach of an error bar counts only where it
/// does not cross zero, so that it cannot forbid a logarithmic axis; nor can a limit of zero.
fn values(row: &ScalingRow, look: Look, tolerance: Option<f64>) -> [f64; 6] {
    let none = f64::NAN;
    if let Look::Limits(_) = look {
        let lower = row.lower_limit.filter(|&lower| lower > 0.0);
        let upper = nan_if_empty(row.upper_limit);
        return [nan_if_empty(lower), upper, none, none, none, none];
    }
    let (_, low, high) = measured(row).interval();
    let tolerance = tolerance.unwrap_or(0.0);
    let (value, exact) = (nan_if_empty(row.value), nan_if_empty(row.exact));
    let reach = |end: f64| if end * value > 0.0 { end } else { none };
    [
        value,
        exact,
        exact * (1.0 - tolerance),
        exact * (1.0 + tolerance),
        reach(low),
        reach(high),
    ]
}

/// With the standard error that is known before sampling, where there is one: it is what exponents
/// and scores are made with.
fn measured(row: &ScalingRow) -> Measured {
    Measured {
        at: row.particles as f64,
        value: nan_if_empty(row.value),
        std_error: nan_if_empty(row.exact_std_error.or(row.std_error)),
    }
}

/// The area between the limits, with a line along each.
fn draw_limits<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    rows: &[&ScalingRow],
    colour: RGBColor,
) -> Result<(), FigureError> {
    let limits = || {
        let rows = rows.iter();
        rows.map(|row| {
            let limits = [row.lower_limit, row.upper_limit].map(nan_if_empty);
            (row.particles as f64, limits[0], limits[1])
        })
    };
    panel.shade(limits(), colour, LIMITS_OPACITY)?;
    let edge = Stroke::solid(colour, 1.0);
    panel.line(limits().map(|(at, low, _)| (at, low)), edge)?;
    panel.line(limits().map(|(at, _, high)| (at, high)), edge)
}

fn draw_series<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    rows: &[&ScalingRow],
    look: Look,
    tolerance: Option<f64>,
) -> Result<(), FigureError> {
    let at = |row: &ScalingRow| row.particles as f64;
    if let Some(tolerance) = tolerance {
        let band = rows.iter().map(|row| {
            let exact = nan_if_empty(row.exact);
            (
                at(row),
                exact * (1.0 - tolerance),
                exact * (1.0 + tolerance),
            )
        });
        panel.shade(band, BOUND, TOLERANCE_OPACITY)?;
    }
    if let Some(stroke) = look.stroke().filter(|_| rows.len() > 1) {
        let line = rows.iter().map(|row| (at(row), nan_if_empty(row.value)));
        panel.line(line, stroke)?;
    }
    // A closed form is its own exact value, which would hide it.
    if !matches!(look, Look::Closed(_)) {
        let exact = rows.iter().map(|row| (at(row), nan_if_empty(row.exact)));
        panel.line(exact, EXACT)?;
    }
    look.marker().map_or(Ok(()), |(marker, radius)| {
        rows.iter()
            .try_for_each(|row| panel.error_bar_with(measured(row), marker, radius))
    })
}

fn legend() -> Legend {
    Legend::default()
        .heading("Measured")
        .item(ESTIMATE.sample(), "estimate")
        .note(BAND_WORDS)
        .note("(99.9 %), exact ones")
        .note("where they are known")
        .heading("Theory")
        .item(Sample::Line(EXACT), "exact value")
        .item(Sample::Area(BOUND, TOLERANCE_OPACITY), "exact rate ± 1 %")
        .heading("Distances")
        .item(FIRST.sample(), "limits (99.9 %),")
        .note("first marginals")
        .item(JOINT.sample(), "limits, joint laws")
        .item(EXCESS.sample(), "limits, excess")
        .item(SAMPLES.sample(), "W₂² of the samples")
        .item(GELBRICH.sample(), "lower bound")
        .note("(Gelbrich)")
        .heading("Exponents")
        .note("N^(a ± b): measured,")
        .note("±3.29 standard errors")
        .note("N^[a, b]: confidence limits")
}

const TOLERANCE_OPACITY: f64 = 0.2;
const LIMITS_OPACITY: f64 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::model::coupling::{CouplingKind, Rematch};

    #[test]
    fn the_couplings_are_those_of_the_experiments() {
        let coupling = |folder: &str| {
            let path = format!("experiments/{folder}.toml");
            let experiment = load(Path::new(&path)).unwrap().experiment;
            (experiment.coupling, experiment.rematch)
        };
        let [(first, synchronous), (second, ranks)] = COUPLINGS;
        assert_eq!(coupling(first).0, CouplingKind::Synchronous);
        assert_eq!(synchronous, "synchronous");
        let (kind, rematch) = coupling(second);
        assert_eq!(kind, CouplingKind::Aligned);
        let Rematch::Every(step) = rematch else {
            panic!("{rematch:?}")
        };
        assert_eq!(ranks, format!("ranks paired every {step}"));
        assert_eq!(coupling_of(Path::new("tables/scaling")), Some(synchronous));
        assert_eq!(coupling_of(Path::new("tables/other")), None);
    }
}
