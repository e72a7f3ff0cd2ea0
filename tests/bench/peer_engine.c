// SPDX-License-Identifier: GPL-2.0
/*
 * A client of a DMA engine, to count the costs of requests to its driver.
 *
 * Its debugfs file "repeat" takes commands, most as that of rk3588_dma does:
 *
 *	copy LENGTH COUNT [FROM TO]	from and to these offsets in a page
 *	chain SEGMENTS LENGTH COUNT	SEGMENTS copies, submitted together
 *	list SEGMENTS LENGTH COUNT	scatter-gather, from memory to a device
 *	scattered SEGMENTS LENGTH COUNT	from SEGMENTS pages to SEGMENTS others
 *
 * A command makes COUNT requests, one after the other. It waits for each and
 * compares the bytes: an engine that copies less than requested would have
 * lower costs. For the device it compares the last word that was sent.
 *
 * With the parameter "count", on a machine with one CPU, it logs after each
 * "copy" and "scattered" the fewest instructions from the preparation of a
 * request to its callback:
 *
 *	peer SEGMENTS INSTRUCTIONS
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "count.h"

#define MAX_LENGTH	SZ_4M
#define MAX_SEGMENTS	1024
#define TIMEOUT		msecs_to_jiffies(5000)

static bool counting;
module_param_named(count, counting, bool, 0);
MODULE_PARM_DESC(count, "Count the instructions of requests");

/* The request that is counted. Commands are serialized. */
static struct count request;

struct peer {
	struct dma_chan *memory;
	struct dma_chan *device;
	struct dentry *folder;
	/* Memory in place of the device's data register. */
	void __iomem *data;
	resource_size_t data_at;
	/* Serializes commands. */
	struct mutex lock;
};

static void done(void *completion)
{
	count_end(&request);
	complete(completion);
}

/* Issues @last and the descriptors submitted before it, and waits for all. */
static int finish(struct dma_chan *chan, struct dma_async_tx_descriptor *last)
{
	DECLARE_COMPLETION_ONSTACK(completion);
	dma_cookie_t cookie;

	last->callback = done;
	last->callback_param = &completion;
	cookie = dmaengine_submit(last);
	if (dma_submit_error(cookie))
		return -EIO;
	dma_async_issue_pending(chan);
	/* Without the instructions that another task and an idle CPU take. */
	if (counting)
		count_wait(&request);
	if (!wait_for_completion_timeout(&completion, TIMEOUT)) {
		dmaengine_terminate_sync(chan);
		return -ETIMEDOUT;
	}
	return 0;
}

/* Copies @segments contiguous segments of @len bytes. */
static int copy(struct dma_chan *chan, void *from, void *to,
		unsigned int segments, size_t len)
{
	struct device *dev = chan->device->dev;
	struct dma_async_tx_descriptor *tx;
	dma_addr_t source, destination;
	unsigned int i;
	int ret = -EIO;

	source = dma_map_single(dev, from, segments * len, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, source))
		return -EIO;
	destination = dma_map_single(dev, to, segments * len, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, destination))
		goto unmap_source;

	count_begin(&request);
	for (i = 0; i < segments; i++) {
		bool last = i == segments - 1;

		tx = dmaengine_prep_dma_memcpy(chan, destination + i * len,
					       source + i * len, len,
					       last ? DMA_PREP_INTERRUPT : 0);
		if (!tx)
			goto unmap;
		if (!last && dma_submit_error(dmaengine_submit(tx)))
			goto unmap;
	}
	ret = finish(chan, tx);
unmap:
	if (ret)
		dmaengine_terminate_sync(chan);
	dma_unmap_single(dev, destination, segments * len, DMA_FROM_DEVICE);
unmap_source:
	dma_unmap_single(dev, source, segments * len, DMA_TO_DEVICE);
	return ret;
}

/* Logs the fewest instructions of @fewest and of the request that has ended. */
static u32 fewer(u32 fewest, unsigned int segments, bool is_last)
{
	fewest = min(fewest, request.end - request.begin);
	if (counting && is_last)
		pr_info("peer %u %u\n", segments, fewest);
	return fewest;
}

static int repeat_copies(struct peer *peer, unsigned int segments, size_t len,
			 unsigned int count, size_t from, size_t to)
{
	size_t size = segments * len;
	u8 *source, *destination;
	u32 fewest = U32_MAX;
	int ret = -ENOMEM;
	size_t i;

	source = kmalloc(from + size, GFP_KERNEL | GFP_DMA32);
	destination = kmalloc(to + size, GFP_KERNEL | GFP_DMA32);
	if (!source || !destination)
		goto free;

	/* 251 is prime: no power of two is a multiple of it. */
	for (i = 0; i < size; i++)
		source[from + i] = i % 251;
	while (count--) {
		memset(destination + to, 0xff, size);
		ret = copy(peer->memory, source + from, destination + to,
			   segments, len);
		if (!ret && memcmp(source + from, destination + to, size))
			ret = -EBADMSG;
		if (ret)
			break;
		fewest = fewer(fewest, segments, !count);
	}
free:
	kfree(destination);
	kfree(source);
	return ret;
}

/* Sends the bytes of @table to the device. */
static int send(struct dma_chan *chan, struct sg_table *table)
{
	struct dma_async_tx_descriptor *tx;
	int ret;

	ret = dma_map_sgtable(chan->device->dev, table, DMA_TO_DEVICE, 0);
	if (ret)
		return ret;
	tx = dmaengine_prep_slave_sg(chan, table->sgl, table->nents,
				     DMA_MEM_TO_DEV, DMA_PREP_INTERRUPT);
	ret = tx ? finish(chan, tx) : -EIO;
	dma_unmap_sgtable(chan->device->dev, table, DMA_TO_DEVICE, 0);
	return ret;
}

static int repeat_lists(struct peer *peer, unsigned int segments, size_t len,
			unsigned int count)
{
	struct dma_slave_config config = {
		.direction = DMA_MEM_TO_DEV,
		.dst_addr = peer->data_at,
		.dst_addr_width = DMA_SLAVE_BUSWIDTH_8_BYTES,
		.dst_maxburst = 16,
	};
	size_t words = segments * len / sizeof(u64);
	struct scatterlist *sg;
	struct sg_table table;
	u64 *source;
	int i, ret;

	source = kmalloc(segments * len, GFP_KERNEL | GFP_DMA32);
	if (!source)
		return -ENOMEM;
	ret = sg_alloc_table(&table, segments, GFP_KERNEL);
	if (ret)
		goto free;
	for_each_sgtable_sg(&table, sg, i)
		sg_set_buf(sg, (void *)source + i * len, len);

	ret = dmaengine_slave_config(peer->device, &config);
	while (!ret && count--) {
		memset64(source, count, words);
		source[words - 1] = ~(u64)count;
		writeq(0, peer->data);
		ret = send(peer->device, &table);
		if (!ret && readq(peer->data) != ~(u64)count)
			ret = -EBADMSG;
	}
	sg_free_table(&table);
free:
	kfree(source);
	return ret;
}

/* Copies from table to table with a descriptor per segment. */
static int copy_lists(struct dma_chan *chan, struct sg_table *from,
		      struct sg_table *to)
{
	struct device *dev = chan->device->dev;
	struct dma_async_tx_descriptor *tx;
	struct scatterlist *sg, *to_sg;
	int i, ret;

	ret = dma_map_sgtable(dev, from, DMA_TO_DEVICE, 0);
	if (ret)
		return ret;
	ret = dma_map_sgtable(dev, to, DMA_FROM_DEVICE, 0);
	if (ret)
		goto unmap_from;

	ret = -EIO;
	to_sg = to->sgl;
	count_begin(&request);
	for_each_sgtable_dma_sg(from, sg, i) {
		bool last = i == from->nents - 1;

		tx = dmaengine_prep_dma_memcpy(chan, sg_dma_address(to_sg),
					       sg_dma_address(sg),
					       sg_dma_len(sg),
					       last ? DMA_PREP_INTERRUPT : 0);
		if (!tx)
			goto unmap;
		if (last)
			ret = finish(chan, tx);
		else if (dma_submit_error(dmaengine_submit(tx)))
			goto unmap;
		to_sg = sg_next(to_sg);
	}
unmap:
	if (ret)
		dmaengine_terminate_sync(chan);
	dma_unmap_sgtable(dev, to, DMA_FROM_DEVICE, 0);
unmap_from:
	dma_unmap_sgtable(dev, from, DMA_TO_DEVICE, 0);
	return ret;
}

static void free_pages_of(struct sg_table *table)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(table, sg, i)
		if (sg_page(sg))
			__free_page(sg_page(sg));
	sg_free_table(table);
}

/* Allocates a table of pages, with @len bytes of each. */
static int alloc_pages_of(struct sg_table *table, unsigned int segments,
			  size_t len)
{
	struct scatterlist *sg;
	int i, ret;

	ret = sg_alloc_table(table, segments, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(table, sg, i) {
		struct page *page = alloc_page(GFP_KERNEL | GFP_DMA32);

		if (!page) {
			free_pages_of(table);
			return -ENOMEM;
		}
		sg_set_page(sg, page, len, 0);
	}
	return 0;
}

static int repeat_scattered(struct peer *peer, unsigned int segments,
			    size_t len, unsigned int count)
{
	struct sg_table source, destination;
	struct scatterlist *sg, *to_sg;
	u32 fewest = U32_MAX;
	int i, ret;

	ret = alloc_pages_of(&source, segments, len);
	if (ret)
		return ret;
	ret = alloc_pages_of(&destination, segments, len);
	if (ret)
		goto free;

	while (!ret && count--) {
		/* 251 is prime, as above. */
		for_each_sgtable_sg(&source, sg, i)
			memset(sg_virt(sg), (count + i) % 251, len);
		for_each_sgtable_sg(&destination, sg, i)
			memset(sg_virt(sg), 0xff, len);
		ret = copy_lists(peer->memory, &source, &destination);
		if (!ret)
			fewest = fewer(fewest, segments, !count);
		to_sg = destination.sgl;
		for_each_sgtable_sg(&source, sg, i) {
			if (!ret && memcmp(sg_virt(sg), sg_virt(to_sg), len))
				ret = -EBADMSG;
			to_sg = sg_next(to_sg);
		}
	}
	free_pages_of(&destination);
free:
	free_pages_of(&source);
	return ret;
}

static bool is_in_range(unsigned int segments, unsigned int len)
{
	return segments && segments <= MAX_SEGMENTS && len && !(len % 8) &&
	       len <= MAX_LENGTH / segments;
}

static int obey(struct peer *peer, const char *command)
{
	unsigned int segments, len, count, from = 0, to = 0;

	if (sscanf(command, "copy %u %u %u %u", &len, &count, &from, &to) >= 2) {
		if (!is_in_range(1, len) || from >= PAGE_SIZE || to >= PAGE_SIZE)
			return -EINVAL;
		return repeat_copies(peer, 1, len, count, from, to);
	}
	if (sscanf(command, "chain %u %u %u", &segments, &len, &count) == 3) {
		if (!is_in_range(segments, len))
			return -EINVAL;
		return repeat_copies(peer, segments, len, count, 0, 0);
	}
	if (sscanf(command, "list %u %u %u", &segments, &len, &count) == 3) {
		if (!is_in_range(segments, len))
			return -EINVAL;
		return repeat_lists(peer, segments, len, count);
	}
	if (sscanf(command, "scattered %u %u %u", &segments, &len, &count) == 3) {
		if (!is_in_range(segments, len) || len > PAGE_SIZE)
			return -EINVAL;
		return repeat_scattered(peer, segments, len, count);
	}
	return -EINVAL;
}

static ssize_t repeat_write(struct file *file, const char __user *text,
			    size_t len, loff_t *at)
{
	struct peer *peer = file->private_data;
	char command[64] = "";
	int ret;

	if (len >= sizeof(command))
		return -EINVAL;
	if (copy_from_user(command, text, len))
		return -EFAULT;

	mutex_lock(&peer->lock);
	ret = obey(peer, command);
	mutex_unlock(&peer->lock);
	return ret ?: len;
}

static const struct file_operations repeat_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = repeat_write,
};

static bool is_of_same_engine(struct dma_chan *chan, void *other)
{
	return chan->device == ((struct dma_chan *)other)->device;
}

static int peer_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct resource data;
	dma_cap_mask_t mask;
	struct peer *peer;
	int ret;

	peer = devm_kzalloc(dev, sizeof(*peer), GFP_KERNEL);
	if (!peer)
		return -ENOMEM;
	mutex_init(&peer->lock);
	if (counting) {
		ret = count_start();
		if (ret)
			return ret;
	}

	/* Not requested: the mmio-sram driver has claimed the range. */
	ret = of_address_to_resource(dev->of_node, 0, &data);
	if (ret)
		return ret;
	peer->data_at = data.start;
	peer->data = devm_ioremap(dev, data.start, resource_size(&data));
	if (!peer->data)
		return -ENOMEM;

	peer->device = dma_request_chan(dev, "data");
	if (IS_ERR(peer->device))
		return PTR_ERR(peer->device);
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	peer->memory = dma_request_channel(mask, is_of_same_engine,
					   peer->device);
	if (!peer->memory) {
		dma_release_channel(peer->device);
		return -ENODEV;
	}

	peer->folder = debugfs_create_dir("rk3588_dma_peer", NULL);
	debugfs_create_file("repeat", 0200, peer->folder, peer, &repeat_fops);
	platform_set_drvdata(pdev, peer);
	return 0;
}

static void peer_remove(struct platform_device *pdev)
{
	struct peer *peer = platform_get_drvdata(pdev);

	debugfs_remove(peer->folder);
	dma_release_channel(peer->memory);
	dma_release_channel(peer->device);
}

static const struct of_device_id peer_of_match[] = {
	{ .compatible = "rk3588-dma,peer" },
	{ }
};
MODULE_DEVICE_TABLE(of, peer_of_match);

static struct platform_driver peer_driver = {
	.probe = peer_probe,
	.remove = peer_remove,
	.driver = {
		.name = "rk3588_dma_peer",
		.of_match_table = peer_of_match,
	},
};
module_platform_driver(peer_driver);

MODULE_AUTHOR("The rk3588_dma developers");
MODULE_DESCRIPTION("Client of a DMA engine, to measure the engine's driver");
MODULE_LICENSE("GPL");
