# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# scripts/inspect where DMA-API debug is off and PCI devices are behind an IOMMU. There is no PL330.

inspect with
files
section disabled cat "${debug:?}/dma-api/disabled"
