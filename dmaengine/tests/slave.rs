// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of slave devices: configurations, lists, rings, pauses and residues.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_slave)]
mod suite {
    use core::{
        mem,
        ptr, //
    };

    use super::super::{
        super::{
            Ring,
            Segment,
            SlaveConfig,
            TransferDirection, //
        },
        *, //
    };

    const COMPLETE: c::dma_status = c::dma_status_DMA_COMPLETE;
    const IN_PROGRESS: c::dma_status = c::dma_status_DMA_IN_PROGRESS;
    const PAUSED: c::dma_status = c::dma_status_DMA_PAUSED;
    const ERROR: c::dma_status = c::dma_status_DMA_ERROR;

    const TO_DEVICE: c::dma_transfer_direction = c::dma_transfer_direction_DMA_MEM_TO_DEV;
    const FROM_DEVICE: c::dma_transfer_direction = c::dma_transfer_direction_DMA_DEV_TO_MEM;

    /// `DMA_PREP_INTERRUPT`.
    const INTERRUPT: c_ulong = 1;

    /// Returns a configuration that is good in both directions.
    fn good() -> c::dma_slave_config {
        c::dma_slave_config {
            src_addr: 0xfeb0_0004,
            dst_addr: 0xfeb0_0008,
            src_addr_width: 2,
            dst_addr_width: 4,
            src_maxburst: 16,
            dst_maxburst: 0,
            // SAFETY: All other fields may be zero.
            ..unsafe { mem::zeroed() }
        }
    }

    /// Returns a slave channel with a good configuration.
    fn rig(dev: &DmaDevice) -> Result<Rig<'_>> {
        let rig = Rig::slave(dev)?;

        rig.client.config(good())?;
        Ok(rig)
    }

    #[test]
    fn the_capabilities_are_those_of_the_provider() -> Result {
        let device = TestDevice::new()?;
        let caps = Rig::slave(device.dma()?)?.client.caps()?;

        assert_eq!((caps.src_addr_widths, caps.dst_addr_widths), (0x16, 0x16));
        assert_eq!(caps.directions, 1 << TO_DEVICE | 1 << FROM_DEVICE);
        assert_eq!((caps.min_burst, caps.max_burst), (1, 16));
        assert!(caps.cmd_pause && caps.cmd_resume && caps.cmd_terminate);
        assert!(!caps.descriptor_reuse);
        assert_eq!(
            caps.residue_granularity,
            c::dma_residue_granularity_DMA_RESIDUE_GRANULARITY_BURST
        );
        Ok(())
    }

    #[test]
    fn a_list_without_pages_arrives_with_its_configuration() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;

        rig.client
            .slave_sg(&[(0x1001, 8), (0xffff_f000, 4096), (0x2000, 4)], TO_DEVICE)?;

        let (config, segments, _) = rig.line.last().ok_or(ENOENT)?;
        let expected = SlaveConfig {
            direction: TransferDirection::MemToDev,
            address: 0xfeb0_0008,
            width: 4,
            burst: 1,
        };

        assert_eq!(config, expected);

        let ranges = [(0x1001, 8), (0xffff_f000, 4096), (0x2000, 4)];
        let expected = ranges.map(|(address, len)| Segment { address, len });

        assert_eq!(segments[..], expected);

        rig.client.slave_sg(&[(0x1002, 6)], FROM_DEVICE)?;

        let (config, segments, _) = rig.line.last().ok_or(ENOENT)?;
        let expected = SlaveConfig {
            direction: TransferDirection::DevToMem,
            address: 0xfeb0_0004,
            width: 2,
            burst: 16,
        };

        assert_eq!(config, expected);
        assert_eq!(segments.len(), 1);
        Ok(())
    }

    #[test]
    fn a_bad_configuration_is_rejected_and_then_each_transfer() -> Result {
        let bad: [fn(&mut c::dma_slave_config); 11] = [
            |it| it.device_fc = true,
            |it| it.src_port_window_size = 1,
            |it| it.dst_port_window_size = 1,
            |it| it.peripheral_config = ptr::from_mut(it).cast(),
            |it| it.src_addr_width = 3,
            |it| it.dst_addr_width = 8,
            |it| it.dst_addr_width = 33,
            |it| it.src_maxburst = 17,
            |it| it.dst_maxburst = 17,
            |it| it.src_addr |= 1,
            |it| (it.src_addr_width, it.dst_addr_width) = (0, 0),
        ];

        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;

        for make_bad in bad {
            let mut config = good();

            make_bad(&mut config);
            assert!(rig.client.slave_sg(&[(0x1000, 4)], TO_DEVICE).is_ok());
            assert!(matches!(rig.client.config(config), Err(EINVAL)));
            assert!(rig.client.slave_sg(&[(0x1000, 4)], TO_DEVICE).is_err());
            assert!(rig.client.slave_sg(&[(0x1000, 4)], FROM_DEVICE).is_err());
            assert!(rig.client.cyclic(8, 4, 0).is_err());
            rig.client.config(good())?;
        }
        Ok(())
    }

    #[test]
    fn a_direction_needs_a_configuration() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let rig = Rig::slave(dev)?;
        let prepare = |direction| rig.client.slave_sg(&[(0x1000, 4)], direction);
        let config = c::dma_slave_config {
            dst_addr_width: 0,
            ..good()
        };

        assert!(prepare(FROM_DEVICE).is_err());
        rig.client.config(config)?;
        assert!(prepare(FROM_DEVICE).is_ok());
        assert!(prepare(TO_DEVICE).is_err());
        rig.client.config(good())?;
        assert!(prepare(TO_DEVICE).is_ok());
        for direction in [
            c::dma_transfer_direction_DMA_MEM_TO_MEM,
            c::dma_transfer_direction_DMA_DEV_TO_DEV,
            c::dma_transfer_direction_DMA_TRANS_NONE,
        ] {
            assert!(prepare(direction).is_err());
        }

        // That of the client before is not kept.
        let Rig {
            client,
            registration: _registration,
            ..
        } = rig;

        drop(client);

        let client = Client::slave(dev)?;

        assert!(client.slave_sg(&[(0x1000, 4)], TO_DEVICE).is_err());
        Ok(())
    }

    #[test]
    fn a_bad_list_is_rejected() -> Result {
        let bad: [&[(u64, u32)]; 5] = [
            &[],
            &[(0x1000, 0)],
            &[(0x1000, 8), (0x2000, 0)],
            &[(0x1000, 8), (0x2000, 6)],
            &[(0x1000, 0xffff_fffc), (0x2000, 4)],
        ];

        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;

        for ranges in bad {
            assert!(rig.client.slave_sg(ranges, TO_DEVICE).is_err());
        }
        assert!(rig.line.last().is_none());
        // The longest.
        assert!(rig
            .client
            .slave_sg(&[(0x1000, 0xffff_fffc)], TO_DEVICE)
            .is_ok());
        Ok(())
    }

    #[test]
    fn a_ring_arrives_unless_it_is_bad() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;

        for (len, period_len) in [(0, 4), (4, 0), (12, 8), (12, 6), (1 << 32, 4096)] {
            assert!(rig.client.cyclic(len, period_len, 0).is_err());
        }
        assert!(rig.line.last().is_none());
        for (flags, notify) in [(0, false), (INTERRUPT, true)] {
            rig.client.cyclic(24, 8, flags)?;

            let (config, _, ring) = rig.line.last().ok_or(ENOENT)?;
            let expected = Ring {
                address: 0x1000,
                len: 24,
                period_len: 8,
                notify,
            };

            assert_eq!(ring, Some(expected));
            assert_eq!(config.direction, TransferDirection::MemToDev);
        }
        Ok(())
    }

    /// Starts a ring of three periods, and returns its cookie.
    fn start_ring(rig: &Rig<'_>, calls: &Calls) -> Result<c::dma_cookie_t> {
        let tx = rig.client.cyclic(24, 8, INTERRUPT)?;

        tx.set_callback_result(calls);

        let cookie = tx.submit();

        rig.client.issue_pending();
        Ok(cookie)
    }

    #[test]
    fn a_ring_calls_back_for_its_periods_until_it_is_terminated() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;
        let calls = Calls::new();
        let cookie = start_ring(&rig, &calls)?;

        for round in 1..=5 {
            rig.line.complete_period()?;
            assert!(soon(|| calls.returned() == round));
            assert_eq!(calls.result().0, c::dmaengine_tx_result_DMA_TRANS_NOERROR);
            assert_eq!(rig.client.status(cookie).0, IN_PROGRESS);
        }

        let job = rig.line.take(0)?;

        rig.client.terminate();
        job.complete_period();
        drop(job);
        assert!(never(|| calls.count() > 5));
        assert_eq!(rig.client.status(cookie).0, COMPLETE);
        rig.client.synchronize();
        assert_eq!(rig.line.dropped(), 1);
        Ok(())
    }

    #[test]
    fn a_callback_of_a_period_may_terminate() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;
        let calls = Calls::new();
        let tx = rig.client.cyclic(24, 8, INTERRUPT)?;

        tx.set_callback(&calls);
        tx.submit();
        calls.terminates(&rig.client);
        rig.client.issue_pending();
        rig.line.complete_period()?;
        assert!(soon(|| calls.returned() == 1));
        rig.client.synchronize();
        assert_eq!((rig.line.running(), rig.line.dropped()), (0, 1));
        Ok(())
    }

    #[test]
    fn a_ring_that_fails_calls_back_once() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;
        let calls = Calls::new();
        let cookie = start_ring(&rig, &calls)?;

        rig.complete(0, Err(TxError::ReadFailed))?;
        assert!(soon(|| calls.returned() == 1));
        assert_eq!(
            calls.result(),
            (c::dmaengine_tx_result_DMA_TRANS_READ_FAILED, 24)
        );
        assert_eq!(rig.client.status(cookie), (ERROR, 0));
        Ok(())
    }

    #[test]
    fn the_residue_of_a_ring_is_that_of_its_round() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;
        let cookie = rig.client.cyclic(24, 8, 0)?.submit();

        rig.client.issue_pending();
        for (transferred, residue) in [(0, 24), (1, 23), (23, 1), (24, 24), (49, 23)] {
            rig.line.set_transferred(transferred);
            assert_eq!(rig.client.status(cookie), (IN_PROGRESS, residue));
        }
        Ok(())
    }

    #[test]
    fn the_residue_is_that_of_the_cookie() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;
        let prepare = |len| {
            rig.client
                .slave_sg(&[(0x1000, 4), (0x2000, len)], TO_DEVICE)
        };
        let first = prepare(96)?.submit();

        rig.line.set_transferred(0);
        assert_eq!(rig.client.status(first), (IN_PROGRESS, 100));
        rig.client.issue_pending();
        rig.line.set_transferred(30);

        let second = prepare(196)?.submit();

        assert_eq!(rig.client.status(first), (IN_PROGRESS, 70));
        assert_eq!(rig.client.status(second), (IN_PROGRESS, 170));
        rig.line.set_transferred(1000);
        assert_eq!(rig.client.status(first), (IN_PROGRESS, 0));
        rig.line.set_transferred(30);
        rig.complete(0, Ok(()))?;
        assert_eq!(rig.client.status(first), (COMPLETE, 0));
        Ok(())
    }

    #[test]
    fn a_paused_channel_is_not_in_progress() -> Result {
        let device = TestDevice::new()?;
        let rig = rig(device.dma()?)?;

        // The provider of the tests pauses only what runs.
        assert!(matches!(rig.client.pause(), Err(EBUSY)));

        let cookie = rig.client.slave_sg(&[(0x1000, 100)], FROM_DEVICE)?.submit();

        rig.client.issue_pending();
        assert_eq!(rig.client.status(cookie).0, IN_PROGRESS);
        rig.client.pause()?;
        rig.line.set_transferred(40);
        assert_eq!(rig.client.status(cookie), (PAUSED, 60));
        rig.client.resume()?;
        assert_eq!(rig.client.status(cookie), (IN_PROGRESS, 60));
        rig.client.pause()?;
        rig.client.terminate();
        assert_eq!(rig.client.status(cookie), (COMPLETE, 0));

        let cookie = rig.client.slave_sg(&[(0x1000, 100)], FROM_DEVICE)?.submit();

        rig.client.issue_pending();
        assert_eq!(rig.client.status(cookie).0, IN_PROGRESS);
        Ok(())
    }
}
