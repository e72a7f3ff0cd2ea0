// SPDX-License-Identifier: GPL-2.0
/*
 * The longest sections of the engine with interrupts disabled, see sections.h.
 */
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/minmax.h>

#include "count.h"
#include "sections.h"

#define PLACES		64
#define HANDLERS	2
/* Offset of DBGCMD, whose writes start programs, in the registers. */
#define DBGCMD		0xd04
#define REGISTERS	SZ_4K

/* A function with sections, by its address. */
static struct place {
	unsigned long address;
	u32 longest;
} places[PLACES];

/* Handlers that the engine has registered. */
static struct {
	irq_handler_t handler;
	void *cookie;
} handlers[HANDLERS];

/* False while requests are counted, to which this would add. */
static bool recording;

/* Of the section that has begun; a section may contain others. */
static unsigned int depth;
static u32 begun;
static unsigned long place;

/* Count at which an interrupt handler was called, while it runs. */
static u32 called;
static bool in_handler;

/* Instructions from there to the start of the next program. */
static u32 longest_idle;

static struct count request;

static void begin(unsigned long address)
{
	if (!recording || depth++)
		return;
	place = address;
	begun = count_now();
}

static void end(void)
{
	u32 instructions;
	unsigned int i;

	if (!recording || --depth)
		return;
	instructions = count_now() - begun;
	for (i = 0; i < PLACES; i++) {
		if (!places[i].address)
			places[i].address = place;
		if (places[i].address == place) {
			places[i].longest = max(places[i].longest, instructions);
			return;
		}
	}
	WARN_ONCE(1, "more than %u places\n", PLACES);
}

void __wrap_rust_helper_spin_lock_irq_disable(spinlock_t *lock)
{
	__real_rust_helper_spin_lock_irq_disable(lock);
	begin(_RET_IP_);
}

void __wrap_rust_helper_spin_unlock_irq_enable(spinlock_t *lock)
{
	end();
	__real_rust_helper_spin_unlock_irq_enable(lock);
}

static irqreturn_t handle(int irq, void *cookie)
{
	irqreturn_t ret = IRQ_NONE;
	unsigned int i;

	for (i = 0; i < HANDLERS; i++) {
		if (handlers[i].cookie != cookie)
			continue;
		begin((unsigned long)handlers[i].handler);
		called = count_now();
		in_handler = true;
		ret = handlers[i].handler(irq, cookie);
		in_handler = false;
		end();
	}
	return ret;
}

int __wrap_rust_helper_request_irq(unsigned int irq, irq_handler_t handler,
				   unsigned long flags, const char *name,
				   void *cookie)
{
	unsigned int i;

	for (i = 0; i < HANDLERS; i++) {
		if (handlers[i].cookie)
			continue;
		handlers[i].handler = handler;
		handlers[i].cookie = cookie;
		return __real_rust_helper_request_irq(irq, handle, flags, name,
						      cookie);
	}
	return -ENOSPC;
}

void __wrap_rust_helper_writel(u32 value, void __iomem *address)
{
	if (recording && in_handler && (uintptr_t)address % REGISTERS == DBGCMD)
		longest_idle = max(longest_idle, count_now() - called);
	__real_rust_helper_writel(value, address);
}

int rk3588_dma_count_start(void)
{
	return count_start();
}

void rk3588_dma_count_begin(void)
{
	count_begin(&request);
}

void rk3588_dma_count_end(void)
{
	count_end(&request);
}

int rk3588_dma_count_wait(u32 *instructions)
{
	int ret = count_wait(&request);

	if (!ret)
		*instructions = request.end - request.begin;
	return ret;
}

void rk3588_dma_sections_start(void)
{
	recording = true;
}

void rk3588_dma_sections_log(struct device *dev)
{
	unsigned int i;

	for (i = 0; i < PLACES && places[i].address; i++)
		dev_info(dev, "section %ps %u\n", (void *)places[i].address,
			 places[i].longest);
	dev_info(dev, "idle %u\n", longest_idle);
}
