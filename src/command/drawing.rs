//! The figures of runs, and their files.

use super::CommandError;
use crate::figure::{FIGURES, Figure, FigureError, Rendered};
use crate::table::TableSet;
use crate::write::File;
use std::path::Path;

/// The figures that one run can draw.
pub(super) fn figures() -> impl Iterator<Item = &'static Figure> {
    FIGURES.iter().filter(|figure| figure.shows_one_run())
}

/// Draw the figures that a run has data for, one at a time, and give their files to
/// `keep`. One that cannot be drawn does not keep the others from being drawn; the first error is
/// given. `folder` is the one that messages and headings name.
pub(super) fn draw(
    folder: &Path,
    tables: Vec<File>,
    mut keep: impl FnMut(File) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let tables = table_set(folder, tables);
    let draw_one = |figure: &Figure| -> Result<(), CommandError> {
        if !figure.is_for(&tables)? {
            return Ok(());
        }
        let rendered = match figure.render(&[&tables]) {
            // Two equal copies, for example, show nothing on a logarithmic axis.
            Err(FigureError::NoData { .. }) => return Ok(()),
            rendered => rendered?,
        };
        rendered_files(figure, rendered)
            .into_iter()
            .try_for_each(&mut keep)
    };
    let drawn: Vec<Result<(), CommandError>> = figures().map(draw_one).collect();
    drawn.into_iter().collect()
}

/// The tables that a run has written, for its figures.
pub(super) fn table_set(folder: &Path, tables: Vec<File>) -> TableSet {
    let named = tables.into_iter().map(|file| (file.name, file.bytes));
    TableSet::new(folder, named)
}

/// The names of a figure's files.
pub(super) fn figure_files(figure: &Figure) -> [String; 2] {
    ["png", "svg"].map(|extension| format!("{}.{extension}", figure.name))
}

/// The files of a figure.
pub(super) fn rendered_files(figure: &Figure, rendered: Rendered) -> [File; 2] {
    let [png, svg] = figure_files(figure);
    let file = |name, bytes| File { name, bytes };
    [
        file(png, rendered.png),
        file(svg, rendered.svg.into_bytes()),
    ]
}
