//! The space before each letter, which plotters leaves out.
//!
//! plotters' bitmap text draws every glyph from its leftmost ink, without the space that the font
//! puts before it (the left side bearing). Narrow letters and ‖ then crowd what stands before them.
//! The canvas sets its text letter by letter with the bearings that are read here from the font.

/// The left side bearing of a letter in units of the height from descent to ascent, which is what
/// plotters calls the size. `None` where the font lacks the letter or a table.
pub(super) fn left_side_bearing(font: &[u8], letter: char) -> Option<f64> {
    let horizontal = table(font, b"hhea")?;
    let height = i32::from(signed(horizontal, 4)?) - i32::from(signed(horizontal, 6)?);
    let long_metrics = usize::from(unsigned(horizontal, 34)?);
    let glyph = usize::from(glyph(table(font, b"cmap")?, letter)?);
    // Long entries hold advance and bearing; behind them stand bearings alone.
    let offset = if glyph < long_metrics {
        4 * glyph + 2
    } else {
        2 * (glyph + long_metrics)
    };
    let bearing = signed(table(font, b"hmtx")?, offset)?;
    (height > 0).then(|| f64::from(bearing) / f64::from(height))
}

/// A table of an OpenType font.
fn table<'a>(font: &'a [u8], tag: &[u8; 4]) -> Option<&'a [u8]> {
    let count = usize::from(unsigned(font, 4)?);
    (0..count)
        .filter_map(|index| font.get(12 + 16 * index..28 + 16 * index))
        .find(|record| record.starts_with(tag))
        .and_then(|record| font.get(long(record, 8)?..)?.get(..long(record, 12)?))
}

/// The glyph of a letter of the basic plane, from the segments of a character map of format 4.
fn glyph(maps: &[u8], letter: char) -> Option<u16> {
    let code = u16::try_from(u32::from(letter)).ok()?;
    let count = usize::from(unsigned(maps, 2)?);
    let map = (0..count)
        .filter_map(|index| maps.get(long(maps, 8 + 8 * index)?..))
        .find(|map| unsigned(map, 0) == Some(4))?;
    let doubled = usize::from(unsigned(map, 6)?);
    let segment = (0..doubled)
        .step_by(2)
        .find(|segment| unsigned(map, 14 + segment).is_some_and(|last| last >= code))?;
    let first = unsigned(map, 16 + doubled + segment)?;
    let delta = unsigned(map, 16 + 2 * doubled + segment)?;
    let range_place = 16 + 3 * doubled + segment;
    let within = code.checked_sub(first)?;
    match usize::from(unsigned(map, range_place)?) {
        0 => Some(code.wrapping_add(delta)),
        offset => unsigned(map, range_place + offset + 2 * usize::from(within))
            .map(|glyph| glyph.wrapping_add(delta)),
    }
}

fn unsigned(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*pair))
}

fn signed(bytes: &[u8], at: usize) -> Option<i16> {
    unsigned(bytes, at).map(u16::cast_signed)
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*four)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Design units of DejaVu Sans between descent −483 and ascent 1901.
    const HEIGHT: f64 = 2384.0;

    #[test]
    fn bearings_are_those_of_the_font() {
        // The leftmost ink in the outlines, found through the character map of format 12.
        let regular = dejavu::sans::regular();
        for (letter, bearing) in EXPECTED {
            let share = left_side_bearing(regular, letter).unwrap();
            assert_eq!((share * HEIGHT).round() as i32, bearing, "{letter}");
        }
    }

    const EXPECTED: [(char, i32); 4] = [('A', 16), ('l', 193), ('E', 201), ('‖', 260)];

    #[test]
    fn a_broken_font_has_no_bearings() {
        let regular = dejavu::sans::regular();
        assert!(left_side_bearing(&[], 'A').is_none());
        assert!(left_side_bearing(&regular[..300], 'A').is_none());
        assert!(left_side_bearing(regular, '\u{1F600}').is_none());
    }
}
