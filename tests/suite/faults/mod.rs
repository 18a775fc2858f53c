//! Wrong programs must not pass, and the right one must: faults × checks.

mod catalogue;
mod document;
mod plant;
mod table;

use self::catalogue::{FAULTS, NOTHING};
use self::plant::{Plant, SAME, measure};
use self::table::{Cell, Kind, Row, experiment};
use kac_coupling::judge::Outcome;
use kac_coupling::measure::records::COLUMNS;
use kac_coupling::measure::{Engine, Measured};
use kac_coupling::model::Clock;
use kac_coupling::verify::{Sampling, verify};
use std::convert::Infallible;
use std::path::Path;

#[test]
fn every_fault_is_caught_and_the_document_says_by_what() {
    let honest = Row::of(&NOTHING);
    for cell in &honest.cells {
        // So no fault below is missed for want of data.
        assert_eq!(cell.outcome, Outcome::AsExpected, "{}", cell.check);
    }
    let faults: Vec<Row> = FAULTS.iter().map(Row::of).collect();
    for row in &faults {
        assert!(row.is_caught(), "nothing catches {}", row.fault.name);
        let in_every_run = |cell: &Cell| cell.kind != Kind::Marks && cell.is_caught();
        let name = row.fault.name;
        assert!(
            row.cells.iter().any(in_every_run),
            "only tests catch {name}"
        );
    }
    let page = document::page(&honest, &faults);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("KAC_REWRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/faults.md is out of date: run this test with KAC_REWRITE=1"
    );
}

#[test]
fn the_honest_program_is_clean_for_200_seeds() {
    // A true verdict is VOID with probability 2e-7, and the self-checks of one N
    // fail with as much; HOLDS and REFUTED cannot be mistaken for each other
    // without being VOID. 200 seeds × 2 clocks × 3 N × 7 chances × 2e-7 = 0.002.
    for clock in Clock::ALL {
        let mut experiment = experiment(clock, &[(2, 6000), (8, 3000), (64, 500)]);
        experiment.points = 13;
        let mut decided = 0;
        for seed in 0..200 {
            experiment.seed = seed;
            let finished = |_: &_| Ok::<(), Infallible>(());
            let Ok(results) = verify(
                &experiment,
                Engine::Block,
                Sampling::Full,
                &|_| (),
                finished,
            );
            for row in &results.self_checks {
                assert!(row.passed, "seed {seed}: {row}");
            }
            for row in &results.verdicts {
                assert!(row.outcome != Outcome::Against, "seed {seed}: {row:?}");
            }
            let rows = results.verdicts.iter();
            decided += rows
                .filter(|row| row.outcome == Outcome::AsExpected)
                .count();
        }
        // Most of the verdicts decide something.
        assert!(decided > 200 * 18 / 2, "{clock:?}: {decided}");
    }
}

/// Bits of all means and of their standard errors.
fn bits(measured: &Measured) -> Vec<(u64, Option<u64>)> {
    let records = 0..experiment(Clock::Theorem6, &[]).points;
    let cells = records.flat_map(|record| (0..COLUMNS).map(move |column| (record, column)));
    cells
        .map(|(record, column)| measured.mean(record, column))
        .map(|(mean, error)| (mean.to_bits(), error.map(f64::to_bits)))
        .collect()
}

#[test]
fn planting_nothing_changes_no_bit() {
    let experiment = experiment(Clock::MasterEquation, &[(8, 1000)]);
    let expected = bits(&measure(&experiment, &NOTHING.plant));
    for nothing in [
        Plant::Coupling(SAME),
        Plant::Events(|_| ()),
        Plant::Renamed(|replica| replica),
    ] {
        assert!(bits(&measure(&experiment, &nothing)) == expected);
    }
}
