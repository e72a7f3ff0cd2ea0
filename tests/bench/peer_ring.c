// SPDX-License-Identifier: GPL-2.0
/*
 * The cycle of a receive ring as a network driver in C has it, and syncs of a
 * part of a mapping.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <net/page_pool/helpers.h>

#include "peer.h"

#define BUFFERS 64

int rk3588_dma_peer_ring(struct device *dev, void *cpu, size_t len,
			 unsigned int times)
{
	const struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = BUFFERS,
		.nid = NUMA_NO_NODE,
		.dev = dev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};
	struct page_pool *pool = page_pool_create(&params);
	dma_addr_t descriptor;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	while (times--) {
		struct page *page = page_pool_dev_alloc_pages(pool);
		dma_addr_t addr;

		if (!page)
			break;
		addr = page_pool_get_dma_addr(page);
		WRITE_ONCE(descriptor, addr);
		dma_sync_single_range_for_cpu(dev, addr, 0, len,
					      DMA_FROM_DEVICE);
		READ_ONCE(*(u8 *)page_address(page));
		page_pool_put_full_page(pool, page, true);
	}
	page_pool_destroy(pool);
	return times == -1 ? 0 : -ENOMEM;
}

int rk3588_dma_peer_range(struct device *dev, void *cpu, size_t len,
			  unsigned int times)
{
	dma_addr_t addr = dma_map_single(dev, cpu, PAGE_SIZE, DMA_FROM_DEVICE);

	if (dma_mapping_error(dev, addr))
		return -EIO;
	while (times--) {
		dma_sync_single_range_for_cpu(dev, addr, PAGE_SIZE / 2, len,
					      DMA_FROM_DEVICE);
		READ_ONCE(*((u8 *)cpu + PAGE_SIZE / 2));
	}
	dma_unmap_single(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}
