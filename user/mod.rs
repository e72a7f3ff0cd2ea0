// SPDX-License-Identifier: GPL-2.0

//! Files in debugfs that run lessons, measurements and tests.

mod callbacks;
mod debugfs;
mod kinds;
mod queue;
mod random;
mod random_copy;
mod repeat;
mod scatter;
mod soak;
mod stream;
mod terminate;

pub(crate) use debugfs::Debugfs;

use kernel::prelude::*;

/// Returns the numbers in `words`, or `EINVAL` if there are not `N`.
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
