// SPDX-License-Identifier: GPL-2.0

//! Tests of each instruction in the model, with programs written by hand.
//!
//! Programs that the model has to refuse are in `verdicts.rs`.

use crate::model::{
    Access,
    Channel,
    Config,
    Memory,
    Raised,
    Request,
    Stop, //
};
use crate::support::*;
use proptest::{
    prelude::*,
    sample::select, //
};

#[track_caller]
fn ends(program: &[u8]) -> Outcome {
    ends_with(Config::RK3588, program)
}

#[track_caller]
fn ends_with(config: Config, program: &[u8]) -> Outcome {
    let outcome = run_with(config, program);

    assert_eq!(outcome.result, Ok(Stop::Ended), "{program:02x?}");
    outcome
}

/// The worked example of the architecture, with 2 bursts rather than 32.
#[test]
fn worked_copy() {
    let program = [
        0xbc, 0x01, 0xf7, 0xc2, 0xbd, 0x00, // MOV CCR
        0xbc, 0x00, 0x00, 0x10, 0x00, 0x00, // MOV SAR
        0xbc, 0x02, 0x00, 0x20, 0x00, 0x00, // MOV DAR
        0x20, 0x01, // LP0 2
        0x04, // LD
        0x08, // ST
        0x38, 0x02, // LPEND0
        0x13, // WMB
        0x34, 0x18, // SEV 3
        0x00, // END
    ];
    let outcome = ends(&program);

    assert_eq!(outcome.target, source());
    assert_eq!(outcome.lines, 16);
    assert_eq!(outcome.stats.steps, 13);
    for traffic in [outcome.stats.loads, outcome.stats.stores] {
        assert_eq!(traffic.bursts, 2);
        assert_eq!(traffic.beats, 32);
        assert_eq!(traffic.bytes, 256);
        assert_eq!(traffic.longest, 16);
    }
    assert_eq!(
        outcome.stats.raised,
        [Raised {
            event: 3,
            stored: 256
        }]
    );
}

#[test]
fn an_unaligned_burst_has_a_short_first_beat() {
    let program = [
        ccr(side(8, 2) | side(8, 2) << 14).as_slice(),
        &sar(SOURCE + 5),
        &dar(TARGET + 5),
        LD,
        ST,
        LD,
        ST,
        END,
    ]
    .concat();
    let outcome = ends(&program);

    // 3 + 8 bytes up to the boundary, then 16.
    assert_eq!(outcome.stats.loads.bytes, 27);
    assert_eq!(outcome.target[5..32], source()[5..32]);
    assert!(outcome.target[..5].iter().all(|&byte| byte == 0xee));
    assert!(outcome.target[32..].iter().all(|&byte| byte == 0xee));
}

/// The example of the architecture for source and destination that differ modulo the bus width:
/// each store leaves a fragment that the next load completes, and bytes take the last one.
#[test]
fn the_mfifo_realigns() {
    let config = Config {
        share: 5,
        ..Config::RK3588
    };
    let program = [
        ccr(side(8, 4) | side(8, 4) << 14).as_slice(),
        &sar(SOURCE),
        &dar(TARGET + 3),
        LD,
        ST,
        LD,
        ST,
        &ccr(side(1, 3) | side(1, 3) << 14),
        ST,
        END,
    ]
    .concat();
    let outcome = ends_with(config, &program);

    assert_eq!(outcome.lines, 5);
    assert_eq!(outcome.stats.stores.bytes, 64);
    assert_eq!(outcome.target[3..67], source()[..64]);
    assert_eq!(outcome.target[67], 0xee);
}

#[test]
fn sides_may_differ() {
    let program = with_registers(
        side(4, 4) | side(8, 1) << 14,
        &[LD, ST, ST, WMB, &sev(0), END],
    );
    let outcome = ends(&program);

    assert_eq!(outcome.lines, 2);
    assert_eq!(
        (outcome.stats.loads.beats, outcome.stats.stores.beats),
        (4, 2)
    );
    assert_eq!(outcome.target[..16], source()[..16]);
}

#[test]
fn fixed_addresses_stay() {
    let fixed = |side| side & !1;
    let from_one = with_registers(fixed(side(4, 4)) | side(4, 4) << 14, &[LD, ST, END]);
    let outcome = ends(&from_one);

    assert_eq!(outcome.target[..16], [0, 1, 2, 3].repeat(4));
    assert_eq!(outcome.target[16], 0xee);

    let to_one = with_registers(side(4, 4) | fixed(side(4, 4)) << 14, &[LD, ST, END]);
    let outcome = ends(&to_one);

    assert_eq!(outcome.lines, 4);
    assert_eq!(outcome.target[..4], source()[12..16]);
    assert_eq!(outcome.target[4], 0xee);
}

#[test]
fn zeroes_need_no_mfifo() {
    let config = Config {
        share: 0,
        ..Config::RK3588
    };
    let outcome = ends_with(config, &with_registers(FULL, &[STZ, END]));

    assert_eq!(outcome.stats.stores.bytes, 128);
    assert!(outcome.target[..128].iter().all(|&byte| byte == 0));
    assert!(outcome.target[128..].iter().all(|&byte| byte == 0xee));
}

/// Stores that no barrier has waited for are not in memory: a load still reads what was there.
#[test]
fn stores_are_posted() {
    let target = |barrier: &[u8]| {
        // From 0x1000 to 0x1001, then from there to 0x1002.
        let program = [
            ccr(BYTE).as_slice(),
            &sar(0x1000),
            &dar(0x1001),
            LD,
            ST,
            barrier,
            LD,
            ST,
            END,
        ]
        .concat();
        let mut memory = Memory::default().with(0x1000, vec![1, 2, 3], Access::ReadWrite);

        assert_eq!(
            Channel::new(Config::RK3588, &program, &mut memory).run(),
            Ok(Stop::Ended)
        );
        memory.region(0x1000).to_vec()
    };

    assert_eq!(target(NOP), [1, 1, 2]);
    assert_eq!(target(RMB), [1, 1, 2]);
    assert_eq!(target(WMB), [1, 1, 1]);
}

#[test]
fn loops_run_their_count_and_nest() {
    for (count_minus_1, bursts) in [(0, 1), (1, 2), (255, 256)] {
        let lp = [0x22, count_minus_1];
        let program = with_registers(BYTE, &[&lp, LD, ST, &[0x3c, 2], END]);

        assert_eq!(ends(&program).stats.loads.bursts, bursts);
    }

    let nested = [&[0x20, 2], &[0x22, 4], LD, ST, &[0x3c, 2], &[0x38, 6]];
    let program = with_registers(BYTE, &[&nested.concat(), END]);

    assert_eq!(ends(&program).stats.loads.bursts, 15);
}

#[test]
fn conditional_forms_follow_the_request() {
    let config = |request| Config {
        request,
        ..Config::RK3588
    };
    // LDS, STS, LDB, STB: a single one moves one beat, a burst all of them.
    let program = with_registers(FULL, &[&[0x05], &[0x09], &[0x07], &[0x0b], END]);
    let single = ends_with(config(Request::Single), &program).stats;
    let burst = ends_with(config(Request::Burst), &program).stats;

    assert_eq!((single.loads.bursts, single.loads.bytes), (1, 8));
    assert_eq!((single.stores.bursts, single.stores.bytes), (1, 8));
    assert_eq!((burst.loads.bursts, burst.loads.bytes), (1, 128));

    // LPENDS: a condition that is false ends the loop.
    let program = with_registers(BYTE, &[&[0x20, 9], LD, ST, &[0x39, 2], END]);

    assert_eq!(
        ends_with(config(Request::Single), &program)
            .stats
            .loads
            .bursts,
        10
    );
    assert_eq!(
        ends_with(config(Request::Burst), &program)
            .stats
            .loads
            .bursts,
        1
    );
}

#[test]
fn a_wait_lasts_until_the_event() {
    let program = with_registers(BYTE, &[&[0x36, 0x48], LD, ST, END]);
    let mut memory = memory();
    let mut channel = Channel::new(Config::RK3588, &program, &mut memory);

    assert_eq!(channel.run(), Ok(Stop::Waiting { event: 9 }));
    assert_eq!(channel.run(), Ok(Stop::Waiting { event: 9 }));
    channel.signal(8);
    assert_eq!(channel.run(), Ok(Stop::Waiting { event: 9 }));
    assert_eq!(channel.stats().loads.bursts, 0);
    channel.signal(9);
    assert_eq!(channel.run(), Ok(Stop::Ended));
    assert_eq!(channel.stats().loads.bursts, 1);
}

/// A wait takes the event, so that the next one has to wait again.
#[test]
fn a_channel_can_wait_for_its_own_event() {
    let once = [sev(9).as_slice(), &[0x36, 0x48], END].concat();
    let twice = [sev(9).as_slice(), &[0x36, 0x48], &[0x36, 0x4a], END].concat();

    ends(&once);
    assert_eq!(run(&twice).result, Ok(Stop::Waiting { event: 9 }));
}

#[test]
fn addresses_can_be_added_to() {
    // SAR + 16, DAR + 32; then SAR - 17, DAR - 1.
    let forward = [[0x54, 16, 0], [0x56, 32, 0]].concat();
    let back = [[0x5c, 0xef, 0xff], [0x5e, 0xff, 0xff]].concat();
    let program = with_registers(BYTE, &[&forward, LD, ST, &back, LD, ST, END]);
    let outcome = ends(&program);

    // The first copy has moved both on by one.
    assert_eq!(outcome.target[32], 0);
    assert_eq!(
        ends(&with_registers(BYTE, &[&forward, LD, ST, END])).target[32],
        16
    );
}

/// AXI does not let a burst cross a multiple of 4 KiB, so the DMAC makes two of one that would.
#[test]
fn a_burst_that_crosses_4_kib_is_two_on_the_bus() {
    for (from, loads) in [(0x1f80, 1), (0x1f88, 2), (0x1fff, 2), (0x2000, 1)] {
        let program = [
            ccr(FULL).as_slice(),
            &sar(from),
            &dar(0x8000 + from % 8),
            LD,
            ST,
            END,
        ]
        .concat();
        let mut memory = Memory::default()
            .with(0x1000, vec![7; 0x2000], Access::Read)
            .with(0x8000, vec![0; 256], Access::Write);
        let mut channel = Channel::new(Config::RK3588, &program, &mut memory);

        assert_eq!(channel.run(), Ok(Stop::Ended));
        assert_eq!(channel.stats().loads.bursts, 1);
        assert_eq!(channel.stats().loads.on_the_bus, loads);
        assert_eq!(channel.stats().stores.on_the_bus, 1);
    }
}

/// The last byte below 4 GiB is a byte like any other.
#[test]
fn the_end_of_the_address_space_can_be_reached() {
    let program = [
        ccr(FULL).as_slice(),
        &sar(0xffff_ff80),
        &dar(TARGET),
        LD,
        ST,
        END,
    ]
    .concat();
    let mut memory = Memory::default()
        .with(0xffff_ff80, vec![7; 128], Access::Read)
        .with(TARGET, vec![0; 128], Access::Write);

    assert_eq!(
        Channel::new(Config::RK3588, &program, &mut memory).run(),
        Ok(Stop::Ended)
    );
    assert_eq!(memory.region(TARGET), [7; 128]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A verdict for any bytes at all, never a panic and never an endless run.
    #[test]
    fn any_bytes_get_a_verdict(
        rest in prop::collection::vec(
            prop_oneof![any::<u8>(), select(vec![0x04, 0x08, 0x13, 0x20, 0x2c, 0x38])],
            0..40,
        ),
        control in any::<u32>(),
    ) {
        let config = Config { steps: 1000, ..Config::RK3588 };
        // No swap, no beat over 8 bytes, non-secure: nearly all would fail at once otherwise.
        let control = control & 0x0ffd_fff7 | 1 << 9 | 1 << 23;
        let outcome = run_with(config, &with_registers(control, &[&rest]));

        prop_assert!(outcome.stats.steps <= 1000);
        if outcome.result == Ok(Stop::Ended) {
            prop_assert!(outcome.stats.loads.bytes <= outcome.stats.stores.bytes);
        }
    }
}
