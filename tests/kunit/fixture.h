/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the KUnit suites: a platform device to map memory for, hardware that
 * reads and writes where a mapping says, and faults.
 */
#ifndef RK3588_DMA_FIXTURE_H
#define RK3588_DMA_FIXTURE_H

#include <linux/types.h>

struct device;
struct kunit;
struct page;
struct platform_device;

/*
 * What the module parameter `leave_out` leaves out, to see the suites fail:
 * the sync on the way to the CPU, the one on the way to the device, and the one
 * in unmapping, each in the directions that have it; then the same for lists.
 */
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_FROM_DEVICE		1
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_BIDIRECTIONAL		2
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_TO_DEVICE		3
#define RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_BIDIRECTIONAL	4
#define RK3588_DMA_LEAVE_OUT_UNMAP_FROM_DEVICE			5
#define RK3588_DMA_LEAVE_OUT_UNMAP_BIDIRECTIONAL		6
#define RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_CPU_FROM_DEVICE	7
#define RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_CPU_BIDIRECTIONAL	8
#define RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_DEVICE_TO_DEVICE	9
#define RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_DEVICE_BIDIRECTIONAL	10
#define RK3588_DMA_LEAVE_OUT_LIST_UNMAP_FROM_DEVICE		11
#define RK3588_DMA_LEAVE_OUT_LIST_UNMAP_BIDIRECTIONAL		12

/** Whether the module parameter says @number. */
bool rk3588_dma_leaves_out(unsigned int number);

/** A platform device bound to a driver; unbound when the test ends. */
struct platform_device *rk3588_dma_test_device(struct kunit *test);

/**
 * Puts a bus before it on which all memory is @by bytes further on. Once, before
 * anything is mapped.
 */
int rk3588_dma_test_shift(struct platform_device *pdev, u64 by);

/** Unbinds and removes it before that. */
void rk3588_dma_test_remove(struct kunit *test, struct platform_device *pdev);

/** Writes as the device would that was told @addr. */
void rk3588_dma_test_write(struct device *dev, dma_addr_t addr,
			   const void *from, size_t len);

/** Reads as the device would that was told @addr. */
void rk3588_dma_test_read(struct device *dev, dma_addr_t addr, void *to,
			  size_t len);

/** Has the @nth allocation of this thread from now on fail; 1 is the next. */
void rk3588_dma_test_fail_allocation(unsigned int nth);

/** Whether it has. If there were not as many, none will. */
bool rk3588_dma_test_has_failed(void);

/** get_page() */
void rk3588_dma_test_get_page(struct page *page);

/** put_page() */
void rk3588_dma_test_put_page(struct page *page);

#endif /* RK3588_DMA_FIXTURE_H */
