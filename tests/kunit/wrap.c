// SPDX-License-Identifier: GPL-2.0
/*
 * Wrappers of the DMA functions that the module calls. They count the mappings
 * and syncs of test devices, and leave out the step that the module parameter
 * `leave_out` names. The code under test is the same with and without them.
 */
#include <linux/atomic.h>
#include <linux/device/devres.h>
#include <linux/dma-direct.h>
#include <linux/module.h>

#include "fixture.h"
#include "wrap.h"

static unsigned int leave_out;
module_param(leave_out, uint, 0);
MODULE_PARM_DESC(leave_out, "Step to leave out, see tests/kunit/fixture.h");

/* Counters of a test device; there are none of other devices. */
struct counters {
	atomic64_t of[RK3588_DMA_COUNTERS];
};

/* Counters of all devices together. */
static struct counters total;

static void release_counters(struct device *dev, void *counters)
{
}

int rk3588_dma_test_add_counters(struct device *dev)
{
	struct counters *counters = devres_alloc(release_counters,
						 sizeof(*counters), GFP_KERNEL);

	if (!counters)
		return -ENOMEM;
	devres_add(dev, counters);
	return 0;
}

u64 rk3588_dma_test_counter(struct device *dev, unsigned int which)
{
	struct counters *counters = &total;

	if (dev)
		counters = devres_find(dev, release_counters, NULL, NULL);
	/* Without counters a test could not fail. */
	if (WARN_ON(!counters))
		return U64_MAX;
	return atomic64_read(&counters->of[which]);
}

static void count(struct device *dev, unsigned int which, u64 by)
{
	struct counters *counters = devres_find(dev, release_counters, NULL,
						NULL);

	if (counters)
		atomic64_add(by, &counters->of[which]);
	atomic64_add(by, &total.of[which]);
}

/* Counts a mapping of @len bytes, @bounced of which are in bounce buffers. */
static void count_mapping(struct device *dev, u64 len, u64 bounced)
{
	count(dev, RK3588_DMA_COUNTER_MAPPED, 1);
	count(dev, RK3588_DMA_COUNTER_BYTES, len);
	count(dev, RK3588_DMA_COUNTER_BOUNCED, !!bounced);
	count(dev, RK3588_DMA_COUNTER_BOUNCED_BYTES, bounced);
}

/*
 * Returns true if @addr, a mapping of @phys, is in a bounce buffer. A test device
 * has no IOMMU.
 */
static bool is_bounced(struct device *dev, dma_addr_t addr, phys_addr_t phys)
{
	return addr != __phys_to_dma(dev, phys);
}

/* Returns @attrs of an unmapping, with those that leave the sync out. */
static unsigned long unmap_attrs(enum dma_data_direction dir,
				 unsigned long attrs)
{
	if ((dir == DMA_FROM_DEVICE &&
	     leave_out == RK3588_DMA_LEAVE_OUT_UNMAP_FROM_DEVICE) ||
	    (dir == DMA_BIDIRECTIONAL &&
	     leave_out == RK3588_DMA_LEAVE_OUT_UNMAP_BIDIRECTIONAL))
		attrs |= DMA_ATTR_SKIP_CPU_SYNC;
	return attrs;
}

dma_addr_t __wrap_dma_map_phys(struct device *dev, phys_addr_t phys, size_t len,
			       enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = __real_dma_map_phys(dev, phys, len, dir, attrs);

	/* The caller calls dma_mapping_error(), which DMA-API debug watches. */
	if (addr != DMA_MAPPING_ERROR)
		count_mapping(dev, len, is_bounced(dev, addr, phys) ? len : 0);
	return addr;
}

void __wrap_dma_unmap_phys(struct device *dev, dma_addr_t addr, size_t len,
			   enum dma_data_direction dir, unsigned long attrs)
{
	__real_dma_unmap_phys(dev, addr, len, dir, unmap_attrs(dir, attrs));
	count(dev, RK3588_DMA_COUNTER_UNMAPPED, 1);
}

dma_addr_t __wrap_dma_map_resource(struct device *dev, phys_addr_t phys,
				   size_t len, enum dma_data_direction dir,
				   unsigned long attrs)
{
	dma_addr_t addr = __real_dma_map_resource(dev, phys, len, dir, attrs);

	if (addr != DMA_MAPPING_ERROR)
		count_mapping(dev, len, 0);
	return addr;
}

void __wrap_dma_unmap_resource(struct device *dev, dma_addr_t addr, size_t len,
			       enum dma_data_direction dir, unsigned long attrs)
{
	__real_dma_unmap_resource(dev, addr, len, dir, attrs);
	count(dev, RK3588_DMA_COUNTER_UNMAPPED, 1);
}

int __wrap_dma_map_sgtable(struct device *dev, struct sg_table *table,
			   enum dma_data_direction dir, unsigned long attrs)
{
	int result = __real_dma_map_sgtable(dev, table, dir, attrs);
	struct scatterlist *sg;
	u64 len = 0, bounced = 0;
	int i;

	if (result)
		return result;
	/* Without an IOMMU no entries are merged. */
	for_each_sgtable_sg(table, sg, i) {
		len += sg->length;
		if (is_bounced(dev, sg_dma_address(sg), sg_phys(sg)))
			bounced += sg->length;
	}
	count_mapping(dev, len, bounced);
	return 0;
}

void __wrap_dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sgl,
			       int nents, enum dma_data_direction dir,
			       unsigned long attrs)
{
	__real_dma_unmap_sg_attrs(dev, sgl, nents, dir,
				  unmap_attrs(dir, attrs));
	count(dev, RK3588_DMA_COUNTER_UNMAPPED, 1);
}

void __wrap_rk3588_dma_sync_for_cpu(struct device *dev, dma_addr_t addr,
				    size_t len, enum dma_data_direction dir)
{
	if ((dir == DMA_FROM_DEVICE &&
	     leave_out == RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_FROM_DEVICE) ||
	    (dir == DMA_BIDIRECTIONAL &&
	     leave_out == RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_BIDIRECTIONAL))
		return;
	__real_rk3588_dma_sync_for_cpu(dev, addr, len, dir);
	count(dev, RK3588_DMA_COUNTER_SYNCS_FOR_CPU, 1);
}

void __wrap_rk3588_dma_sync_for_device(struct device *dev, dma_addr_t addr,
				       size_t len, enum dma_data_direction dir)
{
	if ((dir == DMA_TO_DEVICE &&
	     leave_out == RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_TO_DEVICE) ||
	    (dir == DMA_BIDIRECTIONAL &&
	     leave_out == RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_BIDIRECTIONAL))
		return;
	__real_rk3588_dma_sync_for_device(dev, addr, len, dir);
	count(dev, RK3588_DMA_COUNTER_SYNCS_FOR_DEVICE, 1);
}
