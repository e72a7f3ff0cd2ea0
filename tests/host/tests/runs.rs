// SPDX-License-Identifier: GPL-2.0

//! Bytes in entries and in segments, and ranges of them.

use std::ops::Range;

use crate::runs::{
    for_each_contiguous,
    skip_before,
    Run,
    Window, //
};
use proptest::{
    collection::vec,
    prelude::*, //
};

/// The bytes from `start` on, one of several that are together what is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Index of the piece.
    number: usize,
    /// The first byte of what is left of it.
    at: usize,
    len: usize,
}

impl Run for Piece {
    fn len(&self) -> usize {
        self.len
    }

    fn skip(self, by: usize) -> Self {
        assert!(by < self.len, "{by} bytes of {self:?}");
        Self {
            at: self.at + by,
            len: self.len - by,
            ..self
        }
    }
}

fn pieces(lens: &[usize]) -> Vec<Piece> {
    lens.iter()
        .enumerate()
        .map(|(number, &len)| Piece { number, at: 0, len })
        .collect()
}

/// Returns for each byte the index of its piece and the offset in it.
fn places(lens: &[usize]) -> Vec<(usize, usize)> {
    lens.iter()
        .enumerate()
        .flat_map(|(number, &len)| (0..len).map(move |at| (number, at)))
        .collect()
}

/// Returns the places in `range`, which may exceed them.
fn cut<T: Clone>(places: &[T], range: &Range<usize>) -> Vec<T> {
    let end = range.end.min(places.len());

    places.get(range.start..end).unwrap_or_default().to_vec()
}

/// Returns the number of maximal runs of equal elements.
fn stretches<T: Eq>(of: &[T]) -> usize {
    match of.len() {
        0 => 0,
        _ => 1 + of.windows(2).filter(|pair| pair[0] != pair[1]).count(),
    }
}

/// Lengths of pieces, those without bytes among them.
fn lens() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1 => Just(0), 4 => 1usize..40], 0..12)
}

fn ranges() -> impl Strategy<Value = Range<usize>> {
    (0usize..300, prop_oneof![0usize..300, Just(usize::MAX / 2)])
        .prop_map(|(start, len)| start..start + len)
}

/// Returns the parts of a range that are contiguous in pieces of both lengths.
fn contiguous(a: &[usize], b: &[usize], range: Range<usize>) -> Vec<(Piece, Piece, usize)> {
    let mut parts = Vec::new();

    for_each_contiguous(
        pieces(a).into_iter(),
        pieces(b).into_iter(),
        range,
        |entry, segment, len| parts.push((entry, segment, len)),
    );
    parts
}

proptest! {
    #[test]
    fn contiguous_parts_have_each_byte_once(a in lens(), b in lens(), range in ranges()) {
        let parts = contiguous(&a, &b, range.clone());
        let both: Vec<_> = places(&a).into_iter().zip(places(&b)).collect();
        let expected = cut(&both, &range);
        let found: Vec<_> = parts
            .iter()
            .flat_map(|&(entry, segment, len)| {
                (0..len).map(move |by| {
                    ((entry.number, entry.at + by), (segment.number, segment.at + by))
                })
            })
            .collect();

        // As few parts as there are changes from one piece to the next, on either side.
        prop_assert_eq!(
            parts.len(),
            stretches(&expected.iter().map(|(a, b)| (a.0, b.0)).collect::<Vec<_>>())
        );
        prop_assert_eq!(found, expected);
        for (entry, segment, len) in parts {
            prop_assert!(0 < len && len <= entry.len.min(segment.len));
        }
    }

    /// From there on it is the same bytes, and no piece is left that ends before them.
    #[test]
    fn what_is_skipped_is_what_ends_before(
        lens in lens(),
        offset in 0usize..300,
        len in 0usize..300,
    ) {
        let all = pieces(&lens).into_iter();
        let mut rest = all.clone();
        let skipped = skip_before(&mut rest, offset);
        let window = |pieces, offset| -> Vec<_> {
            Window::new(pieces, offset..offset + len).collect()
        };

        prop_assert!(skipped <= offset);
        prop_assert_eq!(window(rest.clone(), offset - skipped), window(all, offset));
        prop_assert!(rest.next().is_none_or(|first| skipped + first.len > offset));
    }

    #[test]
    fn within_a_range_is_each_byte_of_it(lens in lens(), range in ranges()) {
        let found: Vec<_> = Window::new(pieces(&lens).into_iter(), range.clone()).collect();
        let expected = cut(&places(&lens), &range);
        let bytes: Vec<_> = found
            .iter()
            .flat_map(|&(piece, len)| (0..len).map(move |by| (piece.number, piece.at + by)))
            .collect();

        prop_assert_eq!(
            found.len(),
            stretches(&expected.iter().map(|place| place.0).collect::<Vec<_>>())
        );
        prop_assert_eq!(bytes, expected);
        for (piece, len) in found {
            prop_assert!(0 < len && len <= piece.len);
        }
    }

    /// A copy goes on from where it was made.
    #[test]
    fn a_copy_has_what_is_left(lens in lens(), range in ranges(), steps in 0usize..6) {
        let mut window = Window::new(pieces(&lens).into_iter(), range);

        for _ in 0..steps {
            window.next();
        }
        prop_assert_eq!(
            window.clone().collect::<Vec<_>>(),
            window.collect::<Vec<_>>()
        );
    }
}

#[test]
fn parts_have_the_rest_of_their_pieces() {
    let piece = |number, at, len| Piece { number, at, len };

    assert_eq!(
        contiguous(&[10, 10], &[5, 15], 3..12),
        [
            (piece(0, 3, 7), piece(0, 3, 2), 2),
            (piece(0, 5, 5), piece(1, 0, 15), 5),
            (piece(1, 0, 10), piece(1, 5, 10), 2),
        ]
    );
}

#[test]
fn a_range_ends_with_the_shorter_pieces() {
    let piece = |len| Piece {
        number: 0,
        at: 0,
        len,
    };

    assert_eq!(
        contiguous(&[4], &[2], 0..usize::MAX),
        [(piece(4), piece(2), 2)]
    );
}
