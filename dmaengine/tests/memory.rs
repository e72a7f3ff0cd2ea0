// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of memory devices: copies, fills, cookies and callbacks.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_memory)]
mod suite {
    use kernel::new_spinlock_irq;

    use super::super::*;

    const COMPLETE: c::dma_status = c::dma_status_DMA_COMPLETE;
    const IN_PROGRESS: c::dma_status = c::dma_status_DMA_IN_PROGRESS;
    const ERROR: c::dma_status = c::dma_status_DMA_ERROR;

    #[test]
    fn a_copy_has_the_bytes() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let rig = Rig::memory(dev, Mode::ByHand)?;
        let dst = Mapped::new(dev, 1000, 2)?;
        let tx = rig
            .client
            .memcpy(dst.address() + 3, rig.memory.address() + 5, 990, 0)?;

        tx.submit();
        assert_eq!(rig.line.running(), 0);
        rig.client.issue_pending();
        assert_eq!(rig.line.running(), 1);
        rig.complete(0, Ok(()))?;

        let (src, dst) = (rig.memory.bytes()?, dst.bytes()?);

        assert!(fixture::is_filled(1, 0, &src));
        assert!(src[5..995] == dst[3..993]);
        assert!(fixture::is_filled(2, 0, &dst[..3]));
        assert!(fixture::is_filled(2, 993, &dst[993..]));
        Ok(())
    }

    #[test]
    fn a_fill_has_the_low_byte_of_the_value() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::AtOnce)?;

        rig.client
            .memset(rig.memory.address() + 1, 0x1_23de, 998)?
            .submit();
        rig.client.issue_pending();

        let bytes = rig.memory.bytes()?;

        assert!(bytes[1..999].iter().all(|byte| *byte == 0xde));
        assert!(fixture::is_filled(1, 0, &bytes[..1]));
        assert!(fixture::is_filled(1, 999, &bytes[999..]));
        Ok(())
    }

    /// A provider may complete a job while it starts it. The client polls.
    #[test]
    fn a_job_that_is_done_at_once_is_complete() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::AtOnce)?;
        let cookie = rig.tx()?.submit();

        assert_eq!(rig.client.status(cookie), (IN_PROGRESS, 0));
        rig.client.issue_pending();
        assert_eq!(rig.client.status(cookie), (COMPLETE, 0));
        assert!(soon(|| rig.line.dropped() == 1));
        Ok(())
    }

    #[test]
    fn cookies_follow_each_other() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let rig = Rig::memory(dev, Mode::ByHand)?;
        let (first, second, third) = (rig.tx()?, rig.tx()?, rig.tx()?);

        // The order is that of submission.
        assert_eq!((second.submit(), first.submit()), (2, 3));
        rig.client.issue_pending();
        assert_eq!(third.submit(), 4);
        assert_eq!(rig.line.running(), 2);
        assert_eq!(rig.client.cookies(2), (IN_PROGRESS, 1, 4));
        rig.complete(0, Ok(()))?;
        assert_eq!(rig.client.cookies(2), (COMPLETE, 2, 4));
        assert_eq!(rig.client.cookies(3), (IN_PROGRESS, 2, 4));
        rig.complete(0, Ok(()))?;
        rig.client.issue_pending();
        rig.complete(0, Err(TxError::Aborted))?;
        assert_eq!(rig.client.cookies(4), (ERROR, 4, 4));

        // They begin again for the next client.
        let Rig {
            client,
            registration: _registration,
            ..
        } = rig;

        drop(client);
        assert_eq!(Client::memory(dev)?.cookies(4), (COMPLETE, 1, 1));
        Ok(())
    }

    #[test]
    fn only_what_is_submitted_is_issued_and_once() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let (submitted, _prepared) = (rig.tx()?, rig.tx()?);

        rig.client.issue_pending();
        assert_eq!(rig.line.running(), 0);
        assert_eq!(submitted.submit(), 2);
        assert_eq!(submitted.submit(), EINVAL.to_errno());
        rig.client.issue_pending();
        rig.client.issue_pending();
        assert_eq!(rig.line.running(), 1);
        Ok(())
    }

    #[test]
    fn a_callback_finds_its_cookie_complete() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = Calls::new();
        let tx = rig.tx()?;

        tx.set_callback(&calls);
        calls.asks(&rig.client, tx.submit());
        rig.client.issue_pending();
        assert!(never(|| calls.count() > 0));
        rig.complete(0, Ok(()))?;
        assert!(soon(|| calls.returned() == 1));
        assert_eq!(calls.status(), COMPLETE);
        rig.client.synchronize();
        assert_eq!((calls.count(), rig.line.dropped()), (1, 1));
        Ok(())
    }

    /// Not even if the client issues and the provider is done at once.
    #[test]
    fn no_callback_runs_in_the_context_of_completion() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::AtOnce)?;
        let lock = KBox::pin_init(new_spinlock_irq!(()), GFP_KERNEL)?;
        let calls = Calls::new();
        rig.submit(&calls)?;
        {
            // Interrupts are disabled, and so are softirqs of this CPU.
            let _lock = lock.lock();

            rig.client.issue_pending();
            assert!(rig.client.is_complete(2));
            assert_eq!(calls.count(), 0);
        }
        assert!(soon(|| calls.returned() == 1));
        Ok(())
    }

    #[test]
    fn a_callback_gets_the_result() -> Result {
        const LEN: u32 = 100;
        const RESULTS: [(TxResult, (u32, u32), c::dma_status); 4] = [
            (
                Err(TxError::ReadFailed),
                (c::dmaengine_tx_result_DMA_TRANS_READ_FAILED, LEN),
                ERROR,
            ),
            (
                Err(TxError::WriteFailed),
                (c::dmaengine_tx_result_DMA_TRANS_WRITE_FAILED, LEN),
                ERROR,
            ),
            (
                Ok(()),
                (c::dmaengine_tx_result_DMA_TRANS_NOERROR, 0),
                COMPLETE,
            ),
            (
                Err(TxError::Aborted),
                (c::dmaengine_tx_result_DMA_TRANS_ABORTED, LEN),
                ERROR,
            ),
        ];

        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = RESULTS.map(|_| Calls::new());

        for calls in &calls {
            rig.submit_for_result(calls)?;
        }
        rig.client.issue_pending();
        for (result, ..) in RESULTS {
            rig.complete(0, result)?;
        }
        assert!(soon(|| calls.iter().all(|it| it.returned() == 1)));
        for ((cookie, calls), (_, expected, status)) in (2..).zip(&calls).zip(RESULTS) {
            assert_eq!(calls.result(), expected);
            assert_eq!(rig.client.status(cookie).0, status);
        }
        Ok(())
    }

    #[test]
    fn a_job_that_is_dropped_is_aborted() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = Calls::new();
        let cookie = rig.submit_for_result(&calls)?;

        rig.client.issue_pending();
        drop(rig.line.take(0)?);
        assert!(soon(|| calls.returned() == 1));
        assert_eq!(calls.result().0, c::dmaengine_tx_result_DMA_TRANS_ABORTED);
        assert_eq!(rig.client.status(cookie).0, ERROR);
        Ok(())
    }

    /// As if the hardware worked on several jobs at a time.
    #[test]
    fn completion_in_another_order_is_told_in_order() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let calls = [Calls::new(), Calls::new(), Calls::new()];

        for calls in &calls {
            rig.submit(calls)?;
        }
        rig.client.issue_pending();
        rig.complete(1, Err(TxError::Aborted))?;
        assert_eq!(rig.client.cookies(3), (IN_PROGRESS, 1, 4));
        assert!(never(|| calls[1].count() > 0));
        rig.complete(0, Ok(()))?;
        assert_eq!(rig.client.cookies(2), (COMPLETE, 3, 4));
        assert_eq!(rig.client.cookies(3), (ERROR, 3, 4));
        assert_eq!(rig.client.cookies(4), (IN_PROGRESS, 3, 4));
        assert!(soon(|| calls[0].count() + calls[1].count() == 2));
        assert_eq!(calls[2].count(), 0);
        Ok(())
    }

    #[test]
    fn many_callbacks_are_all_called() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::AtOnce)?;
        let calls = Calls::new();

        for _ in 0..100 {
            rig.submit(&calls)?;
        }
        rig.client.issue_pending();
        assert!(soon(|| calls.returned() == 100));
        Ok(())
    }

    #[test]
    fn what_cannot_be_prepared_is_no_descriptor() -> Result {
        let device = TestDevice::new()?;
        let rig = Rig::memory(device.dma()?, Mode::ByHand)?;
        let prepare = |len, flags| rig.client.memcpy(0x2000, 0x1000, len, flags);

        assert!(prepare(0, 0).is_err());
        assert!(rig.client.memset(0x2000, 0, 0).is_err());
        assert_eq!(rig.line.dropped(), 0);
        // The flags to submit again, and to pass a command.
        for flags in [1 << 6, 1 << 7] {
            assert!(prepare(16, flags).is_err());
        }
        assert!(fixture::without_memory(|| prepare(16, 0))?.is_err());
        assert_eq!(rig.line.dropped(), 3);
        // Those for an interrupt, an acknowledgement and a fence.
        for flags in [1 << 0, 1 << 1, 1 << 5] {
            assert!(prepare(16, flags).is_ok());
        }
        Ok(())
    }
}
