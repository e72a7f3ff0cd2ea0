/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers whose types and functions bindgen declares for dmaengine/ when the
 * module is built. The kernel crate has none of them.
 */
#include <linux/dmaengine.h>
#include <linux/of_dma.h>
