/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of a driver in C, with which the guards are compared, and the clock.
 * A function with @times repeats its work that number of times.
 */
#ifndef RK3588_DMA_PEER_H
#define RK3588_DMA_PEER_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct page;
struct rk3588_dma_peer_ring;
struct sg_table;

/** Maps, syncs for the device and unmaps; -EIO if a mapping fails. */
int rk3588_dma_peer_to_device(struct device *dev, void *cpu, size_t len,
			      unsigned int times);

/** Maps, syncs for the CPU and unmaps; -EIO if a mapping fails. */
int rk3588_dma_peer_from_device(struct device *dev, void *cpu, size_t len,
				unsigned int times);

/** Maps, syncs for both and unmaps; -EIO if a mapping fails. */
int rk3588_dma_peer_bidirectional(struct device *dev, void *cpu, size_t len,
				  unsigned int times);

/**
 * Maps without a sync, syncs the first 64 bytes for the device and unmaps
 * without a sync; -EIO if a mapping fails.
 */
int rk3588_dma_peer_part(struct device *dev, void *cpu, size_t len,
			 unsigned int times);

/**
 * Makes a page pool for @buffers pages, and maps @page; NULL if this fails. The
 * page must stay valid until rk3588_dma_peer_ring_free().
 */
struct rk3588_dma_peer_ring *rk3588_dma_peer_ring_new(struct device *dev,
						      void *page,
						      unsigned int buffers);

/** Destroys the pool, and unmaps the page. */
void rk3588_dma_peer_ring_free(struct rk3588_dma_peer_ring *ring);

/** Receives frames of @len bytes into pages of the pool; -ENOMEM without pages. */
int rk3588_dma_peer_receive(struct rk3588_dma_peer_ring *ring, size_t len,
			    unsigned int times);

/** Syncs @len bytes of the second half of the mapped page for the CPU. */
int rk3588_dma_peer_range(struct rk3588_dma_peer_ring *ring, size_t len,
			  unsigned int times);

/** Returns a table of @count pages, or NULL without memory. */
struct sg_table *rk3588_dma_peer_table(struct page **pages, unsigned int count);

/** Frees a table that is not mapped. */
void rk3588_dma_peer_free_table(struct sg_table *table);

/** Maps for the device and unmaps; -EIO if a mapping fails. */
int rk3588_dma_peer_list_to_device(struct device *dev, struct sg_table *table,
				   unsigned int times);

/** Maps from the device and unmaps; -EIO if a mapping fails. */
int rk3588_dma_peer_list_from_device(struct device *dev, struct sg_table *table,
				     unsigned int times);

/** Maps in both directions and unmaps; -EIO if a mapping fails. */
int rk3588_dma_peer_list_bidirectional(struct device *dev,
				       struct sg_table *table,
				       unsigned int times);

/** Maps in both directions; -EIO if this fails. */
int rk3588_dma_peer_map_list(struct device *dev, struct sg_table *table);

/** Unmaps a table that rk3588_dma_peer_map_list() has mapped. */
void rk3588_dma_peer_unmap_list(struct device *dev, struct sg_table *table);

/** Syncs a part of a mapped table for the CPU and for the device. */
void rk3588_dma_peer_list_part(struct device *dev, struct sg_table *table,
			       size_t start, size_t len, unsigned int times);

/** Makes a table and frees it; -ENOMEM without memory. */
int rk3588_dma_peer_list_table(struct page **pages, unsigned int count,
			       unsigned int times);

/** Returns the nanoseconds of @work(@data), with interrupts disabled. */
u64 rk3588_dma_peer_measure(void (*work)(void *data), void *data);

#endif /* RK3588_DMA_PEER_H */
