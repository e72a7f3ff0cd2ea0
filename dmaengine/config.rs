// SPDX-License-Identifier: GPL-2.0

//! Configurations and capabilities of slave channels.

use kernel::{
    io::PhysAddr,
    prelude::*, //
};

use super::ffi::c;

/// Direction of a transfer between memory and a peripheral.
///
/// C type: `enum dma_transfer_direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferDirection {
    /// To the peripheral. C constant: `DMA_MEM_TO_DEV`.
    MemToDev,
    /// From the peripheral. C constant: `DMA_DEV_TO_MEM`.
    DevToMem,
}

impl TransferDirection {
    /// Converts the constant of C.
    ///
    /// # Errors
    ///
    /// `EINVAL` for others than the two of slave channels.
    pub(super) fn from_raw(direction: c::dma_transfer_direction) -> Result<Self> {
        match direction {
            c::dma_transfer_direction_DMA_MEM_TO_DEV => Ok(Self::MemToDev),
            c::dma_transfer_direction_DMA_DEV_TO_MEM => Ok(Self::DevToMem),
            _ => Err(EINVAL),
        }
    }

    /// Returns the bit of `dma_device::directions`.
    pub(super) fn bit(self) -> u32 {
        match self {
            Self::MemToDev => 1 << c::dma_transfer_direction_DMA_MEM_TO_DEV,
            Self::DevToMem => 1 << c::dma_transfer_direction_DMA_DEV_TO_MEM,
        }
    }
}

/// Set of widths of a peripheral's data register.
///
/// C type: a mask of `enum dma_slave_buswidth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BusWidths(u32);

impl BusWidths {
    /// Creates the set of these widths in bytes, each less than 32.
    pub(crate) const fn new(widths: &[u32]) -> Self {
        let mut mask = 0;
        let mut index = 0;

        while index < widths.len() {
            mask |= 1 << widths[index];
            index += 1;
        }
        Self(mask)
    }

    /// Returns the mask of C: bit `n` for the width of `n` bytes.
    pub(super) fn as_raw(self) -> u32 {
        self.0
    }

    fn contains(self, width: u32) -> bool {
        self.0.checked_shr(width).unwrap_or(0) & 1 != 0
    }
}

/// Unit in which the residue of a transfer decreases.
///
/// C type: `enum dma_residue_granularity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResidueGranularity {
    /// Whole transfers. C constant: `DMA_RESIDUE_GRANULARITY_DESCRIPTOR`.
    Descriptor,
    /// Segments of a list, periods of a cyclic transfer. C constant:
    /// `DMA_RESIDUE_GRANULARITY_SEGMENT`.
    Segment,
    /// Bursts. C constant: `DMA_RESIDUE_GRANULARITY_BURST`.
    Burst,
}

impl ResidueGranularity {
    /// Returns the constant of C.
    pub(super) fn as_raw(self) -> c::dma_residue_granularity {
        match self {
            Self::Descriptor => c::dma_residue_granularity_DMA_RESIDUE_GRANULARITY_DESCRIPTOR,
            Self::Segment => c::dma_residue_granularity_DMA_RESIDUE_GRANULARITY_SEGMENT,
            Self::Burst => c::dma_residue_granularity_DMA_RESIDUE_GRANULARITY_BURST,
        }
    }
}

/// Capabilities of all channels of a slave device, in both directions.
///
/// C type: `struct dma_slave_caps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlaveCaps {
    /// Widths of the peripheral's data register.
    pub(crate) widths: BusWidths,
    /// Largest number of accesses to that register in a burst, at least 1.
    pub(crate) max_burst: u32,
    /// Unit of the residue.
    pub(crate) granularity: ResidueGranularity,
}

/// Configuration of a peripheral for one direction.
///
/// C type: `struct dma_slave_config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlaveConfig {
    /// Direction of the transfer.
    pub(crate) direction: TransferDirection,
    /// Physical address of the data register, which the provider maps for the hardware.
    pub(crate) address: PhysAddr,
    /// Width of the data register in bytes, one of the [`SlaveCaps`].
    pub(crate) width: u32,
    /// Number of accesses in a burst, from 1 to that of the [`SlaveCaps`].
    pub(crate) burst: u32,
}

impl SlaveConfig {
    /// Checks one side of a configuration. Returns `None` if it has no width.
    fn new(
        caps: &SlaveCaps,
        direction: TransferDirection,
        address: PhysAddr,
        width: c::dma_slave_buswidth,
        burst: u32,
    ) -> Result<Option<Self>> {
        if width == c::dma_slave_buswidth_DMA_SLAVE_BUSWIDTH_UNDEFINED {
            return Ok(None);
        }
        // A client that leaves it 0 asks for no burst.
        let burst = burst.max(1);

        if !caps.widths.contains(width)
            || burst > caps.max_burst
            || address % PhysAddr::from(width) != 0
        {
            return Err(EINVAL);
        }
        Ok(Some(Self {
            direction,
            address,
            width,
            burst,
        }))
    }
}

/// Configurations of a channel, one for each direction.
#[derive(Clone, Copy, Default)]
pub(super) struct Configs {
    mem_to_dev: Option<SlaveConfig>,
    dev_to_mem: Option<SlaveConfig>,
}

impl Configs {
    /// Checks the configuration of a client.
    ///
    /// # Errors
    ///
    /// `EINVAL`: for a width, a burst or an address that the device cannot have, none at all, a
    /// peripheral as flow controller, more than one data register, data for another driver.
    pub(super) fn new(raw: &c::dma_slave_config, caps: &SlaveCaps) -> Result<Self> {
        if raw.device_fc
            || raw.src_port_window_size != 0
            || raw.dst_port_window_size != 0
            || !raw.peripheral_config.is_null()
        {
            return Err(EINVAL);
        }

        let configs = Self {
            mem_to_dev: SlaveConfig::new(
                caps,
                TransferDirection::MemToDev,
                raw.dst_addr,
                raw.dst_addr_width,
                raw.dst_maxburst,
            )?,
            dev_to_mem: SlaveConfig::new(
                caps,
                TransferDirection::DevToMem,
                raw.src_addr,
                raw.src_addr_width,
                raw.src_maxburst,
            )?,
        };

        if configs.mem_to_dev.is_none() && configs.dev_to_mem.is_none() {
            return Err(EINVAL);
        }
        Ok(configs)
    }

    /// Returns the configuration for a direction.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the client has set none, or one that was rejected.
    pub(super) fn get(&self, direction: TransferDirection) -> Result<SlaveConfig> {
        match direction {
            TransferDirection::MemToDev => self.mem_to_dev,
            TransferDirection::DevToMem => self.dev_to_mem,
        }
        .ok_or(EINVAL)
    }
}
