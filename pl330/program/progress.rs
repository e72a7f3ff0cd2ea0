// SPDX-License-Identifier: GPL-2.0

//! Progress: points of a program at which a known number of bytes has reached memory.
//!
//! At each point, the program waits for its stores and raises an event (DMAWMB, DMASEV), and goes
//! on. The event is the same for all channels, and does not say how many points were passed: the
//! program counter of the channel does.

use super::{
    emitter::Emitter,
    insn::{
        Event,
        TooLong, //
    },
    Operation,
    PlanError,
    ProgramWriter,
    SegmentIndices, //
};

/// Largest number of points in a program. A program that would have more ends there.
const MAX_POINTS: usize = 8;

/// Operation whose steps can end after any number of bytes.
pub(crate) trait Divisible: Operation {
    /// Appends a step as [`step`](Operation::step) does, of at most `most` bytes, which is not 0.
    ///
    /// # Errors
    ///
    /// As of [`step`](Operation::step).
    fn step_within(
        &mut self,
        done: u64,
        most: u64,
        program: &mut Emitter<'_>,
    ) -> Result<u64, TooLong>;
}

/// Operation whose programs report progress.
///
/// # Invariants
///
/// `every` is not 0.
#[derive(Clone)]
pub(crate) struct Reporting<J> {
    job: J,
    /// Number of all bytes, once [`check`](Operation::check) was called.
    len: u64,
    /// Number of bytes from one point to the next.
    every: u64,
    /// Event that the program raises at a point.
    event: Event,
    points: Points,
    /// True if there is no room for another point, so that the program must end.
    is_full: bool,
}

impl<J: Divisible> Reporting<J> {
    /// Makes the programs of `job` raise `event` each time that `every` bytes have reached memory,
    /// except for the last time.
    ///
    /// # Errors
    ///
    /// [`PlanError::Empty`] if `every` is 0.
    pub(crate) fn new(job: J, every: u64, event: Event) -> Result<Self, PlanError> {
        if every == 0 {
            return Err(PlanError::Empty);
        }

        let len = job.check()?;

        // INVARIANT: Compared above.
        Ok(Self {
            job,
            len,
            every,
            event,
            points: Points::new(every),
            is_full: false,
        })
    }
}

impl<J: Divisible> Operation for Reporting<J> {
    fn check(&self) -> Result<u64, PlanError> {
        self.job.check()
    }

    fn begin(&mut self, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        self.points = Points::new(self.every);
        self.is_full = false;
        self.job.begin(program)
    }

    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        if self.is_full {
            return Err(TooLong);
        }

        let most = self.every - done % self.every;
        let len = self.job.step_within(done, most, program)?;
        let done = done + len;

        if len == most && done < self.len {
            // Without room for a point, the end of the program reports it.
            self.is_full = self.points.is_full() || program.signal(self.event).is_err();
            if !self.is_full {
                self.points.push(program.len(), done);
            }
        }
        Ok(len)
    }

    fn part(&self, done: u64) -> SegmentIndices {
        self.job.part(done)
    }
}

impl<J: Divisible> ProgramWriter<Reporting<J>> {
    /// Returns the points of the program written last.
    pub(crate) fn points(&self) -> Points {
        Points {
            end: self.done(),
            ..self.job().points
        }
    }
}

/// Points of a program.
///
/// # Invariants
///
/// `count` is at most [`MAX_POINTS`].
#[derive(Clone, Copy)]
pub(crate) struct Points {
    /// Offset in the program of the instruction after each point, in ascending order.
    offsets: [u16; MAX_POINTS],
    count: usize,
    /// Number of bytes that have reached memory at the first point.
    first: u64,
    /// Number of bytes from one point to the next.
    every: u64,
    /// Number of bytes that have reached memory at the end of the program.
    end: u64,
}

impl Points {
    fn new(every: u64) -> Self {
        // INVARIANT: There are none.
        Self {
            offsets: [0; MAX_POINTS],
            count: 0,
            first: 0,
            every,
            end: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.count == MAX_POINTS
    }

    /// Adds a point: `done` bytes have reached memory when the channel is at `offset`, or after it.
    fn push(&mut self, offset: usize, done: u64) {
        if let (Some(free), Ok(offset)) = (self.offsets.get_mut(self.count), offset.try_into()) {
            *free = offset;
            if self.count == 0 {
                self.first = done;
            }
            // INVARIANT: There was room.
            self.count += 1;
        }
    }

    /// Returns the number of bytes that have reached memory when the channel is at byte `offset` of
    /// the program; `None` before the first point.
    pub(crate) fn done_at(&self, offset: usize) -> Option<u64> {
        let points = self.offsets.get(..self.count)?;
        let passed = points.partition_point(|&it| usize::from(it) <= offset);

        // CAST: At most `MAX_POINTS`.
        Some(self.first + self.every * passed.checked_sub(1)? as u64)
    }

    /// Returns the number of bytes that have reached memory at the end of the program.
    pub(crate) fn done_at_end(&self) -> u64 {
        self.end
    }
}
