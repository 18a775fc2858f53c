//! The description of each table: its columns are the header that is written, its rows can be read again, and
//! `docs/tables.md` says what they mean.

use kac_coupling::judge::VerdictRow;
use kac_coupling::judge::calibration::CalibrationRow;
use kac_coupling::judge::self_check::SelfCheckRow;
use kac_coupling::table::dictionary::section;
use kac_coupling::table::rows::{
    DensityRow, DiscrepancyRow, ExponentRow, KurtosisRow, MomentRow, RateRow, ScalingRow,
    SteadyRow, WassersteinRow,
};
use kac_coupling::table::{Row, Table, TableError, TableSet, read, written};
use kac_coupling::write::all_tables;
use kac_coupling::{table, tables};
use std::fs;
use std::path::Path;

/// The folders of the committed tables.
const COMMITTED: &str = "output/figures/tables";

const DOCUMENT: &str = "docs/tables.md";

const HEAD: &str = "\
# Tables

Every file of rows that `kac run` can write, with the meaning of each column. A file is CSV with a
header. Numbers have the shortest digits that read back to the same number. A cell is empty where
there is no such value, and a number is finite unless its column says when it is infinite. A table
without rows is not written.

The page is written from the descriptions in the program by `tests/suite/tables.rs`, which fails when the
page is out of date; `KAC_REWRITE=1 cargo test --release --test suite tables` writes it anew.
";

#[test]
fn the_document_says_what_the_program_says() {
    let sections = all_tables()
        .iter()
        .map(|table| format!("\n{}", section(table)))
        .collect::<String>();
    let text = format!("{HEAD}{sections}");
    if std::env::var_os("KAC_REWRITE").is_some() {
        fs::write(DOCUMENT, &text).unwrap();
    }
    assert!(
        fs::read_to_string(DOCUMENT).is_ok_and(|found| found == text),
        "{DOCUMENT} is out of date: run this test with KAC_REWRITE=1"
    );
}

/// The committed files of a table, with their folders.
fn committed(table: &Table) -> Vec<TableSet> {
    let folders = fs::read_dir(COMMITTED).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let sets = folders.map(|folder| TableSet::read(&folder, [table.file]).unwrap());
    sets.filter(|set| set.bytes(table.file).is_some()).collect()
}

/// The header that the description of a table says.
fn header(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    names.join(",")
}

/// Reads each committed file of a table, and writes it again.
fn rewritten<R: Row>() -> Table {
    let sets = committed(&R::TABLE);
    assert!(!sets.is_empty(), "{} is committed nowhere", R::FILE);
    for set in sets {
        let path = set.path(R::FILE);
        let found = set.bytes(R::FILE).unwrap();
        let first = found.split(|&byte| byte == b'\n').next().unwrap();
        assert_eq!(first, header(&R::TABLE).as_bytes(), "{}", path.display());
        let (_, again) = written(&read::<R>(&set).unwrap());
        assert!(again == found, "{} changes", path.display());
    }
    R::TABLE
}

#[test]
fn every_committed_table_is_read_and_written_byte_for_byte() {
    let rewritten = [
        rewritten::<DiscrepancyRow>(),
        rewritten::<WassersteinRow>(),
        rewritten::<RateRow>(),
        rewritten::<MomentRow>(),
        rewritten::<ScalingRow>(),
        rewritten::<ExponentRow>(),
        rewritten::<SteadyRow>(),
        rewritten::<DensityRow>(),
        rewritten::<KurtosisRow>(),
        rewritten::<CalibrationRow>(),
        rewritten::<SelfCheckRow>(),
        rewritten::<VerdictRow>(),
    ];
    assert_eq!(all_tables(), rewritten, "a table is not tested");
}

#[test]
fn every_table_and_every_column_is_described_in_sentences() {
    let is_sentence = |text: &str| text.ends_with('.') && text.len() > 9;
    for table in all_tables() {
        assert!(is_sentence(table.about), "{}", table.file);
        for column in table.columns {
            let name = format!("{}, {}", table.file, column.name);
            assert!(!column.unit.is_empty(), "{name}");
            assert!(is_sentence(column.meaning), "{name}: {}", column.meaning);
            let cells = [column.unit, column.meaning, column.empty.unwrap_or("")];
            assert!(cells.iter().all(|cell| !cell.contains('|')), "{name}");
        }
    }
}

table! {
    /// The heat that the walls take up.
    #[file("heat.csv")]
    #[one_row_per("wall")]
    #[written("by no run")]
    pub struct HeatRow {
        /// Number of the wall.
        #[unit("-")]
        pub wall: usize,
        /// Heat that the wall takes up
        /// per unit of time.
        #[unit("velocity²/time")]
        #[empty("no particle met the wall")]
        pub heat: Option<f64>,
        /// The z-score of `heat`.
        #[unit("-")]
        #[empty("there is no heat")]
        #[infinite("its error is too small to be divided by")]
        pub z: Option<f64>,
        /// The side on which the wall stands.
        #[unit("-")]
        #[earlier("left")]
        pub side: &'static str,
        #[not_in_file(wall == 0)]
        /// Whether this is the first wall.
        pub is_first: bool,
    }
}

tables! {
    /// A list with one table.
    pub struct Walls {
        pub heat: HeatRow,
    }
}

const WALLS: &str = "wall,heat,z,side\n0,0.25,inf,left\n1,,,right\n";

fn walls() -> Walls {
    let row = |wall, heat, side| HeatRow {
        wall,
        heat,
        z: heat.map(|_| f64::INFINITY),
        side,
        is_first: wall == 0,
    };
    let mut walls = Walls {
        heat: vec![row(0, Some(0.25), "left")],
    };
    walls.append(Walls {
        heat: vec![row(1, None, "right")],
    });
    walls
}

fn heat(text: &str) -> Result<Vec<HeatRow>, TableError> {
    let set = TableSet::new(Path::new("walls"), [("heat.csv", text.into())]);
    read(&set)
}

#[test]
fn a_new_table_is_a_struct_and_a_line_in_a_list() {
    let files = walls().written();
    let [(table, bytes)] = &files[..] else {
        panic!("{files:?}")
    };
    assert_eq!((table.file, &bytes[..]), ("heat.csv", WALLS.as_bytes()));
    assert_eq!(Walls::default().written()[0].1, b"");
    let rows = heat(WALLS).unwrap();
    assert_eq!(format!("{rows:?}"), format!("{:?}", walls().heat));
    assert_eq!(
        section(table),
        "## `heat.csv`\n\nThe heat that the walls take up.\n\n\
         One row per wall. It is written by no run.\n\n\
         | column | unit | meaning | empty |\n| --- | --- | --- | --- |\n\
         | `wall` | - | Number of the wall. | never |\n\
         | `heat` | velocity²/time | Heat that the wall takes up per unit of time. | where no particle met the wall |\n\
         | `z` | - | The z-score of `heat`. It is infinite where its error is too small to be divided by. | where there is no heat |\n\
         | `side` | - | The side on which the wall stands. | never |\n"
    );
}

#[test]
fn a_file_of_an_earlier_version_may_lack_only_columns_that_were_added() {
    let rows = heat("wall,heat,z\n2,0.5,1\n").unwrap();
    assert_eq!(rows[0].side, "left");
    let rows = heat("wall,heat,z,side\n2,0.5,1,\n").unwrap();
    assert_eq!(rows[0].side, "left");
    for (text, says) in [
        (
            "wall,z,side\n2,1,left\n",
            "line 1: the column `heat` is missing",
        ),
        (
            "wall,heat,z,side\n,1,1,left\n",
            "line 2, column `wall`: the cell is empty, and not a whole number",
        ),
        (
            "wall,heat,z,side\n-1,1,1,left\n",
            "line 2, column `wall`: `-1` is not a whole number",
        ),
        (
            "wall,heat,z,side\n1,inf,1,left\n",
            "line 2, column `heat`: `inf` is not a finite number",
        ),
        (
            "wall,heat,z,side\n1,1,NaN,left\n",
            "line 2, column `z`: `NaN` is not a number",
        ),
    ] {
        let message = heat(text).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("walls/heat.csv: {says}")),
            "{message}"
        );
    }
}
