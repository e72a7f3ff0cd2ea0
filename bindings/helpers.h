/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel offers to C drivers as macros and inline functions only.
 *
 * bindgen turns this header into Rust declarations when the module is built;
 * helpers.c gives each of them a symbol.
 */
#ifndef RK3588_DMA_HELPERS_H
#define RK3588_DMA_HELPERS_H

#include <linux/dma-mapping.h>

/** dma_map_single(): the address, or one that the check below recognises. */
dma_addr_t rk3588_dma_map_single(struct device *dev, void *cpu, size_t len,
				 enum dma_data_direction dir);

/** dma_unmap_single(), with exactly the arguments of the mapping. */
void rk3588_dma_unmap_single(struct device *dev, dma_addr_t addr, size_t len,
			     enum dma_data_direction dir);

/** dma_mapping_error(): 0, or -ENOMEM when @addr is no mapping. */
int rk3588_dma_mapping_error(struct device *dev, dma_addr_t addr);

/** alloc_pages_exact(): zeroed pages below 4 GiB, or NULL. */
void *rk3588_dma_alloc_pages(size_t len);

#endif /* RK3588_DMA_HELPERS_H */
