// SPDX-License-Identifier: GPL-2.0

//! Demonstration: bus addresses that are not physical addresses, entries that the IOMMU merges into
//! fewer segments, and an access that it blocks.

use core::{
    iter,
    mem, //
};

use kernel::prelude::*;

use crate::{
    addresses::{
        address_of,
        pieces_of,
        segments_of, //
    },
    device::{
        self,
        Edu,
        Returned, //
    },
    dma::{
        Buffer,
        Direction,
        DmaDevice,
        FromDevice,
        Mapping,
        PageBuffer,
        Pair,
        ToDevice, //
    },
    frames,
    iommu::{
        physical_of,
        Domain,
        Kind, //
    },
    report::Report,
    sg::{
        MappedSgTable,
        SgTable, //
    }, //
};

/// Bytes of a page that are in a list: offset and length.
type Part = (usize, usize);

/// All bytes of a page.
const WHOLE: Part = (0, PageBuffer::LEN);

/// Copy from one list to another.
struct Case {
    name: &'static str,
    from: &'static [Part],
    to: &'static [Part],
    /// Offsets at which the CPU writes [`CHANGE`] while the lists are mapped.
    ///
    /// Each change crosses the end of an entry of the source or of the destination.
    changes: &'static [usize],
}

const CASES: [Case; 2] = [
    Case {
        name: "whole pages",
        from: &[WHOLE; 8],
        to: &[WHOLE; 8],
        changes: &[4090, 20_474],
    },
    // An entry that does not end at a page boundary of the IOMMU is the last of its segment. An
    // entry that does not begin at one is the first.
    Case {
        name: "parts of pages",
        from: &[WHOLE, (0, 1000), (100, 3996), WHOLE, WHOLE, (7, 3000)],
        to: &[(4080, 16), WHOLE, WHOLE, WHOLE, WHOLE, (0, 3884)],
        changes: &[10, 4090, 4105, 5090, 12_300],
    },
];

/// Bytes that the CPU writes at each offset in [`Case::changes`].
const CHANGE: [u8; 12] = *b"two entries!";

/// Runs the demonstration, and writes its results to `report`. May sleep.
///
/// # Errors
///
/// `EBUSY` if the device still executes a command, `EIO` if a check fails, and errors of mappings
/// and of the device. The report has the results up to the failure.
pub(crate) fn run<'bound>(
    dev: &'bound DmaDevice,
    edu: &mut Edu<'bound>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    let result = show(dev, edu, domain, report);

    match result {
        Ok(()) => report.line(fmt!("All of it held."))?,
        Err(error) => report.line(fmt!("failed: {error:?}"))?,
    }
    result
}

fn show<'bound>(
    dev: &'bound DmaDevice,
    edu: &mut Edu<'bound>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    // A command that timed out may still write to an address that the kernel would use again.
    edu.expect_idle()?;

    match domain {
        Some(domain) => report.line(fmt!("IOMMU: {}", domain.kind()))?,
        None => report.line(fmt!("IOMMU: none"))?,
    }
    show_mapping(dev, edu, domain, report)?;
    for case in &CASES {
        case.show(dev, edu, domain, report)?;
    }
    show_too_long(dev, edu, report)?;
    frames::show(dev, edu, report)?;
    show_blocked(dev, edu, domain, report)
}

/// Sends a page to the device, and receives it in another page.
fn show_mapping(
    dev: &DmaDevice,
    edu: &mut Edu<'_>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    let mut page = PageBuffer::zeroed(GFP_KERNEL)?;
    let sent = pattern(PageBuffer::LEN)?;

    page.copy_from_slice(&sent);

    let physical = physical_of(&mut page)?;
    let mapping = Mapping::<_, ToDevice>::new(dev, page)?;
    let (mapping, address) = address_of(dev, mapping)?;

    report.line(fmt!(
        "one page: {} bytes, physical {physical:#010x}, for the device {address:#010x}",
        mapping.len()
    ))?;
    expect_translated(domain, address, report)?;
    drop(edu.send(mapping)?);

    let received = edu.receive(Mapping::<_, FromDevice>::new(
        dev,
        PageBuffer::zeroed(GFP_KERNEL)?,
    )?)?;

    expect(iter::once(&received.unmap()[..]), &sent, report)
}

/// Sends a mapping that does not fit into the device's buffer: it comes back with the error.
fn show_too_long(dev: &DmaDevice, edu: &mut Edu<'_>, report: &mut Report) -> Result {
    let buffer = Buffer::zeroed(device::BUFFER_LEN + 1, GFP_KERNEL)?;

    match edu.send(Mapping::<_, ToDevice>::new(dev, buffer)?) {
        Err(Returned {
            error,
            mapped: Some(mapping),
        }) if error == EMSGSIZE => {
            report.line(fmt!("too long: {} bytes came back", mapping.unmap().len()))
        }
        _ => Err(EIO),
    }
}

impl Case {
    /// Copies the list three times, and verifies each copy.
    ///
    /// 1. All bytes of the destination are compared.
    /// 2. The CPU changes bytes of the source while it is mapped. The changed bytes are compared.
    /// 3. Both tables are mapped in the opposite direction, and other bytes are copied back. All
    ///    bytes of both lists are compared.
    fn show(
        &self,
        dev: &DmaDevice,
        edu: &mut Edu<'_>,
        domain: Option<&Domain<'_>>,
        report: &mut Report,
    ) -> Result {
        let Self { name, changes, .. } = *self;
        let mut source = scattered(self.from)?;
        let destination = scattered(self.to)?;
        let mut expected = pattern(self.from.iter().map(|&(_, len)| len).sum())?;
        let mut rest = &expected[..];

        for page in &mut source {
            let (head, tail) = rest.split_at(page.len());

            page.copy_from_slice(head);
            rest = tail;
        }

        let source = mapped::<ToDevice>(dev, source, [name, "from"], domain, report)?;
        let destination = mapped::<FromDevice>(dev, destination, [name, "to"], domain, report)?;
        let commands = edu.commands();
        let Pair {
            mut source,
            mut destination,
        } = edu.copy(source, destination)?;

        expect(destination.for_cpu(..)?.iter(), &expected, report)?;
        report.line(fmt!(
            "{name}: {} bytes copied by {} commands",
            expected.len(),
            edu.commands() - commands
        ))?;

        for &at in changes {
            let range = at..at + CHANGE.len();

            source.for_cpu_mut(range.clone())?.copy_from(&CHANGE)?;
            expected[range].copy_from_slice(&CHANGE);
        }

        let Pair {
            source,
            mut destination,
        } = edu.copy(source, destination)?;

        for &at in changes {
            expect(
                destination.for_cpu(at..at + CHANGE.len())?.iter(),
                &CHANGE,
                report,
            )?;
        }
        report.line(fmt!(
            "{name}: {} changes across entries, copied again",
            changes.len()
        ))?;

        // A table has no direction, so it can be mapped in another one.
        let (back, kept) = (source.unmap(), destination.unmap());
        let (back, mut kept) = (back.map::<FromDevice>()?, kept.map::<ToDevice>()?);
        let counts = (kept.nents(), back.nents());

        // All bytes change, so that no byte of the earlier copies is correct.
        for byte in &mut expected {
            *byte = !*byte;
        }
        kept.for_cpu_mut(..)?.copy_from(&expected)?;

        let Pair {
            source: kept,
            destination: back,
        } = edu.copy(kept, back)?;
        let pages = back.unmap().into_memory();

        expect(pages.iter().map(|page| &page[..]), &expected, report)?;

        let pages = kept.unmap().into_memory();

        expect(pages.iter().map(|page| &page[..]), &expected, report)?;
        report.line(fmt!(
            "{name}: mapped the other way round, {} to {} segments, copied back",
            counts.0,
            counts.1
        ))
    }
}

/// Maps `pages` as a list, and reports its entries and segments.
fn mapped<'dev, D: Direction>(
    dev: &'dev DmaDevice,
    mut pages: KVec<PageBuffer>,
    [name, side]: [&str; 2],
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result<MappedSgTable<'dev, KVec<PageBuffer>, D>> {
    let pieces = pieces_of(&mut pages)?;
    let list = SgTable::new(dev, pages, GFP_KERNEL)?.map::<D>()?;
    let (list, told) = segments_of(dev, list)?;
    let (entries, segments) = (list.orig_nents(), list.nents());
    let plural = if segments == 1 { "" } else { "s" };

    report.line(fmt!(
        "{name}, {side}: {entries} entries, {segments} segment{plural}"
    ))?;
    if (entries, segments) != (pieces.len(), told.len()) {
        return wrong(report, fmt!("wrong number of entries or segments"));
    }
    show_entries(&pieces, &told, domain, report)?;
    Ok(list)
}

/// Reports the physical address and the bus address of each entry.
fn show_entries(
    pieces: &[(u64, usize)],
    segments: &[(u64, usize)],
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    let mut rest = segments.iter().copied().zip(1..);
    let (mut address, mut left, mut number) = (0, 0, 0);

    report.line(fmt!(
        "    entry  bytes  physical    for the device  segment"
    ))?;
    for (&(physical, len), entry) in pieces.iter().zip(1..) {
        if left == 0 {
            ((address, left), number) = rest.next().ok_or(EIO)?;
        }
        let bounced = match expect_translated(domain, address, report)? {
            found if found == physical => "",
            _ => "  bounced",
        };

        report.line(fmt!(
            "    {entry:>5}  {len:>5}  {physical:#010x}  {address:#010x}      {number:>7}{bounced}"
        ))?;
        // CAST: `usize` has at most 64 bits.
        address += len as u64;
        left = left.checked_sub(len).ok_or(EIO)?;
    }
    match (left, rest.next()) {
        (0, None) => Ok(()),
        _ => wrong(report, fmt!("the segments are longer than the entries")),
    }
}

/// Checks that the device writes to a page while it is mapped, and not after unmapping.
fn show_blocked(
    dev: &DmaDevice,
    edu: &mut Edu<'_>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    const BEFORE: u8 = 0x11;
    const WRITTEN: u8 = 0xee;
    /// Length in bytes: one bus access of the device, which the IOMMU reports once.
    const LEN: usize = 4;

    let domain = match domain {
        Some(domain) if domain.kind() == Kind::Strict && domain.is_ours_alone() => domain,
        _ => {
            return report.line(fmt!(
                "after unmapping: not shown, because the device may reach memory at the address"
            ))
        }
    };
    let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

    page.fill(WRITTEN);
    drop(edu.send(Mapping::<_, ToDevice>::new(dev, page)?)?);

    // While the page is mapped, the device writes it.
    let mapping = Mapping::<_, FromDevice>::new(dev, PageBuffer::zeroed(GFP_KERNEL)?)?;
    let (mapping, address) = address_of(dev, edu.receive(mapping)?)?;
    let bus_address = u32::try_from(address)?;
    let mut page = mapping.unmap();

    expect(iter::once(&page[..]), &[WRITTEN; PageBuffer::LEN], report)?;
    page.fill(BEFORE);
    if let Some(physical) = domain.to_phys(address) {
        return wrong(
            report,
            fmt!("{address:#x} is translated to {physical:#x} after unmapping"),
        );
    }

    // SAFETY: Memory that the device reaches at `address` must have no other user. It reaches none:
    // - The IOMMU translates its addresses by a page table that no other device uses. `to_phys`
    //   found no entry for `address`, and `unmap` invalidated the IOMMU's cache (`Kind::Strict`).
    // - The address is not mapped again: only the owner of `edu` maps memory for this device.
    // If the IOMMU still let the write pass, it would reach the former translation. That is `page`,
    // which has no other reference, and which is leaked if the command does not end.
    let result = unsafe { edu.write_to_unmapped(bus_address, LEN) };

    if let Err(error) = result {
        mem::forget(page);
        return Err(error);
    }
    expect(iter::once(&page[..]), &[BEFORE; PageBuffer::LEN], report)?;
    report.line(fmt!(
        "after unmapping: {LEN} bytes written to {address:#x}, memory unchanged; see the kernel log"
    ))
}

/// Allocates a page for each of `parts`, so that no two are contiguous in memory.
///
/// They are every second one, by address, of twice the number of pages.
fn scattered(parts: &[Part]) -> Result<KVec<PageBuffer>> {
    let mut all = KVec::new();
    let mut pages = KVec::new();

    for _ in 0..2 * parts.len() {
        all.push(PageBuffer::zeroed(GFP_KERNEL)?, GFP_KERNEL)?;
    }
    all.sort_unstable_by_key(|page| page.as_ptr());
    for (mut page, &(from, len)) in all.into_iter().step_by(2).zip(parts) {
        page.set_range(from..from + len)?;
        pages.push(page, GFP_KERNEL)?;
    }
    Ok(pages)
}

/// Returns `len` bytes with a period of 251 bytes, so that successive pages differ.
fn pattern(len: usize) -> Result<KVec<u8>> {
    let mut bytes = KVec::with_capacity(len, GFP_KERNEL)?;

    for index in 0..len {
        // CAST: Less than 251.
        bytes.push((index % 251) as u8, GFP_KERNEL)?;
    }
    Ok(bytes)
}

/// Returns the physical address that the device reaches at `address`, maybe of a bounce buffer.
///
/// # Errors
///
/// `EIO` if the IOMMU has no translation for `address`, `ENOMEM`.
fn expect_translated(
    domain: Option<&Domain<'_>>,
    address: u64,
    report: &mut Report,
) -> Result<u64> {
    let Some(domain) = domain else {
        return Ok(address);
    };

    match domain.to_phys(address) {
        Some(physical) => Ok(physical),
        None => wrong(report, fmt!("{address:#x} is not translated")),
    }
}

/// Checks that `found` and `expected` are equal.
///
/// # Errors
///
/// `EIO` if they differ, `ENOMEM`.
fn expect<'a>(
    found: impl Iterator<Item = &'a [u8]>,
    expected: &[u8],
    report: &mut Report,
) -> Result {
    let mut count = 0;

    for (index, &byte) in found.flatten().enumerate() {
        match expected.get(index) {
            Some(&expected) if expected == byte => count += 1,
            Some(&expected) => {
                return wrong(
                    report,
                    fmt!("byte {index} is {byte:#04x}, should be {expected:#04x}"),
                )
            }
            None => return wrong(report, fmt!("there are more than {count} bytes")),
        }
    }
    match count == expected.len() {
        true => Ok(()),
        false => wrong(report, fmt!("there are only {count} bytes")),
    }
}

/// Reports a failed check, and returns `EIO`, or `ENOMEM` if the report has no memory.
fn wrong<T>(report: &mut Report, what: kernel::fmt::Arguments<'_>) -> Result<T> {
    report.line(what)?;
    Err(EIO)
}
