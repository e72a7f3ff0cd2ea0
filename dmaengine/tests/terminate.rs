// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of termination.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_terminate)]
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
    fn no_terminated_job_calls_back() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = Calls::new();

        for _ in 0..3 {
            rig.submit_for_result(&calls)?;
        }
        rig.client.issue_pending();
        // One is complete for the hardware, but not in the order of cookies.
        rig.complete(1, Ok(()))?;
        rig.client.terminate();
        assert_eq!((rig.line.running(), rig.line.stops()), (0, 1));
        assert!(never(|| calls.count() > 0));
        rig.client.synchronize();
        assert_eq!(rig.line.dropped(), 3);
        // Nor has it failed.
        assert!((2..5).all(|cookie| rig.client.is_complete(cookie)));
        Ok(())
    }

    #[test]
    fn a_terminated_job_may_end_later() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::StopsLate)?;
        let calls = Calls::new();
        rig.submit(&calls)?;
        rig.client.issue_pending();
        rig.client.terminate();
        assert!(rig.client.is_complete(2));
        assert_eq!((rig.line.running(), rig.line.dropped()), (1, 0));
        rig.complete(0, Ok(()))?;
        rig.client.synchronize();
        assert_eq!((calls.count(), rig.line.dropped()), (0, 1));
        Ok(())
    }

    #[test]
    fn what_was_not_issued_is_freed() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let (_prepared, submitted) = (rig.tx()?, rig.tx()?);

        submitted.submit();
        rig.client.terminate();
        assert_eq!(rig.line.dropped(), 2);
        // The hardware had nothing to stop.
        assert_eq!(rig.line.stops(), 0);
        rig.client.issue_pending();
        assert_eq!(rig.line.running(), 0);
        Ok(())
    }

    #[test]
    fn what_was_not_terminated_is_freed_with_the_channel() -> Result {
        let device = TestDevice::new()?;
        let Rig {
            client,
            registration: _registration,
            line,
            memory: _memory,
        } = {
            let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
            let (_prepared, submitted, issued) = (rig.tx()?, rig.tx()?, rig.tx()?);

            issued.submit();
            rig.client.issue_pending();
            submitted.submit();
            rig
        };

        assert_eq!((line.running(), line.dropped()), (1, 0));
        drop(client);
        assert_eq!((line.running(), line.dropped()), (0, 3));
        Ok(())
    }

    #[test]
    fn a_callback_terminates_those_after_it() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = [Calls::new(), Calls::new(), Calls::new()];

        for calls in &calls {
            rig.submit(calls)?;
        }
        calls[0].terminates(&rig.client);
        rig.client.issue_pending();
        // The second is complete before the first calls back.
        rig.complete(1, Ok(()))?;
        rig.complete(0, Ok(()))?;
        assert!(soon(|| calls[0].returned() == 1));
        rig.client.synchronize();
        assert_eq!((calls[1].count(), calls[2].count()), (0, 0));
        assert_eq!((rig.line.running(), rig.line.dropped()), (0, 3));
        Ok(())
    }

    #[test]
    fn the_channel_works_on() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::StopsLate)?;
        let (first, second) = (Calls::new(), Calls::new());

        for calls in [&first, &second] {
            rig.submit(calls)?;
            rig.client.issue_pending();
            if ptr::eq(calls, &first) {
                rig.client.terminate();
            }
        }
        rig.complete(1, Ok(()))?;
        assert!(soon(|| second.returned() == 1));
        rig.complete(0, Ok(()))?;
        rig.client.synchronize();
        assert_eq!((first.count(), second.count()), (0, 1));
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_the_hardware() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::StopsLate)?;
        let has_stopped = Arc::new(Atomic::new(0), GFP_KERNEL)?;

        rig.tx()?.submit();
        rig.client.issue_pending();
        rig.client.terminate();

        let job = rig.line.take(0)?;
        let flag = has_stopped.clone();

        workqueue::system().try_spawn(GFP_KERNEL, move || {
            fsleep(Delta::from_millis(30));
            flag.store(1, Relaxed);
            drop(job);
        })?;
        rig.client.synchronize();
        assert_eq!(has_stopped.load(Relaxed), 1);
        assert_eq!(rig.line.dropped(), 1);
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_a_callback() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::AtOnce)?;
        let calls = Calls::new();
        let tx = rig.tx()?;

        calls.delay(20_000);
        tx.set_callback(&calls);
        tx.submit();
        rig.client.issue_pending();
        assert!(soon(|| calls.count() == 1));
        rig.client.terminate();
        rig.client.synchronize();
        assert_eq!(calls.returned(), 1);
        Ok(())
    }

    /// More than the tasklet calls in one go, so that it has to be scheduled again.
    #[test]
    fn synchronize_alone_loses_no_callback() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::AtOnce)?;
        let calls = Calls::new();

        calls.delay(1000);
        for _ in 0..20 {
            rig.submit(&calls)?;
        }
        rig.client.issue_pending();
        assert!(soon(|| calls.count() > 0));
        rig.client.synchronize();
        assert!(soon(|| calls.returned() == 20));
        Ok(())
    }

    #[test]
    fn an_idle_channel_is_terminated_without_the_provider() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;

        rig.tx()?.submit();
        rig.client.issue_pending();
        rig.complete(0, Ok(()))?;
        rig.client.terminate();
        rig.client.synchronize();
        assert_eq!((rig.line.stops(), rig.line.dropped()), (0, 1));
        Ok(())
    }
}
