//! Waiting for something to become true, with an end.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(25);

/// Looks until `look` finds something, for `limit` at most; `what` says in the error what was awaited.
///
/// # Errors
/// Nothing was found in time, or looking failed.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        thread::sleep(LOOK);
    }
}
