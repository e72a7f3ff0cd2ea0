/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names that the linker's option --wrap gives to the DMA functions: calls of the
 * module go to __wrap_*, which calls the function as __real_*.
 */
#ifndef RK3588_DMA_WRAP_H
#define RK3588_DMA_WRAP_H

#include <linux/dma-mapping.h>

/* Adds counters to the device, at 0, until it is unbound. May sleep. */
int rk3588_dma_test_add_counters(struct device *dev);

dma_addr_t __wrap_dma_map_phys(struct device *dev, phys_addr_t phys, size_t len,
			       enum dma_data_direction dir,
			       unsigned long attrs);
dma_addr_t __real_dma_map_phys(struct device *dev, phys_addr_t phys, size_t len,
			       enum dma_data_direction dir,
			       unsigned long attrs);

void __wrap_dma_unmap_phys(struct device *dev, dma_addr_t addr, size_t len,
			   enum dma_data_direction dir, unsigned long attrs);
void __real_dma_unmap_phys(struct device *dev, dma_addr_t addr, size_t len,
			   enum dma_data_direction dir, unsigned long attrs);

dma_addr_t __wrap_dma_map_resource(struct device *dev, phys_addr_t phys,
				   size_t len, enum dma_data_direction dir,
				   unsigned long attrs);
dma_addr_t __real_dma_map_resource(struct device *dev, phys_addr_t phys,
				   size_t len, enum dma_data_direction dir,
				   unsigned long attrs);

void __wrap_dma_unmap_resource(struct device *dev, dma_addr_t addr, size_t len,
			       enum dma_data_direction dir,
			       unsigned long attrs);
void __real_dma_unmap_resource(struct device *dev, dma_addr_t addr, size_t len,
			       enum dma_data_direction dir,
			       unsigned long attrs);

int __wrap_dma_map_sgtable(struct device *dev, struct sg_table *table,
			   enum dma_data_direction dir, unsigned long attrs);
int __real_dma_map_sgtable(struct device *dev, struct sg_table *table,
			   enum dma_data_direction dir, unsigned long attrs);

/* Called by dma_unmap_sgtable(), an inline function. */
void __wrap_dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sgl,
			       int nents, enum dma_data_direction dir,
			       unsigned long attrs);
void __real_dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sgl,
			       int nents, enum dma_data_direction dir,
			       unsigned long attrs);

/* The helpers for dma_sync_single_for_cpu() and dma_sync_single_for_device(). */
void __wrap_rk3588_dma_sync_for_cpu(struct device *dev, dma_addr_t addr,
				    size_t len, enum dma_data_direction dir);
void __real_rk3588_dma_sync_for_cpu(struct device *dev, dma_addr_t addr,
				    size_t len, enum dma_data_direction dir);
void __wrap_rk3588_dma_sync_for_device(struct device *dev, dma_addr_t addr,
				       size_t len,
				       enum dma_data_direction dir);
void __real_rk3588_dma_sync_for_device(struct device *dev, dma_addr_t addr,
				       size_t len,
				       enum dma_data_direction dir);

#endif /* RK3588_DMA_WRAP_H */
