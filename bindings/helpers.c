// SPDX-License-Identifier: GPL-2.0
/* Symbols for inline functions of the kernel. */
#include <linux/interrupt.h>
#include <linux/pm_runtime.h>

#include "helpers.h"

void rk3588_dma_tasklet_schedule(struct tasklet_struct *tasklet)
{
	tasklet_schedule(tasklet);
}

int rk3588_dma_pm_runtime_resume_and_get(struct device *dev)
{
	return pm_runtime_resume_and_get(dev);
}

void rk3588_dma_pm_runtime_put_autosuspend(struct device *dev)
{
	pm_runtime_put_autosuspend(dev);
}

void rk3588_dma_pm_runtime_put_noidle(struct device *dev)
{
	pm_runtime_put_noidle(dev);
}

int rk3588_dma_pm_runtime_force_suspend(struct device *dev)
{
	return pm_runtime_force_suspend(dev);
}

int rk3588_dma_pm_runtime_force_resume(struct device *dev)
{
	return pm_runtime_force_resume(dev);
}
