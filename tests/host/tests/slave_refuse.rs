// SPDX-License-Identifier: GPL-2.0

//! Tests of transfers with peripherals that are rejected.

use crate::copy_tests::RK3588;
use crate::cyclic_tests::event;
use crate::program::insn::{
    Assembler,
    Event,
    TooLong, //
};
use crate::program::{
    Cyclic,
    ProgramLimits,
    ProgramWriter,
    Segment,
    Slave,
    SlaveConfig,
    SlaveError,
    SlaveSg, //
};
use crate::slave_code_tests::{
    segment,
    words, //
};
use crate::slave_device::FIFO;
use std::{
    cell::Cell,
    rc::Rc, //
};

fn slave(config: SlaveConfig) -> Result<Slave, SlaveError> {
    Slave::new(config, RK3588)
}

#[test]
fn widths() {
    for width in 0..=255 {
        let config = SlaveConfig { width, ..words() };
        let is_valid = [1, 2, 4, 8].contains(&width);

        assert_eq!(
            slave(config).err(),
            (!is_valid).then_some(SlaveError::Width)
        );
    }

    let narrow = ProgramLimits { bytes: 4, ..RK3588 };
    let config = SlaveConfig {
        width: 8,
        ..words()
    };

    assert_eq!(Slave::new(config, narrow), Err(SlaveError::Width));
    // Widths of 16 bytes are none, whatever the bus.
    let wide = ProgramLimits {
        bytes: 16,
        ..RK3588
    };
    let config = SlaveConfig {
        width: 16,
        ..words()
    };

    assert_eq!(Slave::new(config, wide), Err(SlaveError::Width));
}

#[test]
fn bursts() {
    for burst in 0..=255 {
        let config = SlaveConfig { burst, ..words() };
        let is_valid = (1..=16).contains(&burst);

        assert_eq!(
            slave(config).err(),
            (!is_valid).then_some(SlaveError::Burst)
        );
    }
    for limits in [
        ProgramLimits { beats: 7, ..RK3588 },
        ProgramLimits { lines: 7, ..RK3588 },
    ] {
        assert_eq!(Slave::new(words(), limits), Err(SlaveError::Burst));
        assert!(Slave::new(
            SlaveConfig {
                burst: 7,
                ..words()
            },
            limits
        )
        .is_ok());
    }
}

#[test]
fn fifos() {
    let at = |fifo, width| {
        slave(SlaveConfig {
            fifo,
            width,
            ..words()
        })
        .err()
    };

    for width in [1, 2, 4, 8] {
        for past in 0..8 {
            let is_valid = past % u32::from(width) == 0;

            assert_eq!(
                at(FIFO + past, width),
                (!is_valid).then_some(SlaveError::Misaligned)
            );
        }
        assert_eq!(at(0u32.wrapping_sub(width.into()), width), None);
    }
}

#[test]
fn lists() {
    let refusal =
        |list: &[Segment]| SlaveSg::new(slave(words()).unwrap(), list.iter().copied()).err();
    let good = segment(0x1000, 64);
    let rejected = |bad, error| {
        assert_eq!(refusal(&[bad]), Some(error));
        assert_eq!(refusal(&[good, bad]), Some(error));
        assert_eq!(refusal(&[bad, good]), Some(error));
    };

    assert_eq!(refusal(&[good]), None);
    assert_eq!(refusal(&[]), Some(SlaveError::Empty));
    rejected(segment(0x1000, 0), SlaveError::Empty);
    for past in 1..4 {
        rejected(segment(0x1000 + past, 64), SlaveError::Misaligned);
        rejected(segment(0x1000, 64 + past), SlaveError::Indivisible);
    }
    rejected(segment(0xffff_fffc, 8), SlaveError::Unreachable);
    assert_eq!(refusal(&[segment(0xffff_fffc, 4)]), None);

    let half = segment(0, 1 << 31);

    assert_eq!(refusal(&[half, segment(0, half.len - 4)]), None);
    assert_eq!(refusal(&[half, half]), Some(SlaveError::TooManyBytes));
}

#[test]
fn positions_in_lists() {
    let resume = |done| {
        let list = [segment(0x1000, 64), segment(0x2000, 64)];
        let job = SlaveSg::new(slave(words()).unwrap(), list).unwrap();

        ProgramWriter::resume(job, done).err()
    };

    for done in (0..128).step_by(4) {
        assert_eq!(resume(done), None);
    }
    assert_eq!(resume(128), Some(SlaveError::Empty));
    assert_eq!(resume(132), Some(SlaveError::Position));
    for done in [1, 2, 3, 63, u32::MAX] {
        assert_eq!(resume(done), Some(SlaveError::Position));
    }
}

#[test]
fn rings() {
    let ring = |buffer, period| Cyclic::new(slave(words()).unwrap(), buffer, period, event());
    let refusal = |address, len, period| ring(segment(address, len), period).err();

    assert_eq!(refusal(0x1000, 256, 64), None);
    assert_eq!(refusal(0x1000, 0, 64), Some(SlaveError::Empty));
    assert_eq!(refusal(0x1000, 256, 0), Some(SlaveError::Empty));
    assert_eq!(refusal(0x1002, 256, 64), Some(SlaveError::Misaligned));
    assert_eq!(refusal(0x1000, 258, 64), Some(SlaveError::Indivisible));
    assert_eq!(refusal(0x1000, 256, 2), Some(SlaveError::Indivisible));
    assert_eq!(refusal(0x1000, 256, 48), Some(SlaveError::Indivisible));
    assert_eq!(refusal(0x1000, 256, 512), Some(SlaveError::Indivisible));
    assert_eq!(refusal(0xffff_ff00, 260, 4), Some(SlaveError::Unreachable));
    assert_eq!(refusal(0xffff_ff00, 256, 64), None);
    assert_eq!(refusal(0, 1 << 30, 4), Some(SlaveError::TooManyBursts));

    let ring = ring(segment(0x1000, 256), 64).unwrap();

    for offset in [1, 2, 3, 256, 260, u32::MAX] {
        assert_eq!(ring.resume(offset), Err(SlaveError::Position));
    }
    assert_eq!(ring.lines(), 8);
}

/// An iterator that yields less than before ends no program.
#[test]
fn lists_must_not_become_shorter() {
    let left = Rc::new(Cell::new(3));
    let list = {
        let left = left.clone();

        std::iter::from_fn(move || {
            let count = left.get();

            left.set(count - 1);
            (count > 0).then_some(segment(0x1000, 64))
        })
    };
    // A clone of the iterator shares its state.
    let job = SlaveSg::new(slave(words()).unwrap(), list).unwrap();
    let mut writer = ProgramWriter::new(job.clone()).unwrap();
    let mut code = [0; 256];

    left.set(0);
    assert_eq!(
        writer.write(
            &mut Assembler::new(&mut code),
            RK3588,
            Event::new(0).unwrap()
        ),
        Err(TooLong)
    );
    assert!(ProgramWriter::resume(job, 64).is_ok());
}
