/* SPDX-License-Identifier: GPL-2.0 */
/*
<<<<<<< HEAD
 * The same calls as those of the guards, in C, and the clock.
=======
 * Calls of a driver in C, with which the guards are compared, and the clock.
>>>>>>> 2650f87 (tests/bench: document each function by its action)
 */
#ifndef RK3588_DMA_PEER_H
#define RK3588_DMA_PEER_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct page;
struct sg_table;

/** Maps, syncs and unmaps @times times; -EIO if a mapping fails. */
int rk3588_dma_peer_to_device(struct device *dev, void *cpu, size_t len,
			      unsigned int times);

/** Maps, syncs and unmaps @times times; -EIO if a mapping fails. */
int rk3588_dma_peer_from_device(struct device *dev, void *cpu, size_t len,
				unsigned int times);

/** Maps, syncs and unmaps @times times; -EIO if a mapping fails. */
int rk3588_dma_peer_bidirectional(struct device *dev, void *cpu, size_t len,
				  unsigned int times);

/** Maps and unmaps without a sync, and syncs the first 64 bytes for a device. */
int rk3588_dma_peer_part(struct device *dev, void *cpu, size_t len,
			 unsigned int times);

<<<<<<< HEAD
/** Allocates a table of @count pages; NULL if that fails. */
=======
/** Returns a table of @count pages, or NULL without memory. */
>>>>>>> 2650f87 (tests/bench: document each function by its action)
struct sg_table *rk3588_dma_peer_table(struct page **pages, unsigned int count);

/** Frees a table that is not mapped. */
void rk3588_dma_peer_free_table(struct sg_table *table);

/** Maps and unmaps @times times; -EIO if a mapping fails. */
int rk3588_dma_peer_list_to_device(struct device *dev, struct sg_table *table,
				   unsigned int times);

/** Maps and unmaps @times times; -EIO if a mapping fails. */
int rk3588_dma_peer_list_from_device(struct device *dev, struct sg_table *table,
				     unsigned int times);

/** Maps and unmaps @times times; -EIO if a mapping fails. */
int rk3588_dma_peer_list_bidirectional(struct device *dev,
				       struct sg_table *table,
				       unsigned int times);

<<<<<<< HEAD
/** Maps in both directions; -EIO if that fails. */
int rk3588_dma_peer_map_list(struct device *dev, struct sg_table *table);

/** Unmaps a table that rk3588_dma_peer_map_list() mapped. */
void rk3588_dma_peer_unmap_list(struct device *dev, struct sg_table *table);

/** Syncs a part of a mapped table for the CPU and back, @times times. */
void rk3588_dma_peer_list_part(struct device *dev, struct sg_table *table,
			       size_t start, size_t len, unsigned int times);

/** Allocates and frees a table @times times; -ENOMEM if that fails. */
int rk3588_dma_peer_list_table(struct page **pages, unsigned int count,
			       unsigned int times);

/** Returns the nanoseconds of @work(@data) with interrupts disabled. */
=======
/** Maps in both directions; -EIO if this fails. */
int rk3588_dma_peer_map_list(struct device *dev, struct sg_table *table);

/** Unmaps a table that rk3588_dma_peer_map_list() has mapped. */
void rk3588_dma_peer_unmap_list(struct device *dev, struct sg_table *table);

/** Syncs a part for the CPU and for the device again, @times times. */
void rk3588_dma_peer_list_part(struct device *dev, struct sg_table *table,
			       size_t start, size_t len, unsigned int times);

/** Makes a table and frees it, @times times; -ENOMEM without memory. */
int rk3588_dma_peer_list_table(struct page **pages, unsigned int count,
			       unsigned int times);

/** Returns the nanoseconds of @work(@data), with interrupts disabled. */
>>>>>>> 2650f87 (tests/bench: document each function by its action)
u64 rk3588_dma_peer_measure(void (*work)(void *data), void *data);

#endif /* RK3588_DMA_PEER_H */
