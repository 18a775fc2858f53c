//! `kac plan`: what a config will cost and be able to decide.

use super::columns::aligned;
use super::drawing::draw;
use super::{CommandError, Exit, Overrides, print};
use crate::config::load;
use crate::experiment::Expectation;
use crate::text::words::counted;
use crate::verify::plan::gaps::lacks_wasserstein_figure;
use crate::verify::plan::{CheckPlan, Plan, SizePlan, plan};
use crate::write::tables;
use console::Alignment::{Left, Right};
use std::path::Path;
use std::time::Instant;

/// Print the plan of the config at `path`; refuses nothing.
///
/// # Errors
///
/// If the config cannot be used, or standard output not be written.
pub fn run(path: &Path, overrides: Overrides) -> Result<Exit, CommandError> {
    let start = Instant::now();
    let experiment = overrides.apply(load(path)?).experiment;
    let reading = start.elapsed().as_secs_f64();
    overrides.on_threads(|| {
        let plan = plan(&experiment);
        let start = Instant::now();
        // A figure that cannot be drawn of a burst costs next to nothing.
        let _ = draw(path, tables(&plan.bursts), |_| Ok(()));
        // They have a line or a symbol for each N.
        let sizes_per_burst = plan.sizes.len() as f64 / plan.bursts.sizes.max(1) as f64;
        let figures = start.elapsed().as_secs_f64() * sizes_per_burst;
        print(&costs(&plan, reading, figures))?;
        if !experiment.checks.is_empty() {
            print(&format!("\n{}", verdicts(&plan)))?;
            print(&false_alarms(&plan))?;
        }
        let of_sizes = plan.sizes.iter().flat_map(warnings);
        let of_sweep = plan
            .sweep_checks
            .iter()
            .flat_map(|planned| check_warnings("all N", planned));
        let warnings: String = of_sizes.chain(of_sweep).collect();
        print(&warnings)?;
        print(&gaps(&plan.sizes))?;
        if lacks_wasserstein_figure(&experiment) {
            print(
                "note: no figure wasserstein will be drawn: no N has the two batches it shows\n",
            )?;
        }
        Ok(Exit::AsExpected)
    })
}

/// A row for the laws, for each N and for the figures, and the sums.
fn costs(plan: &Plan, reading: f64, figures: f64) -> String {
    /// Bytes of a figure while it is drawn, and of its fonts.
    const FIGURE: usize = 15 << 20;
    let Plan {
        sizes,
        laws_seconds,
        bytes,
        ..
    } = plan;
    let megabytes = |bytes: usize| format!("{:.0}", bytes as f64 / 1e6);
    let row = |name: &str, seconds: f64, bytes: usize| {
        let empty = String::new;
        let seconds = format!("{seconds:.2}");
        [
            name.to_string(),
            empty(),
            empty(),
            seconds,
            megabytes(bytes),
        ]
    };
    let mut rows = vec![["N", "replicas", "collisions", "seconds", "MB"].map(String::from)];
    rows.push(row("laws", reading + laws_seconds, *bytes));
    rows.extend(sizes.iter().map(|size| {
        [
            size.particles.to_string(),
            size.replicas.to_string(),
            format!("{:.3e}", size.collisions),
            format!("{:.2}", size.seconds),
            megabytes(bytes + size.bytes),
        ]
    }));
    rows.push(row("figures", figures, bytes + FIGURE));
    let sum = |of: fn(&SizePlan) -> f64| sizes.iter().map(of).sum::<f64>();
    let most = sizes.iter().map(|size| size.bytes).max().unwrap_or(0);
    let mut all = row(
        "all",
        reading + laws_seconds + sum(|size| size.seconds) + figures,
        bytes + most.max(FIGURE),
    );
    all[2] = format!("{:.3e}", sum(|size| size.collisions));
    rows.push(all);
    aligned(&rows, [Right; 5])
}

/// The probability that a right program is reported as wrong, and the reason for it where an
/// expectation is wrong itself.
fn false_alarms(plan: &Plan) -> String {
    let of_sizes: f64 = plan.sizes.iter().map(|size| size.false_alarm).sum();
    let sum = of_sizes + plan.sweep_false_alarm;
    let mut said = format!(
        "\nA right program is reported as wrong with a probability of at most {:.1e}.\n",
        sum.min(1.0)
    );
    let checks = plan.sizes.iter().flat_map(|size| &size.checks);
    let checks = checks.chain(&plan.sweep_checks);
    let contradicted = checks.filter(|planned| planned.is_contradicted).count();
    if contradicted > 0 {
        let checks = counted(contradicted, "check expects", "checks expect");
        said += &format!(
            "The exact values contradict what {checks}: even a right program will be reported as \
             wrong, given enough replicas.\n"
        );
    }
    said
}

/// The gaps of tables: a line for each reason, with the N that it is about.
fn gaps(sizes: &[SizePlan]) -> String {
    let mut reasons: Vec<(&str, Vec<usize>)> = vec![];
    for size in sizes {
        for gap in &size.gaps {
            match reasons.iter_mut().find(|(reason, _)| reason == gap) {
                Some((_, particles)) => particles.push(size.particles),
                None => reasons.push((gap, vec![size.particles])),
            }
        }
    }
    let line = |(reason, particles): (&str, Vec<usize>)| {
        let place = match particles.len() == sizes.len() {
            true => String::new(),
            false => format!("N = {}: ", some(&particles)),
        };
        format!("note: {place}{reason}\n")
    };
    reasons.into_iter().map(line).collect()
}

/// The first of some numbers, and how many more there are.
fn some(numbers: &[usize]) -> String {
    const SHOWN: usize = 6;
    let shown = &numbers[..numbers.len().min(SHOWN)];
    let words: Vec<String> = shown.iter().map(usize::to_string).collect();
    let more = match numbers.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    words.join(", ") + &more
}

fn percent(probability: f64) -> String {
    match 100.0 * probability {
        0.0 => "0".to_string(),
        percent if percent < 0.01 => "<0.01".to_string(),
        percent if probability < 1.0 && percent > 99.99 => ">99.99".to_string(),
        percent => format!("{percent:.2}"),
    }
}

/// A row per check and N, and one per check on the whole sweep.
fn verdicts(plan: &Plan) -> String {
    let header = [
        "N",
        "claim",
        "expect",
        "half-width",
        "HOLDS %",
        "REFUTED %",
        "INCONCLUSIVE %",
        "replicas for 0.9",
        "for 0.999",
    ];
    let mut rows = vec![header.map(String::from)];
    for size in &plan.sizes {
        let place = size.particles.to_string();
        rows.extend(size.checks.iter().map(|planned| row(&place, planned)));
    }
    rows.extend(plan.sweep_checks.iter().map(|planned| row("all", planned)));
    let sides = [Right, Left, Left, Right, Right, Right, Right, Right, Right];
    aligned(&rows, sides)
}

fn row(place: &str, planned: &CheckPlan) -> [String; 9] {
    let CheckPlan {
        check, forecast, ..
    } = planned;
    let undecided = (1.0 - forecast.holds - forecast.refuted - forecast.void).max(0.0);
    let verdicts = [forecast.holds, forecast.refuted, undecided];
    let is_foreseen = planned.unforeseen.is_none() || undecided < 0.005;
    let [holds, refuted, inconclusive] = verdicts.map(|probability| match is_foreseen {
        _ if forecast.not_applicable => "-".to_string(),
        true => percent(probability),
        false => String::new(),
    });
    let needed = planned.needed.map(|needed| match needed {
        _ if forecast.not_applicable => "-".to_string(),
        Some(replicas) => replicas.to_string(),
        None if planned.unforeseen.is_some() => String::new(),
        None => "never".to_string(),
    });
    let half_width = forecast.half_width;
    let [likely, certain] = needed;
    [
        place.to_string(),
        check.claim.clone(),
        check.expect.name().to_string(),
        half_width.map_or_else(String::new, |width| format!("{width:.4e}")),
        holds,
        refuted,
        inconclusive,
        likely,
        certain,
    ]
}

/// The warnings that a researcher should read before a run at one N.
fn warnings(size: &SizePlan) -> Vec<String> {
    let n = size.particles;
    let mut warnings = vec![];
    if let Some((time, carried)) = size.heavy_from {
        warnings.push(format!(
            "warning: N = {n}: from t = {time} on few replicas carry the mean of the discrepancy \
             (relative variance over replicas {carried:.2} at the end); more replicas or an \
             earlier end would help\n"
        ));
    }
    if size.infinite_variance {
        warnings.push(format!(
            "warning: N = {n}: the variance of the discrepancy is infinite: a law has no fourth \
             moment; its mean gets no error bar, and no rate\n"
        ));
    }
    let place = format!("N = {n}");
    let of_checks = size.checks.iter();
    warnings.extend(of_checks.flat_map(|planned| check_warnings(&place, planned)));
    warnings
}

/// The warnings that a researcher should read on a check, at one N or on the whole sweep.
fn check_warnings(place: &str, planned: &CheckPlan) -> Vec<String> {
    let mut warnings = vec![];
    let CheckPlan {
        check, forecast, ..
    } = planned;
    if !forecast.not_applicable {
        if planned.blind_to_clock {
            warnings.push(format!(
                "warning: {place}: {} cannot tell the clocks apart here: to within the tolerance \
                 both say the same; choose other lambda and mu, or a smaller tolerance\n",
                check.claim
            ));
        }
        if planned.is_contradicted {
            let opposite = match check.expect {
                Expectation::Holds => "refuted",
                Expectation::Refuted => "holds",
            };
            warnings.push(format!(
                "warning: {place}: {} is expected \"{}\", which the exact values contradict: with \
                 enough replicas it will come out as \"{opposite}\" on this clock\n",
                check.claim,
                check.expect.name(),
            ));
        } else if forecast.as_expected(check.expect) < 0.9 {
            let kind = match planned.unforeseen {
                Some(_) => "note",
                None => "warning",
            };
            let why = why_undecided(planned);
            warnings.push(format!("{kind}: {place}: {} {why}\n", check.claim));
        }
    }
    warnings
}

/// The reason why a check is not known to come out as expected, in words.
fn why_undecided(planned: &CheckPlan) -> String {
    let needed = match (planned.needed[0], &planned.obstacle) {
        (Some(replicas), _) => format!("{replicas} replicas would do"),
        (None, Some(why)) => format!("no number of replicas would do: {why}"),
        (None, None) => "no number of replicas would do".to_string(),
    };
    match planned.unforeseen {
        Some(what) => format!("is not forecast: {what}; without that, {needed}"),
        None => format!("comes out as expected with a probability below 0.9; {needed}"),
    }
}
