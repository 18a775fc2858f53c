//! Tables: the meaning of each column of each file, and the writing and reading of its rows.
//!
//! A table is described once, beside the type of its rows: [`table!`](crate::table!) makes of one declaration the
//! struct, its documentation, the columns of the file and the reader. Writing, reading, figures, the list of
//! files that a run can write and `docs/tables.md` all come from it.
//!
//! A table is added by a struct in [`table!`](crate::table!) and a line in a list: a table of estimates in that of
//! [`Tables`](rows::Tables), any other in `written_tables` of [`write`](mod@crate::write).

mod cell;
pub mod dictionary;
mod reader;
pub mod rows;
mod set;

use serde::Serialize;

pub use cell::Cell;
pub use reader::{Cells, TableError, read};
pub use set::TableSet;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// The unit of its numbers; `-` where they have none.
    pub unit: &'static str,
    /// The meaning of its cells, in plain sentences.
    pub meaning: &'static str,
    /// The case in which a cell is empty; `None`: never.
    pub empty: Option<&'static str>,
    /// The case in which a number is infinite; `None`: never.
    pub infinite: Option<&'static str>,
    /// The cell that a file of an earlier version is read as having, where it lacks the column or leaves the
    /// cell empty; `None`: such a file is refused.
    pub earlier: Option<&'static str>,
}

/// The description of a file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of the file.
    pub file: &'static str,
    /// The subject of its rows, in plain sentences.
    pub about: &'static str,
    /// The things that there is one row for.
    pub one_row_per: &'static str,
    /// The runs that write it.
    pub written: &'static str,
    /// Its columns, in the order of the header.
    pub columns: &'static [Column],
}

/// A row of a table. [`table!`](crate::table!) declares one.
///
/// A field that is `None` is an empty cell: there is no such value. A standard error of 0 is a claim that there is
/// no error, and only made where that is so.
pub trait Row: Serialize + Sized {
    /// The table that it belongs to.
    const TABLE: Table;

    /// The name of the table's file.
    const FILE: &'static str = Self::TABLE.file;

    /// The row that has these cells. Columns that it does not know are ignored.
    ///
    /// # Errors
    ///
    /// If a column is missing, or a cell is not what its column holds.
    fn of(cells: &Cells) -> Result<Self, TableError>;
}

/// A table with its file's bytes: a header row and a row per record, and nothing for no records.
pub fn written<R: Row>(rows: &[R]) -> (Table, Vec<u8>) {
    let mut writer = csv::Writer::from_writer(vec![]);
    for row in rows {
        writer.serialize(row).expect("rows are flat records");
    }
    let bytes = writer.into_inner();
    (R::TABLE, bytes.expect("a vector can always be written to"))
}

/// Declares a table: the struct of its rows, which is a [`Row`].
///
/// The documentation of the struct says what the table is about, and that of a field what the column means. Each
/// column has a unit. Where cells can be empty, `#[empty("…")]` says when, and the field is an `Option`, or a `String`
/// without letters. Numbers are finite but where `#[infinite("…")]` says when they are not. `#[earlier("…")]` is the
/// cell of a file that was written before there was such a column. Fields that are in no file come last: each has a
/// value for rows that are read, which can be made of the columns.
///
/// ```
/// kac_coupling::table! {
///     /// The heat that a wall takes up.
///     #[file("heat.csv")]
///     #[one_row_per("wall")]
///     #[written("by every run")]
///     pub struct HeatRow {
///         /// Number of the wall.
///         #[unit("-")]
///         pub wall: usize,
///         /// Heat per unit of time.
///         #[unit("velocity²/time")]
///         #[empty("the wall was not reached")]
///         pub heat: Option<f64>,
///         #[not_in_file(wall == 0)]
///         /// Whether this is the first wall.
///         pub is_first: bool,
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $about:literal])+
        #[file($file:literal)]
        #[one_row_per($key:literal)]
        #[written($when:literal)]
        pub struct $row:ident {
            $(
                $(#[doc = $meaning:literal])+
                #[unit($unit:literal)]
                $(#[empty($empty:literal)])?
                $(#[infinite($infinite:literal)])?
                $(#[earlier($earlier:literal)])?
                pub $column:ident: $cell:ty,
            )+
            $(
                #[not_in_file($value:expr)]
                $(#[doc = $beside_meaning:literal])+
                pub $beside:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $about])+
        #[doc = concat!("\n\nA row of `", $file, "`.")]
        #[derive(Debug, Clone, ::serde::Serialize)]
        pub struct $row {
            $(
                $(#[doc = $meaning])+
                #[doc = concat!("\n\nUnit: ", $unit, $(". Empty where ", $empty,)? ".")]
                pub $column: $cell,
            )+
            $(
                $(#[doc = $beside_meaning])+
                #[serde(skip)]
                pub $beside: $type,
            )*
        }

        impl $crate::table::Row for $row {
            const TABLE: $crate::table::Table = $crate::table::Table {
                file: $file,
                about: concat!($($about),+).trim_ascii(),
                one_row_per: $key,
                written: $when,
                columns: &[$(
                    $crate::table::Column {
                        name: stringify!($column),
                        unit: $unit,
                        meaning: concat!($($meaning),+).trim_ascii(),
                        empty: [$(Some($empty),)? None][0],
                        infinite: [$(Some($infinite),)? None][0],
                        earlier: [$(Some($earlier),)? None][0],
                    }
                ),+],
            };

            fn of(cells: &$crate::table::Cells) -> Result<Self, $crate::table::TableError> {
                let mut columns = Self::TABLE.columns.iter();
                $(let $column: $cell = cells.next(&mut columns)?;)+
                $(let $beside: $type = $value;)*
                Ok(Self { $($column,)+ $($beside,)* })
            }
        }
    };
}

/// Declares a list of tables: a struct with the rows of each.
///
/// A table of a run is added with a line in such a list.
#[macro_export]
macro_rules! tables {
    (
        $(#[doc = $about:literal])+
        pub struct $set:ident {
            $(pub $rows:ident: $row:ty,)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Default, Clone)]
        pub struct $set {
            $(
                #[doc = concat!("All rows that are a [`", stringify!($row), "`].")]
                pub $rows: Vec<$row>,
            )+
        }

        impl $set {
            /// Each table with its file's bytes, in the order of the list; nothing for one without rows.
            pub fn written(&self) -> Vec<($crate::table::Table, Vec<u8>)> {
                vec![$($crate::table::written(&self.$rows)),+]
            }

            /// Appends the rows of each table.
            pub fn append(&mut self, other: Self) {
                $(self.$rows.extend(other.$rows);)+
            }
        }
    };
}
