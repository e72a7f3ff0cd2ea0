// SPDX-License-Identifier: GPL-2.0
/*
 * The C side of the KUnit fixture: see fixture.h and fixture.rs.
 */
#include <linux/dma-direct.h>
#include <linux/io.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#include <linux/pm_clock.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kunit/platform_device.h>
#include <kunit/test.h>

#include "fixture.h"
#include "wrap.h"

static int test_probe(struct platform_device *pdev)
{
	return rk3588_dma_test_add_counters(&pdev->dev);
}

/* As the driver's, for controllers. */
static const struct dev_pm_ops test_pm_ops = {
	RUNTIME_PM_OPS(pm_clk_suspend, pm_clk_resume, NULL)
};

static struct platform_driver test_driver = {
	.probe = test_probe,
	.driver = {
		.name = "rk3588_dma_test",
		.pm = &test_pm_ops,
	},
};

static struct platform_device *alloc_device(struct kunit *test)
{
	/* A test may have several devices, but the driver is registered once. */
	if (!driver_find(test_driver.driver.name, &platform_bus_type) &&
	    kunit_platform_driver_register(test, &test_driver))
		return NULL;
	return kunit_platform_device_alloc(test, test_driver.driver.name,
					   PLATFORM_DEVID_AUTO);
}

static struct platform_device *add_device(struct kunit *test,
					  struct platform_device *pdev)
{
	/* The driver is registered and does not probe asynchronously. */
	if (kunit_platform_device_add(test, pdev) ||
	    !device_is_bound(&pdev->dev))
		return NULL;
	return pdev;
}

struct platform_device *rk3588_dma_test_device(struct kunit *test)
{
	struct platform_device *pdev = alloc_device(test);

	return pdev ? add_device(test, pdev) : NULL;
}

bool rk3588_dma_test_has_controllers(void)
{
	return of_machine_is_compatible("rockchip,rk3588");
}

struct platform_device *rk3588_dma_test_controller(struct kunit *test,
						   unsigned int index)
{
	struct platform_device *pdev = alloc_device(test);
	struct device_node *node;
	struct resource registers;

	if (!pdev)
		return NULL;
	for_each_compatible_node(node, NULL, "arm,pl330")
		if (!index--)
			break;
	if (!node)
		return NULL;
	/* The device keeps the reference, and shares the node with another. */
	device_set_node(&pdev->dev, of_fwnode_handle(node));
	dev_set_of_node_reused(&pdev->dev);
	if (!add_device(test, pdev))
		return NULL;
	/*
	 * Now, so that they are not put into the tree of resources, where those
	 * of the other device are.
	 */
	if (of_address_to_resource(node, 0, &registers) ||
	    platform_device_add_resources(pdev, &registers, 1))
		return NULL;
	return pdev;
}

struct platform_device *rk3588_dma_test_node(struct kunit *test,
					     const char *path)
{
	struct platform_device *pdev = alloc_device(test);
	struct device_node *node = of_find_node_by_path(path);

	if (!pdev || !node)
		return NULL;
	/* As above. */
	device_set_node(&pdev->dev, of_fwnode_handle(node));
	dev_set_of_node_reused(&pdev->dev);
	return add_device(test, pdev);
}

int rk3588_dma_test_shift(struct platform_device *pdev, u64 by)
{
	/* Same as dma_direct_set_offset(), which modules cannot call. */
	struct bus_dma_region *map = kcalloc(2, sizeof(*map), GFP_KERNEL);

	if (!map)
		return -ENOMEM;
	map[0].dma_start = by;
	map[0].size = 1ULL << 40;
	/* Freed when the device is unbound. */
	pdev->dev.dma_range_map = map;
	return 0;
}

void rk3588_dma_test_remove(struct kunit *test, struct platform_device *pdev)
{
	kunit_platform_device_unregister(test, pdev);
}

/*
 * Returns the memory at a bus address. The test device has no IOMMU.
 */
static void *memory_at(struct device *dev, dma_addr_t addr)
{
	return phys_to_virt(dma_to_phys(dev, addr));
}

void rk3588_dma_test_write(struct device *dev, dma_addr_t addr,
			   const void *from, size_t len)
{
	memcpy(memory_at(dev, addr), from, len);
}

void rk3588_dma_test_read(struct device *dev, dma_addr_t addr, void *to,
			  size_t len)
{
	memcpy(to, memory_at(dev, addr), len);
}

void rk3588_dma_test_fail_allocation(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, nth);
#endif
}

bool rk3588_dma_test_has_failed(void)
{
#ifdef CONFIG_FAULT_INJECTION
	bool failed = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return failed;
#else
	return false;
#endif
}

unsigned int rk3588_dma_test_count_logged(const char *text)
{
	struct kmsg_dump_iter iter;
	unsigned int count = 0;
	char line[256];
	size_t len;

	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line), &len))
		count += !!strnstr(line, text, len);
	return count;
}

void rk3588_dma_test_get_page(struct page *page)
{
	get_page(page);
}

void rk3588_dma_test_put_page(struct page *page)
{
	put_page(page);
}
