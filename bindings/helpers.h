/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inline functions of the kernel that drivers in C use, other than for DMA.
 *
 * bindgen turns this header into Rust declarations when the module is built;
 * helpers.c gives each of them a symbol.
 */
#ifndef RK3588_DMA_BINDINGS_H
#define RK3588_DMA_BINDINGS_H

#include <linux/interrupt.h>
#include <linux/pm_clock.h>

/** pm_runtime_resume_and_get(). */
int rk3588_dma_pm_runtime_resume_and_get(struct device *dev);

/** pm_runtime_put_autosuspend(). */
void rk3588_dma_pm_runtime_put_autosuspend(struct device *dev);

/** pm_runtime_put_noidle(). */
void rk3588_dma_pm_runtime_put_noidle(struct device *dev);

/** pm_runtime_force_suspend(), which is inline in kernels without PM_SLEEP. */
int rk3588_dma_pm_runtime_force_suspend(struct device *dev);

/** pm_runtime_force_resume(), likewise. */
int rk3588_dma_pm_runtime_force_resume(struct device *dev);

/** tasklet_schedule(). */
void rk3588_dma_tasklet_schedule(struct tasklet_struct *tasklet);

#endif /* RK3588_DMA_BINDINGS_H */
