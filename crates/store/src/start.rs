//! The starts of keys, which bound ranges.

use std::sync::Arc;

use crate::Key;
use crate::key::{BYTES, TEXT, put_string};

/// A borrowed or owned form of the key element `K`, for building ranges without copying: `&str` stands for [`String`].
pub trait AsKey<K> {
    /// Appends the encoded element.
    fn encode_as(&self, out: &mut Vec<u8>);
}

impl<K: Key> AsKey<K> for K {
    fn encode_as(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
}

impl<K: Key> AsKey<K> for &K {
    fn encode_as(&self, out: &mut Vec<u8>) {
        (*self).encode(out);
    }
}

impl AsKey<String> for &str {
    fn encode_as(&self, out: &mut Vec<u8>) {
        put_string(TEXT, self.as_bytes(), out);
    }
}

impl AsKey<Vec<u8>> for &[u8] {
    fn encode_as(&self, out: &mut Vec<u8>) {
        put_string(BYTES, self, out);
    }
}

/// The first elements of the key `K`, as many as wanted: `("queue",)` is the start of the keys `(String, u64)`. A whole key is its own start,
/// and `()` is the start of every key.
pub trait StartOf<K> {
    /// Appends the encoded elements.
    fn encode_start(&self, out: &mut Vec<u8>);
}

macro_rules! scalar_starts {
    ($($type:ty),*) => {$(
        impl StartOf<$type> for $type {
            fn encode_start(&self, out: &mut Vec<u8>) {
                self.encode(out);
            }
        }
        impl StartOf<$type> for () {
            fn encode_start(&self, _: &mut Vec<u8>) {}
        }
    )*};
}
scalar_starts!(u8, u16, u32, u64, i8, i16, i32, i64, i128, bool, String, Vec<u8>, Arc<str>);

impl StartOf<String> for &str {
    fn encode_start(&self, out: &mut Vec<u8>) {
        self.encode_as(out);
    }
}

impl StartOf<()> for () {
    fn encode_start(&self, _: &mut Vec<u8>) {}
}

/// `starts!(A PA B PB)`: what a caller may give of the key `(A, B)`: no element, its first one, or both, each in any of its forms.
macro_rules! starts {
    ($($all:ident $form:ident)*) => { starts!(@each [$($all)*] [] $($all $form)*); };
    (@each $all:tt $have:tt) => { starts!(@one $all $have); };
    (@each $all:tt [$($have:ident $form:ident)*] $next:ident $next_form:ident $($rest:ident)*) => {
        starts!(@one $all [$($have $form)*]);
        starts!(@each $all [$($have $form)* $next $next_form] $($rest)*);
    };
    (@one [$($all:ident)*] [$($have:ident $form:ident)*]) => {
        impl<$($all: Key,)* $($form: AsKey<$have>),*> StartOf<($($all,)*)> for ($($form,)*) {
            #[allow(non_snake_case, clippy::unused_unit, reason = "the type parameters name the elements, and there may be none")]
            fn encode_start(&self, _out: &mut Vec<u8>) {
                let ($($form,)*) = self;
                $($form.encode_as(_out);)*
            }
        }
    };
}

starts!(A PA);
starts!(A PA B PB);
starts!(A PA B PB C PC);
starts!(A PA B PB C PC D PD);
starts!(A PA B PB C PC D PD E PE);
starts!(A PA B PB C PC D PD E PE F PF);
