// SPDX-License-Identifier: GPL-2.0

//! Costs of lists of pages that are not contiguous: mapping and unmapping, syncs of a part, and
//! making of tables.

use core::cmp::Reverse;

use kernel::{
    alloc::flags::GFP_NOWAIT,
    bindings::sg_table,
    error::to_result,
    prelude::*, //
};

use super::{
    device,
    dma::{
        as_raw,
        Bidirectional,
        Direction,
        FromDevice,
        Location,
        Memory,
        PageBuffer,
        ToDevice, //
    },
    least,
    page,
    peer,
    sg::{
        self,
        MappedSgTable, //
    },
    time_with,
    Measurement, //
};

/// Number of entries, and number of operations in a round.
const LISTS: [(usize, u32); 3] = [(1, 1000), (16, 200), (256, 20)];

/// Number of bytes to sync in the middle of a list: half of one page and half of the next.
const PART: usize = PageBuffer::LEN;

type Table<'dev> = sg::SgTable<'dev, KVec<PageBuffer>>;
type Bytes<'dev> = MappedSgTable<'dev, KVec<PageBuffer>, Bidirectional>;

/// Function of `peer.h` that maps and unmaps a list.
type Peer = unsafe extern "C" fn(*mut device, *mut sg_table, u32) -> c_int;

impl<'dev> Measurement<'dev> {
    /// Measures all operations on lists.
    pub(crate) fn compare_lists(&self) -> Result {
        for (entries, times) in LISTS {
            self.compare_maps::<ToDevice>(
                "to_device",
                peer::rk3588_dma_peer_list_to_device,
                entries,
                times,
            )?;
            self.compare_maps::<FromDevice>(
                "from_device",
                peer::rk3588_dma_peer_list_from_device,
                entries,
                times,
            )?;
            self.compare_maps::<Bidirectional>(
                "bidirectional",
                peer::rk3588_dma_peer_list_bidirectional,
                entries,
                times,
            )?;
            self.compare_parts(entries, times)?;
            self.compare_tables(entries, times)?;
        }
        Ok(())
    }

    /// Measures to map and unmap a list.
    fn compare_maps<D: Direction>(
        &self,
        case: &str,
        peer: Peer,
        entries: usize,
        times: u32,
    ) -> Result {
        let mut pages = pages(entries)?;
        let in_c = PeerTable::new(&mut pages)?;
        let table = self.table(pages)?;

        self.compare_list(
            case,
            entries,
            times,
            // SAFETY:
            // - `peer` needs a bound device: `self.dma` belongs to the device that is being probed.
            // - `peer` needs memory without other users: only these tables refer to the pages.
            || to_result(unsafe { peer(as_raw(self.dma.as_device()), in_c.0, times) }),
            table,
            |table| map::<D>(table, times),
        )
    }

    /// Measures to sync a part of a mapped list for the CPU, and for the device again.
    fn compare_parts(&self, entries: usize, times: u32) -> Result {
        let dev = as_raw(self.dma.as_device());
        let mut pages = pages(entries)?;
        let in_c = PeerTable::new(&mut pages)?;
        let list = self.table(pages)?.map()?;
        let start = (list.len() - PART) / 2;

        // SAFETY:
        // - The function needs a bound device: `self.dma` belongs to the one that is being probed.
        // - The function needs memory without other users: only these tables refer to the pages.
        to_result(unsafe { peer::rk3588_dma_peer_map_list(dev, in_c.0) })?;

        let result = self.compare_list(
            "part",
            entries,
            times,
            || {
                // SAFETY: The part must be in a table that is mapped in both directions: `in_c` was
                // mapped above, and its length is that of `list`.
                unsafe { peer::rk3588_dma_peer_list_part(dev, in_c.0, start, PART, times) };
                Ok(())
            },
            list,
            |list| part(list, start, times),
        );

        // SAFETY: The table must be mapped in both directions: `in_c` was mapped above.
        unsafe { peer::rk3588_dma_peer_unmap_list(dev, in_c.0) };
        result
    }

    /// Measures to make a table and to free it.
    fn compare_tables(&self, entries: usize, times: u32) -> Result {
        let mut pages = pages(entries)?;
        let mut raw = raw(&mut pages)?;
        let start = raw.as_mut_ptr();

        self.compare_list(
            "table",
            entries,
            times,
            // SAFETY: `start` must point to `entries` pages: `raw` returned one per buffer.
            || to_result(unsafe { peer::rk3588_dma_peer_list_table(start, entries as u32, times) }),
            pages,
            |mut pages| {
                for _ in 0..times {
                    pages = sg::SgTable::new(self.dma, pages, GFP_NOWAIT)?.into_memory();
                }
                Ok(pages)
            },
        )
    }

    /// Measures `peer`, and `guards` with `value`, and logs both.
    fn compare_list<T>(
        &self,
        case: &str,
        entries: usize,
        times: u32,
        peer: impl Fn() -> Result,
        value: T,
        guards: impl Fn(T) -> Result<T>,
    ) -> Result {
        let in_c = least(times, || time_with((), |()| peer()).map(|(time, ())| time))?;
        let mut value = Some(value);
        let with_guards = least(times, || {
            let (time, same) = time_with(value.take().ok_or(EINVAL)?, &guards)?;

            value = Some(same);
            Ok(time)
        })?;

        dev_info!(
            self.dma.as_device(),
            "list {case} {entries} {in_c} {with_guards}\n"
        );
        Ok(())
    }

    /// Makes a table with an entry for each of the pages.
    fn table(&self, pages: KVec<PageBuffer>) -> Result<Table<'dev>> {
        let entries = pages.len();
        let table = sg::SgTable::new(self.dma, pages, GFP_KERNEL)?;

        if table.orig_nents() == entries {
            Ok(table)
        } else {
            Err(EINVAL)
        }
    }
}

fn map<D: Direction>(mut table: Table<'_>, times: u32) -> Result<Table<'_>> {
    for _ in 0..times {
        table = table.map::<D>()?.unmap();
    }
    Ok(table)
}

fn part(mut list: Bytes<'_>, start: usize, times: u32) -> Result<Bytes<'_>> {
    for _ in 0..times {
        drop(list.for_cpu_mut(start..start + PART)?);
    }
    Ok(list)
}

/// Allocates pages in descending order of their addresses, so that no two are contiguous.
pub(super) fn pages(count: usize) -> Result<KVec<PageBuffer>> {
    let mut pages = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        pages.push(PageBuffer::zeroed(GFP_KERNEL)?, GFP_KERNEL)?;
    }
    pages.sort_unstable_by_key(|page| Reverse(page.as_ptr()));
    Ok(pages)
}

/// Returns the pages as an array of `struct page *`.
fn raw(pages: &mut KVec<PageBuffer>) -> Result<KVec<*mut page>> {
    let mut raw = KVec::with_capacity(pages.len(), GFP_KERNEL)?;

    for buffer in pages {
        let Location::Page { page, .. } = buffer.location() else {
            return Err(EINVAL);
        };

        raw.push(page.as_ptr(), GFP_KERNEL)?;
    }
    Ok(raw)
}

/// Table that `peer.c` makes, as a driver in C does.
struct PeerTable(*mut sg_table);

impl PeerTable {
    fn new(pages: &mut KVec<PageBuffer>) -> Result<Self> {
        let mut pages = raw(pages)?;
        // CAST: `LISTS` has at most 256 entries.
        let count = pages.len() as u32;
        // SAFETY: The pointer must be to `count` pages: `raw` returned one for each of `pages`.
        let table = unsafe { peer::rk3588_dma_peer_table(pages.as_mut_ptr(), count) };

        if table.is_null() {
            Err(ENOMEM)
        } else {
            Ok(Self(table))
        }
    }
}

impl Drop for PeerTable {
    fn drop(&mut self) {
        // SAFETY: The table must come from `rk3588_dma_peer_table()` and have no other user: `new`
        // made it, and `self` is its only owner.
        unsafe { peer::rk3588_dma_peer_free_table(self.0) };
    }
}
