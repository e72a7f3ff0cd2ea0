// SPDX-License-Identifier: GPL-2.0

//! Copies of rows: part of an image, a column of a matrix.

use super::{
    emitter::Emitter,
    insn::{
        Address,
        TooLong,
        MAX_ITERATIONS, //
    },
    reachable,
    Copy,
    Operation,
    PlanError,
    SegmentIndices, //
};

/// The longest way from the end of a row to the next one that is added to an address in a loop. It
/// takes 3 bytes of program for each 64 KiB.
const MAX_GAP: u32 = 4 * u16::MAX as u32;

/// Rows to copy, by their addresses on the bus.
///
/// They overlap if any source row has a byte in common with any destination row, or two destination
/// rows with each other. What lies between rows does not count, so a part of an image may go to
/// another part of the same lines. Source rows may overlap each other; with a stride of 0, all are
/// the same.
///
/// That takes a time proportional to the number of rows where the strides differ and the rows of
/// one side lie between those of the other.
///
/// Strides are unsigned: rows follow each other upwards. A copy that turns an image upside down is
/// one for [`SgCopy`](super::SgCopy).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copy2d {
    /// Address of the first byte of the first row to read.
    pub(crate) source: u32,
    /// Address of the first byte of the first row to write.
    pub(crate) destination: u32,
    /// Length of a row in bytes.
    pub(crate) row_len: u32,
    /// Number of rows.
    pub(crate) rows: u32,
    /// Distance in bytes from a row to read to the next.
    pub(crate) source_stride: u32,
    /// Distance in bytes from a row to write to the next.
    pub(crate) destination_stride: u32,
}

impl Operation for Copy2d {
    fn check(&self) -> Result<u64, PlanError> {
        if self.row_len == 0 || self.rows == 0 {
            return Ok(0);
        }
        reachable(self.source, self.span(self.source_stride))?;
        reachable(self.destination, self.span(self.destination_stride))?;
        if self.overlaps() {
            return Err(PlanError::Overlap);
        }
        Ok(u64::from(self.row_len) * u64::from(self.rows))
    }

    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        let rest = match self.as_one() {
            // CAST: It is less than its length.
            Some(copy) => copy.skip(done as u32),
            None => {
                // CAST: There are fewer than `rows` whole ones, and of one more less than its
                // length.
                let row = (done / u64::from(self.row_len)) as u32;
                let within = (done % u64::from(self.row_len)) as u32;

                if within == 0 {
                    if let Some(rows) = self.try_loop(row, program) {
                        return Ok(u64::from(rows) * u64::from(self.row_len));
                    }
                }
                self.row(row).skip(within)
            }
        };
        let len = rest.write_step(program)?;

        Ok(len.into())
    }

    fn part(&self, done: u64) -> SegmentIndices {
        // CAST: There are more bytes, so there is such a row.
        let row = (done / u64::from(self.row_len)) as u32;

        SegmentIndices {
            source: row,
            destination: row,
        }
    }
}

impl Copy2d {
    /// Returns true if a byte to be written is also to be read, or to be written twice.
    fn overlaps(&self) -> bool {
        if self.rows > 1 && self.destination_stride < self.row_len {
            return true;
        }

        let source = u64::from(self.source);
        let destination = u64::from(self.destination);
        let apart = source + self.span(self.source_stride) <= destination
            || destination + self.span(self.destination_stride) <= source;

        // With equal strides, if two rows meet, the rows before them meet, and the rows after them.
        // So the first row of the destination meets a row, or the last one.
        let step = if self.source_stride == self.destination_stride {
            (self.rows - 1).max(1)
        } else {
            1
        };
        let mut rows = (0..self.rows).step_by(step as usize);

        !apart && rows.any(|row| self.is_read(row))
    }

    /// Returns the number of bytes from the first row to the end of the last.
    fn span(&self, stride: u32) -> u64 {
        u64::from(stride) * u64::from(self.rows - 1) + u64::from(self.row_len)
    }

    /// Returns all rows as one copy, if they follow each other on both sides.
    fn as_one(&self) -> Option<Copy> {
        let without_gap =
            self.source_stride == self.row_len && self.destination_stride == self.row_len;

        (without_gap || self.rows == 1)
            .then(|| self.row_len.checked_mul(self.rows))
            .flatten()
            .map(|len| Copy { len, ..self.row(0) })
    }

    /// Returns row `row`, which must exist.
    fn row(&self, row: u32) -> Copy {
        Copy {
            source: self
                .source
                .wrapping_add(row.wrapping_mul(self.source_stride)),
            destination: self
                .destination
                .wrapping_add(row.wrapping_mul(self.destination_stride)),
            len: self.row_len,
        }
    }

    /// Returns true if a byte of the destination's row `row` is in a row of the source.
    fn is_read(&self, row: u32) -> bool {
        let len = i64::from(self.row_len);
        let stride = i64::from(self.source_stride).max(1);
        // From the first source row to the destination row.
        let offset = i64::from(self.row(row).destination) - i64::from(self.source);
        // The first source row that ends behind the beginning of the destination row.
        let first = match offset - len {
            behind @ 0.. if self.source_stride != 0 => behind / stride + 1,
            0.. => return false,
            _ => 0,
        };

        first < i64::from(self.rows) && first * i64::from(self.source_stride) < offset + len
    }

    /// Appends a loop over rows from `row` on, if there can be one; returns their number.
    fn try_loop(&self, row: u32, program: &mut Emitter<'_>) -> Option<u32> {
        let rows = (self.rows - row).min(MAX_ITERATIONS);
        let mark = program.mark();

        if rows < 2 || !self.is_loop(program) {
            return None;
        }
        match self.write_loop(row, rows, program) {
            Ok(()) => Some(rows),
            // The row alone may still fit.
            Err(TooLong) => {
                program.rewind(mark);
                None
            }
        }
    }

    /// Returns true if all rows have the same program, and the way between them is one that
    /// can be added. DMAADNH, for the way back, is not known to exist everywhere.
    fn is_loop(&self, program: &Emitter<'_>) -> bool {
        let strides = [self.source_stride, self.destination_stride];

        self.row(0).is_step(program)
            && strides.iter().all(|stride| {
                stride % u32::from(program.bus().bytes) == 0
                    && stride
                        .checked_sub(self.row_len)
                        .is_some_and(|gap| gap <= MAX_GAP)
            })
    }

    fn write_loop(&self, row: u32, rows: u32, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        let first = self.row(row);

        program.begin_step();
        program.seek_source(first.source);
        program.seek_destination(first.destination);
        program.around(rows, |program| {
            first.write_here(program);
            program.add(Address::Source, self.source_stride - self.row_len);
            program.add(Address::Destination, self.destination_stride - self.row_len);
        })?;

        let next = self.row(row + rows);

        program.end_step(next.source.into(), next.destination.into())
    }
}
