// SPDX-License-Identifier: GPL-2.0

//! Pages, and parts of pages, to map.

use core::{
    ops::{
        Deref,
        DerefMut,
        Range, //
    },
    ptr::NonNull,
    slice, //
};

use kernel::{
    alloc::Flags,
    page::{
        Page,
        PAGE_SIZE, //
    },
    prelude::*, //
};

use super::{
    buffer::pad,
    c,
    memory::Location,
    MapFailure,
    Memory, //
};

/// Page with one reference, which the CPU accesses as a slice, and which `dma_map_page()` maps.
///
/// [`set_range`](Self::set_range) limits the slice and the mapping to a range of bytes. The mapping
/// includes padding to a multiple of a cache line. The rest of the page is not used, so a range
/// need not begin or end at a cache line.
///
/// # Examples
///
/// ```
/// let mut page = PageBuffer::zeroed(GFP_KERNEL)?;
///
/// page.set_range(64..1564)?;                     // room for headers before the payload
/// let mapping = Mapping::<_, FromDevice>::new(dev, page)?;
/// ```
///
/// # Invariants
///
/// - `page` has one reference, that of this value, and is mapped in the kernel's address space
///   only.
/// - Its bytes are initialized.
/// - `range` is inside the page.
pub(crate) struct PageBuffer {
    page: Page,
    range: Range<usize>,
}

/// Error: there is another reference to the page.
///
/// Converts into `EBUSY`, and drops the page.
///
/// # Examples
///
/// ```
/// # fn own(page: Page, copy_of: impl FnOnce(&Page) -> Result<PageBuffer>) -> Result<PageBuffer> {
/// let buffer = match PageBuffer::new(page) {
///     Ok(buffer) => buffer,
///     Err(SharedPage { page }) => return copy_of(&page),
/// };
/// # Ok(buffer)
/// # }
/// ```
pub(crate) struct SharedPage {
    /// Page, unchanged.
    pub(crate) page: Page,
}

impl From<SharedPage> for Error {
    fn from(_: SharedPage) -> Self {
        EBUSY
    }
}

impl PageBuffer {
    /// Length of a page in bytes.
    pub(crate) const LEN: usize = PAGE_SIZE;

    /// Allocates a page of zeroes with `flags`.
    ///
    /// C function: `alloc_page()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn zeroed(flags: Flags) -> Result<Self> {
        // INVARIANT: A new page has one reference, and is zeroed because of the flag.
        Ok(Self {
            page: Page::alloc_page(flags | __GFP_ZERO)?,
            range: 0..Self::LEN,
        })
    }

    /// Zeroes `page`, whose old contents must not reach the device, and owns it.
    ///
    /// C functions: `page_ref_count()`, `memset()`.
    ///
    /// # Errors
    ///
    /// [`SharedPage`], which contains the page, if there is another reference to it: for example, a
    /// process may have mapped it.
    pub(crate) fn new(page: Page) -> Result<Self, SharedPage> {
        // SAFETY: Requires a page: `page` is one.
        if unsafe { c::rk3588_dma_page_ref_count(page.as_ptr()) } != 1 {
            return Err(SharedPage { page });
        }

        // INVARIANT: There is one reference. Users without a reference, such as `vmap()`, need the
        // consent of the owner, who consumes the page here. Zeroed below.
        let mut this = Self {
            page,
            range: 0..Self::LEN,
        };

        // SAFETY: The bytes must have no other user: the page has one reference, and this length.
        unsafe { this.as_mut_ptr().write_bytes(0, Self::LEN) };
        Ok(this)
    }

    /// Limits the slice and the mapping to `range`, in bytes of the page.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `range` is not inside the page.
    pub(crate) fn set_range(&mut self, range: Range<usize>) -> Result {
        if range.start > range.end || range.end > Self::LEN {
            return Err(EINVAL);
        }
        // INVARIANT: Compared above.
        self.range = range;
        Ok(())
    }

    /// Returns the page and the range.
    pub(super) fn into_parts(self) -> (Page, Range<usize>) {
        (self.page, self.range)
    }

    /// Returns the page.
    pub(crate) fn into_page(self) -> Page {
        self.page
    }

    /// Returns the address of the first byte of the range.
    fn start(&self) -> NonNull<u8> {
        // SAFETY: The sum must be inside the page, and not null: on 64-bit machines each page has
        // an address in the linear map, and by the type invariants the range is inside the page.
        unsafe {
            let address = c::rk3588_dma_page_address(self.page.as_ptr()).cast::<u8>();

            NonNull::new_unchecked(address.add(self.range.start))
        }
    }
}

impl Deref for PageBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: The bytes must be initialized, and not written while the slice exists: by the
        // type invariants this value owns initialized bytes, and `&self` excludes writers.
        unsafe { slice::from_raw_parts(self.start().as_ptr(), self.range.len()) }
    }
}

impl DerefMut for PageBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: The bytes must be initialized, with no other reference: by the type invariants
        // this value owns initialized bytes, and `&mut self` excludes other users.
        unsafe { slice::from_raw_parts_mut(self.start().as_ptr(), self.range.len()) }
    }
}

// SAFETY:
// - A page is contiguous and in the linear map; its bytes are initialized, and any are valid. It
//   shares no cache line with other data, because this value owns the page, of which nothing
//   outside the range is used. The padding is inside the page.
// - The page does not move with the `PageBuffer`, and exists until that is dropped.
unsafe impl Memory for PageBuffer {
    fn location(&mut self) -> Location {
        Location::Page {
            // SAFETY: The pointer must not be null: that of a page is not.
            page: unsafe { NonNull::new_unchecked(self.page.as_ptr()) },
            offset: self.range.start,
        }
    }

    fn as_ptr(&self) -> NonNull<u8> {
        self.start()
    }

    fn as_mut_ptr(&mut self) -> NonNull<u8> {
        self.start()
    }

    fn len(&self) -> usize {
        self.range.len()
    }

    fn padded_len(&self) -> usize {
        pad(self.range.len()).min(Self::LEN - self.range.start)
    }

    #[inline]
    fn check(&self, _: bool) -> Result<(), MapFailure> {
        Ok(())
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_page)]
mod tests {
    use super::*;
    use crate::{
        dma::{
            Bidirectional,
            FromDevice,
            Mapping,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    #[test]
    fn a_whole_page_goes_both_ways() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.fill(0x11);
        page[4095] = 0x22;

        let mapping = Mapping::<_, Bidirectional>::new(dev, page)?;
        let mapping = fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(4094), [0x11, 0x22]);
            hardware.write(0, &[0x33; 2]);
        })?;
        let page = mapping.unmap();

        assert_eq!(page[..3], [0x33, 0x33, 0x11]);
        assert_eq!(page[4095], 0x22);
        Ok(())
    }

    #[test]
    fn a_part_of_a_page_goes_to_the_device() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page[..100].fill(0x11);
        page[100..103].copy_from_slice(&[1, 2, 3]);
        page.set_range(100..103)?;

        let mapping = Mapping::<_, ToDevice>::new(dev, page)?;

        assert_eq!(mapping.len(), 3);
        drop(fixture::run(dev, mapping, |hardware| {
            assert_eq!(hardware.read(0), [1, 2, 3]);
        })?);
        Ok(())
    }

    #[test]
    fn a_part_of_a_page_comes_from_the_device_and_the_rest_stays() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.fill(0x11);
        page.set_range(1000..2500)?;

        let mapping = Mapping::<_, FromDevice>::new(dev, page)?;
        let mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[0x22; 1500]))?;
        let mut page = mapping.unmap();

        assert!(page.iter().all(|&byte| byte == 0x22));
        page.set_range(0..PageBuffer::LEN)?;
        assert!(page[..1000].iter().all(|&byte| byte == 0x11));
        assert!(page[2500..].iter().all(|&byte| byte == 0x11));
        Ok(())
    }

    #[test]
    fn padding_ends_with_the_page() -> Result {
        let line = pad(1);
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        for (range, padded) in [
            (0..1, line),
            (100..100 + line, line),
            (4000..4001, line.min(96)),
            (0..4096, 4096),
        ] {
            page.set_range(range)?;
            assert_eq!(page.padded_len(), padded);
        }
        Ok(())
    }

    #[test]
    fn a_range_outside_the_page_is_refused() -> Result {
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(5..6)?;
        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [0..4097, 4097..4097, 2..1, 0..usize::MAX] {
            assert!(matches!(page.set_range(range), Err(EINVAL)));
        }
        assert_eq!(page.len(), 1);
        Ok(())
    }

    #[test]
    fn an_empty_range_is_not_mapped() -> Result {
        let device = TestDevice::new()?;
        let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

        page.set_range(7..7)?;
        assert!(Mapping::<_, ToDevice>::new(device.dma()?, page).is_err());
        Ok(())
    }

    #[test]
    fn a_page_from_elsewhere_is_zeroed() -> Result {
        let page = Page::alloc_page(GFP_KERNEL)?;

        // SAFETY: The page is ours, and the source as long as said.
        unsafe {
            page.write_raw([0xa5; 16].as_ptr(), 0, 16)?;
            page.write_raw([0xa5; 16].as_ptr(), PageBuffer::LEN - 16, 16)?;
        }

        let page = PageBuffer::new(page)?.into_page();
        let page = PageBuffer::new(page)?;

        assert!(page.iter().all(|&byte| byte == 0));
        Ok(())
    }

    #[test]
    fn a_shared_page_is_refused_and_comes_back_untouched() -> Result {
        let page = Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?;
        let raw = page.as_ptr();
        let mut bytes = [0; 3];

        // SAFETY: The page is ours, and the source as long as said.
        unsafe { page.write_raw([1, 2, 3].as_ptr(), 0, 3)? };
        // SAFETY: `raw` is a page; the reference is given back below.
        unsafe { fixture::c::rk3588_dma_test_get_page(raw) };

        let result = PageBuffer::new(page);

        // SAFETY: The reference was taken above.
        unsafe { fixture::c::rk3588_dma_test_put_page(raw) };

        let Err(SharedPage { page }) = result else {
            return Err(EINVAL);
        };

        // SAFETY: The page is ours alone again, and the destination as long as said.
        unsafe { page.read_raw(bytes.as_mut_ptr(), 0, 3)? };
        assert_eq!(bytes, [1, 2, 3]);
        assert!(PageBuffer::new(page).is_ok());
        Ok(())
    }

    #[test]
    fn no_memory_is_an_error() -> Result {
        let result = fixture::without_memory(|| PageBuffer::zeroed(GFP_KERNEL))?;

        assert!(matches!(result, Err(ENOMEM)));
        Ok(())
    }
}
