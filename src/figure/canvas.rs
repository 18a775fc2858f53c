//! The surface that every figure is drawn on: a page measured in pixels of the final picture.
//!
//! plotters rounds every coordinate to a whole pixel, which makes lines and text rough. A page is
//! therefore drawn [`OVERSAMPLING`] times as large: the bitmap is averaged down box by box, and
//! the SVG keeps the fine grid behind a `viewBox`. One drawing function serves both, because
//! [`Drawing::draw`] is generic over the plotters backend. The bitmap is drawn again for each
//! [`Strip`] of the page: a large page as a whole takes more than 70 MB.
//!
//! The bytes depend on the drawing only: the fonts are compiled in, and the PNG filter and
//! compression are fixed here and not left to the encoder's defaults.

use std::fmt::Display;
use std::ops::Range;
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon};
use plotters::prelude::{
    DrawingArea, DrawingBackend, IntoDrawingArea, IntoFont, RGBAColor, RGBColor, SVGBackend,
    ShapeStyle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, TextStyle, WHITE, register_font};

use super::lettering::left_side_bearing;
use super::strip::Strip;
use super::{FigureError, Rendered};

/// Device pixels per pixel of the picture, along each axis.
pub(super) const OVERSAMPLING: u32 = 4;

/// Rows of the picture in a strip.
const STRIP_HEIGHT: u32 = 64;

const FONT_FAMILY: &str = "DejaVu Sans";

/// The font families that an SVG names: DejaVu Sans, and for a viewer without it others, those of
/// the nearest widths first.
const SVG_FONT_FAMILIES: &str = "DejaVu Sans, Verdana, Helvetica, sans-serif";

/// Where plotters' bitmap text puts the base line, above the anchor of bottom-aligned text, in
/// units of the font size. (Its layout box ends at 1/1.24 of the size, its base line lies at 1/2.)
const BASE_LINE_ABOVE_ANCHOR: f64 = 1.0 / 1.24 - 0.5;

/// The offset that plotters' SVG backend writes for bottom-aligned text.
const SVG_BOTTOM_OFFSET: &str = "dy=\"-0.5ex\"";

/// Ink for text, axes and exact curves.
pub(super) const INK: RGBColor = RGBColor(38, 38, 38);
/// Secondary text and untrusted points.
pub(super) const GREY: RGBColor = RGBColor(140, 140, 140);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(230, 230, 230);
/// The paper's bound (vermilion of the Okabe–Ito palette, which colour-blind readers can tell apart).
pub(super) const BOUND: RGBColor = RGBColor(213, 94, 0);
/// Where a bound is violated.
pub(super) const VIOLATION: RGBColor = RGBColor(196, 18, 48);
/// A lower bound (bluish green of the Okabe–Ito palette).
pub(super) const LOWER: RGBColor = RGBColor(0, 135, 100);
/// A measured quantity (blue of the Okabe–Ito palette).
pub(super) const MEASURED: RGBColor = RGBColor(0, 114, 178);
/// An upper bound (reddish purple of the Okabe–Ito palette).
pub(super) const UPPER: RGBColor = RGBColor(170, 75, 130);

/// Text sizes, in pixels between ascent and descent.
pub(super) const TITLE_SIZE: f64 = 20.0;
/// Panel titles.
pub(super) const SUBTITLE_SIZE: f64 = 16.5;
/// Axis labels.
pub(super) const LABEL_SIZE: f64 = 15.5;
/// Tick labels and legends.
pub(super) const TICK_SIZE: f64 = 14.0;

/// A point of the page: pixels from the left, pixels from the top.
pub(super) type Point = (f64, f64);

/// A picture that can be drawn on any backend.
pub(super) trait Drawing {
    /// Width and height of the page in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws everything. The page is white to begin with.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError>;
}

/// Renders a drawing as PNG and as SVG.
pub(super) fn render(drawing: &impl Drawing) -> Result<Rendered, FigureError> {
    register_fonts()?;
    Ok(Rendered {
        png: render_png(drawing)?,
        svg: render_svg(drawing)?,
    })
}

fn register_fonts() -> Result<(), FigureError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(|| {
        register_font(FONT_FAMILY, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FONT_FAMILY, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    if registered {
        Ok(())
    } else {
        Err(FigureError::Drawing("the font is not readable".to_owned()))
    }
}

fn device_size(drawing: &impl Drawing) -> (u32, u32) {
    let (width, height) = drawing.size();
    (width * OVERSAMPLING, height * OVERSAMPLING)
}

fn draw_on<B: DrawingBackend>(
    backend: B,
    lettering: Lettering,
    drawing: &impl Drawing,
) -> Result<(), FigureError> {
    let area = backend.into_drawing_area();
    area.fill(&WHITE).map_err(drawing_error)?;
    drawing.draw(&Canvas {
        area: &area,
        lettering,
    })?;
    area.present().map_err(drawing_error)
}

fn render_png(drawing: &impl Drawing) -> Result<Vec<u8>, FigureError> {
    let (width, height) = drawing.size();
    encode_png(&pixels_by_strips(drawing)?, width, height)
}

/// The RGB pixels of the picture.
fn pixels_by_strips(drawing: &impl Drawing) -> Result<Vec<u8>, FigureError> {
    let (width, height) = drawing.size();
    let page = device_size(drawing);
    let row_length = page.0 as usize * 3;
    let mut fine = vec![0; row_length * (STRIP_HEIGHT * OVERSAMPLING) as usize];
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for top in (0..height).step_by(STRIP_HEIGHT as usize) {
        let bottom = (top + STRIP_HEIGHT).min(height);
        let rows = (top * OVERSAMPLING) as i32..(bottom * OVERSAMPLING) as i32;
        let fine = &mut fine[..row_length * rows.len()];
        draw_on(
            Strip::new(fine, page, rows.clone()),
            Lettering::ByLetter { rows },
            drawing,
        )?;
        pixels.extend(average_boxes(fine, width as usize));
    }
    Ok(pixels)
}

/// Averages `OVERSAMPLING` × `OVERSAMPLING` boxes of an RGB buffer; `width` is that of the result.
fn average_boxes(fine: &[u8], width: usize) -> Vec<u8> {
    let factor = OVERSAMPLING as usize;
    let samples = u32::from(OVERSAMPLING as u16).pow(2);
    let fine_row_length = width * factor * 3;
    let mut coarse = Vec::with_capacity(fine.len() / (factor * factor));
    let mut sums = vec![0_u32; width * 3];
    for rows in fine.chunks_exact(fine_row_length * factor) {
        sums.fill(0);
        for row in rows.chunks_exact(fine_row_length) {
            for (column, pixel) in row.chunks_exact(3).enumerate() {
                let sum = &mut sums[column / factor * 3..][..3];
                for (total, &channel) in sum.iter_mut().zip(pixel) {
                    *total += u32::from(channel);
                }
            }
        }
        // The rounded mean of bytes is a byte.
        coarse.extend(sums.iter().map(|sum| ((sum + samples / 2) / samples) as u8));
    }
    coarse
}

fn encode_png(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, FigureError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

fn render_svg(drawing: &impl Drawing) -> Result<String, FigureError> {
    let (device_width, device_height) = device_size(drawing);
    let mut fine = String::new();
    draw_on(
        SVGBackend::with_string(&mut fine, (device_width, device_height)),
        Lettering::ByText,
        drawing,
    )?;
    let (width, height) = drawing.size();
    // Only the first match is the page itself; the viewBox keeps the fine coordinates.
    let page = fine.replacen(
        &format!("width=\"{device_width}\" height=\"{device_height}\""),
        &format!("width=\"{width}\" height=\"{height}\""),
        1,
    );
    // The two backends disagree on where bottom-aligned text stands: the bitmap decides.
    let base_line = format!("dy=\"{:.4}em\"", -1.24 * BASE_LINE_ABOVE_ANCHOR);
    Ok(page.replace(SVG_BOTTOM_OFFSET, &base_line).replace(
        &format!("font-family=\"{FONT_FAMILY}\""),
        &format!("font-family=\"{SVG_FONT_FAMILIES}\""),
    ))
}

fn drawing_error(error: impl Display) -> FigureError {
    FigureError::Drawing(error.to_string())
}

/// Colour, width and dashes of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) colour: RGBColor,
    pub(super) width: f64,
    /// Lengths of dash and gap in pixels; `None` is a solid line.
    pub(super) dash: Option<(f64, f64)>,
}

impl Stroke {
    pub(super) const fn solid(colour: RGBColor, width: f64) -> Self {
        Self {
            colour,
            width,
            dash: None,
        }
    }

    pub(super) const fn dashed(colour: RGBColor, width: f64) -> Self {
        Self {
            colour,
            width,
            dash: Some((7.0, 4.5)),
        }
    }
}

/// Exact curves are thin and dark, on top of what was measured.
pub(super) const EXACT: Stroke = Stroke::solid(INK, 1.0);

/// The paper's bound.
pub(super) const PAPER_BOUND: Stroke = Stroke::dashed(BOUND, 2.2);

/// Size, weight and colour of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) colour: RGBColor,
}

impl Type {
    pub(super) const fn plain(size: f64) -> Self {
        Self {
            size,
            bold: false,
            colour: INK,
        }
    }

    pub(super) const fn bold(size: f64) -> Self {
        Self {
            size,
            bold: true,
            colour: INK,
        }
    }

    pub(super) const fn coloured(self, colour: RGBColor) -> Self {
        Self { colour, ..self }
    }

    fn style(self) -> TextStyle<'static> {
        let weight = if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = (FONT_FAMILY, self.device_size(), weight).into_font();
        TextStyle {
            color: self.colour.to_backend_color(),
            ..TextStyle::from(font)
        }
    }

    fn device_size(self) -> f64 {
        self.size * f64::from(OVERSAMPLING)
    }

    /// More than any letter is away from its anchor, in device pixels.
    fn reach(self) -> i32 {
        (2.0 * self.device_size()) as i32
    }

    /// The space that the font puts before a letter, in device pixels.
    fn bearing(self, letter: char) -> f64 {
        let font = if self.bold {
            dejavu::sans::bold()
        } else {
            dejavu::sans::regular()
        };
        let share = left_side_bearing(font, letter).unwrap_or(0.0);
        (share * self.device_size()).floor()
    }
}

/// The end of a text that stands at the given point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

impl Align {
    fn horizontal(self) -> HPos {
        match self {
            Self::Left => HPos::Left,
            Self::Centre => HPos::Center,
            Self::Right => HPos::Right,
        }
    }

    /// The share of the text's length that lies before the point.
    fn share_before(self) -> f64 {
        match self {
            Self::Left => 0.0,
            Self::Centre => 0.5,
            Self::Right => 1.0,
        }
    }
}

/// The direction in which a text reads.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Rightwards,
    Upwards,
}

impl Direction {
    fn transform(self) -> FontTransform {
        match self {
            Self::Rightwards => FontTransform::None,
            Self::Upwards => FontTransform::Rotate270,
        }
    }

    /// The length by which a text of this length goes up the page.
    fn rise(self, length: f64) -> i32 {
        match self {
            Self::Rightwards => 0,
            Self::Upwards => length as i32,
        }
    }

    /// Moves a device position along the text.
    fn advance(self, (x, y): (i32, i32), distance: f64) -> (i32, i32) {
        let distance = distance.round() as i32;
        match self {
            Self::Rightwards => (x + distance, y),
            Self::Upwards => (x, y - distance),
        }
    }
}

/// The program that places the letters of a text.
#[derive(Clone, Debug)]
enum Lettering {
    /// The page does: right for bitmaps, whose backend ignores the space before each letter. Text
    /// beside the device rows that are drawn is left out.
    ByLetter { rows: Range<i32> },
    /// The backend does: right for SVG, where a text stays one searchable element.
    ByText,
}

/// A page to draw on, in pixels of the final picture.
pub(super) struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    lettering: Lettering,
}

impl<B: DrawingBackend> Canvas<'_, B> {
    /// Draws a line through the points.
    pub(super) fn line(&self, points: &[Point], stroke: Stroke) -> Result<(), FigureError> {
        match stroke.dash {
            None => self.solid_line(points, stroke),
            Some((dash, gap)) => dashes(points, dash, gap)
                .iter()
                .try_for_each(|piece| self.solid_line(piece, stroke)),
        }
    }

    fn solid_line(&self, points: &[Point], stroke: Stroke) -> Result<(), FigureError> {
        let mut path = points.iter().copied().map(device).collect::<Vec<_>>();
        path.dedup();
        // plotters needs two different points to know a direction.
        if path.len() < 2 {
            return Ok(());
        }
        let style = ShapeStyle {
            color: stroke.colour.to_rgba(),
            filled: false,
            stroke_width: device_length(stroke.width),
        };
        self.area
            .draw(&PathElement::new(path, style))
            .map_err(drawing_error)
    }

    /// Fills a polygon.
    pub(super) fn polygon(&self, corners: &[Point], colour: RGBAColor) -> Result<(), FigureError> {
        let path = corners.iter().copied().map(device).collect::<Vec<_>>();
        self.area
            .draw(&Polygon::new(path, colour.filled()))
            .map_err(drawing_error)
    }

    /// Fills a disc.
    pub(super) fn disc(
        &self,
        centre: Point,
        radius: f64,
        colour: RGBColor,
    ) -> Result<(), FigureError> {
        self.area
            .draw(&Circle::new(
                device(centre),
                device_length(radius),
                colour.filled(),
            ))
            .map_err(drawing_error)
    }

    /// Draws a circle through which one sees what is beneath it.
    pub(super) fn circle(
        &self,
        centre: Point,
        radius: f64,
        stroke: Stroke,
    ) -> Result<(), FigureError> {
        let style = ShapeStyle {
            color: stroke.colour.to_rgba(),
            filled: false,
            stroke_width: device_length(stroke.width),
        };
        self.area
            .draw(&Circle::new(device(centre), device_length(radius), style))
            .map_err(drawing_error)
    }

    /// Draws a circle that hides what is beneath it.
    pub(super) fn ring(
        &self,
        centre: Point,
        radius: f64,
        colour: RGBColor,
    ) -> Result<(), FigureError> {
        self.disc(centre, radius, colour)?;
        self.disc(centre, radius - 1.0, WHITE)
    }

    /// Sets text with its base line at the point.
    pub(super) fn text(
        &self,
        text: &str,
        (x, base_line): Point,
        align: Align,
        face: Type,
    ) -> Result<(), FigureError> {
        let anchor = (x, base_line + face.size * BASE_LINE_ABOVE_ANCHOR);
        self.set(text, anchor, align, Direction::Rightwards, face)
    }

    /// Sets text that reads upwards, centred on the point's height, its base line at the point.
    pub(super) fn text_upward(
        &self,
        text: &str,
        (base_line, y): Point,
        face: Type,
    ) -> Result<(), FigureError> {
        let anchor = (base_line + face.size * BASE_LINE_ABOVE_ANCHOR, y);
        self.set(text, anchor, Align::Centre, Direction::Upwards, face)
    }

    fn set(
        &self,
        text: &str,
        anchor: Point,
        align: Align,
        direction: Direction,
        face: Type,
    ) -> Result<(), FigureError> {
        let style = face.style().transform(direction.transform());
        let Lettering::ByLetter { rows } = &self.lettering else {
            let style = style.pos(Pos::new(align.horizontal(), VPos::Bottom));
            return self.put(text, device(anchor), style);
        };
        let length = self.device_width(text, face)?;
        let reach = face.reach() + direction.rise(length);
        let (_, row) = device(anchor);
        if row - reach >= rows.end || row + reach < rows.start {
            return Ok(());
        }
        let style = style.pos(Pos::new(HPos::Left, VPos::Bottom));
        let before = align.share_before() * length;
        for (start, letter) in text.char_indices() {
            let end = start + letter.len_utf8();
            let glyph = &text[start..end];
            // The difference of two widths holds the kerning with the letter before.
            let pen = self.device_width(&text[..end], face)? - self.device_width(glyph, face)?;
            let place = direction.advance(device(anchor), pen + face.bearing(letter) - before);
            self.put(glyph, place, style.clone())?;
        }
        Ok(())
    }

    fn put(&self, text: &str, place: (i32, i32), style: TextStyle<'_>) -> Result<(), FigureError> {
        self.area
            .draw(&Text::new(text.to_owned(), place, style))
            .map_err(drawing_error)
    }

    fn device_width(&self, text: &str, face: Type) -> Result<f64, FigureError> {
        let (width, _) = self
            .area
            .estimate_text_size(text, &face.style())
            .map_err(drawing_error)?;
        Ok(f64::from(width))
    }

    /// The width of a text in pixels.
    pub(super) fn text_width(&self, text: &str, face: Type) -> Result<f64, FigureError> {
        Ok(self.device_width(text, face)? / f64::from(OVERSAMPLING))
    }
}

fn device((x, y): Point) -> (i32, i32) {
    let scale = f64::from(OVERSAMPLING);
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

fn device_length(length: f64) -> u32 {
    (length * f64::from(OVERSAMPLING)).round().max(1.0) as u32
}

/// Cuts a line into dashes measured along it.
fn dashes(points: &[Point], dash: f64, gap: f64) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece = points.first().copied().into_iter().collect::<Vec<_>>();
    let mut drawing = true;
    let mut remaining = dash;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut walked = 0.0;
        while length - walked > remaining {
            walked += remaining;
            let share = walked / length;
            let turn = (
                from.0 + (to.0 - from.0) * share,
                from.1 + (to.1 - from.1) * share,
            );
            if drawing {
                piece.push(turn);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![turn];
            }
            drawing = !drawing;
            remaining = if drawing { dash } else { gap };
        }
        remaining -= length - walked;
        if drawing {
            piece.push(to);
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// A colour for one of `count` ordered things: viridis without its palest end, which is sequential
/// in lightness too, so that it survives colour blindness and grey print.
pub(super) fn sequential(index: usize, count: usize) -> RGBColor {
    const ANCHORS: [(u8, u8, u8); 9] = [
        (68, 1, 84),
        (72, 40, 120),
        (62, 74, 137),
        (49, 104, 142),
        (38, 130, 142),
        (31, 158, 137),
        (53, 183, 121),
        (109, 205, 89),
        (180, 212, 34),
    ];
    let last = ANCHORS.len() - 1;
    let share = if count < 2 {
        0.4
    } else {
        index as f64 / (count - 1) as f64
    };
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let weight = place - below as f64;
    let mix = |low: u8, high: u8| {
        (f64::from(low) * (1.0 - weight) + f64::from(high) * weight).round() as u8
    };
    let (low, high) = (ANCHORS[below], ANCHORS[above]);
    RGBColor(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::BitMapBackend;

    /// All kinds of shapes, in many places, within strips, across their ends and outside the page.
    struct Shapes;

    impl Drawing for Shapes {
        fn size(&self) -> (u32, u32) {
            (150, 2 * STRIP_HEIGHT + 30)
        }

        fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), FigureError> {
            let dashed = Stroke::dashed(VIOLATION, 1.2);
            let fine = Stroke::solid(INK, 0.25);
            let (width, height) = (150.0, 2.0 * f64::from(STRIP_HEIGHT) + 30.0);
            for step in 0..60 {
                let y = (height + 20.0) * f64::from(step) / 60.0 - 10.0;
                let x = width * f64::from(step * 7 % 60) / 60.0;
                let corners = [(x, y), (x + 9.0, y + 30.0), (x - 40.0, y + 3.25)];
                canvas.polygon(&corners, LOWER.mix(0.3))?;
                canvas.line(&[(0.0, y), (x, 0.5 * y), (width, height - y)], dashed)?;
                canvas.line(&[(x, y), (x, y + 5.0), (x + 5.0, y)], fine)?;
                canvas.disc((x, y), 3.3, MEASURED)?;
                canvas.circle((width - x, y), 5.5, Stroke::solid(UPPER, 1.4))?;
                canvas.text("W₂ ‖Δj‖", (x, y), Align::Centre, Type::plain(TICK_SIZE))?;
                canvas.text_upward("Eg (velocity²)", (x, y), Type::bold(TITLE_SIZE))?;
            }
            Ok(())
        }
    }

    #[test]
    fn strips_make_the_picture_of_the_whole_page() {
        register_fonts().unwrap();
        let (width, height) = device_size(&Shapes);
        let mut whole = vec![0; (width * height * 3) as usize];
        let backend = BitMapBackend::with_buffer(&mut whole, (width, height));
        let rows = 0..height as i32;
        draw_on(backend, Lettering::ByLetter { rows }, &Shapes).unwrap();
        let whole = average_boxes(&whole, width as usize / OVERSAMPLING as usize);
        assert!(whole.iter().filter(|&&byte| byte < 255).count() > whole.len() / 4);
        assert!(pixels_by_strips(&Shapes).unwrap() == whole);
    }

    #[test]
    fn boxes_are_averaged_with_rounding() {
        // One pixel: eight samples of 0 and eight of 255 average to 127.5, which rounds up.
        let mut fine = vec![0; 48];
        fine[..24].fill(255);
        assert_eq!(average_boxes(&fine, 1), [128, 128, 128]);
    }

    #[test]
    fn dashes_are_measured_along_the_line() {
        let pieces = dashes(&[(0.0, 0.0), (6.0, 0.0), (10.0, 0.0)], 3.0, 2.0);
        assert_eq!(
            pieces,
            [
                vec![(0.0, 0.0), (3.0, 0.0)],
                vec![(5.0, 0.0), (6.0, 0.0), (8.0, 0.0)],
            ]
        );
    }

    #[test]
    fn a_line_without_length_has_no_dashes() {
        assert!(dashes(&[(1.0, 1.0)], 3.0, 2.0).is_empty());
        assert!(dashes(&[], 3.0, 2.0).is_empty());
    }

    #[test]
    fn the_palette_has_a_colour_for_every_index() {
        assert_eq!(sequential(0, 10), RGBColor(68, 1, 84));
        assert_eq!(sequential(9, 10), RGBColor(180, 212, 34));
        assert_eq!(sequential(0, 1), sequential(0, 0));
    }
}
