// SPDX-License-Identifier: GPL-2.0

//! The machines that QEMU makes, and the kernels that they boot.

use std::{
    env,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};

use crate::process::made_by;

/// What is booted.
#[derive(Clone, Copy, PartialEq)]
pub enum Machine {
    /// The Rock 5B+ of `scripts/machine`, with the device tree of the real one. What its devices do
    /// is not coherent with the caches.
    Rock5bPlus,
    /// QEMU's own machine, as Debian's QEMU has it. It has no PL330, and its devices are coherent.
    Virt,
    /// The same with an SMMUv3 in front of its PCI bus.
    VirtSmmu,
}

impl Machine {
    /// QEMU's options for it.
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Self::Rock5bPlus => &["-M", "rock-5b-plus", "-smp", "8"],
            Self::Virt => &[
                "-M",
                "virt,gic-version=3",
                "-cpu",
                "cortex-a76",
                "-smp",
                "2",
            ],
            Self::VirtSmmu => &[
                "-M",
                "virt,gic-version=3,iommu=smmuv3",
                "-cpu",
                "cortex-a76",
                "-smp",
                "2",
            ],
        }
    }

    /// The kernel's console on it.
    pub fn console(self) -> &'static str {
        match self {
            Self::Rock5bPlus => "ttyS2,1500000n8",
            Self::Virt | Self::VirtSmmu => "ttyAMA0",
        }
    }
}

/// A kernel that can be booted.
#[derive(Clone, Copy, PartialEq)]
pub enum Kernel {
    /// Debian's, or what `KERNEL=` names.
    Stock,
    /// That of `scripts/kernel debug`, which checks what the module does.
    Debug,
}

impl Kernel {
    /// The folder that `scripts/kernel` made for it, or makes now.
    pub fn folder(self) -> Result<PathBuf> {
        match self {
            Self::Stock => made_by("scripts/kernel", &[]),
            Self::Debug => made_by("scripts/kernel", &["debug"]),
        }
    }

    /// The image to boot, given its folder.
    pub fn image(self, folder: &Path) -> Result<PathBuf> {
        match env::var_os("KERNEL") {
            Some(image) if self == Self::Stock => Ok(image.into()),
            _ => ["vmlinuz", "Image"]
                .iter()
                .map(|name| folder.join(name))
                .find(|image| image.exists())
                .with_context(|| format!("{} has no vmlinuz", folder.display())),
        }
    }
}
