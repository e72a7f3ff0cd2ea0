/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Macros and inline functions of the kernel that mappings and lists need.
 *
 * bindgen turns this header into Rust declarations when the module is built;
 * helpers.c gives each of them a symbol.
 */
#ifndef RK3588_DMA_HELPERS_H
#define RK3588_DMA_HELPERS_H

#include <linux/dma-mapping.h>
#include <linux/mm_types.h>
#include <linux/scatterlist.h>

/** dma_mapping_error(): 0, or -ENOMEM when @addr is no mapping. */
int rk3588_dma_mapping_error(struct device *dev, dma_addr_t addr);

/** dma_sync_single_for_cpu(), for a part of a mapping, too. */
void rk3588_dma_sync_for_cpu(struct device *dev, dma_addr_t addr, size_t len,
			     enum dma_data_direction dir);

/** dma_sync_single_for_device(), for a part of a mapping, too. */
void rk3588_dma_sync_for_device(struct device *dev, dma_addr_t addr,
				size_t len, enum dma_data_direction dir);

/** dma_dev_need_sync(): returns true if syncs for @dev do anything. */
bool rk3588_dma_needs_sync(const struct device *dev);

/** dma_set_seg_boundary(). */
void rk3588_dma_set_seg_boundary(struct device *dev, unsigned long mask);

/** dma_get_mask(). */
u64 rk3588_dma_get_mask(struct device *dev);

/** dma_get_max_seg_size(), in bytes. */
unsigned int rk3588_dma_get_max_seg_size(struct device *dev);

/** dma_get_seg_boundary(). */
unsigned long rk3588_dma_get_seg_boundary(struct device *dev);

/** Returns true if all of these bytes are in the kernel's linear map. */
bool rk3588_dma_is_linear(const void *cpu, size_t len);

/**
 * Returns true if memory of kmalloc() begins in a cache line that may have other
 * data, and dma_kmalloc_needs_bounce(), which compares only @len, returns false.
 */
bool rk3588_dma_shares_line(const void *cpu, size_t len);

/**
 * Returns true if memory of kmalloc() shares no cache line with other data: long
 * allocations are aligned, short ones may be.
 */
bool rk3588_dma_owns_lines(phys_addr_t phys, size_t len);

/**
 * Returns true if memory of this length that a device writes is bounced, as by
 * dma_kmalloc_needs_bounce(): memory of kmalloc() may share cache lines.
 */
bool rk3588_dma_bounces_len(size_t len);

/**
 * virt_to_phys(), or PHYS_ADDR_MAX for an address outside the linear map. Other
 * architectures than arm64 recognize vmalloc memory only.
 */
phys_addr_t rk3588_dma_virt_to_phys(const void *cpu);

/** page_to_phys(). */
phys_addr_t rk3588_dma_page_to_phys(const struct page *page);

/** page_address(), for a page that is always mapped. */
void *rk3588_dma_page_address(const struct page *page);

/** page_ref_count(). */
int rk3588_dma_page_ref_count(const struct page *page);

/** get_page(). */
void rk3588_dma_get_page(struct page *page);

/** put_page(). */
void rk3588_dma_put_page(struct page *page);

/** Returns true if @phys is the address of memory that the kernel uses. */
bool rk3588_dma_is_memory(phys_addr_t phys);

/** dma_get_cache_alignment(). */
int rk3588_dma_get_cache_alignment(void);

/**
 * Returns the flag of the zone whose pages @dev can address, or 0. Without @dev:
 * of the zone below 4 GiB.
 */
gfp_t rk3588_dma_zone(struct device *dev);

/** alloc_pages_exact(): zeroed pages, or NULL. */
void *rk3588_dma_alloc_pages(size_t len, gfp_t gfp);

/** dma_set_min_align_mask(). */
void rk3588_dma_set_min_align_mask(struct device *dev, unsigned int mask);

/** dma_get_min_align_mask(). */
unsigned int rk3588_dma_get_min_align_mask(struct device *dev);

/** sg_set_page() without a length. */
void rk3588_dma_sg_assign_page(struct scatterlist *sg, struct page *page,
			       unsigned int offset);

/** The same for memory at @phys, which has pages. */
void rk3588_dma_sg_assign_phys(struct scatterlist *sg, phys_addr_t phys);

/** sg_virt(). */
void *rk3588_dma_sg_virt(struct scatterlist *sg);

#endif /* RK3588_DMA_HELPERS_H */
