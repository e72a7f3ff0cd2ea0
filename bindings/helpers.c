// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols for what the kernel has as macros and inline functions only.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>

#include "helpers.h"

dma_addr_t rk3588_dma_map_single(struct device *dev, void *cpu, size_t len,
				 enum dma_data_direction dir)
{
	return dma_map_single(dev, cpu, len, dir);
}

void rk3588_dma_unmap_single(struct device *dev, dma_addr_t addr, size_t len,
			     enum dma_data_direction dir)
{
	dma_unmap_single(dev, addr, len, dir);
}

int rk3588_dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	return dma_mapping_error(dev, addr);
}

void *rk3588_dma_alloc_pages(size_t len)
{
	return alloc_pages_exact(len, GFP_KERNEL | GFP_DMA32 | __GFP_ZERO | __GFP_NOWARN);
}
