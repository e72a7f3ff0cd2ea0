/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guards are compared with, and the clock.
 */
#ifndef RK3588_DMA_PEER_H
#define RK3588_DMA_PEER_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;

/** Maps, syncs and unmaps so many times; -EIO if a mapping fails. */
int rk3588_dma_peer_to_device(struct device *dev, void *cpu, size_t len,
			      unsigned int times);

/** Maps, syncs and unmaps so many times; -EIO if a mapping fails. */
int rk3588_dma_peer_from_device(struct device *dev, void *cpu, size_t len,
				unsigned int times);

/** Maps, syncs and unmaps so many times; -EIO if a mapping fails. */
int rk3588_dma_peer_bidirectional(struct device *dev, void *cpu, size_t len,
				  unsigned int times);

/** Maps and unmaps without a sync, and syncs the first 64 bytes for a device. */
int rk3588_dma_peer_part(struct device *dev, void *cpu, size_t len,
			 unsigned int times);

/** Nanoseconds that @work(@data) takes, without interrupts. */
u64 rk3588_dma_peer_measure(void (*work)(void *data), void *data);

#endif /* RK3588_DMA_PEER_H */
