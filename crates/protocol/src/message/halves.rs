//! The two halves of a message's code, writing and reading, and which of them the features bring.
//!
//! With `client` requests are written and responses read, with `broker` the other way round, with both everything.
//! Messages that travel inside of others, or are stored, have both halves always.

use super::Message;
use crate::WireError;
use crate::reader::Reader;
use crate::writer::Writer;

/// A message that can be written: one walk for all versions, the version being in the writer.
///
/// Requests are so with the feature `client`, responses with `broker`. What callers use is [`Message::encode`] and its
/// kin.
pub trait Encode: Message {
    /// Writes the message.
    fn write(&self, writer: &mut Writer<'_>);
}

/// A message that can be read, in all versions, the version being in the reader.
///
/// Responses are so with the feature `client`, requests with `broker`. What callers use is [`Message::decode`] and its
/// kin.
pub trait Decode: Message {
    /// Reads the message.
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError>;
}

/// Traits that demand a half where a feature brings it for all of a kind, and nothing elsewhere: supertraits of
/// `Request` and `Response`. As only this crate implements those, another feature never takes anything from a caller.
macro_rules! brought {
    ($($name:ident: $half:ident with $feature:literal;)*) => {$(
        #[doc = concat!("[`", stringify!($half), "`] with the feature `", $feature, "`, nothing without.")]
        #[cfg(feature = $feature)]
        pub trait $name: $half {}
        #[cfg(feature = $feature)]
        impl<M: $half> $name for M {}

        #[doc = concat!("[`", stringify!($half), "`] with the feature `", $feature, "`, nothing without.")]
        #[cfg(not(feature = $feature))]
        pub trait $name {}
        #[cfg(not(feature = $feature))]
        impl<M> $name for M {}
    )*};
}

brought! {
    ClientEncodes: Encode with "client";
    ClientDecodes: Decode with "client";
    BrokerEncodes: Encode with "broker";
    BrokerDecodes: Decode with "broker";
}
