//! A horizontal strip of a page, so that a page need not be in memory as a whole.
//!
//! A strip takes what is drawn on the whole page and keeps the rows that it holds, with the bytes
//! that they have in a picture of the whole page: shapes are taken apart into rows, columns and
//! pixels in the coordinates of the page, and only these are shifted. Shapes that lie beside the
//! strip are not taken apart, so that many strips take little longer than one page.

use std::ops::Range;

use plotters::prelude::{BitMapBackend, DrawingBackend};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingErrorKind, rasterizer};

type Result<T> =
    std::result::Result<T, DrawingErrorKind<<Strip<'static> as DrawingBackend>::ErrorType>>;

/// Some rows of a page.
pub(super) struct Strip<'a> {
    page: (u32, u32),
    rows: Range<i32>,
    pixels: BitMapBackend<'a>,
}

impl<'a> Strip<'a> {
    /// The rows of a page of this size that an RGB buffer of their size is to hold.
    pub(super) fn new(buffer: &'a mut [u8], page: (u32, u32), rows: Range<i32>) -> Self {
        let (width, _) = page;
        let pixels = BitMapBackend::with_buffer(buffer, (width, rows.len() as u32));
        Self { page, rows, pixels }
    }

    fn shifted(&self, (x, y): BackendCoord) -> BackendCoord {
        (x, y - self.rows.start)
    }

    /// Whether something that reaches from the row `top` to the row `bottom` may be seen.
    fn sees(&self, top: i32, bottom: i32) -> bool {
        top < self.rows.end && bottom >= self.rows.start
    }
}

impl DrawingBackend for Strip<'_> {
    type ErrorType = <BitMapBackend<'static> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.page
    }

    fn ensure_prepared(&mut self) -> Result<()> {
        self.pixels.ensure_prepared()
    }

    fn present(&mut self) -> Result<()> {
        self.pixels.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Result<()> {
        self.pixels.draw_pixel(self.shifted(point), colour)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<()> {
        // The bitmap draws rows and columns its own way, which does not depend on where they are.
        if (from.0 == to.0 || from.1 == to.1) && style.stroke_width() == 1 {
            let (from, to) = (self.shifted(from), self.shifted(to));
            self.pixels.draw_line(from, to, style)
        } else {
            rasterizer::draw_line(self, from, to, style)
        }
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Result<()> {
        // Half of the stroke is outside, and its edge is smoothed over one pixel more.
        let reach = (radius + style.stroke_width() + 1) as i32;
        if !self.sees(centre.1 - reach, centre.1 + reach) {
            return Ok(());
        }
        rasterizer::draw_circle(self, centre, radius, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Result<()> {
        let corners: Vec<BackendCoord> = corners.into_iter().collect();
        let rows = || corners.iter().map(|&(_, y)| y);
        match (rows().min(), rows().max()) {
            (Some(top), Some(bottom)) if self.sees(top, bottom) => {
                rasterizer::fill_polygon(self, &corners, style)
            }
            _ => Ok(()),
        }
    }
}
