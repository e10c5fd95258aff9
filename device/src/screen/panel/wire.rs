//! Four wires to a display controller: an SPI bus, a chip select, and a pin that tells data from
//! commands.
//!
//! `mipidsi` brings such an interface too; this one owns its transfer buffer, so that a panel that
//! failed can be closed and opened again for as long as the device runs, and it serves the OLEDs.

use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};
use mipidsi::interface::{Interface, InterfaceKind};

use super::PanelError;

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

impl<S: SpiDevice, P: OutputPin> Wire<S, P> {
    /// Sends commands whose arguments are commands too, as OLED controllers want it.
    pub fn commands(&mut self, bytes: &[u8]) -> Result<(), WireError<S::Error, P::Error>> {
        self.dc.set_low().map_err(WireError::DataCommandPin)?;
        self.send(bytes)
    }

    /// Sends data.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), WireError<S::Error, P::Error>> {
        self.dc.set_high().map_err(WireError::DataCommandPin)?;
        self.send(bytes)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), WireError<S::Error, P::Error>> {
        bytes.chunks(self.buffer.len()).try_for_each(|part| self.spi.write(part)).map_err(WireError::Bus)
    }
}

impl<S: SpiDevice, P: OutputPin> Interface for Wire<S, P> {
    type Word = u8;
    type Error = WireError<S::Error, P::Error>;

    const KIND: InterfaceKind = InterfaceKind::Serial4Line;

    fn send_command(&mut self, command: u8, args: &[u8]) -> Result<(), Self::Error> {
        self.commands(&[command])?;
        self.data(args)
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

/// Resets a controller by its pin, where that is wired: low for 10 µs at least, then 120 ms before
/// anything else (ST7789VW 7.4.5; the others ask for less).
pub fn reset<P: OutputPin>(pin: Option<&mut P>, delay: &mut impl DelayNs) -> Result<(), PanelError> {
    let Some(pin) = pin else { return Ok(()) };
    let failed = |why: P::Error| no_answer("the reset pin", &why);
    pin.set_low().map_err(failed)?;
    delay.delay_us(50);
    pin.set_high().map_err(failed)?;
    delay.delay_ms(120);
    Ok(())
}

/// What could not be done, and why.
pub fn no_answer(what: &str, why: &dyn std::fmt::Debug) -> PanelError {
    PanelError::Write(format!("{what} ({why:?})"))
}
