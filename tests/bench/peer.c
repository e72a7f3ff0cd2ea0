// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that a driver in C makes for what main.rs does with guards.
 */
#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
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
