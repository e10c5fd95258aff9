//! Four wires to a display controller: an SPI bus, a chip select, and a pin that tells data from
//! commands.
//!
//! `mipidsi` brings such an interface too; this one owns its transfer buffer, so that a panel that
//! failed can be closed and opened again for as long as the device runs.

use embedded_hal::{digital::OutputPin, spi::SpiDevice};
use mipidsi::interface::{Interface, InterfaceKind};

/// The interface of a controller on a bus `S` with a data/command pin `P`.
pub struct Wire<S, P> {
    spi: S,
    dc: P,
    buffer: Vec<u8>,
}

/// What failed.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum WireError<S, P> {
    Bus(S),
    DataCommandPin(P),
}

impl<S, P> Wire<S, P> {
    /// Transfers take at most `chunk` bytes, and room for one pixel at least.
    pub fn new(spi: S, dc: P, chunk: usize) -> Self {
        Self { spi, dc, buffer: vec![0; chunk.max(16)] }
    }
}

impl<S: SpiDevice, P: OutputPin> Interface for Wire<S, P> {
    type Word = u8;
    type Error = WireError<S::Error, P::Error>;

    const KIND: InterfaceKind = InterfaceKind::Serial4Line;

    fn send_command(&mut self, command: u8, args: &[u8]) -> Result<(), Self::Error> {
        self.dc.set_low().map_err(WireError::DataCommandPin)?;
        self.spi.write(&[command]).map_err(WireError::Bus)?;
        self.dc.set_high().map_err(WireError::DataCommandPin)?;
        if args.is_empty() { Ok(()) } else { self.spi.write(args).map_err(WireError::Bus) }
    }

    fn send_pixels<const N: usize>(&mut self, pixels: impl IntoIterator<Item = [u8; N]>) -> Result<(), Self::Error> {
        let mut pixels = pixels.into_iter();
        loop {
            let mut filled = 0;
            for (place, pixel) in self.buffer.chunks_exact_mut(N).zip(&mut pixels) {
                place.copy_from_slice(&pixel);
                filled += N;
            }
            if filled == 0 {
                return Ok(());
            }
            self.spi.write(&self.buffer[..filled]).map_err(WireError::Bus)?;
        }
    }

    fn send_repeated_pixel<const N: usize>(&mut self, pixel: [u8; N], count: u32) -> Result<(), Self::Error> {
        self.send_pixels((0..count).map(|_| pixel))
    }
}
