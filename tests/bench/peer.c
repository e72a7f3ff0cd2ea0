// SPDX-License-Identifier: GPL-2.0
/*
 * Calls with which a driver in C does the same as main.rs with guards.
 */
#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "peer.h"

static __always_inline int peer(struct device *dev, void *cpu, size_t len,
				enum dma_data_direction dir,
				unsigned int times)
{
	while (times--) {
		dma_addr_t addr = dma_map_single(dev, cpu, len, dir);

		if (dma_mapping_error(dev, addr))
			return -EIO;
		if (dir != DMA_TO_DEVICE)
			dma_sync_single_for_cpu(dev, addr, len, dir);
		if (dir != DMA_FROM_DEVICE)
			dma_sync_single_for_device(dev, addr, len, dir);
		dma_unmap_single(dev, addr, len, dir);
	}
	return 0;
}

int rk3588_dma_peer_to_device(struct device *dev, void *cpu, size_t len,
			      unsigned int times)
{
	return peer(dev, cpu, len, DMA_TO_DEVICE, times);
}

int rk3588_dma_peer_from_device(struct device *dev, void *cpu, size_t len,
				unsigned int times)
{
	return peer(dev, cpu, len, DMA_FROM_DEVICE, times);
}

int rk3588_dma_peer_bidirectional(struct device *dev, void *cpu, size_t len,
				  unsigned int times)
{
	return peer(dev, cpu, len, DMA_BIDIRECTIONAL, times);
}

int rk3588_dma_peer_part(struct device *dev, void *cpu, size_t len,
			 unsigned int times)
{
	while (times--) {
		dma_addr_t addr = dma_map_single_attrs(dev, cpu, len,
						       DMA_TO_DEVICE,
						       DMA_ATTR_SKIP_CPU_SYNC);

		if (dma_mapping_error(dev, addr))
			return -EIO;
		dma_sync_single_range_for_device(dev, addr, 0, 64,
						 DMA_TO_DEVICE);
		dma_unmap_single_attrs(dev, addr, len, DMA_TO_DEVICE,
				       DMA_ATTR_SKIP_CPU_SYNC);
	}
	return 0;
}

struct sg_table *rk3588_dma_peer_table(struct page **pages, unsigned int count)
{
	struct sg_table *table = kmalloc_obj(*table);

	if (table && sg_alloc_table_from_pages(table, pages, count, 0,
					       count * PAGE_SIZE, GFP_KERNEL)) {
		kfree(table);
		return NULL;
	}
	return table;
}

void rk3588_dma_peer_free_table(struct sg_table *table)
{
	sg_free_table(table);
	kfree(table);
}

static __always_inline int peer_list(struct device *dev, struct sg_table *table,
				     enum dma_data_direction dir,
				     unsigned int times)
{
	while (times--) {
		if (dma_map_sgtable(dev, table, dir, 0))
			return -EIO;
		dma_unmap_sgtable(dev, table, dir, 0);
	}
	return 0;
}

int rk3588_dma_peer_list_to_device(struct device *dev, struct sg_table *table,
				   unsigned int times)
{
	return peer_list(dev, table, DMA_TO_DEVICE, times);
}

int rk3588_dma_peer_list_from_device(struct device *dev, struct sg_table *table,
				     unsigned int times)
{
	return peer_list(dev, table, DMA_FROM_DEVICE, times);
}

int rk3588_dma_peer_list_bidirectional(struct device *dev,
				       struct sg_table *table,
				       unsigned int times)
{
	return peer_list(dev, table, DMA_BIDIRECTIONAL, times);
}

int rk3588_dma_peer_map_list(struct device *dev, struct sg_table *table)
{
	return dma_map_sgtable(dev, table, DMA_BIDIRECTIONAL, 0) ? -EIO : 0;
}

void rk3588_dma_peer_unmap_list(struct device *dev, struct sg_table *table)
{
	dma_unmap_sgtable(dev, table, DMA_BIDIRECTIONAL, 0);
}

/* Syncs a part, with a call for each range within one entry and one segment. */
static __always_inline void sync_part(struct device *dev,
				      struct sg_table *table, size_t start,
				      size_t len, bool is_for_cpu)
{
	struct scatterlist *entry = table->sgl, *segment = table->sgl;
	size_t in_entry = start, in_segment = start;

	while (len) {
		dma_addr_t addr;
		size_t here;

		while (in_entry >= entry->length) {
			in_entry -= entry->length;
			entry = sg_next(entry);
		}
		while (in_segment >= sg_dma_len(segment)) {
			in_segment -= sg_dma_len(segment);
			segment = sg_next(segment);
		}
		here = min3(len, entry->length - in_entry,
			    sg_dma_len(segment) - in_segment);
		addr = sg_dma_address(segment) + in_segment;
		if (is_for_cpu)
			dma_sync_single_for_cpu(dev, addr, here,
						DMA_BIDIRECTIONAL);
		else
			dma_sync_single_for_device(dev, addr, here,
						   DMA_BIDIRECTIONAL);
		in_entry += here;
		in_segment += here;
		len -= here;
	}
}

void rk3588_dma_peer_list_part(struct device *dev, struct sg_table *table,
			       size_t start, size_t len, unsigned int times)
{
	while (times--) {
		sync_part(dev, table, start, len, true);
		sync_part(dev, table, start, len, false);
	}
}

int rk3588_dma_peer_list_table(struct page **pages, unsigned int count,
			       unsigned int times)
{
	while (times--) {
		struct sg_table table;

		if (sg_alloc_table_from_pages(&table, pages, count, 0,
					      count * PAGE_SIZE, GFP_NOWAIT))
			return -ENOMEM;
		sg_free_table(&table);
	}
	return 0;
}

u64 rk3588_dma_peer_measure(void (*work)(void *data), void *data)
{
	unsigned long flags;
	u64 start, end;

	local_irq_save(flags);
	start = ktime_get_ns();
	work(data);
	end = ktime_get_ns();
	local_irq_restore(flags);
	return end - start;
}
