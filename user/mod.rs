// SPDX-License-Identifier: GPL-2.0

//! How a person asks the driver for something.

mod callbacks;
mod debugfs;
mod queue;
mod random;
mod repeat;
mod scatter;
mod soak;
mod terminate;

pub(crate) use debugfs::Debugfs;

use kernel::prelude::*;

/// The numbers in `words`, which must be as many.
fn numbers<const N: usize>(words: &str) -> Result<[usize; N]> {
    let mut numbers = [0; N];
    let mut words = words.split_whitespace();

    for number in &mut numbers {
        *number = words.next().ok_or(EINVAL)?.parse().map_err(|_| EINVAL)?;
    }
    match words.next() {
        None => Ok(numbers),
        Some(_) => Err(EINVAL),
    }
}
