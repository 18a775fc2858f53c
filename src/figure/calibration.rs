//! The share of intervals that cover the exact value, and the share of z-scores in the tails of the
//! normal law.

use plotters::prelude::{DrawingBackend, RGBColor};

use super::axis::Axis;
use super::canvas::{
    Align, BOUND, Canvas, Drawing, GREY, INK, LABEL_SIZE, LOWER, MEASURED, SUBTITLE_SIZE, Stroke,
    TITLE_SIZE, Type, UPPER, VIOLATION, render,
};
use super::legend::{Legend, Sample};
use super::panel::{Marker, Panel, Rectangle};
use super::{Figure, FigureError, Rendered, Source, by_particles, every_run, rows_of};
use crate::judge::calibration::CalibrationRow;
use crate::model::Clock;
use crate::numerics::special::normal_quantile;
use crate::numerics::trust::FEW_REPLICAS;
use crate::table::{Row, TableSet};

pub(super) const FIGURE: Figure = Figure {
    name: "calibration",
    shows: "how often intervals cover the exact value, over many seeds, on the paper's two clocks",
    experiments: &["calibration-master-equation", "calibration"],
    tables: &[CalibrationRow::FILE],
    further_tables: &[],
    source: Source::EachClock(calibration),
    suits: every_run,
};

const WIDTH: u32 = 1280;
const PLOTS: (f64, f64) = (88.0, 1010.0);
const FIRST_ROW: f64 = 114.0;
const ROW_HEIGHT: f64 = 176.0;
const ROW_DISTANCE: f64 = 300.0;
const FOOT: f64 = 60.0;
const GAP: f64 = 66.0;
const LABEL_DISTANCE: f64 = 56.0;
const LEGEND_LEFT: f64 = 1034.0;

const LIMITS_OPACITY: f64 = 0.1;
const NOMINAL: Stroke = Stroke::solid(INK, 1.0);
const RADIUS: f64 = 3.4;

/// Where a mean is carried by too few replicas for its z-score to be trusted.
const TRUST_ENDS: Stroke = Stroke::dashed(GREY, 1.2);

/// The quantities that decay: name in the table, colour, and name in the legend.
const QUANTITIES: [(&str, RGBColor, &str); 4] = [
    ("discrepancy", MEASURED, "E‖Δ‖²"),
    ("energy", BOUND, "energy, E V² − K_g"),
    ("first-moment", LOWER, "first moment, E V₁"),
    ("pair-moment", UPPER, "pair moment, E V₁V₂"),
];

/// z-scores beyond either end (orange and sky blue of the Okabe–Ito palette).
const ABOVE: RGBColor = RGBColor(230, 159, 0);
const BELOW: RGBColor = RGBColor(86, 180, 233);

/// Draws `calibration.csv` of one clock or of several, a column for each level: the coverage of the
/// intervals of decay rates, a row for each clock, and below it the share of z-scores of mean ‖Δ‖²
/// beyond the ends of the same levels, against the relative variance of the mean.
///
/// Shaded is where 99.9 % of the counts of a sound interval, and of a normal z-score, lie.
///
/// # Errors
///
/// If a table cannot be read or holds no counts.
pub fn calibration(sets: &[&TableSet]) -> Result<Rendered, FigureError> {
    let mut rows = vec![];
    for tables in sets {
        rows.extend(rows_of::<CalibrationRow>(tables)?);
    }
    rows.retain(|row| row.seeds > 0 && row.confidence > 0.0 && row.confidence < 1.0);
    if rows.is_empty() {
        return Err(FigureError::no_data(sets, CalibrationRow::FILE, "counts"));
    }
    let mut clocks: Vec<Clock> = vec![];
    for row in &rows {
        if !clocks.contains(&row.clock) {
            clocks.push(row.clock);
        }
    }
    let mut levels: Vec<f64> = rows.iter().map(|row| row.confidence).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    render(&Picture {
        particles: by_particles(&rows, |row| row.particles)
            .into_keys()
            .collect(),
        rows,
        clocks,
        levels,
    })
}

struct Picture {
    rows: Vec<CalibrationRow>,
    clocks: Vec<Clock>,
    levels: Vec<f64>,
    particles: Vec<usize>,
}

impl Drawing for Picture {
    fn size(&self) -> (u32, u32) {
        let last = self.clocks.len() as f64;
        let height = FIRST_ROW + last * ROW_DISTANCE + ROW_HEIGHT + FOOT;
        (WIDTH, height as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
        let (left, _) = PLOTS;
        canvas.text(
            "Do intervals cover the exact value as often as they say?",
            (left, 36.0),
            Align::Left,
            Type::bold(TITLE_SIZE),
        )?;
        for (row, &clock) in self.clocks.iter().enumerate() {
            self.heading(canvas, row, &format!("Decay rates: {}", clock_title(clock)))?;
            for (column, &level) in self.levels.iter().enumerate() {
                self.draw_coverage(canvas, (column, row), clock, level)?;
            }
        }
        let last = self.clocks.len();
        self.heading(
            canvas,
            last,
            "z-scores of the mean of ‖Δ‖², at all N and times",
        )?;
        for (column, &level) in self.levels.iter().enumerate() {
            self.draw_tails(canvas, (column, last), level)?;
        }
        self.legend().draw(canvas, (LEGEND_LEFT, FIRST_ROW))
    }
}

fn clock_title(clock: Clock) -> &'static str {
    match clock {
        Clock::MasterEquation => "clock of the master equation (1)",
        Clock::Theorem6 => "clock of Theorem 6’s proof",
    }
}

fn top(row: usize) -> f64 {
    FIRST_ROW + row as f64 * ROW_DISTANCE
}

fn percent(share: f64) -> f64 {
    100.0 * share
}

/// The share of the seeds that a count is.
fn of_seeds(count: u64, row: &CalibrationRow) -> f64 {
    count as f64 / row.seeds as f64
}

/// Whether the exact value is covered more seldom than by chance.
fn under_covers(row: &CalibrationRow) -> bool {
    row.coverage * (row.seeds as f64) < row.limit_low as f64 - 0.5
}

/// A confidence level in percent, rounded to six decimals, so that 99.9 is not printed as
/// 99.90000000000001.
fn level_words(level: f64) -> String {
    format!("{} %", (1e6 * percent(level)).round() / 1e6)
}

impl Picture {
    fn heading<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        row: usize,
        words: &str,
    ) -> Result<(), FigureError> {
        let point = (PLOTS.0, top(row) - 34.0);
        canvas.text(words, point, Align::Left, Type::bold(SUBTITLE_SIZE))
    }

    fn panel<'a, 'b, B: DrawingBackend>(
        &self,
        canvas: &'a Canvas<'b, B>,
        (column, row): (usize, usize),
        (across, up): (Axis, Axis),
    ) -> Panel<'a, 'b, B> {
        let (left, right) = PLOTS;
        let line = Rectangle::new(left, top(row), right, top(row) + ROW_HEIGHT);
        Panel {
            canvas,
            place: line.cell((column, 0), (self.levels.len(), 1), (GAP, 0.0)),
            across,
            up,
        }
    }

    /// The rows of one level and one kind of estimate.
    fn of(&self, level: f64, estimate: &str) -> impl Iterator<Item = &CalibrationRow> {
        self.rows
            .iter()
            .filter(move |row| row.confidence == level && row.estimate == estimate)
    }

    fn draw_coverage<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        (column, row): (usize, usize),
        clock: Clock,
        level: f64,
    ) -> Result<(), FigureError> {
        let up = Axis::linear(
            self.of(level, "rate")
                .flat_map(|row| {
                    [
                        row.coverage,
                        of_seeds(row.limit_low, row),
                        of_seeds(row.limit_high, row),
                    ]
                })
                .chain([level])
                .map(percent),
            5,
        );
        let names = self.particles.iter().map(usize::to_string);
        let axes = (Axis::names(names), up.unwrap_or_else(Axis::unmarked));
        let panel = self.panel(canvas, (column, row), axes);
        let shown: Vec<&CalibrationRow> = self
            .of(level, "rate")
            .filter(|row| row.clock == clock)
            .collect();
        panel.grid()?;
        if let Some(row) = shown.first() {
            let limits = [row.limit_low, row.limit_high].map(|limit| percent(of_seeds(limit, row)));
            panel.belt(limits, INK, LIMITS_OPACITY)?;
            panel.level(percent(level), NOMINAL)?;
        } else {
            panel.remark("no values")?;
        }
        for row in shown {
            self.draw_cover(&panel, row)?;
        }
        panel.frame()?;
        caption(&panel, &format!("{} intervals", level_words(level)))?;
        panel.tick_labels_up()?;
        panel.tick_labels_across()?;
        panel.label_across("Number of particles N")?;
        if column == 0 {
            panel.label_up("coverage  (% of seeds)", LABEL_DISTANCE)?;
        }
        Ok(())
    }

    /// The quantities of one N stand side by side.
    fn draw_cover<B: DrawingBackend>(
        &self,
        panel: &Panel<'_, '_, B>,
        row: &CalibrationRow,
    ) -> Result<(), FigureError> {
        let place = self.particles.iter().position(|&n| n == row.particles);
        let quantity = QUANTITIES
            .iter()
            .position(|(name, ..)| *name == row.quantity);
        let (Some(place), Some(quantity)) = (place, quantity) else {
            return Ok(());
        };
        let middle = 0.5 * (QUANTITIES.len() - 1) as f64;
        let at = place as f64 + 0.19 * (quantity as f64 - middle);
        let point = (at, percent(row.coverage));
        let (_, colour, _) = QUANTITIES[quantity];
        panel.marker(point, Marker::Filled(colour), RADIUS)?;
        if under_covers(row) {
            panel.marker(point, Marker::Open(VIOLATION), 2.0 * RADIUS)?;
        }
        Ok(())
    }

    fn draw_tails<B: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, B>,
        (column, row): (usize, usize),
        level: f64,
    ) -> Result<(), FigureError> {
        let nominal = 0.5 * (1.0 - level);
        let up = Axis::linear(
            self.of(level, "mean")
                .flat_map(|row| {
                    [
                        row.below,
                        row.above,
                        row.tail_limit_low,
                        row.tail_limit_high,
                    ]
                    .map(|count| of_seeds(count, row))
                })
                .chain([nominal])
                .map(percent),
            5,
        );
        let across = Axis::log10(
            self.of(level, "mean")
                .map(|row| row.relative_variance)
                .chain([FEW_REPLICAS]),
        );
        let axes = [across, up].map(|axis| axis.unwrap_or_else(Axis::unmarked));
        let panel = self.panel(canvas, (column, row), axes.into());
        panel.grid()?;
        match self.of(level, "mean").next() {
            Some(row) => {
                let limits = [row.tail_limit_low, row.tail_limit_high];
                let limits = limits.map(|limit| percent(of_seeds(limit, row)));
                panel.belt(limits, INK, LIMITS_OPACITY)?;
                panel.level(percent(nominal), NOMINAL)?;
                panel.upright(FEW_REPLICAS, TRUST_ENDS)?;
            }
            None => panel.remark("no values")?,
        }
        for row in self.of(level, "mean") {
            for (count, colour) in [(row.below, BELOW), (row.above, ABOVE)] {
                let point = (row.relative_variance, percent(of_seeds(count, row)));
                let marker = if row.trusted {
                    Marker::Filled(colour)
                } else {
                    Marker::Open(colour)
                };
                panel.marker(point, marker, RADIUS)?;
            }
        }
        panel.frame()?;
        let end = -normal_quantile(nominal, 1.0 - nominal);
        caption(&panel, &format!("z beyond ±{end:.2}"))?;
        panel.tick_labels_up()?;
        panel.tick_labels_across()?;
        panel.label_across("relative variance of the mean, v/R")?;
        if column == 0 {
            panel.label_up("on each side  (% of seeds)", LABEL_DISTANCE)?;
        }
        Ok(())
    }

    fn legend(&self) -> Legend {
        let any = |found: fn(&CalibrationRow) -> bool| self.rows.iter().any(found);
        let filled = |colour| Sample::Marker(Marker::Filled(colour));
        let quantities = Legend::default().heading("Decay rate of");
        QUANTITIES
            .into_iter()
            .fold(quantities, |legend, (_, colour, name)| {
                legend.item(filled(colour), name)
            })
            .item_if(
                any(|row| row.estimate == "rate" && under_covers(row)),
                Sample::Marked(None, Marker::Open(VIOLATION), 2.0 * RADIUS),
                "covers too seldom",
            )
            .heading("z-scores")
            .item(filled(ABOVE), "above: z > 0")
            .item(filled(BELOW), "below: z < 0")
            .item_if(
                any(|row| row.estimate == "mean" && !row.trusted),
                Sample::Marked(None, Marker::Open(ABOVE), RADIUS),
                "not trusted: carried",
            )
            .note("by few replicas")
            .item(Sample::Line(TRUST_ENDS), "end of trust, 0.01")
            .heading(&self.seeds_words())
            .item(Sample::Line(NOMINAL), "expected share")
            .item(Sample::Area(INK, LIMITS_OPACITY), "99.9 % of sound ones")
            .note("(exact binomial limits)")
    }

    fn seeds_words(&self) -> String {
        let mut seeds: Vec<u64> = self.rows.iter().map(|row| row.seeds).collect();
        seeds.dedup();
        match seeds.as_slice() {
            [seeds] => format!("Over {seeds} seeds"),
            _ => String::from("Over many seeds"),
        }
    }
}

/// Small words above a panel.
fn caption<B: DrawingBackend>(panel: &Panel<'_, '_, B>, words: &str) -> Result<(), FigureError> {
    let point = (panel.place.left, panel.place.top - 8.0);
    let face = Type::plain(LABEL_SIZE);
    panel.canvas.text(words, point, Align::Left, face)
}
