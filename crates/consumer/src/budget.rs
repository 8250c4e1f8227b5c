//! The byte budget of the whole consumer.

/// Counts bytes asked for from brokers and bytes held and not yet handed over.
///
/// A fetch reserves the most that it may bring before it leaves, and settles for what came. Hand-over gives the bytes back,
/// under the object's lock; what the application keeps is its own affair, so that keeping records never starves the consumer.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    reserved: usize,
    held: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, reserved: 0, held: 0 }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Received or decompressed, and not yet handed over.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Reserves up to `wanted` bytes, `least` at least: none where those are not free. A consumer that holds nothing and
    /// waits for nothing always gets them.
    pub(crate) fn reserve(&mut self, wanted: usize, least: usize) -> Option<usize> {
        let free = self.limit.saturating_sub(self.reserved).saturating_sub(self.held);
        let least = least.min(wanted);
        let granted = if self.reserved == 0 && self.held == 0 { wanted.min(free).max(least) } else { wanted.min(free) };
        if granted < least || granted == 0 {
            return None;
        }
        self.reserved = self.reserved.saturating_add(granted);
        Some(granted)
    }

    /// Gives back a reservation.
    pub(crate) fn settle(&mut self, reserved: usize) {
        self.reserved = self.reserved.saturating_sub(reserved);
    }

    /// Counts bytes that are there now.
    pub(crate) fn hold(&mut self, bytes: usize) {
        self.held = self.held.saturating_add(bytes);
    }

    /// Counts bytes that were handed over or dropped.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Whether more may be decompressed.
    pub(crate) fn has_room(&self) -> bool {
        self.held < self.limit
    }
}

#[cfg(test)]
mod tests;
