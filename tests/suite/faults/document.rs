//! `docs/faults.md`, written from the table.

use crate::faults::table::{Cell, Kind, PARTICLES, Row};

const INTRODUCTION: &str = "\
# Planted faults

A check that cannot fail is a defect. Here wrong programs go through the same
measurement, estimates, self-checks and verdicts as the real one. The page is
written by the test that runs them (`tests/suite/faults/`), which fails when the page is
out of date; `KAC_REWRITE=1 cargo test --release --test suite faults` writes it anew.

All are on the clock of Eq. (1) with λ = 1, μ = 2 and seed 77, recorded at 0, 0.05,
…, 2; the bath is ¼N(1.5, 1) + ¾N(−0.5, 0.5²), and N(3, 0.5²) is paired optimally
with U(3, 5). On these data Lemmas 1 and 2 hold and the others are refuted, within
τ = 0.1; what is VOID does not depend on τ. A claim here is judged as if all
self-checks had passed, to show what it sees by itself; in a run, one failed
self-check makes every verdict VOID.

";

const CHECKS: &str = "
## Check by check

|z| of the claims and self-checks, but for four self-checks a relative deviation; bold
where the fault is caught. The last two columns are the tests of the marks' laws in
`tests/suite/marks.rs`, for faults in the collisions that are drawn: √n times the
Kolmogorov–Smirnov distance of the angles, at most 2.2, and the largest |z| of how
often each particle met each other one and the bath, at most 4.

";

const NOTES: &str = "
|z| grows with √replicas, so |z|/√replicas is the strength of a fault. Not so for
replicas that are not independent: what is counted 64 times has z-scores 8 times as
large as they should be, whatever their number. Counted twice it would pass all tests of
averages; but the velocities of two replicas are hardly ever equal to the last bit, so
`repeated-replicas` counts those that are.

## What averages do not show

* *Angle on [0, π)* leaves every moment that is judged as it is. Pairs are drawn in
  random order, which reflects θ, so their collisions keep their law. In a bath
  collision ⟨cos^pθ sin^qθ⟩ changes for even p and odd q only: with q = 1 it comes
  with E w = 0, with q = 3 it enters, up to degree 4, E V₁³ and E V₁³V₂, which are not
  measured and feed nothing that is. (With a symmetric bath no statistic of V shows
  it: that program is right.)
* *Angle on a 16-point lattice* leaves them too. ⟨cos^pθ sin^qθ⟩ is right for
  p + q < 16, and means and variances that are judged are of degree 4 at most.
* *Pairs prefer particle 0* shows in the second order only: all that is judged are
  averages over particles, and rates that differ between particles change those by
  their variance.

So every run also watches a small gas collision by collision (`collisions`): there it
is seen who collides, and the angle up to the sign that does not matter; and that both
copies collide at once and at the same angle (`same-angles`). Angles and bath velocities
are also read off to the last bit, in a path that writes them into the slots of its
particles (`marks`): some tens of thousands, none of which is drawn twice. So lattices of
less than about 10⁸ points are seen, and arcs of a thousandth of the circle that stay
empty. Who collides is also counted in the gas of the run itself (`collision-counts`).
What is *inf* happened and cannot: an angle of exactly 0 moves nobody.

## What cannot be planted here

These are faults in the middle of the program. They were made in it by hand, seen to be
caught, and taken back.

| fault | experiment | self-check | what it saw |
| --- | --- | --- | --- |
| one rematching in a hundred is no permutation | `couplings-rank`, `couplings-output` | `rematching` | a change of 1e-3 to 1 |
| the second aligned copy skips one collision in 200 | `couplings-aligned` | `collisions`, `same-angles` | 9.5 standard errors, a difference of 1.7 |
| bath velocities in a cycle of 160, 1000 or 10 000 | `theorem6` | `marks` | 38 standard errors |
| W₂² from velocities sorted by 12 binary digits | `theorem6` | `sorted-pairs` | a difference of 8e-9 |
| error bars of the bracket's estimates × 0.3 | `bracket-a` | `bracket-start` | 9 to 11 standard deviations of a sample variance |

Velocities that are sorted by 22 binary digits change W₂² by less than rounding does.

## What tests see

Faults in estimates and verdicts leave the simulation as it is. These were made by hand
too; each fails the test that is named, some fail others as well. `recomputed.rs`
calculates bounds, intervals and verdicts a second time from the config, on both sides of
the edge at which a verdict changes.

| fault | test |
| --- | --- |
| error bars of brackets × 0.3, of both sides or of one | `bracket.rs::each_limit_lies_its_own_error_times_the_quantile_from_its_estimate` |
| potentials or control variates fitted to the replicas that they are evaluated on | `bracket::dual::tests::no_replica_is_evaluated_with_what_its_fold_was_fitted_to` |
| the normal quantile for Student's | `bracket.rs::each_limit_lies_its_own_error_times_the_quantile_from_its_estimate`, `recomputed.rs::verdicts_of_batches_change_where_limits_by_student_s_law_do` |
| levels not shared by times, sides or ways to HOLDS | `recomputed.rs::verdicts_of_brackets_change_where_limits_of_the_shared_level_do`, `…batches…`, `lemma_12_…` |
| the level of VOID not shared by times, sides, quantities or comparisons, or by the normal quantile | `recomputed.rs`: its tests of each way to VOID, and `self_checks_share_their_level_among_all_comparisons` |
| intervals of 90 % for exponents or for the excess of the joint laws | `recomputed.rs::exponents_have_intervals_of_the_confidence_that_they_print`, `limits_of_the_excess_are_those_of_the_confidence` |
| forecasts with the bound at 0.95 μ | `recomputed.rs::a_refutation_by_brackets_is_foreseen_where_the_printed_rate_exceeds_the_exact_one`, `a_holds_by_batches_is_foreseen_from_their_spread` |
| intervals of 90 % called 99.9 % | `recomputed.rs::limits_of_brackets_widen_with_the_confidence`, `verdicts_on_decay_rates_change_where_intervals_meet_the_tolerance` |
| a one-sided level for a two-sided one, and the reverse | `recomputed.rs::verdicts_of_brackets_change_where_limits_of_the_shared_level_do`, `bounds_and_intervals_of_tables_are_those_of_the_config` |
| the printed bound at 0.95 μ | `recomputed.rs::verdicts_of_brackets_change_where_limits_of_the_shared_level_do`, `refutations_by_gelbrich_s_bound_change_where_its_interval_does`, `bounds_and_intervals_of_tables_are_those_of_the_config` |
| τ doubled | `recomputed.rs::verdicts_on_decay_rates_change_where_intervals_meet_the_tolerance`, and its test of each way to a verdict |
| W₂²(0) × 1.01 | `recomputed.rs::bounds_and_intervals_of_tables_are_those_of_the_config` |
| W₂ of samples that are sorted but for nearby ranks | `wasserstein.rs::large_samples_are_sorted_to_the_last_rank` |
| no guard, no price, or the guard under the config's own pairing | `adversaries`, `unseen.rs` |
";

/// The whole page.
pub fn page(honest: &Row, faults: &[Row]) -> String {
    let overview = overview(honest, faults);
    let matrix = matrix(honest, faults);
    let summary = summary(faults);
    [INTRODUCTION, &overview, CHECKS, &matrix, &summary, NOTES].concat()
}

/// A row of a table.
fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cell = |cell: S| format!("| {} ", cell.as_ref());
    cells.into_iter().map(cell).collect::<String>() + "|\n"
}

/// The claims or self-checks that catch a fault.
fn catchers(row: &Row, kind: Kind) -> String {
    let caught = row
        .cells
        .iter()
        .filter(|cell| cell.kind == kind && cell.is_caught());
    let name = |cell: &Cell| match kind {
        Kind::Claim => format!("{} {}", cell.check, cell.says),
        _ => cell.check.clone(),
    };
    caught.map(name).collect::<Vec<_>>().join(", ")
}

fn overview(honest: &Row, faults: &[Row]) -> String {
    let head = [
        "fault",
        "what is wrong",
        "N",
        "replicas",
        "claims against expectation",
        "self-checks failed",
        "strongest |z|",
        "|z|/√replicas",
    ];
    let row = |row: &Row| {
        line([
            row.fault.name.to_string(),
            row.fault.wrong.to_string(),
            PARTICLES.to_string(),
            row.fault.replicas.to_string(),
            catchers(row, Kind::Claim),
            catchers(row, Kind::SelfCheck),
            format!("{:.1}", row.strongest()),
            format!("{:.4}", row.strength()),
        ])
    };
    let rows = std::iter::once(honest).chain(faults).map(row);
    line(head) + &line(head.map(|_| "---")) + &rows.collect::<String>()
}

/// The deviation that a check saw, bold if it caught the fault by it.
fn shown(cell: &Cell) -> String {
    let number = match cell.deviation {
        None if cell.is_caught() => cell.says.to_string(),
        None => String::new(),
        Some(deviation) if cell.is_relative() => format!("{deviation:.0e}"),
        Some(deviation) => format!("{deviation:.1}"),
    };
    if cell.is_caught() {
        format!("**{number}**")
    } else {
        number
    }
}

/// The number of faults that the check of a column catches.
fn catches(faults: &[Row], column: usize) -> usize {
    faults
        .iter()
        .filter(|row| row.cells[column].is_caught())
        .count()
}

fn matrix(honest: &Row, faults: &[Row]) -> String {
    let checks = honest.cells.iter().map(|cell| cell.check.as_str());
    let head: Vec<&str> = std::iter::once("fault").chain(checks).collect();
    let row = |row: &Row| {
        let cells = row.cells.iter().map(shown);
        line(std::iter::once(row.fault.name.to_string()).chain(cells))
    };
    let rows: String = std::iter::once(honest).chain(faults).map(row).collect();
    let totals = (0..honest.cells.len()).map(|column| catches(faults, column).to_string());
    let totals = line(std::iter::once("faults caught".to_string()).chain(totals));
    line(&head) + &line(head.iter().map(|_| "---")) + &rows + &totals
}

/// The check that catches most, and the fault that is hardest to catch by one
/// that counts replicas.
fn summary(faults: &[Row]) -> String {
    let columns = 0..faults[0].cells.len();
    let most = columns
        .rev()
        .max_by_key(|&column| catches(faults, column))
        .unwrap();
    let seen = |row: &&Row| {
        let judged = |cell: &Cell| cell.kind != Kind::Marks && cell.is_caught();
        row.cells.iter().any(judged)
    };
    let hardest = faults.iter().filter(seen);
    let hardest = hardest
        .min_by(|a, b| a.strength().total_cmp(&b.strength()))
        .unwrap();
    format!(
        "\n`{}` catches most: {} of {} faults. The hardest that claims or self-checks catch is\n\
         *{}*, with |z|/√replicas = {:.4}.\n",
        faults[0].cells[most].check,
        catches(faults, most),
        faults.len(),
        hardest.fault.name,
        hardest.strength(),
    )
}
