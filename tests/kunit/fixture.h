/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture of the KUnit suites: a platform device to map memory for, hardware
 * that reads and writes at bus addresses, and allocations that fail.
 */
#ifndef RK3588_DMA_FIXTURE_H
#define RK3588_DMA_FIXTURE_H

#include <linux/types.h>

struct device;
struct kunit;
struct page;
struct platform_device;

/*
 * Steps that the module parameter `leave_out` leaves out, so that suites fail:
 * syncs for the CPU, for the device and in unmapping, each in the directions that
 * have it.
 */
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_FROM_DEVICE		1
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_BIDIRECTIONAL		2
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_TO_DEVICE		3
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_BIDIRECTIONAL	4
#define RK3588_DMA_LEAVE_OUT_UNMAP_FROM_DEVICE			5
#define RK3588_DMA_LEAVE_OUT_UNMAP_BIDIRECTIONAL		6

/*
 * Counters of a test device: mappings, where a list is one; unmappings; mapped
 * bytes, padding included; mappings with bytes in bounce buffers, and their bytes;
 * syncs, without those in mapping and unmapping.
 */
#define RK3588_DMA_COUNTER_MAPPED		0
#define RK3588_DMA_COUNTER_UNMAPPED		1
#define RK3588_DMA_COUNTER_BYTES		2
#define RK3588_DMA_COUNTER_BOUNCED		3
#define RK3588_DMA_COUNTER_BOUNCED_BYTES	4
#define RK3588_DMA_COUNTER_SYNCS_FOR_CPU	5
#define RK3588_DMA_COUNTER_SYNCS_FOR_DEVICE	6
#define RK3588_DMA_COUNTERS			7

/**
 * Returns the counter @which of a test device; of all devices together if @dev is
 * NULL, also while one is unbound.
 */
u64 rk3588_dma_test_counter(struct device *dev, unsigned int which);

/** Adds a platform device bound to a driver, until the test ends; or NULL. */
struct platform_device *rk3588_dma_test_device(struct kunit *test);

/**
 * Adds @by to all bus addresses of the device. To be called once, before the
 * first mapping.
 */
int rk3588_dma_test_shift(struct platform_device *pdev, u64 by);

/** True if the machine has the controllers of an RK3588. */
bool rk3588_dma_test_has_controllers(void);

/**
 * Makes a device with the registers and the clock of a controller that no driver
 * is bound to. @index counts the nodes of the device tree for C's driver.
 */
struct platform_device *rk3588_dma_test_controller(struct kunit *test,
						   unsigned int index);

/**
 * Adds a device with the device tree node at @path, until the test ends. Returns
 * NULL if there is no such node.
 */
struct platform_device *rk3588_dma_test_node(struct kunit *test,
					     const char *path);

/** Unbinds and removes the device before the test ends. */
void rk3588_dma_test_remove(struct kunit *test, struct platform_device *pdev);

/** Writes to memory as a device with the bus address @addr would. */
void rk3588_dma_test_write(struct device *dev, dma_addr_t addr,
			   const void *from, size_t len);

/** Reads memory as a device with the bus address @addr would. */
void rk3588_dma_test_read(struct device *dev, dma_addr_t addr, void *to,
			  size_t len);

/** Makes this thread's @nth allocation from now fail; 1 is the next. */
void rk3588_dma_test_fail_allocation(unsigned int nth);

/** Returns true if it has failed. Otherwise no allocation will fail. */
bool rk3588_dma_test_has_failed(void);

/** Returns the number of lines in the kernel log that contain @text. */
unsigned int rk3588_dma_test_count_logged(const char *text);

/** Calls get_page(). */
void rk3588_dma_test_get_page(struct page *page);

/** Calls put_page(). */
void rk3588_dma_test_put_page(struct page *page);

#endif /* RK3588_DMA_FIXTURE_H */
