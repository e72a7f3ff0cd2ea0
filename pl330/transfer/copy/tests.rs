// SPDX-License-Identifier: GPL-2.0

//! The KUnit suite of requests that a controller refuses because they are for another one.
//!
//! It drives the board's own controllers that no driver is bound to. A machine without them only
//! shows that there are none.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_pl330_copy)]
mod suite {
    use kernel::sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Buffer,
            Direction,
            DmaDevice,
            FromDevice,
            Mapping,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        },
        pl330::{
            CallbackContext,
            Controller,
            ProbeError,
            Queue, //
        },
        sg::{
            Contiguous,
            MappedSgTable,
            SgTable, //
        },
    };

    const RANGE: CopyRange = CopyRange {
        src_offset: 0,
        dst_offset: 0,
        len: 64,
    };

    /// A controller with its device, shut down when it is dropped.
    struct Bound<'bound> {
        dev: &'bound DmaDevice,
        controller: Arc<Controller<'bound>>,
    }

    impl<'bound> Bound<'bound> {
        fn new(device: &'bound TestDevice) -> Result<Self> {
            let dev = device.dma()?;
            // SAFETY: Shut down by `drop`.
            let controller = unsafe { Controller::new(device.platform(), dev) }
                .map_err(|error| Error::from(&error))?;

            Ok(Self { dev, controller })
        }
    }

    impl Drop for Bound<'_> {
        fn drop(&mut self) {
            self.controller.shut_down();
        }
    }

    /// Expects that a device without registers is rejected, on a machine without controllers.
    fn expect_no_registers() -> Result {
        let device = TestDevice::new()?;
        // SAFETY: There will be no controller.
        let none = unsafe { Controller::new(device.platform(), device.dma()?) };

        match none {
            Err(ProbeError::NoRegisters) => Ok(()),
            _ => Err(EINVAL),
        }
    }

    fn source(dev: &DmaDevice) -> Result<Mapping<'_, Buffer, ToDevice>> {
        Ok(Mapping::new(dev, Buffer::zeroed(RANGE.len, GFP_KERNEL)?)?)
    }

    fn destination(dev: &DmaDevice) -> Result<Mapping<'_, Buffer, FromDevice>> {
        Ok(Mapping::new(dev, Buffer::zeroed(RANGE.len, GFP_KERNEL)?)?)
    }

    fn list<D: Direction>(dev: &DmaDevice) -> Result<MappedSgTable<'_, Contiguous<Buffer>, D>> {
        let memory = Contiguous(Buffer::zeroed(RANGE.len, GFP_KERNEL)?);

        Ok(SgTable::new(dev, memory, GFP_KERNEL)?.map()?)
    }

    /// Returns true if a copy can be prepared; false if the error is that of another device, and
    /// the mappings came back.
    fn is_taken<S, D>(engine: &Bound<'_>, source: S, destination: D) -> Result<bool>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        let prepared = engine
            .controller
            .prepare(source, destination, RANGE, GFP_KERNEL);

        match prepared {
            Ok(_) => Ok(true),
            Err(Failed {
                error: TransferError::WrongDevice,
                mappings: Some(_),
            }) => Ok(false),
            Err(failed) => Err(failed.error.into()),
        }
    }

    #[test]
    fn mappings_for_another_device_are_refused_and_come_back() -> Result {
        let other = TestDevice::new()?;
        let Some(device) = TestDevice::controller(0)? else {
            return expect_no_registers();
        };
        let other = other.dma()?;
        let engine = Bound::new(&device)?;
        let dev = engine.dev;

        assert!(is_taken(&engine, source(dev)?, destination(dev)?)?);
        assert!(!is_taken(&engine, source(other)?, destination(dev)?)?);
        assert!(!is_taken(&engine, source(dev)?, destination(other)?)?);
        assert!(!is_taken(&engine, source(other)?, destination(other)?)?);
        assert_eq!(fixture::counters(other).live, 0);
        Ok(())
    }

    #[test]
    fn lists_for_another_device_are_refused_and_come_back() -> Result {
        let other = TestDevice::new()?;
        let Some(device) = TestDevice::controller(0)? else {
            return expect_no_registers();
        };
        let other = other.dma()?;
        let engine = Bound::new(&device)?;
        let dev = engine.dev;
        let is_taken = |from, to| -> Result<bool> {
            is_taken(&engine, list::<ToDevice>(from)?, list::<FromDevice>(to)?)
        };

        assert!(is_taken(dev, dev)?);
        assert!(!is_taken(other, dev)?);
        assert!(!is_taken(dev, other)?);
        assert_eq!(fixture::counters(other).live, 0);
        Ok(())
    }

    #[test]
    fn a_fill_for_another_device_is_refused_and_comes_back() -> Result {
        let other = TestDevice::new()?;
        let Some(device) = TestDevice::controller(0)? else {
            return expect_no_registers();
        };
        let other = other.dma()?;
        let engine = Bound::new(&device)?;
        let fill = |destination| {
            engine
                .controller
                .prepare_memset(destination, 0, RANGE.len, Pattern::ZERO, GFP_KERNEL)
        };

        assert!(fill(destination(engine.dev)?).is_ok());
        assert!(matches!(
            fill(destination(other)?),
            Err(Failed {
                error: TransferError::WrongDevice,
                mappings: Some(_),
            })
        ));
        Ok(())
    }

    #[test]
    fn a_queue_knows_its_controller() -> Result {
        let (Some(device), Some(other)) = (TestDevice::controller(0)?, TestDevice::controller(1)?)
        else {
            return expect_no_registers();
        };
        let (engine, other) = (Bound::new(&device)?, Bound::new(&other)?);
        let queue = Queue::new(&engine.controller, GFP_KERNEL)?;

        assert!(queue.belongs_to(engine.controller.engine()));
        assert!(!queue.belongs_to(other.controller.engine()));
        Ok(())
    }

    #[test]
    fn a_queue_of_another_controller_is_refused_and_all_comes_back() -> Result {
        let (Some(device), Some(other)) = (TestDevice::controller(0)?, TestDevice::controller(1)?)
        else {
            return expect_no_registers();
        };
        let (engine, other) = (Bound::new(&device)?, Bound::new(&other)?);
        let queue = Queue::new(&other.controller, GFP_KERNEL)?;
        let prepare = || -> Result<_> {
            let (source, destination) = (source(engine.dev)?, destination(engine.dev)?);

            Ok(engine
                .controller
                .prepare(source, destination, RANGE, GFP_KERNEL)?)
        };
        let is_refused = |failed: &Failed<_>| {
            matches!(failed.error, TransferError::WrongDevice) && failed.mappings.is_some()
        };
        let waited = prepare()?.submit_to(&queue).wait();

        assert!(waited.as_ref().is_err_and(is_refused));
        drop(waited);

        let called = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let result = called.clone();

        prepare()?
            .with_callback(
                CallbackContext::Thread,
                move |done| {
                    let is_right = done.as_ref().is_err_and(is_refused);

                    result.add(if is_right { 1 } else { 100 }, Relaxed);
                },
                GFP_KERNEL,
            )?
            .submit_to(&queue);
        // What it left, if it was not called, ends here.
        engine.controller.shut_down();
        assert_eq!(called.load(Relaxed), 1);
        assert_eq!(fixture::counters(engine.dev).live, 0);
        Ok(())
    }
}
