/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts the instructions of a request to a DMA engine: from its preparation
 * to its callback, without those of an idle CPU. For machines with one CPU,
 * whose PMU has no other user.
 */
#ifndef RK3588_DMA_COUNT_H
#define RK3588_DMA_COUNT_H

#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

/* Event INST_RETIRED, also of a kernel at EL2. */
#define COUNT_EVENT		(0x08 | BIT(27))
#define COUNT_ENABLE		BIT(0)

/* A request that is counted. */
struct count {
	u32 begin;
	u32 end;
	bool ended;
};

/* Starts the counter; returns -ENODEV if it does not count. */
static inline int count_start(void)
{
	u32 first;

	write_sysreg(COUNT_EVENT, pmevtyper0_el0);
	write_sysreg(COUNT_ENABLE, pmcntenset_el0);
	write_sysreg(read_sysreg(pmcr_el0) | COUNT_ENABLE, pmcr_el0);
	isb();
	first = read_sysreg(pmevcntr0_el0);
	isb();
	return (u32)read_sysreg(pmevcntr0_el0) == first ? -ENODEV : 0;
}

/* Returns the number of instructions so far, modulo 2^32. */
static inline u32 count_now(void)
{
	return read_sysreg(pmevcntr0_el0);
}

/* To be called before the request is prepared. */
static inline void count_begin(struct count *count)
{
	count->ended = false;
	count->begin = count_now();
}

/* To be called by the request's callback. */
static inline void count_end(struct count *count)
{
	count->end = count_now();
	WRITE_ONCE(count->ended, true);
}

/*
 * Waits for the callback, in a loop of few instructions that leaves the CPU
 * idle. Returns -ETIMEDOUT if it is not called within 5 s.
 */
static inline int count_wait(const struct count *count)
{
	unsigned long limit = jiffies + 5 * HZ;

	while (!READ_ONCE(count->ended)) {
		if (time_after(jiffies, limit))
			return -ETIMEDOUT;
		/* An interrupt that comes meanwhile ends the instruction. */
		local_irq_disable();
		if (!READ_ONCE(count->ended))
			wfi();
		local_irq_enable();
	}
	return 0;
}

#endif /* RK3588_DMA_COUNT_H */
