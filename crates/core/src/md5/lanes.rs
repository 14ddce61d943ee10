//! The compression function of MD5 (RFC 1321), for several messages at once: one step of each message in each lane of a vector.
//!
//! Each step of MD5 waits for the one before, so a lone message leaves most of a processor idle; eight or sixteen go through together in little more than
//! the time of one. Which vectors the processor has is found out when it runs.
#![expect(clippy::indexing_slicing, reason = "lanes and words are counted by types")]

use pulp::{Arch, Scalar, Simd, WithSimd};

/// The value that a message has come to.
pub(super) type State = [u32; 4];

/// Bytes that are taken at once.
pub(super) const BLOCK: usize = 64;

/// That of no bytes.
pub(super) const START: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The most messages at once: lanes of the widest vectors that there are.
pub(super) const MOST: usize = 16;

/// A message, and its next blocks.
pub(super) struct Lane<'a> {
    pub(super) state: &'a mut State,
    pub(super) blocks: &'a [[u8; BLOCK]],
}

/// Takes as many blocks of each of at most [`MOST`] messages as all of them have, and no more than `at_most`; how many.
pub(super) fn advance(lanes: &mut [Lane<'_>], at_most: usize) -> usize {
    let arch = Arch::new();
    let count = lanes.iter().map(|lane| lane.blocks.len()).min().unwrap_or(0).min(at_most);
    let mut rest = lanes;
    while !rest.is_empty() && count > 0 {
        let (now, later) = rest.split_at_mut(rest.len().min(arch.dispatch(Width)));
        match now {
            [_] => Scalar::new().vectorize(Together { lanes: now, count }),
            _ => arch.dispatch(Together { lanes: now, count }),
        }
        rest = later;
    }
    count
}

/// Asks how many lanes a vector has.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::U32_LANES.min(MOST)
    }
}

/// Takes so many blocks of each of no more messages than a vector has lanes.
struct Together<'l, 'b> {
    lanes: &'l mut [Lane<'b>],
    count: usize,
}

/// A word of each message.
type Words = [u32; MOST];

impl WithSimd for Together<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lanes, count } = self;
        let mut words: [Words; 4] = [[0; MOST]; 4];
        for (at, lane) in lanes.iter().enumerate() {
            (0..4).for_each(|word| words[word][at] = lane.state[word]);
        }
        let mut state = words.map(|words| vector::<S>(&words));
        let mut next = [[0; MOST]; 16];
        gather(&mut next, lanes, 0);
        for at in 1..=count {
            let message = next.map(
                #[inline(always)]
                |words| vector::<S>(&words),
            );
            // The words of the next blocks are brought together while the steps of these wait for one another.
            if at < count {
                gather(&mut next, lanes, at);
            }
            state = compress(simd, state, &message);
        }
        for (word, vector) in state.into_iter().enumerate() {
            let mut words: Words = [0; MOST];
            S::as_mut_simd_u32s(&mut words).0[0] = vector;
            lanes.iter_mut().zip(words).for_each(|(lane, value)| lane.state[word] = value);
        }
    }
}

#[inline(always)]
fn vector<S: Simd>(words: &Words) -> S::u32s {
    S::as_simd_u32s(words).0[0]
}

/// Brings together each word of the messages' blocks.
#[inline(always)]
fn gather(words: &mut [Words; 16], lanes: &[Lane<'_>], at: usize) {
    for (lane, message) in lanes.iter().enumerate() {
        let (block, _) = message.blocks[at].as_chunks::<4>();
        for (words, bytes) in words.iter_mut().zip(block) {
            words[lane] = u32::from_le_bytes(*bytes);
        }
    }
}

#[inline(always)]
fn compress<S: Simd>(simd: S, state: [S::u32s; 4], m: &[S::u32s; 16]) -> [S::u32s; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    macro_rules! mix {
        (choose $x:ident $y:ident $z:ident) => {
            simd.xor_u32s($z, simd.and_u32s($x, simd.xor_u32s($y, $z)))
        };
        (choose_back $x:ident $y:ident $z:ident) => {
            mix!(choose $z $x $y)
        };
        (parity $x:ident $y:ident $z:ident) => {
            simd.xor_u32s($x, simd.xor_u32s($y, $z))
        };
        (either $x:ident $y:ident $z:ident) => {
            simd.xor_u32s($y, simd.or_u32s($x, simd.not_u32s($z)))
        };
    }
    macro_rules! step {
        ($mix:ident $a:ident $b:ident $c:ident $d:ident, $word:literal $turn:literal $constant:literal) => {
            let word = simd.add_u32s($a, simd.add_u32s(m[$word], simd.splat_u32s($constant)));
            let sum = simd.add_u32s(word, mix!($mix $b $c $d));
            let left = simd.wrapping_dyn_shl_u32s(sum, simd.splat_u32s($turn));
            let right = simd.wrapping_dyn_shr_u32s(sum, simd.splat_u32s(32 - $turn));
            $a = simd.add_u32s(simd.or_u32s(left, right), $b);
        };
    }
    // Four steps: the function, the words that they take, how far they turn, and what they add.
    macro_rules! steps {
        ($($mix:ident [$w0:literal $w1:literal $w2:literal $w3:literal] [$t0:literal $t1:literal $t2:literal $t3:literal]
           [$k0:literal $k1:literal $k2:literal $k3:literal])*) => {$(
            step!($mix a b c d, $w0 $t0 $k0);
            step!($mix d a b c, $w1 $t1 $k1);
            step!($mix c d a b, $w2 $t2 $k2);
            step!($mix b c d a, $w3 $t3 $k3);
        )*};
    }
    steps! {
        choose [0 1 2 3] [7 12 17 22] [0xd76a_a478 0xe8c7_b756 0x2420_70db 0xc1bd_ceee]
        choose [4 5 6 7] [7 12 17 22] [0xf57c_0faf 0x4787_c62a 0xa830_4613 0xfd46_9501]
        choose [8 9 10 11] [7 12 17 22] [0x6980_98d8 0x8b44_f7af 0xffff_5bb1 0x895c_d7be]
        choose [12 13 14 15] [7 12 17 22] [0x6b90_1122 0xfd98_7193 0xa679_438e 0x49b4_0821]
        choose_back [1 6 11 0] [5 9 14 20] [0xf61e_2562 0xc040_b340 0x265e_5a51 0xe9b6_c7aa]
        choose_back [5 10 15 4] [5 9 14 20] [0xd62f_105d 0x0244_1453 0xd8a1_e681 0xe7d3_fbc8]
        choose_back [9 14 3 8] [5 9 14 20] [0x21e1_cde6 0xc337_07d6 0xf4d5_0d87 0x455a_14ed]
        choose_back [13 2 7 12] [5 9 14 20] [0xa9e3_e905 0xfcef_a3f8 0x676f_02d9 0x8d2a_4c8a]
        parity [5 8 11 14] [4 11 16 23] [0xfffa_3942 0x8771_f681 0x6d9d_6122 0xfde5_380c]
        parity [1 4 7 10] [4 11 16 23] [0xa4be_ea44 0x4bde_cfa9 0xf6bb_4b60 0xbebf_bc70]
        parity [13 0 3 6] [4 11 16 23] [0x289b_7ec6 0xeaa1_27fa 0xd4ef_3085 0x0488_1d05]
        parity [9 12 15 2] [4 11 16 23] [0xd9d4_d039 0xe6db_99e5 0x1fa2_7cf8 0xc4ac_5665]
        either [0 7 14 5] [6 10 15 21] [0xf429_2244 0x432a_ff97 0xab94_23a7 0xfc93_a039]
        either [12 3 10 1] [6 10 15 21] [0x655b_59c3 0x8f0c_cc92 0xffef_f47d 0x8584_5dd1]
        either [8 15 6 13] [6 10 15 21] [0x6fa8_7e4f 0xfe2c_e6e0 0xa301_4314 0x4e08_11a1]
        either [4 11 2 9] [6 10 15 21] [0xf753_7e82 0xbd3a_f235 0x2ad7_d2bb 0xeb86_d391]
    }
    [simd.add_u32s(state[0], a), simd.add_u32s(state[1], b), simd.add_u32s(state[2], c), simd.add_u32s(state[3], d)]
}
