// SPDX-License-Identifier: GPL-2.0

//! A copy with each kind of mapping, all at the same time, for tests.
//!
//! ```sh
//! echo wait > kinds       # waits for the copies; fails with EIO if a byte is wrong
//! echo leave > kinds      # does not wait for them
//! ```

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Completion, //
    }, //
};

use crate::{
    dma::{
        Buffer,
        DeviceReads,
        DmaDevice,
        FromDevice,
        MappedMemory,
        Mapping,
        MappingPool,
        MemoryRange,
        PageBuffer,
        SharedMapping,
        ToDevice, //
    },
    pl330::{
        CallbackContext,
        Controller,
        CopyRange,
        CopyShape, //
    },
    sg::MappedSharedSgTable, //
};

/// Number of copies.
const COPIES: usize = 8;

/// Number of bytes of each.
const LEN: usize = PageBuffer::LEN / 2;

/// Value of the bytes.
const VALUE: u8 = 0x5a;

const RANGE: CopyRange = CopyRange {
    src_offset: 0,
    dst_offset: 0,
    len: LEN,
};

/// Copies that have not ended.
#[pin_data]
struct Copies {
    left: Atomic<usize>,
    failed: Atomic<usize>,
    #[pin]
    ended: Completion,
}

/// Submits the copies, and waits for them if `word` is `wait`. Sleeps.
///
/// # Errors
///
/// `EINVAL` for other words than `wait` and `leave`, `EIO` if a copy fails, `ENOMEM`, and those of
/// mappings.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    word: &str,
) -> Result {
    let waits = match word {
        "wait" => true,
        "leave" => false,
        _ => return Err(EINVAL),
    };
    let copies = Arc::pin_init(
        pin_init!(Copies {
            left: Atomic::new(COPIES),
            failed: Atomic::new(0),
            ended <- Completion::new(),
        }),
        GFP_KERNEL,
    )?;
    let submit = Submitter {
        dev,
        controller,
        copies: &copies,
    };

    submit.all()?;
    if waits {
        copies.ended.wait_for_completion();
        if copies.failed.load(Relaxed) != 0 {
            return Err(EIO);
        }
    }
    Ok(())
}

/// Returns true if a copy has written `bytes`.
fn is_right(bytes: Result<&[u8]>) -> bool {
    bytes.is_ok_and(|bytes| bytes.iter().all(|&byte| byte == VALUE))
}

impl Copies {
    /// Counts a copy that has ended.
    fn end_one(&self, is_right: bool) {
        if !is_right {
            self.failed.fetch_add(1, Relaxed);
        }
        if self.left.fetch_sub(1, Relaxed) == 1 {
            self.ended.complete_all();
        }
    }
}

/// Context of the copies.
struct Submitter<'a, 'bound> {
    dev: &'bound DmaDevice,
    controller: &'a Controller<'bound>,
    copies: &'a Arc<Copies>,
}

impl<'bound> Submitter<'_, 'bound> {
    /// Submits all copies: to two parts of a page, from shared memory and from a list of it, to a
    /// mapping of a pool, with reports of progress, to a range, and to a mapping that is revoked.
    fn all(&self) -> Result {
        let page = PageBuffer::zeroed(GFP_KERNEL)?;
        let page = Mapping::<_, FromDevice>::new(self.dev, page)?.into_part(GFP_KERNEL);
        let (first, second) = page.map_err(|_| ENOMEM)?.split(LEN).map_err(|_| EINVAL)?;

        self.submit(self.source()?, first, RANGE, |mut it| {
            is_right(it.for_cpu(..))
        })?;
        self.submit(self.source()?, second, RANGE, |mut it| {
            is_right(it.for_cpu(..))
        })?;

        let shared = Arc::new(self.filled()?, GFP_KERNEL)?;
        let mut list = KVec::with_capacity(1, GFP_KERNEL)?;

        list.push(shared.clone(), GFP_KERNEL)?;

        let shared = SharedMapping::new(self.dev, shared)?;
        let list = MappedSharedSgTable::new(self.dev, list, GFP_KERNEL)?;

        self.submit(shared, self.destination()?, RANGE, |mut it| {
            is_right(it.for_cpu(..))
        })?;
        self.submit(list, self.destination()?, RANGE, |mut it| {
            is_right(it.for_cpu(..))
        })?;

        let buffers = || Buffer::for_device(self.dev, LEN, GFP_KERNEL);
        let mut pool = MappingPool::<_, FromDevice>::new(self.dev, 1, GFP_KERNEL, buffers)?;
        let pooled = pool.take().ok_or(ENOBUFS)?;
        let range = MemoryRange::new(Buffer::zeroed(2 * LEN, GFP_KERNEL)?, LEN..2 * LEN)?;
        let range = Mapping::<_, FromDevice>::new(self.dev, range)?;
        let reporting = RANGE.with_progress(LEN / 4);

        self.submit(self.source()?, pooled, RANGE, |mut it| {
            is_right(it.for_cpu(..))
        })?;
        self.submit(self.source()?, range, RANGE, |mut it| {
            is_right(it.for_cpu(..))
        })?;
        self.submit(self.source()?, self.destination()?, reporting, |mut it| {
            is_right(it.for_cpu(..))
        })?;

        let destination = self.destination()?.into_revocable(self.dev);
        let destination = destination.map_err(|_| ENOMEM)?;
        let taken = destination.take(self.dev).ok_or(ENXIO)?;

        self.submit(self.source()?, taken, RANGE, move |it| {
            destination.put(it).is_ok()
                && destination.with(|it| is_right(it.for_cpu(..))) == Some(true)
        })
    }

    /// Submits a copy, whose callback passes the destination to `verify`, if it did not fail.
    fn submit<S, D>(
        &self,
        source: S,
        destination: D,
        shape: impl CopyShape,
        verify: impl FnOnce(D) -> bool + Send + 'bound,
    ) -> Result
    where
        S: MappedMemory<Direction: DeviceReads> + Send + 'bound,
        D: MappedMemory<Direction = FromDevice> + Send + 'bound,
    {
        let copies = self.copies.clone();

        self.controller
            .prepare(source, destination, shape, GFP_KERNEL)?
            .with_callback(
                CallbackContext::Thread,
                move |result| {
                    copies.end_one(result.is_ok_and(|it| verify(it.mappings.destination)));
                },
                GFP_KERNEL,
            )?
            .submit();
        Ok(())
    }

    fn filled(&self) -> Result<Buffer> {
        let mut buffer = Buffer::zeroed(LEN, GFP_KERNEL)?;

        buffer.fill(VALUE);
        Ok(buffer)
    }

    fn source(&self) -> Result<Mapping<'bound, Buffer, ToDevice>> {
        Ok(Mapping::new(self.dev, self.filled()?)?)
    }

    fn destination(&self) -> Result<Mapping<'bound, Buffer, FromDevice>> {
        Ok(Mapping::new(self.dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?)
    }
}
