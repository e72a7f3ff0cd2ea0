// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of registrations, and of channels that clients hold.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_lifetime)]
mod suite {
    use kernel::{
        sync::atomic::{
            Atomic,
            Relaxed, //
        },
        workqueue, //
    };

    use super::super::*;

    #[test]
    fn a_channel_is_open_while_a_client_holds_it() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = Line::new(Mode::ByHand)?;
        let _registration = memory_device(dev, &line)?;

        assert!(!line.is_open());
        for _ in 0..2 {
            let client = Client::memory(dev)?;

            assert!(line.is_open());
            assert!(Client::memory(dev).is_err());
            drop(client);
            assert!(!line.is_open());
        }
        Ok(())
    }

    /// The framework takes `ENODEV` for a removed module.
    #[test]
    fn a_channel_that_cannot_be_opened_may_be_requested_again() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = Line::new(Mode::ByHand)?;
        let _registration = memory_device(dev, &line)?;

        for error in [EBUSY, ENODEV] {
            line.fail_to_open(Some(error));
            assert!(Client::memory(dev).is_err());
        }
        line.fail_to_open(None);
        assert!(Client::memory(dev).is_ok());
        Ok(())
    }

    #[test]
    fn a_device_without_the_capability_has_no_channel() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = Line::new(Mode::ByHand)?;

        {
            let _registration = memory_device(dev, &line)?;

            assert!(Client::slave(dev).is_err());
        }
        {
            let _registration = slave_device(dev, &line)?;

            assert!(Client::memory(dev).is_err());
            assert!(Client::slave(dev).is_ok());
        }
        assert!(Client::slave(dev).is_err());
        Ok(())
    }

    #[test]
    fn each_channel_has_its_number() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let lines = [Line::new(Mode::ByHand)?, Line::new(Mode::ByHand)?];
        // SAFETY: It is dropped before the device, and the clients release their channels before.
        let _registration = unsafe {
            Registration::new_memory(dev.as_device(), Cpu::new(dev), lines.iter().cloned())?
        };
        let request = |index| Client::request(dev, c::dma_transaction_type_DMA_MEMCPY, index);

        let second = request(1)?;

        assert_eq!(lines.each_ref().map(|it| it.is_open()), [false, true]);

        let _first = request(0)?;

        assert!(lines[0].is_open());
        drop(second);
        assert_eq!(lines.each_ref().map(|it| it.is_open()), [true, false]);
        assert!(request(2).is_err());
        Ok(())
    }

    /// The client of another driver, which the kernel has not unbound.
    #[test]
    fn unregister_waits_for_the_client() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let rig = Rig::memory(dev, Mode::ByHand)?;
        let calls = [Calls::new(), Calls::new(), Calls::new()];
        let released = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let txs = [rig.tx()?, rig.tx()?, rig.tx()?];

        for (tx, calls) in txs.iter().zip(&calls) {
            tx.set_callback_result(calls);
        }
        // Issued, submitted and prepared.
        txs[0].submit();
        rig.client.issue_pending();
        txs[1].submit();

        let Rig {
            client,
            registration,
            line,
            memory,
        } = rig;
        let (flag, address) = (released.clone(), memory.address());
        let third = txs[2].clone();

        workqueue::system().try_spawn(GFP_KERNEL, move || {
            // When the provider stops, other clients get no channel, and this one no descriptor.
            let is_closed = soon(|| client.status(2).0 == c::dma_status_DMA_ERROR);
            let is_prepared = client.memcpy(address + 500, address, 1, 0).is_ok();

            third.submit();
            client.issue_pending();

            let has_failed = client.status(4).0 == c::dma_status_DMA_ERROR;

            client.terminate();
            client.synchronize();
            fsleep(Delta::from_millis(20));
            flag.store(
                1 + u32::from(is_closed && !is_prepared && has_failed),
                Relaxed,
            );
            drop(client);
        })?;
        registration.unregister();
        assert_eq!(released.load(Relaxed), 2);
        assert!(!line.is_open());
        assert_eq!((line.running(), line.dropped()), (0, 4));
        assert!(Client::memory(dev).is_err());
        // The first two were aborted; their callbacks may have been terminated.
        for calls in &calls[..2] {
            assert!(
                calls.count() == 0 || calls.result().0 == c::dmaengine_tx_result_DMA_TRANS_ABORTED
            );
        }
        registration.unregister();
        Ok(())
    }

    #[test]
    fn unregister_aborts_jobs_and_calls_back() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = Arc::new([Calls::new(), Calls::new()], GFP_KERNEL)?;

        for calls in calls.iter() {
            rig.submit_for_result(calls)?;
            if calls.count() == 0 && rig.line.running() == 0 {
                rig.client.issue_pending();
            }
        }

        let Rig {
            client,
            registration,
            ..
        } = rig;
        let told = calls.clone();

        workqueue::system().try_spawn(GFP_KERNEL, move || {
            soon(|| told.iter().all(|it| it.returned() == 1));
            drop(client);
        })?;
        registration.unregister();
        for calls in calls.iter() {
            assert_eq!(calls.count(), 1);
            assert_eq!(calls.result().0, c::dmaengine_tx_result_DMA_TRANS_ABORTED);
        }
        Ok(())
    }

    #[test]
    fn a_client_that_stays_is_named_every_10_seconds() -> Result {
        const TEXT: &CStr = c"channel 0: waiting for the client";

        let device = TestDevice::new()?;
        let Rig {
            client,
            registration,
            ..
        } = Rig::memory(device.dma()?, Mode::ByHand)?;
        let before = fixture::count_logged(TEXT);

        workqueue::system().try_spawn(GFP_KERNEL, move || {
            fsleep(Delta::from_secs(25));
            drop(client);
        })?;
        registration.unregister();
        assert_eq!(fixture::count_logged(TEXT), before + 2);
        Ok(())
    }

    #[test]
    fn without_memory_there_is_no_registration() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = Line::new(Mode::ByHand)?;

        let mut failures = 0;

        // Those of this module are the first. The slab allocator and kmemleak may allocate, too.
        for nth in 1..=3 {
            match fixture::without_memory_at(nth, || memory_device(dev, &line)) {
                (Err(error), has_failed) => {
                    assert!(has_failed && matches!(error, ENOMEM));
                    assert!(Client::memory(dev).is_err());
                    failures += 1;
                }
                (Ok(_registration), _) => assert!(Client::memory(dev).is_ok()),
            }
        }
        assert!(failures > 0);
        Ok(())
    }
}
