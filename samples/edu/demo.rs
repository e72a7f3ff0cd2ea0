// SPDX-License-Identifier: GPL-2.0

//! What is shown: addresses that are not physical ones, entries that become fewer segments, and an
//! access that is blocked.

use core::{
    iter,
    mem, //
};

use kernel::prelude::*;

use crate::{
    device::{
        Edu,
        Extents, //
    },
    dma::{
        Direction,
        DmaDevice,
        FromDevice,
        Mapping,
        PageBuffer,
        ToDevice, //
    },
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

/// Where in a page the bytes of a list begin, and how many there are.
type Part = (usize, usize);

/// A page of them.
const WHOLE: Part = (0, PageBuffer::LEN);

/// A copy from one list to another.
struct Case {
    name: &'static str,
    from: &'static [Part],
    to: &'static [Part],
    /// Where the CPU changes a few bytes while the lists are mapped: across the end of an entry.
    changes: &'static [usize],
}

const CASES: [Case; 2] = [
    Case {
        name: "whole pages",
        from: &[WHOLE; 8],
        to: &[WHOLE; 8],
        changes: &[4090, 20_474],
    },
    // What does not end with a page of the IOMMU, or does not begin with one, is the last, or the first, of
    // a segment.
    Case {
        name: "parts of pages",
        from: &[WHOLE, (0, 1000), (100, 3996), WHOLE, WHOLE, (7, 3000)],
        to: &[(4080, 16), WHOLE, WHOLE, WHOLE, WHOLE, (0, 3884)],
        changes: &[10, 4090, 4105, 5090, 12_300],
    },
];

/// What the CPU writes there.
const CHANGE: [u8; 12] = *b"two entries!";

/// Shows all of it.
///
/// # Errors
///
/// `EBUSY` if the device is still at something, `EIO` if anything is not as it should be, and those of
/// mappings and of the device. The report says where it was.
pub(crate) fn run(
    dev: &DmaDevice,
    edu: &mut Edu<'_>,
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

fn show(
    dev: &DmaDevice,
    edu: &mut Edu<'_>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    // Nothing is mapped where the device may still write.
    edu.expect_idle()?;

    match domain {
        Some(domain) => report.line(fmt!("IOMMU: {}", domain.kind()))?,
        None => report.line(fmt!("IOMMU: none"))?,
    }
    show_mapping(dev, edu, domain, report)?;
    for case in &CASES {
        case.show(dev, edu, domain, report)?;
    }
    show_blocked(dev, edu, domain, report)
}

/// Sends a page, and receives it into another.
fn show_mapping(
    dev: &DmaDevice,
    edu: &mut Edu<'_>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    let mut page = PageBuffer::zeroed()?;
    let sent = pattern(PageBuffer::LEN)?;

    page.copy_from_slice(&sent);

    let physical = physical_of(&mut page)?;
    let mapping = Mapping::<_, ToDevice>::new(dev, page)?;
    let (mapping, address) = Edu::address_of(dev, mapping)?;

    report.line(fmt!(
        "one page: {} bytes, physical {physical:#010x}, for the device {address:#010x}",
        mapping.len()
    ))?;
    expect_translated(domain, address, report)?;
    drop(edu.send(mapping)?);

    let received = edu.receive(Mapping::<_, FromDevice>::new(dev, PageBuffer::zeroed()?)?)?;

    expect(iter::once(&received.unmap()[..]), &sent, report)
}

impl Case {
    /// Copies list to list. Then the CPU changes bytes of the source while it stays mapped, and all is copied
    /// again. Then both tables are mapped the other way round, and other bytes are copied back.
    /// Looks at all bytes of the destination each time.
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
        let orders = edu.orders();
        let (mut source, mut destination) = edu.copy(source, destination)?;

        expect(destination.for_cpu(..)?.iter(), &expected, report)?;
        report.line(fmt!(
            "{name}: {} bytes copied in {} orders",
            expected.len(),
            edu.orders() - orders
        ))?;

        for &at in changes {
            let range = at..at + CHANGE.len();

            source.for_cpu_mut(range.clone())?.copy_from(&CHANGE)?;
            expected[range].copy_from_slice(&CHANGE);
        }

        let (source, mut destination) = edu.copy(source, destination)?;

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

        // A table has no direction.
        let (back, kept) = (source.unmap(), destination.unmap());
        let (back, mut kept) = (back.map::<FromDevice>()?, kept.map::<ToDevice>()?);
        let counts = (kept.nents(), back.nents());

        // Other bytes, so that none of them can be there already.
        for byte in &mut expected {
            *byte = !*byte;
        }
        kept.for_cpu_mut(..)?.copy_from(&expected)?;

        let (kept, back) = edu.copy(kept, back)?;
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

/// Maps `pages`, and writes how many entries and segments that makes.
fn mapped<'dev, D: Direction>(
    dev: &'dev DmaDevice,
    mut pages: KVec<PageBuffer>,
    [name, side]: [&str; 2],
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result<MappedSgTable<'dev, KVec<PageBuffer>, D>> {
    let pieces = pieces_of(&mut pages)?;
    let list = SgTable::new(dev, pages, GFP_KERNEL)?.map::<D>()?;
    let (list, told) = Edu::segments_of(dev, list)?;
    let (entries, segments) = (list.orig_nents(), list.nents());
    let plural = if segments == 1 { "" } else { "s" };

    report.line(fmt!(
        "{name}, {side}: {entries} entries, {segments} segment{plural}"
    ))?;
    if (entries, segments) != (pieces.len(), told.len()) {
        return wrong(report, fmt!("not as many as there should be"));
    }
    show_entries(&pieces, &told, domain, report)?;
    Ok(list)
}

/// Writes where each entry is in memory, and for the device.
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

/// Has the device write to a page, and again after it was unmapped.
fn show_blocked(
    dev: &DmaDevice,
    edu: &mut Edu<'_>,
    domain: Option<&Domain<'_>>,
    report: &mut Report,
) -> Result {
    const BEFORE: u8 = 0x11;
    const WRITTEN: u8 = 0xee;
    /// As long as what the device has on its bus at once: one access, which the IOMMU reports once.
    const LEN: usize = 4;

    let domain = match domain {
        Some(domain) if domain.kind() == Kind::Strict && domain.is_ours_alone() => domain,
        _ => {
            return report.line(fmt!(
                "after unmapping: not shown, because nothing says that no memory would be hit"
            ))
        }
    };
    let mut page = PageBuffer::zeroed()?;

    page.fill(WRITTEN);
    drop(edu.send(Mapping::<_, ToDevice>::new(dev, page)?)?);

    // It does write, while it may.
    let mapping = Mapping::<_, FromDevice>::new(dev, PageBuffer::zeroed()?)?;
    let (mapping, address) = Edu::address_of(dev, edu.receive(mapping)?)?;
    let bus_address = u32::try_from(address)?;
    let mut page = mapping.unmap();

    expect(iter::once(&page[..]), &[WRITTEN; PageBuffer::LEN], report)?;
    page.fill(BEFORE);
    if let Some(physical) = domain.to_phys(address) {
        return wrong(
            report,
            fmt!("{address:#x} still leads to {physical:#x} after it was unmapped"),
        );
    }

    // SAFETY: The device reaches no memory at `address`:
    // - Its addresses are translated, by tables that no other device uses. The page is not in them any more,
    //   as was seen just now, and what the IOMMU had remembered of them was forgotten before `unmap` returned.
    // - Nothing else can have come to be there. Memory is mapped for this device here and nowhere else, by
    //   who holds `edu`.
    // Even if the IOMMU let it through, it would be to where the address led before: `page`, which is ours,
    // which nothing refers to now, and which is kept for good if the device does not say that it is done.
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

/// A page for each of `parts`, with no two next to each other in memory: of twice as many, in the order of
/// their addresses, every second one.
fn scattered(parts: &[Part]) -> Result<KVec<PageBuffer>> {
    let mut all = KVec::new();
    let mut pages = KVec::new();

    for _ in 0..2 * parts.len() {
        all.push(PageBuffer::zeroed()?, GFP_KERNEL)?;
    }
    all.sort_unstable_by_key(|page| page.as_ptr());
    for (mut page, &(from, len)) in all.into_iter().step_by(2).zip(parts) {
        page.set_range(from..from + len)?;
        pages.push(page, GFP_KERNEL)?;
    }
    Ok(pages)
}

/// Where the bytes of `pages` are in memory: an address and a length for each.
fn pieces_of(pages: &mut [PageBuffer]) -> Result<Extents> {
    let mut pieces = Extents::new();

    for page in pages {
        pieces.push((physical_of(page)?, page.len()), GFP_KERNEL)?;
    }
    Ok(pieces)
}

/// Bytes that tell where they come from: no page of them is like another.
fn pattern(len: usize) -> Result<KVec<u8>> {
    let mut bytes = KVec::with_capacity(len, GFP_KERNEL)?;

    for index in 0..len {
        // CAST: Less than 251, a prime number.
        bytes.push((index % 251) as u8, GFP_KERNEL)?;
    }
    Ok(bytes)
}

/// The physical address that the device reaches at `address`, by what the kernel has told the IOMMU. That of
/// a bounce buffer, perhaps.
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
        None => wrong(report, fmt!("{address:#x} leads nowhere")),
    }
}

/// Whether `found` and `expected` are the same bytes.
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

/// Says what is wrong.
fn wrong<T>(report: &mut Report, what: kernel::fmt::Arguments<'_>) -> Result<T> {
    report.line(what)?;
    Err(EIO)
}
