//! The paper's two clocks side by side: Theorem 6 as printed holds for one and fails for the other.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{
    Align, Canvas, Drawing, EXACT, LABEL_SIZE, MEASURED, PAPER_BOUND, SUBTITLE_SIZE, Stroke,
    TITLE_SIZE, Type, VIOLATION, render,
};
use super::decay::{self, Curve, CurvePoint};
use super::legend::{Legend, Sample};
use super::panel::{BAND_WORDS, Measured, Panel, Rectangle, TIME_LABEL};
use super::wasserstein::{
    self, Bracket, BracketPoint, bracket_legend, draw_bracket, shading_legend,
};
use super::{Figure, FigureError, Rendered, Source, every_run, rows_of};
use crate::table::rows::{DiscrepancyRow, WassersteinRow};
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "clocks",
    shows: "the bound of Theorem 6 under the paper's two clocks: the factor of two",
    experiments: &["clock-master-equation", "clock-theorem6"],
    tables: &[DiscrepancyRow::FILE, WassersteinRow::FILE],
    further_tables: &[],
    source: Source::TwoClocks(clocks),
    suits: every_run,
};

const SIZE: (u32, u32) = (1280, 860);
const PLOTS: Rectangle = Rectangle {
    left: 96.0,
    top: 100.0,
    right: 1010.0,
    bottom: 795.0,
};
const LEGEND: (f64, f64) = (1034.0, 100.0);
const GAPS: (f64, f64) = (30.0, 34.0);
const LABEL_DISTANCE: f64 = 60.0;
const VIOLATION_OPACITY: f64 = 0.3;

/// A lower bound counts as above the printed bound only beyond rounding error: at time 0 the two
/// can be equal.
const ROUNDING: f64 = 1e-9;

/// Draws `discrepancy.csv` and `wasserstein.csv` of the same model under the `master-equation` and
/// the `theorem6` clock, each with the largest N of its table.
///
/// The upper row is E‖Δ‖²/E‖Δ(0)‖², the lower row the bracket of W₂² divided by the bound's value at
/// the first time, which is W₂²(0). Where the exact lower bound of W₂² lies above the printed bound,
/// the printed bound is violated, whatever the simulation says; that region is red.
///
/// # Errors
///
/// If a table cannot be read or holds nothing positive.
pub fn clocks(master_equation: &TableSet, theorem6: &TableSet) -> Result<Rendered, FigureError> {
    let clocks = [
        Clock::read("Clock of the master equation (1)", master_equation)?,
        Clock::read("Clock of Theorem 6’s proof", theorem6)?,
    ];
    let no_data = |what| FigureError::no_data(&[master_equation], DiscrepancyRow::FILE, what);
    let discrepancies = || clocks.iter().flat_map(|clock| &clock.discrepancy.points);
    let brackets = || clocks.iter().flat_map(|clock| &clock.bracket.points);
    let times = discrepancies()
        .map(|point| point.measured.at)
        .chain(brackets().map(|point| point.measured.at));
    let time = Axis::time(times, 5).ok_or_else(|| no_data("times"))?;
    let of_discrepancies =
        discrepancies().flat_map(|point| [point.measured.value, point.exact, point.bound]);
    // One axis for both rows: the bound is the same line in all four panels.
    let share = Axis::log10(of_discrepancies.chain(brackets().flat_map(BracketPoint::values)))
        .ok_or_else(|| no_data("positive means"))?;
    render(&Picture {
        clocks,
        time,
        share,
    })
}

/// The title and the curves of one column.
struct Clock {
    title: &'static str,
    discrepancy: Curve,
    bracket: Bracket,
}

impl Clock {
    fn read(title: &'static str, tables: &TableSet) -> Result<Self, FigureError> {
        let discrepancy = decay::curves(&rows_of::<DiscrepancyRow>(tables)?).pop();
        let bracket = wasserstein::brackets(&rows_of::<WassersteinRow>(tables)?).pop();
        let no_rows = |file| FigureError::no_data(&[tables], file, "rows");
        Ok(Self {
            title,
            discrepancy: discrepancy.ok_or_else(|| no_rows(DiscrepancyRow::FILE))?,
            bracket: normalised(bracket.ok_or_else(|| no_rows(WassersteinRow::FILE))?),
        })
    }

    /// The decay rate in units of the printed one, from the last time that has both, and whether
    /// it is the exact or the measured one.
    fn rate_ratio(&self) -> Option<(&'static str, f64)> {
        let ratio = |point: &CurvePoint| {
            let (kind, value) = if point.exact.is_finite() {
                ("exact", point.exact)
            } else {
                ("measured", point.measured.value)
            };
            let ratio = value.ln() / point.bound.ln();
            (point.bound < 1.0 && ratio.is_finite()).then_some((kind, ratio))
        };
        self.discrepancy.points.iter().rev().find_map(ratio)
    }

    fn has_lower_bound(&self) -> bool {
        let both = |point: &BracketPoint| point.lower.is_finite() && point.bound.is_finite();
        self.bracket.points.iter().any(both)
    }

    /// The time at which the lower bound exceeds the printed bound by the largest factor, with it.
    fn worst_violation(&self) -> Option<(f64, f64)> {
        self.bracket
            .points
            .iter()
            .filter(|point| point.exceeds_bound())
            .map(|point| (point.measured.at, point.lower / point.bound))
            .max_by(|left, right| left.1.total_cmp(&right.1))
    }
}

impl BracketPoint {
    /// Whether even the exact lower bound is above the printed bound.
    fn exceeds_bound(&self) -> bool {
        let factor = self.lower / self.bound;
        factor.is_finite() && factor > 1.0 + ROUNDING
    }
}

/// Divides a bracket by W₂²(0): the bound at the first time, or the upper bound where it is empty.
fn normalised(bracket: Bracket) -> Bracket {
    let unit = bracket
        .points
        .iter()
        .min_by(|left, right| left.measured.at.total_cmp(&right.measured.at))
        .into_iter()
        .flat_map(|point| [point.bound, point.upper.value, point.measured.value])
        .find(|value| value.is_finite() && *value > 0.0)
        .unwrap_or(f64::NAN);
    let points = bracket.points.into_iter().map(|point| {
        let scaled = |measured: Measured| Measured {
            value: measured.value / unit,
            std_error: measured.std_error / unit,
            ..measured
        };
        BracketPoint {
            lower: point.lower / unit,
            dual: point.dual / unit,
            measured: scaled(point.measured),
            upper: scaled(point.upper),
            bound: point.bound / unit,
        }
    });
    Bracket {
        particles: bracket.particles,
        points: points.collect(),
    }
}

struct Picture {
    clocks: [Clock; 2],
    time: Axis,
    share: Axis,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        canvas.text(
            "Theorem 6 as printed, under the paper’s two clocks",
            (PLOTS.left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for (column, clock) in self.clocks.iter().enumerate() {
            self.draw_discrepancy(canvas, column, clock)?;
            self.draw_distance(canvas, column, clock)?;
        }
        self.legend().draw(canvas, LEGEND)
    }
}

impl Picture {
    fn panel<'a, 'b, B: DrawingBackend>(
        &self,
        canvas: &'a Canvas<'b, B>,
        (column, row): (usize, usize),
    ) -> Panel<'a, 'b, B> {
        Panel {
            canvas,
            place: PLOTS.cell((column, row), (2, 2), GAPS),
            across: self.time.clone(),
            up: self.share.clone(),
        }
    }

    fn draw_discrepancy<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        column: usize,
        clock: &Clock,
    ) -> Result<(), FigureError> {
        let panel = self.panel(canvas, (column, 0));
        let points = &clock.discrepancy.points;
        panel.grid()?;
        panel.band(
            points.iter().map(|point| point.measured.interval()),
            MEASURED,
        )?;
        let line = points.iter().map(|point| point.measured.point());
        panel.line(line, Stroke::solid(MEASURED, 1.8))?;
        for point in points {
            panel.marker(point.measured.point(), point.marker(MEASURED), 3.0)?;
        }
        let at = |point: &CurvePoint| point.measured.at;
        panel.line(points.iter().map(|point| (at(point), point.exact)), EXACT)?;
        panel.line(
            points.iter().map(|point| (at(point), point.bound)),
            PAPER_BOUND,
        )?;
        panel.frame()?;
        panel.title(&format!(
            "{}, N = {}",
            clock.title, clock.discrepancy.particles
        ))?;
        if let Some((kind, ratio)) = clock.rate_ratio() {
            let words = format!("{kind} rate = {ratio:.2} × printed rate");
            note(&panel, &words, 0, Type::bold(SUBTITLE_SIZE))?;
        }
        if column == 0 {
            panel.tick_labels_up()?;
            panel.label_up("E‖Δ(t)‖² / E‖Δ(0)‖²  (dimensionless)", LABEL_DISTANCE)?;
        }
        Ok(())
    }

    fn draw_distance<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        column: usize,
        clock: &Clock,
    ) -> Result<(), FigureError> {
        let panel = self.panel(canvas, (column, 1));
        let points = &clock.bracket.points;
        panel.grid()?;
        let violated = points.iter().map(|point| {
            // Where nothing is violated the region has no height.
            let ceiling = point.lower.max(point.bound);
            (point.measured.at, point.bound, ceiling)
        });
        panel.shade(violated, VIOLATION, VIOLATION_OPACITY)?;
        draw_bracket(&panel, points)?;
        panel.frame()?;
        draw_verdict(&panel, clock)?;
        if column == 0 {
            panel.tick_labels_up()?;
            panel.label_up("W₂²(t) / W₂²(0)  (dimensionless)", LABEL_DISTANCE)?;
        }
        panel.tick_labels_across()?;
        panel.label_across(TIME_LABEL)
    }

    fn legend(&self) -> Legend {
        let violated = self
            .clocks
            .iter()
            .any(|clock| clock.worst_violation().is_some());
        let legend = Legend::default()
            .heading("Upper row")
            .item(Sample::Curve(MEASURED), "E‖Δ‖², measured")
            .item(Sample::Area(MEASURED, 0.2), BAND_WORDS)
            .note("(99.9 %)")
            .item(Sample::Line(EXACT), "E‖Δ‖², exact")
            .item(Sample::Line(PAPER_BOUND), "e^(−μt), Theorem 6")
            .note("as printed")
            .heading("Lower row");
        let legend = bracket_legend(legend, &[]);
        let legend = shading_legend(legend.heading("True W₂² lies between"));
        if violated {
            legend
                .heading("Violation")
                .item(
                    Sample::Area(VIOLATION, VIOLATION_OPACITY),
                    "lower bound above",
                )
                .note("the printed bound")
        } else {
            legend
        }
    }
}

/// Says in words what the lower bound means for the printed bound.
fn draw_verdict<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    clock: &Clock,
) -> Result<(), FigureError> {
    match clock.worst_violation() {
        Some((time, factor)) => {
            draw_pointer(panel, clock)?;
            let bold = Type::bold(SUBTITLE_SIZE).coloured(VIOLATION);
            let plain = Type::plain(LABEL_SIZE).coloured(VIOLATION);
            note(panel, "Theorem 6 as printed is violated here", 1, bold)?;
            let time = (1e3 * time).round() / 1e3;
            let words = format!("at t = {time} by a factor of at least {factor:.2}");
            note(panel, &words, 0, plain)
        }
        None if clock.has_lower_bound() => note(
            panel,
            "exact lower bound ≤ printed bound",
            0,
            Type::bold(SUBTITLE_SIZE),
        ),
        None => Ok(()),
    }
}

/// A line from the words to the middle of the violated region.
fn draw_pointer<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    clock: &Clock,
) -> Result<(), FigureError> {
    let violated = clock
        .bracket
        .points
        .iter()
        .filter(|point| point.exceeds_bound())
        .collect::<Vec<_>>();
    let Some(point) = violated.get(violated.len() / 2) else {
        return Ok(());
    };
    let low = panel.position((point.measured.at, point.bound));
    let high = panel.position((point.measured.at, point.lower));
    let (Some((x, low)), Some((_, high))) = (low, high) else {
        return Ok(());
    };
    let target = (x, 0.5 * (low + high));
    let words = (panel.place.left + 130.0, panel.place.bottom - 54.0);
    let stroke = Stroke::solid(VIOLATION, 1.3);
    panel.canvas.line(&[words, target], stroke)?;
    panel.canvas.disc(target, 3.5, VIOLATION)
}

/// Text in the lower left corner of a panel, where a decaying curve does not come; `line` counts
/// from the bottom.
fn note<B: DrawingBackend>(
    panel: &Panel<'_, '_, B>,
    words: &str,
    line: usize,
    face: Type,
) -> Result<(), FigureError> {
    let base_line = panel.place.bottom - 14.0 - 22.0 * line as f64;
    let point = (panel.place.left + 12.0, base_line);
    panel.canvas.text(words, point, Align::Left, face)
}
