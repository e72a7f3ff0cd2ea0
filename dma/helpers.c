// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols for macros and inline functions of the kernel.
 *
 * Those that are called for every mapping are not traced: they are calls of
 * something that is.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "helpers.h"

notrace int rk3588_dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	return dma_mapping_error(dev, addr);
}

notrace void rk3588_dma_sync_for_cpu(struct device *dev, dma_addr_t addr,
				     size_t len, enum dma_data_direction dir)
{
	dma_sync_single_for_cpu(dev, addr, len, dir);
}

notrace void rk3588_dma_sync_for_device(struct device *dev, dma_addr_t addr,
					size_t len,
					enum dma_data_direction dir)
{
	dma_sync_single_for_device(dev, addr, len, dir);
}

bool rk3588_dma_needs_sync(const struct device *dev)
{
	return dma_dev_need_sync(dev);
}

void rk3588_dma_set_seg_boundary(struct device *dev, unsigned long mask)
{
	dma_set_seg_boundary(dev, mask);
}

u64 rk3588_dma_get_mask(struct device *dev)
{
	return dma_get_mask(dev);
}

unsigned int rk3588_dma_get_max_seg_size(struct device *dev)
{
	return dma_get_max_seg_size(dev);
}

unsigned long rk3588_dma_get_seg_boundary(struct device *dev)
{
	return dma_get_seg_boundary(dev);
}

bool rk3588_dma_is_linear(const void *cpu, size_t len)
{
	return virt_addr_valid(cpu) && virt_addr_valid(cpu + len - 1) &&
	       !object_is_on_stack(cpu);
}

bool rk3588_dma_shares_line(const void *cpu, size_t len)
{
	unsigned int line = dma_get_cache_alignment();

	/* Longer allocations are aligned, whatever their length. */
	return len && len < 2 * ARCH_DMA_MINALIGN &&
	       !IS_ALIGNED((unsigned long)cpu, line) &&
	       IS_ALIGNED(kmalloc_size_roundup(len), line);
}

bool rk3588_dma_owns_lines(phys_addr_t phys, size_t len)
{
	unsigned int line = dma_get_cache_alignment();

	return len >= 2 * ARCH_DMA_MINALIGN ||
	       (IS_ALIGNED(phys, line) &&
		IS_ALIGNED(kmalloc_size_roundup(len), line));
}

bool rk3588_dma_bounces_len(size_t len)
{
	return len < 2 * ARCH_DMA_MINALIGN &&
	       !IS_ALIGNED(kmalloc_size_roundup(len),
			   dma_get_cache_alignment());
}

notrace phys_addr_t rk3588_dma_virt_to_phys(const void *cpu)
{
#ifdef __is_lm_address
	/* On arm64, virt_to_phys() compares, too: GCC compares once. */
	bool is_linear = __is_lm_address((u64)kasan_reset_tag(cpu));
#else
	bool is_linear = !is_vmalloc_addr(cpu);
#endif

	return is_linear ? virt_to_phys(cpu) : PHYS_ADDR_MAX;
}

notrace phys_addr_t rk3588_dma_page_to_phys(const struct page *page)
{
	return page_to_phys(page);
}

void *rk3588_dma_page_address(const struct page *page)
{
	return page_address(page);
}

int rk3588_dma_page_ref_count(const struct page *page)
{
	return page_ref_count(page);
}

void rk3588_dma_get_page(struct page *page)
{
	get_page(page);
}

void rk3588_dma_put_page(struct page *page)
{
	put_page(page);
}

bool rk3588_dma_is_memory(phys_addr_t phys)
{
	unsigned long pfn = PHYS_PFN(phys);

	/* As in debug_dma_map_phys(). */
	return pfn_valid(pfn) && !PageReserved(pfn_to_page(pfn));
}

int rk3588_dma_get_cache_alignment(void)
{
	return dma_get_cache_alignment();
}

gfp_t rk3588_dma_zone(struct device *dev)
{
	u64 mask = DMA_BIT_MASK(32);

	if (dev) {
		mask = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
		if (mask >= dma_get_required_mask(dev))
			return 0;
	}
	if (IS_ENABLED(CONFIG_ZONE_DMA32) && mask >= DMA_BIT_MASK(32))
		return GFP_DMA32;
	return IS_ENABLED(CONFIG_ZONE_DMA) ? GFP_DMA : 0;
}

void *rk3588_dma_alloc_pages(size_t len, gfp_t gfp)
{
	return alloc_pages_exact(len, gfp | __GFP_ZERO | __GFP_NOWARN);
}

void rk3588_dma_set_min_align_mask(struct device *dev, unsigned int mask)
{
	dma_set_min_align_mask(dev, mask);
}

unsigned int rk3588_dma_get_min_align_mask(struct device *dev)
{
	return dma_get_min_align_mask(dev);
}

notrace void rk3588_dma_sg_assign_page(struct scatterlist *sg,
				       struct page *page, unsigned int offset)
{
	sg_assign_page(sg, page);
	sg->offset = offset;
}

notrace void rk3588_dma_sg_assign_phys(struct scatterlist *sg, phys_addr_t phys)
{
	sg_assign_page(sg, phys_to_page(phys));
	sg->offset = offset_in_page(phys);
}

void *rk3588_dma_sg_virt(struct scatterlist *sg)
{
	return sg_virt(sg);
}
