/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The longest sections of the engine with interrupts disabled.
 *
 * sections.c replaces, when the module is linked, the functions that begin and
 * end such a section: those of a spinlock, and the registration of interrupt
 * handlers. The engine itself is the same with and without them.
 */
#ifndef RK3588_DMA_SECTIONS_H
#define RK3588_DMA_SECTIONS_H

#include <linux/interrupt.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;

/** Starts the counter; -ENODEV if this machine does not count. */
int rk3588_dma_count_start(void);

/** Begins to count a request that is to be prepared. */
void rk3588_dma_count_begin(void);

/** Ends the count in the request's callback. */
void rk3588_dma_count_end(void);

/**
 * Waits for the callback, and stores the instructions that the CPU has
 * executed; -ETIMEDOUT if it is not called.
 */
int rk3588_dma_count_wait(u32 *instructions);

/** Begins to look at sections. The caller is in none. */
void rk3588_dma_sections_start(void);

/** Logs the longest section of each function, and the longest idle time. */
void rk3588_dma_sections_log(struct device *dev);

void __real_rust_helper_spin_lock_irq_disable(spinlock_t *lock);
void __wrap_rust_helper_spin_lock_irq_disable(spinlock_t *lock);
void __real_rust_helper_spin_unlock_irq_enable(spinlock_t *lock);
void __wrap_rust_helper_spin_unlock_irq_enable(spinlock_t *lock);
int __real_rust_helper_request_irq(unsigned int irq, irq_handler_t handler,
				   unsigned long flags, const char *name,
				   void *cookie);
int __wrap_rust_helper_request_irq(unsigned int irq, irq_handler_t handler,
				   unsigned long flags, const char *name,
				   void *cookie);
void __real_rust_helper_writel(u32 value, void __iomem *address);
void __wrap_rust_helper_writel(u32 value, void __iomem *address);

#endif /* RK3588_DMA_SECTIONS_H */
