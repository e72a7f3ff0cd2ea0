// SPDX-License-Identifier: GPL-2.0

//! Pictures: text that is drawn with box characters, as SVG.
//!
//! A box character is lines from the middle of its cell to some of its sides. All other characters
//! are text.

use crate::prelude::*;

/// Width and height of a character's cell.
const CELL: (usize, usize) = (9, 18);

/// Characters with the sides to which they have a line: up, down, left, right.
const BOXES: [(char, [bool; 4]); 11] = [
    ('─', [false, false, true, true]),
    ('│', [true, true, false, false]),
    ('┌', [false, true, false, true]),
    ('┐', [false, true, true, false]),
    ('└', [true, false, false, true]),
    ('┘', [true, false, true, false]),
    ('├', [true, true, false, true]),
    ('┤', [true, true, true, false]),
    ('┬', [false, true, true, true]),
    ('┴', [true, false, true, true]),
    ('┼', [true, true, true, true]),
];

/// Heads of arrows, with the direction in which they point.
const HEADS: [(char, (i32, i32)); 4] =
    [('▲', (0, -1)), ('▼', (0, 1)), ('◀', (-1, 0)), ('▶', (1, 0))];

/// Returns an SVG of these lines. The title is for readers who do not see it.
///
/// # Errors
///
/// If a line of a box ends where the neighbour has none.
pub fn svg(title: &str, lines: &[&str]) -> Result<String> {
    let grid: Vec<Vec<char>> = lines.iter().map(|it| it.chars().collect()).collect();
    let width = grid.iter().map(Vec::len).max().unwrap_or(0) * CELL.0;
    let height = grid.len() * CELL.1;
    let mut shapes = String::new();

    ensure!(width > 0, "an empty picture");
    for (row, cells) in grid.iter().enumerate() {
        let mut column = 0;

        while column < cells.len() {
            let (shape, len) = match shape(&grid, row, column)? {
                Some(shape) => (shape, 1),
                None => text(cells, row, column),
            };

            shapes += &shape;
            column += len;
        }
    }
    Ok(format!(
        "<svg class=\"picture\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" \
         aria-label=\"{}\">{shapes}</svg>\n",
        escaped(title)
    ))
}

/// Returns the shape of a cell that is not text.
fn shape(grid: &[Vec<char>], row: usize, column: usize) -> Result<Option<String>> {
    let cell = grid[row][column];
    let (x, y) = (column * CELL.0, row * CELL.1);
    let (middle, centre) = (x + CELL.0 / 2, y + CELL.1 / 2);

    if let Some((_, (dx, dy))) = HEADS.iter().find(|it| it.0 == cell) {
        let (x, y) = (middle as i32, centre as i32);
        let point = |along: i32, across: i32| {
            format!(
                "{},{}",
                x + dx * along + dy * across,
                y + dy * along + dx * across
            )
        };

        return Ok(Some(format!(
            "<polygon points=\"{} {} {}\"/>",
            point(5, 0),
            point(-4, 4),
            point(-4, -4)
        )));
    }

    let Some((_, sides)) = BOXES.iter().find(|it| it.0 == cell) else {
        return Ok(None);
    };
    let ends = [
        (middle, y),
        (middle, y + CELL.1),
        (x, centre),
        (x + CELL.0, centre),
    ];
    let mut path = String::new();

    for (side, (x, y)) in ends
        .into_iter()
        .enumerate()
        .filter(|(side, _)| sides[*side])
    {
        ensure!(
            meets(grid, row, column, side),
            "line {}, column {}: {cell} ends at nothing",
            row + 1,
            column + 1
        );
        path += &format!("M{middle} {centre}L{x} {y}");
    }
    Ok(Some(format!("<path d=\"{path}\"/>")))
}

/// Returns true if the neighbour at a side has a line to this cell, or is an arrow's head or text.
/// A horizontal line may end at a space, too.
fn meets(grid: &[Vec<char>], row: usize, column: usize, side: usize) -> bool {
    let (row, column) = match side {
        0 => (row.wrapping_sub(1), column),
        1 => (row + 1, column),
        2 => (row, column.wrapping_sub(1)),
        _ => (row, column + 1),
    };
    let Some(&neighbour) = grid.get(row).and_then(|it| it.get(column)) else {
        return false;
    };

    match BOXES.iter().find(|it| it.0 == neighbour) {
        Some((_, sides)) => sides[side ^ 1],
        None => neighbour != ' ' || side >= 2,
    }
}

/// Returns the text that begins in a cell, up to two spaces or a shape, and its length in cells.
fn text(cells: &[char], row: usize, column: usize) -> (String, usize) {
    let is_shape = |it: &char| {
        BOXES.iter().any(|(cell, _)| cell == it) || HEADS.iter().any(|(cell, _)| cell == it)
    };
    let rest = &cells[column..];

    if rest[0] == ' ' {
        return (String::new(), 1);
    }

    let ends = (1..=rest.len()).find(|&len| {
        let rest = &rest[len..];

        rest.first().is_none_or(is_shape) || rest.starts_with(&[' ', ' '])
    });
    let len = ends.unwrap_or(rest.len());
    let words: String = rest[..len].iter().collect();
    let words = words.trim_end();
    let (x, y) = (column * CELL.0, row * CELL.1 + 13);
    let width = words.chars().count() * CELL.0;

    (
        format!(
            "<text x=\"{x}\" y=\"{y}\" textLength=\"{width}\">{}</text>",
            escaped(words)
        ),
        len,
    )
}

/// Returns a text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_text_are_drawn() {
        let drawn = svg("a & b", &["┌───┐", "│ A ├─▶ to <B>  c", "└───┘"]).unwrap();

        assert!(drawn.contains("viewBox=\"0 0 153 54\""), "{drawn}");
        assert!(drawn.contains("aria-label=\"a &amp; b\""), "{drawn}");
        assert!(drawn.contains(">to &lt;B&gt;</text>"), "{drawn}");
        assert!(drawn.contains("<text x=\"144\""), "{drawn}");
        assert_eq!(drawn.matches("<polygon").count(), 1);
    }

    #[test]
    fn open_ends_are_errors() {
        for (lines, place) in [
            (&["┌──┐", "│  │", "└── "][..], "line 2, column 4"),
            (&["a", "│"], "line 2, column 1"),
            (&["└ "], "line 1, column 1"),
        ] {
            let error = svg("x", lines).unwrap_err().to_string();

            assert!(error.starts_with(place), "{error}");
        }
        assert!(svg("x", &[]).is_err());
    }
}
