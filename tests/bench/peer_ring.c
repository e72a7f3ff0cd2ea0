// SPDX-License-Identifier: GPL-2.0
/*
 * The cycle of a receive ring as a network driver in C has it, and syncs of a
 * part of a mapping.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <net/page_pool/helpers.h>

#include "peer.h"

struct rk3588_dma_peer_ring {
	struct device *dev;
	struct page_pool *pool;
	void *page;
	dma_addr_t addr;
};

int rk3588_dma_peer_receive(struct rk3588_dma_peer_ring *ring, size_t len,
			    unsigned int times)
{
	dma_addr_t descriptor;

	while (times--) {
		struct page *page = page_pool_dev_alloc_pages(ring->pool);
		dma_addr_t addr;

		if (!page)
			return -ENOMEM;
		addr = page_pool_get_dma_addr(page);
		WRITE_ONCE(descriptor, addr);
		dma_sync_single_range_for_cpu(ring->dev, addr, 0, len,
					      DMA_FROM_DEVICE);
		READ_ONCE(*(u8 *)page_address(page));
		page_pool_put_page(ring->pool, page, len, true);
	}
	return 0;
}

int rk3588_dma_peer_range(struct rk3588_dma_peer_ring *ring, size_t len,
			  unsigned int times)
{
	while (times--) {
		dma_sync_single_range_for_cpu(ring->dev, ring->addr,
					      PAGE_SIZE / 2, len,
					      DMA_FROM_DEVICE);
		READ_ONCE(*((u8 *)ring->page + PAGE_SIZE / 2));
	}
	return 0;
}

struct rk3588_dma_peer_ring *rk3588_dma_peer_ring_new(struct device *dev,
						      void *page,
						      unsigned int buffers)
{
	const struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = buffers,
		.nid = NUMA_NO_NODE,
		.dev = dev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};
	struct rk3588_dma_peer_ring *ring = kmalloc_obj(*ring);

	if (!ring)
		return NULL;
	ring->dev = dev;
	ring->page = page;
	ring->addr = dma_map_single(dev, page, PAGE_SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, ring->addr))
		goto free;
	ring->pool = page_pool_create(&params);
	if (IS_ERR(ring->pool))
		goto unmap;
	return ring;

unmap:
	dma_unmap_single(dev, ring->addr, PAGE_SIZE, DMA_FROM_DEVICE);
free:
	kfree(ring);
	return NULL;
}

void rk3588_dma_peer_ring_free(struct rk3588_dma_peer_ring *ring)
{
	page_pool_destroy(ring->pool);
	dma_unmap_single(ring->dev, ring->addr, PAGE_SIZE, DMA_FROM_DEVICE);
	kfree(ring);
}
