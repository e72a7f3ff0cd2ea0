// SPDX-License-Identifier: GPL-2.0

//! The machines that QEMU makes, and the kernels that they boot.

use crate::prelude::*;

/// Machine that is booted.
#[derive(Clone, Copy, PartialEq)]
pub enum Machine {
    /// Rock 5B+ of `scripts/machine`, with the device tree of the real one. Its devices are not
    /// coherent with the caches.
    Rock5bPlus,
    /// Machine `virt` of Debian's QEMU, without a PL330. Its devices are coherent.
    Virt,
    /// The same machine with an SMMUv3 in front of its PCI bus.
    VirtSmmu,
}

impl Machine {
    /// Returns QEMU's options for the machine.
    pub fn options(self) -> impl Iterator<Item = &'static str> {
        let options = match self {
            Self::Rock5bPlus => "-M rock-5b-plus -smp 8",
            Self::Virt => "-M virt,gic-version=3 -cpu cortex-a76 -smp 2",
            Self::VirtSmmu => "-M virt,gic-version=3,iommu=smmuv3 -cpu cortex-a76 -smp 2",
        };

        options.split(' ')
    }

    /// Returns the kernel's console on the machine.
    pub fn console(self) -> &'static str {
        match self {
            Self::Rock5bPlus => "ttyS2,1500000n8",
            Self::Virt | Self::VirtSmmu => "ttyAMA0",
        }
    }
}

/// Kernel that is booted.
#[derive(Clone, Copy, PartialEq)]
pub enum Kernel {
    /// Debian's kernel, or the image that `KERNEL=` names.
    Stock,
    /// Debian's kernel with `PREEMPT_RT`.
    Rt,
    /// Kernel of `scripts/kernel debug`, which checks what the module does.
    Debug,
    /// Kernel with `PREEMPT_RT` that checks which locks are taken in which context.
    DebugRt,
}

impl Kernel {
    /// Returns the directory that `scripts/kernel` made for the kernel, or makes now.
    pub fn folder(self) -> Result<PathBuf> {
        let name = match self {
            Self::Stock => "stock",
            Self::Rt => "rt",
            Self::Debug => "debug",
            Self::DebugRt => "debug-rt",
        };

        made_by("scripts/kernel", &[name])
    }

    /// Returns the file of one of its modules, by the path in the kernel's source.
    pub fn module(self, path: &str) -> Result<PathBuf> {
        let folder = self.folder()?;
        let release = fs::read_to_string(folder.join("release"))?;

        Ok(folder
            .join("modules/lib/modules")
            .join(release.trim())
            .join("kernel")
            .join(path))
    }

    /// Decompresses one of the modules of Debian's package, by its path without a suffix, into
    /// `folder`.
    pub fn unpack_module(self, path: &str, folder: &Path) -> Result<PathBuf> {
        let packed = self.module(&format!("{path}.ko.xz"))?;
        let file = folder.join(packed.file_name().context("no name")?);

        fs::copy(&packed, &file).with_context(|| format!("no {}", packed.display()))?;
        succeeds(Command::new("xz").arg("--decompress").arg(&file))?;
        Ok(file.with_extension(""))
    }

    /// Checks that a boot of this kernel ran it: by its release, and by `PREEMPT_RT`.
    pub fn expect_in(self, it: &Console) -> Result<()> {
        let release = fs::read_to_string(self.folder()?.join("release"))?;
        let is_rt = matches!(self, Self::Rt | Self::DebugRt);
        let version = it.version()?;

        if self == Self::Stock && env::var_os("KERNEL").is_some() {
            return Ok(());
        }
        expect_like(version, &format!("{} *", release.trim()))?;
        expect(version, version.contains(" PREEMPT_RT "), is_rt)
    }

    /// Returns the image to boot, given the kernel's directory.
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
